"""Attacks around probation: a newcomer that asks for real, and one that is believed.

Told on the grid of real nodes in one process. The hostile party holds the newcomer's
keys, or carries the mail; every story ends by asserting that nothing changed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from childgrid_node import match, query, rehearsal
from childgrid_node.courier import Parcel
from childgrid_node.mailroom import open_parcel
from childgrid_wire import canonical, envelope, probation
from childgrid_wire.errors import Malformed, Reason, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import AGENCIES, CASE, KABIR, SECTIONS, STRANGER, Grid, identity

_HEADER = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")
REPORT = "c0" * 32
PRACTICE = rehearsal.PEOPLE[0]


def successor(grid: Grid, standing: dict[str, dict[str, Any]]) -> bytes:
    """The next directory, signed by two founders; `standing` of some members."""
    last = grid.agency("police").office.view.directory
    body = {name: value for name, value in last.body.items() if name not in _HEADER}
    fields = (probation.PROBATION, probation.REPORT)
    plain = [
        {name: value for name, value in one.items() if name not in fields}
        for one in body["members"]
    ]
    body |= {
        "version": last["version"] + 1,
        "previous": last.hash,
        "members": [one | standing.get(one["id"], {}) for one in plain],
    }
    return grid.founders.sign(Kind.DIRECTORY, grid.now, **body)


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid in which `customs`, which holds, is on probation."""
    made = Grid(tmp_path)
    made.post([successor(made, {"customs": {"probation": True}})])
    return made


@pytest.fixture
def asking(tmp_path: Path) -> Grid:
    """A grid in which `police`, which asks, is on probation."""
    made = Grid(tmp_path)
    made.post([successor(made, {"police": {"probation": True}})])
    return made


def refused(work: Callable[[], object]) -> Reason | None:
    """Why something was refused; none where it was done."""
    try:
        work()
    except WireError as error:
        return error.reason
    return None


def rehearse(grid: Grid, *targets: str, person: Any = PRACTICE) -> Statement:
    """The police ask for a rehearsal; every target answers."""
    police = grid.agency("police")
    question = query.Question(
        "si-rao", person, "investigation", SECTIONS, CASE, targets, 24, rehearsal=True
    )
    register = police.folder / "cases.csv"
    payload = query.draft(police.office, police.holdings, register, question)
    asked = grid.sign("police", "si-rao", Kind.QUERY, payload)
    grid.decide("police", "sp-nair", asked.hash)
    grid.submit(asked)
    return asked


def test_a_newcomer_is_left_out_and_named_ones_are_refused(grid: Grid) -> None:
    """A question to everybody goes to the others alone; one to it goes nowhere."""
    asked = grid.ask(KABIR)
    assert sorted(asked["targets"]) == ["childcare", "prisons"]
    before = [grid.state(name) for name in AGENCIES]
    draft = refused(lambda: grid.draft(KABIR, targets=["customs"]))
    assert draft is Reason.PROBATION
    assert [grid.state(name) for name in AGENCIES] == before


def test_a_rehearsal_is_answered_from_nobody_real(grid: Grid) -> None:
    """By newcomer and members alike: an invented person is found, a real one is not."""
    asked = rehearse(grid, "customs", "prisons")
    found = grid.candidates(asked)
    for target in ("customs", "prisons"):
        (one, *_) = found[target]
        assert one["band"] == "strong"
        assert one["category"] == rehearsal.CATEGORY
    assert found["customs"][0]["probability"] == found["prisons"][0]["probability"]
    real = grid.candidates(rehearse(grid, "customs", "prisons", person=KABIR))
    assert real == {"customs": [], "prisons": []}


def test_every_person_of_rehearsals_is_found_once(grid: Grid) -> None:
    """And nobody else: each is known at every node by the same few fields."""
    for person in rehearsal.PEOPLE:
        answers = grid.candidates(rehearse(grid, "customs", person=person))
        assert [one["band"] for one in answers["customs"]][:1] == ["strong"], person
        assert sum(one["band"] == "strong" for one in answers["customs"]) == 1
    assert grid.candidates(rehearse(grid, "customs", person=STRANGER)) == {
        "customs": []
    }


@pytest.mark.threat("T29")
def test_a_newcomers_own_node_asks_nothing_real(asking: Grid) -> None:
    """Its desk drafts no question to anybody, and what it may do leaves no record."""
    before = [asking.state(name) for name in AGENCIES]
    for targets in ((), ("prisons",)):
        draft = refused(lambda targets=targets: asking.draft(KABIR, targets=targets))
        assert draft is Reason.PROBATION
    assert [asking.state(name) for name in AGENCIES] == before
    asked = rehearse(asking, "prisons")
    assert asking.candidates(asked)["prisons"]


def forged(grid: Grid, target: str, *, marked: bool) -> dict[str, Any]:
    """A question of the police that their own node would not have drafted."""
    police = grid.agency("police")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probation, "check", lambda *_: None)
        payload = grid.draft(KABIR, targets=[target])
        body = canonical.loads(payload) | {"rehearsal": marked}
        data = canonical.dumps(body)
        name = envelope.name_of(Kind.QUERY, data)
        with police.office.journal.writing() as writing:
            for table, column in (("draft", "payload_hash"), ("content", "hash")):
                writing.run(
                    f"UPDATE {table} SET {column} = ? WHERE {column} = ?",
                    (name, envelope.name_of(Kind.QUERY, payload)),
                )
            writing.run(
                "UPDATE draft SET payload = ? WHERE payload_hash = ?", (data, name)
            )
        asked = grid.sign("police", "si-rao", Kind.QUERY, data)
        grid.decide("police", "sp-nair", asked.hash)
    return grid.call(asked, target)


