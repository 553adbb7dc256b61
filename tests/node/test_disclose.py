"""Releasing: judged, read again, sealed once, proved, and never after its time."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

import pytest

from childgrid_node import approve, disclose, handover, indexer, receive
from childgrid_node.disclose import Releaser
from childgrid_node.register import Register
from childgrid_node.source_errors import (
    AmbiguousKey,
    RegisterError,
    SourceError,
    SourceUnreached,
)
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import AUDITORS, KABIR, Grid
from refusals import refused

FIELDS = ["name", "phone"]


@pytest.fixture
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A fresh grid, whose rows and clock the tests change."""
    return Grid(tmp_path_factory.mktemp("grid"))


def approved(
    grid: Grid,
    fields: list[str] = FIELDS,
    hours: int = 48,
    ask: Mapping[str, Sequence[str]] = KABIR,
) -> Statement:
    """A request to customs that everybody has approved and that nobody released yet."""
    request = grid.request(grid.ask(ask), "customs", fields, hours=hours)
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash)
    return request


def advance(grid: Grid, request: Statement) -> str:
    """Let customs do what it can."""
    return grid.agency("customs").releaser(grid.relay.witness).advance(request.hash)


def rewrite(grid: Grid, key: str, **cells: str) -> None:
    """Change or, without cells, delete a row of customs' source."""
    path = grid.agency("customs").folder / "rows.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    head = list(rows[0])
    rows = [row | cells if row["id"] == key else row for row in rows]
    if not cells:
        rows = [row for row in rows if row["id"] != key]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, head)
        writer.writeheader()
        writer.writerows(rows)


def said(grid: Grid, kind: Kind, name: str = "customs") -> list[Statement]:
    """What stands in an agency's log."""
    return grid.agency(name).office.journal.all(kind)


@pytest.mark.threat("T9")
def test_a_release_happens_once(grid: Grid) -> None:
    """However often it is advanced: one disclosure, one leaf, the same bytes."""
    request = approved(grid)
    assert advance(grid, request) == "released"
    (disclosure,) = said(grid, Kind.DISCLOSURE)
    first = handover.parcel(grid.agency("customs").office, disclosure)
    before = grid.state("customs")

    assert advance(grid, request) == "released"

    assert grid.state("customs") == before
    assert handover.parcel(grid.agency("customs").office, disclosure) == first


def test_one_approval_short_it_waits(grid: Grid) -> None:
    """Without its custodian's decision nothing is read, sealed or said."""
    request = grid.request(grid.ask(KABIR), "customs", FIELDS)
    grid.carry()
    before = grid.state("customs")

    assert advance(grid, request) == "waiting"
    assert grid.state("customs") == before


@pytest.mark.parametrize(
    "cells",
    [
        {"name": "VANKHEDE KUNAL"},
        {"dob": "01.02.1984"},
        {"phone": ""},
        {"role": "VICTIM"},
        {"dob": "17.03.2012"},
        {},
    ],
)
def test_a_row_that_changed_is_refused_for_good(
    grid: Grid, cells: dict[str, str]
) -> None:
    """Other values, a victim now, a minor now, or gone: `changed`, told to both."""
    request = approved(grid)
    rewrite(grid, "CU-1", **cells)

    assert advance(grid, request) == "refused"
    grid.settle()

    (refusal,) = said(grid, Kind.REFUSAL, "police")
    assert (refusal.person, refusal["reason"]) == ("customs/", "changed")
    assert said(grid, Kind.DISCLOSURE) == []
    assert grid.released("customs") == 0
    assert disclose.unfinished(grid.agency("customs").office) == []


def test_a_value_that_is_not_encoded_is_read_live(grid: Grid) -> None:
    """The note isn't searched by; what it says today is what is released."""
    request = approved(grid, ["note"])
    rewrite(grid, "CU-1", note="AI-302, returned")
    advance(grid, request)
    grid.settle()

    (source,) = [
        one
        for one in grid.profile(said(grid, Kind.QUERY, "police")[0])["sources"]
        if one["agency"] == "customs"
    ]
    assert source["requests"][0]["record"]["fields"] == {"note": ["AI-302, returned"]}


