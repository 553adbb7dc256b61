"""One word at a time: cleaned, in Latin letters, in its canonical spelling.

`Words` remembers what it has cleaned during one run. Which words belong together, and
what they mean, is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

from .joints import initials, joined
from .lexicon import table
from .nearest import distance
from .particulars import NOBODY, STANDING
from .script import to_latin
from .spelling import GROUP, finish, fold, fold_place, skeleton, soften
from .text import clean as clean
from .unsaid import blank
from .unsaid import states_nothing as states_nothing

_TABLE = table("names")
_CAPACITY = 200_000
_SHORT_STEM, _LONG_STEM = 3, 4
_FEWEST_TITLED = 2


def place_word(word: str) -> str:
    """The folded form of a cleaned word of a place; numbers stay as they are."""
    return word if word.isdigit() else fold_place(to_latin(word))


def _spellings() -> dict[str, str]:
    """Canonical forms by Latin variant, folded; others and short forms as written."""
    found = {}
    for section, forms in _VARIANTS.items():
        if section == "feminine":
            continue
        for form, variants in forms.items():
            meant = form if section == "unfolded" else fold(form)
            for variant in (form, *variants):
                whole = not variant.isascii() or _SHORT_FORM.fullmatch(variant)
                found[clean(variant) if whole else fold(variant)] = meant
    return found


def _plain(latin: str) -> str:
    """A Latin word with no letter doubled and no breath at its end."""
    return _TWICE.sub(GROUP, latin).removesuffix("h")


def _distinct() -> dict[str, str]:
    """Canonical forms by plain Latin spelling, for words that folding would confuse."""
    distinct = _TABLE["distinct"].items()
    pairs = [(variant, form) for form, variants in distinct for variant in variants]
    for form, variants in _VARIANTS["feminine"].items():
        pairs += [(variant, fold(form)) for variant in (form, *variants)]
    return {_plain(variant): form for variant, form in pairs}


_SHORT_FORM = re.compile("[bcdfghjklmnpqrstvwxz]+")
_VARIANTS = table("variants") | table("faiths")
_URDU: dict[str, str] = {
    clean(word): latin
    for part in table("urdu").values()
    for word, latin in part.items()
}
_TWICE = re.compile(r"(.)\1+")
_LONG_A = re.compile("[\u0b00-\u0b7f\u0c00-\u0cff]")
"""Odia, Telugu and Kannada, where a short final a tells nothing."""
_SPELLING = _spellings()
_FORMS = frozenset(_SPELLING.values())
_DISTINCT = _distinct()
_FEMININE = frozenset(fold(word) for word in _TABLE["feminine"])
_HONORIFICS = frozenset(clean(word) for word in _TABLE["honorifics"])
_FILLERS = frozenset(_TABLE["placeholders"])
DROPPED = _HONORIFICS | _FILLERS | STANDING
"""Cleaned words that are no part of a name."""

_LEADING = frozenset(clean(word) for word in _TABLE["leading"])
_APPELLATIONS = frozenset(clean(word) for word in _TABLE["appellations"])
_UNNAMED = frozenset(_TABLE["unnamed"])
_SIKH = frozenset(("sing", "kor"))


def canonical(word: str) -> str:
    """The folded form of a cleaned word, or of the form its spelling stands for."""
    if word == "c":
        # As an initial it stands for names in "ch".
        return word
    if _is_written(word):
        return _SPELLING[word]
    latin = latin_of(word)
    return _canonical(word, latin, soften(latin))


def _is_written(word: str) -> bool:
    """Whether a word has a spelling of its own as it is written."""
    return word in _SPELLING and (
        not word.isascii() or _SHORT_FORM.fullmatch(word) is not None
    )


def is_short_form(word: str) -> bool:
    """Whether a cleaned word is a name's short form ("md") or a title ("sh").

    >>> is_short_form("md"), is_short_form("sh"), is_short_form("ram")
    (True, True, False)
    """
    return _is_written(word) or word in DROPPED


def _canonical(word: str, latin: str, soft: str) -> str:
    if (plain := _plain(latin)) in _DISTINCT:
        return _DISTINCT[plain]
    folded = finish(soft)
    if folded in _FEMININE and _ends_in_a(word, latin):
        return folded + "a"
    return _SPELLING.get(folded, folded)


def latin_of(word: str) -> str:
    """A cleaned word in Latin letters, with vowels that Urdu leaves to its reader."""
    return _URDU.get(word) or to_latin(word)


def _ends_in_a(word: str, latin: str) -> bool:
    long = bool(_LONG_A.search(word))
    return latin.removesuffix("h").endswith("aa" if long else "a")


GENERIC = frozenset(canonical(word) for word in _TABLE["generic"])
"""Name parts that say little; left out unless nothing else remains."""

SECOND = frozenset(canonical(word) for word in _TABLE["second"])
"""Second names that hundreds of thousands share, as a family does its name."""

HONOURS = frozenset(canonical(word) for word in _TABLE["honours"])
HONOURED = frozenset(canonical(word) for word in _TABLE["honoured"])
"""Given names before one of `HONOURS`; elsewhere a family's, or generic."""