@pytest.mark.threat("T29")
@pytest.mark.parametrize("target", ["prisons", "childcare"])
def test_a_newcomers_hostile_node_asks_for_real(asking: Grid, target: str) -> None:
    """Signed, approved, attested and sealed as it must be: refused and not opened."""
    call = forged(asking, target, marked=False)
    at = asking.agency(target)
    before = asking.state(target)
    heard = match.hear(at.office, **call)
    for _ in range(2):
        why = refused(lambda: match.answer(at.office, at.holdings, heard))
        assert why is Reason.PROBATION
    assert asking.state(target) == before


@pytest.mark.threat("T29")
def test_a_question_that_is_marked_as_a_rehearsal_finds_nobody_real(
    asking: Grid,
) -> None:
    """Who calls a real question a rehearsal learns that nobody invented fits."""
    call = forged(asking, "prisons", marked=True)
    prisons = asking.agency("prisons")
    said = match.answer(
        prisons.office, prisons.holdings, match.hear(prisons.office, **call)
    )
    assert (said["outcome"], said["candidates"]) == ("none", [])
    honest = Grid(prisons.folder.parent.parent / "honest")
    assert honest.candidates(honest.ask(KABIR, targets=["prisons"]))["prisons"]


@pytest.mark.threat("T29")
def test_a_mark_is_not_taken_off_on_the_way(asking: Grid) -> None:
    """The mark stands inside what the officer signed."""
    call = forged(asking, "prisons", marked=True)
    outer = envelope.read(call["query"])
    payload = canonical.dumps(canonical.loads(outer.payload) | {"rehearsal": False})
    bare = envelope.assemble(Kind.QUERY, payload, outer.signatures)
    prisons, before = asking.agency("prisons"), asking.state("prisons")
    with pytest.raises(Untrusted):
        match.hear(prisons.office, **{**call, "query": bare})
    assert asking.state("prisons") == before


@pytest.mark.threat("T29")
def test_who_comes_back_on_probation_answers_nothing_by_mail(tmp_path: Path) -> None:
    """A question from before it left names it still; its late answer is left out."""
    grid = Grid(tmp_path)
    asked = grid.ask(KABIR, targets=["customs"])
    grid.post([successor(grid, {"customs": {"probation": True}})])
    customs, police = grid.agency("customs"), grid.agency("police")
    said = customs.office.speak(
        Kind.ANSWER,
        seconds=3_600,
        answers=asked.hash,
        outcome="none",
        reason="",
        candidates=[],
        as_of=grid.now,
    )
    before = grid.state("police")
    open_parcel(police.office, Parcel(0, said.data, b"", None), last=True)
    assert grid.state("police") == before


@pytest.mark.threat("T29")
def test_a_newcomers_answer_to_a_real_question_is_ignored(grid: Grid) -> None:
    """Though the relay brings it, in order and under the newcomer's own key."""
    asked = grid.ask(KABIR, targets=["prisons"])
    customs, police = grid.agency("customs"), grid.agency("police")
    said = customs.office.speak(
        Kind.ANSWER,
        seconds=3_600,
        answers=asked.hash,
        outcome="none",
        reason="",
        candidates=[],
        as_of=grid.now,
    )
    before = grid.state("police")
    with pytest.MonkeyPatch.context() as patch:
        targets = {**asked["targets"], "customs": asked["targets"]["prisons"]}
        wide = Statement(
            asked.kind,
            {**asked.body, "targets": targets},
            asked.hash,
            asked.data,
            asked.signed_by,
        )
        honest = police.office.journal.get
        patch.setattr(
            type(police.office.journal),
            "get",
            lambda _, name, *kinds: (
                wide if name == asked.hash else honest(name, *kinds)
            ),
        )
        grid.bring("police", said.data)
    assert grid.state("police") == before


@pytest.mark.threat("T29")
def test_nothing_is_requested_on_a_rehearsal(grid: Grid) -> None:
    """A handle of nobody opens no record, at the newcomer or at any member."""
    asked = rehearse(grid, "customs", "prisons")
    before = [grid.state(name) for name in AGENCIES]
    for holder in ("customs", "prisons"):
        assert refused(lambda holder=holder: grid.request(asked, holder, ["name"]))
        assert grid.released(holder) == 0
    assert [grid.state(name) for name in AGENCIES] == before


@pytest.mark.threat("T29")
def test_a_forged_end_of_probation_is_refused(grid: Grid) -> None:
    """By the newcomer's key, by one founder, without a report: it stays as it was."""
    good = successor(grid, {"customs": {"conformance": REPORT}})
    bare = successor(grid, {})
    outer = envelope.read(good)
    alone = envelope.assemble(Kind.DIRECTORY, outer.payload, outer.signatures[:1])
    own = envelope.sign(Kind.DIRECTORY, outer.payload, [identity("customs").signer])
    for data, error in ((alone, Untrusted), (own, WireError), (bare, Malformed)):
        for name in AGENCIES:
            with pytest.raises(error):
                grid.agency(name).shelf.add(data)
    why = refused(lambda: grid.draft(KABIR, targets=["customs"]))
    assert why is Reason.PROBATION
    grid.post([good])
    assert grid.candidates(grid.ask(KABIR, targets=["customs"]))["customs"]
