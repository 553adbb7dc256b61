"""The data-quality report of one source, as data. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

FORMAT = 1
"""The version of the JSON that `dump` gives."""


@dataclass(frozen=True, slots=True)
class Defect:
    """Where something is wrong: the row's number, the mapped columns, and what."""

    row: int
    column: str
    kind: str


@dataclass
class Filling:
    """One grid field of a source, in rows.

    `filled` rows hold something, `usable` ones something that a search can compare;
    `wrong` counts, by kind, what is filled and doubtful or of no use.
    """

    columns: tuple[str, ...]
    filled: int = 0
    usable: int = 0
    wrong: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Twins:
    """Rows whose encodings are the same as another row's.

    `blank` rows have nothing to encode; `one_in` is above 1 where the others were
    counted in a sample of one encoding in so many and multiplied.
    """

    rows: int
    groups: int
    largest: int
    blank: int
    one_in: int = 1


@dataclass(frozen=True)
class Recall:
    """What the gaps of a source cost one kind of query; shares per 10,000.

    `now` is the share of true matches that would be shown as possible or strong,
    `full` the same if every mapped field were filled in every row; `gains` says what
    each field alone would bring, the most first. `covered` is the share of rows that
    the figures speak for.
    """

    query: str
    now: int
    full: int
    gains: tuple[tuple[str, int], ...]
    covered: int

    @property
    def loss(self) -> int:
        """What is lost, per 10,000 true matches."""
        return max(self.full - self.now, 0)


@dataclass
class Quality:
    """Everything that was counted of one source.

    `rows` are those that its filters let in; `filtered` counts the others, by the
    filter's column.
    """

    source: str
    category: str
    rows: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    filtered: dict[str, int] = field(default_factory=dict)
    guarded: Counter[str] = field(default_factory=Counter)
    fields: dict[str, Filling] = field(default_factory=dict)
    dates: Counter[str] = field(default_factory=Counter)
    scripts: dict[str, Counter[str]] = field(default_factory=dict)
    twins: Twins = Twins(0, 0, 0, 0)
    recall: tuple[Recall, ...] = ()
    scheme: str = ""
    defects: list[Defect] = field(default_factory=list)

    @property
    def admitted(self) -> int:
        """How many rows may be searched."""
        return self.guarded["admitted"]

    def dump(self) -> Mapping[str, Any]:
        """This report as JSON has it."""
        fields = {
            name: {
                "columns": one.columns,
                "filled": one.filled,
                "usable": one.usable,
                "wrong": dict(one.wrong),
            }
            for name, one in self.fields.items()
        }
        return {
            "source": self.source,
            "category": self.category,
            "scheme": self.scheme,
            "rows": self.rows,
            "admitted": self.admitted,
            "filtered": dict(self.filtered),
            "guarded": dict(self.guarded),
            "unusable": dict(self.unusable),
            "fields": fields,
            "dates": dict(self.dates),
            "scripts": {name: dict(counts) for name, counts in self.scripts.items()},
            "duplicates": asdict(self.twins),
            "recall": [asdict(one) | {"loss": one.loss} for one in self.recall],
            "defects": [asdict(one) for one in self.defects],
        }


def share(part: int, whole: int) -> str:
    """A share in per cent; never 0 or 100 for what is neither none nor all."""
    if not whole or part in (0, whole):
        return "0 %" if not part else "100 %"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f} %"
