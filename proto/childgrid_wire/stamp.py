"""The version of a schema, as it stands in the database itself.

A program opens a database of exactly the schema that it knows. It changes none while
it starts: an older one is brought up by the program's own `migrate`, a newer one is
left to the release that knows it. Only the stamp is read and written here;
`childgrid_migrate` moves a database from one revision to another.

Revisions are numbered over the whole project, so that one number says for every
database of a release how far it goes: each chain stands at its newest revision that is
not above it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from childgrid_wire.errors import ConfigurationRefused

Rows = Callable[[str], Sequence[Sequence[Any]]]
"""Reads a SQLite database: SQL → rows."""


class WrongVersion(ConfigurationRefused):
    """A database has the schema of another release; it was not opened or changed."""


@dataclass(frozen=True)
class Version:
    """A chain of revisions as a release knows it.

    `table` holds the one row with the revision, under the names that Alembic gives;
    `known` are this release's revisions, oldest first.
    """

    table: str
    known: tuple[str, ...]

    @property
    def head(self) -> str:
        """The revision that this release works with."""
        return self.known[-1]

    @property
    def ddl(self) -> str:
        """SQL that stamps a new database; two statements, each with its semicolon."""
        return (
            f"CREATE TABLE {self.table} (version_num VARCHAR(32) NOT NULL,"
            f" CONSTRAINT {self.table}_pkc PRIMARY KEY (version_num));\n"
            f"INSERT INTO {self.table} VALUES ('{self.head}');\n"
        )

    def insist(self, found: str, name: str) -> None:
        """Do nothing where `found`, the stamp of the database `name`, is the head.

        Raises:
            WrongVersion: it is not; says what to do. An empty `found` is a database of
                before there were stamps.
        """
        if found == self.head:
            return
        if found in ("", *self.known):
            raise WrongVersion(
                f"{name} has an earlier release's schema ({found or 'no stamp'}, wanted"
                f" {self.head}); back it up, then run this program's `migrate`"
            )
        raise WrongVersion(
            f"{name} has schema {found} of a newer release, this one knows"
            f" {self.head}; start that release, or let its `migrate --to` go back"
        )


def read(rows: Rows, version: Version) -> str:
    """The stamp in a SQLite database; empty where there is none."""
    if not _stands(rows, version.table):
        return ""
    found = rows(f"SELECT version_num FROM {version.table}")  # noqa: S608 - our name
    return str(found[0][0]) if len(found) == 1 else ""


def is_new(rows: Rows, version: Version, table: str, name: str) -> bool:
    """Whether a SQLite database has no tables of this chain yet; `table` is one.

    Raises:
        WrongVersion: it has, and of another release's schema.
    """
    found = read(rows, version)
    if not found and not _stands(rows, table):
        return True
    version.insist(found, name)
    return False


def _stands(rows: Rows, table: str) -> bool:
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name ="
    return bool(rows(f"{sql} '{table}'"))
