"""Rows to encode, made by recombining the columns of tables with fresh identifiers.

Cells of one made row come from different rows of a table, so that no person of the
table is in it; identifiers keep their shape and, where it has one, a right check digit.
Rows are never printed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from stdnum import verhoeff

from childgrid_node.mapping import Mapping
from childgrid_node.normalise.numbers import READERS
from childgrid_node.normalise.person import fields_of
from childgrid_node.register import Register

FIRST_BIRTH = dt.date(1945, 1, 1)
BIRTH_DAYS = 60 * 365


@dataclass(frozen=True)
class Table:
    """One agency's columns, to draw cells from; empty ones included."""

    mapping: Mapping
    columns: dict[str, list[str]]
    kinds: dict[str, str]

    def drawn(self, rng: np.random.Generator, count: int) -> dict[str, list[str]]:
        """Return columns whose cells come from different rows of the table."""
        drawn = {}
        for name, pool in self.columns.items():
            cells = [pool[at] for at in rng.integers(0, len(pool), count)]
            if name in self.kinds:
                fresh = rng.integers(0, 10, (count, 16)).astype(np.uint8) + ord("0")
                digits = fresh.tobytes().decode("ascii")
                cells = [
                    _fresh(cell, self.kinds[name], digits[16 * at : 16 * at + 16])
                    for at, cell in enumerate(cells)
                ]
            drawn[name] = cells
        return drawn

    def rows(self, columns: dict[str, list[str]]) -> list[dict[str, str]]:
        """Return drawn columns row by row."""
        rows = zip(*columns.values(), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]


def _fresh(cell: str, kind: str, digits: str) -> str:
    """Return another identifier of the same shape; its check digit is right."""
    if not cell:
        return ""
    if kind == "aadhaar":
        stem = f"{2 + int(digits[0]) % 8}{digits[1:11]}"
        return stem + str(verhoeff.calc_check_digit(stem))
    supply = iter(digits)
    made = [next(supply, "7") if char.isdigit() else char for char in cell]
    if kind == "phone":
        first = next((at for at, char in enumerate(made) if char.isdigit()), 0)
        made[first] = cell[first]
    return "".join(made)


@dataclass(frozen=True)
class Sample:
    """What rows are made of."""

    tables: tuple[Table, ...]
    names: list[str]
    guardians: list[str]
    addresses: list[str]

    def six(self, seed: int, count: int) -> list[list[str]]:
        """Return the six columns of ``SIX``, ``count`` rows of them."""
        rng = np.random.default_rng(seed)
        born = [FIRST_BIRTH + dt.timedelta(day) for day in range(BIRTH_DAYS)]
        days = [f"{day:%d/%m/%Y}" for day in born]
        houses = rng.integers(1, 2_000, count).tolist()
        places = _drawn(rng, self.addresses, count)
        return [
            _renamed(rng, self.names, count),
            _renamed(rng, self.guardians, count),
            _drawn(rng, days, count),
            _drawn(rng, ["M", "F", "X"], count),
            [str(n) for n in rng.integers(6 * 10**9, 10**10, count).tolist()],
            [f"{at} {place}" for at, place in zip(houses, places, strict=True)],
        ]


def _drawn(rng: np.random.Generator, pool: Sequence[str], count: int) -> list[str]:
    return [pool[at] for at in rng.integers(0, len(pool), count).tolist()]


def _renamed(rng: np.random.Generator, names: Sequence[str], count: int) -> list[str]:
    """Return the first word of one name with the last word of another."""
    parts = [name.split() for name in names]
    given = _drawn(rng, [part[0] for part in parts], count)
    family = _drawn(rng, [part[-1] for part in parts], count)
    return [f"{one} {two}" for one, two in zip(given, family, strict=True)]


def sample(data: Path) -> Sample:
    """Read every agency's table in a folder."""
    tables = tuple(
        _table(Mapping.read(path), data)
        for path in sorted(data.glob("*.toml"))
        if path.stem != "queries"
    )
    found: dict[str, list[str]] = {"name": [], "relative": [], "address": []}
    for table in tables:
        for row in table.rows(table.drawn(np.random.default_rng(0), 5_000)):
            for name, cells in fields_of(row, table.mapping).items():
                if name in found:
                    found[name] += [cell for cell in cells if cell.strip()]
    places = [", ".join(one.split(", ")[:2]) for one in found["address"]]
    return Sample(tables, found["name"], found["relative"], places)


def _table(mapping: Mapping, data: Path) -> Table:
    names = [name for one in mapping.fields.values() for name in one.names]
    columns: dict[str, list[str]] = {name: [] for name in names}
    with Register.open(mapping, data) as register:
        for batch in register.rows():
            for name, cells in columns.items():
                cells += [row.values.get(name, "") for row in batch]
    kinds = {
        name: kind
        for kind, one in mapping.fields.items()
        if kind in READERS
        for name in one.names
    }
    return Table(mapping, columns, kinds)
