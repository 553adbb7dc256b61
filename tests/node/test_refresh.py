"""An index follows its source: what is new is found, what is gone is gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from childgrid_node import indexer
from childgrid_node.index import Block, Index
from childgrid_node.index_errors import IndexFileError
from childgrid_node.indexer import Keyring, Mark
from childgrid_node.normalise import fingerprint
from childgrid_node.refresh import (
    Pace,
    Progress,
    Refresher,
    Round,
    latest,
    plan,
    step_all,
)
from childgrid_node.source_errors import SourceError
from grid import START, Grid

HOUR, DAY = 3_600, 86_400
PACE = Pace(lag=HOUR, reconcile=HOUR, rebuild=DAY)
MAPPING = """
agency = "customs"
category = "movement"
source = "sqlite:///people.db"
relation = "people"
key = "id"
updated = "changed"
retain = "until"
[fields]
name = "name"
birth_date = "dob"
[where]
status = { not_in = ["ACQUITTED"] }
"""
RULES = "rules"
MARK = Mark("time", "2026-01-01T00:00:00")


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """The keys of an agency of the grid."""
    return Grid(tmp_path_factory.mktemp("grid")).agency("customs").keyring


class Register:
    """A table of people, its index, and a clock."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self.folder, self.keyring, self.now = folder, keyring, START
        self.run(
            "CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, dob TEXT,"
            " status TEXT, changed TEXT, until TEXT)"
        )
        (folder / "people.toml").write_text(MAPPING)
        for number in range(6):
            self.put(f"P{number}", f"Person {'abcdef'[number]}mesh")
        self.source = indexer.open_source(folder / "people.toml")
        self.path = folder / "people.index"
        self.refresher = Refresher(self.source, self.path, keyring, lambda: self.now)
        self.refresher.build()
        self.index = indexer.open_index(self.path, keyring)

    def run(self, sql: str, *values: object) -> None:
        with closing(sqlite3.connect(self.folder / "people.db")) as db, db:
            db.execute(sql, values)

    def put(self, key: str, name: str, status: str = "OPEN", until: str = "") -> None:
        self.run(
            "INSERT OR REPLACE INTO people VALUES (?, ?, '1980-02-03', ?,"
            " datetime(?, 'unixepoch'), ?)",
            *(key, name, status, self.now, until),
        )

    def step(self, seconds: int = 60) -> list[str]:
        """Some time later, one round; returns the keys that can be found."""
        self.now += seconds
        self.index = self.refresher.step(self.index, PACE)
        return self.keys()

    def keys(self) -> list[str]:
        return living(self.index)


def living(index: Index) -> list[str]:
    """The keys of an index's living rows."""
    return sorted(
        segment.key(local)
        for segment in index.segments
        for local in np.flatnonzero(segment.dead == 0).tolist()
    )


@pytest.fixture
def people(tmp_path: Path, keyring: Keyring) -> Register:
    """Six people, indexed."""
    return Register(tmp_path, keyring)


ALL = [f"P{number}" for number in range(6)]


def test_a_new_record_is_found_after_the_next_round(people: Register) -> None:
    """And the index says as of when it speaks, also on the disk."""
    people.now += 60
    people.put("P6", "Person gmesh")
    assert people.step() == [*ALL, "P6"]
    assert people.index.header.as_of == people.now
    again = indexer.open_index(people.path, people.keyring)
    assert living(again) == people.keys()
    assert again.header.as_of == people.now


def test_a_changed_record_is_found_as_it_is_now(people: Register) -> None:
    """The old encoding is gone, and nobody stands in the index twice."""
    row = people.index.row_of("P1")
    assert row is not None
    before = people.index.digest(row)
    people.now += 60
    people.put("P1", "Somebody Else")
    assert people.step() == ALL
    row = people.index.row_of("P1")
    assert row is not None
    assert people.index.digest(row) != before


def test_who_was_acquitted_is_gone_after_the_next_round(people: Register) -> None:
    """The filter that keeps a record out takes it out."""
    people.now += 60
    people.put("P1", "Person bmesh", "ACQUITTED")
    assert people.step() == ["P0", *ALL[2:]]


def test_what_is_deleted_is_gone_after_the_next_reconciliation(
    people: Register,
) -> None:
    """Deletes leave no time of change; the keys tell."""
    people.run("DELETE FROM people WHERE id = 'P0'")
    assert people.step() == ALL
    assert people.step(HOUR) == ALL[1:]


def test_what_is_past_its_retention_is_gone_after_the_next_rebuild(
    people: Register,
) -> None:
    """Nobody wrote to the record: only time has passed."""
    people.now += 60
    people.put("P0", "Person amesh", until="1970-01-01")
    people.put("P1", "Person bmesh", until="9999-01-01")
    people.run("UPDATE people SET changed = '2000-01-01 00:00:00'")
    assert people.step() == ALL
    assert people.step(DAY) == ALL[1:]