def test_approvals_that_leave_nothing_close_the_request(grid: Grid) -> None:
    """The supervisor left the name, the custodian the phone: nothing is in both."""
    asked = grid.ask(KABIR)
    handle = grid.candidates(asked)["customs"][0]["handle"]
    request = _narrowed(grid, asked, handle)

    assert advance(grid, request) == "refused"

    (refusal,) = said(grid, Kind.REFUSAL)
    assert refusal["reason"] == "fields"
    assert said(grid, Kind.DISCLOSURE) == []


def _narrowed(grid: Grid, asked: Statement, handle: str) -> Statement:
    office = grid.agency("police").office
    wish = approve.Wish("si-rao", asked.hash, "customs", handle, FIELDS, "why", 48)
    payload = approve.draft_request(office, wish)
    request = grid.sign("police", "si-rao", Kind.REQUEST, payload)
    grid.decide("police", "sp-nair", request.hash, fields=["name"])
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, fields=["phone"])
    return request


def test_a_refusal_closes(grid: Grid) -> None:
    """A second custodian refuses after the first one's approval: nothing leaves."""
    request = approved(grid)
    grid.decide("customs", "cu-dias", request.hash, reason="operation-at-risk")

    assert advance(grid, request) == "refused"
    assert said(grid, Kind.DISCLOSURE) == []


def test_what_expired_is_not_released(grid: Grid) -> None:
    """At the last second it is too late, and nothing was sealed."""
    request = approved(grid, hours=1)
    grid.now = request.expires
    before = grid.state("customs")

    assert advance(grid, request) == "expired"
    assert disclose.unfinished(grid.agency("customs").office) == []
    assert grid.state("customs") == before


def quiet(grid: Grid, *names: str) -> None:
    """Take witnesses off the net."""
    for name in names:
        grid.members[name].online = False


@pytest.mark.threat("T15")
def test_without_a_quorum_it_stays_sealed_and_goes_out_later(grid: Grid) -> None:
    """Two witnesses of five are missing; nothing leaves; back, the same bytes do."""
    request = approved(grid)
    quiet(grid, *AUDITORS)
    with pytest.raises(Refused) as caught:
        advance(grid, request)
    assert caught.value.reason is Reason.NO_QUORUM
    (sealed,) = said(grid, Kind.DISCLOSURE)
    with refused(grid, Reason.NO_QUORUM):
        advance(grid, request)
    assert grid.released("customs") == 0
    for name in AUDITORS:
        grid.members[name].online = True

    assert advance(grid, request) == "released"
    assert said(grid, Kind.DISCLOSURE) == [sealed]


def test_sealed_and_then_expired_is_void_even_without_witnesses(grid: Grid) -> None:
    """The ciphertext is destroyed, `void` is said, and nobody has to be reached."""
    request = approved(grid, hours=1)
    quiet(grid, *AUDITORS)
    with pytest.raises(Refused):
        advance(grid, request)
    grid.now = request.expires

    assert advance(grid, request) == "void"

    (void,) = said(grid, Kind.VOID)
    rows = grid.agency("customs").office.journal.rows(
        "SELECT state, ciphertext FROM spent"
    )
    assert (void["reason"], rows) == ("expired", [("void", b"")])
    assert advance(grid, request) == "void"
    assert disclose.unfinished(grid.agency("customs").office) == []
    grid.carry()
    assert grid.agency("police").office.journal.all(Kind.VOID) == [void]


def test_sealed_and_then_refused_is_void(grid: Grid) -> None:
    """A colleague's refusal before the hand-over takes it back."""
    request = approved(grid)
    quiet(grid, *AUDITORS)
    with pytest.raises(Refused):
        advance(grid, request)
    grid.decide("customs", "cu-dias", request.hash, reason="victim-safety")

    assert advance(grid, request) == "void"
    assert said(grid, Kind.VOID)[0]["reason"] == "not-approved"
    assert grid.released("customs") == 0


def revoked(grid: Grid, officer: str) -> bytes:
    """Customs revokes a custodian."""
    made = grid.agency("customs").office.speak(
        Kind.REVOCATION, seconds=999, number=1, target="officer", member="customs",
        subject=officer, serial="", cause="left",
    )  # fmt: skip
    return made.data


def test_sealed_and_then_revoked_is_void(grid: Grid) -> None:
    """Authority is judged at the time of release: the approver has left."""
    request = approved(grid)
    quiet(grid, *AUDITORS)
    with pytest.raises(Refused):
        advance(grid, request)
    grid.post([revoked(grid, "cu-mehta")])

    assert advance(grid, request) == "void"
    assert grid.released("customs") == 0
    assert progress(grid, request) == "open"
    grid.carry()
    # The asker is not left waiting for what was taken back: it may ask anew.
    assert progress(grid, request) == "expired"