_SUFFIXES = tuple(sorted(map(soften, _TABLE["suffixes"]), key=len, reverse=True))
_SHORT_SUFFIXES = frozenset(("ram", "udin"))
_PLAIN_SUFFIXES = tuple(_TABLE["plain_suffixes"])
_PREFIXES = tuple(soften(word) for word in _TABLE["prefixes"] if word.isascii())
_NATIVE_PREFIXES = tuple(word for word in _TABLE["prefixes"] if not word.isascii())
_WHOLE = frozenset(soften(word) for word in _TABLE["whole"])
_ABDUL = re.compile("abd[aeou]+(?:l|(?=[rsnjtdkghm]))(.{4,})")
_ARABIC_ABDUL = clean("عبدال")
_FINAL_A = re.compile("(?<=.[^iu])a$")
_FIRST = frozenset(soften(word) for word in _TABLE["compound_first"])
_SECOND = frozenset(_FINAL_A.sub("", soften(w)) for w in _TABLE["compound_second"])
_NATH = re.compile("(.+[ei]ndra?)(nat)a?")
_TAMIL_END = re.compile(".*(nd|m[bp])arama?")
"""Sundaram, Chidambaram: no Ram."""
_RAMMA = "ramma"
"""Eswaramma, Sundaramma: a goddess's or a mother's name, no Ram."""

_ULLAH = re.compile("(.{3,})ul+a+h")
_AMMA = re.compile("(.{4,}i)(?:ama|(?<!si)am)")
# A whole name without its blanks, its last word a family's.
_RUN = re.compile("(.{3,})(singh?|kumar|prasad|chandra|lal|devi)(.{3,})")
_IN_RUN = re.compile("(?:sing|kumar|prasad|chandra|lal|devi)...")
"""What a word that `_RUN` matches has behind its first letters: told at a glance."""


COMMON = GENERIC | frozenset(canonical(word) for word in _TABLE["common"])
"""Name parts that, alone, would fit thousands of people."""

_SURNAMES = frozenset(
    canonical(word) for names in table("surnames").values() for word in names
)
_TELLING_SKELETON = 4
_SLIP = 6
"""Tenths of a letter by which a misspelt family's name may differ, as two vowels do."""


def _by_skeleton() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in sorted(_SURNAMES - COMMON):
        if len(bones := skeleton(word)) >= _TELLING_SKELETON:
            found.setdefault(bones, []).append(word)
    return found


_SKELETONS = _by_skeleton()


def is_surname(word: str) -> bool:
    """Whether a canonical word is, or is spelled much like, a family's name.

    A given name that is merely near one is none: Shankar is no Sonkar, Usman no Usmani.
    """
    if word in _SURNAMES or word in _families():
        return True
    alike = _SKELETONS.get(skeleton(word), ())
    return any(distance(word, one, _SLIP) <= _SLIP for one in alike) and (
        word not in _given_names()
    )


@cache
def _families() -> frozenset[str]:
    """Canonical forms of `tables/families.toml`, read at the first name."""
    tables = table("families").values()
    return frozenset(canonical(word) for names in tables for word in names)


@cache
def _given_names() -> frozenset[str]:
    """Canonical forms of the names in `tables/given.toml`, read at the first name."""
    given = table("given")
    return frozenset(canonical(w) for sex in ("male", "female") for w in given[sex])


def without_surname(word: str) -> str:
    """A canonical word without the surname that was written on to it, if any.

    >>> without_surname("ramesgadbi")
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
    _hints: dict[str, str] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget every word."""
        self._names.clear()
        self._places.clear()
        self._hints.clear()

    def size(self) -> int:
        """How many words are remembered."""
        return len(self._names) + len(self._places) + len(self._hints)

    def place(self, word: str) -> str:
        """`place_word(word)`, remembered."""
        known = self._places.get(word)
        if known is None:
            if len(self._places) >= self.capacity:
                self._places.clear()
            known = self._places[word] = place_word(word)
        return known

    def hint(self, word: str, read: Callable[[str], str]) -> str:
        """`read(word)`, of a cleaned word, remembered; always of the same reader."""
        known = self._hints.get(word)
        if known is None:
            if len(self._hints) >= self.capacity:
                self._hints.clear()
            known = self._hints[word] = read(word)
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
        return tuple(part for parts in self.parts(words) for part in parts)

    def parts(self, words: Iterable[str]) -> list[tuple[str, ...]]:
        """A name's canonical words as `name` gives them, by the word they stand in."""
        plain = [word for word in words if word not in DROPPED]
        if blank(plain) or plain[0] in NOBODY or _UNNAMED.issuperset(plain):
            return []
        if plain[0] in _LEADING and len(plain) > _FEWEST_TITLED:
            # Major Singh Gill and Sardar Kaur Bains are called so.
            del plain[: canonical(plain[1]) not in _SIKH]
        if len(plain) > 1 and plain[-1] in _APPELLATIONS:
            del plain[-1]
        return [part for word in joined(plain) if (part := self.part(word))]


