"""A finding and its answer over a whole grid: put, read, answered, and attacked.

The stories run over the real nodes, and over the coordinator where it matters who
carries. Attack tests end by asserting that nothing changed.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from childgrid_audit.post import Post
from childgrid_audit.workbench.pen import Pen
from childgrid_log.entry import parse_entry
from childgrid_node import findings, query
from childgrid_node.aftermath import Verdict
from childgrid_node.courier import Parcel
from childgrid_node.mailroom import open_parcel
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import AGENCIES, AUDITORS, DAY, KABIR, Grid, identity, officer_signer
from refusals import refused

NORTH, SOUTH = AUDITORS
IT = "it-menon"


def _entry(grid: Grid, member: str, officer: str, role: str) -> dict[str, Any]:
    return {
        "id": officer,
        "role": role,
        "unit": "audit",
        "rank": 0,
        "algorithm": "ed25519",
        "key": canonical.to_b64(officer_signer(member, officer).public),
        "rp_id": "",
        "origins": [],
        "training": True,
        "valid_from": grid.now - DAY,
        "valid_until": grid.now + 300 * DAY,
    }


def _list(grid: Grid, member: str, version: int, *officers: dict[str, Any]) -> None:
    """A member's staff list, hung on the board."""
    made = statement.make(
        Kind.STAFF,
        identity(member).signer,
        issuer=member,
        now=grid.now,
        seconds=300 * DAY,
        version=version,
        officers=list(officers),
    )
    grid.post([made])


def enrolled(grid: Grid) -> Grid:
    """The same grid with a listed auditor, and somebody of IT at the police."""
    _list(grid, NORTH, 1, _entry(grid, NORTH, "au-iyer", "auditor"))
    police = grid.agency("police").office.view.staff["police"]
    menon = _entry(grid, "police", IT, "agency-it")
    _list(grid, "police", police["version"] + 1, *police["officers"], menon)
    return grid


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """See `enrolled`."""
    return enrolled(Grid(tmp_path))


def found(
    grid: Grid, subject: str, signer: SeedSigner | None = None, **changes: Any
) -> bytes:
    """An auditor's finding, put to the police unless said otherwise."""
    signer = signer or officer_signer(NORTH, "au-iyer")
    issuer, _, officer = signer.keyid.partition("/")
    body = {"party": "police", "reply_by": grid.now + 14 * DAY, **changes}
    return statement.make(
        Kind.FINDING,
        signer,
        issuer=issuer,
        officer=officer,
        now=grid.now,
        seconds=body.pop("seconds", 3_660 * DAY),
        topic="hasty",
        subject=subject,
        **body,
    )


def mail(grid: Grid, member: str, data: bytes) -> None:
    """Carry a statement to an agency's node."""
    open_parcel(grid.agency(member).office, Parcel(0, data, b"", None))


def put(grid: Grid, subject: str, **changes: Any) -> Statement:
    """A finding that has reached the police."""
    data = found(grid, subject, **changes)
    mail(grid, "police", data)
    return statement.parse(envelope.read(data))


def answer(
    grid: Grid, finding: str, officer: str, *, in_order: bool = False
) -> Statement:
    """An officer of the police answers at the own desk."""
    office = grid.agency("police").office
    payload = findings.draft_reply(office, Verdict(officer, finding, in_order))
    return grid.sign("police", officer, Kind.REVIEW, payload)


def inbox(grid: Grid, officer: str, member: str = "police") -> list[dict[str, Any]]:
    """The findings that wait for an officer."""
    shown: list[dict[str, Any]] = grid.look(member, officer, "inbox")["findings"]
    return shown


def states(grid: Grid) -> dict[str, tuple[Any, ...]]:
    """All that every agency has said and heard."""
    return {name: grid.state(name) for name in AGENCIES}


def test_a_finding_waits_for_those_who_answer_for_the_agency(grid: Grid) -> None:
    """Supervisors and custodians see it, whoever did it and others do not."""
    asked = grid.ask(KABIR, targets=["customs"])
    finding = put(grid, asked.hash)

    (shown,) = inbox(grid, "sp-nair")

    assert shown == {
        "hash": finding.hash,
        "kind": "finding",
        "by": f"{NORTH}/au-iyer",
        "topic": "hasty",
        "subject": asked.hash,
        "issued": grid.now,
        "reply_by": grid.now + 14 * DAY,
        "overdue": False,
    }
    assert len(inbox(grid, "cu-police")) == 1
    assert inbox(grid, "si-rao") == inbox(grid, "si-joshi") == []
    assert inbox(grid, "cu-mehta", "customs") == []
    with pytest.raises(Refused) as refusal:
        inbox(grid, IT)
    assert refusal.value.reason is Reason.WRONG_ROLE


