"""Answering: judged here, logged, scored, and said in as few words as possible."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from childgrid_node import match
from childgrid_node.holdings import Holdings
from childgrid_node.server import NodeServicer
from childgrid_node.turns import PER_ASKER
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import node_pb2
from childgrid_wire.pb.values_pb2 import Envelope, Sealed
from childgrid_wire.statement import Statement
from grid import KABIR, MINOR, STRANGER, VICTIM, Grid
from refusals import refused


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid that refusals leave as it is."""
    return Grid(tmp_path_factory.mktemp("grid"))


def approved(grid: Grid, **about: object) -> Statement:
    """A query that waits to be carried."""
    payload = grid.draft(KABIR, **about)  # type: ignore[arg-type]
    asked = grid.sign("police", "si-rao", Kind.QUERY, payload)
    grid.decide("police", "sp-nair", asked.hash)
    return asked


def carry(
    grid: Grid, asked: Statement, target: str = "customs", **other: object
) -> bytes:
    """Carry it, with something beside it exchanged."""
    call = grid.call(asked, target) | other
    return grid.relay.match(grid.agency(target), call)


def answer_of(grid: Grid, name: str, asked: Statement) -> Statement:
    """What an agency answered."""
    said = match.stored(grid.agency(name).office, asked.hash)
    assert said is not None
    return said


@pytest.mark.threat("T9")
def test_a_repeated_query_gets_the_same_bytes(grid: Grid) -> None:
    """Days later too, and nothing is logged or counted again."""
    asked = approved(grid)
    first = carry(grid, asked)
    before = grid.state("customs")

    assert carry(grid, asked) == first
    assert carry(grid, asked, content=b"something else") == first
    assert grid.state("customs") == before


@pytest.mark.threat("T14")
def test_an_agency_with_too_many_queries_at_hand_is_told_to_come_again(
    grid: Grid,
) -> None:
    """Nothing of the one too many is kept; others get in, and so does its next one."""
    customs, asked = grid.agency("customs"), approved(grid)
    given = grid.call(asked, "customs")
    request = node_pb2.MatchRequest(
        query=Envelope(payload=given["query"]),
        attestation=Envelope(payload=given["attestation"]),
        approvals=[Envelope(payload=one) for one in given["approvals"]],
        content=Sealed(ciphertext=given["content"]),
    )
    door = NodeServicer(customs.office, customs.held)
    with ExitStack() as at_hand:
        for _ in range(PER_ASKER):
            at_hand.enter_context(door._inside.entered("police"))
        with refused(grid, Reason.BUSY):
            door.Match(request, None)  # type: ignore[arg-type]
        with door._inside.entered("prisons"):
            pass
    answer = door.Match(request, None)  # type: ignore[arg-type]
    assert answer.answer.payload == answer_of(grid, "customs", asked).data


