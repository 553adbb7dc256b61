"""Deciding: each person once, in a slot of their own, on exactly what they sign."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node import agency, approve, match, prose
from childgrid_node.approve import Decision, Wish
from childgrid_wire import canonical, envelope
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import KABIR, STRANGER, Grid, officer_signer
from refusals import refused

FIELDS = ["name", "phone"]


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid that refusals leave as it is."""
    return Grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture(scope="module")
def asked(grid: Grid) -> Statement:
    """A query that everybody has answered."""
    return grid.ask(KABIR)


def wish(grid: Grid, asked: Statement, **changes: object) -> Wish:
    """What si-rao wants of customs' best candidate, with something changed."""
    given = {
        "officer": "si-rao",
        "query": asked.hash,
        "holder": "customs",
        "handle": grid.candidates(asked)["customs"][0]["handle"],
        "fields": FIELDS,
        "justification": "needed for the arrest",
        "hours": 48,
    } | changes
    return Wish(**given)  # type: ignore[arg-type]


def draft(grid: Grid, asked: Statement, **changes: object) -> bytes:
    """A drafted request."""
    return approve.draft_request(
        grid.agency("police").office, wish(grid, asked, **changes)
    )


def sign(grid: Grid, payload: bytes, officer: str = "si-rao") -> Statement:
    """Hand in a drafted request, signed."""
    return grid.sign("police", officer, Kind.REQUEST, payload)


def delivered(grid: Grid, asked: Statement) -> Statement:
    """A request that waits for customs' custodian."""
    request = grid.request(asked, "customs", FIELDS)
    grid.settle()
    return request


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"query": "ab" * 32}, Reason.UNKNOWN),
        ({"handle": "00" * 16}, Reason.UNKNOWN),
        ({"holder": "prisons"}, Reason.UNKNOWN),
        ({"holder": "police"}, Reason.UNKNOWN),
        ({"fields": []}, Reason.MALFORMED),
        ({"fields": ["name", "name"]}, Reason.MALFORMED),
        ({"fields": ["Full Name"]}, Reason.MALFORMED),
        ({"hours": 2**32 - 1}, Reason.MALFORMED),
    ],
)
def test_a_request_that_can_not_be_drafted(
    grid: Grid, asked: Statement, changes: dict[str, object], reason: Reason
) -> None:
    """Unknown query or candidate, no field, a field twice."""
    with refused(grid, reason):
        draft(grid, asked, **changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fields": ["name", "fingerprints"]}, Reason.FIELDS),
        ({"hours": 73}, Reason.EXPIRED),
        ({"hours": 0}, Reason.EXPIRED),
    ],
)
def test_a_request_that_no_approval_could_help(
    grid: Grid, asked: Statement, changes: dict[str, object], reason: Reason
) -> None:
    """What the policy never grants is refused when the request is signed."""
    payload = draft(grid, asked, **changes)

    with refused(grid, reason):
        sign(grid, payload)


def test_a_request_by_who_is_no_investigator(grid: Grid, asked: Statement) -> None:
    """A supervising officer approves requests and makes none."""
    payload = draft(grid, asked, officer="sp-nair")

    with refused(grid, Reason.WRONG_ROLE):
        sign(grid, payload, "sp-nair")


def test_a_request_that_was_never_drafted_here(grid: Grid, asked: Statement) -> None:
    """The private key of a request is this node's; no other request can be opened."""
    body = canonical.loads(draft(grid, asked)) | {"fields": ["name"]}

    with refused(grid, Reason.UNKNOWN):
        sign(grid, canonical.dumps(body))


def test_a_request_to_a_query_of_others(grid: Grid, asked: Statement) -> None:
    """Customs heard the query, but did not ask it."""
    handle = grid.candidates(asked)["customs"][0]["handle"]

    with refused(grid, Reason.WRONG_ROLE):
        approve.draft_request(
            grid.agency("customs").office,
            Wish("cu-mehta", asked.hash, "customs", handle, FIELDS, "", 24),
        )


@pytest.mark.parametrize(
    ("officer", "reason"),
    [
        ("si-rao", Reason.OWN_REQUEST),
        ("si-joshi", Reason.WRONG_ROLE),
        ("cu-police", Reason.WRONG_ROLE),
        ("nobody", Reason.UNKNOWN_KEY),
    ],
)
def test_who_may_not_approve_at_the_requesters_side(
    grid: Grid, asked: Statement, officer: str, reason: Reason
) -> None:
    """Not the asker, not a colleague, not a custodian, not a stranger."""
    request = sign(grid, draft(grid, asked))

    with refused(grid, reason):
        grid.decide("police", officer, request.hash)
    with refused(grid, reason):
        grid.decide("police", officer, request.hash, reason="weak-basis")


def test_whoever_asked_the_query_may_not_approve_a_colleagues_request(
    grid: Grid, asked: Statement
) -> None:
    """Two names for one wish are not two persons."""
    request = sign(grid, draft(grid, asked, officer="si-joshi"), "si-joshi")

    with refused(grid, Reason.OWN_REQUEST):
        grid.decide("police", "si-rao", request.hash)


