"""The known names that a misspelt or transliterated name of a place stands for.

Names in other scripts, clerks' slips and colonial habits differ in vowels, in breath
and voice (Tamil writes one letter for k and g), and by a letter. A name is found by its
consonants, one of which may be wrong, and given with all that are as near: no place is
better evidence than a wrong one. Exact names are looked up elsewhere; this is for the
rest, seldom and slowly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

_VOWELS = frozenset("aeiou")
_CLASSES = ("kg", "tdr", "pbvf", "jsc", "nm", "ji", "bm", "vo", "vu", "iy")
_NEAR = {a + b for one in _CLASSES for a in one for b in one}
_COARSE = str.maketrans("gdbvfcjm", "ktpppssn", "aeiouh")
_BRIEF = 4
"""Letters of a name for which but little may differ."""

_SOFT, _HARD, _FAR = 3, 10, 1000
_BRIEF_SLACK, _EACH, _MARGIN = 4, 13, 3


def bones(word: str) -> str:
    """What scripts agree on in a folded word: its consonants without breath and voice.

    >>> bones("kozikode"), bones("kolikot")
    ('ksktt', 'klkt')
    """
    head = "a" if word[:1] in _VOWELS else ""
    tail = word.replace("chr", "cr").translate(_COARSE)
    return head + tail


def distance(one: str, other: str, most: int = _FAR) -> int:
    """Tenths of a letter by which two folded words differ (Wagner and Fischer 1974).

    Vowels, kindred consonants, breath and nasals count three tenths, letters that
    changed places as one slip. Above `most` any number above it may be given.
    """
    one, other = _unlike(one, other)
    before: list[int] = []
    row = [0]
    for letter in other:
        row.append(row[-1] + _weight(letter))
    for index, a in enumerate(one):
        last, row = row, [row[0] + _weight(a)]
        for place, b in enumerate(other):
            if a == b:
                cost = last[place]
            else:
                cost = min(
                    last[place] + _exchange(a, b),
                    last[place + 1] + _weight(a),
                    row[place] + _weight(b),
                )
                crossed = index and place and a == other[place - 1]
                if crossed and b == one[index - 1]:
                    cost = min(cost, before[place - 1] + _SOFT * 2)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before = last
    return row[-1]


def _unlike(one: str, other: str) -> tuple[str, str]:
    """Two words without the beginning and the end that they share."""
    most = min(len(one), len(other))
    start = 0
    while start < most and one[start] == other[start]:
        start += 1
    end = 0
    while end < most - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[start : len(one) - end], other[start : len(other) - end]


def _weight(letter: str) -> int:
    return _SOFT if letter in _VOWELS or letter in "hn" else _HARD


def _exchange(a: str, b: str) -> int:
    both = a in _VOWELS and b in _VOWELS
    return _SOFT if both or a + b in _NEAR else _HARD


class Nearest(Generic[T]):
    """Known folded names, each with what it stands for.

    Args:
        names: what each name stands for; equal values are one place.
    """

    def __init__(self, names: Mapping[str, T]) -> None:
        self._names = names
        self._blocks: dict[str, set[str]] = defaultdict(set)
        for name in names:
            for block in _blocks(bones(name)):
                self._blocks[block].add(name)

    def __call__(self, word: str, slack: int) -> list[T]:
        """What the names that are nearest, within `slack` tenths, stand for."""
        slack = min(slack, _slack(word))
        found = {n for b in _blocks(bones(word)) for n in self._blocks.get(b, ())}
        near = nearest(word, found, slack, _MARGIN)
        return list(dict.fromkeys(self._names[name] for name in near))


def nearest(word: str, names: Iterable[str], most: int, margin: int) -> list[str]:
    """The names nearest to `word`, within `most` tenths, and those less than `margin`
    farther, nearest first."""
    ranked: list[tuple[int, str]] = []
    letters = frozenset(word)
    for name in names:
        apart = abs(len(name) - len(word)) * _SOFT
        if apart > most or len(letters.symmetric_difference(name)) * _SOFT > 2 * most:
            continue
        cost = distance(word, name, most)
        if cost <= most:
            ranked.append((cost, name))
            most = min(most, cost + margin - 1)
    return [name for cost, name in sorted(ranked) if cost <= most]


def _slack(word: str) -> int:
    return _BRIEF_SLACK if len(word) <= _BRIEF else _EACH * len(word) // 10


def _blocks(form: str) -> set[str]:
    """The consonants, and they without one of them."""
    return {form, *(form[:at] + form[at + 1 :] for at in range(len(form)))}