@pytest.mark.threat("T27")
def test_a_query_is_judged_when_its_turn_has_come(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no longer stands once it has waited is not answered, nor even logged."""
    customs, asked = grid.agency("customs"), approved(grid)
    now = grid.now

    @contextmanager
    def late(_: str) -> Iterator[None]:
        grid.now = asked.expires
        yield

    with monkeypatch.context() as patch:
        patch.setattr(customs.office.lanes, "entered", late)
        try:
            with refused(grid, Reason.EXPIRED):
                carry(grid, asked)
        finally:
            grid.now = now
    assert match.stored(customs.office, asked.hash) is None


@pytest.mark.threat("T3")
def test_a_candidate_shows_no_value_and_no_agreement(grid: Grid) -> None:
    """A handle, a probability, a band, how many others, category and date."""
    asked = grid.ask(KABIR, targets=["customs"])

    best = answer_of(grid, "customs", asked)["candidates"][0]

    assert best.keys() == {
        "handle", "probability", "band", "others", "calibrated", "category", "as_of",
    }  # fmt: skip
    assert best["calibrated"] is False


@pytest.mark.threat("T3")
def test_handles_are_new_for_each_query(grid: Grid) -> None:
    """Two queries for one person can't be joined by what they got."""
    found = [grid.ask(KABIR, targets=["customs"]) for _ in range(2)]
    handles = [
        {one["handle"] for one in answer_of(grid, "customs", asked)["candidates"]}
        for asked in found
    ]

    assert all(handles)
    assert handles[0].isdisjoint(handles[1])


@pytest.mark.parametrize("person", [VICTIM, MINOR], ids=["victim", "minor"])
@pytest.mark.threat("T20")
def test_the_guarded_are_not_found(grid: Grid, person: dict[str, list[str]]) -> None:
    """A victim and a child answer as nobody does, in form and size."""
    police, child = grid.agency("police"), grid.agency("childcare")
    asked = grid.ask(person)

    assert answer_of(grid, "childcare", asked)["outcome"] == "none"
    assert "CC-2" not in {
        one.hit.key for one in match.handles(child.office, asked.hash)
    }
    index = police.holdings.indexes["rows"]
    assert [index.key(row) for row in range(index.living)] == ["PO-2"]


@pytest.mark.threat("T21")
def test_a_silent_hit_and_no_hit_look_the_same(grid: Grid) -> None:
    """Same outcome, same size, same number of rows written, of the same length each.

    Nor would it tell who has no more than a backup of the node's memory.
    """
    known, unknown = grid.ask(KABIR), grid.ask(STRANGER)
    said = [answer_of(grid, "childcare", one) for one in (known, unknown)]
    journal = grid.agency("childcare").office.journal
    rows = [
        journal.rows(
            "SELECT shown, length(sealed) FROM handle WHERE query = ?", (one.hash,)
        )
        for one in (known, unknown)
    ]

    assert [one["outcome"] for one in said] == ["none", "none"]
    assert len({len(one.data) for one in said}) == 1
    assert rows[0] == rows[1]
    assert [len(match.handles(grid.agency("childcare").office, one.hash)) for one in
            (known, unknown)] == [1, 0]  # fmt: skip


def test_a_stranger_is_no_hit(grid: Grid) -> None:
    """Of whom nothing agrees, nobody is shown, however small the register."""
    asked = grid.ask(STRANGER)

    for name in ("customs", "prisons"):
        said = answer_of(grid, name, asked)
        assert (said["outcome"], said["candidates"]) == ("none", [])


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"approvals": []}, Reason.NOT_APPROVED),
        ({"content": b"something else"}, Reason.TARGET),
        ({"query": b"{}"}, Reason.MALFORMED),
    ],
)
def test_what_is_not_answered(
    grid: Grid, other: dict[str, object], reason: Reason
) -> None:
    """No approval, another content, no statement: nothing is opened or kept."""
    asked = approved(grid)

    with refused(grid, reason):
        carry(grid, asked, **other)


def test_another_case_beside_the_query(grid: Grid) -> None:
    """An attestation of si-joshi's does not serve si-rao."""
    asked = approved(grid)
    theirs = grid.ask(STRANGER, officer="si-joshi", targets=["customs"])
    journal = grid.agency("police").office.journal
    attestation = journal.get(theirs["attestation"], Kind.CASE).data

    with refused(grid, Reason.CASE):
        carry(grid, asked, attestation=attestation)


def test_a_query_to_others(grid: Grid) -> None:
    """Whoever isn't named as a target doesn't answer."""
    asked = approved(grid, targets=["prisons"])
    call = grid.call(asked, "prisons")

    with refused(grid, Reason.TARGET):
        grid.relay.match(grid.agency("customs"), call)


