"""Every threshold of the workbench, in one place, with its unit and its reason.

Two kinds of patterns: *deeds*, of which a single one is worth a look, and *rates*,
where one person differs from those who do the same work. A rate is flagged when the
count would be rarer than `chance` even if the person's true odds were `factor` times
those of the others: ordinary differences between people don't count.
"""

from __future__ import annotations

from dataclasses import dataclass

DAY = 86_400


@dataclass(frozen=True)
class Limits:
    """The thresholds; immutable, so that a report can name the ones it used."""

    chance: float = 1e-4
    """How rare a count must be. A grid of 1,000 officers then gives fewer than one
    flag a pattern by luck alone."""

    factor: float = 3.0
    """By how much a person's odds may differ from those of colleagues."""

    hit_factor: float = 2.0
    """The same for hits, of which units differ less."""

    peers: int = 50
    """Cases that colleagues of the unit must have; below, the agency is compared."""

    read_seconds: int = 10
    """A query sheet has some 60 words; 238 a minute is the adults' mean for silent
    reading (Brysbaert 2019), which makes 15 s; the fast half of people get by."""

    hasty_count: int = 5
    """Approvals faster than that, before a person is flagged."""

    pair_count: int = 20
    """Decisions on one asker's statements before their approver is looked at."""

    mutual_count: int = 3
    """Approvals in each direction between two persons."""

    utc_offset: int = 19_800
    """Seconds that local time is ahead of UTC: India, 5 h 30 min."""

    opens: int = 8
    """Local hour at which ordinary work begins."""

    closes: int = 20
    """Local hour at which it ends."""

    rest_days: tuple[int, ...] = (6,)
    """Days without ordinary work; Monday is 0."""

    hours_count: int = 10
    """Searches out of hours before an officer is flagged."""

    hit_count: int = 20
    """Answered searches before an officer's hit rate is judged."""

    idle_count: int = 8
    """Hits without a request before an officer is flagged."""

    open_count: int = 8
    """Undecided requests, or unreported releases, before an officer is flagged."""

    outcome_seconds: int = 90 * DAY
    """How long an officer has to report what a released record led to."""

    overrule_seconds: int = 7 * DAY
    """Within this time a repetition of what was refused counts as overruling it."""

    review_seconds: int = 3 * DAY
    """When a break-glass release must have been reviewed (72 h)."""

    reviewers: int = 2
    """Distinct persons who must have reviewed it."""

    lift_count: int = 3
    """Liftings for one subject within `lift_seconds`."""

    lift_seconds: int = 90 * DAY
    """See `lift_count`."""

    lift_factor: int = 5
    """A lifting to more than this many times the floor's budget is flagged; the rules
    allow ten times."""

    sweep_refusals: int = 3
    """Answers `refused: budget` to one officer within `sweep_seconds`. Nodes refuse
    so when one person is asked for with one detail varied too often."""

    sweep_queries: int = 8
    """Queries of one officer for one case within `sweep_seconds`."""

    sweep_seconds: int = DAY
    """See the two above."""

    late_seconds: int = 3_600
    """An answer later than this after the query is late."""

    decide_seconds: int = 2 * DAY
    """A decision later than this after its subject is late (48 h)."""


LIMITS = Limits()
