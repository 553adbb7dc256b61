"""What our officers asked goes on while its case is open and its asker stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from childgrid_node import agency, approve, query
from childgrid_node.courier import Courier
from childgrid_node.heard import Heard
from childgrid_wire import canonical
from childgrid_wire.errors import Reason, Unreachable
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import CASE, HUB, KABIR, Grid, officer_signer
from refusals import refused

FIELDS = ["name", "phone"]
WAITING = "SELECT state FROM outbox WHERE hash = ?"


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A fresh grid."""
    return Grid(tmp_path)


def register(grid: Grid) -> Path:
    """The police's register of cases."""
    return grid.agency("police").folder / "cases.csv"


def strike(path: Path) -> None:
    """Every line of the case is taken out."""
    kept = [one for one in path.read_text().splitlines() if not one.startswith(CASE)]
    path.write_text("\n".join(kept) + "\n")


def close(path: Path) -> None:
    """One line of the case is marked closed."""
    head, first, *rest = path.read_text().splitlines()
    lines = [f"{head},closed", f"{first},2026-11-30", *(f"{one}," for one in rest)]
    path.write_text("\n".join(lines) + "\n")


def spoil(path: Path) -> None:
    """It is no register any more."""
    path.write_text("reference\n")


ENDS = pytest.mark.parametrize("end", [strike, close])
FAULTS = pytest.mark.parametrize(
    ("end", "reason"),
    [
        (strike, Reason.CASE_OVER),
        (close, Reason.CASE_OVER),
        (spoil, Reason.CONFIGURATION),
    ],
)
End = Callable[[Path], None]


def wish(grid: Grid, asked: Statement) -> bytes:
    """A request to customs, not signed yet."""
    handle = grid.candidates(asked)["customs"][0]["handle"]
    made = approve.Wish("si-rao", asked.hash, "customs", handle, FIELDS, "arrest", 48)
    return approve.draft_request(grid.agency("police").office, made)


def approval(grid: Grid, subject: Statement) -> bytes:
    """The superior's approval, not signed yet."""
    decision = approve.Decision("sp-nair", subject.hash, True, "", [], "")
    return approve.draft_decision(grid.agency("police").office, decision)


def queued(grid: Grid, said: Statement) -> str:
    """What became of it in the police's outbox."""
    ((state,),) = grid.agency("police").office.journal.rows(WAITING, (said.hash,))
    return str(state)


def disclosed(grid: Grid) -> int:
    """How many records came to the police."""
    return len(grid.agency("police").office.journal.all(Kind.DISCLOSURE))


def told(grid: Grid, asked: Statement) -> str:
    """How the docket tells of a query."""
    lines = grid.look("police", "sp-nair", "docket")["lines"]
    return str({one["hash"]: one["state"] for one in lines}[asked.hash])


@pytest.mark.threat("T3")
@ENDS
@pytest.mark.parametrize("kind", [Kind.QUERY, Kind.REQUEST])
def test_a_stop_between_approval_and_outbox_changes_nothing(
    grid: Grid, monkeypatch: pytest.MonkeyPatch, kind: Kind, end: End
) -> None:
    """What is taken up after a start is held against the register again."""
    office = grid.agency("police").office
    asks = kind is Kind.QUERY
    drafted = (
        grid.draft(KABIR, "si-rao", (), 24) if asks else wish(grid, grid.ask(KABIR))
    )
    with monkeypatch.context() as patch:
        patch.setattr(query, "advance", lambda *_: False)
        patch.setattr(approve, "advance", lambda *_: False)
        subject = grid.sign("police", "si-rao", kind, drafted)
        grid.decide("police", "sp-nair", subject.hash)
    end(register(grid))

    with refused(grid, Reason.CASE_OVER):
        if asks:
            query.advance(office, subject.hash)
        else:
            approve.advance(office, subject)

    assert office.journal.rows(WAITING, (subject.hash,)) == []


