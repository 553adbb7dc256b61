"""When a document was hung up: nobody gains by another date, or is accused by one."""

from __future__ import annotations

import pytest

from audit import cast
from audit.cast import (
    CHILD,
    DAY,
    HOUR,
    HUB,
    POLICE,
    PRISON,
    identity,
    policy,
    staff,
)
from audit.late import (
    LATE,
    Late,
    doubted,
    of_approver,
    of_member,
    released,
    settled,
    whats,
)
from audit.ledger import World
from audit.wrongs import begin
from childgrid_audit.disclosures import disclosures, searches
from childgrid_audit.documents import Law
from childgrid_log.leaves import draft_of
from childgrid_wire import envelope, statement
from childgrid_wire.book import Book, Since
from childgrid_wire.kinds import Kind
from childgrid_wire.trust import View


@pytest.mark.parametrize("made", LATE.values(), ids=LATE)
@pytest.mark.parametrize("minutes", [10, 40, 24 * 60])
def test_a_document_that_travelled_accuses_nobody(
    world: World, made: Late, minutes: int
) -> None:
    """It was signed before a release and hung up after it: the release was right."""
    begin(world)
    document = made(world)
    world.now += minutes * 60
    released(world)
    world.now += 10 * 60

    world.post(document)

    verdict, second = settled(world)
    assert verdict.findings == ()
    assert second == []


@pytest.mark.parametrize("made", LATE.values(), ids=LATE)
def test_what_was_hung_up_within_the_hour_of_a_release_is_open(
    world: World, made: Late
) -> None:
    """It waited in the outbox meanwhile: nobody can tell which of them was first."""
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    document = made(world)
    world.now += 600
    approvals = sorted([own.hash, granted.hash])
    given = world.disclose("r", CHILD, approvals=approvals)
    world.now += 600

    world.post(document)

    verdict, second = settled(world)
    assert verdict.findings == ()
    assert second == []
    assert given.hash[:12] in doubted(verdict, "may not have been allowed: ")


def test_a_list_never_says_proven_of_what_nobody_can_decide(world: World) -> None:
    """The line of that record says so, and no other."""
    world.ask("other", child="none")
    world.now += HOUR
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    document = of_approver(world, POLICE)
    world.now += 600
    approvals = sorted([own.hash, granted.hash])
    given = world.disclose("r", CHILD, approvals=approvals)
    world.now += 600
    world.post(document)
    world.log(given, HUB, POLICE)
    world.end("r", Kind.RECEIPT)

    verdict, _ = settled(world)

    assert verdict.findings == ()
    assert [line.rpartition("=")[2] for line in disclosures(verdict)] == ["undecided"]
    assert [line.rpartition("=")[2] for line in searches(verdict)] == [
        "proven",
        "proven",
    ]


def test_a_search_whose_approval_nobody_can_decide_is_not_proven(world: World) -> None:
    """Its supervisor was revoked about then."""
    document = of_approver(world, POLICE)
    world.ask("q", child="none")
    world.post(document)

    verdict, _ = settled(world)

    assert verdict.findings == ()
    assert [line.rpartition("=")[2] for line in searches(verdict)] == ["undecided"]


def test_an_approval_within_the_hour_of_its_revocation_is_open(world: World) -> None:
    """So is any word: it may have been spoken before, and was not told to others."""
    begin(world)
    document = of_approver(world, POLICE)
    world.now += 600
    asked = world.named["r request"]
    said = world.approve("late", asked, POLICE, "sp-nair", POLICE)
    world.now += 600

    world.post(document)

    verdict, _ = settled(world)
    assert verdict.findings == ()
    assert said.hash[:12] in doubted(verdict, "may not verify: ")


@pytest.mark.threat("T9")
@pytest.mark.parametrize(
    "made",
    [of_approver, lambda world: policy(CHILD, world.now, version=2)],
    ids=["revocation", "policy"],
)
def test_what_witnesses_had_seen_before_a_release_is_no_doubt(
    world: World, made: Late
) -> None:
    """They had cosigned the coordinator's log with the document, in the same hour."""
    named = world.parties[HUB].shelf.book.latest(world.now).policy(CHILD).hash
    begin(world)
    world.post(made(world))
    world.gather()
    world.mirror()
    world.now += 600
    world.release("r", fetched=False, policy=named)

    verdict, _ = settled(world)

    assert any(one.startswith("was not allowed: ") for one in whats(verdict, CHILD))