def _unglued(word: str) -> tuple[str, ...]:
    latin = latin_of(word)
    if latin != word and len(latin) > 1 and latin in _HONORIFICS:
        return ()
    if letters := initials(word, latin, known=word in _SPELLING):
        return letters
    soft = soften(latin)
    known = word == "c" or _is_written(word)
    whole = canonical(word) if known else _canonical(word, latin, soft)
    if whole in _FORMS or whole in COMMON or soft in _WHOLE:
        return (whole,)
    found = _parts(word, latin, soft) or _with_family(whole)
    return found or ((whole,) if whole else ())


def _with_family(word: str) -> tuple[str, ...]:
    """A given name and a family's that was written on to it, where both are known."""
    if len(word) < 2 * _LONG_STEM or word in _given_names() or is_surname(word):
        return ()
    for at in range(_LONG_STEM, len(word) - _LONG_STEM + 1):
        if word[at:] in _SURNAMES and word[:at] in _given_names():
            return word[:at], word[at:]
    return ()


def _parts(word: str, latin: str, soft: str) -> tuple[str, ...]:
    """The words that were written as one; empty if it is one."""
    if word.startswith(_ARABIC_ABDUL) and len(word) - len(_ARABIC_ABDUL) >= _SHORT_STEM:
        return canonical("abdul"), canonical(word.removeprefix(_ARABIC_ABDUL))
    for prefix in _NATIVE_PREFIXES if word.startswith(_NATIVE_PREFIXES) else ():
        rest = word.removeprefix(prefix)
        # As long as a word in Latin letters has to be: Ramdas is one in either.
        long = len(soften(latin_of(rest))) >= _LONG_STEM
        if rest != word and long and rest[0].isalpha():
            return canonical(prefix), canonical(rest)
    if soft.startswith("abd") and (found := _ABDUL.fullmatch(soft)):
        return canonical("abdul"), canonical(found[1])
    if "ul" in latin and (found := _ULLAH.fullmatch(latin)):
        named = _plain(latin) in _DISTINCT
        return () if named else (canonical(found[1]), canonical("ullah"))
    if soft.endswith(("iam", "iama")) and (found := _AMMA.fullmatch(soft)):
        return canonical(found[1]), canonical("amma")
    run = _RUN.fullmatch(latin) if _IN_RUN.search(latin, _SHORT_STEM) else None
    if run and canonical(run[3]) in _SURNAMES:
        return tuple(map(canonical, run.groups()))
    return _compound(soft) or _suffixed(latin, soft) or _prefixed(soft)


def _compound(soft: str) -> tuple[str, ...]:
    if soft.endswith(("nat", "nata")) and (found := _NATH.fullmatch(soft)):
        return canonical(found[1]), canonical(found[2])
    whole = _FINAL_A.sub("", soft)
    for at in range(2, len(whole) - 1):
        if whole[at:] in _SECOND and whole[:at] in _FIRST:
            return canonical(whole[:at]), canonical(whole[at:])
    return ()


def _suffixed(latin: str, soft: str) -> tuple[str, ...]:
    for suffix in _PLAIN_SUFFIXES if latin.endswith(_PLAIN_SUFFIXES) else ():
        if latin.endswith(suffix) and len(latin) - len(suffix) >= _LONG_STEM:
            return canonical(latin.removesuffix(suffix)), canonical(suffix)
    short = _FINAL_A.sub("", soft)
    if not (soft.endswith(_SUFFIXES) or short.endswith(_SUFFIXES)):
        return ()
    if latin.endswith(_RAMMA) or _TAMIL_END.fullmatch(soft):
        return ()
    for suffix in _SUFFIXES:
        least = (
            _SHORT_STEM
            if len(suffix) > _LONG_STEM or suffix in _SHORT_SUFFIXES
            else _LONG_STEM
        )
        for form in (soft, short):
            if form.endswith(suffix) and len(form) - len(suffix) >= least:
                stem = form.removesuffix(suffix)
                return *(_compound(stem) or (canonical(stem),)), canonical(suffix)
    return ()


def _prefixed(soft: str) -> tuple[str, ...]:
    for prefix in _PREFIXES if soft.startswith(_PREFIXES) else ():
        rest = soft.removeprefix(prefix)
        if rest != soft and len(rest) >= _LONG_STEM and rest[0] not in "aeiou":
            return canonical(prefix), canonical(rest)
    return ()
