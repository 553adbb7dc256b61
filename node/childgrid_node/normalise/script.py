"""Ten scripts to Latin letters, one word at a time.

Nine Brahmic scripts are read by their common Unicode layout with a rule for the silent
"a" (Ohala 1983: deleted between vowel-consonant and consonant-vowel, and at the end);
Urdu by a consonant table with "a" between consonants. Any other script goes through
`anyascii`. The result is lower-case ASCII. Spelling variants are not folded here.

Deliberately not a transliteration library: for names as clerks write them the one at
hand left letters of Tamil, Malayalam, Bengali, Odia and Hindi loan words unread.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from anyascii import anyascii

from .lexicon import table

_TABLE = table("scripts")
_FIRST, _LAST = 0x0900, 0x0D7F
_BLOCK = 0x80
_SCRIPTS: dict[int, str] = {
    base // _BLOCK: name for name, base in _TABLE["blocks"].items()
}
_SILENT = frozenset(_TABLE["schwa"]["silent"])
_VIRAMA, _NUKTA, _NASAL, _NASALISED, _ZERO = 0x4D, 0x3C, 0x02, 0x01, 0x66
_SCHOLARLY = re.compile("ṛ(?![aeiouāīūēō])")
_COMPOSED = {"ड\u093c": "\u095c", "ढ\u093c": "\u095d", "य\u093c": "\u095f"}
_VOWELS = frozenset("aeiou")
_EASTERN = frozenset(("bengali", "odia"))
_DOTTED_Y = 0x5F


def _place(letter: str) -> int:
    """A letter's place in its script's block (letter and dot have their own)."""
    return ord(_COMPOSED.get(letter, letter)) % _BLOCK


def _by_place(section: dict[str, str]) -> dict[int, str]:
    return {
        _place(unicodedata.normalize("NFC", letter)): latin
        for letter, latin in section.items()
    }


_VOWEL = _by_place(_TABLE["vowels"])
_SIGN = _by_place(_TABLE["signs"])
_CONSONANT = _by_place(_TABLE["consonants"])
_DOTTED = _by_place(_TABLE["nukta"])
_OTHERS: dict[str, str] = _TABLE["others"]
_EXCEPTION: dict[str, str] = _TABLE["exceptions"]
_REWRITES: dict[str, str] = _TABLE["rewrites"]
_CLUSTERS: dict[str, str] = _TABLE["clusters"]
_ENDS: dict[str, str] = _TABLE["ends"]
_TAMIL = {rule: _by_place(letters) for rule, letters in _TABLE["tamil"].items()}
_TAMIL_FIRST = sorted(_TABLE["tamil_first"].items(), key=lambda item: -len(item[0]))
_TAMIL_WITHIN: dict[str, str] = _TABLE["tamil_within"]
_ARABIC: dict[str, str] = _TABLE["arabic"]


def _in_script(word: str, base: int) -> str:
    """A Devanagari word in the letters of the block that begins at `base`."""
    return "".join(chr(ord(sign) - _FIRST + base) for sign in word)


_TAILS = {
    name: tuple(_in_script(word, base) for word in _TABLE["tails"]["words"])
    for name, base in _TABLE["blocks"].items()
    if name in _SILENT
}


@dataclass(slots=True)
class _Sound:
    """A consonant and the vowel after it; `unwritten` marks the inherent "a"."""

    consonant: str
    vowel: str = ""
    unwritten: bool = False
    place: int = -1


def to_latin(word: str) -> str:
    """`word` (casefolded) in lower-case ASCII letters and digits.

    >>> to_latin("रमेश"), to_latin("முருகன்")
    ('ramesh', 'murugan')
    """
    if word.isascii():
        return word
    if any(_FIRST <= ord(sign) <= _LAST for sign in word):
        return _brahmic(word)
    if any(sign in _ARABIC for sign in word):
        return _urdu(word)
    return _plain(word)


def _plain(word: str) -> str:
    if "ṛ" in word:
        word = _SCHOLARLY.sub("ri", word)
    return "".join(c for c in anyascii(word).lower() if c.isascii() and c.isalnum())


def _brahmic(word: str) -> str:
    for written, spoken in _REWRITES.items():
        word = word.replace(written, spoken)
    script = next((name for c in word if (name := _script(c))), "")
    if tails := _TAILS.get(script, ()):
        head, tail = _parted(word, tails)
        if tail:
            return _head(head) + _brahmic(tail)
    start: list[_Sound] = []
    if script == "tamil":
        start, word = _voiced_start(word)
    sounds = _sounds(start, word, script)
    if script == "tamil":
        _voice(sounds)
    if script in _SILENT:
        _hush(sounds)
    return _ended(_join(sounds, _TAMIL_WITHIN if script == "tamil" else _CLUSTERS))


def _parted(word: str, tails: tuple[str, ...]) -> tuple[str, str]:
    """A word before its second part, and that; the latter is empty if it has none."""
    if word.endswith(tails):
        tail = next(tail for tail in tails if word.endswith(tail))
        head = word.removesuffix(tail)
        if head and ord(head[-1]) % _BLOCK != _VIRAMA:
            return head, tail
    return word, ""


def _head(word: str) -> str:
    """A name's first part; behind two consonants its last "a" is heard (Indra|mani)."""
    joined = ord(word[-2:][0]) % _BLOCK == _VIRAMA and _place(word[-1]) in _CONSONANT
    return _brahmic(word) + ("a" if joined else "")


