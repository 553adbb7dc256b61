"""How one source's columns become the grid's fields: the mapping file as a type.

`Mapping.read(path)` accepts exactly one spelling of a mapping: unknown keys, unknown
grid fields and wrong types are refused with the file, the key and what is allowed.
It reads no row and opens no source; whether the columns exist is the register's to say.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .source_errors import MappingError

FIELDS = (
    "name",
    "alias",
    "relative",
    "birth_date",
    "birth_year",
    "age",
    "sex",
    "address",
    "district",
    "state",
    "pin",
    "phone",
    "aadhaar",
    "pan",
    "epic",
    "passport",
    "driving_licence",
    "vehicle",
    "email",
    "handle",
    "upi",
    "fir",
    "cnr",
    "identifier",
)
"""Every grid field a mapping may name."""

_LONGEST_YEARS = 100
ROLES = ("suspect", "victim", "other")
"""What a row's person may be to the recorded event."""

_KEYS = (
    "agency",
    "category",
    "source",
    "relation",
    "key",
    "updated",
    "event",
    "role",
    "retain",
    "fields",
    "disclose",
    "where",
)


@dataclass(frozen=True, slots=True)
class Columns:
    """A grid field taken from one or more columns, in this order."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Aged:
    """An age in years, and the column that dates it (None: undated)."""

    column: str
    as_of: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns this field reads."""
        return (self.column, self.as_of) if self.as_of else (self.column,)


@dataclass(frozen=True, slots=True)
class Typed:
    """An identifier whose kind stands in another column of the same row."""

    type: str
    number: str

    @property
    def names(self) -> tuple[str, ...]:
        """The columns this field reads."""
        return (self.type, self.number)


Source = Columns | Aged | Typed


@dataclass(frozen=True, slots=True)
class Role:
    """What the row's person is: fixed for the source, or read from a column.

    Values are compared without case and outer blanks; a value in neither list is
    `other`, and the guard keeps its row out of the suspect index.
    """

    fixed: str = "other"
    column: str | None = None
    victim: frozenset[str] = frozenset()
    suspect: frozenset[str] = frozenset()

    def of(self, text: str) -> str:
        """The role that the column's `text` stands for (`text` unused when fixed)."""
        if self.column is None:
            return self.fixed
        value = text.strip().casefold()
        if value in self.victim:
            return "victim"
        return "suspect" if value in self.suspect else "other"


@dataclass(frozen=True, slots=True)
class Retention:
    """Until when a row may be searched: the date in `column`, plus so many years."""

    column: str
    years: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """What a policy may grant under one label: columns and their data category."""

    columns: tuple[str, ...]
    category: str


@dataclass(frozen=True, slots=True)
class Where:
    """A filter on one column; `values` are case-folded and stripped."""

    column: str
    values: frozenset[str]
    keep: bool

    def admits(self, text: str) -> bool:
        """Whether a row with `text` in this column may enter the index."""
        return (text.strip().casefold() in self.values) is self.keep