def test_an_expired_query(tmp_path_factory: pytest.TempPathFactory) -> None:
    """At its last second it is too late."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    asked = approved(grid, hours=1)
    grid.now = asked.expires

    with refused(grid, Reason.EXPIRED):
        carry(grid, asked)


def test_a_node_that_has_not_indexed_says_so(grid: Grid) -> None:
    """No index is not the same as no hit."""
    asked = approved(grid)
    customs = grid.agency("customs")
    held = customs.holdings
    heard = match.hear(customs.office, **grid.call(asked, "customs"))
    bare = Holdings(held.scheme, held.epoch, held.encoder, {})
    partly = Holdings(held.scheme, held.epoch, held.encoder, held.indexes, ("other",))

    for holdings in (bare, partly):
        with refused(grid, Reason.STALE):
            match.answer(customs.office, holdings, heard)


def test_another_epoch(grid: Grid) -> None:
    """A laggard says which key it lacks instead of scoring noise."""
    asked = approved(grid)
    customs = grid.agency("customs")
    held = customs.holdings
    heard = match.hear(customs.office, **grid.call(asked, "customs"))

    with refused(grid, Reason.EPOCH):
        match.answer(
            customs.office,
            Holdings(held.scheme, 2, held.encoder, held.indexes),
            heard,
        )


def test_two_rows_of_one_person_are_two_candidates(grid: Grid) -> None:
    """Each row has its own handle, so that each can be asked for by itself."""
    customs = grid.agency("customs")
    held = customs.holdings
    double = {"rows": held.indexes["rows"], "more": held.indexes["rows"]}
    asked = approved(grid)
    heard = match.hear(customs.office, **grid.call(asked, "customs"))

    said = match.answer(
        customs.office, Holdings(held.scheme, held.epoch, held.encoder, double), heard
    )

    best = [one for one in said["candidates"] if one["band"] == "strong"]
    assert len(best) == 2
    assert best[0]["handle"] != best[1]["handle"]
    sources = [match.handle(customs.office, asked.hash, one["handle"]).hit.source
               for one in best]  # fmt: skip
    assert sources == ["more", "rows"]


@pytest.mark.threat("T13")
def test_five_are_the_most_that_is_said(grid: Grid) -> None:
    """However many fit."""
    customs = grid.agency("customs")
    held = customs.holdings
    many = {f"rows{n}": held.indexes["rows"] for n in range(7)}
    asked = approved(grid)
    heard = match.hear(customs.office, **grid.call(asked, "customs"))

    said = match.answer(
        customs.office, Holdings(held.scheme, held.epoch, held.encoder, many), heard
    )

    assert len(said["candidates"]) == 5
    ranked = [one["probability"] for one in said["candidates"]]
    assert all(a >= b for a, b in itertools.pairwise(ranked))


def test_content_that_can_not_be_opened(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The key is gone: the query stays in the log, counted once, and unanswered."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    asked = approved(grid)
    journal = grid.agency("customs").office.journal
    with journal.writing() as writing:
        writing.run("DELETE FROM secret WHERE name LIKE 'seal:%'")
    with pytest.raises(Refused) as caught:
        carry(grid, asked)
    assert caught.value.reason is Reason.EXPIRED
    assert journal.find(asked.hash) == asked

    with refused(grid, Reason.EXPIRED):
        carry(grid, asked)

    assert match.stored(grid.agency("customs").office, asked.hash) is None


def test_a_handle_of_another_query_or_of_nobody(grid: Grid) -> None:
    """Handles open one row of one query, and only those that were shown."""
    office = grid.agency("childcare").office
    asked = grid.ask(KABIR)
    (hidden,) = match.handles(office, asked.hash)

    for name in (hidden.handle, "00" * 16):
        with refused(grid, Reason.UNKNOWN):
            match.handle(office, asked.hash, name)


def test_a_category_without_a_rule_is_silent(grid: Grid) -> None:
    """Nobody decided that it may speak."""
    view = grid.agency("customs").office.view

    assert match._silent(grid.agency("customs").office, view, "health")
    assert not match._silent(grid.agency("customs").office, view, "movement")


def test_nothing_is_silent_where_nothing_was_found(grid: Grid) -> None:
    """There is no hit to release; the attempt leaves no answer behind."""
    office = grid.agency("childcare").office
    asked = grid.ask(STRANGER)

    with (
        refused(grid, Reason.UNKNOWN),
        office.journal.writing() as writing,
    ):
        match.release_silent(writing, office, asked)


def test_the_scheme_of_the_directory_must_be_ours(grid: Grid) -> None:
    """A holding under another document refuses by name."""
    with pytest.raises(Refused) as caught:
        match.holdings_scheme(
            grid.agency("customs").office,
            Holdings(_Other(), 1, grid.agency("customs").holdings.encoder, {}),  # type: ignore[arg-type]
        )
    assert caught.value.reason is Reason.SCHEME


class _Other:
    """A scheme that no directory names."""

    digest = bytes(32)
