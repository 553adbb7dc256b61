"""Records asked in other tables: whose, where, and of whom never."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from bench.counting import searches
from bench.linked import FILE, with_records
from bench.tables import Labelled, Query, given_or_sample, load
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEST = Scheme.load("test-1")


@pytest.fixture(name="folder", scope="module")
def _folder() -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CHILDGRID_DATA", raising=False)
        with given_or_sample(None) as where:
            yield where


@pytest.fixture(name="plain", scope="module")
def _plain(folder: Path) -> Labelled:
    return load(folder, TEST)


@pytest.fixture(name="more", scope="module")
def _more(folder: Path, plain: Labelled) -> tuple[Query, ...]:
    return with_records(plain, folder, 200).queries[len(plain.queries) :]


@pytest.fixture(name="owner", scope="module")
def _owner(folder: Path) -> dict[str, str]:
    with (folder / FILE).open(encoding="utf-8", newline="") as file:
        return {line["record_id"]: line["person_id"] for line in csv.DictReader(file)}


def test_a_record_is_asked_for_its_persons_records_elsewhere(
    plain: Labelled, more: tuple[Query, ...], owner: dict[str, str]
) -> None:
    """Its truth is every other table's record of the person, and none of its own."""
    held = defaultdict(set)
    homes = {}
    for table in plain.tables:
        for row in range(len(table.index)):
            key = table.index.key(row)
            held[owner[key]].add(key)
            homes[key] = table.agency

    assert len(more) == 200
    assert sum(bool(query.truth) for query in more) == 100
    for query in more:
        assert homes[query.key] == query.home
        elsewhere = {k for k in held[owner[query.key]] if homes[k] != query.home}
        assert query.truth == elsewhere


def test_nobody_is_asked_twice_and_nobody_whom_a_query_is_about(
    plain: Labelled, more: tuple[Query, ...], owner: dict[str, str]
) -> None:
    """Halves of the queries share no person through a record."""
    people = [owner[query.key] for query in more]
    about = {owner[key] for query in plain.queries for key in query.truth}

    assert len(set(people)) == len(people)
    assert about.isdisjoint(people)
    numbers = [query.number for query in (*plain.queries, *more)]
    assert numbers == list(range(len(numbers)))


def test_a_record_is_not_searched_in_its_own_table(
    folder: Path, plain: Labelled
) -> None:
    """There it would find itself, which teaches nothing."""
    data = with_records(plain, folder, 40)
    for table, query, rows in searches(data):
        assert query.home != table.agency
        assert {table.index.key(int(row)) for row in rows} <= query.truth


def test_a_record_that_no_table_holds_teaches_nothing(
    plain: Labelled, tmp_path: Path
) -> None:
    """A row that could not be read has an owner and no encoding."""
    agency = plain.tables[0].agency
    text = f"agency,record_id,person_id\n{agency},nobody,P1\nelsewhere,x,P1\n"
    (tmp_path / FILE).write_text(text, encoding="utf-8")

    assert with_records(plain, tmp_path).queries == plain.queries


def test_without_a_truth_of_records_there_are_queries_only(
    plain: Labelled, tmp_path: Path
) -> None:
    """A folder need not tell which records are one person."""
    assert with_records(plain, tmp_path) is plain
