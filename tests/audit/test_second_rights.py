"""What the second verifier asks of whoever takes rights away, exports or erases."""

from __future__ import annotations

import pytest

from audit.cast import CHILD, DAY, FOUNDERS, HOUR, NORTH, POLICE, PRISON, identity
from audit.late import directory, of_approver
from audit.ledger import World
from audit.parties import signed
from audit.second import found
from childgrid_audit import bundle
from childgrid_audit.export import manifest
from childgrid_audit.verify import Verifier
from childgrid_log.leaves import draft_of
from childgrid_wire import envelope
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind


def faults(world: World, files: dict[str, bytes]) -> list[str]:
    """What both say of it; the first is not silent where the second speaks."""
    second = found(files, world.root)
    assert bool(Verifier(world.root).verify(files).findings) or not second
    return second


def hung(world: World, issuer: str, signer: SeedSigner) -> list[str]:
    """A revocation of the police's supervisor stands last among the documents."""
    outer = envelope.read(of_approver(world, issuer))
    number = len(world.parties[NORTH].shelf.book.by_hash) + 1
    path = bundle.document(number)
    data = envelope.sign(outer.kind, outer.payload, [signer])
    return faults(world, signed({**world.bundle(), path: data}, world.now))


@pytest.mark.threat("T9")
def test_an_agency_revokes_nobody_of_another_s(world: World) -> None:
    """With a good signature of its own; founders and the agency itself may."""
    world.gather()
    before = hung(world, POLICE, identity(POLICE).signer)
    assert not any("revokes another's" in one for one in before)
    assert hung(world, "founders", FOUNDERS[0]) == before

    (fault,) = [
        o for o in hung(world, CHILD, identity(CHILD).signer) if o not in before
    ]

    assert fault.endswith("revokes another's")


@pytest.mark.threat("T10")
def test_an_expelled_auditor_exports_nothing(world: World) -> None:
    """Nor does one that goes by a directory which was replaced."""
    world.gather()
    world.mirror()
    old = world.parties[NORTH].shelf.book.directories[-1].hash
    world.post(directory(world))
    files = dict(world.bundle())
    assert faults(world, files) == []
    del files["manifest.dsse"]
    made = manifest(files, identity(NORTH).signer, old, world.now)
    what = "manifest.dsse: board: manifest: is not an auditor's of now"
    assert what in faults(world, {**files, "manifest.dsse": made})

    body = envelope.read(of_approver(world)).payload
    body = body.replace(POLICE.encode(), NORTH.encode())
    body = body.replace(b'"subject":"sp-nair"', b'"subject":""')
    body = body.replace(b'"target":"officer"', b'"target":"member"')
    world.post(envelope.sign(Kind.REVOCATION, body, FOUNDERS[:1]))
    world.now += HOUR

    gone = signed(dict(world.stations[NORTH].store.files()), world.now)

    assert what in faults(world, gone)


@pytest.mark.threat("T23")
@pytest.mark.parametrize(
    ("issuer", "party"), [(CHILD, CHILD), (CHILD, PRISON), (PRISON, CHILD)]
)
def test_another_s_word_covers_no_erasure(
    world: World, issuer: str, party: str
) -> None:
    """A `shred` by childcare, or of childcare, explains nothing gone at prisons."""
    for _ in range(2):
        world.say("look", PRISON, Kind.VIEW, PRISON, officer="cu-singh",
                  object="inbox", subject="")  # fmt: skip
    world.now += 200 * DAY
    log = world.parties[PRISON].log
    body = {"party": party, "entries": [1], "head": log.root().hex()}
    world.say("gone", issuer, Kind.SHRED, issuer, **body)
    with log.transaction() as tx:
        tx.shred(1, tx.seal(draft_of(world.named["look"], world.now)))
    world.now += 2 * HOUR
    world.gather()

    second = faults(world, world.bundle())

    assert any("lacks entries" in one for one in second)
