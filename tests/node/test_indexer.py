"""Indexing: guarded rows stay out, counts come out, and nothing of a value is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from childgrid_node import indexer
from childgrid_node.index_errors import IndexFileError
from childgrid_node.indexer import Keyring
from grid import START, Grid


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid whose indexes are only read."""
    return Grid(tmp_path_factory.mktemp("grid"))


@pytest.mark.parametrize(
    ("name", "keys", "left_out"),
    [
        ("police", ["PO-2"], {"victim": 1}),
        ("customs", ["CU-1", "CU-2", "CU-3"], {}),
        ("prisons", ["PR-1", "PR-2"], {}),
        ("childcare", ["CC-1"], {"minor at the event": 1}),
    ],
)
def test_who_is_in_the_index_and_who_was_left_out(
    grid: Grid, name: str, keys: list[str], left_out: dict[str, int]
) -> None:
    """Every row is either indexed or counted under exactly one reason."""
    at = grid.agency(name)
    index = at.holdings.indexes["rows"]

    assert [index.key(row) for row in range(index.living)] == keys
    assert dict(at.report.left_out) == left_out
    assert at.report.read == at.report.indexed + sum(at.report.left_out.values())


def test_a_role_that_is_not_named_is_counted(grid: Grid, tmp_path: Path) -> None:
    """Staff and guardians are nobody's suspects; the clerk sees how many they are."""
    customs = grid.agency("customs")
    path = customs.folder / "rows.csv"
    text = path.read_text("utf-8")
    path.write_text(text.replace("ACCUSED", "STAFF", 1), "utf-8")
    try:
        report = indexer.build(
            customs.source, tmp_path / "x.index", customs.keyring, START
        )
    finally:
        path.write_text(text, "utf-8")

    assert dict(report.left_out) == {"role not named": 1}
    index = indexer.open_index(tmp_path / "x.index", customs.keyring)
    assert [index.key(row) for row in range(index.living)] == ["CU-2", "CU-3"]


def test_nothing_of_a_row_is_in_the_file(grid: Grid) -> None:
    """No name, no number, and, sealed at rest, no source key either."""
    data = (grid.agency("customs").folder / "rows.index").read_bytes()

    for secret in (b"VANKHEDE", b"vankhede", b"9812345670", b"CU-1", b"AI-302"):
        assert secret not in data


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": 2},
        {"key_check": bytes(32)},
        {"index_key": bytes(32)},
    ],
    ids=lambda one: next(iter(one)),
)
def test_an_index_opens_under_its_own_keys_only(
    grid: Grid, change: dict[str, object]
) -> None:
    """Another epoch, linkage key or node can't use it."""
    customs = grid.agency("customs")
    other: Keyring = replace(customs.keyring, **change)  # type: ignore[arg-type]

    with pytest.raises(IndexFileError):
        indexer.open_index(customs.folder / "rows.index", other)


def test_secrets_are_not_shown_when_printed(grid: Grid) -> None:
    """A keyring in a traceback gives nothing away."""
    keyring = grid.agency("customs").keyring

    assert "linkage_key" not in repr(keyring)
    assert "index_key" not in repr(keyring)
    assert repr(keyring.linkage_key) not in repr(keyring)


def test_a_build_that_fails_leaves_the_old_index(grid: Grid, tmp_path: Path) -> None:
    """The source breaks off half way: the file that was there is still there."""
    customs = grid.agency("customs")
    path = tmp_path / "rows.index"
    indexer.build(customs.source, path, customs.keyring, START)
    before = path.read_bytes()

    def broken(_: int) -> None:
        raise OSError("the source went away")

    with pytest.raises(OSError, match="went away"):
        indexer.build(customs.source, path, customs.keyring, START, broken)

    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["rows.index"]


def test_progress_tells_how_many_rows_were_read(grid: Grid, tmp_path: Path) -> None:
    """Guarded rows count as read."""
    child = grid.agency("childcare")
    told: list[int] = []

    indexer.build(child.source, tmp_path / "x.index", child.keyring, START, told.append)

    assert told[-1] == 2
