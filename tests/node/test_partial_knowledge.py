"""Little is known of a suspect: the search answers with what there is, and honestly."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.tables import BENCH_KEY, Table, load
from childgrid_node import score
from childgrid_node.encode import Encoder
from childgrid_node.normalise import Fields, from_fields, tokens_of
from childgrid_node.scheme import Scheme
from deploy.sample.make import make

GRID = Scheme.load("childgrid-2")
MOST = 60
ALIAS = re.compile(r"(?:@| urf | alias )\s*(\w+)")
NOTHING: Fields = {}
Row = Mapping[str, str]


@dataclass(frozen=True)
class Register:
    """One agency's rows as written, and its index."""

    rows: list[Row]
    table: Table

    def asked(self, query: Callable[[Row], Fields]) -> list[tuple[bool, int]]:
        """Ask for rows by what ``query`` tells of each: (found first, probability)."""
        encoder = Encoder(GRID, BENCH_KEY, 1)
        answers: list[tuple[bool, int]] = []
        for row in self.rows:
            if len(answers) < MOST and (fields := query(row)):
                encoding = encoder.encode(tokens_of(from_fields(fields)))
                best = score.match(self.table.index, encoding, floor=0).candidates[0]
                key = self.table.index.key(best.row)
                answers.append((key == next(iter(row.values())), best.probability))
        return answers


@pytest.fixture(name="registers", scope="module")
def _registers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Register]:
    folder: Path = tmp_path_factory.mktemp("sample")
    make(folder, rows=1_000)
    found = {}
    for table in load(folder / "bench", GRID).tables:
        path = folder / "bench" / f"{table.agency}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            found[table.agency] = Register(list(csv.DictReader(file)), table)
    return found


def alias(row: Row) -> str:
    """The nickname in a police row's name, or nothing."""
    found = ALIAS.search(row["accused_name"])
    return found[1] if found else ""


def honest(answers: list[tuple[bool, int]]) -> bool:
    """Whether the probabilities promise no more than comes true (and noise)."""
    promised = sum(chance for _, chance in answers) / 10_000
    return promised <= sum(right for right, _ in answers) + 0.1 * len(answers)


def test_a_nickname_and_a_telephone_find_the_person(
    registers: dict[str, Register],
) -> None:
    """Nine of ten come first, nearly all of them as more than a weak lead."""

    def query(row: Row) -> Fields:
        known = alias(row) and row["mobile"]
        return {"alias": [alias(row)], "phone": [row["mobile"]]} if known else NOTHING

    answers = registers["police"].asked(query)

    assert len(answers) > 10
    assert sum(right for right, _ in answers) >= 0.85 * len(answers)
    assert sum(p >= GRID.bands.possible for _, p in answers) >= 0.8 * len(answers)
    assert honest(answers)


def test_a_nickname_a_district_and_an_age_are_a_weak_lead(
    registers: dict[str, Register],
) -> None:
    """The person often comes first, hardly ever as a strong one, and then rightly."""

    def query(row: Row) -> Fields:
        if not (alias(row) and row["age"] and row["ps_district"]):
            return NOTHING
        age = int(row["age"])
        return {
            "alias": [alias(row)],
            "district": [row["ps_district"]],
            "age": [f"{age - 2}-{age + 2}"],
            "age_as_of": [row["fir_date"]],
        }

    answers = registers["police"].asked(query)

    assert len(answers) > 10
    assert sum(right for right, _ in answers) >= 0.6 * len(answers)
    strong = [right for right, chance in answers if chance >= GRID.bands.strong]
    assert len(strong) <= 0.05 * len(answers)
    assert all(strong)
    assert honest(answers)


def test_whoever_is_asked_for_by_what_is_an_alias_here_is_found(
    registers: dict[str, Register],
) -> None:
    """Name and alias changed places: that is what a trafficker sees to."""

    def query(row: Row) -> Fields:
        if not (alias(row) and row["father_husband_name"] and row["ps_district"]):
            return NOTHING
        return {
            "name": [alias(row)],
            "relative": [row["father_husband_name"]],
            "district": [row["ps_district"]],
        }

    answers = registers["police"].asked(query)

    assert len(answers) > 10
    assert sum(right for right, _ in answers) >= 0.8 * len(answers)
    assert honest(answers)


def test_the_last_four_of_a_vehicle_are_no_proof(
    registers: dict[str, Register],
) -> None:
    """Ten thousand marks end alike: the row is found, and never called strong."""

    def query(row: Row) -> Fields:
        mark = row["rc_regn_no"]
        return {"vehicle": [mark[-4:]]} if mark[-4:].isdigit() else NOTHING

    answers = registers["transport"].asked(query)

    assert len(answers) == MOST
    assert sum(right for right, _ in answers) >= 0.9 * len(answers)
    assert max(chance for _, chance in answers) < GRID.bands.strong
    assert min(chance for right, chance in answers if right) >= GRID.bands.floor
    assert honest(answers)


def test_more_knowledge_makes_the_same_lead_stronger(
    registers: dict[str, Register],
) -> None:
    """With the owner's name little is left of the doubt that the last four leave."""

    def last_four(row: Row) -> dict[str, list[str]]:
        return {"vehicle": [row["rc_regn_no"][-4:]]}

    def named(row: Row) -> Fields:
        return last_four(row) | {"name": [row["rc_owner_name"]]}

    told = registers["transport"].asked(named)
    bare = registers["transport"].asked(last_four)

    assert sum(10_000 - p for _, p in told) < 0.3 * sum(10_000 - p for _, p in bare)
    assert honest(told)
