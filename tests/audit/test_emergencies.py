"""Broken glass under audit: told, alone, and reviewed by all in 72 hours; or named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from audit import cast
from audit.cast import CHILD, DAY, HOUR, HUB, POLICE, PRISON, identity, quick_folder
from audit.ledger import World
from audit.second import found
from childgrid_audit.verify import Verdict, Verifier
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

UNREVIEWED = "broke the glass and was not reviewed by all within 72 hours"
UPON = "broke the glass before the last time was reviewed"


@pytest.fixture
def urgent(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A grid where the child agency and the prisons opted in; it has two custodians."""
    floor = cast._floor() | {"break_glass": ["name"]}
    officers = dict(cast.OFFICERS)
    for name in (CHILD, PRISON):
        officers[name] = {**officers[name], "cu-two": ("custodian", 4)}
    monkeypatch.setattr(cast, "_floor", lambda: floor)
    monkeypatch.setattr(cast, "OFFICERS", officers)
    with quick_folder() as folder:
        world = World.found(folder)
        for member in (CHILD, PRISON):
            world.post(_policy(world, member))
        world.now += HOUR
        yield world
        world.close()


def _policy(world: World, member: str) -> bytes:
    kept = world.parties[HUB].shelf.book.latest(world.now).policy(member)
    names = ("rules", "query_slots")
    body = {name: kept[name] for name in names}
    opted = [cast.CATEGORY[member]]
    return cast.said_by(
        member, Kind.POLICY, world.now, version=2, break_glass=opted, **body
    )


def notice(world: World, member: str, topic: str, name: str, answers: str) -> Statement:
    """A notice of a member, logged by it and hung on the board."""
    subject = world.named[f"{name} request"].hash
    made = statement.make(
        Kind.NOTICE, identity(member).signer, issuer=member, now=world.now,
        seconds=400 * DAY, answers=answers, topic=topic, subject=subject,
    )  # fmt: skip
    said = statement.parse(envelope.read(made))
    world.log(said, member)
    world.post(made)
    world.now += 20
    return said


def broken(
    world: World, name: str, holder: str = CHILD, short: str = "child",
    *, declared: bool = True, told: bool = True,
) -> Statement:  # fmt: skip
    """A query, an emergency, one custodian's approval, the record, and the notices."""
    world.ask(name, **{short: "hit"})
    request = _declared(world, name, holder)
    if declared:
        notice(world, POLICE, "break-glass-declared", name, request.hash)
    view = world.parties[HUB].shelf.book.latest(world.now)
    given = world.say(
        f"{name} approval", holder, Kind.APPROVAL, holder, HUB, POLICE,
        officer=next(iter(cast.OFFICERS[holder])), answers=request.hash,
        subject="request", side="holder", slot="break-glass", fields=["name"],
        policy=view.policy(holder).hash,
    )  # fmt: skip
    made = world.disclose(
        name, holder, HUB, POLICE, approvals=[given.hash], fields=["name"]
    )
    world.end(name, Kind.RECEIPT)
    if told:
        used = notice(world, holder, "break-glass", name, made.hash)
        world.named[f"{name} notice"] = used
    return made


def _declared(world: World, name: str, holder: str) -> Statement:
    """The request that declares an emergency."""
    answer = next(
        one for key, one in world.named.items() if key.startswith(f"{name} ")
        and one.kind is Kind.ANSWER and one.issuer == holder
    )  # fmt: skip
    asked = world.named[f"{name} query"]
    view = world.parties[HUB].shelf.book.latest(world.now)
    return world.say(
        f"{name} request", POLICE, Kind.REQUEST, POLICE, HUB, holder, officer="si-rao",
        hours=48, query=asked.hash, answer=answer.hash,
        handle=answer["candidates"][0]["handle"], holder=holder,
        purpose="investigation", sections=cast.SECTIONS, case=asked["case"],
        fields=["name"], policy=view.policy(holder).hash, directory=1,
        recipient_key=canonical.to_b64(cast.seed(name)), justification="e3" * 32,
        break_glass=True,
    )  # fmt: skip


def reviewed(world: World, name: str, *who: tuple[str, str]) -> None:
    """Reviews, by default those of a full quorum, and the holder's word of the end."""
    used = world.named[f"{name} notice"]
    people = who or ((POLICE, "sp-nair"), (used.issuer, "cu-two"))
    for member, officer in people:
        body: dict[str, Any] = {"pairs": 1, "agreed": 1, "result": used.answers}
        others = [one for one in (POLICE, HUB, used.issuer) if one != member]
        world.say(
            f"{name} review {officer}", member, Kind.REVIEW, member, *others,
            officer=officer, answers=used.hash, subject="break-glass", **body,
        )  # fmt: skip


def audited(world: World, seconds: int = 2 * HOUR) -> Verdict:
    """Some time later."""
    world.now += seconds
    world.gather()
    return Verifier(world.root).verify(world.bundle())


def whats(verdict: Verdict) -> list[str]:
    """The findings' words."""
    return [one.what for one in verdict.findings]


def test_told_and_reviewed_it_is_no_fault(urgent: World) -> None:
    """And a second one after the first was reviewed in full is none either."""
    broken(urgent, "one")
    urgent.now += DAY
    reviewed(urgent, "one")
    notice(urgent, CHILD, "break-glass-ended", "one", urgent.named["one notice"].hash)
    broken(urgent, "two")
    reviewed(urgent, "two")

    assert whats(audited(urgent, 4 * DAY)) == []


