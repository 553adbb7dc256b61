"""A chain of revisions: which there are, and moving a database along them by Alembic.

Everything happens on the caller's connection and in its transaction; it neither begins
nor commits. The rule: revisions are never written anew once a release has them.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from childgrid_migrate.picture import Picture, picture
from childgrid_wire.stamp import WrongVersion

# Every revision would be named at level info, beside what `migrate` says itself.
logging.getLogger("alembic").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Chain:
    """The revisions of some tables of a database.

    `name` is what people read, `package` where the revisions stand, `table` where the
    stamp is kept, and `owned` a pattern that the names of exactly these tables match.
    """

    name: str
    package: str
    table: str
    owned: str

    @cached_property
    def revisions(self) -> tuple[str, ...]:
        """Every revision, oldest first."""
        scripts = ScriptDirectory.from_config(self._config(None))
        return tuple(reversed([one.revision for one in scripts.walk_revisions()]))

    def goal(self, to: str) -> str:
        """The newest revision not above `to`, by default of all."""
        known = [one for one in self.revisions if not to or one <= to]
        if not known:
            raise WrongVersion(f"there is no schema {to}; the first is 0001")
        return known[-1]

    def picture(self, db: Connection) -> Picture:
        """What the chain's tables look like in a database."""
        return picture(db, self._tables(db))

    def _tables(self, db: Connection) -> list[str]:
        owned = re.compile(self.owned)
        names = inspect(db).get_table_names()
        return [one for one in names if owned.fullmatch(one) and one != self.table]

    def found(self, db: Connection) -> str | None:
        """The revision of a database: its stamp, empty without one, None if new.

        Raises:
            WrongVersion: the stamp is a newer release's.
        """
        if inspect(db).has_table(self.table):
            sql = f"SELECT version_num FROM {self.table}"  # noqa: S608 - our name
            stamp = str(db.scalar(text(sql)) or "")
            if stamp and stamp not in self.revisions:
                raise WrongVersion(
                    f"schema {stamp} is a newer release's; use its own `migrate`"
                )
            if stamp:
                return stamp
        return "" if self._tables(db) else None

    def adopt(self, db: Connection) -> None:
        """Stamp a database of before there were stamps.

        Raises:
            WrongVersion: it doesn't look as the first revision does.
        """
        first = self.revisions[0]
        if odd := self.picture(db).unlike(self.blank(first)):
            raise WrongVersion(
                f"{odd} is not as release 0.1 makes it; start it once with that release"
            )
        command.stamp(self._config(db), first)

    def blank(self, revision: str) -> Picture:
        """What an empty database of a revision looks like, made from the revisions."""
        return _blank(self, revision)

    def move(self, db: Connection, revision: str) -> None:
        """Bring a database forward or back to a revision; a new one is built up."""
        found = self.found(db)
        if found and revision < found:
            command.downgrade(self._config(db), revision)
        elif found != revision:
            command.upgrade(self._config(db), revision)

    def _config(self, db: Connection | None) -> Config:
        config = Config()
        where = Path(str(import_module(self.package).__file__)).parent
        for key, value in (
            ("script_location", Path(__file__).parent),
            ("version_locations", where),
            ("path_separator", "newline"),
        ):
            config.set_main_option(key, str(value).replace("%", "%%"))
        config.attributes["connection"] = db
        config.attributes["version_table"] = self.table
        return config


@cache
def _blank(chain: Chain, revision: str) -> Picture:
    with create_engine("sqlite://").begin() as db:
        chain.move(db, revision)
        return chain.picture(db)


LOG = Chain("log", "childgrid_migrate.log", "log_version", r"log_.*")
WITNESS = Chain("witness", "childgrid_migrate.witness", "log_version", r"log_.*")