def progress(grid: Grid, request: Statement) -> str:
    """How the request stands for who asked."""
    return receive.state(grid.agency("police").office, request)


def seal(grid: Grid, request: Statement) -> None:
    """Let customs seal what can't be handed over, since witnesses are away."""
    quiet(grid, *AUDITORS)
    with pytest.raises(Refused):
        advance(grid, request)
    assert grid.released("customs") == 0


WHO = [("customs", "cu-dias"), ("police", "sp-khan")]


@pytest.mark.threat("T6")
@pytest.mark.parametrize(("member", "officer"), WHO)
def test_a_further_approval_destroys_nothing(
    grid: Grid, member: str, officer: str
) -> None:
    """Whoever also approves, once it is sealed, takes no record back by it.

    Two custodians who sign at the same moment would otherwise lose it, and one who
    wants it lost would only have to approve.
    """
    request = approved(grid)
    seal(grid, request)
    (sealed,) = said(grid, Kind.DISCLOSURE)
    grid.decide(member, officer, request.hash)
    grid.carry()
    for name in AUDITORS:
        grid.members[name].online = True

    assert advance(grid, request) == "released"

    grid.settle()
    assert said(grid, Kind.DISCLOSURE) == [sealed]
    assert progress(grid, request) == "disclosed"


def test_a_further_approval_on_its_way_out_destroys_nothing(grid: Grid) -> None:
    """Nor where it has its witnesses and waits for the line."""
    request = approved(grid)
    assert advance(grid, request) == "released"
    grid.decide("customs", "cu-dias", request.hash)

    grid.settle()

    assert said(grid, Kind.VOID) == []
    assert progress(grid, request) == "disclosed"


def test_a_further_approval_of_less_takes_it_back(grid: Grid) -> None:
    """What another custodian leaves out does not leave, though it is sealed already."""
    request = approved(grid)
    seal(grid, request)
    grid.decide("customs", "cu-dias", request.hash, fields=["name"])

    assert advance(grid, request) == "void"
    assert grid.released("customs") == 0


def test_a_further_approval_replaces_nobody_s(grid: Grid) -> None:
    """It stands on what it names: whoever approved was revoked, another one has too."""
    request = approved(grid)
    seal(grid, request)
    grid.decide("customs", "cu-dias", request.hash)
    grid.post([revoked(grid, "cu-mehta")])

    assert advance(grid, request) == "void"
    assert grid.released("customs") == 0


def test_a_source_that_is_gone(grid: Grid) -> None:
    """Renamed in the settings: refused as changed, and other requests go on."""
    lost, fine = approved(grid), approved(grid)
    releaser = grid.agency("customs").releaser(grid.relay.witness)
    object.__setattr__(releaser, "registers", {})

    assert releaser.advance(lost.hash) == "refused"
    assert said(grid, Kind.REFUSAL)[0]["reason"] == "changed"
    assert advance(grid, fine) == "released"


@pytest.mark.threat("T20")
def test_a_source_that_is_of_another_category_now(grid: Grid) -> None:
    """Asked for and approved under the rules of movements; they are children's now."""
    request = approved(grid)
    customs = grid.agency("customs")
    place = customs.folder / "rows.toml"
    head, _, rest = place.read_text().partition('category = "movement"')
    place.write_text(f'{head}category = "child-protection"{rest}')
    customs.source = indexer.open_source(place)

    assert advance(grid, request) == "refused"
    assert said(grid, Kind.REFUSAL)[0]["reason"] == "changed"
    assert said(grid, Kind.DISCLOSURE) == []


def test_one_that_can_not_move_does_not_hold_up_the_others(grid: Grid) -> None:
    """Its reason is reported, and the next one is released."""
    stuck, fine = approved(grid), approved(grid)
    office = grid.agency("customs").office
    with office.journal.writing() as writing:
        writing.run("DELETE FROM handle WHERE query = ?", (stuck["query"],))
    told: list[tuple[str, Reason]] = []

    disclose.advance_all(
        grid.agency("customs").releaser(grid.relay.witness),
        [stuck.hash, fine.hash],
        lambda name, error: told.append((name, error.reason)),
    )

    assert told == [(stuck.hash, Reason.UNKNOWN)]
    assert grid.released("customs") == 1