@pytest.mark.threat("T3")
@FAULTS
def test_no_record_is_asked_for_a_case_that_is_over(
    grid: Grid, end: End, reason: Reason
) -> None:
    """Nor while nobody can tell: no draft is made, and none that was is signed."""
    asked = grid.ask(KABIR)
    drafted = wish(grid, asked)
    end(register(grid))

    with refused(grid, reason):
        wish(grid, asked)
    with refused(grid, reason):
        grid.sign("police", "si-rao", Kind.REQUEST, drafted)


@pytest.mark.threat("T3")
@FAULTS
def test_no_superior_approves_a_request_for_a_case_that_is_over(
    grid: Grid, end: End, reason: Reason
) -> None:
    """Neither drafted nor signed; it can still be refused."""
    made = grid.sign("police", "si-rao", Kind.REQUEST, wish(grid, grid.ask(KABIR)))
    drafted = approval(grid, made)
    end(register(grid))

    with refused(grid, reason):
        approval(grid, made)
    with refused(grid, reason):
        grid.sign("police", "sp-nair", Kind.APPROVAL, drafted)
    grid.decide("police", "sp-khan", made.hash, reason="weak-basis")
    assert approve.closed(grid.agency("police").office, made.hash)


@pytest.mark.threat("T3")
@ENDS
def test_a_request_that_waits_to_be_sent_stays_when_its_case_ends(
    grid: Grid, end: End
) -> None:
    """It is withdrawn with its approvals, and no holder ever hears of it."""
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", FIELDS)
    end(register(grid))
    before = grid.state("customs")

    grid.settle()

    assert queued(grid, request) == "withdrawn"
    (approved,) = grid.agency("police").office.journal.answers(
        request.hash, Kind.APPROVAL
    )
    assert queued(grid, approved) == "withdrawn"
    (line,) = grid.look("police", "si-rao", "query", asked.hash)["requests"]
    assert line["state"] == "expired"
    assert grid.state("customs") == before


@ENDS
def test_a_request_that_was_sent_stays_as_it_is(grid: Grid, end: End) -> None:
    """The holder decides on it as ever; what comes is shown to nobody."""
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", FIELDS)
    grid.carry()
    end(register(grid))

    grid.decide("customs", "cu-mehta", request.hash)
    grid.settle()

    assert disclosed(grid) == 1
    with refused(grid, Reason.CASE_OVER):
        grid.look("police", "si-rao", "profile", asked.hash)


@pytest.mark.threat("T3")
@FAULTS
def test_a_query_that_waits_is_not_approved_when_its_case_is_over(
    grid: Grid, end: End, reason: Reason
) -> None:
    """Whoever would approve it learns why; a refusal closes it."""
    asked = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    drafted = approval(grid, asked)
    end(register(grid))

    with refused(grid, reason):
        approval(grid, asked)
    with refused(grid, reason):
        grid.sign("police", "sp-nair", Kind.APPROVAL, drafted)
    grid.decide("police", "sp-khan", asked.hash, reason="weak-basis")
    assert told(grid, asked) == "refused"


class Away(Courier):
    """A courier that hands over nothing itself: whatever may go fails as it goes."""

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid.agency("police").office, None, "", HUB)  # type: ignore[arg-type]

    def _submission(self, hash_: str) -> None:
        raise Unreachable(hash_)

    def _board(self) -> None:
        raise Unreachable("board")


def approved(grid: Grid) -> Statement:
    """A query that waits for the coordinator, and nothing else does."""
    grid.carry()
    asked = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    grid.decide("police", "sp-nair", asked.hash)
    return asked


@pytest.mark.threat("T3")
@ENDS
def test_a_query_that_waits_to_be_sent_is_withdrawn_with_its_case(
    grid: Grid, end: End
) -> None:
    """The coordinator was away when its case ended: it never gets it."""
    asked = approved(grid)
    end(register(grid))

    assert Away(grid).flush() == 0

    assert queued(grid, asked) == "withdrawn"
    assert told(grid, asked) == "withdrawn"
    heard = Heard(grid.agency("police").office, 0)
    assert heard.of("customs")["silent_since"] == 0


def test_what_is_queued_waits_for_a_register_that_can_be_read(grid: Grid) -> None:
    """Nothing is lost by a slip in the file: it goes out once the file is right."""
    asked, path = approved(grid), register(grid)
    whole = path.read_text()
    spoil(path)

    assert Away(grid).flush() == 0

    assert (queued(grid, asked), told(grid, asked)) == ("waiting", "asked")
    path.write_text(whole)
    with pytest.raises(Unreachable, match=asked.hash):
        Away(grid).flush()


