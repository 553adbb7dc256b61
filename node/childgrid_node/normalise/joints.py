"""Words of a name that belong together, and those that are only initials.

"Noor ul Amin" is Noorul Amin, "Abd al-Rahman" Abdul Rahman, "de Souza" D'Souza; "కె.ఎల్"
and "SP" are initials. How a word is spelled is not asked here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .lexicon import table
from .text import clean

_ARTICLES = frozenset(("ul", "ur", "us", "ud", "un", "uz", "ut", "ush"))
_FAITH = frozenset(("din", "deen", "dheen"))
_SERVANT = frozenset(("abd", clean("عبد")))
_ARABIC_ARTICLE = clean("ال")
_ALLAH, _ULLAH = clean("اللہ"), "ullah"
_LATIN_ARTICLES = frozenset(("al", "el"))
_SHORTEST_STEM = 4
_OF = frozenset(("d", "de", "da", "di"))
_TABLE = table("names")
_FIRST = frozenset(map(clean, _TABLE["joined_first"]))
_SECOND = frozenset(map(clean, _TABLE["joined_second"]))
_PORTUGUESE = frozenset(_TABLE["portuguese"])
_CHANDRA = "ch"
_JOINTS = _ARTICLES | _FAITH | _SERVANT | _OF | _SECOND | {_CHANDRA, _ALLAH}
_DIGRAPHS = frozenset(("bh", "ch", "dh", "gh", "jh", "kh", "ph", "th", "ts"))
_NO_VOWEL = re.compile("[bcdfghjklmnpqrstvwxz]{2}")
_LONGEST = 2
"""Signs of an initial that is none of `_LETTERS`: a syllable, or two consonants."""

_LETTERS = {
    clean(name): letter.lower()
    for script, letters in table("letters").items()
    if script != "tamil_pairs"
    for letter, names in letters.items()
    for name in names
}
# One syllable: a consonant with or without a vowel sign, in a script of the south; with
# none, in any of the nine.
_SYLLABLE = re.compile(
    "[\u0b95-\u0bb9\u0c15-\u0c39\u0c95-\u0cb9\u0d15-\u0d39]"
    "[\u0bbe-\u0bcc\u0c3e-\u0c4c\u0cbe-\u0ccc\u0d3e-\u0d4c]?"
    "|[\u0915-\u0939\u0995-\u09b9\u0a15-\u0a39\u0a95-\u0ab9\u0b15-\u0b39]"
)


def joined(words: Sequence[str]) -> Sequence[str]:
    """A name's cleaned words with articles joined to the word that they belong to.

    >>> joined(["noor", "ul", "amin"]), joined(["nizam", "ud", "din"])
    (['noorul', 'amin'], ['nizam', 'uddin'])
    """
    if len(words) < 2 or _JOINTS.isdisjoint(words):
        return words
    found: list[str] = []
    for word, after in zip(words, (*words[1:], ""), strict=True):
        before = found[-1] if found else ""
        if word in _OF and after in _PORTUGUESE:
            continue
        if before in _SERVANT and (word in _ARTICLES or word in _LATIN_ARTICLES):
            continue
        if word == _CHANDRA and before and after:
            # First it is a house's or a title's initial, between two words Chandra.
            found.append("chandra")
        elif before in _SERVANT and word.startswith(_ARABIC_ARTICLE):
            found.append(word.removeprefix(_ARABIC_ARTICLE))
        elif word == _ALLAH and before:
            # First it is Allah: Allah Bakhsh.
            found.append(_ULLAH)
        elif word in _FAITH and before == "ud":
            found[-1] = "uddin"
        elif word in _FAITH and before.endswith("ud") and len(before) > _SHORTEST_STEM:
            found[-1:] = [before.removesuffix("ud"), "uddin"]
        elif word in _ARTICLES and len(before) > 1 and after not in _FAITH:
            found[-1] = before + word
        else:
            found.append(word)
        if len(found) > 1 and found[-1] in _SECOND and found[-2] in _FIRST:
            found[-2:] = [found[-2] + found[-1]]
    return found


def initials(word: str, latin: str, *, known: bool) -> tuple[str, ...]:
    """The initials that a cleaned word of a name stands for; empty if it is a word.

    `latin` is the word in Latin letters, `known` whether it has a spelling of its own
    ("md").

    >>> initials("sp", "sp", known=False), initials("ch", "ch", known=False)
    (('s', 'p'), ('c',))
    """
    if known:
        return ()
    if word in _LETTERS:
        return (_letter(_LETTERS[word]),)
    if len(word) > _LONGEST:
        return ()
    if _SYLLABLE.fullmatch(word):
        return (_letter(latin[:1]),)
    if len(word) == 1 and word.isascii():
        return (_letter(word),)
    if not _NO_VOWEL.fullmatch(word):
        return ()
    letters = word[0] if word in _DIGRAPHS else dict.fromkeys(word)
    return tuple(map(_letter, letters))


_SOUNDS = str.maketrans("qxzwvy", "kkjbbi")


def _letter(letter: str) -> str:
    """An initial as the folded names that it stands for begin."""
    return letter.translate(_SOUNDS)
