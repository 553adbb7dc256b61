"""Numbers in words, English and Hindi, as digits; the rest of a text stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .lexicon import table
from .text import clean

WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f\u0610-\u065f\u0900-\u0dff]+[^\W\d_]*)*")
"""A word with its vowel signs, in any script."""

_GAP = re.compile(r"[\s-]*")
_HALF_NASAL = re.compile("[नमङञण]\u094d(?=[क-ह])|\u0901")
_PLAIN = {ord("\u093c"): None, ord("ः"): None}
_HUNDRED, _THOUSAND, _MOST = 100, 1000, 2100


def _bare(word: str) -> str:
    """A cleaned word with one sign for all nasals, without dot below and visarga."""
    return word if word.isascii() else _HALF_NASAL.sub("ं", word).translate(_PLAIN)


_TABLE = table("numerals")
_VALUES = {
    _bare(clean(word)): int(value)
    for language in ("english", "hindi")
    for value, words in _TABLE[language].items()
    for word in words
}
_JOINS = frozenset(map(clean, _TABLE["joins"]))


def digits(text: str) -> str:
    """Cleaned `text` with every number in words written in digits.

    >>> digits("fifteenth may nineteen hundred and seventy-seven")
    '15 may 1977'
    """
    made, end = [], 0
    for start, stop, value in _numbers(text):
        made += [text[end:start], str(value)]
        end = stop
    return "".join([*made, text[end:]])


def _numbers(text: str) -> Iterator[tuple[int, int, int]]:
    """Beginning, end and value of each number in words."""
    run: list[int] = []
    start = stop = 0
    for word in WORD.finditer(text):
        value = _VALUES.get(_bare(word[0]))
        apart = not _GAP.fullmatch(text, stop, word.start())
        if run and (apart or (value is None and word[0] not in _JOINS)):
            yield from _valued(start, stop, run)
            run = []
        if value is not None:
            start = start if run else word.start()
            run.append(value)
            stop = word.end()
        elif run:
            # "nineteen hundred and five": the join bridges the gap to the next word.
            text = text[:stop] + " " * (word.end() - stop) + text[word.end() :]
    if run:
        yield from _valued(start, stop, run)


def _valued(start: int, stop: int, run: list[int]) -> Iterator[tuple[int, int, int]]:
    value = _value(run)
    if value <= _MOST:
        yield start, stop, value


def _value(run: list[int]) -> int:
    """The number that a run of values spells; "nineteen seventy" is 1970."""
    whole = part = 0
    for value in run:
        if value == _THOUSAND:
            whole, part = whole + (part or 1) * _THOUSAND, 0
        elif value == _HUNDRED:
            part = (part or 1) * _HUNDRED
        elif _fits(part, value):
            part += value
        else:
            part = part * _HUNDRED + value
    return whole + part


def _fits(part: int, value: int) -> bool:
    """Whether a value adds to what stands before it ("twenty" "one")."""
    rest = part % _HUNDRED
    return not rest or (rest % 10 == 0 and value < 10)
