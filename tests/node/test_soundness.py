"""A mapped index whose bytes were altered is found out, and nothing comes of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from childgrid_node import indexer, match, scan, segments
from childgrid_node.holdings import Holdings
from childgrid_node.index import Block, Index
from childgrid_node.index_errors import Damaged
from childgrid_node.index_file import FRAME_HEAD, FRAMES_AT
from childgrid_node.refresh import Pace, Refresher, step_all
from childgrid_node.scheme import Scheme
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import KABIR, Agency, Grid
from index_commits import KEYS, block, build, opened
from refusals import refused

IN_A_ROW = FRAMES_AT + FRAME_HEAD.size + 10


def flip(path: Path, at: int = IN_A_ROW) -> None:
    """Alter one bit of a file where it lies, as a failing disk would."""
    with path.open("r+b") as file:
        file.seek(at)
        one = file.read(1)[0]
        file.seek(at)
        file.write(bytes([one ^ 1]))


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "rows.index"
    build(path, clear=True)
    return path


def test_damage_is_told_by_whoever_reads_the_file_whole(path: Path) -> None:
    """Opening only maps it; from then on this index and those after it are damaged."""
    flip(path)
    found = opened(path)
    assert not found.damaged
    with pytest.raises(Damaged, match="rebuild"):
        found.verify()

    after = found.changed(deletes=KEYS[:1])
    assert found.damaged
    assert after.damaged
    with pytest.raises(Damaged):
        after.verify()


def test_damage_after_opening_is_found_in_the_mapping_that_is_searched(
    path: Path,
) -> None:
    """A whole file that took the damaged one's place says nothing for the old rows."""
    found = opened(path)
    flip(path)
    build(path, clear=True)
    opened(path).verify()
    with pytest.raises(Damaged):
        found.verify()


def test_what_was_read_in_part_is_not_known(path: Path) -> None:
    """Who stops a reading has learnt nothing; the next one begins anew."""
    flip(path)
    found = opened(path)
    found.verify(lambda: True)
    assert not found.damaged
    with pytest.raises(Damaged):
        found.verify(lambda: False)


def test_compaction_gives_no_new_checksum_to_altered_rows(path: Path) -> None:
    """It refuses, and the file stays as it is."""
    found = opened(path).changed([block(1)])
    flip(path)
    before = path.read_bytes()
    with pytest.raises(Damaged):
        found.compacted()
    assert path.read_bytes() == before


@pytest.mark.parametrize("clear", [True, False])
def test_a_whole_index_is_sound_after_every_change(path: Path, clear: bool) -> None:
    """Mapped or decrypted, changed or compacted."""
    build(path, clear=clear)
    found = opened(path).changed([block(1)], KEYS[:5])
    for index in (found, found.compacted(), opened(path)):
        index.verify()
        assert not index.damaged


class Customs:
    """An agency whose index lies in the clear, and a query that waits for it."""

    def __init__(self, folder: Path) -> None:
        self.grid = Grid(folder)
        self.at: Agency = self.grid.agency("customs")
        self.keyring = replace(self.at.keyring, clear=True)
        self.path = self.at.folder / "rows.index"
        self.refresher = Refresher(
            self.at.source, self.path, self.keyring, lambda: self.at.office.now
        )
        self.refresher.build()

    def start(self) -> None:
        """Open the index as a node does that starts, and read it as it does then."""
        self._hold(self.opened())
        with suppress(Damaged):
            self.at.holdings.indexes["rows"].verify()

    def opened(self) -> Index:
        return indexer.open_index(self.path, self.keyring)

    def put(self, _name: str, index: Index) -> None:
        index.verify()
        self._hold(index)

    def _hold(self, index: Index) -> None:
        held = self.at.holdings
        indexes = {"rows": index}
        self.at.holdings = Holdings(held.scheme, held.epoch, held.encoder, indexes)

    def query(self) -> Statement:
        payload = self.grid.draft(KABIR)
        asked = self.grid.sign("police", "si-rao", Kind.QUERY, payload)
        self.grid.decide("police", "sp-nair", asked.hash)
        return asked

    def answer(self, asked: Statement) -> Statement:
        heard = match.hear(self.at.office, **self.grid.call(asked, "customs"))
        return match.answer(self.at.office, self.at.holdings, heard)

    def refresh(self) -> None:
        """One round, as a serving node does it."""
        step_all(
            {"rows": self.refresher},
            self.at.holdings.indexes,
            Pace(3_600, 3_600, 86_400),
            self.put,
            lambda name: self.put(name, self.opened()),
        )


def test_a_query_is_refused_while_the_index_is_damaged(tmp_path: Path) -> None:
    """By name, unlogged, and not as no hit; it is answered once the index is whole."""
    customs = Customs(tmp_path)
    asked = customs.query()
    flip(customs.path)
    customs.start()
    assert customs.at.holdings.damaged == ("rows",)
    with refused(customs.grid, Reason.STORAGE):
        customs.answer(asked)

    customs.refresh()
    assert customs.at.holdings.damaged == ()
    assert customs.answer(asked)["outcome"] == "hit"


def test_a_damaged_index_is_not_made_anew_from_a_source_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    """Queries stay refused; nothing falls back to the altered rows."""
    customs = Customs(tmp_path)
    asked = customs.query()
    source = customs.at.folder / "rows.csv"
    content = source.read_bytes()
    flip(customs.path)
    customs.start()
    source.unlink()
    customs.refresh()
    with refused(customs.grid, Reason.STORAGE):
        customs.answer(asked)

    source.write_bytes(content)
    customs.refresh()
    assert customs.answer(asked)["outcome"] == "hit"


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_until_damage_is_known_altered_counts_lead_to_levels_that_exist(
    engine: str,
) -> None:
    """A popcount that no field can have is searched without leaving the tables."""
    scheme = Scheme.load("childgrid-2")
    random = np.random.default_rng(5)
    rows = random.integers(0, 2**64, (300, scheme.layout.words), np.uint64)
    filled = random.integers(0, 2**16, (300, len(scheme.fields))).astype(np.uint16)
    first = segments.frames_of(
        scheme,
        [Block([str(n) for n in range(300)], rows, np.zeros(300, np.uint8))],
        b"",
    )
    (part,) = segments.laid_out(scheme, (), first)

    found = scan.survey(scheme, [replace(part, filled=filled)], rows[0], engine)

    for row, position in zip(found.levels[0], found.active, strict=True):
        assert row[:300].max() <= scheme.comparisons[position].levels