def _ended(latin: str) -> str:
    """A word whose end, if it is a name's second part, is in its everyday spelling."""
    for read, spelt in _ENDS.items():
        if latin.endswith(read):
            return latin.removesuffix(read) + spelt
    return latin


def _script(sign: str) -> str:
    return _SCRIPTS.get(ord(sign) // _BLOCK, "")


def _voiced_start(word: str) -> tuple[list[_Sound], str]:
    """A known beginning of a Tamil word as read, and the rest of the word."""
    for written, latin in _TAMIL_FIRST:
        if word.startswith(written):
            rest = word[len(written) :]
            if ord(written[-1]) % _BLOCK == _VIRAMA:
                return [_Sound(latin)], rest
            if latin[-1] in _VOWELS:
                return [_Sound(latin[:-1], latin[-1])], rest
            return [_Sound(latin, "a", True)], rest
    return [], word


def _sounds(start: list[_Sound], word: str, script: str) -> list[_Sound]:
    sounds = list(start)
    for index, sign in enumerate(word):
        if sign in _OTHERS:
            sounds.append(_Sound(_OTHERS[sign], "a", True))
        elif sign in _EXCEPTION or not _script(sign):
            latin = _EXCEPTION[sign] if sign in _EXCEPTION else _plain(sign)
            sounds += [_Sound(latin)] if latin else []
        else:
            _read(sounds, word, index, script)
    return sounds


def _read(sounds: list[_Sound], word: str, index: int, script: str) -> None:
    place = ord(word[index]) % _BLOCK
    last = sounds[-1] if sounds else _Sound("")
    if place in _CONSONANT:
        latin = _consonant(word, index, script)
        sounds.append(_Sound(latin, "a", True, place))
    elif place in _SIGN:
        last.vowel = _SIGN[place] if last.unwritten else last.vowel + _SIGN[place]
        last.unwritten = False
    elif place in _VOWEL:
        sounds.append(_Sound("", _VOWEL[place]))
    elif place == _VIRAMA:
        last.vowel, last.unwritten = "", False
    elif place == _NUKTA:
        last.consonant = _DOTTED.get(last.place, last.consonant)
    elif place in (_NASAL, _NASALISED):
        sounds.append(_Sound(_nasal(word, index, script)))
    elif _ZERO <= place < _ZERO + 10:
        sounds.append(_Sound(str(place - _ZERO)))


def _consonant(word: str, index: int, script: str) -> str:
    latin = _CONSONANT[_place(word[index])]
    if script not in _EASTERN or latin not in ("b", "y"):
        return latin
    if latin == "y":
        # Said j where it begins a word (Jogen, Jashoda); the dot makes it a y.
        dotted = _place(word[index + 1 : index + 2] or " ") == _NUKTA
        dotted |= _place(word[index]) == _DOTTED_Y
        return "y" if index or dotted else "j"
    if script != "bengali" or index < 2 or _place(word[index - 1]) != _VIRAMA:
        return latin
    # Under most consonants the letter is the semivowel (Biswas, Swapan).
    before = _CONSONANT.get(_place(word[index - 2]), "")
    return "b" if before in ("m", "r", "l", "b", "d") else "v"


def _nasal(word: str, index: int, script: str) -> str:
    dravidian = script in ("telugu", "kannada", "malayalam")
    if index + 1 == len(word):
        return "m" if dravidian else "ng" if script == "bengali" else "n"
    following = _CONSONANT.get(_place(word[index + 1]), "")
    # Narasimha, Vamsi; in the north Sinha, Hans.
    if following.startswith(("p", "b", "m", "f", *"hs" * dravidian)):
        return "m"
    soft = script == "bengali" and following[:1] in ("r", "l", "s", "v")
    return "ng" if soft else "n"


def _hush(sounds: list[_Sound]) -> None:
    """Drop the silent "a" at the end, then between VC and CV from right to left."""
    if len(sounds) > 1 and sounds[-1].unwritten and not _sounded(sounds):
        sounds[-1].vowel = ""
    for index in range(len(sounds) - 2, 0, -1):
        here, before = sounds[index], sounds[index - 1]
        if here.unwritten and before.vowel and _opens(sounds, index + 1):
            here.vowel = ""


def _sounded(sounds: list[_Sound]) -> bool:
    """Whether the last "a" is heard: after y, unless a or e is before (Aditya)."""
    return sounds[-1].consonant == "y" and sounds[-2].vowel in ("", "i", "ee")


def _opens(sounds: list[_Sound], index: int) -> bool:
    """Whether a syllable that can take over a consonant begins at `index`."""
    here = sounds[index]
    if here.vowel:
        return bool(here.consonant)
    after = sounds[index + 1] if index + 1 < len(sounds) else _Sound("")
    return after.consonant == "r" and after.vowel != ""


def _voice(sounds: list[_Sound]) -> None:
    """Voice the stops of a Tamil word that their place in it voices."""
    rule = "first"
    for sound in sounds:
        if sound.vowel and rule:
            sound.consonant = _TAMIL[rule].get(sound.place, sound.consonant)
        nasal = sound.consonant in ("n", "ng", "m")
        closed = "after_liquid" if sound.consonant in ("r", "l", "zh") else ""
        rule = "after_vowel" if sound.vowel else "after_nasal" if nasal else closed


def _join(sounds: list[_Sound], clusters: dict[str, str]) -> str:
    latin = "".join(sound.consonant + sound.vowel for sound in sounds)
    for written, spoken in clusters.items():
        latin = latin.replace(written, spoken)
    return latin


def _urdu(word: str) -> str:
    letters = [_ARABIC.get(sign, _plain(sign)) for sign in word]
    letters = [letter for letter in letters if letter]
    latin = ""
    for index, letter in enumerate(letters):
        after = letters[index + 1] if index + 1 < len(letters) else ""
        closed = latin != "" and latin[-1] not in _VOWELS
        sound = _urdu_sound(letter, closed, after)
        between = closed and sound[:1] not in _VOWELS and letter not in "HE"
        latin += "a" + sound if between else sound
    return latin


def _urdu_sound(letter: str, closed: bool, after: str) -> str:
    """The letters whose sound depends on their place; others as read."""
    if letter == "W":
        if closed and after[:1] != "a":
            return "u"
        return "v"
    if letter == "Y":
        if closed and after[:1] != "a":
            return "i"
        return "y" if after else "i"
    if letter == "E":
        return "" if closed and after in ("W", "Y") else "a"
    return letter.lower()
