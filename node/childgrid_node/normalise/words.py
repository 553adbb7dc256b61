"""One word at a time: cleaned, in Latin letters, in its canonical spelling.

`Words` remembers what it has cleaned during one run. Which words belong together, and
what they mean, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .lexicon import table
from .script import to_latin
from .spelling import fold, skeleton
from .text import clean as clean
from .unsaid import states_nothing as states_nothing

_TABLE = table("names")
_CAPACITY = 200_000
_SHORT_STEM, _LONG_STEM = 3, 4


def place_word(word: str) -> str:
    """The folded form of a cleaned word of a place; numbers stay as they are."""
    return word if word.isdigit() else fold(to_latin(word))


def _spellings() -> dict[str, str]:
    """Canonical forms by Latin variant, folded, and by other variants as written."""
    found = {}
    for form, variants in _TABLE["spelling"].items():
        for variant in (form, *variants):
            found[fold(variant) if variant.isascii() else clean(variant)] = fold(form)
    return found


_SPELLING = _spellings()
_DISTINCT: dict[str, str] = _TABLE["distinct"]
_PREFIXES = tuple(clean(word) for word in _TABLE["prefixes"])
_HONORIFICS = frozenset(clean(word) for word in _TABLE["honorifics"])
_PLACEHOLDERS = frozenset(clean(word) for word in _TABLE["placeholders"])


def canonical(word: str) -> str:
    """The folded form of a cleaned word, or of the form its spelling stands for."""
    if word == "c":
        # As an initial it stands for names in "ch".
        return word
    if word in _DISTINCT:
        return _DISTINCT[word]
    folded = fold(to_latin(word))
    return _SPELLING.get(word) or _SPELLING.get(folded, folded)


GENERIC = frozenset(canonical(word) for word in _TABLE["generic"])
"""Name parts that say little; left out unless nothing else remains."""

_SUFFIXES = sorted(map(canonical, _TABLE["suffixes"]), key=len, reverse=True)
_PLAIN_SUFFIXES: list[str] = _TABLE["plain_suffixes"]

COMMON = GENERIC | frozenset(canonical(word) for word in _TABLE["common"])
"""Name parts that, alone, would fit thousands of people."""

_SURNAMES = frozenset(
    canonical(word) for names in table("surnames").values() for word in names
)
_TELLING_SKELETON = 4
_SKELETONS = frozenset(
    bones
    for word in _SURNAMES
    if len(bones := skeleton(word)) >= _TELLING_SKELETON and word not in COMMON
)


def is_surname(word: str) -> bool:
    """Whether a canonical word is, or is spelled much like, a family's name."""
    return word in _SURNAMES or skeleton(word) in _SKELETONS


def without_surname(word: str) -> str:
    """A canonical word without the surname that was written on to it, if any.

    >>> without_surname("ramesgadvi")
    'rames'
    """
    for length in range(_SHORT_STEM + 1, len(word) - _SHORT_STEM):
        if word[-length:] in _SURNAMES:
            return word[:-length]
    return word


@dataclass(slots=True)
class Words:
    """Cleans words, remembering at most `capacity` of each kind until `clear`.

    The memory holds parts of personal names: it belongs to one run, never to the
    process.
    """

    capacity: int = _CAPACITY
    _names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget every word."""
        self._names.clear()
        self._places.clear()

    def size(self) -> int:
        """How many words are remembered."""
        return len(self._names) + len(self._places)

    def place(self, word: str) -> str:
        """`place_word(word)`, remembered."""
        known = self._places.get(word)
        if known is None:
            if len(self._places) >= self.capacity:
                self._places.clear()
            known = self._places[word] = place_word(word)
        return known

    def part(self, word: str) -> tuple[str, ...]:
        """The canonical words in one cleaned `word` ("rameshbhai" holds two)."""
        known = self._names.get(word)
        if known is None:
            if len(self._names) >= self.capacity:
                self._names.clear()
            known = self._names[word] = _unglued(word)
        return known

    def name(self, words: Iterable[str]) -> tuple[str, ...]:
        """A name's canonical words without titles, in order; none if it names nobody.

        >>> Words().name(["shri", "ramesh", "kumar"])
        ('rames', 'kumar')
        """
        plain = [word for word in words if word not in _HONORIFICS]
        if "".join(plain) in _PLACEHOLDERS or _PLACEHOLDERS.issuperset(plain):
            return ()
        return tuple(part for word in plain for part in self.part(word))


def _unglued(word: str) -> tuple[str, ...]:
    latin = to_latin(word)
    if latin != word and len(latin) > 1 and latin in _HONORIFICS:
        return ()
    whole = canonical(word)
    if whole in COMMON:
        return (whole,)
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= _LONG_STEM:
            return canonical(prefix), canonical(word.removeprefix(prefix))
    for suffix in _PLAIN_SUFFIXES:
        if latin.endswith(suffix) and len(latin) - len(suffix) >= _LONG_STEM:
            return canonical(latin.removesuffix(suffix)), canonical(suffix)
    for suffix in _SUFFIXES:
        least = _SHORT_STEM if len(suffix) > _LONG_STEM else _LONG_STEM
        if whole.endswith(suffix) and len(whole) - len(suffix) >= least:
            return canonical(whole.removesuffix(suffix)), suffix
    return (whole,) if whole else ()
