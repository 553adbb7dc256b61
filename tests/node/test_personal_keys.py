"""The life of a person's key: lost, replaced, run out, left with its officer, expelled.

Authority is judged at the hand-over. Whatever a key said before counts only if the key
still stands then, and nothing that was released is taken back by what comes later.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from childgrid_node import approve, disclose
from childgrid_node.desk import draft_view
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.certificates import Peer
from childgrid_wire.errors import Reason, Untrusted, WireError
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import FOUNDERS, Statement
from grid import DAY, KABIR, Grid, identity, officer_signer, seed
from hostile_releases import revocation

FIELDS = ["name", "note"]


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """Nobody has asked anything yet."""
    return Grid(tmp_path)


def decided(grid: Grid) -> Statement:
    """A request that cu-mehta of customs has approved, and nobody has released yet."""
    request = grid.request(grid.ask(KABIR), "customs", FIELDS)
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash)
    return request


def restaffed(grid: Grid, member: str, change: Callable[[str], str]) -> None:
    """IT writes another staff.toml and starts the node again."""
    path = grid.agency(member).folder / "staff.toml"
    path.write_text(change(path.read_text()))
    grid.post(grid.agency(member).publish())


def entry(name: str, key: SeedSigner, role: str = "custodian") -> str:
    """One officer more in staff.toml."""
    public = canonical.to_b64(key.public)
    return (
        f'[[officer]]\nid = "{name}"\nrole = "{role}"\nunit = "unit-1"\nrank = 4\n'
        f'key = "{public}"\n'
    )


def without(text: str, name: str) -> str:
    """staff.toml without one officer."""
    parts = re.split(r"(?m)^(?=\[\[officer\]\])", text)
    return "".join(one for one in parts if f'id = "{name}"' not in one)


def approves(grid: Grid, signer: SeedSigner, request: Statement) -> Statement:
    """Somebody with a key of their own decides at customs."""
    officer = signer.keyid.partition("/")[2]
    at = grid.agency("customs")
    decision = approve.Decision(officer, request.hash, True, "", (), "")
    payload = approve.draft_decision(at.office, decision)
    return at.desk.sign(envelope.sign(Kind.APPROVAL, payload, [signer]))


def reads(grid: Grid, member: str, signer: SeedSigner) -> Any:
    """Somebody opens the own inbox."""
    at = grid.agency(member)
    officer = signer.keyid.partition("/")[2]
    payload = draft_view(at.office, officer, "inbox", "")
    return at.desk.look(envelope.sign(Kind.VIEW, payload, [signer]))


def moved(grid: Grid) -> None:
    """Whatever can move on at customs does: mail, a release, mail."""
    grid.carry()
    releaser = grid.agency("customs").releaser(grid.relay.witness)
    waiting = disclose.unfinished(grid.agency("customs").office)
    disclose.advance_all(releaser, waiting, lambda *_: None)
    grid.carry()


@pytest.mark.threat("T27")
def test_a_lost_key_s_approval_does_not_count_and_a_new_one_s_does(grid: Grid) -> None:
    """Approved, lost, revoked by the own agency: the record waits for the new key."""
    request = decided(grid)
    grid.post([revocation(grid, "customs", "customs", "cu-mehta")])

    moved(grid)
    assert grid.released("customs") == 0
    with pytest.raises(Untrusted) as refusal:
        reads(grid, "customs", officer_signer("customs", "cu-mehta"))
    assert refusal.value.reason is Reason.REVOKED

    fresh = SeedSigner("customs/cu-mehta-2", seed("a new key"))
    restaffed(grid, "customs", lambda text: text + entry("cu-mehta-2", fresh))
    shown = reads(grid, "customs", fresh)
    assert [one["hash"] for one in shown["waiting"]] == [request.hash]
    approves(grid, fresh, request)
    moved(grid)
    assert grid.released("customs") == 1


@pytest.mark.threat("T27")
def test_a_key_that_was_replaced_in_the_staff_list_no_longer_speaks(
    grid: Grid,
) -> None:
    """The same officer with a new key: what the old one approved counts no longer."""
    decided(grid)
    old, new = officer_signer("customs", "cu-mehta"), seed("another key")
    fresh = SeedSigner(old.keyid, new)
    keys = [canonical.to_b64(one.public) for one in (old, fresh)]
    restaffed(grid, "customs", lambda text: text.replace(*keys))

    moved(grid)
    assert grid.released("customs") == 0
    before = grid.state("customs")
    with pytest.raises(Untrusted):
        reads(grid, "customs", old)
    assert grid.state("customs") == before
    assert reads(grid, "customs", fresh)


@pytest.mark.threat("T27")
def test_a_key_that_has_run_out_signs_and_approves_nothing(grid: Grid) -> None:
    """Valid for a day: what it approved on that day does not count on the next."""
    restaffed(
        grid,
        "customs",
        lambda text: text.replace('id = "cu-mehta"\n', 'id = "cu-mehta"\ndays = 1\n'),
    )
    request = decided(grid)

    grid.now += DAY
    moved(grid)

    assert grid.released("customs") == 0
    with pytest.raises(Untrusted) as refusal:
        reads(grid, "customs", officer_signer("customs", "cu-mehta"))
    assert refusal.value.reason is Reason.EXPIRED
    grid.decide("customs", "cu-dias", request.hash)
    moved(grid)
    assert grid.released("customs") == 1


def said_by(grid: Grid, officer: str) -> int:
    """How many statements of an officer the police's log has."""
    sql = "SELECT count(*) FROM said WHERE officer = ?"
    return int(grid.agency("police").office.journal.rows(sql, (officer,))[0][0])


