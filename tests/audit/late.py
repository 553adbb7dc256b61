"""Documents that hang up late, and what both verifiers say of a bundle with them."""

from __future__ import annotations

from collections.abc import Callable

from audit.cast import (
    CHILD,
    DAY,
    FOUNDERS,
    HOUR,
    HUB,
    POLICE,
    founded,
    identity,
    policy,
    staff,
)
from audit.ledger import World
from audit.second import found
from childgrid_audit.verify import Verdict, Verifier
from childgrid_wire import envelope, statement
from childgrid_wire.kinds import Kind

HEADER = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")
Late = Callable[[World], bytes]


def settled(world: World) -> tuple[Verdict, list[str]]:
    """What both verifiers say two hours later."""
    world.now += 2 * HOUR
    world.gather()
    files = world.bundle()
    return Verifier(world.root).verify(files), found(files, world.root)


def whats(verdict: Verdict, party: str) -> set[str]:
    """What is found at a party."""
    return {one.what for one in verdict.findings if one.party == party}


def doubted(verdict: Verdict, begins: str) -> str:
    """The events of the notes that begin so."""
    return " ".join(one.event for one in verdict.notes if one.what.startswith(begins))


def released(world: World) -> None:
    """A record, and the receipt for it."""
    world.release("r")
    world.end("r", Kind.RECEIPT)


def directory(world: World) -> bytes:
    """The second directory, as founders sign it one after the other."""
    first = world.parties[HUB].shelf.book.directories[-1]
    body = {name: one for name, one in first.body.items() if name not in HEADER}
    body |= {"version": 2, "previous": first.hash}
    return founded(Kind.DIRECTORY, world.now, **body)


def of_approver(
    world: World, issuer: str = "founders", subject: str = "sp-nair"
) -> bytes:
    """A revocation of the officer who approved at the asking agency, or of another."""
    body = {"number": 1, "target": "officer", "member": POLICE, "subject": subject}
    body |= {"serial": "", "cause": "left"}
    drafted = statement.draft(
        Kind.REVOCATION, issuer=issuer, now=world.now, seconds=90 * DAY, **body
    )
    signers = FOUNDERS[:1] if issuer == "founders" else [identity(issuer).signer]
    return envelope.sign(Kind.REVOCATION, drafted, signers)


def of_member(world: World, member: str) -> bytes:
    """A member's revocation of somebody of its own."""
    return statement.make(
        Kind.REVOCATION, identity(member).signer, issuer=member, now=world.now,
        seconds=90 * DAY, number=1, target="officer", member=member, subject="gone",
        serial="", cause="left",
    )  # fmt: skip


LATE: dict[str, Late] = {
    "a directory": directory,
    "a revocation by a founder": of_approver,
    "a policy": lambda world: policy(CHILD, world.now, version=2),
    "a staff list": lambda world: staff(POLICE, world.now, version=2),
}
