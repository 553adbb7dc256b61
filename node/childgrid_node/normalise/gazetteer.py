"""The districts of India by every name and likeness, from `tables/districts.toml`.

Names are compared as folded words, in any order and without blanks; as written, where
folding would take two for one; and by nearness. What a text means by them is decided in
`districts`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, pairwise

from .lexicon import table
from .nearest import Nearest, distance, nearest
from .states import PARENTS, Parts, raw_words, split
from .words import place_word

Entry = tuple[str, str]
"""A district: its state's code and its key."""

Among = tuple[Entry, ...]

_TABLE = table("districts")
_ABROAD: list[str] = _TABLE["abroad"]["names"]
_COMMON: list[str] = _TABLE["abroad"]["common"]
_NEAR, _NEAR_IN_STATE, _EACH_IN_STATE, _MARGIN = 10, 20, 3, 5
_LEAST_STEM, _LONG, _LEAST_LETTERS = 2, 6, 3


def _alike() -> dict[str, str]:
    names = _TABLE["directions"] | _TABLE["same"]
    forms = ((name, form) for name, forms in names.items() for form in forms)
    return {word: split(name)[0] for name, form in forms for word in split(form)}


_ALIKE = _alike()
DIRECTIONS = frozenset(split(name)[0] for name in _TABLE["directions"])
"""Folded words for directions, one each."""

MARKS = frozenset(
    w for word in table("places")["marks"]["district"] for w in split(word)
)
"""Folded words before or behind a district's name."""

_ENDINGS = {"ganv": "gaon", "gav": "gaon", "gad": "garh", "pore": "pur"}
"""How scripts and clerks write the same endings."""


def bare(words: Parts) -> Parts:
    """Folded words without markers."""
    if MARKS.isdisjoint(words):
        return words
    return tuple(word for word in words if word not in MARKS)


def same(words: Iterable[str]) -> Parts:
    """Folded words of a name, each in the form that stands for those that mean it."""
    return tuple(_same_word(word) for word in words if word != "and")


def _same_word(word: str) -> str:
    if word[-1] in "vde":
        for written, form in _ENDINGS.items():
            if word.endswith(written) and len(word) - len(written) >= _LEAST_STEM:
                word = word.removesuffix(written) + form
    return _ALIKE.get(word, word)


AFTER = frozenset(w for word in _TABLE["after"]["words"] for w in same(split(word)))
"""Words behind a district's name that are no part of it."""


def key(words: Iterable[str]) -> str:
    """Words in one order and without blanks, so that "Yamuna Nagar" is one place."""
    return "".join(sorted(same(words)))


def _in_order(words: Iterable[str]) -> str:
    return "".join(same(words))


class _Book:
    """All names with the districts that they are, by each way to look one up."""

    def __init__(self) -> None:
        self.known: dict[str, Among] = {}
        self.names: dict[str, Among] = {}
        self.written: dict[str, Among] = {}
        self.first: dict[Entry, str] = {}
        told: set[str] = set()
        for section in ("names", "scripts", "told"):
            lines = list(_lines(section))
            if section == "names":
                self.first = {entry: _in_order(forms[0][1]) for entry, forms in lines}
            named = [(entry, *form) for entry, forms in lines for form in forms]
            if section == "told":
                told = {raw for _, forms in lines for raw, _ in forms[1:]}
            else:
                self._add(self.known, ((key(words), e) for e, _, words in named))
                self._add(self.names, ((_in_order(w), e) for e, _, w in named))
            for entry, raw, _ in named:
                self.written[raw] = (*self.written.get(raw, ()), entry)
        self.written = {n: tuple(dict.fromkeys(e)) for n, e in self.written.items()}
        self.group = self._groups(told)
        self.nearest = Nearest(self.names)

    @staticmethod
    def _add(found: dict[str, Among], forms: Iterable[tuple[str, Entry]]) -> None:
        """Add forms of a section; it adds no district to a form known before."""
        more: dict[str, dict[Entry, None]] = defaultdict(dict)
        for form, entry in forms:
            if form not in found:
                more[form][entry] = None
        found |= {form: tuple(entries) for form, entries in more.items()}

    def _groups(self, told: set[str]) -> dict[Entry, str]:
        """What districts that share a name have in common; others have their own."""
        found = {entry: "".join(entry) for entry in self.first}
        for name, among in self.written.items():
            if len(among) > 1 and name not in told:
                kept, merged = found[among[0]], {found[entry] for entry in among}
                found |= {e: kept for e, group in found.items() if group in merged}
        return found


