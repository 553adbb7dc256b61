"""Archiving beside a program that reads the same log, and beside another archiving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from childgrid_log import archiving
from childgrid_log.database import Database
from childgrid_log.errors import LogUnavailable
from childgrid_log.log import Log
from log.stock import BEGUN, LATER, copied, opened, stocked

SIZE = 600
Read = Callable[[Log], object]


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed log; tests work on copies."""
    path = tmp_path_factory.mktemp("stock") / "log.db"
    stocked(path, SIZE)
    return path


@pytest.mark.parametrize("before", [0, 256])
@pytest.mark.parametrize("moment", [1, 2, 3])
@pytest.mark.parametrize(
    "read",
    [
        lambda log: log.entries(250, 600),
        lambda log: log.entries(0, 256),
        lambda log: log.tile(0, 1),
        lambda log: log.bundle(1),
        lambda log: log.inclusion(3, 600),
    ],
    ids=["entries", "old", "tile", "bundle", "proof"],
)
def test_a_reader_sees_the_same_whenever_leaves_are_moved(
    stock: Path, tmp_path: Path, read: Read, moment: int, before: int
) -> None:
    """A witness goes on beside `archive`, which moves leaves between two looks."""
    with opened(stock) as whole:
        expected = read(whole)
    path = copied(stock, tmp_path / "moved")
    with opened(path) as log, opened(path) as other, pytest.MonkeyPatch.context() as to:
        assert other.archive(BEGUN + before * 90) == before
        looks, query = [0], Database.query

        def looked(self: Database, sql: str, params: Sequence[Any] = ()) -> Any:
            found = query(self, sql, params)
            if self is log._database:
                looks[0] += 1
                if looks[0] == moment:
                    assert other.archive(LATER) == 512 - before
            return found

        to.setattr(Database, "query", looked)
        assert read(log) == expected


def test_two_archivings_do_not_write_over_each_other(
    stock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is told to wait; old checkpoints stay what the first has noted."""
    path = copied(stock, tmp_path / "moved")
    notes, told = archiving._notes, list[str]()
    with opened(path) as log, opened(path) as other:

        def noted(database: Database, stop: int) -> list[bytes]:
            if not told:
                with pytest.raises(LogUnavailable, match="another program") as caught:
                    other.archive(LATER)
                told.append(str(caught.value))
            return notes(database, stop)

        monkeypatch.setattr(archiving, "_notes", noted)
        assert log.archive(LATER) == 512
        assert told
        assert other.archive(LATER) == 0
        assert other.check_archive() == other.archived == 512
