"""What an agency holds: searched whole, packed exactly, and never a hit by default."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node import normalise
from childgrid_node.holdings import SHOWN, Hit, Holdings
from childgrid_wire.errors import Malformed, Reason, Refused
from grid import KABIR, START, Grid, scheme


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid that is only read."""
    return Grid(tmp_path_factory.mktemp("grid"))


def search(grid: Grid, agency: str, suspect: dict[str, str]) -> list[Hit]:
    """An agency's hits for a description."""
    held = grid.agency(agency).holdings
    person = normalise.from_fields({key: [value] for key, value in suspect.items()})
    hits, spent = held.search(held.encode(normalise.tokens_of(person)))
    assert spent >= 0
    return hits


def test_the_person_comes_first(grid: Grid) -> None:
    """With the row's key and digest, for this node's own use."""
    held = grid.agency("customs").holdings
    person = normalise.from_fields(KABIR)

    hits, _ = held.search(held.encode(normalise.tokens_of(person)))

    assert (hits[0].key, hits[0].band, hits[0].source) == ("CU-1", "strong", "rows")
    assert len(hits[0].digest) == 32
    assert hits[0].as_of == START
    assert len(hits) <= SHOWN


@pytest.mark.parametrize("name", ["customs", "prisons", "childcare"])
@pytest.mark.parametrize(
    "suspect",
    [
        {"passport": "K1234567"},
        {"email": "nobody@example.in"},
        {"pan": "ABCPE1234F"},
        {"phone": "9000000009"},
        {"name": "Zubin Contractor"},
        {"alias": "Kallu"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_nobody_is_a_hit_of_whom_nothing_speaks(
    grid: Grid, name: str, suspect: dict[str, str]
) -> None:
    """A number that a register doesn't keep must not point at everybody in it."""
    assert search(grid, name, suspect) == []


def test_one_telling_number_points_at_one_person(grid: Grid) -> None:
    """Of three rows only the one with this phone is a hit."""
    assert [one.key for one in search(grid, "customs", {"phone": "9812345670"})] == [
        "CU-1"
    ]


def test_sources_are_searched_together(grid: Grid) -> None:
    """Hits of all sources are ranked by probability."""
    customs, prisons = (grid.agency(name).holdings for name in ("customs", "prisons"))
    both = Holdings(
        customs.scheme,
        customs.epoch,
        customs.encoder,
        {"flights": customs.indexes["rows"], "wards": prisons.indexes["rows"]},
    )
    person = normalise.from_fields(KABIR)

    hits, _ = both.search(both.encode(normalise.tokens_of(person)))

    assert {one.key for one in hits[:2]} == {"CU-1", "PR-1"}
    ranked = [one.probability for one in hits]
    assert ranked == sorted(ranked, reverse=True)
    assert both.as_of == START


def test_holding_nothing_finds_nothing(grid: Grid) -> None:
    """And has no date."""
    held = grid.agency("customs").holdings
    empty = Holdings(held.scheme, held.epoch, held.encoder, {})

    words = np.zeros(scheme().layout.words, np.uint64)
    assert empty.search(words) == ([], 0)
    assert empty.as_of == 0


@given(st.binary(min_size=8, max_size=64))
def test_what_was_packed_is_unpacked(seed: bytes) -> None:
    """Word for word, whatever the encoding."""
    held = Holdings(scheme(), 7, None, {})  # type: ignore[arg-type]
    size = scheme().layout.words
    words = np.resize(np.frombuffer(seed[: len(seed) // 8 * 8], np.uint64), size)

    assert np.array_equal(held.unpack(held.pack(words)), words)


@pytest.mark.parametrize(
    ("start", "by", "reason"),
    [
        (0, b"CGQ2", Reason.MALFORMED),
        (4, bytes(32), Reason.SCHEME),
        (36, (8).to_bytes(4, "big"), Reason.EPOCH),
    ],
)
def test_content_of_another_scheme_or_epoch(
    start: int, by: bytes, reason: Reason
) -> None:
    """Refused by name rather than scored as noise."""
    held = Holdings(scheme(), 7, None, {})  # type: ignore[arg-type]
    content = held.pack(np.zeros(scheme().layout.words, np.uint64))
    altered = content[:start] + by + content[start + len(by) :]

    with pytest.raises((Refused, Malformed)) as caught:
        held.unpack(altered)
    assert caught.value.reason is reason


@pytest.mark.parametrize("cut", [0, 39, -1])
def test_content_of_another_size(cut: int) -> None:
    """Neither short nor long content is read."""
    held = Holdings(scheme(), 7, None, {})  # type: ignore[arg-type]
    content = held.pack(np.zeros(scheme().layout.words, np.uint64))

    for wrong in (content[:cut], content + b"\0"):
        with pytest.raises(Malformed):
            held.unpack(wrong)
