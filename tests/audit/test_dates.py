"""What a date, an hour or a later word can't do: hide, excuse, or put off a finding."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audit import cast
from audit.cast import (
    CHILD,
    DAY,
    HOUR,
    HUB,
    POLICE,
    PRISON,
    policy,
    said_by,
    staff,
)
from audit.late import doubted, of_approver, settled, whats
from audit.ledger import World
from audit.wrongs import begin, fewer_approvals
from childgrid_audit.verify import Verdict
from childgrid_log.leaves import draft_of
from childgrid_wire import envelope, statement
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement


def look(world: World, member: str = CHILD, officer: str = "cu-das") -> Statement:
    """Somebody looks into an inbox now; nobody has logged it yet."""
    data = said_by(member, Kind.VIEW, world.now, officer, object="inbox", subject="")
    return statement.parse(envelope.read(data))


def logged_at(world: World, when: int, said: Statement, member: str = CHILD) -> None:
    """Its log takes it in with the hour of another time."""
    world.parties[member].log.append([draft_of(said, when)])


@pytest.mark.threat("T9")
@pytest.mark.parametrize(("back", "found"), [(1, False), (2, True)])
def test_hours_do_not_go_back(world: World, back: int, found: bool) -> None:
    """No witness had to see it; a clock may step back over one boundary."""
    world.now = (world.now // HOUR + 5) * HOUR
    logged_at(world, world.now, look(world))
    earlier, world.now = look(world), world.now + 60

    logged_at(world, world.now - back * HOUR - 60, earlier)

    verdict, _ = settled(world)
    assert ("is logged in an hour gone by" in whats(verdict, CHILD)) == found


@pytest.mark.threat("T9")
@pytest.mark.parametrize(("ahead", "found"), [(119, False), (120, True)])
def test_nothing_is_logged_before_it_was_said(
    world: World, ahead: int, found: bool
) -> None:
    """Clocks may differ by two minutes."""
    world.now = (world.now // HOUR + 2) * HOUR + ahead

    logged_at(world, world.now - HOUR - ahead, look(world))

    verdict, _ = settled(world)
    assert ("was logged before it was issued" in whats(verdict, CHILD)) == found


@pytest.mark.threat("T9")
def test_no_entry_is_of_an_hour_after_the_export(world: World) -> None:
    """Its statement may be as old as it likes."""
    logged_at(world, world.now + DAY, look(world))

    verdict, _ = settled(world)

    assert "is younger than the export" in whats(verdict, CHILD)


def test_a_word_of_a_clock_ahead_counts_under_the_list_that_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its speaker's clock was a minute behind that of the node that signed the list."""
    more = {**cast.OFFICERS[CHILD], "cu-new": ("custodian", 1)}
    monkeypatch.setattr(cast, "OFFICERS", {**cast.OFFICERS, CHILD: more})
    world.now += HOUR
    said = look(world, officer="cu-new")
    world.now += 60
    world.post(staff(CHILD, world.now, version=2))
    world.log(said, CHILD)

    verdict, _ = settled(world)

    assert verdict.findings == ()


