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


def answered(world: World, **body: object) -> Statement:
    """What a target says to a search beside what it has said, everywhere in order."""
    asked = world.named["q query"]
    told = {"outcome": "none", "reason": "", "candidates": [], "as_of": world.now}
    return world.say(
        "wrong answer",
        PRISON,
        Kind.ANSWER,
        PRISON,
        HUB,
        POLICE,
        answers=asked.hash,
        **{**told, **body},
    )


def hit_without_a_candidate(world: World) -> Statement:
    """A target that says that it knows somebody and names no row."""
    world.ask("q", child="hit", prison="away")
    world.log(world.named["q query"], PRISON)
    return answered(world, outcome="hit")


def excused_none(world: World) -> Statement:
    """A target that searched, found nothing, and says why it refused."""
    world.ask("q", child="hit", prison="away")
    world.log(world.named["q query"], PRISON)
    return answered(world, reason="case")


def answer_after_the_end(world: World) -> Statement:
    """A target that refused in time, and searched when the query was over."""
    world.ask("q", child="hit", prison="away")
    answered(world, outcome="refused", reason="case")
    world.log(world.named["q query"], PRISON)
    world.now = world.named["q query"].expires
    return answered(world)


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


def other_receipt(world: World) -> Statement:
    """Who asked acknowledges other bytes than those that were sent."""
    begin(world)
    given = world.release("r")
    body = {"ciphertext": "f5" * 32, "opened": True, "disclosure": given.hash}
    logs = (POLICE, HUB, CHILD)
    return world.say("r", POLICE, Kind.RECEIPT, *logs, answers=given.hash, **body)


def another_s_answer(world: World) -> Statement:
    """A record asked of an agency for what another one had answered."""
    begin(world)
    named = {**world.named, "q child answer": world.named["q prison answer"]}
    world.named.update(named)
    return world.request("other", "q", "child")


def another_query_s_answer(world: World) -> Statement:
    """A record asked for one search by what came of another one."""
    begin(world)
    world.ask("p", child="hit")
    world.named["q child answer"] = world.named["p child answer"]
    return world.request("other", "q", "child")


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
    hit_without_a_candidate: (PRISON, "was not allowed: malformed answer.candidates"),
    excused_none: (PRISON, "was not allowed: malformed answer.reason"),
    answer_after_the_end: (PRISON, "was not allowed: expired query"),
    own_approval: (HUB, "was not allowed: decided approval"),
    stranger_s_receipt: (PRISON, "was not allowed: wrong-role receipt.issuer"),
    other_receipt: (POLICE, "was not allowed: changed receipt.ciphertext"),
    another_s_answer: (POLICE, "was not allowed: target request.holder"),
    another_query_s_answer: (POLICE, "was not allowed: target request.holder"),
    out_of_order: (CHILD, "stands before approval"),
    extra: (PRISON, "is extra: this party has no part in it"),
    logged_twice: (CHILD, "is logged twice"),
}
