"""Stories in which somebody acts against the rules and everybody signs it.

Each function tells one of them and returns the statement at fault; `WRONGS` says which
party must be named, and with which words.
"""

from __future__ import annotations

from collections.abc import Callable

from audit.cast import CHILD, FIELDS, HOUR, HUB, POLICE, PRISON, policy
from audit.ledger import World
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

Wrong = Callable[[World], Statement]


def begin(world: World) -> None:
    """A query that both holders answer with a hit, and a request to one."""
    world.ask("q", child="hit", prison="hit")
    world.request("r", "q", "child")


def more_fields(world: World) -> Statement:
    """A record with another category than the one that was found."""
    begin(world)
    return world.release("r", category="custody")


def fewer_approvals(world: World) -> Statement:
    """A record on the requester's word alone."""
    begin(world)
    own = world.named["r own approval"].hash
    return world.disclose("r", CHILD, HUB, POLICE, approvals=[own])


def other_key(world: World) -> Statement:
    """A record sealed to a key that nobody approved."""
    begin(world)
    return world.release(
        "r", recipient_key="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    )


def narrowed_fields(world: World) -> Statement:
    """A record with a field that the custodian struck out."""
    begin(world)
    given = world.say(
        "narrow",
        CHILD,
        Kind.APPROVAL,
        CHILD,
        HUB,
        POLICE,
        officer="cu-das",
        answers=world.named["r request"].hash,
        subject="request",
        side="holder",
        slot="custodian",
        fields=["name"],
        policy=world.parties[HUB].shelf.book.latest(world.now).policy(CHILD).hash,
    )
    approvals = sorted([given.hash, world.named["r own approval"].hash])
    return world.disclose("r", CHILD, HUB, POLICE, approvals=approvals, fields=FIELDS)


def twice(world: World) -> Statement:
    """Two records for one request."""
    begin(world)
    first = world.release("r")
    world.end("r", Kind.RECEIPT)
    again = world.disclose("r", CHILD, HUB, POLICE, approvals=first["approvals"])
    world.end("r", Kind.RECEIPT)
    return again


def after_refusal(world: World) -> Statement:
    """A record after the holder had refused."""
    begin(world)
    world.refuse("r")
    return world.release("r")


def old_policy(world: World) -> Statement:
    """A record under a policy that had been replaced a day ago."""
    old = world.parties[HUB].shelf.book.latest(world.now).policy(CHILD).hash
    begin(world)
    world.now += HOUR
    world.post(policy(CHILD, world.now, version=2))
    world.now += 24 * HOUR
    return world.release("r", policy=old)


def contradiction(world: World) -> Statement:
    """A target that answers `none` after a hit."""
    begin(world)
    asked = world.named["q query"]
    return world.say(
        "contradiction",
        PRISON,
        Kind.ANSWER,
        PRISON,
        HUB,
        POLICE,
        answers=asked.hash,
        outcome="none",
        reason="",
        candidates=[],
        as_of=world.now,
    )


def own_approval(world: World) -> Statement:
    """A query that the hub took although its approval names another slot."""
    world.ask("q", child="hit")
    query = world.named["q query"]
    approval = world.named["q query approval"]
    return world.say(
        "second word",
        POLICE,
        Kind.APPROVAL,
        POLICE,
        HUB,
        CHILD,
        officer=approval.officer,
        answers=query.hash,
        subject="query",
        side="requester",
        slot="supervisor",
        fields=[],
        policy="",
    )


def stranger_s_receipt(world: World) -> Statement:
    """A receipt from somebody who was given nothing."""
    begin(world)
    given = world.release("r")
    world.end("r", Kind.RECEIPT)
    return world.say(
        "stray",
        PRISON,
        Kind.RECEIPT,
        PRISON,
        HUB,
        CHILD,
        answers=given.hash,
        disclosure=given.hash,
        ciphertext=given["ciphertext"],
        opened=True,
    )


def out_of_order(world: World) -> Statement:
    """A holder that logs the approval only after it has released."""
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    given = world.approve("late", request, CHILD, "cu-das", HUB, POLICE)
    approvals = sorted([own.hash, given.hash])
    made = world.disclose("r", CHILD, HUB, POLICE, approvals=approvals)
    world.log(given, CHILD)
    return made


def extra(world: World) -> Statement:
    """An agency that logs a query which was never put to it."""
    query = world.ask("q", child="hit")
    world.log(query, PRISON)
    return query


def logged_twice(world: World) -> Statement:
    """A log that holds a statement two times."""
    query = world.ask("q", child="hit")
    world.log(query, CHILD)
    return query


def refused_elsewhere(world: World) -> Statement:
    """A refusal that others were told first, logged after the release at home."""
    begin(world)
    request = world.named["r request"]
    refusal = {"answers": request.hash, "subject": "request", "reason": "legal-bar"}
    said = world.say(
        "no", CHILD, Kind.REFUSAL, HUB, POLICE, officer="cu-das", **refusal
    )
    given = world.release("r")
    world.log(said, CHILD)
    return given


WRONGS: dict[Wrong, tuple[str, str]] = {
    more_fields: (CHILD, "was not allowed: fields disclosure.category"),
    fewer_approvals: (CHILD, "was not allowed: not-approved custodian"),
    other_key: (CHILD, "was not allowed: not-approved disclosure.recipient_key"),
    narrowed_fields: (CHILD, "was not allowed: not-approved disclosure.fields"),
    twice: (CHILD, "is a second disclosure for one request"),
    after_refusal: (CHILD, "was made after the request had been refused"),
    refused_elsewhere: (CHILD, "was made after the request had been refused"),
    old_policy: (CHILD, "was not allowed: old-version disclosure.policy"),
    contradiction: (PRISON, "contradicts another answer of this target"),
    own_approval: (HUB, "was not allowed: decided approval"),
    stranger_s_receipt: (PRISON, "was not allowed: wrong-role receipt.issuer"),
    out_of_order: (CHILD, "stands before approval"),
    extra: (PRISON, "is extra: this party has no part in it"),
    logged_twice: (CHILD, "is logged twice"),
}
