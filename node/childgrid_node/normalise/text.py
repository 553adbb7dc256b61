"""A text in one Unicode form, before anything is read from it; what was read lately."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")
_LATELY, _USUAL = 65_536, 40

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def clean(text: str) -> str:
    """`text` in one Unicode form (NFKC), case-folded, without invisible characters."""
    if text.isascii():
        return text.casefold()
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return unicodedata.normalize("NFKC", text)


def ascii_digits(text: str) -> str:
    """`text` with the decimal digits of any script written 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in text)


def remembered(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """`read` with a memory of short texts: for columns of few values, not for names."""
    lately = lru_cache(maxsize=_LATELY)(read)

    @wraps(read)
    def known(text: str) -> _T:
        return lately(text) if len(text) <= _USUAL else read(text)

    return known


class once(Generic[_T]):  # noqa: N801
    """A property that is found when it is first asked for, and kept.

    `functools.cached_property` does the same and locks each time.
    """

    def __init__(self, find: Callable[[Any], _T]) -> None:
        self._find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, owned: object, owner: type | None = None) -> _T:
        found = owned.__dict__[self._name] = self._find(owned)
        return found
