"""Asking: what may be drafted, what may be signed, and what then goes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node import desk, query, sealing
from childgrid_node.query import Question
from childgrid_wire import canonical, envelope
from childgrid_wire.errors import Malformed, Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import CASE, KABIR, SECTIONS, STRANGER, Grid, officer_signer
from refusals import refused

HOUR = 3_600


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid that refusals leave as it is."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    grid.draft(STRANGER)  # the case is attested from here on
    return grid


def draft(grid: Grid, *, partial: bool = False, **changes: object) -> bytes:
    """A draft of si-rao's, with something changed."""
    given = {
        "officer": "si-rao", "suspect": KABIR, "purpose": "investigation",
        "sections": SECTIONS, "case_reference": CASE, "targets": (), "hours": 24,
    } | changes  # fmt: skip
    at = grid.agency("police")
    question = Question(**given)  # type: ignore[arg-type]
    register = at.folder / "cases.csv"
    return query.draft(at.office, at.holdings, register, question, partial=partial)


def sign(grid: Grid, payload: bytes, officer: str = "si-rao") -> Statement:
    """Hand in a draft, signed."""
    return grid.sign("police", officer, Kind.QUERY, payload)


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"suspect": {}}, Reason.EMPTY, "suspect"),
        ({"suspect": {"name": ["  "], "phone": ["-"]}}, Reason.EMPTY, "suspect"),
        ({"suspect": {"name": ["Kumar"]}}, Reason.TOO_COMMON, "suspect"),
        ({"suspect": {"sex": ["M"], "state": ["Bihar"]}}, Reason.TOO_COMMON, "suspect"),
        ({"targets": ["interpol"]}, Reason.TARGET, "targets"),
        ({"targets": ["customs", "police"]}, Reason.TARGET, "targets"),
        ({"targets": ["audit-north"]}, Reason.TARGET, "targets"),
        ({"case_reference": "FIR 1/1999"}, Reason.CASE, "the register of cases"),
        ({"officer": "sp-nair"}, Reason.CASE, "the register of cases"),
        ({"officer": "nobody"}, Reason.UNKNOWN_KEY, "officer"),
        ({"sections": ["murder"]}, Reason.MALFORMED, "query.sections[0]"),
        ({"sections": []}, Reason.MALFORMED, "query.sections"),
        ({"sections": ["BNS:143", "BNS:143"]}, Reason.MALFORMED, "query.sections"),
        ({"purpose": "curiosity"}, Reason.MALFORMED, "query.purpose"),
        ({"hours": 2**32 - 1}, Reason.MALFORMED, "query.expires"),
    ],
)
def test_what_can_not_be_drafted(
    grid: Grid, changes: dict[str, object], reason: Reason, detail: str
) -> None:
    """Refused before anything is sealed or attested, naming the field."""
    with refused(grid, reason) as caught:
        draft(grid, **changes)

    assert caught.value.detail.startswith(detail)


@pytest.mark.parametrize("field", ["nickname", "caste", "Name", ""])
def test_a_field_that_the_grid_does_not_know_is_named(grid: Grid, field: str) -> None:
    """The message holds the field, never what was typed into it."""
    with refused(grid, Reason.MALFORMED) as caught:
        draft(grid, suspect={**STRANGER, field: ["Secret Value"]})

    assert isinstance(caught.value, Malformed)
    assert field in str(caught.value)
    assert "Secret" not in str(caught.value)


def test_left_out_targets_are_all_other_providers(grid: Grid) -> None:
    """Named ones are asked once each, whatever their order."""
    everyone = canonical.loads(draft(grid))
    some = canonical.loads(draft(grid, targets=["prisons", "customs", "prisons"]))

    assert sorted(everyone["targets"]) == ["childcare", "customs", "prisons"]
    assert sorted(some["targets"]) == ["customs", "prisons"]


def test_who_was_away_for_long_keeps_nobody_from_asking(tmp_path: Path) -> None:
    """Without a sealing key in force it is left out, and named as not asked."""
    grid = Grid(tmp_path / "grid")
    grid.now += 8 * 86_400
    for name in ("customs", "childcare"):
        grid.post([sealing.ensure(grid.agency(name).office).data])
    with refused(grid, Reason.EXPIRED):
        draft(grid)
    with refused(grid, Reason.EXPIRED):
        draft(grid, partial=True, targets=["prisons"])
    asked = sign(grid, draft(grid, partial=True))

    assert sorted(asked["targets"]) == ["childcare", "customs"]
    view = desk.draft_view(
        grid.agency("police").office, "si-rao", "answers", asked.hash
    )
    signed = envelope.sign(Kind.VIEW, view, [officer_signer("police", "si-rao")])
    assert grid.agency("police").desk.look(signed)["not_asked"] == ["prisons"]


def test_each_target_gets_its_own_ciphertext(grid: Grid) -> None:
    """No two are alike, and all are of one size."""
    payload = draft(grid)
    rows = grid.agency("police").office.journal.rows(
        "SELECT ciphertext FROM content WHERE hash = ?",
        (envelope.name_of(Kind.QUERY, payload),),
    )

    assert len({bytes(one) for (one,) in rows}) == 3
    assert len({len(one) for (one,) in rows}) == 1


