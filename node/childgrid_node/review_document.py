"""What a signed `review` commits to: the ground, the judgements, and their curve.

Canonical JSON of whole numbers, a source's name and a scheme's hash; no key and no
value of a record. A reader believes no curve: it must follow from the judgements.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from childgrid_node.calibration import PROBABILITY
from childgrid_node.review import Curve, Judged, ReviewRefused, Sample, fit
from childgrid_wire import canonical
from childgrid_wire import schema as s
from childgrid_wire.errors import Malformed

CHANGE = 250
"""Rows per 1,000 by which a register may grow or shrink before its review is void."""

MOST_PAIRS = 100_000
_MOST_STRATA = 16
_MOST_MILLINATS = 10**6


def _text(value: object, at: str) -> None:
    if not isinstance(value, str):
        raise Malformed(f"{at} is not a text")


def _pair(value: object, at: str) -> None:
    """A probability per 10,000, and whether people said that it is one person."""
    if not isinstance(value, list) or len(value) != 2:
        raise Malformed(f"{at} is not a pair")
    s.integer(0, PROBABILITY)(value[0], at)
    s.integer(0, 1)(value[1], at)


_TABLE = s.record(
    source=_text,
    scheme=s.digest,
    epoch=s.version,
    rows=s.integer(),
    asked=s.integer(1, PROBABILITY - 1),
    change=s.integer(),
    unsure=s.integer(),
    intercept=s.integer(-_MOST_MILLINATS, _MOST_MILLINATS),
    slope=s.integer(0, _MOST_MILLINATS),
    most=s.integer(0, PROBABILITY),
    strata=s.items(s.integer(0, PROBABILITY), _MOST_STRATA, 1),
    judged=s.items(_pair, MOST_PAIRS, unique=False),
    sought=s.integer(1),
    met=s.items(s.integer(), _MOST_STRATA, 1, unique=False),
)


@dataclass(frozen=True)
class Ground:
    """Which register was reviewed: the scheme's digest in hex, and its living rows.

    ``asked`` is the scheme's own (``second_stage.Calibration``).
    """

    source: str
    scheme: str
    epoch: int
    rows: int
    asked: int

    def under(self) -> tuple[str, str, int, int]:
        """Return what must be the same for a review to hold, whatever was added."""
        return self.source, self.scheme, self.epoch, self.asked


@dataclass(frozen=True)
class Calibration:
    """What one review amounts to, and the ground on which it stands."""

    ground: Ground
    edges: tuple[int, ...]
    change: int
    curve: Curve

    def fits(self, now: Ground) -> bool:
        """Whether the register is still the one that was reviewed."""
        return alike(self.ground, now, self.change)


def alike(was: Ground, now: Ground, change: int = CHANGE) -> bool:
    """Whether a register is the same but for ``change`` rows per 1,000."""
    grown = abs(now.rows - was.rows)
    return was.under() == now.under() and 1000 * grown <= change * was.rows


def document(ground: Ground, sample: Sample, unsure: int) -> bytes:
    """Write what a `review` commits to: ground, judgements by probability, the curve.

    It holds no key and no value of a record. Raises `ReviewRefused` as `fit` does.
    """
    curve = fit(sample)
    table = {
        **vars(ground),
        **vars(curve),
        "change": CHANGE,
        "unsure": unsure,
        "strata": list(sample.edges),
        "judged": sorted([one.probability, int(one.same)] for one in sample.judged),
        "sought": sample.sought,
        "met": list(sample.met),
    }
    return canonical.dumps(table)


def digest(data: bytes) -> str:
    """Return what a `review` names as its result: hex SHA-256 of the document."""
    return hashlib.sha256(data).hexdigest()


def judged_in(table: Mapping[str, Any]) -> tuple[Judged, ...]:
    """Return a document's judged pairs."""
    return tuple(Judged(chance, bool(same)) for chance, same in table["judged"])


@lru_cache(maxsize=64)
def read(data: bytes) -> Calibration:
    """Read what `document` wrote; its curve must follow from its judgements.

    Raises:
        ReviewRefused: it says too little, or its curve is another one.
        Malformed: not such a document.
    """
    table = canonical.loads(data)
    if table.keys() != _TABLE.fields.keys():
        raise ReviewRefused("this is no review's document; make one with `review`")
    _TABLE(table, "review")
    edges, met = tuple(table["strata"]), tuple(table["met"])
    if list(edges) != sorted(edges) or len(met) != len(edges):
        raise Malformed("review.strata")
    if max(met) > table["sought"]:
        raise ReviewRefused("this review met more pairs than it sought records")
    sample = Sample(edges, judged_in(table), table["sought"], met, table["asked"])
    curve = fit(sample)
    said = Curve(table["intercept"], table["slope"], table["most"])
    # Another machine's arithmetic may end a last digit elsewhere.
    near = max(abs(curve.intercept - said.intercept), abs(curve.slope - said.slope))
    if near > 1 or curve.most != said.most or table["change"] > CHANGE:
        raise ReviewRefused("this review's numbers do not follow from its judgements")
    ground = Ground(*(table[one.name] for one in fields(Ground)))
    return Calibration(ground, edges, table["change"], said)