def test_taking_the_same_changes_twice_changes_nothing(people: Register) -> None:
    """A crash between the index and the note of how far it is costs one reading."""
    people.now += 60
    people.put("P6", "Person gmesh")
    note = people.path.with_suffix(".progress")
    kept = note.read_bytes()
    once = people.step()
    rows = len(people.index)
    note.write_bytes(kept)
    assert people.step() == once
    assert len(people.index) == rows


def test_a_source_that_lost_most_of_its_rows_is_not_believed(
    people: Register,
) -> None:
    """A broken view must not let a suspect vanish; a person decides."""
    people.run("DELETE FROM people WHERE id > 'P1'")
    with pytest.raises(SourceError, match="childgrid-node index"):
        people.step(HOUR)
    assert people.keys() == ALL
    people.refresher.build()
    assert living(indexer.open_index(people.path, people.keyring)) == ALL[:2]


def test_who_was_acquitted_goes_from_an_index_whose_source_is_not_believed(
    people: Register,
) -> None:
    """Nobody who was cleared waits for a person to look after a broken view."""
    people.now += 60
    people.run("DELETE FROM people WHERE id > 'P1'")
    people.put("P1", "Person bmesh", "ACQUITTED")
    people.put("P9", "Person kmesh")
    before, told = people.index.header.as_of, list[str]()
    for _ in range(2):
        people.now += HOUR
        step_all(
            {"people": people.refresher},
            {"people": people.index},
            PACE,
            lambda _, index: setattr(people, "index", index),
            told.append,
        )
        assert people.keys() == ["P0", *ALL[2:], "P9"]
        # Answers go on saying as of when they speak, and the alarm comes.
        assert people.index.header.as_of == before
    assert living(indexer.open_index(people.path, people.keyring)) == people.keys()
    assert not told


def test_an_export_whose_rows_break_is_told_in_the_log(
    tmp_path: Path, keyring: Keyring
) -> None:
    """Nobody runs `index` by hand any more; by kind and count, never by value."""
    source, table = people_csv(tmp_path), tmp_path / "people.csv"
    now, path = START, tmp_path / "people.index"
    refresher = Refresher(source, path, keyring, lambda: now)
    refresher.build()
    index = indexer.open_index(path, keyring)
    text = table.read_text()
    table.write_text(text.replace("P4,Person", "P4;Person").replace("P5,", ","))
    now += HOUR
    with capture_logs() as told:
        assert living(refresher.step(index, PACE)) == ALL[:4]
    (line,) = told
    assert (line["event"], line["log_level"]) == ("rows not used", "warning")
    assert line["kinds"] == "ragged 1, missing key 1"
    assert "Person" not in str(line)


@pytest.mark.parametrize("seconds", [HOUR, 40 * HOUR])
def test_a_file_that_lost_most_of_its_rows_is_not_believed(
    tmp_path: Path, keyring: Keyring, seconds: int
) -> None:
    """Nor a whole reading: an export that broke off leaves the index as it was."""
    source, table = people_csv(tmp_path), tmp_path / "people.csv"
    whole, now, path = table.read_text(), START, tmp_path / "people.index"
    refresher = Refresher(source, path, keyring, lambda: now)
    refresher.build()
    index = indexer.open_index(path, keyring)
    now += seconds
    table.write_text(whole[: whole.index("P2")])
    with pytest.raises(SourceError, match="childgrid-node index"):
        refresher.step(index, PACE)
    assert living(indexer.open_index(path, keyring)) == ALL
    table.write_text(whole)
    assert living(refresher.step(index, PACE)) == ALL
    table.write_text(whole[: whole.index("P2")])
    refresher.build()
    assert living(indexer.open_index(path, keyring)) == ALL[:2]


def people_csv(folder: Path) -> indexer.Source:
    """The same six people in a file."""
    rows = [f"{key},Person {key[1]}mesh,1980-02-03,OPEN,,\n" for key in ALL]
    (folder / "people.csv").write_text(
        "id,name,dob,status,changed,until\n" + "".join(rows)
    )
    mapping = MAPPING.replace("sqlite:///people.db", "people.csv")
    (folder / "people.toml").write_text(mapping.replace('relation = "people"\n', ""))
    return indexer.open_source(folder / "people.toml")


def test_a_source_that_is_away_leaves_the_index_as_it_was(people: Register) -> None:
    """The failed round is told; the next one makes it good."""
    (people.folder / "people.db").rename(people.folder / "away")
    with pytest.raises(SourceError):
        people.step()
    assert people.keys() == ALL
    (people.folder / "away").rename(people.folder / "people.db")
    assert people.step() == ALL


def test_who_searches_meanwhile_keeps_what_they_had(people: Register) -> None:
    """A round makes a new index; the old one answers as before."""
    old = people.index
    people.now += 60
    people.put("P6", "Person gmesh")
    people.put("P0", "Person amesh", "ACQUITTED")
    people.step()
    assert living(old) == ALL
    assert people.keys() == [*ALL[1:], "P6"]