def test_a_subject_that_is_unknown_or_no_subject(grid: Grid, asked: Statement) -> None:
    """Only queries and requests are decided on."""
    (attestation, *_) = grid.agency("police").office.journal.all(Kind.CASE)

    for name in ("ab" * 32, "", attestation.hash):
        with refused(grid, Reason.UNKNOWN):
            grid.decide("police", "sp-nair", name)


def test_a_decision_is_final(grid: Grid, asked: Statement) -> None:
    """Neither a second approval nor a change of mind."""
    request = delivered(grid, asked)
    grid.decide("customs", "cu-mehta", request.hash)

    with refused(grid, Reason.DECIDED):
        grid.decide("customs", "cu-mehta", request.hash)
    with refused(grid, Reason.DECIDED):
        grid.decide("customs", "cu-mehta", request.hash, reason="legal-bar")


def test_a_second_tab_with_a_stale_draft(grid: Grid, asked: Statement) -> None:
    """Approved in one tab, refused in the other: the first that was signed holds."""
    request = delivered(grid, asked)
    office = grid.agency("customs").office
    drafts = [
        approve.draft_decision(
            office, Decision("cu-mehta", request.hash, yes, "", (), why)
        )
        for yes, why in ((True, ""), (False, "legal-bar"))
    ]
    grid.sign("customs", "cu-mehta", Kind.APPROVAL, drafts[0])

    with refused(grid, Reason.DECIDED):
        grid.sign("customs", "cu-mehta", Kind.REFUSAL, drafts[1])

    assert not approve.closed(office, request.hash)


def test_a_draft_that_was_closed_meanwhile(grid: Grid, asked: Statement) -> None:
    """A colleague refused before the approval was signed."""
    request = delivered(grid, asked)
    office = grid.agency("customs").office
    late = approve.draft_decision(
        office, Decision("cu-mehta", request.hash, True, "", (), "")
    )
    grid.decide("customs", "cu-dias", request.hash, reason="not-this-person")

    with refused(grid, Reason.CLOSED):
        grid.sign("customs", "cu-mehta", Kind.APPROVAL, late)


def test_a_decision_that_was_never_drafted_here(grid: Grid, asked: Statement) -> None:
    """An approval made elsewhere, rightly signed, is not taken in at the desk."""
    request = delivered(grid, asked)
    office = grid.agency("customs").office
    payload = approve.draft_decision(
        office, Decision("cu-mehta", request.hash, True, "", ("name",), "")
    )
    wider = canonical.dumps(canonical.loads(payload) | {"fields": FIELDS})

    with refused(grid, Reason.UNKNOWN):
        grid.sign("customs", "cu-mehta", Kind.APPROVAL, wider)


def test_a_draft_of_a_colleague(grid: Grid, asked: Statement) -> None:
    """What was drafted for cu-mehta can't be signed by cu-dias."""
    request = delivered(grid, asked)
    payload = approve.draft_decision(
        grid.agency("customs").office,
        Decision("cu-mehta", request.hash, True, "", (), ""),
    )
    signers = [officer_signer("customs", "cu-dias")]

    with refused(grid, Reason.BAD_SIGNATURE):
        grid.agency("customs").desk.sign(envelope.sign(Kind.APPROVAL, payload, signers))


def test_a_custodian_may_narrow(grid: Grid, asked: Statement) -> None:
    """In the request's own order; left out means all."""
    one, two = delivered(grid, asked), delivered(grid, asked)
    some = grid.decide("customs", "cu-mehta", one.hash, fields=["phone"])
    every = grid.decide("customs", "cu-mehta", two.hash)

    assert some["fields"] == ["phone"]
    assert every["fields"] == FIELDS
    assert (some["side"], some["slot"]) == ("holder", "custodian")


@pytest.mark.parametrize("fields", [["note"], ["name", "phon"], ["nothing"]])
def test_a_field_that_nobody_asked_for(
    grid: Grid, asked: Statement, fields: list[str]
) -> None:
    """A slip of the pen must not become a final approval of nothing."""
    request = delivered(grid, asked)

    with refused(grid, Reason.FIELDS):
        grid.decide("customs", "cu-mehta", request.hash, fields=fields)


@pytest.mark.parametrize("slot", ["supervisor", "nodal", "silent-hit"])
def test_a_slot_that_is_not_the_officers(
    grid: Grid, asked: Statement, slot: str
) -> None:
    """A custodian fills the custodian's slot of a request and no other."""
    request = delivered(grid, asked)

    with refused(grid, Reason.WRONG_ROLE):
        grid.decide("customs", "cu-mehta", request.hash, slot=slot)


def test_reasons_are_a_closed_list(grid: Grid, asked: Statement) -> None:
    """No prose in a refusal."""
    request = delivered(grid, asked)

    with refused(grid, Reason.MALFORMED):
        grid.decide("customs", "cu-mehta", request.hash, reason="he is my cousin")


