"""Shredded logs under audit: no false alarm, and who still holds it is noted."""

from __future__ import annotations

from audit.cast import CHILD, DAY, HOUR, HUB, POLICE, PRISON
from audit.ledger import World
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