def test_the_second_verifier_takes_the_one_custodian_where_it_was_declared(
    urgent: World,
) -> None:
    """And nowhere else: the same approval alone is too little for a usual request."""
    made = broken(urgent, "one")
    reviewed(urgent, "one")
    assert audited(urgent).holds
    assert found(urgent.bundle(), urgent.root) == []

    request = urgent.request("two", "one", "child")
    view = urgent.parties[HUB].shelf.book.latest(urgent.now)
    given = urgent.say(
        "two approval", CHILD, Kind.APPROVAL, CHILD, HUB, POLICE, officer="cu-das",
        answers=request.hash, subject="request", side="holder", slot="break-glass",
        fields=["name"], policy=view.policy(CHILD).hash,
    )  # fmt: skip
    usual = urgent.disclose(
        "two", CHILD, HUB, POLICE, approvals=[given.hash], fields=["name"]
    )
    urgent.end("two", Kind.RECEIPT)
    urgent.gather()
    (one,) = found(urgent.bundle(), urgent.root)
    assert usual.hash in one
    assert made.hash not in one


@pytest.mark.threat("T17")
def test_unreviewed_it_is_open_and_then_a_fault(urgent: World) -> None:
    """Before 72 hours a note, afterwards a finding against the holder."""
    made = broken(urgent, "one")
    young = audited(urgent)
    assert whats(young) == []
    assert UNREVIEWED in [note.what for note in young.notes]

    old = audited(urgent, 3 * DAY)
    (finding,) = old.findings
    assert (finding.party, finding.what) == (CHILD, UNREVIEWED)
    assert made.hash[:12] in finding.event


@pytest.mark.parametrize(
    "who",
    [
        ((POLICE, "sp-nair"),),
        ((POLICE, "sp-nair"), (CHILD, "cu-das")),
        ((POLICE, "si-rao"), (CHILD, "cu-two")),
    ],
)
def test_half_a_quorum_or_who_acted_is_none(
    urgent: World, who: tuple[tuple[str, str], ...]
) -> None:
    """One side alone; the custodian who approved; the officer who asked."""
    broken(urgent, "one")
    reviewed(urgent, "one", *who)

    assert whats(audited(urgent, 4 * DAY)) == [UNREVIEWED]


def test_a_late_review_stays_a_fault(urgent: World) -> None:
    """Reviewed on the fourth day."""
    broken(urgent, "one")
    urgent.now += 3 * DAY + HOUR
    reviewed(urgent, "one")

    assert whats(audited(urgent)) == [UNREVIEWED]


def test_a_second_before_the_first_is_reviewed_is_named(urgent: World) -> None:
    """At the same holder, or at another an hour later."""
    broken(urgent, "one")
    urgent.now += HOUR
    same = broken(urgent, "two")
    other = broken(urgent, "three", PRISON, "prison")
    urgent.now += HOUR
    for name in ("one", "two", "three"):
        reviewed(urgent, name)

    findings = audited(urgent, 4 * DAY).findings
    by = {(one.party, one.what) for one in findings}
    assert by == {(CHILD, UPON), (PRISON, UPON)}
    named = " ".join(one.event for one in findings)
    assert same.hash[:12] in named
    assert other.hash[:12] in named


@pytest.mark.parametrize(
    ("declared", "told", "member"), [(False, True, POLICE), (True, False, CHILD)]
)
@pytest.mark.threat("T17")
def test_a_release_without_a_notice_is_named(
    urgent: World, declared: bool, told: bool, member: str
) -> None:
    """The requester's or the holder's: whichever is missing."""
    broken(urgent, "one", declared=declared, told=told)
    if told:
        reviewed(urgent, "one")

    found = whats(audited(urgent))
    assert found == [f"broke the glass without a notice of {member}"]


def test_an_end_without_a_review_is_named(urgent: World) -> None:
    """The holder says that it was reviewed, and it was not."""
    broken(urgent, "one")
    notice(urgent, CHILD, "break-glass-ended", "one", urgent.named["one notice"].hash)

    assert whats(audited(urgent)) == ["is told to be reviewed and is not"]


def test_an_emergency_that_nobody_may_declare_is_named(urgent: World) -> None:
    """A usual approval released it: conduct judges by the one slot there is."""
    urgent.ask("one", child="hit")
    request = _declared(urgent, "one", CHILD)
    view = urgent.parties[HUB].shelf.book.latest(urgent.now)
    given = urgent.say(
        "one approval", CHILD, Kind.APPROVAL, CHILD, HUB, POLICE, officer="cu-das",
        answers=request.hash, subject="request", side="holder", slot="custodian",
        fields=["name"], policy=view.policy(CHILD).hash,
    )  # fmt: skip
    urgent.disclose("one", CHILD, HUB, POLICE, approvals=[given.hash], fields=["name"])
    urgent.end("one", Kind.RECEIPT)

    found = whats(audited(urgent))
    assert "was not allowed: not-approved break-glass" in found


def test_a_review_that_one_side_left_out_of_its_log_is_named(urgent: World) -> None:
    """It reached the coordinator, so the holder must have it too."""
    broken(urgent, "one")
    reviewed(urgent, "one")
    used = urgent.named["one notice"]
    said = urgent.say(
        "third", POLICE, Kind.REVIEW, POLICE, CHILD, officer="sp-nair",
        answers=used.hash, subject="break-glass", pairs=1, agreed=0,
        result=used.answers,
    )  # fmt: skip

    (finding,) = audited(urgent).findings
    assert finding.party == HUB
    assert said.hash[:12] in finding.event
