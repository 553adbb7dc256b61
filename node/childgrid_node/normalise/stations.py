"""Which police station some words name, in one key for all scripts and spellings.

The key holds the consonants of the name, which scripts and clerks agree on, and whether
and how it ends in a vowel ("Rampur" is not "Rampura"). Words with a meaning ("East",
"Civil Lines") stand under it. No list of stations: it would never be whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .codes import legible
from .lexicon import table
from .script import to_latin
from .spelling import fold, skeleton
from .text import clean

_TABLE = table("firs")
_WORD = re.compile(
    r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0610-\u065f\u0670\u0900-\u0dff'’])*"
)
_DOTTED = re.compile(r"(?<![^\W_])([a-z])\.(?=[a-z](?![^\W_]))")
_ENDINGS = [(re.compile(end), name) for name, end in _TABLE["endings"].items()]
_AFTER_NASAL = re.compile(r"(?<=n)[gdb]|(?<=m)b")
_HARD = str.maketrans("gdb", "ktp")
_MERGED = re.compile(r"(?<=n)t(?=r)|(?<=.)h")
"""Sounds that a script leaves out or swallows: Tamil "nr" for "ndr", Urdu's h."""
_NASAL = re.compile(r"(?<=.)m")
_LONG_I = re.compile("ee$")
_CLOSING = {"a": "a", "i": "i", "y": "i", "u": "u", "o": "u"}


def words_of(text: str) -> list[str]:
    """The words of a cleaned text; "p.s." is one of them, "T.T." too."""
    joined = _DOTTED.sub(r"\1", text.replace("p/s", "ps").replace("u/s", "us"))
    return [word.replace("’", "").replace("'", "") for word in _WORD.findall(joined)]


def phrases(names: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Phrases of a table as they stand among the words of a text."""
    return frozenset(tuple(words_of(clean(name))) for name in names)


_MEANINGS = {
    phrase: name
    for name, forms in _TABLE["meanings"].items()
    for phrase in phrases(forms)
}
_LONGEST = max(map(len, _MEANINGS))
_COMMON = frozenset(_TABLE["common"]["names"])


def key(station: Sequence[str], district: Sequence[str]) -> str:
    """The key of a station; of a common name the district is part, if it is known."""
    meant = list(_meant(station))
    told = [word for known, word in meant if known]
    rest = _sounds([word for known, word in meant if not known])
    found = "+".join(filter(None, [*sorted(told), rest]))
    apart = told and not rest and _COMMON.issuperset(told)
    where = _sounds(district) if apart else ""
    return f"{found}+{where}" if found and where and where != rest else found


def is_common(words: Sequence[str]) -> bool:
    """Whether some words name only what stands in many towns ("All Women", "City")."""
    return bool(words) and all(m and w in _COMMON for m, w in _meant(words))


def _meant(words: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """Each word, or the meaning that it has, alone or with those behind it."""
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            if name := _MEANINGS.get(tuple(words[at : at + length])):
                yield True, name
                at += length
                break
        else:
            yield words[at].isdigit(), words[at]
            at += 1


def _sounds(words: Sequence[str]) -> str:
    """Consonants and closing vowel of words written as one."""
    latin = "".join(_ended(_latin(word)) for word in words)
    if not latin:
        return ""
    bones = _AFTER_NASAL.sub(lambda m: m[0].translate(_HARD), skeleton(fold(latin)))
    bones = _NASAL.sub("n", _MERGED.sub("", bones))
    return bones + _CLOSING.get(_LONG_I.sub("i", latin)[-1], "")


def _latin(word: str) -> str:
    """A word in Latin letters, with what its script does to places' names undone."""
    word = legible(word).casefold()
    if word.isascii():
        return word
    for written, spoken in _SPOKEN:
        word = written.sub(spoken, word)
    latin = to_latin(word)
    return latin[:-1] if _SILENT.search(word) and latin.endswith("a") else latin


_SPOKEN = [
    (re.compile(written), spoken)
    for written, spoken in (
        ("(?<!\u09cd)\u09af(?!\u09bc)", "\u099c"),  # Bengali y is spoken j,
        ("\u0d1e\u0d4d\u0d1e", "\u0d1e\u0d4d\u0d1c"),  # Malayalam nj,
        ("[\u099a\u099b](?=.*[\u09f0\u09f1])", "\u09b8"),  # Assamese ch is spoken s,
        ("\u06c1$", "\u0627"),  # Urdu's closing h is a vowel.
    )
]
_SILENT = re.compile(
    "[\u0b15-\u0b39]$|\u0ca8\u0c97\u0cb0$|\u0cbe[\u0ca1\u0cb0\u0cb3]$|\u0c97\u0ca1$"
)
"""Ends that Odia and Kannada ("nagara", "-ara") write open and English closes."""


def _ended(word: str) -> str:
    for end, name in _ENDINGS:
        if len(word) > len(name) + 1:
            word = end.sub(name, word)
    return word
