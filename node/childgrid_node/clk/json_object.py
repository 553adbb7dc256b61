"""A JSON object that is read key by key and refuses what was not asked for."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from childgrid_node.clk.errors import SchemaInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

_MISSING: Any = object()


class Reader:
    """One object and the path at which it stands.

    Every method that takes a value raises ``SchemaInvalid`` with that key's path when
    it has another type or lies outside its bounds, or is missing without a default.
    """

    def __init__(self, value: Any, path: str) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise SchemaInvalid(path or "document", "must be an object")
        self._value: dict[str, Any] = value
        self._path = path
        self._read: set[str] = set()

    def path(self, key: str) -> str:
        """Return a key's path from the document's root."""
        return f"{self._path}/{key}" if self._path else key

    def has(self, key: str) -> bool:
        """Whether the key is present."""
        return key in self._value

    def allow(self, *keys: str) -> None:
        """Accept keys that carry no meaning for encoding."""
        self._read.update(keys)

    def done(self) -> None:
        """Refuse the first key that nobody asked for."""
        for key in self._value:
            if key not in self._read:
                raise SchemaInvalid(self.path(key), "is unknown here; remove it")

    def _take(self, key: str, default: Any) -> Any:  # noqa: ANN401
        self._read.add(key)
        if key in self._value:
            return self._value[key]
        if default is _MISSING:
            raise SchemaInvalid(self.path(key), "is missing")
        return default

    def child(self, key: str) -> Reader:
        """Return an object inside this one."""
        return Reader(self._take(key, _MISSING), self.path(key))

    def array(self, key: str) -> list[Any]:
        """Return a list."""
        value = self._take(key, _MISSING)
        if not isinstance(value, list):
            raise SchemaInvalid(self.path(key), "must be a list")
        return value

    def texts(self, key: str) -> list[str]:
        """Return a list of strings."""
        values = self.array(key)
        if not all(isinstance(value, str) for value in values):
            raise SchemaInvalid(self.path(key), "must be a list of strings")
        return values

    def text(self, key: str) -> str:
        """Return a string."""
        value = self._take(key, _MISSING)
        if not isinstance(value, str):
            raise SchemaInvalid(self.path(key), "must be a string")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a string, or None where the key is absent."""
        return self.text(key) if self.has(key) else None

    def boolean(self, key: str, default: bool = False) -> bool:
        """Return true or false."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise SchemaInvalid(self.path(key), "must be true or false")
        return value

    def integer(
        self,
        key: str,
        default: int = _MISSING,
        *,
        least: int | None = None,
        most: int | None = None,
    ) -> int:
        """Return a whole number between two optional bounds, both included."""
        value = self._take(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise SchemaInvalid(self.path(key), "must be a whole number")
        if least is not None and value < least:
            raise SchemaInvalid(self.path(key), f"must be at least {least}")
        if most is not None and value > most:
            raise SchemaInvalid(self.path(key), f"must be at most {most}")
        return value

    def optional_integer(self, key: str, *, least: int | None = None) -> int | None:
        """Return a whole number, or None where the key is absent."""
        return self.integer(key, least=least) if self.has(key) else None

    def number(self, key: str, default: float = _MISSING) -> float:
        """Return a number of either kind, not rounded."""
        value = self._take(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise SchemaInvalid(self.path(key), "must be a number")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str = _MISSING) -> str:
        """Return one of a closed list of strings."""
        value = self._take(key, default)
        if value not in allowed:
            raise SchemaInvalid(self.path(key), f"must be one of {', '.join(allowed)}")
        return str(value)

    def base64(self, key: str) -> bytes | None:
        """Return decoded bytes, or None where the key is absent."""
        if not self.has(key):
            return None
        try:
            return base64.b64decode(self.text(key), validate=True)
        except (binascii.Error, ValueError):
            raise SchemaInvalid(self.path(key), "must be base64") from None
