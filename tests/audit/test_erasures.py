"""Shredded logs under audit: no false alarm, and who still holds it is noted."""

from __future__ import annotations

import pytest

from audit.cast import CHILD, DAY, HOUR, HUB, POLICE, PRISON
from audit.ledger import World
from audit.test_unsent import unsent
from audit.wrongs import begin
from childgrid_audit.disclosures import searches
from childgrid_audit.verify import Verdict, Verifier
from childgrid_log.entry import parse_entry
from childgrid_log.leaves import draft_of
from childgrid_log.retention import Held, Retention, due, held_of
from childgrid_wire import envelope, statement
from childgrid_wire.kinds import Kind

YEAR = Retention(search_days=365, view_days=365)


def released(world: World) -> None:
    """A search with a release and its receipt, mirrored, more than a year ago."""
    world.ask("first", child="hit", prison="none")
    world.request("given", "first", "child")
    world.release("given")
    world.end("given", Kind.RECEIPT)
    world.gather()
    world.mirror()
    world.now += 400 * DAY


def held(world: World, member: str) -> list[Held]:
    """What a party's log still opens."""
    log = world.parties[member].log
    found = []
    for index, entry in enumerate(log.entries(0, log.size())):
        opening = log.opening(index)
        if opening:
            said = statement.parse(envelope.read(opening[1]))
            found.append(held_of(said, index, parse_entry(entry).bucket))
    return found


def shredded(world: World, member: str) -> None:
    """A party shreds what is over, and tells the coordinator and the others."""
    party = world.parties[member]
    chosen = due(held(world, member), YEAR, world.now, party.log.size())
    others = [name for name in (HUB, POLICE, CHILD, PRISON) if name != member]
    body = {
        "party": member,
        "entries": [one.leaf for one in chosen],
        "head": party.log.root().hex(),
        "statements": sorted(one.name for one in chosen),
    }
    said = world.say(f"{member} shred", member, Kind.SHRED, *others, **body)
    with party.log.transaction() as tx:
        told = tx.seal(draft_of(said, world.now))
        for one in chosen:
            tx.shred(one.leaf, told)


def audited(world: World) -> Verdict:
    """Two hours later."""
    world.now += 2 * HOUR
    world.gather()
    return Verifier(world.root).verify(world.bundle())


def test_one_party_shreds_and_nothing_is_wrong(world: World) -> None:
    """The others still hold the story; what customs lost is told by its own log."""
    released(world)
    shredded(world, CHILD)

    assert audited(world).findings == ()


def test_everybody_shreds_and_nothing_is_wrong(world: World) -> None:
    """Leaves, checkpoints and the documents are all that is left, and they verify."""
    released(world)
    for member in (CHILD, HUB, POLICE, PRISON):
        shredded(world, member)

    verdict = audited(world)
    assert verdict.findings == ()
    assert verdict.ledger.of(Kind.QUERY) == []
    assert verdict.ledger.of(Kind.DISCLOSURE) == []


def test_the_mirror_keeps_nothing_that_its_log_has_shredded(world: World) -> None:
    """The station's copy of that log loses it too, and the bundle is as whole."""
    released(world)
    name = world.named["given request"].data
    shredded(world, CHILD)
    world.gather()
    files = world.bundle()

    def holds(member: str) -> bool:
        return any(
            name in data.replace(b'\\"', b'"')
            for path, data in files.items()
            if path.startswith(f"logs/{member}/entries/")
        )

    assert holds(POLICE)
    assert holds(HUB)
    assert not holds(CHILD)


def test_who_still_holds_it_a_month_later_is_noted(world: World) -> None:
    """Not a finding, since it may be young there; a note with the party's name."""
    released(world)
    shredded(world, CHILD)
    world.now += 31 * DAY
    verdict = audited(world)

    assert verdict.findings == ()
    noted = {
        note.party for note in verdict.notes if f"{CHILD} has shredded" in note.what
    }
    assert noted == {POLICE, HUB, PRISON}


def test_a_shred_hides_nothing_that_is_wrong_elsewhere(world: World) -> None:
    """A query that a party has no part in is named, though its target shredded it."""
    query = world.ask("first", child="none")
    world.log(query, PRISON)
    world.gather()
    world.mirror()
    world.now += 400 * DAY
    shredded(world, CHILD)

    findings = audited(world).findings
    assert [(one.party, one.what) for one in findings] == [
        (PRISON, "is extra: this party has no part in it")
    ]
    assert query.hash[:12] in findings[0].event


