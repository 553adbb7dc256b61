"""Our node with one thing wrong, in many ways, and the check that must say so.

Each patch takes one rule out of the node that runs in this process. The kit shares no
rule with it: what it demands stands in the kit alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from childgrid_log import gather, witness
from childgrid_log.log import Log
from childgrid_node import budget, disclose, guard, holdings, match
from childgrid_node.guard import Guard, Verdict
from childgrid_node.stock import Stock
from childgrid_wire import canonical, channel, envelope, rules, statement
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Fault:
    """One thing that a node does wrong, and the checks that must fail for it.

    `anew` says that the node must start so, and encode its register, for it to show.
    """

    patch: Patch
    checks: tuple[str, ...]
    anew: bool = False


FAULTS: dict[str, Fault] = {}
"""What is wrong → patch and checks."""


def fault(what: str, *checks: str, anew: bool = False) -> Callable[[Patch], Patch]:
    """Register the patch below."""

    def register(patch: Patch) -> Patch:
        FAULTS[what] = Fault(patch, checks, anew)
        return patch

    return register


def nothing(*_: Any, **__: Any) -> None:
    """A check that is left out."""


def said(office: Any, body: dict[str, Any], seed: bytes = b"") -> Statement:
    """An answer with any body, by the node's own key or another."""
    signer = SeedSigner(office.member, seed or office.identity.key)
    payload = canonical.dumps(body)
    data = envelope.sign(Kind.ANSWER, payload, [signer])
    name = envelope.name_of(Kind.ANSWER, payload)
    return Statement(Kind.ANSWER, body, name, data, (office.member,))


def _reworded(patch: pytest.MonkeyPatch, change: Callable[..., Statement]) -> None:
    """Let every answer be changed before it is logged and sent."""
    honest = match._statement

    def spoken(office: Any, query: Any, shown: Any, as_of: int) -> Statement:
        made = honest(office, query, shown[:5], as_of)
        return change(office, made, shown)

    patch.setattr(match, "_statement", spoken)


@fault("answers with seven candidates", "match.five")
def seven(patch: pytest.MonkeyPatch) -> None:
    """All rows that fit leave the node."""
    patch.setattr(match, "SHOWN", 7)
    patch.setattr(holdings, "SHOWN", 7)

    def change(office: Any, made: Statement, shown: Any) -> Statement:
        every = [match._candidate(handle, hit) for handle, hit in shown]
        return said(office, {**made.body, "candidates": every})

    _reworded(patch, change)


@fault("tells which fields agree", "match.little")
def explains(patch: pytest.MonkeyPatch) -> None:
    """A candidate says how each field agrees."""

    def change(office: Any, made: Statement, shown: Any) -> Statement:
        told = [
            {**one, "levels": list(hit.levels)}
            for one, (_, hit) in zip(made["candidates"], shown, strict=False)
        ]
        return said(office, {**made.body, "candidates": told})

    _reworded(patch, change)


@fault("signs with another key", "match.signed")
def forged(patch: pytest.MonkeyPatch) -> None:
    """Answers are signed by a key that the directory lacks."""
    _reworded(patch, lambda office, made, _: said(office, made.body, b"\1" * 32))


@fault("answers a query that nobody approved", "approval.missing", "approval.rank")
def unapproved(patch: pytest.MonkeyPatch) -> None:
    """Slots count as filled."""
    patch.setattr(rules, "fill", lambda *_: {})


@fault("answers a member on probation", "query.probation")
def trusting(patch: pytest.MonkeyPatch) -> None:
    """Who is on probation asks like anybody."""
    patch.setattr(rules.probation, "check", nothing)


@fault("answers a rehearsal from its register", "match.rehearsal")
def earnest(patch: pytest.MonkeyPatch) -> None:
    """Whoever says that it is a rehearsal finds real people."""
    patch.setattr(holdings.Holdings, "rehearse", holdings.Holdings.search)


@fault("accepts what has expired", "query.expired", "query.early")
def expired(patch: pytest.MonkeyPatch) -> None:
    """No statement's time is looked at."""
    patch.setattr(rules, "check_time", nothing)


