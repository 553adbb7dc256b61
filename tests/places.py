"""A database of the tests with its two accounts: one that owns, one that reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import URL, Engine, create_engine, text


@dataclass
class Place:
    """One fresh, empty database; `reader` may read every table that comes into it."""

    owner: URL
    reader: URL
    _engine: Engine = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._engine = create_engine(self.owner, isolation_level="AUTOCOMMIT")

    def run(self, *statements: str, **values: object) -> None:
        """Do something as the owner."""
        with self._engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    @property
    def source(self) -> str:
        """The reader's URL as a mapping gives it."""
        return self.reader.render_as_string(hide_password=False)

    @property
    def account(self) -> str:
        """The reader as a GRANT names it."""
        name = self.reader.username or ""
        return name if self.kind == "postgresql" else f"'{name}'@'localhost'"

    @property
    def kind(self) -> str:
        """postgresql or mariadb."""
        return self.owner.get_backend_name()

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()
