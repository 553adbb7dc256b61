"""The desk: who may read what, once each, and that every reading is logged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from childgrid_node import agency, query, sitting
from childgrid_node.desk import draft_view
from childgrid_wire import canonical, envelope
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import CASE, KABIR, Grid, officer_signer
from refusals import refused


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid whose police also has a prosecutor, an IT clerk and an auditor."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    at = grid.agency("police")
    staff = at.folder / "staff.toml"
    more = "".join(
        f'[[officer]]\nid = "{name}"\nrole = "{role}"\nunit = "unit-1"\nrank = 5\n'
        f'key = "{canonical.to_b64(officer_signer("police", name).public)}"\n'
        for name, role in (
            ("pp-iyer", "prosecutor"),
            ("it-bose", "agency-it"),
            ("au-sen", "auditor"),
        )
    )
    staff.write_text(staff.read_text() + more)
    made = agency.publish(at.office, staff, at.folder / "policy.toml")
    grid.post([one.data for one in made])
    named = (at.folder / "cases.csv").read_text().splitlines()
    columns = (f"{named[0]},prosecutor", *(f"{line},pp-iyer" for line in named[1:]))
    (at.folder / "cases.csv").write_text("\n".join(columns) + "\n")
    return grid


@pytest.fixture(scope="module")
def asked(grid: Grid) -> Statement:
    """A query of si-rao's that everybody answered."""
    return grid.ask(KABIR)


@pytest.fixture(scope="module")
def made(grid: Grid, asked: Statement) -> Statement:
    """A request for customs' record that waits for its custodian."""
    request = grid.request(asked, "customs", ["name", "phone"])
    grid.settle()
    return request


def waiting(grid: Grid, member: str, officer: str) -> list[str]:
    """Hashes of what waits for an officer."""
    shown = grid.look(member, officer, "inbox")
    return [str(one["hash"]) for one in shown["waiting"]]


def test_a_reading_is_logged(grid: Grid, asked: Statement) -> None:
    """One leaf of kind `view` at the own node, and none at any other."""
    before = {name: grid.state(name)[0] for name in ("police", "customs")}
    grid.look("police", "si-rao", "query", asked.hash)

    view = grid.agency("police").office.journal.all(Kind.VIEW)[-1]
    assert (view.officer, view["object"], view["subject"]) == (
        "si-rao",
        "query",
        asked.hash,
    )
    assert grid.state("police")[0] == before["police"] + 1
    assert grid.state("customs")[0] == before["customs"]


def test_a_view_is_used_once(grid: Grid) -> None:
    """Replayed, even by a thief of the bytes, it shows nothing."""
    at = grid.agency("police")
    payload = draft_view(at.office, "si-rao", "inbox", "")
    data = envelope.sign(Kind.VIEW, payload, [officer_signer("police", "si-rao")])
    at.desk.look(data)

    with refused(grid, Reason.REPLAYED):
        at.desk.look(data)


def test_a_view_lasts_five_minutes(grid: Grid) -> None:
    """Signed and kept for later, it is worth nothing."""
    at = grid.agency("police")
    payload = draft_view(at.office, "si-rao", "inbox", "")
    data = envelope.sign(Kind.VIEW, payload, [officer_signer("police", "si-rao")])
    grid.now += 300
    try:
        with refused(grid, Reason.EXPIRED):
            at.desk.look(data)
    finally:
        grid.now -= 300


def test_a_view_of_another_agency_or_another_kind(grid: Grid) -> None:
    """This desk shows its own officers what they signed to see."""
    other = grid.agency("customs").office
    payload = draft_view(other, "cu-mehta", "inbox", "")
    view = envelope.sign(Kind.VIEW, payload, [officer_signer("customs", "cu-mehta")])
    query = grid.agency("police").office.journal.all(Kind.QUERY)

    with refused(grid, Reason.WRONG_ROLE):
        grid.agency("police").desk.look(view)
    for one in query:
        with refused(grid, Reason.UNKNOWN_KIND):
            grid.agency("police").desk.look(one.data)