def test_a_word_just_after_its_revocation_is_no_doubt(world: World) -> None:
    """It was on its way to the speaker's node, and everybody knows that it was."""
    world.now = (world.now // HOUR + 1) * HOUR
    world.post(of_approver(world, POLICE))
    world.gather()
    world.mirror()
    world.now += 200
    said = look(world, POLICE, "sp-nair")

    world.log(said, POLICE)

    verdict, _ = settled(world)
    assert verdict.findings == ()
    assert said.hash[:12] not in doubted(verdict, "may not verify: ")


Listed = Callable[[World], bytes]
OWN: dict[str, Listed] = {
    "policy": lambda world: policy(CHILD, world.now, version=2),
    "staff of child-b": lambda world: staff(CHILD, world.now, version=2),
}


def under_the_old(world: World, made: Listed, seconds: int, *, first: bool) -> None:
    """A holder replaces a list of its own, and releases under the one before.

    `first`: it hangs before the release, and not after it.
    """
    begin(world)
    view = world.parties[HUB].shelf.book.latest(world.now)
    named = {m: view.staff[m].hash for m in (POLICE, CHILD)}
    request, own = world.named["r request"], world.named["r own approval"]
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    document, issued = made(world), world.now
    if first:
        world.post(document)
    world.now = issued + seconds
    given = world.disclose(
        "r",
        CHILD,
        approvals=sorted([own.hash, granted.hash]),
        staff=named,
        policy=view.policy(CHILD).hash,
    )
    world.log(given, HUB, POLICE)
    world.end("r", Kind.RECEIPT)
    if not first:
        world.post(document)


@pytest.mark.threat("T9")
@pytest.mark.parametrize("what", OWN)
def test_a_holder_knew_what_it_had_hung_up_itself(world: World, what: str) -> None:
    """In the same hour, and no witness had to see the board between."""
    under_the_old(world, OWN[what], 300, first=True)

    verdict, _ = settled(world)

    assert f"was not allowed: old-version disclosure.{what}" in whats(verdict, CHILD)


@pytest.mark.parametrize("what", OWN)
def test_its_own_list_binds_no_holder_before_the_board_has_it(
    world: World, what: str
) -> None:
    """It was signed before, and hung up after the release: that is open."""
    under_the_old(world, OWN[what], 900, first=False)

    verdict, _ = settled(world)

    assert verdict.findings == ()


@pytest.mark.parametrize("what", OWN)
def test_a_list_that_was_just_replaced_is_still_right(world: World, what: str) -> None:
    """Within the five minutes that nodes give each other."""
    under_the_old(world, OWN[what], 299, first=True)

    verdict, _ = settled(world)

    assert verdict.findings == ()


@pytest.mark.threat("T10")
def test_another_spelling_of_a_document_is_not_the_document(world: World) -> None:
    """The same words, signed by another founder than what hangs on the board."""
    drafted = envelope.read(of_approver(world)).payload
    hung, other = (
        envelope.sign(Kind.REVOCATION, drafted, [founder])
        for founder in cast.FOUNDERS[:2]
    )
    for party in world.parties.values():
        party.shelf.add(hung)
    for station in world.stations.values():
        station.store.board.add(hung)

    world.log(statement.parse(envelope.read(other)), HUB)

    verdict, second = settled(world)
    what = "does not verify: unknown revocation is not on the board"
    assert what in whats(verdict, HUB)
    assert any("is not on the board so" in one for one in second)


def erased(world: World, entry: int, **told: object) -> Verdict:
    """A holder erases an old entry of its log and says something of it."""
    world.log(look(world), CHILD)
    world.log(look(world), CHILD)
    world.now += 200 * DAY
    party = world.parties[CHILD]
    body = {"party": CHILD, "entries": [entry], "head": party.log.root().hex()}
    said = world.say("gone", CHILD, Kind.SHRED, **{**body, **told})
    with party.log.transaction() as tx:
        tx.shred(entry, tx.seal(draft_of(said, world.now)))
    return settled(world)[0]


@pytest.mark.threat("T23")
def test_what_was_said_of_another_party_s_log_covers_no_erasure(world: World) -> None:
    """A `shred` of an entry of that number, at prisons."""
    verdict = erased(world, 1, party=PRISON)

    what = "its envelope is gone and no shred statement covers it"
    assert what in whats(verdict, CHILD)


@pytest.mark.threat("T23")
def test_an_erasure_names_a_root_over_what_it_erases(world: World) -> None:
    """One from before it was logged shows nothing of it."""
    world.log(look(world), CHILD)
    young = world.parties[CHILD].log.root().hex()

    verdict = erased(world, 1, head=young)

    what = "names a head that does not cover what it shreds"
    assert what in whats(verdict, CHILD)


@pytest.mark.threat("T4")
def test_a_void_of_what_was_received_excuses_no_release(world: World) -> None:
    """Its holder can't make an open matter of it afterwards: nothing changes."""
    fewer_approvals(world)
    world.end("r", Kind.RECEIPT)
    before, _ = settled(world)

    world.end("r", Kind.VOID)

    after, _ = settled(world)
    what = "was not allowed: not-approved custodian"
    assert what in whats(before, CHILD)
    assert whats(after, CHILD) >= whats(before, CHILD)


def stray(world: World, member: str, kind: Kind) -> None:
    """A receipt or a void of a record that is not its author's to say."""
    given = world.named["r disclosure"]
    body = {"reason": "expired"}
    if kind is Kind.RECEIPT:
        body = {"ciphertext": given["ciphertext"], "opened": True}  # type: ignore[dict-item]
    named = {"answers": given.hash, "disclosure": given.hash, **body}
    world.say("stray", member, kind, member, HUB, CHILD, POLICE, **named)


@pytest.mark.threat("T4")
@pytest.mark.parametrize("member", [POLICE, PRISON])
def test_nobody_but_its_holder_makes_a_release_void(world: World, member: str) -> None:
    """An accomplice's word for a record that left unapproved changes nothing."""
    fewer_approvals(world)
    before, first = settled(world)

    stray(world, member, Kind.VOID)

    after, second = settled(world)
    assert "was not allowed: not-approved custodian" in whats(before, CHILD)
    assert whats(after, CHILD) >= whats(before, CHILD)
    assert "was not allowed: wrong-role void.issuer" in whats(after, member)
    assert [one for one in first if "no quorum" in one] != []
    assert {*first} <= {*second}


@pytest.mark.threat("T4")
@pytest.mark.parametrize("kind", [Kind.VOID, Kind.RECEIPT])
def test_nobody_else_s_word_stands_for_a_receipt(world: World, kind: Kind) -> None:
    """That of who asked is missing all the same."""
    begin(world)
    world.release("r")
    world.now += 2 * DAY
    before, _ = settled(world)

    stray(world, PRISON, kind)

    after, _ = settled(world)
    what = f"has no receipt of {POLICE} and no void"
    assert what in whats(before, CHILD)
    assert what in whats(after, CHILD)


def test_what_was_void_before_anybody_had_it_is_open(world: World) -> None:
    """It was sealed against the rules, and nothing of it left."""
    begin(world)
    own = world.named["r own approval"].hash
    world.disclose("r", CHILD, approvals=[own])
    world.end("r", Kind.VOID)

    verdict, second = settled(world)

    assert not any(one.startswith("was not allowed") for one in whats(verdict, CHILD))
    assert doubted(verdict, "was not allowed: not-approved custodian")
    assert second == []