def _lines(section: str) -> Iterator[tuple[Entry, list[tuple[str, Parts]]]]:
    """Each district of a section with its names, as cleaned and as folded words."""
    for code, lines in _TABLE[section].items():
        for line in lines:
            raws = [raw_words(name) for name in line.split("=")]
            forms = [("".join(raw), tuple(map(place_word, raw))) for raw in raws]
            yield (code, key(forms[0][1])), forms


@cache
def _book() -> _Book:
    return _Book()


def group(entry: Entry) -> str:
    """What a district has in common with its namesakes; without any, its own."""
    return _book().group[entry]


def written(text: str) -> Among:
    """The districts whose name a text is, sign for sign."""
    return _book().written.get("".join(raw_words(text)), ())


def may_name(raw: Parts) -> bool:
    """Whether cleaned words may be a district's name, however they are spelt.

    Of fewer than three Latin letters only those that are listed so are; others are a
    state's code, or an office's.

    >>> may_name(("ara",)), may_name(("br", "28")), may_name(("patna",))
    (True, False, True)
    """
    letters = "".join(filter(str.isalpha, "".join(raw)))
    long = len(letters) >= _LEAST_LETTERS or not letters.isascii()
    return long or "".join(raw) in _book().written


def exact(words: Iterable[str]) -> Among:
    """The districts whose name folded words are."""
    return _book().known.get(key(words), ())


def neighbour(words: Iterable[str]) -> Parts:
    """The name of a neighbouring country's district that folded words are, or nothing.

    Each in the spelling that stands for it: it is no misspelt district of ours.
    """
    return _neighbours().get(key(words), ())


def unmistaken(words: Iterable[str]) -> Parts:
    """The same of a name that no district or village of ours is known to bear."""
    words = tuple(words)
    there = neighbour(words)
    return () if there in _shared() or exact(words) else there


@cache
def _shared() -> frozenset[Parts]:
    return frozenset(neighbour(split(name)) for name in _COMMON)


@cache
def _neighbours() -> dict[str, Parts]:
    lines = [[split(form) for form in line.split("=")] for line in _ABROAD]
    return {key(form): forms[0] for forms in lines for form in forms}


def is_known(words: Parts) -> bool:
    """Whether folded words are exactly a district's name, with markers or without."""
    return bool(exact(bare(words)))


def is_own(words: Parts) -> bool:
    """Whether words that are a district's name are much like the one it stands under.

    A town that stands for its district is not.
    """
    return _is_own(bare(words))


@cache
def _is_own(name: Parts) -> bool:
    # Called for known names only, so that what is kept is no more than the table.
    among, written, ordered = exact(name), _in_order(name), key(name)
    first = _book().first
    near = (min(distance(written, first[e]), distance(ordered, e[1])) for e in among)
    return len(among) > 1 or any(cost <= _NEAR for cost in near)


def near(words: Iterable[str]) -> Among:
    """Districts by likeness, first of the whole, then without words behind the name."""
    name = same(word for word in words if not word.isdigit())
    while name:
        found = _book().nearest("".join(name), _NEAR)
        if found or name[-1] not in AFTER:
            return tuple(dict.fromkeys(entry for among in found for entry in among))
        name = name[:-1]
    return ()


def near_in(words: Iterable[str], code: str) -> Among:
    """The one district of a state that a name is nearest to, by up to two letters."""
    name = _in_order(word for word in words if not word.isdigit())
    most = min(_NEAR_IN_STATE, _EACH_IN_STATE * len(name))
    names = _by_state().get(code, {})
    holders = _by_pair().get(code, {})
    shared = Counter(chain.from_iterable(holders.get(p, ()) for p in _pairs(name)))
    # Two slips leave some neighbours together, of a longer name at least two.
    least = 1 + (len(name) > _LONG)
    likely = (n for n, count in shared.items() if count >= least)
    found = {e for n in nearest(name, likely, most, _MARGIN) for e in names[n]}
    return tuple(found) if len(found) == 1 else ()


def _pairs(name: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(name)))


@cache
def _by_state() -> dict[str, dict[str, Among]]:
    found: dict[str, dict[str, Among]] = defaultdict(dict)
    for name, among in _book().names.items():
        for code in {entry[0] for entry in among}:
            own = tuple(entry for entry in among if entry[0] == code)
            for state in {code, PARENTS.get(code, code)}:
                found[state][name] = own + found[state].get(name, ())
    return found


@cache
def _by_pair() -> dict[str, dict[str, list[str]]]:
    """Names of each state by every two letters that stand together in them."""
    found: dict[str, dict[str, list[str]]] = {}
    for state, names in _by_state().items():
        holders = found[state] = defaultdict(list)
        for name in names:
            for pair in _pairs(name):
                holders[pair].append(name)
    return found