@fault("believes any attestation", "case.other", "case.asker", "case.foreign")
def uncased(patch: pytest.MonkeyPatch) -> None:
    """The case is not compared with the query."""
    patch.setattr(rules, "_check_attestation", nothing)


@fault("answers under another key epoch", "query.epoch", anew=True)
def epoch(patch: pytest.MonkeyPatch) -> None:
    """A query's epoch is not compared with the node's."""
    held, honest = Stock.held, match._check
    patch.setattr(Stock, "held", lambda self, _: held(self, 1))
    patch.setattr(rules, "check_epoch", nothing)

    def judged(office: Any, there: Any, view: Any, asked: Any) -> None:
        told = _Other(there, asked.query["epoch"])
        honest(office, told, view, asked)

    patch.setattr(match, "_check", judged)


class _Other:
    """Holdings that say they are of another epoch."""

    def __init__(self, true: Any, epoch_: int) -> None:
        self._true, self.epoch = true, epoch_

    def __getattr__(self, name: str) -> Any:
        return getattr(self._true, name)


@fault("answers without logging", "log.inclusion")
def unlogged(patch: pytest.MonkeyPatch) -> None:
    """An answer leaves and is kept nowhere."""

    def conclude(office: Any, query: Any, _: Any, hits: Any, as_of: int) -> Statement:
        silent = [match._silent(office, office.view, hit.category) for hit in hits]
        aloud = [hit for hit, kept in zip(hits, silent, strict=True) if not kept]
        shown = [(f"{at:032x}", hit) for at, hit in enumerate(aloud[:5])]
        return match._statement(office, query, shown, as_of)

    patch.setattr(match, "_conclude", conclude)


@fault("answers otherwise when asked again", "match.again")
def fickle(patch: pytest.MonkeyPatch) -> None:
    """No answer is remembered."""
    patch.setattr(match, "stored", nothing)


@fault("speaks of silent categories", "match.silent")
def aloud(patch: pytest.MonkeyPatch) -> None:
    """The policy's silence is not kept."""
    patch.setattr(match, "_silent", lambda *_: False)


@fault("counts no budget", "budget.officer")
def spendthrift(patch: pytest.MonkeyPatch) -> None:
    """Queries are not counted."""
    patch.setattr(budget, "spend", nothing)


@fault("lets anybody call", "calls.match", "calls.log", "calls.cosign")
def open_door(patch: pytest.MonkeyPatch) -> None:
    """The role in a certificate is not looked at."""
    patch.setattr(channel.Gate, "_enter", nothing)


@fault("takes unknown fields", "form.unknown")
def loose(patch: pytest.MonkeyPatch) -> None:
    """No schema is looked at."""
    patch.setattr(statement, "check_body", nothing)


@fault("cosigns a fork", "witness.fork", "witness.proof")
def forking(patch: pytest.MonkeyPatch) -> None:
    """A witness remembers nothing."""
    patch.setattr(witness, "_admit", nothing)


@fault("releases without a quorum", "release.quorum")
def alone(patch: pytest.MonkeyPatch) -> None:
    """A checkpoint that nobody cosigned is as good as any."""
    patch.setattr(gather._Round, "cosigned_note", lambda self: self.signed)
    patch.setattr(Log, "keep_cosigned", nothing)
    patch.setattr(disclose, "check_fresh", nothing)
    patch.setattr(disclose, "_check_requester", nothing)


@fault("releases what one side approved", "release.custodian", "release.supervisor")
def one_sided(patch: pytest.MonkeyPatch) -> None:
    """Slots count as filled."""
    patch.setattr(rules, "fill", lambda *_: {})


@fault("releases what the custodian left out", "release.approved")
def generous(patch: pytest.MonkeyPatch) -> None:
    """Every field that is asked for leaves."""
    patch.setattr(rules, "_released", lambda _, request, *__: tuple(request["fields"]))


@fault(
    "finds victims and minors",
    *("match.victim", "match.minor", "match.minor-then"),
    anew=True,
)
def unguarded(patch: pytest.MonkeyPatch) -> None:
    """Every row enters the index."""
    admitted = Verdict(Guard.ADULT_SUSPECT, True, guard.Reason.ADMITTED)
    patch.setattr(guard, "judge", lambda *_: admitted)
