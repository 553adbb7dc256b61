"""Patterns of deeds: single events that somebody should look at.

Searches about declared staff or relatives, refusals overruled, two people who approve
each other, break-glass without its review, budgets lifted, sweeps. None is judged by
numbers alone; each names its statements.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from childgrid_audit.workbench.facts import (
    Asked,
    Casebook,
    Decision,
    Glass,
    Lifting,
    Search,
)
from childgrid_audit.workbench.flags import Flag
from childgrid_audit.workbench.limits import Limits

_BUDGET = "budget"


def declared(book: Casebook, _: Limits) -> Iterator[Flag]:
    """Searches about people whom the officer's own agency has declared."""
    for one in book.searches:
        if one.mark:
            yield Flag("declared", one.person, events=(one.hash, one.mark))


def mutual(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Two people each of whom approves what the other asks for."""
    given: dict[tuple[str, str], list[str]] = defaultdict(list)
    for asker, decision in _granted(book):
        given[asker, decision.person].append(decision.hash)
    for (one, other), found in sorted(given.items()):
        back = given.get((other, one), [])
        if one < other and min(len(found), len(back)) >= limits.mutual_count:
            events = (*found, *back)
            yield Flag("mutual", f"{one} + {other}", len(events), events=events)


def _granted(book: Casebook) -> Iterator[tuple[str, Decision]]:
    for subject in book.subjects():
        for one in subject.decisions:
            if one.granted:
                yield subject.person, one


def overruled(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """What one person refused and somebody else granted soon after.

    A query counts as the same when officer and case are, a request when holder and
    candidate are. Who refused first and grants later has thought again: no flag.
    """
    groups: dict[tuple[str, str], list[Search | Asked]] = defaultdict(list)
    for subject in book.subjects():
        groups[_same(subject)].append(subject)
    for subjects in groups.values():
        if any(not one.granted for each in subjects for one in each.decisions):
            yield from _overruling(subjects, limits)


def _same(subject: Search | Asked) -> tuple[str, str]:
    """Queries or requests of the same key ask for the same again."""
    if isinstance(subject, Search):
        return subject.person, subject.case
    return subject.holder, subject.handle


def _overruling(subjects: Sequence[Search | Asked], limits: Limits) -> Iterator[Flag]:
    """The first grant by another person after each refusal."""
    made = [(subject, one) for subject in subjects for one in subject.decisions]
    for refusing in (one for _, one in made if not one.granted):
        for subject, one in made:
            if _overrules(one, refusing, limits) and _took_effect(subject, one):
                events = (refusing.hash, one.hash)
                yield Flag("overruled", subject.person, events=events)
                break


def _overrules(granting: Decision, refusing: Decision, limits: Limits) -> bool:
    later = 0 < granting.issued - refusing.issued <= limits.overrule_seconds
    other = granting.person != refusing.person and granting.side == refusing.side
    return granting.granted and later and other


def _took_effect(subject: Search | Asked, granting: Decision) -> bool:
    """Whether the query was searched for, or a release rests on the grant."""
    if isinstance(subject, Search):
        return subject.answered
    return any(granting.hash in one.approvals for one in subject.releases)


def unreviewed(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Break-glass releases without their review in time, or one upon another."""
    by_member: dict[str, list[Glass]] = defaultdict(list)
    for glass in book.glasses:
        by_member[glass.member].append(glass)
    for member, glasses in sorted(by_member.items()):
        for earlier, glass in zip([None, *glasses], glasses, strict=False):
            overdue = _is_overdue(glass, book.now, limits)
            upon = earlier is not None and not _reviewed(earlier, glass.issued, limits)
            if overdue or upon:
                yield Flag("unreviewed", member, events=(glass.hash,))


def _is_overdue(glass: Glass, now: int, limits: Limits) -> bool:
    due = glass.issued + limits.review_seconds
    return now > due and not _reviewed(glass, due, limits)


def _reviewed(glass: Glass, until: int, limits: Limits) -> bool:
    persons = {one.person for one in glass.reviews if one.issued <= until}
    return len(persons) >= limits.reviewers


def lifted(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Budgets lifted by whom they bind, without measure, or again and again."""
    for lifting in book.liftings:
        usual = book.budgets.get(lifting.scope, 0)
        own = lifting.subject == lifting.person
        if own or (usual and lifting.queries > limits.lift_factor * usual):
            yield Flag("lifted", lifting.subject, events=(lifting.hash,))
    by_subject: dict[tuple[str, str], list[Lifting]] = defaultdict(list)
    for lifting in book.liftings:
        by_subject[lifting.scope, lifting.subject].append(lifting)
    for (_, subject), liftings in sorted(by_subject.items()):
        times = [(one.issued, one.hash) for one in liftings]
        found = _crowded(times, limits.lift_count, limits.lift_seconds)
        if found:
            yield Flag("lifted", subject, len(found), len(times), events=found)


def sweeps(book: Casebook, limits: Limits) -> Iterator[Flag]:
    """Officers who try one suspect in many variants, or one case without end."""
    refused: dict[str, list[tuple[int, str]]] = defaultdict(list)
    by_case: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for one in book.searches:
        by_case[one.person, one.case].append((one.issued, one.hash))
        if any(reply.reason == _BUDGET for reply in one.replies):
            refused[one.person].append((one.issued, one.hash))
    tried = ((who, times) for (who, _), times in sorted(by_case.items()))
    yield from _swept(sorted(refused.items()), limits.sweep_refusals, limits)
    yield from _swept(tried, limits.sweep_queries, limits)


def _swept(
    series: Iterable[tuple[str, list[tuple[int, str]]]], least: int, limits: Limits
) -> Iterator[Flag]:
    for who, times in series:
        found = _crowded(times, least, limits.sweep_seconds)
        if found:
            yield Flag("sweeps", who, len(found), len(times), events=found)


def _crowded(
    times: Sequence[tuple[int, str]], least: int, seconds: int
) -> tuple[str, ...]:
    """All events that lie with `least` others or more within `seconds`, by time."""
    found: dict[str, None] = {}
    start = 0
    for end, (when, _) in enumerate(times):
        while when - times[start][0] > seconds:
            start += 1
        if end - start + 1 >= least:
            found |= dict.fromkeys(name for _, name in times[start : end + 1])
    return tuple(found)