def test_a_request_waits_at_home_until_its_side_is_complete(
    grid: Grid, asked: Statement
) -> None:
    """The holder hears of it with its supervising officer's approval, not before."""
    request = sign(grid, draft(grid, asked))
    grid.settle()
    customs = grid.agency("customs").office.journal
    assert customs.find(request.hash) is None
    grid.decide("police", "sp-nair", request.hash)
    grid.settle()

    assert customs.find(request.hash) is not None
    (approval,) = customs.answers(request.hash, Kind.APPROVAL)
    assert approval.person == "police/sp-nair"


def test_the_justification_is_read_by_the_holder_alone(
    grid: Grid, asked: Statement
) -> None:
    """It is sealed to the holder and not a word of it stands in the statement."""
    request = delivered(grid, asked)
    office = grid.agency("customs").office
    ((sealed,),) = office.journal.rows(
        "SELECT ciphertext FROM content WHERE hash = ?", (request.hash,)
    )

    assert b"arrest" not in envelope.read(request.data).payload
    assert prose.justification(office, request, sealed) == "needed for the arrest"
    with refused(grid, Reason.FIELDS):
        prose.justification(office, request, sealed + b"x")
    with refused(grid, Reason.EXPIRED):
        prose.justification(grid.agency("prisons").office, request, sealed)


def test_a_silent_hit_is_released_once(grid: Grid) -> None:
    """By a custodian; then the answer is a hit, and nothing is left to release."""
    asked = grid.ask(KABIR)
    office = grid.agency("childcare").office
    grid.decide("childcare", "cc-das", asked.hash, slot="silent-hit")

    (first, later) = office.journal.answers(asked.hash, Kind.ANSWER)
    assert (first["outcome"], later["outcome"]) == ("none", "hit")
    shown = later["candidates"][0]["handle"]
    assert match.handle(office, asked.hash, shown).hit.key == "CC-1"
    with refused(grid, Reason.UNKNOWN):
        grid.decide("childcare", "cc-das", asked.hash, slot="silent-hit")


def test_where_nothing_is_silent_there_is_nothing_to_release(grid: Grid) -> None:
    """Not at the asker, not where nobody was found, not where all was said."""
    asked = grid.ask(STRANGER)

    for member, officer in (
        ("childcare", "cc-das"),
        ("customs", "cu-mehta"),
        ("police", "cu-police"),
    ):
        with refused(grid, Reason.UNKNOWN):
            grid.decide(member, officer, asked.hash, slot="silent-hit")


def test_only_a_custodian_releases(grid: Grid) -> None:
    """A supervising officer's wish is refused."""
    asked = grid.ask(KABIR)

    with refused(grid, Reason.WRONG_ROLE):
        grid.decide("police", "sp-khan", asked.hash, slot="silent-hit")


def test_a_custodian_who_lost_the_role_before_signing(tmp_path: Path) -> None:
    """Drafted as custodian, signed as somebody else: the hit stays silent."""
    grid = Grid(tmp_path)
    asked = grid.ask(KABIR)
    at = grid.agency("childcare")
    decision = Decision("cc-das", asked.hash, True, "silent-hit", (), "")
    payload = approve.draft_decision(at.office, decision)
    staff = at.folder / "staff.toml"
    staff.write_text(staff.read_text().replace("custodian", "supervising-officer"))
    agency.publish(at.office, staff, at.folder / "policy.toml")

    with refused(grid, Reason.WRONG_ROLE):
        grid.sign("childcare", "cc-das", Kind.APPROVAL, payload)


def test_an_expired_request_is_not_decided_on(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Its time is over for everybody."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    request = grid.request(grid.ask(KABIR), "customs", FIELDS, hours=1)
    grid.settle()
    grid.now += 3_600

    with refused(grid, Reason.EXPIRED):
        grid.decide("customs", "cu-mehta", request.hash)


SECOND_SLOT = """
[[category.movement.approval]]
slot = "second-custodian"
side = "holder"
role = "custodian"
"""
TWO_PERSONS = SECOND_SLOT.replace("second-custodian", "custodian") + "persons = 2\n"


@pytest.mark.parametrize("slots", [SECOND_SLOT, TWO_PERSONS], ids=["slot", "persons"])
def test_two_custodians_where_the_policy_wants_two(tmp_path: Path, slots: str) -> None:
    """Each is asked, each fills an own place, and one alone releases nothing."""
    grid = Grid(tmp_path)
    at = grid.agency("customs")
    path = at.folder / "policy.toml"
    path.write_text(path.read_text() + slots)
    made = agency.publish(at.office, at.folder / "staff.toml", path)
    grid.post([one.data for one in made])
    request = grid.request(grid.ask(KABIR), "customs", FIELDS)
    grid.settle()

    grid.decide("customs", "cu-mehta", request.hash)
    grid.settle()
    assert grid.released("customs") == 0
    inbox = grid.look("customs", "cu-dias", "inbox")
    assert [one["hash"] for one in inbox["waiting"]] == [request.hash]
    assert grid.look("customs", "cu-mehta", "inbox")["waiting"] == []

    grid.decide("customs", "cu-dias", request.hash)
    grid.settle()
    assert grid.released("customs") == 1
    assert grid.look("customs", "cu-dias", "inbox")["waiting"] == []