@pytest.mark.parametrize("object_", ["inbox", "query", "answers", "profile", "request"])
@pytest.mark.parametrize("officer", ["it-bose", "au-sen"])
@pytest.mark.threat("T3")
def test_agency_it_and_auditors_read_nothing_here(
    grid: Grid, asked: Statement, officer: str, object_: str
) -> None:
    """IT runs the node; it never reads a query."""
    with refused(grid, Reason.WRONG_ROLE):
        grid.look("police", officer, object_, asked.hash)


@pytest.mark.parametrize("object_", ["query", "answers", "profile"])
def test_an_investigator_reads_own_queries_only(
    grid: Grid, asked: Statement, object_: str
) -> None:
    """A colleague's case stays closed; the supervising officer sees it."""
    assert grid.look("police", "si-rao", object_, asked.hash)
    assert grid.look("police", "sp-khan", object_, asked.hash)

    with refused(grid, Reason.WRONG_ROLE):
        grid.look("police", "si-joshi", object_, asked.hash)


def test_the_asker_sees_what_was_asked(grid: Grid, asked: Statement) -> None:
    """Name and case as they were typed, and who approved."""
    shown = grid.look("police", "si-rao", "query", asked.hash)

    assert shown["suspect"] == KABIR
    assert shown["case_reference"] == CASE
    assert [one["by"] for one in shown["approvals"]] == ["police/sp-nair"]
    assert shown["closed"] is False


@pytest.mark.threat("T3", "T11")
def test_a_query_says_who_must_sign_and_how_its_requests_stand(
    grid: Grid, asked: Statement, made: Statement
) -> None:
    """The approver's task list and the asker's requests, each as it stands."""
    shown = grid.look("police", "si-rao", "query", asked.hash)
    (slot,) = shown["slots"]
    assert (slot["slot"], slot["role"]) == ("supervisor", "supervising-officer")
    assert shown["state"] == "asked"
    assert not shown["waits"]
    mine = [one for one in shown["requests"] if one["hash"] == made.hash]
    assert [one["state"] for one in mine] == ["open"]


def test_a_request_says_whom_it_waits_for_and_why_it_was_refused(
    grid: Grid, asked: Statement
) -> None:
    """It waits for one custodian, and for none once refused."""
    request = grid.request(asked, "customs", ["note"])
    grid.carry()
    shown = grid.look("customs", "cu-mehta", "request", request.hash)
    assert shown["waits"]
    assert {one["side"] for one in shown["slots"]} == {"requester", "holder"}
    assert shown["category"] == "movement"

    grid.decide("customs", "cu-mehta", request.hash, reason="weak-basis")

    shown = grid.look("customs", "cu-mehta", "request", request.hash)
    assert (shown["waits"], shown["closed"]) == (False, True)
    (refusal,) = shown["refusals"]
    assert (refusal["by"], refusal["reason"]) == ("customs/cu-mehta", "weak-basis")


def test_a_target_sees_nothing_of_a_query(grid: Grid, asked: Statement) -> None:
    """Not the query, not its answers, not a profile: they are the asker's."""
    for object_ in ("query", "answers", "profile"):
        with refused(grid, Reason.WRONG_ROLE):
            grid.look("customs", "cu-mehta", object_, asked.hash)


def test_a_prosecutor_reads_profiles_and_nothing_else(
    grid: Grid, asked: Statement, made: Statement
) -> None:
    """What was disclosed; not who was sought, not what others answered."""
    assert grid.look("police", "pp-iyer", "profile", asked.hash)["query"] == asked.hash

    for object_, subject in (
        ("query", asked.hash),
        ("answers", asked.hash),
        ("request", made.hash),
        ("explanation", made.hash),
        ("silent", ""),
    ):
        with refused(grid, Reason.WRONG_ROLE):
            grid.look("police", "pp-iyer", object_, subject)


