"""Build the sample: `python -m deploy.sample.make [OUTDIR]`.

Writes one folder per agency (its table and its mapping), and `bench/`, the same
tables side by side with queries and the truth. Standard library only; the same seed,
size and Python give the same bytes. Nothing is fetched, no real person is in it.
"""

from __future__ import annotations

import argparse
import csv
import random
import shutil
import sqlite3
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from deploy.sample import lists, people, story
from deploy.sample.agencies import QUERIES, TABLES, Row, Table
from deploy.sample.people import Person
from deploy.sample.story import Planted, Story

SEED = 20_260_601
ROWS = 1_500
ASKED = 150
LEAST = 100
"""Smallest table that can be made."""

HERE = Path(__file__).parent
_REPEATED = 0.04


Entry = tuple[str, Row]
"""One row of a table: whose it is, and its cells, the key first."""


def make(out: Path, seed: int = SEED, rows: int = ROWS) -> Story:
    """Write every agency's folder and `bench/` below `out`; tell what was planted.

    `rows` is the size of each table, planted rows included; `ValueError` below
    `LEAST`. An earlier sample at the same place is
    overwritten; no other file is touched.
    """
    if rows < LEAST:
        raise ValueError(f"a sample needs at least {LEAST} rows in each table")
    grown, minors = _population(seed, rows)
    bench = _folder(out / "bench")
    truth: list[tuple[str, str, str]] = []
    found: dict[str, list[str]] = {}
    planted: dict[tuple[str, str], str] = {}
    for table in TABLES:
        entries = _entries(table, grown, minors, seed, rows)
        mapping = (HERE / f"{table.agency}.toml").read_text(encoding="utf-8")
        _write_agency(table, mapping, entries, out, bench)
        truth += [(table.agency, cells[0], owner) for owner, cells in entries]
        for owner, cells in _findable(table, mapping, entries):
            found.setdefault(owner, []).append(cells[0])
        planted |= {
            (table.agency, owner): cells[0]
            for owner, cells in entries
            if owner in story.WHO
        }
    _write_csv(bench / "truth.csv", ("agency", "record_id", "person_id"), truth)
    _write_queries(bench, grown, found, {owner for _, _, owner in truth}, seed)
    return story.told(planted)


def _population(seed: int, rows: int) -> tuple[list[Person], list[Person]]:
    rng = random.Random(f"{seed}/people")
    return people.population(lists.load(), rng, rows * 11 // 5, rows * 4 // 5)


def _owner(person: Person) -> str:
    return f"P{person.number:07d}"


def _entries(
    table: Table, grown: list[Person], minors: list[Person], seed: int, rows: int
) -> list[Entry]:
    rng = random.Random(f"{seed}/{table.agency}")
    planted = [one for one in story.PLANTED if one.agency == table.agency]
    chosen = _chosen(table, grown, minors, rows - len(planted), rng)
    drafts = [(_owner(person), table.row(person, rng.random)) for person in chosen]
    for one in planted:
        drafts.insert(rng.randrange(len(drafts)), (one.who, _cells(one, table)))
    return [
        (owner, (f"{table.prefix}{n:06d}", *cells))
        for n, (owner, cells) in enumerate(drafts, 1)
    ]


def _chosen(
    table: Table,
    grown: list[Person],
    minors: list[Person],
    rows: int,
    rng: random.Random,
) -> list[Person]:
    """People in the order of their rows; a few of them stand there twice."""
    again = int(rows * _REPEATED)
    young = int((rows - again) * table.children)
    once = rng.sample(minors, young) + rng.sample(grown, rows - again - young)
    chosen = once + rng.sample(once, again)
    rng.shuffle(chosen)
    return chosen


def _cells(one: Planted, table: Table) -> Row:
    return tuple(one.cells.get(column, "") for column in table.columns[1:])


def _findable(table: Table, mapping: str, entries: list[Entry]) -> Iterator[Entry]:
    """The entries that the mapping's `[where]` lets into an index."""
    where = tomllib.loads(mapping).get("where", {})
    barred = [
        (table.columns.index(c), set(rule["not_in"])) for c, rule in where.items()
    ]
    for entry in entries:
        if not any(entry[1][at] in values for at, values in barred):
            yield entry


def _write_agency(
    table: Table, mapping: str, entries: list[Entry], out: Path, bench: Path
) -> None:
    agency = table.agency
    folder = _folder(out / agency)
    listed = bench / f"{agency}.csv"
    _write_csv(listed, table.columns, (cells for _, cells in entries))
    (folder / f"{agency}.toml").write_text(mapping, encoding="utf-8")
    if "sqlite:" in mapping:
        _write_database(folder / f"{agency}.db", table, entries)
        mapping = _of_file(mapping, listed.name)
    else:
        shutil.copyfile(listed, folder / listed.name)
    (bench / f"{agency}.toml").write_text(mapping, encoding="utf-8")


def _of_file(mapping: str, name: str) -> str:
    """The mapping of a database view, turned to the same table as a file."""
    lines = [line for line in mapping.splitlines() if not line.startswith("relation")]
    return "".join(
        f'source   = "{name}"\n' if line.startswith("source") else f"{line}\n"
        for line in lines
    )


def _write_database(path: Path, table: Table, entries: list[Entry]) -> None:
    """A table of everything, and the view that the node's reader is given.

    Visitors are nobody's suspects: their telephone numbers stay out of the view.
    """
    columns = ", ".join(f"{column} TEXT" for column in table.columns[1:])
    shown = ", ".join(c for c in table.columns if c != "mobile_of_visitor")
    marks = ", ".join("?" for _ in table.columns)
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path)
    with base:
        base.execute(
            f"CREATE TABLE prisoners ({table.columns[0]} TEXT PRIMARY KEY, {columns})"
        )
        base.execute(
            f"CREATE VIEW childgrid_view AS SELECT {shown} FROM prisoners"  # noqa: S608
        )
        base.executemany(
            f"INSERT INTO prisoners VALUES ({marks})",  # noqa: S608
            ([cell or None for cell in cells] for _, cells in entries),
        )
    base.close()


def _write_queries(
    bench: Path,
    grown: list[Person],
    found: dict[str, list[str]],
    listed: set[str],
    seed: int,
) -> None:
    rng = random.Random(f"{seed}/queries")
    known = [person for person in grown if _owner(person) in found]
    strangers = [person for person in grown if _owner(person) not in listed]
    half = min(ASKED // 2, len(known), len(strangers))
    asked = rng.sample(known, half) + rng.sample(strangers, half)
    rng.shuffle(asked)
    keyed = [(f"{QUERIES.prefix}{n:05d}", person) for n, person in enumerate(asked, 1)]
    rows = [(key, *QUERIES.row(person, rng.random)) for key, person in keyed]
    _write_csv(bench / "queries.csv", QUERIES.columns, rows)
    truth = [(k, _owner(p), " ".join(found.get(_owner(p), []))) for k, p in keyed]
    header = ("query_id", "person_id", "record_ids")
    _write_csv(bench / "queries_truth.csv", header, truth)
    shutil.copyfile(HERE / "queries.toml", bench / "queries.toml")


def _write_csv(path: Path, header: Row, rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def main() -> None:
    """Read the command line, build, and say where everything is."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sample.make")
    parser.add_argument("outdir", nargs="?", type=Path, default=HERE / "built")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--rows", type=int, default=ROWS)
    asked = parser.parse_args()
    make(asked.outdir, asked.seed, asked.rows)
    print(f"{len(TABLES)} agencies of {asked.rows} rows below {asked.outdir}")


if __name__ == "__main__":
    main()