def test_what_witnesses_had_not_seen_yet_is_no_doubt(world: World) -> None:
    """They had cosigned the coordinator's log without it, later in the same hour."""
    begin(world)
    world.now = (world.now // HOUR + 1) * HOUR
    document = of_approver(world, POLICE)
    world.now += 900
    asked = world.named["r request"]
    said = world.approve("late", asked, POLICE, "sp-nair", POLICE)
    world.now += 900
    world.gather()
    world.mirror()
    world.now += 600

    world.post(document)

    verdict, _ = settled(world)
    assert verdict.findings == ()
    assert said.hash[:12] not in doubted(verdict, "may not verify: ")


@pytest.mark.threat("T9")
def test_a_document_that_is_logged_again_hangs_since_it_was_first(world: World) -> None:
    """A coordinator can't give an old revocation a new hour: nothing changes by it."""
    begin(world)
    document = of_approver(world, POLICE)
    world.post(document)
    world.now += HOUR + 300
    released(world)
    before, _ = settled(world)

    world.log(statement.parse(envelope.read(document)), HUB)

    verdict, _ = settled(world)
    assert "was not allowed: revoked officer" in whats(before, CHILD)
    assert whats(verdict, CHILD) == whats(before, CHILD)
    assert verdict.notes == before.notes
    assert "is logged twice" in whats(verdict, HUB)


@pytest.mark.parametrize(("late", "certain"), [(299, False), (300, True)])
def test_a_document_needs_its_time_to_reach_everybody(
    world: World, late: int, certain: bool
) -> None:
    """Hung up in the last moment of its hour, as far as anybody can tell."""
    begin(world)
    world.now = begun = (world.now // HOUR + 1) * HOUR
    document = of_approver(world, POLICE)
    world.now += HOUR + late
    asked = world.named["r request"]
    said = world.approve("late", asked, POLICE, "sp-nair", POLICE)
    then, world.now = world.now, begun

    world.post(document)

    world.now = then
    verdict, _ = settled(world)
    doubt = said.hash[:12] in doubted(verdict, "may not verify: ")
    fault = "does not verify: revoked officer" in whats(verdict, POLICE)
    assert (doubt, fault) == (not certain, certain)


@pytest.mark.threat("T9")
@pytest.mark.parametrize(
    "made",
    [
        lambda world: of_approver(world, POLICE),
        lambda world: staff(POLICE, world.now, version=2),
        lambda world: policy(CHILD, world.now, version=2),
    ],
    ids=["revocation", "staff", "policy"],
)
def test_nobody_is_framed_by_a_document_dated_back(world: World, made: Late) -> None:
    """Days after an honest release a member hangs up what is dated before it."""
    document = made(world)
    world.now += 60
    begin(world)
    released(world)
    world.now += 5 * DAY
    world.gather()

    world.post(document)

    verdict, second = settled(world)
    assert verdict.findings == ()
    assert second == []


def test_two_documents_at_once_accuse_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that had just hung, and a revocation that hung later, dated before."""
    world.now += HOUR
    old = cast.OFFICERS[POLICE]
    document = of_approver(world, POLICE, "si-rao")
    more = {**cast.OFFICERS, POLICE: {**old, "sp-new": old["sp-nair"]}}
    monkeypatch.setattr(cast, "OFFICERS", more)
    world.now += HOUR
    world.post(staff(POLICE, world.now, version=2))
    world.now += 60
    approve = world.approve
    monkeypatch.setattr(
        world,
        "approve",
        lambda name, subject, member, officer, *logs: approve(
            name, subject, member, "sp-new" if member == POLICE else officer, *logs
        ),
    )
    begin(world)
    world.now += 600
    released(world)
    world.now += DAY

    world.post(document)

    verdict, second = settled(world)
    assert verdict.findings == ()
    assert second == []


def test_a_word_between_a_list_and_a_revocation_is_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another revocation of that hour hung before both, and hides neither."""
    begin(world)
    world.post(of_approver(world, subject="si-rao"))
    old = cast.OFFICERS[POLICE]
    more = {**cast.OFFICERS, POLICE: {**old, "sp-new": old["sp-nair"]}}
    monkeypatch.setattr(cast, "OFFICERS", more)
    world.post(staff(POLICE, world.now, version=2))
    world.now += 600
    document = of_approver(world, POLICE, "sp-new")
    world.now += 600
    asked = world.named["r request"]
    said = world.approve("late", asked, POLICE, "sp-new", POLICE)
    world.post(document)

    verdict, _ = settled(world)

    assert verdict.findings == ()
    assert said.hash[:12] in doubted(verdict, "may not verify: ")


@pytest.mark.threat("T14")
def test_thousands_of_revocations_make_no_thousand_views(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One member could otherwise keep every auditor busy for days within an hour."""
    made, as_of = list[int](), Book.as_of
    book = world.parties[HUB].shelf.book

    def counted(book: Book, when: int, *since: Since) -> View:
        made.append(when)
        return as_of(book, when, *since)

    def views(*moments: int) -> int:
        law = Law(book)
        made.clear()
        for when in moments:
            assert {view.now for view in law.around(when)} == {when}
        return len(made)

    monkeypatch.setattr(Book, "as_of", counted)
    world.post(of_approver(world))
    one = views(world.now)
    for member in (POLICE, CHILD, PRISON):
        world.post(of_member(world, member))

    assert views(world.now) == one
    later = world.now + DAY
    assert views(later, later + 1, later + 2) == views(later)


def test_what_was_sealed_and_never_left_is_no_release(world: World) -> None:
    """Its holder judged it again when the line was back, as it must, and voided it."""
    begin(world)
    world.post(of_approver(world, POLICE))
    world.now += HOUR
    request, own = world.named["r request"], world.named["r own approval"]
    granted = world.approve("g", request, CHILD, "cu-das", CHILD)
    world.disclose("r", CHILD, approvals=sorted([own.hash, granted.hash]))
    world.now += 2 * HOUR
    world.log(granted, HUB, POLICE)
    world.end("r", Kind.VOID)

    verdict, second = settled(world)

    assert not any(one.startswith("was not allowed") for one in whats(verdict, CHILD))
    assert second == []


@pytest.mark.threat("T9")
def test_a_word_that_does_not_verify_delays_no_document(world: World) -> None:
    """The coordinator logs what is dated in the next century, then a revocation."""
    begin(world)
    payload = statement.draft(
        Kind.VIEW,
        issuer=POLICE,
        officer="zz",
        now=4_102_444_800,
        seconds=60,
        object="inbox",
        subject="",
    )
    junk = envelope.sign(Kind.VIEW, payload, [identity(POLICE).signer])
    entry = statement.parse(envelope.read(junk))
    world.parties[HUB].log.append([draft_of(entry, world.now)])
    world.post(of_approver(world, POLICE))
    world.now += 20 * HOUR
    released(world)

    verdict, _ = settled(world)

    assert "was not allowed: revoked officer" in whats(verdict, CHILD)


def test_an_hour_to_come_is_named(world: World) -> None:
    """Witnesses had cosigned the entry long before the hour that it claims."""
    begin(world)
    document, now = of_approver(world, POLICE), world.now
    world.now += DAY
    world.post(document)
    world.now = now + 60
    world.gather()
    world.mirror()

    verdict, _ = settled(world)

    assert "is logged in an hour to come" in whats(verdict, HUB)


def test_a_revocation_in_time_still_counts(world: World) -> None:
    """Hung up in an hour that was over, it takes the approver's word away."""
    begin(world)
    world.post(of_approver(world, POLICE))
    world.now += HOUR + 300
    released(world)

    verdict, second = settled(world)

    assert "was not allowed: revoked officer" in whats(verdict, CHILD)
    assert any("was late, or has lapsed" in one for one in second)


@pytest.mark.threat("T10")
def test_a_document_that_is_kept_from_the_log_is_the_coordinator_s_fault(
    world: World,
) -> None:
    """Nobody can tell when it hung: the release is open, and the silence is named."""
    begin(world)
    document = of_approver(world, POLICE)
    for party in world.parties.values():
        party.shelf.add(document)
    for station in world.stations.values():
        station.store.board.add(document)
    world.now += HOUR + 300
    released(world)
    world.now += 2 * DAY

    verdict, second = settled(world)

    assert "is on the board but not logged" in whats(verdict, HUB)
    assert (whats(verdict, CHILD), whats(verdict, POLICE)) == (set(), set())
    given = world.named["r disclosure"].hash[:12]
    assert given in doubted(verdict, "may not have been allowed: ")
    assert not any("was late" in one for one in second)