def revoke(grid: Grid) -> None:
    """The officer who asked is revoked."""
    said = grid.agency("police").office.speak(
        Kind.REVOCATION, seconds=999, number=1, target="officer", member="police",
        subject="si-rao", serial="", cause="left",
    )  # fmt: skip
    grid.post([said.data])


def leave(grid: Grid) -> None:
    """The officer who asked is taken out of the staff list."""
    restaff(grid, lambda text: text.replace('"si-rao"', '"si-other"'))


def rekey(grid: Grid) -> None:
    """The officer who asked has another key by now."""
    old, new = (
        canonical.to_b64(officer_signer("police", one).public)
        for one in ("si-rao", "si-rao-anew")
    )
    restaff(grid, lambda text: text.replace(old, new))


def restaff(grid: Grid, change: Callable[[str], str]) -> None:
    """Put another staff list of the police in force."""
    at = grid.agency("police")
    staff = at.folder / "staff.toml"
    staff.write_text(change(staff.read_text()))
    made = agency.publish(at.office, staff, at.folder / "policy.toml")
    grid.post([one.data for one in made])


FALLS = pytest.mark.parametrize("fall", [revoke, leave, rekey])
Fall = Callable[[Grid], None]


def inbox(grid: Grid) -> list[str]:
    """The hashes of what waits for a superior."""
    return [one["hash"] for one in grid.look("police", "sp-nair", "inbox")["waiting"]]


@pytest.mark.threat("T27")
@FALLS
def test_a_query_waits_for_nobody_once_its_asker_is_gone(
    grid: Grid, fall: Fall
) -> None:
    """It leaves the inbox, the docket says so, and it is closed to a decision."""
    asked = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    drafted = approval(grid, asked)
    assert inbox(grid) == [asked.hash]

    fall(grid)

    assert inbox(grid) == []
    assert told(grid, asked) == "withdrawn"
    with refused(grid, Reason.CLOSED):
        approval(grid, asked)
    with refused(grid, Reason.CLOSED):
        grid.sign("police", "sp-nair", Kind.APPROVAL, drafted)


@pytest.mark.threat("T27")
@FALLS
def test_a_request_waits_for_nobody_once_its_asker_is_gone(
    grid: Grid, fall: Fall
) -> None:
    """Before its own side has approved it; what customs knows does not change."""
    asked = grid.ask(KABIR)
    made = grid.sign("police", "si-rao", Kind.REQUEST, wish(grid, asked))
    before = grid.state("customs")

    fall(grid)

    assert inbox(grid) == []
    with refused(grid, Reason.CLOSED):
        approval(grid, made)
    (line,) = grid.look("police", "sp-nair", "query", asked.hash)["requests"]
    assert line["state"] == "expired"
    grid.settle()
    assert grid.state("customs") == before


@pytest.mark.threat("T27")
@FALLS
def test_what_was_queued_is_not_sent_once_its_asker_is_gone(
    grid: Grid, fall: Fall
) -> None:
    """The coordinator was away meanwhile: query and request are withdrawn."""
    request = grid.request(grid.ask(KABIR), "customs", FIELDS)
    other = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    grid.decide("police", "sp-nair", other.hash)
    before = grid.state("customs")

    fall(grid)
    grid.settle()

    assert [queued(grid, one) for one in (request, other)] == ["withdrawn"] * 2
    assert told(grid, other) == "withdrawn"
    assert grid.state("customs") == before


@FALLS
def test_a_request_that_is_out_can_still_be_refused(grid: Grid, fall: Fall) -> None:
    """Its asker is gone, and a superior closes it at the holder too."""
    request = grid.request(grid.ask(KABIR), "customs", FIELDS)
    grid.carry()
    fall(grid)

    grid.decide("police", "sp-khan", request.hash, reason="weak-basis")
    grid.settle()

    assert approve.closed(grid.agency("customs").office, request.hash)
    assert disclosed(grid) == 0
