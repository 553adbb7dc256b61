"""A register in parts answers as one file does, or says that it can't."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from childgrid_node.index import Block
from childgrid_node.index_errors import (
    DuplicateSource,
    IndexFileError,
    ShardLost,
)
from childgrid_node.segments import encoding_digest
from childgrid_node.shards.shard import ABSENT, ALTERED, SAME
from childgrid_wire.errors import Reason, Refused
from parted import (
    SCHEME,
    Both,
    answers,
    blocks,
    both,
    held,
    people,
    queries,
    ranked,
    told,
)

ROWS, ASKED = 1_200, 16


@pytest.fixture(name="register")
def _register(tmp_path: Path) -> Both:
    return both(tmp_path, ROWS, 3)


def same(register: Both, seed: int = 2) -> None:
    """Insist that file and parts say the same to many queries."""
    asked = queries(register.encodings, ASKED, seed)
    found = answers(register.one, asked)
    assert answers(register.parts, asked) == found
    assert sum(map(bool, found)) > ASKED // 3
    for query in asked[:6]:
        assert ranked(register.parts, query) == ranked(register.one, query)


@pytest.mark.parametrize("count", [2, 4, 7])
def test_any_number_of_parts_answers_as_one_file(tmp_path: Path, count: int) -> None:
    """Hits, order, probabilities, others who fit as well, levels and weights; many
    rows tie, and a fifth was deleted before.
    """
    register = both(tmp_path, ROWS, count)

    assert told(register.parts) == told(register.one)
    same(register)


def test_rows_that_tie_beyond_the_last_place_are_the_same_ones(register: Both) -> None:
    """More copies of one person than are ranked: which are kept does not depend on
    the cut.
    """
    keys, scores, _, _ = ranked(register.parts, register.encodings[0])

    assert len(keys) == 64
    assert len(set(scores)) == 1
    assert keys == ranked(register.one, register.encodings[0])[0]


def test_queries_that_come_together_are_answered_as_alone(register: Both) -> None:
    """One pass for several; each has its own weights."""
    asked = queries(register.encodings, 8, 5)
    together = held(register.parts)._pass(asked)

    assert [hits for hits, _ in together] == answers(register.one, asked)


def test_a_part_without_rows_changes_nothing(tmp_path: Path) -> None:
    """A register smaller than its parts are many."""
    register = both(tmp_path, 3, 5, dead=2)
    asked = list(register.encodings)

    assert register.one.living == register.parts.living == 1
    assert answers(register.parts, asked) == answers(register.one, asked)


def test_what_changes_is_the_same_afterwards(register: Both) -> None:
    """New, altered and deleted rows, rows as they were, and a later view."""
    fresh = people(40, 9)
    upserts = blocks(fresh, ROWS)
    altered = Block(
        ["K1", "K700", f"K{ROWS - 1}", "K2"],
        np.stack([fresh[0], fresh[1], fresh[2], register.encodings[2]]),
        np.zeros(4, np.uint8),
    )
    gone = ["K3", "K901", "unknown"]

    for _ in range(2):
        register.one = register.one.changed([*upserts, altered], gone, as_of=77)
        register.parts = register.parts.changed([*upserts, altered], gone, as_of=77)
        assert register.parts.header.as_of == register.one.header.as_of == 77
        assert told(register.parts) == told(register.one)
        same(register)
    assert len(register.parts) == sum(one.rows for one in register.parts._told)
    assert told(register.reopened()) == told(register.one)


def test_a_search_ends_on_the_state_that_it_began_on(register: Both) -> None:
    """Whoever has the register as it was goes on undisturbed."""
    asked = queries(register.encodings, ASKED, 3)
    before, keys = answers(register.parts, asked), told(register.parts)

    register.parts.changed((), [f"K{n}" for n in range(ROWS)])

    assert answers(register.parts, asked) == before
    assert told(register.parts) == keys


def test_writing_the_parts_anew_changes_no_answer(register: Both) -> None:
    """Deleted rows leave the files; the order of the others stays."""
    gone = [f"K{n}" for n in range(0, ROWS, 2)]
    register.one = register.one.changed((), gone)
    changed = register.parts.changed((), gone)
    assert changed.loose

    register.parts = changed.compacted()

    assert len(register.parts) == register.parts.living < len(changed)
    assert told(register.parts) == told(register.one)
    same(register)


def test_a_key_that_comes_twice_changes_nothing(register: Both) -> None:
    """As one file refuses it."""
    double = Block(["new", "new"], people(2, 4), np.zeros(2, np.uint8))
    before = told(register.reopened())

    with pytest.raises(DuplicateSource):
        register.parts.changed([double])

    assert told(register.reopened()) == before


def test_a_commit_that_a_lost_part_cut_short_loses_nobody(register: Both) -> None:
    """The altered row is there twice until the same changes come again; then once."""
    altered = Block(["K1"], people(1, 8), np.zeros(1, np.uint8))
    register.host.fail(1, "changed")
    with pytest.raises(ShardLost):
        register.parts.changed([altered])
    register.host.failing.clear()
    assert register.parts.crew.settle(10)
    with pytest.raises(IndexFileError, match="open it again"):
        register.parts.changed([altered])
    found = register.reopened()
    assert found.living == register.one.living + 1

    register.one = register.one.changed([altered])
    register.parts = found.changed([altered])

    assert told(register.parts) == told(register.one)
    same(register)


@pytest.mark.parametrize("method", ["survey", "best"])
def test_a_part_lost_in_mid_query_is_told_as_such(register: Both, method: str) -> None:
    """Never as no hit, nor as the hits of the others; it is back by itself."""
    asked = queries(register.encodings, ASKED, 2)
    before = answers(register.parts, asked)
    holdings = held(register.parts)
    register.host.fail(2, method)
    register.host.fail(2, "public")

    with pytest.raises(Refused) as refusal:
        holdings.search(asked[0])

    assert refusal.value.reason is Reason.PARTIAL
    assert (holdings.partial, register.parts.away) == (("rows",), 1)
    called = len(register.host.calls)
    with pytest.raises(Refused, match="partial"):
        holdings.search(asked[0])
    assert method not in register.host.calls[called:]

    register.host.failing.clear()
    assert register.parts.crew.settle(10)
    assert holdings.partial == ()
    assert answers(register.parts, asked) == before


def test_a_part_that_is_late_is_not_waited_for(
    register: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has not answered in time counts as lost, for this query."""

    monkeypatch.setattr(register.parts.crew, "_seconds", 0.01)
    posts = register.parts.crew._posts
    with monkeypatch.context() as patch:
        patch.setattr(posts[1], "call", lambda *_: Future())
        with pytest.raises(Refused, match="partial"):
            register.parts.search([register.encodings[0]])
    monkeypatch.setattr(register.parts.crew, "_seconds", 60)

    assert register.parts.away == 0
    same(register)


def test_how_a_row_stands_is_told_by_its_digest_and_guard(register: Both) -> None:
    """So that a row as it was is not written again."""
    crew, generation = register.parts.crew, register.parts._told[0].header.generation
    digests = [encoding_digest(register.encodings[at]) for at in (1, 2, 3, 4)]
    digests[1] = bytes(32)
    found = crew.one(
        0,
        "standing",
        generation,
        ["K1", "K2", "K3", "none"],
        digests,
        np.array([0, 0, 1, 0], np.uint8),
    )

    assert found.tolist() == [SAME, ALTERED, ALTERED, ABSENT]
    assert SCHEME.layout.words == register.encodings.shape[1]
