"""Batches come out in their order, on one core as on several."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from childgrid_node import guard
from childgrid_node.bulk import Fault, intake
from childgrid_node.encode import Encoder
from childgrid_node.mapping import Mapping
from childgrid_node.normalise import tokens
from childgrid_node.scheme import Scheme

KEY = hashlib.sha256(b"a linkage key for tests").digest()
TODAY = dt.date(2026, 6, 1)
MAPPING = Mapping.parse(
    """
    agency = "test"
    category = "child-protection"
    source = "test.csv"
    key = "id"
    event = "seen"
    retain = { column = "closed", years = 5 }
    role = { column = "part", victim = ["VICTIM"], suspect = ["ACCUSED"] }
    [fields]
    name = "name"
    age = { column = "age", as_of = "seen" }
    email = "email"
    """
)
ROWS = [
    ("Anita Das", "34", "01/02/2020", "a@b.in", "ACCUSED", ""),
    ("Mohan Lal", "16", "01/02/2020", "", "ACCUSED", ""),
    ("Sita Devi", "40", "01/02/2020", "", "VICTIM", ""),
    ("Ravi Rao", "", "01/02/2020", "", "ACCUSED", ""),
    ("Imran Ali", "50", "01/02/2020", "\ud800@b.in", "ACCUSED", "01/01/2026"),
    ("Hari Om", "50", "01/02/2010", "", "ACCUSED", "01/01/2011"),
]
NAMES = ("name", "age", "seen", "email", "part", "closed")


def order() -> intake.Order:
    """What the tests index under."""
    return intake.Order.of(Scheme.load("childgrid-2"), KEY, 4, MAPPING, TODAY)


def columns(rows: Sequence[tuple[str, ...]]) -> dict[str, list[str]]:
    """Rows as columns."""
    return dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True))


def batches(count: int) -> Iterator[tuple[int, dict[str, list[str]], int]]:
    """Batches that differ, marked by number."""
    for number in range(count):
        rows = [(f"{row[0]} {'ab'[number % 2]}", *row[1:]) for row in ROWS]
        yield number, columns(rows[: 1 + number % 6]), 1 + number % 6


def test_the_guard_comes_first_and_admitted_rows_are_the_references() -> None:
    """Who is left out is counted by reason; who is admitted is encoded as ever."""
    with intake.Intake(order()) as one:
        found = one.take(columns(ROWS), len(ROWS))
    values = dict(zip(NAMES, ROWS[0], strict=True))
    encoder = Encoder(Scheme.load("childgrid-2"), KEY, 4)

    assert found.kept == [0, 4]
    assert found.left_out == {
        guard.Reason.MINOR_AT_EVENT.value: 1,
        guard.Reason.VICTIM.value: 1,
        guard.Reason.AGE_UNKNOWN.value: 1,
        guard.Reason.PAST_RETENTION.value: 1,
    }
    assert found.guards.tolist() == [guard.Guard.ADULT_SUSPECT] * 2
    assert found.faults == [Fault(4, "email")]
    assert np.array_equal(found.encodings[0], encoder.encode(tokens(values, MAPPING)))


def test_several_processes_give_what_one_gives_in_the_same_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Marks, counts and every bit; the source is read only a few batches ahead."""
    monkeypatch.setattr(intake, "ALONE", 2)
    ahead = 0

    def counted() -> Iterator[tuple[int, dict[str, list[str]], int]]:
        nonlocal ahead
        for one in batches(40):
            ahead += 1
            yield one

    alone = list(intake.taken(batches(40), order()))
    shared = []
    for mark, found in intake.taken(counted(), order(), 2):
        assert ahead - mark <= 6
        shared.append((mark, found))

    assert [mark for mark, _ in shared] == list(range(40))
    for (_, one), (_, two) in zip(alone, shared, strict=True):
        assert (one.kept, one.left_out, one.faults) == (
            two.kept,
            two.left_out,
            two.faults,
        )
        assert np.array_equal(one.encodings, two.encodings)
        assert np.array_equal(one.guards, two.guards)


def test_an_order_that_is_printed_shows_no_key() -> None:
    """A traceback gives nothing away."""
    assert repr(KEY) not in repr(order())
    assert "linkage_key" not in repr(order())


def test_the_guard_reads_every_column_that_a_mapping_may_give_it() -> None:
    """What the mapping names beside identities is brought and judged by."""
    found = order()

    assert set(found.judged) == {"seen", "closed", "part", "age"}
    assert set(found.columns) == set(NAMES)
    assert found.mapping().retain == MAPPING.retain
    assert found.mapping().source == ""
