"""What happened in a case, step by step: who asked, who approved, how long each looked.

A case is known by its commitment, a hash that only the asking agency can tie to a
file; so "was a search made in case X?" is answered without anybody's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from childgrid_audit.workbench.facts import Asked, Decision, Release, Search


@dataclass(frozen=True, order=True)
class Step:
    """One step: when (Unix seconds), who, and which statement says so.

    `deed` is a short code (`searched`, `approved`, `refused`, `hit`, `none`,
    `declined`, `offline`, `requested`, `released`, `received`, `void`); `detail` is
    the reason or slot side, `looked` as in `facts.Decision` (-1 where it says nothing).
    """

    when: int
    deed: str
    who: str
    statement: str
    detail: str = ""
    looked: int = -1
    waited: int = -1


def timeline(searches: Iterable[Search], now: int) -> list[Step]:
    """The steps of these searches and of all that followed them, by time."""
    return sorted(step for one in searches for step in _steps(one, now))


def _steps(search: Search, now: int) -> Iterator[Step]:
    purpose = search.purpose
    yield Step(search.issued, "searched", search.person, search.hash, purpose)
    yield from map(_decided, search.decisions)
    for reply in search.replies:
        deed = "declined" if reply.outcome == "refused" else reply.outcome
        yield Step(reply.issued, deed, reply.target, reply.hash, reply.reason)
    yield from _silent(search, now)
    for request in search.requests:
        yield from _requested(request)


def _silent(search: Search, now: int) -> Iterator[Step]:
    """Targets that never answered, once the query has run out."""
    if search.replies and search.expires <= now:
        answered = {one.target for one in search.replies}
        for target in search.targets:
            if target not in answered:
                yield Step(search.expires, "offline", target, search.hash)


def _decided(one: Decision) -> Step:
    deed = "approved" if one.granted else "refused"
    detail = one.side if one.granted else one.reason
    return Step(one.issued, deed, one.person, one.hash, detail, one.looked, one.waited)


def _requested(request: Asked) -> Iterator[Step]:
    holder = request.holder
    yield Step(request.issued, "requested", request.person, request.hash, holder)
    yield from map(_decided, request.decisions)
    for release in request.releases:
        yield from _released(request, release)


def _released(request: Asked, release: Release) -> Iterator[Step]:
    yield Step(release.issued, "released", request.holder, release.hash)
    if release.received:
        member = request.person.partition("/")[0]
        yield Step(release.received, "received", member, release.receipt)
    elif release.void:
        yield Step(request.expires, "void", request.holder, release.hash)