def receipts(verdict: Verdict) -> list[str]:
    """What is found of receipts that are missing."""
    return [one.what for one in verdict.findings if "no receipt" in one.what]


def later(world: World, *members: str) -> Verdict:
    """Some erase what is over, and the others do not yet."""
    world.gather()
    world.mirror()
    world.now += 400 * DAY
    for member in members:
        shredded(world, member)
    return audited(world)


def test_a_refusal_that_is_erased_accuses_no_holder(world: World) -> None:
    """The coordinator had to leave the record by it, and keeps its stories shorter."""
    unsent(world, refused=True)

    verdict = later(world, HUB, POLICE)

    assert verdict.findings == ()
    assert any("was not carried" in one.what for one in verdict.notes)


@pytest.mark.threat("T10")
def test_a_refusal_of_afterwards_explains_nothing_by_being_erased(world: World) -> None:
    """It was said when the receipt had been due for a day."""
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    world.disclose("r", CHILD, approvals=sorted([own.hash, granted.hash]))
    world.now += 2 * DAY
    world.say(
        "no", POLICE, Kind.REFUSAL, POLICE, HUB, CHILD, officer="sp-nair",
        answers=request.hash, subject="request", reason="not-necessary",
    )  # fmt: skip

    verdict = later(world, HUB)

    what = f"was not carried, as the logs have it, and has no receipt of {POLICE}"
    assert receipts(verdict) == [f"{what} and no void"]


@pytest.mark.threat("T10")
def test_a_record_was_carried_though_the_others_erased_it(world: World) -> None:
    """Its holder is the last that has it, and still nobody acknowledged it."""
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    world.now = request.expires - 300
    granted = world.approve("g", request, CHILD, "cu-das", CHILD, HUB, POLICE)
    world.disclose("r", CHILD, HUB, approvals=sorted([own.hash, granted.hash]))
    world.log(world.named["r disclosure"], POLICE)

    verdict = later(world, HUB, POLICE)

    assert receipts(verdict) == [f"has no receipt of {POLICE} and no void"]


def test_a_search_was_sent_though_the_others_erased_it(world: World) -> None:
    """Nobody answered it, and who asked is the last that has it."""
    world.ask("q", prison="away")

    verdict = later(world, HUB)

    (line,) = searches(verdict)
    assert line.endswith("verdict=proven")


@pytest.mark.threat("T23")
@pytest.mark.parametrize(("party", "found"), [(CHILD, False), (PRISON, True)])
def test_only_what_a_party_erased_itself_may_be_gone(
    world: World, party: str, found: bool
) -> None:
    """What a custodian approved is in no log; a `shred` of its own log explains it."""
    world.ask("q", child="hit")
    gone = "ab" * 32
    world.say(
        "on nothing", CHILD, Kind.APPROVAL, CHILD, officer="cu-das", answers=gone,
        subject="request", side="holder", slot="custodian", fields=["name"], policy="",
    )  # fmt: skip
    head = world.parties[CHILD].log.root().hex()
    body = {"party": party, "entries": [0], "head": head, "statements": [gone]}
    world.say("gone", CHILD, Kind.SHRED, CHILD, **body)

    verdict = audited(world)

    what = f"rests on {gone[:12]}, which is in no log"
    assert (what in {one.what for one in verdict.findings}) == found


@pytest.mark.threat("T10", "T23")
def test_an_erased_line_stands_for_nothing_that_was_not_named(world: World) -> None:
    """Any line of a kind could otherwise be whatever was never logged there."""
    world.ask("first", child="none")
    world.gather()
    world.mirror()
    world.now += 400 * DAY
    log = world.parties[CHILD].log
    body = {"party": CHILD, "entries": [0, 1], "head": log.root().hex()}
    named = [world.named["first query"].hash]
    logs = (HUB, POLICE, PRISON)
    said = world.say("gone", CHILD, Kind.SHRED, *logs, **body, statements=named)
    with log.transaction() as tx:
        told = tx.seal(draft_of(said, world.now))
        tx.shred(0, told)
        tx.shred(1, told)

    absent = [one for one in audited(world).findings if "is missing" in one.what]

    assert {one.party for one in absent} == {CHILD}
    assert {one.event for one in absent} == {
        f"case {world.named['first case'].hash[:12]}"
    }