PRIYA = {"name": ["Priya Dsouza"], "phone": ["9877700033"]}


def failing(grid: Grid, monkeypatch: pytest.MonkeyPatch, fault: SourceError) -> None:
    """Customs' register reads Kabir's row no more, and every other one."""
    register = grid.agency("customs").source.register
    read = register.reread

    def reread(key: str) -> object:
        if key == "CU-1":
            raise fault
        return read(key)

    monkeypatch.setattr(type(register), "reread", lambda _, key: reread(key))


@pytest.mark.threat("T15")
def test_a_source_that_is_away_holds_up_no_other_record(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is down: its records wait, and go out once it is back."""
    waits = approved(grid)
    fine = approved(grid, ask=PRIYA)
    told: list[tuple[str, Reason]] = []
    releaser = grid.agency("customs").releaser(grid.relay.witness)
    with monkeypatch.context() as away:
        failing(grid, away, RegisterError("no connection"))

        disclose.advance_all(
            releaser,
            disclose.unfinished(grid.agency("customs").office),
            lambda name, error: told.append((name, error.reason)),
        )

    assert told == [(waits.hash, Reason.CONFIGURATION)]
    assert grid.released("customs") == 1
    assert advance(grid, fine) == advance(grid, waits) == "released"


@pytest.mark.threat("T15")
def test_a_source_that_is_not_there_is_no_fault_of_the_node(grid: Grid) -> None:
    """Nothing failed: else the node would say that it does not serve, and be asked
    nothing, though what it answers from is its index. The record goes out later."""
    request = approved(grid)
    table = grid.agency("customs").folder / "rows.csv"
    aside = table.rename(table.with_name("aside"))

    assert moved(grid) == []
    assert said(grid, Kind.DISCLOSURE) == said(grid, Kind.REFUSAL) == []

    aside.rename(table)
    assert advance(grid, request) == "released"


def test_a_source_that_is_not_there_is_tried_once_for_all_its_records(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that does not answer takes seconds each time; the next round asks anew."""
    for ask in (KABIR, PRIYA):
        approved(grid, ask=ask)
    releaser = grid.agency("customs").releaser(grid.relay.witness)
    tries: list[str] = []

    def reread(_: Register, key: str) -> None:
        tries.append(key)
        raise SourceUnreached(key)

    with monkeypatch.context() as away:
        away.setattr(Register, "reread", reread)
        assert moved(grid, releaser) == []
        assert len(tries) == 1
        assert moved(grid, releaser) == []
        assert len(tries) == 2

    assert moved(grid, releaser) == []
    assert grid.released("customs") == 2


def moved(grid: Grid, releaser: Releaser | None = None) -> list[Reason]:
    """Let customs try everything once; why something failed."""
    agency, faults = grid.agency("customs"), list[Reason]()
    disclose.advance_all(
        releaser or agency.releaser(grid.relay.witness),
        disclose.unfinished(agency.office),
        lambda _, error: faults.append(error.reason),
    )
    return faults


def test_a_key_that_names_several_rows_now(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can tell which of them was found: refused as changed."""
    request = approved(grid)
    failing(grid, monkeypatch, AmbiguousKey("twice"))

    assert advance(grid, request) == "refused"
    assert said(grid, Kind.REFUSAL)[0]["reason"] == "changed"


def test_tokens_of_the_record_are_forgotten(grid: Grid) -> None:
    """Re-encoding a row leaves no part of a name in memory."""
    advance(grid, approved(grid))

    filters = grid.agency("customs").holdings.encoder._filters
    assert all(not one._masks for one in filters)


def test_a_label_that_the_mapping_lost(grid: Grid) -> None:
    """Approved under an older mapping: refused, and not half released."""
    request = approved(grid)
    customs = grid.agency("customs")
    text = (customs.folder / "rows.toml").read_text()
    lines = [one for one in text.splitlines() if not one.startswith("phone = {")]
    (customs.folder / "rows.toml").write_text("\n".join(lines))
    customs.source = indexer.open_source(customs.folder / "rows.toml")

    assert advance(grid, request) == "refused"
    assert said(grid, Kind.REFUSAL)[0]["reason"] == "fields"
