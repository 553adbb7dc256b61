"""The known names that a misspelt or transliterated name of a place stands for.

Names in other scripts, clerks' slips and colonial habits differ in vowels, in breath
and voice (Tamil writes one letter for k and g), and by a letter. A name is found by its
consonants, one of which may be wrong, and given with all that are as near: no place is
better evidence than a wrong one. Exact names are looked up elsewhere; this is for the
rest, seldom and slowly.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

_VOWELS = frozenset("aeiou")
_CLASSES = ("kg", "tdr", "pbvf", "jsc", "nm", "ji", "bm", "vo", "vu", "iy")
_NEAR = {a + b for one in (*_CLASSES, _VOWELS) for a in one for b in one}
_LIGHT = _VOWELS | {"h", "n"}
_KIN = {
    letter: frozenset(pair[1] for pair in _NEAR if pair[0] == letter)
    for letter in {pair[0] for pair in _NEAR}
}
_NOBODY: frozenset[str] = frozenset()
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
    weights = list(map(_weight, other))
    size, over = len(other), most + 1
    row, before = list(accumulate(weights, initial=0)), [over]
    # Only cells within `most` lead to such: the first and last of two rows are kept.
    low, high, low_before, high_before = 0, bisect_right(row, most) - 1, size, -2
    for index, a in enumerate(one):
        last, row, weight = row, [over] * (size + 1), _weight(a)
        at, reach = min(low, low_before + 2), max(high + 1, high_before + 2)
        low_before, high_before, low, high = low, high, size, -2
        cost = over
        while at <= size and (at <= reach or cost <= most):
            if at == 0:
                cost = last[0] + weight
            elif a == (b := other[at - 1]):
                cost = last[at - 1]
            else:
                exchange = _SOFT if a + b in _NEAR else _HARD
                cost = min(
                    last[at - 1] + exchange, last[at] + weight, cost + weights[at - 1]
                )
                crossed = index and at > 1 and a == other[at - 2]
                if crossed and b == one[index - 1]:
                    cost = min(cost, before[at - 2] + _SOFT * 2)
            row[at] = cost
            if cost <= most:
                low, high = min(low, at), at
            at += 1
        if high < 0 and high_before < 0:
            # Letters that changed places reach over one row, not over two.
            return over
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
    return _SOFT if letter in _LIGHT else _HARD


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
        if apart > most:
            continue
        odd = letters.symmetric_difference(name)
        if len(odd) * _SOFT > 2 * most or _least(odd, word, name) > most:
            continue
        cost = distance(word, name, most)
        if cost <= most:
            ranked.append((cost, name))
            most = min(most, cost + margin - 1)
    return [name for cost, name in sorted(ranked) if cost <= most]


def _least(odd: Iterable[str], one: str, other: str) -> int:
    """What two words differ by at least, by the letters that only one of them has."""
    gone = come = 0
    for letter in odd:
        if letter in one:
            gone += _cheapest(letter, other)
        else:
            come += _cheapest(letter, one)
    return max(gone, come)


def _cheapest(letter: str, other: str) -> int:
    """The least that a letter costs to take out, or to exchange for one of a word."""
    light = letter in _LIGHT or not _KIN.get(letter, _NOBODY).isdisjoint(other)
    return _SOFT if light else _HARD


def _slack(word: str) -> int:
    return _BRIEF_SLACK if len(word) <= _BRIEF else _EACH * len(word) // 10


def _blocks(form: str) -> set[str]:
    """The consonants, and they without one of them."""
    return {form, *(form[:at] + form[at + 1 :] for at in range(len(form)))}
