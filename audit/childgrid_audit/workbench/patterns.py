"""All patterns: what each is called, what it looks for, and what to ask next.

`find` runs them over a casebook. What no statement can show stands in `MISSING`, so
that an empty page is never read as "nothing of the kind happened".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from childgrid_audit.workbench import deeds, rates
from childgrid_audit.workbench.facts import Casebook
from childgrid_audit.workbench.flags import Flag
from childgrid_audit.workbench.limits import LIMITS, Limits


@dataclass(frozen=True)
class Pattern:
    """One kind of flag; `says` what is looked for, `ask` what an auditor asks."""

    name: str
    title: str
    says: str
    ask: str


PATTERNS = {
    one.name: one
    for one in (
        Pattern(
            "hasty",
            "Approved faster than a person reads",
            "An approver signs within {read_seconds} seconds of opening, or without "
            "having opened, at least {hasty_count} times and far more often than "
            "colleagues.",
            "What did the approver know of these cases before signing?",
        ),
        Pattern(
            "pairs",
            "The same colleague approves nearly always",
            "One approver signs an officer's statements far more often than those of "
            "the rest of the unit (at least {pair_count} approvals).",
            "How was the approver chosen, and why not another one of the unit?",
        ),
        Pattern(
            "mutual",
            "Two people approve each other",
            "Each of two people approved at least {mutual_count} statements of the "
            "other.",
            "Do both hold an office that lets them?",
        ),
        Pattern(
            "hours",
            "Searches out of hours",
            "At least {hours_count} searches outside of {opens} to {closes} o'clock "
            "or on rest days, where colleagues work by day.",
            "Was the officer on duty then, by the duty roster?",
        ),
        Pattern(
            "hits",
            "Hits far more often than colleagues",
            "The share of searches that find somebody is far above that of colleagues "
            "(at least {hit_count} hits).",
            "Were the persons known to be in the registers already?",
        ),
        Pattern(
            "misses",
            "Hits far less often than colleagues",
            "The share of searches that find nobody is far above that of colleagues "
            "(at least {hit_count} searches without a hit).",
            "What was each search based on? Are names being tried out?",
        ),
        Pattern(
            "idle",
            "Hits that lead to no request",
            "At least {idle_count} searches found somebody and no record was asked "
            "for, far more often than with colleagues.",
            "What was the search for, if not for the record?",
        ),
        Pattern(
            "undecided",
            "Requests that nobody decided",
            "At least {open_count} requests ran out without release or refusal, far "
            "more often than with colleagues.",
            "Who was asked to approve, and why did nobody?",
        ),
        Pattern(
            "unreported",
            "Records taken, no outcome told",
            "At least {open_count} released records without a notice of the outcome "
            "after {outcome_days} days, far more often than with colleagues.",
            "What became of the records?",
        ),
        Pattern(
            "overruled",
            "A refusal overruled",
            "What one person refused was granted by another within {overrule_days} "
            "days, and it took effect.",
            "Did the second person know of the refusal and its reason?",
        ),
        Pattern(
            "unreviewed",
            "Break-glass without its review",
            "A break-glass release that {reviewers} persons had not reviewed after "
            "{review_hours} hours, or a second one before the first was reviewed.",
            "Was a child in danger then? Who let the second one happen?",
        ),
        Pattern(
            "lifted",
            "A budget lifted beyond measure",
            "Lifted by the person whom it binds, to more than {lift_factor} times the "
            "floor's, or {lift_count} times within {lift_days} days.",
            "What was it needed for, and who was the second person?",
        ),
        Pattern(
            "declared",
            "Searches about staff or relatives",
            "A search that fits somebody strongly whom the officer's own agency has "
            "declared as staff or a relative, as its own node marks it.",
            "Is there a case against this person, and who gave the officer the case?",
        ),
        Pattern(
            "sweeps",
            "Sweeps",
            "{sweep_refusals} answers that the budget is spent within a day, or "
            "{sweep_queries} searches for one case within a day.",
            "Is one suspect being tried with details varied?",
        ),
    )
}

MISSING = (
    "Searches for staff or relatives whom their agency has not declared, or has not "
    "declared again since the linkage key was rotated; and what fits them less than "
    "strongly.",
    "What an officer's own node refused before anything was signed: nothing is logged.",
    "How long an approver whose agency's log is not mirrored had looked.",
    "Whatever was said outside of the grid.",
)

_FINDERS: tuple[Callable[[Casebook, Limits], Iterator[Flag]], ...] = (
    rates.hasty,
    rates.pairs,
    deeds.mutual,
    rates.out_of_hours,
    rates.hits,
    rates.idle,
    rates.undecided,
    rates.unreported,
    deeds.declared,
    deeds.overruled,
    deeds.unreviewed,
    deeds.lifted,
    deeds.sweeps,
)


def find(book: Casebook, limits: Limits = LIMITS) -> list[Flag]:
    """Run every pattern; flags in the order of `PATTERNS`, then the rarest first."""
    order = list(PATTERNS)
    found = [flag for finder in _FINDERS for flag in finder(book, limits)]
    return sorted(found, key=lambda f: (order.index(f.pattern), f.chance, f.who, f))


def rule(pattern: Pattern, limits: Limits = LIMITS) -> str:
    """What a pattern looks for, with the thresholds in force."""
    day, hour = 86_400, 3_600
    return pattern.says.format(
        **vars(limits),
        outcome_days=limits.outcome_seconds // day,
        overrule_days=limits.overrule_seconds // day,
        review_hours=limits.review_seconds // hour,
        lift_days=limits.lift_seconds // day,
    )
