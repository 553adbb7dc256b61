"""A check: what is sent, what must happen, and what did happen.

The rule: a check passes only on the very thing that must happen. Silence, an internal
error or a broken connection is never taken for a refusal, and a check that can't be
carried out has failed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from childgrid_conformance.door import Reply

if TYPE_CHECKING:
    from childgrid_conformance.scene import Scene

Work = Callable[["Scene"], str]


class Wrong(Exception):
    """The node under test did something else; the text says what, without a value."""


@dataclass(frozen=True)
class Check:
    """One check: where it stands written, what is sent, what must happen."""

    id: str
    source: str
    sent: str
    must: str
    work: Work

    @property
    def family(self) -> str:
        """What its id begins with."""
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Verdict:
    """What happened in one check, and how many milliseconds it took."""

    check: Check
    passed: bool
    saw: str
    ms: int


FAMILIES = (
    *("tls", "calls", "match", "budget", "query", "approval", "case", "content"),
    *("form", "log", "witness", "release", "revoked"),
)
"""What an id begins with, in the order in which checks are made.

Revocations are the last: nothing brings back what they took.
"""

CHECKS: list[Check] = []
"""Every check that was registered."""


def check(id_: str, source: str, sent: str, must: str) -> Callable[[Work], Work]:
    """Register the function below as a check."""

    def register(work: Work) -> Work:
        add(Check(id_, source, sent, must, work))
        return work

    return register


def add(one: Check) -> None:
    """Register a check; its id must be new and of a known family."""
    if one.id in {known.id for known in CHECKS} or one.family not in FAMILIES:
        raise ValueError(one.id)
    CHECKS.append(one)


def demand(holds: object, saw: str) -> None:
    """Fail the check at hand with what was seen, unless `holds`."""
    if not holds:
        raise Wrong(saw)


def refused(reply: Reply, *reasons: str) -> str:
    """The reason of a refusal, which must be one of `reasons` where any are given."""
    demand(reply.refused, str(reply))
    demand(not reasons or reply.text in reasons, f"refused, but {reply.text}")
    return f"refused: {reply.text}"


def carried_out(scene: Scene, checks: list[Check]) -> Iterator[Verdict]:
    """Make these checks one after the other."""
    for one in checks:
        begun = time.monotonic()
        try:
            passed, saw = True, one.work(scene)
        except Wrong as wrong:
            passed, saw = False, str(wrong)
        except Exception as error:
            # The node's bytes are foreign: whatever they break here has not passed.
            passed, saw = False, f"{type(error).__name__}: {error}"
        scene.door.hang_up()
        yield Verdict(one, passed, saw, round((time.monotonic() - begun) * 1_000))
