"""Times that PostgreSQL holds and Python does not: infinity, year 10985, 24 o'clock.

The driver refuses the whole answer for one of them, so that a slip in one row would
keep everybody else from being read. They come as the text that the server wrote; what
is made of it is for whoever reads the row: a date that can't be read. Known to nothing
but psycopg.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection, DataError
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

_KINDS = ("date", "timestamp", "timestamptz", "time", "timetz", "interval")


def as_written(connection: Connection[Any], _: object = None) -> None:
    """Let a new session read such times as text."""
    for kind in _KINDS:
        known = connection.adapters.types[kind].oid
        usual = connection.adapters.get_loader(known, Format.TEXT)
        if usual is not None:
            connection.adapters.register_loader(known, _patient(usual))


def _patient(usual: Any) -> type[Loader]:  # noqa: ANN401 - compiled, without types
    class Patient(Loader):
        """The usual loader, and the text where that fails."""

        def __init__(self, oid: int, connection: Any = None) -> None:  # noqa: ANN401
            super().__init__(oid, connection)
            self._usual = usual(oid, connection)

        def load(self, data: Buffer) -> Any:  # noqa: ANN401 - as the usual one
            try:
                return self._usual.load(data)
            except DataError:
                return bytes(data).decode()

    return Patient
