"""What the parts of a register say, put together as one file would say it: pure.

Counts are integers and add up; what a level weighs is made of the sums, in one place.
Each part's best rows hold the register's best; of equal sums the earlier row of the
register comes first, and rows are numbered through from part to part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from childgrid_node import scan
from childgrid_node.plan import LEVELS
from childgrid_node.shards.shard import Counted, Ranked

Names = Mapping[int, tuple[str, bytes]]


@dataclass(frozen=True)
class Best:
    """The register's best rows, and each one's source key and digest by its number."""

    survivors: scan.Survivors
    names: Names


def summed(parts: Sequence[Counted]) -> scan.Survey:
    """Add up the counts of all parts; the levels themselves stay with the parts."""
    active = parts[0].active
    counts = np.zeros((len(active), LEVELS), np.int64)
    for part in parts:
        counts[:, : part.counts.shape[1]] += part.counts
    return scan.Survey(active, (), (), counts, sum(part.cpu_ns for part in parts))


def merged(parts: Sequence[Ranked], firsts: Sequence[int], most: int) -> Best:
    """Return the ``most`` best rows of all parts; ``firsts`` number each one's rows."""
    rows = np.concatenate(
        [part.best.rows + first for part, first in zip(parts, firsts, strict=True)]
    )
    scores = np.concatenate([part.best.scores for part in parts])
    levels = np.concatenate([part.best.levels for part in parts])
    order = np.lexsort((rows, -scores))[:most]
    spent = sum(part.best.cpu_ns for part in parts)
    named = [
        pair for part in parts for pair in zip(part.keys, part.digests, strict=True)
    ]
    names = {int(rows[at]): named[at] for at in order.tolist()}
    return Best(scan.Survivors(rows[order], scores[order], levels[order], spent), names)
