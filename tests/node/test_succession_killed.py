"""The taking-up is killed before every single change that it makes to a folder."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from childgrid_log import names
from childgrid_log.archive import SUFFIX
from childgrid_log.log import Log
from childgrid_node import succession
from childgrid_node.config import load
from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.kinds import Kind
from node.test_succession import HOLDER, Desk, _light, desk

__all__ = ["_light", "desk"]


class Killed(BaseException):
    """As by `kill -9`."""


def killing(patch: pytest.MonkeyPatch, left: int) -> None:
    """Die instead of the change to a folder after `left` of them."""
    numbers = count()

    def counted(home: object, name: str) -> None:
        real = getattr(home, name)

        def change(*words: object, **more: object) -> object:
            if next(numbers) == left:
                raise Killed
            return real(*words, **more)

        patch.setattr(home, name, change)

    for name in ("rename", "unlink"):
        counted(Path, name)
    counted(keyfile, "write_private")
    counted(keyfile, "lock")


def copied(desk: Desk, folder: Path) -> Desk:
    """The same state in another folder, with an archive beside the closed log."""
    home = desk.config.state_dir.parent
    shutil.copytree(home, folder)
    other = Desk(desk.grid, load(folder / "node.toml"), desk.document)
    other.path.with_suffix(SUFFIX).mkdir()
    return other


@pytest.mark.threat("T10")
def test_whatever_was_the_last_change_the_next_start_ends_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The closed log is never lost nor written to, and the next one begun once."""
    before = desk.path.read_bytes()
    for left in count():
        cut = copied(desk, tmp_path / str(left))
        shelf, closed = cut.learn(), cut.path.parent / "closed-0.db"
        with monkeypatch.context() as patch, suppress(Killed):
            killing(patch, left)
            cut.take_up(shelf)
            break
        assert before in [
            one.read_bytes() for one in (cut.path, closed) if one.exists()
        ]

        own = cut.take_up(shelf)

        path = own.log_key, names.origin(HOLDER, 1)
        with Log.open(cut.path, path[1], path[0]) as log:
            assert log.size() == 0
        assert closed.read_bytes() == before
        assert closed.with_suffix(SUFFIX).is_dir()
        assert cut.files() == {"log.db", "closed-0.db"}
        assert (cut.keys / "log.db.restored").exists()
    assert left >= len(CHANGES)


CHANGES = ("to next.db", "mark", "tiles", "aside", "to log.db", "begun", "keys")


@pytest.mark.parametrize("name", ["_carry_over", "_check_old"])
def test_a_file_that_is_read_meanwhile_is_not_moved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A part of it may then lie beside it, and would be left behind, unseen."""
    real, before = getattr(succession, name), desk.path.read_bytes()
    reads: list[sqlite3.Connection] = []

    def read(*words: Any) -> None:
        real(*words)
        path = words[1] if name == "_carry_over" else desk.path
        reads.append(db := sqlite3.connect(path, isolation_level=None))
        db.execute("INSERT INTO cursor VALUES ('read', 1)")
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM said").fetchone()

    with monkeypatch.context() as patch:
        patch.setattr(succession, name, read)
        with pytest.raises(ConfigurationRefused, match="can't be moved whole"):
            desk.take_up(desk.learn())
    for one in reads:
        one.close()
    assert "closed-0.db" not in desk.files()
    assert desk.path.read_bytes()[:16] == before[:16]
    office = desk.begun()
    assert len(office.journal.all(Kind.REQUEST)) == 2
    office.journal.log.close()
