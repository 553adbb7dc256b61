"""What the gaps of a source cost, by the scheme's own weights.

For each pattern of filled fields that the rows show, true matches are drawn: each
comparison that query and row can make gets a level with the probability that the scheme
gives it among true matches (m), independent of the others. What is drawn is scored as a
search scores a lone candidate in a table of this size, with the scheme's second stage.
The recall is the share that reaches the band "possible". So it speaks of the gaps
alone: a name that is spelt worse here than where the scheme was trained is not seen,
and neither are rivals in the table. The draws are the same for every pattern and run.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node import calibration
from childgrid_node.calibration import CROWD_LIMIT, GAP_LIMIT, PROBABILITY

from .report import Recall

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from childgrid_node.scheme import Scheme

DRAWS = 200
MOST_PATTERNS = 5_000
_LOOKED_AT = 60
_SEED = 20_260_101

_NAME = ("name", "given", "skeleton", "alias")
QUERIES: Mapping[str, tuple[str, ...]] = {
    "name, sex, year of birth": (*_NAME, "sex", "named_sex", "yob", "aged"),
    "name, relative, district": (*_NAME, "relative", "district", "state"),
    "name, date of birth, relative, address": (
        *(*_NAME, "sex", "named_sex", "dob", "yob", "aged", "declared", "relative"),
        *("address", "district", "state", "pin"),
    ),
    "name, telephone": (*_NAME, "phone"),
}
"""What an investigator may know, as the scheme's fields."""

GIVES: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "given", "skeleton"),
    "birth_date": ("dob", "yob"),
    "birth_year": ("yob",),
    "age": ("aged",),
    "sex": ("sex", "named_sex"),
    "aadhaar": ("aadhaar", "aadhaar4"),
    "vehicle": ("vehicle", "vehicle4"),
    "identifier": (),
}
"""Grid field → the scheme's fields that it fills; others fill their own."""


class Patterns:
    """How many rows have which fields of the scheme; at most so many patterns."""

    def __init__(self) -> None:
        self.rows = 0
        self.counts: Counter[frozenset[str]] = Counter()

    def add(self, present: Iterable[str]) -> None:
        """Take one row's fields."""
        self.rows += 1
        pattern = frozenset(present)
        if pattern in self.counts or len(self.counts) < MOST_PATTERNS:
            self.counts[pattern] += 1

    def common(self) -> list[tuple[frozenset[str], int]]:
        """The patterns that most rows have."""
        return self.counts.most_common(_LOOKED_AT)


def recalls(
    scheme: Scheme, patterns: Patterns, mapped: Iterable[str]
) -> tuple[Recall, ...]:
    """What the gaps cost each of `QUERIES` that could use what is mapped.

    Args:
        scheme: fields, weights and calibration.
        patterns: which fields of the scheme the rows have.
        mapped: the source's grid fields.
    """
    drawn = Drawn(scheme, patterns.rows)
    gives = {name: frozenset(GIVES.get(name, (name,))) for name in mapped}
    found = (_recall(drawn, patterns, gives, query) for query in QUERIES)
    return tuple(one for one in found if one is not None)


def _recall(
    drawn: Drawn, patterns: Patterns, gives: Mapping[str, frozenset[str]], query: str
) -> Recall | None:
    known = frozenset(QUERIES[query])
    useful = {name: fills for name, fills in gives.items() if fills & known}
    rows = sum(count for _, count in patterns.common())
    if not rows or not useful:
        return None
    every = frozenset().union(*useful.values())

    def mean(filled: frozenset[str]) -> int:
        weighed = (
            drawn.recall(known, present | filled) * count
            for present, count in patterns.common()
        )
        return round(PROBABILITY * sum(weighed) / rows)

    now = mean(frozenset())
    gains = {name: max(mean(fills) - now, 0) for name, fills in useful.items()}
    ranked = sorted(gains.items(), key=lambda gain: (-gain[1], gain[0]))
    covered = round(PROBABILITY * rows / patterns.rows)
    return Recall(query, now, max(mean(every), now), tuple(ranked), covered)


class Drawn:
    """True matches drawn once for a scheme, scored for any pattern of fields."""

    def __init__(self, scheme: Scheme, rows: int) -> None:
        self._scheme = scheme
        self._offset = calibration.size_offset(scheme.calibration, max(rows, 1))
        random = np.random.default_rng(_SEED)
        columns = []
        for comparison in scheme.comparisons:
            chances = np.exp(np.array(comparison.match) / 1_000)
            steps = np.cumsum(chances / chances.sum())
            columns.append(1 + np.searchsorted(steps[:-1], random.random(DRAWS)))
        self._levels = np.column_stack(columns).astype(np.uint8)
        self._shown = lru_cache(maxsize=4_096)(self._share)

    def recall(self, known: frozenset[str], present: frozenset[str]) -> float:
        """The share of matches shown where the query knows and the row has so much."""
        return self._shown(
            tuple(
                any(q in known and r in present for q, r in comparison.pairs)
                for comparison in self._scheme.comparisons
            )
        )

    def _share(self, made: tuple[bool, ...]) -> float:
        if not any(made):
            return 0.0
        levels = self.levels(made)
        odds = alone(self._scheme, levels, sum(made)) + self._offset
        odds = calibration.household(self._scheme, odds, _parts(self._scheme, levels))
        possible = self._scheme.bands.possible / PROBABILITY
        return float(np.mean(odds >= 1_000 * math.log(possible / (1 - possible))))

    def levels(self, made: Sequence[bool]) -> NDArray[np.uint8]:
        """The drawn levels, 0 for what is not compared or deferred: ``[draws, c]``."""
        levels = np.where(np.array(made), self._levels, 0).astype(np.uint8)
        names = [each.name for each in self._scheme.comparisons]
        for at, comparison in enumerate(self._scheme.comparisons):
            if comparison.unless:
                levels[levels[:, names.index(comparison.unless)] > 0, at] = 0
        return levels


def alone(scheme: Scheme, levels: NDArray[np.uint8], asked: int) -> NDArray[np.int64]:
    """Log-odds of candidates, each as if it were the only one; in millinats.

    As `score.second` gives them row by row, for a table as trained on.

    Args:
        scheme: weights and second stage.
        levels: ``uint8[k, comparisons]``.
        asked: how many comparisons the query could make.
    """
    parts = _parts(scheme, levels)
    scores = parts.sum(axis=1)
    strangers = 1_000 * math.log(scheme.calibration.trained_rows)
    crowd = np.rint(np.clip(strangers - scores, -CROWD_LIMIT, CROWD_LIMIT))
    gap = np.clip(scores - round(strangers), -GAP_LIMIT, GAP_LIMIT)
    names, values = calibration.features(scheme, parts, levels, scores)
    values[:, names.index("crowd")] = crowd
    logits = calibration.log_odds(scheme.calibration, values)
    signs = calibration.signs(scheme, parts, levels, scores, logits, asked)
    features = list(scheme.calibration.forest.features)
    for name, column in (("crowd", crowd), ("gap", gap), ("near", 1)):
        if name in features:
            signs[:, features.index(name)] = column
    logits += scheme.calibration.forest.add(signs)
    return calibration.elsewhere(scheme.calibration, logits)


def _parts(scheme: Scheme, levels: NDArray[np.uint8]) -> NDArray[np.int64]:
    parts = np.zeros(levels.shape, np.int64)
    for at, comparison in enumerate(scheme.comparisons):
        weights = np.subtract(comparison.match, comparison.chance)
        parts[:, at] = np.append(0, weights)[levels[:, at]]
    return parts