def test_an_answer_is_logged_sent_and_final(grid: Grid) -> None:
    """One officer answers once; it leaves by the outbox and waits for nobody else."""
    finding = put(grid, grid.ask(KABIR, targets=["customs"]).hash)

    said = answer(grid, finding.hash, "sp-nair")

    assert (said.answers, said["agreed"]) == (finding.hash, 0)
    assert said.expires >= finding.expires
    journal = grid.agency("police").office.journal
    waiting = journal.rows("SELECT hash FROM outbox WHERE state = 'waiting'")
    assert (said.hash,) in waiting
    assert inbox(grid, "sp-nair") == inbox(grid, "cu-police") == []
    with refused(grid, Reason.DECIDED):
        answer(grid, finding.hash, "cu-police")


def test_from_the_auditors_log_to_the_officer_and_back(grid: Grid) -> None:
    """The whole way: pen, station's log, mail, inbox, desk, the agency's log."""
    asked = grid.ask(KABIR, targets=["customs"])
    north = grid.members[NORTH]
    log = north.office.journal.log
    pen = Pen(officer_signer(NORTH, "au-iyer"), north.shelf, log, grid.clock)
    name = pen.find("hasty", "police", asked.hash, 14)
    assert inbox(grid, "sp-nair") == []

    assert Post(log, lambda data: mail(grid, "police", data)).deliver() == 1

    (shown,) = inbox(grid, "sp-khan")
    assert shown["hash"] == name
    said = answer(grid, name, "sp-khan", in_order=True)
    kept = grid.agency("police").office.journal
    kinds = [parse_entry(one).kind for one in kept.log.entries(0, kept.log.size())]
    assert kinds.count("finding") == kinds.count("review") == 1
    assert kinds.index("finding") < kinds.index("review")
    assert [one.hash for one in kept.answers(name, Kind.REVIEW)] == [said.hash]


def test_a_finding_that_came_late_is_overdue_and_still_answered(grid: Grid) -> None:
    """Its time to reply runs wherever it lies; an answer after it is late, not void."""
    subject = grid.ask(KABIR, targets=["customs"]).hash
    data = found(grid, subject)
    grid.now += 15 * DAY
    mail(grid, "police", data)
    (shown,) = inbox(grid, "sp-nair")
    assert shown["overdue"]
    assert answer(grid, shown["hash"], "sp-nair", in_order=True)["agreed"] == 1


@pytest.mark.threat("T1")
def test_a_finding_that_no_auditor_put_to_this_agency(grid: Grid) -> None:
    """Signed by nobody enrolled, about another party, or with no time to reply."""
    subject = grid.ask(KABIR, targets=["customs"]).hash
    thief = SeedSigner(f"{NORTH}/au-iyer", b"a thief has another key, alas!!!")
    attempts: list[tuple[Reason, SeedSigner | None, dict[str, Any]]] = [
        (Reason.UNKNOWN_KEY, officer_signer(NORTH, "au-nobody"), {}),
        (Reason.UNKNOWN_KEY, officer_signer(SOUTH, "au-iyer"), {}),
        (Reason.BAD_SIGNATURE, thief, {}),
        (Reason.WRONG_ROLE, officer_signer("customs", "cu-mehta"), {}),
        (Reason.WRONG_ROLE, officer_signer("police", "sp-nair"), {}),
        (Reason.TARGET, None, {"party": "customs"}),
        (Reason.EXPIRED, None, {"reply_by": 0}),
        (Reason.EXPIRED, None, {"reply_by": grid.now + 91 * DAY}),
        (Reason.EXPIRED, None, {"seconds": DAY}),
    ]
    office = grid.agency("police").office
    for reason, signer, changes in attempts:
        data = found(grid, subject, signer, **changes)
        with refused(grid, reason):
            findings.hear(office, office.hear(data, Kind.FINDING))
        before = states(grid)
        with suppress(Untrusted):
            mail(grid, "police", data)
        assert states(grid) == before
    assert inbox(grid, "sp-nair") == []