def test_no_word_of_the_suspect_stays_in_the_encoder(grid: Grid) -> None:
    """Tokens are parts of a name; they are forgotten with the draft."""
    draft(grid)

    filters = grid.agency("police").holdings.encoder._filters
    assert all(not one._masks for one in filters)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hours": 0}, Reason.EXPIRED),
        ({"hours": 169}, Reason.EXPIRED),
        ({"sections": ["BNS:144"]}, Reason.CASE),
        ({"sections": ["IPC:302"]}, Reason.PURPOSE),
        ({"purpose": "prosecution"}, Reason.PURPOSE),
        ({"purpose": "prevention"}, Reason.CASE),
    ],
)
def test_what_can_not_be_signed(
    grid: Grid, changes: dict[str, object], reason: Reason
) -> None:
    """A draft that no approval could help is refused when it is signed."""
    payload = draft(grid, **changes)

    with refused(grid, reason):
        sign(grid, payload)


def test_a_week_is_the_longest(grid: Grid) -> None:
    """168 hours are accepted."""
    asked = sign(grid, draft(grid, hours=168))

    assert asked.expires - asked.issued == 7 * 24 * HOUR


def test_bytes_that_were_never_drafted_here(grid: Grid) -> None:
    """An officer can't bring a query of their own making."""
    body = canonical.loads(draft(grid)) | {"id": "ab" * 16}

    with refused(grid, Reason.UNKNOWN) as caught:
        sign(grid, canonical.dumps(body))

    assert caught.value.detail == "draft"


def test_another_officers_signature_under_a_draft(grid: Grid) -> None:
    """The bytes name si-rao; si-joshi's key is not si-rao's."""
    data = envelope.sign(
        Kind.QUERY, draft(grid), [officer_signer("police", "si-joshi")]
    )

    with refused(grid, Reason.BAD_SIGNATURE):
        grid.agency("police").desk.sign(data)


def test_a_draft_lasts_an_hour(tmp_path_factory: pytest.TempPathFactory) -> None:
    """At sixty minutes it may be signed, a second later not; then it is forgotten."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    journal = grid.agency("police").office.journal
    in_time, late = draft(grid), draft(grid)
    grid.now += HOUR
    sign(grid, in_time)
    grid.now += 1

    with refused(grid, Reason.EXPIRED):
        sign(grid, late)

    draft(grid)
    name = envelope.name_of(Kind.QUERY, late)
    gone = "SELECT payload_hash FROM draft WHERE payload_hash = ?"
    assert journal.rows(gone, (name,)) == []
    assert journal.rows("SELECT 1 FROM content WHERE hash = ?", (name,)) == []
    with refused(grid, Reason.UNKNOWN):
        sign(grid, late)


def test_a_second_tab_may_hold_its_own_draft(grid: Grid) -> None:
    """Two drafts of one officer are two queries; the same one twice is one."""
    one, two = draft(grid), draft(grid)
    first, second = sign(grid, one), sign(grid, two)
    size = grid.agency("police").office.journal.log.size()

    assert sign(grid, one).data == first.data
    assert first.hash != second.hash
    assert grid.agency("police").office.journal.log.size() == size


def test_nothing_goes_out_before_a_supervisor_approved(grid: Grid) -> None:
    """Signed, it waits; approved, it is queued once."""
    asked = sign(grid, draft(grid))
    journal = grid.agency("police").office.journal
    queued = "SELECT 1 FROM outbox WHERE hash = ?"

    assert journal.rows(queued, (asked.hash,)) == []
    assert not query.advance(grid.agency("police").office, asked.hash)
    grid.decide("police", "sp-nair", asked.hash)
    grid.decide("police", "sp-khan", asked.hash)

    assert len(journal.rows(queued, (asked.hash,))) == 1


def test_a_refused_query_never_goes_out(grid: Grid) -> None:
    """One refusal closes it, also for the supervisor who would have approved."""
    asked = sign(grid, draft(grid))
    grid.decide("police", "sp-khan", asked.hash, reason="weak-basis")

    with refused(grid, Reason.CLOSED):
        grid.decide("police", "sp-nair", asked.hash)

    assert not query.advance(grid.agency("police").office, asked.hash)


def test_a_signature_repeated_after_a_stop_sends_what_was_left_lying(
    grid: Grid,
) -> None:
    """The approval was logged, the node was stopped, the officer signs again."""
    asked = sign(grid, draft(grid))
    said = grid.decide("police", "sp-nair", asked.hash)
    journal = grid.agency("police").office.journal
    with journal.writing() as writing:
        writing.run("DELETE FROM outbox WHERE hash = ?", (asked.hash,))

    grid.agency("police").desk.sign(said.data)

    assert len(journal.rows("SELECT 1 FROM outbox WHERE hash = ?", (asked.hash,))) == 1


def test_answers_that_do_not_belong_are_left_out(grid: Grid) -> None:
    """Once more, of who wasn't asked, no answer at all, or unreadable: none is kept."""
    asked = grid.ask(STRANGER, targets=["customs"])
    (again,) = grid.agency("police").office.journal.answers(asked.hash, Kind.ANSWER)
    posing = grid.agency("prisons").office.speak(
        Kind.ANSWER, seconds=99, answers=asked.hash, outcome="none", reason="",
        candidates=[], as_of=0,
    )  # fmt: skip
    before = grid.state("police")

    for data in (again.data, posing.data, asked.data, b"", b"{}"):
        grid.bring("police", data)

    assert grid.state("police") == before
