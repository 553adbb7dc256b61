"""Reading a mapping's TOML strictly: one spelling of each value, all else refused.

Each reader returns a value or raises `MappingError` with the file, the setting and what
is allowed there. Which settings there are is `mapping`'s to say.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

from .source_errors import MappingError


def folded(text: str) -> str:
    """A value as two of them are compared: without case, form, or outer blanks.

    Hindi letters with a dot below have two spellings in Unicode that look the same, and
    words hold joiners and blanks that nobody sees.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    return " ".join(text.casefold().split())


class Strict:
    """Readers of one file's values; `path` is what messages call the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def values(self, items: object, setting: str) -> frozenset[str]:
        """A list of values, folded for comparison."""
        if not isinstance(items, list):
            raise self.error(setting, "is no list", "a list of values")
        return frozenset(self.value(setting, item) for item in items)

    def value(self, setting: str, item: object) -> str:
        """One value, folded for comparison."""
        if not isinstance(item, str | bool | int):
            raise self.error(
                setting, "holds a wrong type", "text, whole numbers, true, false"
            )
        return folded(str(item))

    def table(
        self, table: dict[str, Any], name: str, *, required: bool = False
    ) -> dict[str, Any]:
        """The table called `name`; empty where it is left out and not required."""
        value = table.get(name, None if required else {})
        if not isinstance(value, dict):
            raise self.error(name, "is missing or no table", f"a table [{name}]")
        return value

    def word(
        self,
        table: dict[str, Any],
        name: str,
        default: str | None = None,
        prefix: str = "",
    ) -> str:
        """The text called `name`, or its default."""
        setting = f"{prefix}.{name}" if prefix else name
        if name not in table and default is not None:
            return default
        if name not in table:
            raise self.error(setting, "is missing", "text that is not empty")
        return self.text(setting, table[name])

    def flag(self, table: dict[str, Any], name: str) -> bool:
        """The switch called `name`; off where it is left out."""
        value = table.get(name, False)
        if not isinstance(value, bool):
            raise self.error(name, "is no yes or no", "true, false")
        return value

    def text(self, setting: str, value: object) -> str:
        """The text itself, refused where it is none or empty."""
        if not isinstance(value, str) or not value.strip():
            allowed = "text that is not empty"
            if setting.startswith("fields."):
                allowed = "a column, or a list of columns where the field has parts"
            raise self.error(setting, "has a wrong type or is empty", allowed)
        return value

    def only(
        self, table: dict[str, Any], prefix: str, allowed: tuple[str, ...]
    ) -> None:
        """Refuse a name that is not allowed."""
        for name in table:
            if name not in allowed:
                setting = f"{prefix}.{name}" if prefix else name
                raise self.error(setting, "is unknown", ", ".join(allowed))

    def error(self, setting: str, fault: str, allowed: str) -> MappingError:
        """What is wrong with a setting, and what is allowed there."""
        return MappingError(f"{self.path}: {setting} {fault}; allowed: {allowed}")