@pytest.mark.threat("T4")
def test_an_agency_that_lists_an_auditor_of_its_own(grid: Grid) -> None:
    """Who is an auditor follows from the founders' directory, not from a role."""
    customs = grid.agency("customs").office.view.staff["customs"]
    own = _entry(grid, "customs", "au-own", "auditor")
    _list(grid, "customs", customs["version"] + 1, *customs["officers"], own)
    subject = grid.ask(KABIR, targets=["customs"]).hash
    data = found(grid, subject, officer_signer("customs", "au-own"))
    office = grid.agency("police").office
    with refused(grid, Reason.WRONG_ROLE):
        findings.hear(office, office.hear(data, Kind.FINDING))
    assert inbox(grid, "sp-nair") == []


@pytest.mark.threat("T9")
def test_a_finding_that_is_said_again(grid: Grid) -> None:
    """To the same node, to another one, and after it was answered."""
    data = found(grid, grid.ask(KABIR, targets=["customs"]).hash)
    mail(grid, "police", data)
    answer(grid, envelope.read(data).hash, "sp-nair")
    before = states(grid)
    for member in AGENCIES:
        mail(grid, member, data)
    assert states(grid) == before
    assert inbox(grid, "cu-police") == []


@pytest.mark.threat("T5", "T6")
def test_an_answer_by_who_may_not_give_it(grid: Grid) -> None:
    """Agency IT, an investigator, and the one whose own approval it is about."""
    asked = grid.ask(KABIR, targets=["customs"])
    journal = grid.agency("police").office.journal
    (approval,) = journal.answers(asked.hash, Kind.APPROVAL)
    finding = put(grid, approval.hash)
    assert inbox(grid, "sp-nair") == []
    for officer, reason in (
        (IT, Reason.WRONG_ROLE),
        ("si-joshi", Reason.WRONG_ROLE),
        ("sp-nair", Reason.OWN_REQUEST),
    ):
        with refused(grid, reason):
            answer(grid, finding.hash, officer)
    assert len(inbox(grid, "sp-khan")) == 1


@pytest.mark.threat("T4")
def test_an_answer_for_another_agency(grid: Grid) -> None:
    """A custodian elsewhere answers for the police, at home and by mail."""
    finding = put(grid, grid.ask(KABIR, targets=["customs"]).hash)
    made = statement.make(
        Kind.REVIEW,
        officer_signer("customs", "cu-mehta"),
        issuer="customs",
        officer="cu-mehta",
        now=grid.now,
        seconds=4_000 * DAY,
        answers=finding.hash,
        subject="sample",
        pairs=1,
        agreed=1,
        result=finding.hash,
    )
    with refused(grid, Reason.UNKNOWN):
        grid.agency("customs").desk.sign(made)
    before = states(grid)
    mail(grid, "police", made)
    assert states(grid) == before
    assert len(inbox(grid, "sp-nair")) == 1


def test_an_answer_that_is_not_as_drafted(grid: Grid) -> None:
    """Only what this node drafted counts, and only if it says what an answer says."""
    finding = put(grid, grid.ask(KABIR, targets=["customs"]).hash)
    office = grid.agency("police").office
    attempts: list[tuple[Reason, dict[str, Any]]] = [
        (Reason.FIELDS, {"pairs": 2}),
        (Reason.FIELDS, {"agreed": 2}),
        (Reason.UNKNOWN, {"result": "ab" * 32}),
        (Reason.EXPIRED, {"seconds": DAY}),
        (Reason.EXPIRED, {"now": grid.now - DAY}),
    ]
    for reason, changes in attempts:
        payload = _drafted(grid, finding.hash, **changes)
        with refused(grid, Reason.UNKNOWN):
            grid.sign("police", "sp-nair", Kind.REVIEW, payload)
        query.keep_draft(office, "sp-nair", Kind.REVIEW, payload)
        with refused(grid, reason):
            grid.sign("police", "sp-nair", Kind.REVIEW, payload)
    assert len(inbox(grid, "sp-nair")) == 1


def _drafted(grid: Grid, finding: str, **changes: Any) -> bytes:
    """An answer as somebody else than the node would draft it."""
    body = {
        "subject": "sample",
        "pairs": 1,
        "agreed": 1,
        "result": finding,
        "answers": finding,
        "now": grid.now,
        "seconds": 4_000 * DAY,
        **changes,
    }
    return statement.draft(Kind.REVIEW, issuer="police", officer="sp-nair", **body)