@dataclass(frozen=True, slots=True)
class Mapping:
    """One source and how its columns become grid fields.

    `source` is a SQLAlchemy URL or a file name relative to the mapping; it may hold a
    password and is therefore left out of `repr`.
    """

    path: Path
    agency: str
    category: str
    source: str
    relation: str | None
    key: str
    updated: str | None
    event: str | None
    role: Role
    retain: Retention | None
    fields: MappingProxyType[str, Source]
    grants: MappingProxyType[str, Grant]
    where: tuple[Where, ...]

    @classmethod
    def read(cls, path: Path | str) -> Mapping:
        """Read the mapping file at `path`; raises `MappingError`."""
        path = Path(path)
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise MappingError(
                f"{path}: cannot be read ({type(error).__name__}); "
                "give a TOML file in UTF-8"
            ) from None
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path = Path("mapping.toml")) -> Mapping:
        """Parse the TOML `text`; `path` is what messages call it."""
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise MappingError(f"{path}: not TOML: {error}") from None
        except (ValueError, RecursionError):  # which tomllib lets out
            fault = "a number is too long or a list too deep; make it shorter"
            raise MappingError(f"{path}: {fault}") from None
        return _Reader(path).mapping(table)

    def columns(self) -> tuple[str, ...]:
        """Every column the mapping names, each once, the key first."""
        return tuple(dict.fromkeys(column for _, column in self.uses()))

    def uses(self) -> Iterator[tuple[str, str]]:
        """Pairs of (setting in the file, column it names)."""
        yield "key", self.key
        for setting in ("updated", "event"):
            if column := getattr(self, setting):
                yield setting, column
        if self.role.column:
            yield "role.column", self.role.column
        if self.retain:
            yield "retain", self.retain.column
        for field, source in self.fields.items():
            for column in source.names:
                yield f"fields.{field}", column
        for label, grant in self.grants.items():
            for column in grant.columns:
                yield f"disclose.{label}", column
        for rule in self.where:
            yield f"where.{rule.column}", rule.column

    def __repr__(self) -> str:
        return f"Mapping({str(self.path)!r}, agency={self.agency!r})"


