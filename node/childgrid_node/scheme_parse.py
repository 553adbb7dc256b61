"""Strict reading of a scheme document: each key read once, none left over.

Holds no knowledge of what the numbers mean; that is ``scheme``. It keeps one rule:
what is not understood is refused, with the path of the offending place.
"""

from __future__ import annotations

import json
from typing import NoReturn

from childgrid_node.index_errors import SchemeError

Json = dict[str, object]


def strict_json(raw: bytes) -> Json:
    """Return the object in ``raw``: ASCII JSON, no floats, no duplicate keys.

    Raises:
        SchemeError: ``raw`` is anything else.
    """
    try:
        document = json.loads(
            raw.decode("ascii"),
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError) as error:
        raise SchemeError("scheme: not strict JSON in ASCII") from error
    if not isinstance(document, dict):
        raise SchemeError("scheme: the document must be an object")
    return document


def _refuse_number(_: str) -> NoReturn:
    raise SchemeError("scheme: every number must be an integer")


def _unique(pairs: list[tuple[str, object]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise SchemeError("scheme: a key occurs twice in one object")
    return found


class Part:
    """One object of the document; ``close`` refuses keys that nobody read."""

    def __init__(self, path: str, content: object) -> None:
        if not isinstance(content, dict):
            raise SchemeError(f"{path}: must be an object")
        self.path = path
        self._left = dict(content)

    def close(self) -> None:
        """Refuse keys that were not read."""
        if self._left:
            raise SchemeError(f"{self.path}: {len(self._left)} unknown keys")

    def take(self, key: str) -> object:
        """Return and use up the value of ``key``."""
        if key not in self._left:
            raise SchemeError(f"{self.path}: {key} is missing")
        return self._left.pop(key)

    def part(self, key: str, *, cited: bool = True) -> Part:
        """Return the object at ``key``; a cited one tells its source and unit."""
        part = Part(f"{self.path}.{key}", self.take(key))
        if cited and not (part.text("source") and part.text("unit")):
            raise SchemeError(f"{part.path}: source and unit must not be empty")
        return part

    def parts(self, key: str) -> list[Part]:
        """Return the objects in the list at ``key``, which must not be empty."""
        return [
            Part(f"{self.path}.{key}[{number}]", content)
            for number, content in enumerate(self.items(key))
        ]

    def items(self, key: str) -> list[object]:
        """Return the list at ``key``."""
        value = self.take(key)
        if not isinstance(value, list):
            raise SchemeError(f"{self.path}.{key}: must be a list")
        return value

    def text(self, key: str) -> str:
        """Return the string at ``key``."""
        value = self.take(key)
        if not isinstance(value, str):
            raise SchemeError(f"{self.path}.{key}: must be a string")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """Return the string at ``key``, one of ``allowed``."""
        value = self.text(key)
        if value not in allowed:
            raise SchemeError(f"{self.path}.{key}: must be one of {allowed}")
        return value

    def number(self, key: str, low: int, high: int) -> int:
        """Return the integer at ``key``, from ``low`` to ``high`` inclusive."""
        return self._within(key, self.take(key), low, high)

    def cuts(self, key: str) -> tuple[int, ...]:
        """Return strictly rising cuts per 10,000 (each from 1 to 10,000)."""
        cuts = self.numbers(key, 1, 10_000)
        if list(cuts) != sorted(set(cuts)):
            raise SchemeError(f"{self.path}.{key}: cuts must rise")
        return cuts

    def logs(self, key: str) -> tuple[int, ...]:
        """Return log-probabilities in millinats (from -50,000 to 0)."""
        return self.numbers(key, -50_000, 0)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return pairs of names."""
        found = self.items(key)
        if not found or not all(
            isinstance(pair, list)
            and len(pair) == 2
            and all(isinstance(name, str) for name in pair)
            for pair in found
        ):
            raise SchemeError(f"{self.path}.{key}: must hold pairs of names")
        return tuple((pair[0], pair[1]) for pair in found if isinstance(pair, list))

    def table(self, key: str, low: int, high: int) -> dict[str, int]:
        """Return the integers by name at ``key``."""
        part = self.part(key, cited=False)
        return {name: part.number(name, low, high) for name in part.names()}

    def names(self) -> list[str]:
        """Return the keys that were not read yet."""
        return list(self._left)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of strings at ``key``."""
        found = tuple(name for name in self.items(key) if isinstance(name, str))
        if not found:
            raise SchemeError(f"{self.path}.{key}: must hold names")
        return found

    def numbers(self, key: str, low: int, high: int) -> tuple[int, ...]:
        """Return the list of integers at ``key``, each from ``low`` to ``high``."""
        values = self.items(key)
        return tuple(self._within(key, value, low, high) for value in values)

    def _within(self, key: str, value: object, low: int, high: int) -> int:
        if type(value) is not int or not low <= value <= high:
            raise SchemeError(
                f"{self.path}.{key}: must be an integer from {low} to {high}"
            )
        return value
