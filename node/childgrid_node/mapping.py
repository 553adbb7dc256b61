"""How one source's columns become the grid's fields: the mapping file as a type.

`Mapping.read(path)` accepts exactly one spelling of a mapping: unknown keys, unknown
grid fields and wrong types are refused with the file, the key and what is allowed.
It reads no row and opens no source; whether the columns exist is the register's to say.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from childgrid_wire.kinds import CATEGORIES, FIELDS

from .mapping_parse import Strict, folded
from .source_errors import MappingError

_LONGEST_YEARS = 100
ROLES = ("suspect", "victim", "other")
"""What a row's person may be to the recorded event."""

_KEYS = (
    "agency",
    "category",
    "source",
    "password_file",
    "unproved_reader",
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
    """A grid field taken from one or more columns, in this order.

    Those of a name, a date or an address are parts of one; two whole addresses are not.
    """

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Aged:
    """An age in years, and what dates it: a column, or one day for all rows."""

    column: str
    as_of: str | None
    on: date | None = None

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

    Values are compared as `folded`; a value in neither list is
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
        value = folded(text)
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
    """A filter on one column; `values` are folded."""

    column: str
    values: frozenset[str]
    keep: bool

    def admits(self, text: str) -> bool:
        """Whether a row with `text` in this column may enter the index."""
        return (folded(text) in self.values) is self.keep


@dataclass(frozen=True, slots=True)
class Mapping:
    """One source and how its columns become grid fields.

    `source` is a SQLAlchemy URL or a file name relative to the mapping; it may hold a
    password and is therefore left out of `repr`. `password_file` is a file of mode 600
    that holds the password instead. `unproved_reader` lets a database be read that does
    not tell whether the account may write.
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
    password_file: str | None = None
    unproved_reader: bool = False

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


class _Reader(Strict):
    """Turns a parsed TOML table into a `Mapping`, refusing all it does not know."""

    def mapping(self, table: dict[str, Any]) -> Mapping:
        self.only(table, "", _KEYS)
        category = self._category(table, "", "")
        fields = self._fields(self.table(table, "fields", required=True))
        return Mapping(
            path=self.path,
            agency=self.word(table, "agency"),
            category=category,
            source=self.word(table, "source"),
            relation=self.word(table, "relation", "") or None,
            key=self.word(table, "key"),
            updated=self.word(table, "updated", "") or None,
            event=self.word(table, "event", "") or None,
            role=self._role(table.get("role", "other")),
            retain=self._retention(table.get("retain")),
            fields=fields,
            grants=self._grants(table, fields, category),
            where=self._where(self.table(table, "where")),
            password_file=self.word(table, "password_file", "") or None,
            unproved_reader=self.flag(table, "unproved_reader"),
        )

    def _fields(self, table: dict[str, Any]) -> MappingProxyType[str, Source]:
        self.only(table, "fields", FIELDS)
        if not table:
            raise self.error("fields", "names no grid field", ", ".join(FIELDS))
        return MappingProxyType({k: self._source(k, v) for k, v in table.items()})

    def _source(self, field: str, value: object) -> Source:
        setting = f"fields.{field}"
        if isinstance(value, dict):
            return self._pair(field, value)
        if field == "identifier":
            raise self.error(
                setting, "needs a pair", '{ type = "COLUMN", number = "COLUMN" }'
            )
        if field == "age" and isinstance(value, str) and value:
            return Aged(value, None)
        if field != "age" and isinstance(value, list) and value:
            return Columns(tuple(self.text(setting, item) for item in value))
        return Columns((self.text(setting, value),))

    def _pair(self, field: str, value: dict[str, Any]) -> Source:
        setting = f"fields.{field}"
        if field == "age":
            self.only(value, setting, ("column", "as_of"))
            column = self.word(value, "column", None, setting)
            on = value.get("as_of")
            if type(on) is date:
                return Aged(column, None, on)
            return Aged(column, self.word(value, "as_of", "", setting) or None)
        if field == "identifier":
            self.only(value, setting, ("type", "number"))
            kind = self.word(value, "type", None, setting)
            return Typed(kind, self.word(value, "number", None, setting))
        raise self.error(setting, "takes no table", "a column or a list of columns")

    def _role(self, value: object) -> Role:
        if isinstance(value, dict):
            self.only(value, "role", ("column", "victim", "suspect"))
            victim = self.values(value.get("victim", []), "role.victim")
            suspect = self.values(value.get("suspect", []), "role.suspect")
            if victim & suspect:
                raise self.error("role", "lists one value twice", "disjoint lists")
            column = self.word(value, "column", None, "role")
            return Role("other", column, victim, suspect)
        if isinstance(value, str) and value in ROLES:
            return Role(value)
        allowed = f"{', '.join(ROLES)}, or {{ column, victim = [], suspect = [] }}"
        raise self.error("role", "is not a role", allowed)

    def _retention(self, value: object) -> Retention | None:
        if value is None:
            return None
        if isinstance(value, str):
            return Retention(self.text("retain", value))
        allowed = f"a column of dates, or {{ column, years = 1..{_LONGEST_YEARS} }}"
        if not isinstance(value, dict):
            raise self.error("retain", "is no column", allowed)
        self.only(value, "retain", ("column", "years"))
        years = value.get("years")
        if type(years) is not int or not 1 <= years <= _LONGEST_YEARS:
            raise self.error("retain.years", "is no number of years", allowed)
        return Retention(self.word(value, "column", None, "retain"), years)

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
        for label, value in self.table(table, "disclose").items():
            setting = f"disclose.{label}"
            if not isinstance(value, dict):
                raise self.error(setting, "is no table", "{ column, category }")
            self.only(value, setting, ("column", "category"))
            column = self.word(value, "column", None, setting)
            given = self._category(value, category, setting)
            grants[label] = Grant((column,), given)
        return MappingProxyType(grants)

    def _category(self, table: dict[str, Any], default: str, prefix: str) -> str:
        """The category, or its default: policies and the guard go by its very name."""
        given = self.word(table, "category", default, prefix)
        if given not in (default, *CATEGORIES):
            setting = f"{prefix}.category" if prefix else "category"
            raise self.error(setting, f"{given!r} is none", ", ".join(CATEGORIES))
        return given

    def _where(self, table: dict[str, Any]) -> tuple[Where, ...]:
        return tuple(self._rule(column, value) for column, value in table.items())

    def _rule(self, column: str, value: object) -> Where:
        setting = f"where.{column}"
        allowed = "{ in = [..] } or { not_in = [..] }"
        if not isinstance(value, dict) or len(value) != 1:
            raise self.error(setting, "is not one rule", allowed)
        self.only(value, setting, ("in", "not_in"))
        ((verb, items),) = value.items()
        return Where(column, self.values(items, f"{setting}.{verb}"), verb == "in")