def test_an_index_that_somebody_else_built_is_opened_again(
    people: Register, tmp_path: Path
) -> None:
    """`childgrid-node index` beside a serving node; other sources go on."""
    stale, put, reopened = people.index, dict[str, Index](), list[str]()
    people.put("P6", "Person gmesh")
    people.refresher.build()
    other = tmp_path / "other"
    other.mkdir()
    second = Register(other, people.keyring)
    step_all(
        {"people": people.refresher, "other": second.refresher},
        {"people": stale, "other": second.index},
        PACE,
        put.__setitem__,
        reopened.append,
    )
    assert reopened == ["people"]
    assert list(put) == ["other"]
    with pytest.raises(IndexFileError):
        people.refresher.step(stale, PACE)


@pytest.mark.parametrize(
    ("whole", "keys", "mark", "expected"),
    [
        (0, 0, MARK, Round(changes=True)),
        (0, HOUR, MARK, Round(changes=True, keys=True)),
        (DAY, 0, MARK, Round(whole=True)),
        (-1, 0, MARK, Round(whole=True)),
        (0, -1, MARK, Round(changes=True, keys=True)),
        (0, 0, None, Round()),
        (0, HOUR, None, Round(whole=True)),
    ],
)
def test_what_is_due(whole: int, keys: int, mark: Mark | None, expected: Round) -> None:
    """By how long ago it was done; a clock that went back makes it due."""
    known = Progress(MARK, START - whole, START - keys, RULES)
    assert plan(known, mark, PACE, START, RULES) == expected
    assert plan(None, mark, PACE, START, RULES) == Round(whole=True)
    assert plan(known, mark, PACE, START, "others") == Round(whole=True)


def test_a_file_is_read_whole_when_it_is_another() -> None:
    """Its mark is the file itself."""
    one, two = Mark("file", "1"), Mark("file", "2")
    known = Progress(one, START, START, RULES)
    assert plan(known, one, PACE, START + HOUR, RULES) == Round()
    assert plan(known, two, PACE, START + 1, RULES) == Round(whole=True)


def test_a_file_that_is_the_same_is_looked_at_all_the_same(
    tmp_path: Path, keyring: Keyring
) -> None:
    """Nothing is read anew, and the index speaks as of the look."""
    (tmp_path / "people.csv").write_text(
        "id,name,dob,status,changed,until\nP0,Person amesh,1980-02-03,OPEN,,\n"
    )
    mapping = MAPPING.replace("sqlite:///people.db", "people.csv")
    mapping = mapping.replace('relation = "people"\n', "")
    (tmp_path / "people.toml").write_text(mapping)
    source, now = indexer.open_source(tmp_path / "people.toml"), START
    path = tmp_path / "people.index"
    refresher = Refresher(source, path, keyring, lambda: now)
    refresher.build()
    index = indexer.open_index(path, keyring)
    now += 60
    after = refresher.step(index, PACE)
    assert after.header.as_of == now
    assert after.header.created == index.header.created
    assert living(after) == ["P0"]


def test_a_damaged_note_means_reading_the_source_whole(tmp_path: Path) -> None:
    """So does a missing one; what was written is read again."""
    path = tmp_path / "people.progress"
    assert Progress.read(path) is None
    for text in ("", "{}", "[]", '{"mark": 1, "whole": 2, "keys": 3}', "null"):
        path.write_text(text)
        assert Progress.read(path) is None, text
    for mark in (MARK, None):
        Progress(mark, 1, 2, RULES).write(path)
        assert Progress.read(path) == Progress(mark, 1, 2, RULES)


def test_rows_that_an_earlier_release_read_by_other_rules_are_read_again(
    people: Register,
) -> None:
    """Queries are encoded by today's rules; a note that names none is of such a one.

    Nothing changed at the source, and still each row is taken in anew, once.
    """
    people.step()
    made = people.index.header.created
    beside = people.path.with_suffix(".progress")
    noted = json.loads(beside.read_text("utf-8"))
    assert noted.pop("rules") == fingerprint()
    beside.write_text(json.dumps(noted))
    assert people.step() == ALL
    assert people.index.header.created == people.now > made
    again = people.now
    assert people.step() == ALL
    assert people.index.header.created == again


@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=4, unique=True)))
def test_of_two_rows_with_one_key_the_later_counts(names: list[list[str]]) -> None:
    """Every key is kept once, with what was read for it last."""
    blocks = list(_numbered(names))
    kept = latest(blocks)
    found = {
        key: int(block.encodings[at, 0])
        for block in kept
        for at, key in enumerate(block.keys)
    }
    assert sum(len(block.keys) for block in kept) == len(found)
    assert found == {
        key: int(block.encodings[at, 0])
        for block in blocks
        for at, key in enumerate(block.keys)
    }


def _numbered(names: list[list[str]]) -> Iterator[Block]:
    number = 0
    for keys in names:
        numbers = np.arange(number, number + len(keys), dtype=np.uint64)[:, None]
        number += len(keys)
        yield Block(keys, numbers, np.zeros(len(keys), np.uint8))