def test_inboxes_hold_what_the_role_may_decide(
    grid: Grid, asked: Statement, made: Statement
) -> None:
    """A request waits for the holder's custodians; nobody else finds it."""
    for member, officer in (
        ("customs", "cu-mehta"),
        ("customs", "cu-dias"),
    ):
        assert waiting(grid, member, officer) == [made.hash]
    for member, officer in (
        ("police", "si-rao"),
        ("police", "cu-police"),
        ("police", "pp-iyer"),
        ("prisons", "pr-singh"),
    ):
        assert waiting(grid, member, officer) == []
    assert asked.hash not in waiting(grid, "police", "sp-khan")


def test_a_query_waits_for_the_supervisors_until_one_approved(grid: Grid) -> None:
    """Then it leaves both inboxes; a refused one too."""
    payload = grid.draft(KABIR)
    query = grid.sign("police", "si-rao", Kind.QUERY, payload)
    assert query.hash in waiting(grid, "police", "sp-nair")
    assert query.hash in waiting(grid, "police", "sp-khan")
    grid.decide("police", "sp-nair", query.hash)

    assert query.hash not in waiting(grid, "police", "sp-nair")
    assert query.hash not in waiting(grid, "police", "sp-khan")


def test_what_expired_or_was_refused_waits_for_nobody(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """An inbox is what can still be decided."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    asked = grid.ask(KABIR)
    short = grid.request(asked, "customs", ["name"], hours=1)
    shut = grid.request(asked, "customs", ["name"])
    grid.settle()
    grid.decide("customs", "cu-dias", shut.hash, reason="weak-basis")
    assert waiting(grid, "customs", "cu-mehta") == [short.hash]
    grid.now += 3_600

    assert waiting(grid, "customs", "cu-mehta") == []


def test_a_custodian_sees_why_the_machine_thinks_so(
    grid: Grid, made: Statement
) -> None:
    """The reason that was given, each field's agreement, and which record it is."""
    shown = grid.look("customs", "cu-mehta", "request", made.hash)
    alone = grid.look("customs", "cu-mehta", "explanation", made.hash)
    verdicts = {one["field"]: one["verdict"] for one in alone["fields"]}

    assert shown["justification"] == "needed for the arrest"
    assert shown["explanation"] == alone
    assert (alone["source"], alone["record"]) == ("rows", "CU-1")
    assert (verdicts["phone"], verdicts["pan"]) == ("same", "absent")


def test_the_askers_side_sees_no_explanation(grid: Grid, made: Statement) -> None:
    """Which field agrees would be an oracle; the request itself is shown."""
    shown = grid.look("police", "si-rao", "request", made.hash)

    assert shown["fields"] == ["name", "phone"]
    assert "explanation" not in shown
    assert "justification" not in shown
    with refused(grid, Reason.WRONG_ROLE):
        grid.look("police", "si-rao", "explanation", made.hash)
    with refused(grid, Reason.UNKNOWN):
        grid.look("police", "cu-police", "explanation", made.hash)


def test_a_request_of_a_colleague_stays_closed(grid: Grid, made: Statement) -> None:
    """An investigator who neither asked nor requested does not see it."""
    with refused(grid, Reason.WRONG_ROLE):
        grid.look("police", "si-joshi", "request", made.hash)


def test_a_silent_hit_is_seen_by_its_custodian_alone(
    grid: Grid, asked: Statement
) -> None:
    """Invisible in the answers; in the holder's inbox with its explanation."""
    shown = grid.look("police", "si-rao", "answers", asked.hash)
    inbox = grid.look("childcare", "cc-das", "inbox")
    (mine,) = [one for one in inbox["silent"] if one["hash"] == asked.hash]

    assert shown["targets"]["childcare"]["outcome"] == "none"
    assert mine["hits"][0]["record"] == "CC-1"
    assert grid.look("customs", "cu-mehta", "inbox")["silent"] == []
    assert grid.look("police", "sp-nair", "inbox")["silent"] == []
    with refused(grid, Reason.WRONG_ROLE):
        grid.look("police", "sp-nair", "silent")


def test_a_released_hit_leaves_the_inbox(grid: Grid) -> None:
    """Nothing is silent about it any more."""
    asked = grid.ask(KABIR)
    seen = [one["hash"] for one in grid.look("childcare", "cc-das", "silent")["silent"]]
    grid.decide("childcare", "cc-das", asked.hash, slot="silent-hit")
    after = [
        one["hash"] for one in grid.look("childcare", "cc-das", "silent")["silent"]
    ]

    assert asked.hash in seen
    assert asked.hash not in after


def test_a_target_that_did_not_answer_is_not_shown_as_no_hit(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Offline is told apart from knowing nobody."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    grid.members["prisons"].online = False
    asked = grid.ask(KABIR)

    shown = grid.look("police", "si-rao", "answers", asked.hash)

    assert "not grounds for arrest" in shown["notice"]
    assert {name: one["outcome"] for name, one in shown["targets"].items()} == {
        "childcare": "none",
        "customs": "hit",
        "prisons": "not answered",
    }


@pytest.mark.parametrize("object_", ["query", "answers", "request", "profile"])
def test_what_is_unknown_is_unknown(grid: Grid, object_: str) -> None:
    """A made-up hash, and a hash of another kind."""
    (attestation, *_) = grid.agency("police").office.journal.all(Kind.CASE)

    for subject in ("ab" * 32, attestation.hash):
        with refused(grid, Reason.UNKNOWN):
            grid.look("police", "si-rao", object_, subject)


@pytest.mark.parametrize(
    ("object_", "subject"),
    [("everything", ""), ("query", "what?"), ("query", "AB" * 32)],
)
def test_a_view_that_can_not_be_drafted(grid: Grid, object_: str, subject: str) -> None:
    """Objects are a closed list, subjects are hashes."""
    with refused(grid, Reason.MALFORMED):
        grid.look("police", "si-rao", object_, subject)


def test_the_desk_takes_no_statement_of_another_agency(
    grid: Grid, made: Statement
) -> None:
    """Rightly signed by the police, but not customs' to hand in."""
    (approval,) = grid.agency("police").office.journal.answers(made.hash, Kind.APPROVAL)

    with refused(grid, Reason.WRONG_ROLE):
        grid.agency("customs").desk.sign(approval.data)


@pytest.mark.threat("T14")
def test_an_officer_s_oldest_drafts_make_room(grid: Grid) -> None:
    """Drafts that nobody signs fill no disk, and cost nobody else a draft."""
    office = grid.agency("police").office
    other = sitting.draft(office, "sp-nair", 5)
    asked = grid.draft(KABIR)
    for _ in range(query.MOST_DRAFTS):
        last = sitting.draft(office, "si-rao", 5)

    count = "SELECT count(*) FROM draft WHERE officer = 'si-rao'"
    assert office.journal.rows(count) == [(query.MOST_DRAFTS,)]
    name = envelope.name_of(Kind.QUERY, asked)
    assert not office.journal.rows("SELECT 1 FROM content WHERE hash = ?", (name,))
    with refused(grid, Reason.UNKNOWN):
        grid.sign("police", "si-rao", Kind.QUERY, asked)
    for officer, payload in (("si-rao", last), ("sp-nair", other)):
        signer = officer_signer("police", officer)
        signed = envelope.sign(Kind.VIEW, payload, [signer])
        assert grid.agency("police").desk.sit(signed)[1]


@pytest.mark.threat("T27")
def test_who_no_longer_stands_after_waiting_is_shown_nothing(grid: Grid) -> None:
    """Nor is it logged as read."""
    asked, now = grid.ask(KABIR), grid.now
    at = grid.agency("police")
    payload = draft_view(at.office, "si-rao", "answers", asked.hash)
    view = envelope.sign(Kind.VIEW, payload, [officer_signer("police", "si-rao")])

    def later(*_: object) -> None:
        grid.now += 400 * 86_400

    try:
        with refused(grid, Reason.EXPIRED):
            replace(at.desk, settled=later).look(view, 1.0)
    finally:
        grid.now = now