class _Reader:
    """Turns a parsed TOML table into a `Mapping`, refusing all it does not know."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mapping(self, table: dict[str, Any]) -> Mapping:
        self._only(table, "", _KEYS)
        category = self._word(table, "category", "")
        fields = self._fields(self._table(table, "fields", required=True))
        return Mapping(
            path=self._path,
            agency=self._word(table, "agency"),
            category=category,
            source=self._word(table, "source"),
            relation=self._word(table, "relation", "") or None,
            key=self._word(table, "key"),
            updated=self._word(table, "updated", "") or None,
            event=self._word(table, "event", "") or None,
            role=self._role(table.get("role", "other")),
            retain=self._retention(table.get("retain")),
            fields=fields,
            grants=self._grants(table, fields, category),
            where=self._where(self._table(table, "where")),
        )

    def _fields(self, table: dict[str, Any]) -> MappingProxyType[str, Source]:
        self._only(table, "fields", FIELDS)
        if not table:
            raise self._error("fields", "names no grid field", ", ".join(FIELDS))
        return MappingProxyType({k: self._source(k, v) for k, v in table.items()})

    def _source(self, field: str, value: object) -> Source:
        setting = f"fields.{field}"
        if isinstance(value, dict):
            return self._pair(field, value)
        if field == "identifier":
            raise self._error(
                setting, "needs a pair", '{ type = "COLUMN", number = "COLUMN" }'
            )
        if field == "age" and isinstance(value, str) and value:
            return Aged(value, None)
        if field != "age" and isinstance(value, list) and value:
            return Columns(tuple(self._text(setting, item) for item in value))
        return Columns((self._text(setting, value),))

    def _pair(self, field: str, value: dict[str, Any]) -> Source:
        setting = f"fields.{field}"
        if field == "age":
            self._only(value, setting, ("column", "as_of"))
            as_of = self._word(value, "as_of", "", setting) or None
            return Aged(self._word(value, "column", None, setting), as_of)
        if field == "identifier":
            self._only(value, setting, ("type", "number"))
            kind = self._word(value, "type", None, setting)
            return Typed(kind, self._word(value, "number", None, setting))
        raise self._error(setting, "takes no table", "a column or a list of columns")

    def _role(self, value: object) -> Role:
        if isinstance(value, dict):
            self._only(value, "role", ("column", "victim", "suspect"))
            victim = self._values(value.get("victim", []), "role.victim")
            suspect = self._values(value.get("suspect", []), "role.suspect")
            if victim & suspect:
                raise self._error("role", "lists one value twice", "disjoint lists")
            column = self._word(value, "column", None, "role")
            return Role("other", column, victim, suspect)
        if isinstance(value, str) and value in ROLES:
            return Role(value)
        allowed = f"{', '.join(ROLES)}, or {{ column, victim = [], suspect = [] }}"
        raise self._error("role", "is not a role", allowed)

    def _retention(self, value: object) -> Retention | None:
        if value is None:
            return None
        if isinstance(value, str):
            return Retention(self._text("retain", value))
        allowed = f"a column of dates, or {{ column, years = 1..{_LONGEST_YEARS} }}"
        if not isinstance(value, dict):
            raise self._error("retain", "is no column", allowed)
        self._only(value, "retain", ("column", "years"))
        years = value.get("years")
        if type(years) is not int or not 1 <= years <= _LONGEST_YEARS:
            raise self._error("retain.years", "is no number of years", allowed)
        return Retention(self._word(value, "column", None, "retain"), years)

    def _grants(
        self,
        table: dict[str, Any],
        fields: MappingProxyType[str, Source],
        category: str,
    ) -> MappingProxyType[str, Grant]:
        if "disclose" not in table:
            mapped = {name: Grant(s.names, category) for name, s in fields.items()}
            return MappingProxyType(mapped)
        grants = {}
        for label, value in self._table(table, "disclose").items():
            setting = f"disclose.{label}"
            if not isinstance(value, dict):
                raise self._error(setting, "is no table", "{ column, category }")
            self._only(value, setting, ("column", "category"))
            column = self._word(value, "column", None, setting)
            given = self._word(value, "category", category, setting)
            grants[label] = Grant((column,), given)
        return MappingProxyType(grants)

    def _where(self, table: dict[str, Any]) -> tuple[Where, ...]:
        return tuple(self._rule(column, value) for column, value in table.items())

    def _rule(self, column: str, value: object) -> Where:
        setting = f"where.{column}"
        allowed = "{ in = [..] } or { not_in = [..] }"
        if not isinstance(value, dict) or len(value) != 1:
            raise self._error(setting, "is not one rule", allowed)
        self._only(value, setting, ("in", "not_in"))
        ((verb, items),) = value.items()
        return Where(column, self._values(items, f"{setting}.{verb}"), verb == "in")

    def _values(self, items: object, setting: str) -> frozenset[str]:
        if not isinstance(items, list):
            raise self._error(setting, "is no list", "a list of values")
        return frozenset(self._value(setting, item) for item in items)

    def _value(self, setting: str, item: object) -> str:
        if not isinstance(item, str | bool | int):
            raise self._error(
                setting, "holds a wrong type", "text, whole numbers, true, false"
            )
        return str(item).strip().casefold()

    def _table(
        self, table: dict[str, Any], name: str, *, required: bool = False
    ) -> dict[str, Any]:
        value = table.get(name, None if required else {})
        if not isinstance(value, dict):
            raise self._error(name, "is missing or no table", f"a table [{name}]")
        return value

    def _word(
        self,
        table: dict[str, Any],
        name: str,
        default: str | None = None,
        prefix: str = "",
    ) -> str:
        setting = f"{prefix}.{name}" if prefix else name
        if name not in table and default is not None:
            return default
        if name not in table:
            raise self._error(setting, "is missing", "text that is not empty")
        return self._text(setting, table[name])

    def _text(self, setting: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            allowed = "text that is not empty"
            if setting.startswith("fields."):
                allowed = "a column, or a list of columns where the field has parts"
            raise self._error(setting, "has a wrong type or is empty", allowed)
        return value

    def _only(
        self, table: dict[str, Any], prefix: str, allowed: tuple[str, ...]
    ) -> None:
        for name in table:
            if name not in allowed:
                setting = f"{prefix}.{name}" if prefix else name
                raise self._error(setting, "is unknown", ", ".join(allowed))

    def _error(self, setting: str, fault: str, allowed: str) -> MappingError:
        return MappingError(f"{self._path}: {setting} {fault}; allowed: {allowed}")