@pytest.mark.threat("T27")
@pytest.mark.parametrize("how", ["staff list", "revocation"])
def test_who_leaves_takes_their_open_questions_along(grid: Grid, how: str) -> None:
    """Nothing is released on the word of one who left; nothing new is asked or read."""
    request = decided(grid)
    if how == "staff list":
        restaffed(grid, "police", lambda text: without(text, "si-rao"))
    else:
        grid.post([revocation(grid, "police", "police", "si-rao")])
    before, words = grid.state("customs"), said_by(grid, "si-rao")

    moved(grid)
    with pytest.raises(WireError):
        reads(grid, "police", officer_signer("police", "si-rao"))
    with pytest.raises(WireError):
        grid.draft(KABIR)

    assert grid.released("customs") == 0
    assert grid.state("customs") == before
    assert said_by(grid, "si-rao") == words
    shown = grid.look("police", "sp-nair", "request", request.hash)
    assert shown["hash"] == request.hash


@pytest.mark.threat("T27")
def test_what_was_released_before_stays_released(grid: Grid) -> None:
    """A later revocation takes nothing back: the record and its proof are there."""
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", FIELDS)
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash)
    moved(grid)
    grid.post([revocation(grid, "customs", "customs", "cu-mehta")])

    (source,) = [
        one for one in grid.profile(asked)["sources"] if one["agency"] == "customs"
    ]
    assert source["requests"][0]["state"] == "disclosed"


def expelled(grid: Grid, member: str) -> bytes:
    """One founder expels a member at once."""
    return statement.make(
        Kind.REVOCATION,
        grid.founders.signers[0],
        issuer=FOUNDERS,
        now=grid.now,
        seconds=365 * DAY,
        number=1,
        target="member",
        member=member,
        subject="",
        serial="",
        cause="expelled",
    )


@pytest.mark.threat("T27")
def test_an_expelled_agency_gets_nothing_that_was_on_its_way(grid: Grid) -> None:
    """Approved or not: what the holder has not handed over stays, and so do answers."""
    decided(grid)
    asked = grid.sign("police", "si-joshi", Kind.QUERY, grid.draft(KABIR, "si-joshi"))
    grid.decide("police", "sp-nair", asked.hash)
    grid.post([expelled(grid, "police")])
    before = [grid.state(name) for name in ("customs", "prisons", "childcare")]

    moved(grid)
    for name in ("customs", "prisons", "childcare"):
        with pytest.raises(Untrusted) as refusal:
            grid.relay.match(grid.agency(name), grid.call(asked, name))
        assert refusal.value.reason is Reason.REVOKED

    assert grid.released("customs") == 0
    assert [grid.state(name) for name in ("customs", "prisons", "childcare")] == before


@pytest.mark.threat("T27")
def test_an_expelled_holder_s_words_are_not_taken_in(grid: Grid) -> None:
    """Its answer and its record come too late; the asker's log has neither."""
    request = decided(grid)
    assert grid.release("customs") == ["released"]
    grid.post([expelled(grid, "customs")])
    before = grid.state("police")

    for said, parcel in grid.outbox("customs"):
        if said.kind in (Kind.APPROVAL, Kind.DISCLOSURE):
            with suppress(Untrusted):
                grid.relay.mail(grid.agency("police"), parcel)

    assert grid.state("police") == before
    assert (
        grid.agency("police").office.journal.answers(request.hash, Kind.DISCLOSURE)
        == []
    )


@pytest.mark.threat("T27")
def test_an_expelled_agency_opens_no_door_and_witnesses_nothing(grid: Grid) -> None:
    """Its certificates, in every role, and its place among the witnesses are gone."""
    view = grid.agency("customs").office.view
    assert "police" in [one["id"] for one in view.witnesses("customs")]
    grid.post([expelled(grid, "police")])

    view = grid.agency("customs").office.view
    for role in ("node", "desk"):
        with pytest.raises(Untrusted):
            view.admit(Peer("police", role))
    assert "police" not in [one["id"] for one in view.witnesses("customs")]
    with pytest.raises(Untrusted):
        grid.agency("customs").office.hear(
            statement.make(
                Kind.STAFF,
                identity("police").signer,
                issuer="police",
                now=grid.now,
                seconds=DAY,
                version=9,
                officers=[],
            ),
            Kind.STAFF,
        )
