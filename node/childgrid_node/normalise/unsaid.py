"""What states nothing: default entries, unset drop-downs, "not known" in ten scripts.

Two unknown persons must not look alike, whatever the field. The phrases stand in
`tables/unsaid.toml`. Not asked of a sex ("other" says one), and nothing is said here of
numbers that merely look made up: their readers know what a true one is like.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .lexicon import table
from .text import ascii_digits, clean

_TABLE = table("unsaid")
_WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f\u0610-\u065f\u0900-\u0dff'’]+[^\W_]*)*")
_QUOTES = re.compile("['’]")
_FILLER = re.compile(r"0+|x+")
_LONGEST = 5
"""Words of the longest phrase; "N/A" has two."""


def _words(text: str) -> list[str]:
    return [_QUOTES.sub("", word) for word in _WORD.findall(ascii_digits(clean(text)))]


# "W/o" is a label whole; its letters are somebody's initials.
_LABELS = [_words(label) for label in _TABLE["labels"]["words"]]
_PHRASES = [
    _words(phrase) for part in _TABLE.values() for phrase in part.get("phrases", ())
]
_SAID = frozenset("".join(words) for words in _PHRASES)
_NOTHING = _SAID | frozenset("".join(words) for words in _LABELS)
_STARTS = _NOTHING | {words[0] for words in _PHRASES + _LABELS}


def states_nothing(text: str) -> bool:
    """Whether a cell, of any field but the sex, holds no statement at all.

    >>> states_nothing("-- Select District --"), states_nothing("अज्ञात")
    (True, True)
    >>> states_nothing("Nil Ratan"), states_nothing("No. 14"), states_nothing("D.B.")
    (False, False, False)
    """
    return blank(_words(text))


def is_left_out(text: str) -> bool:
    """Whether a part of a cell says that nothing is known; a label alone does not.

    >>> is_left_out("Not Available"), is_left_out("House No.")
    (True, False)
    """
    words = _words(text)
    return bool(words) and blank(words, _SAID)


def blank(words: Sequence[str], among: frozenset[str] = _NOTHING) -> bool:
    """`states_nothing` of a cell's cleaned words: nothing but phrases and labels."""
    at = 0
    while at < len(words):
        if not (length := _blank(words, at, among)):
            return False
        at += length
    return True


def _blank(words: Sequence[str], at: int, among: frozenset[str]) -> int:
    """How many words from `at` on state nothing."""
    word = words[at]
    if word not in _STARTS:
        return 1 if _FILLER.fullmatch(word) else 0
    for length in range(min(_LONGEST, len(words) - at), 0, -1):
        if "".join(words[at : at + length]) in among:
            return length
    return 0
