"""Attack what each party holds: ``python -m bench.attack --json OUT``.

Frequency, pattern-mining and graph-matching attacks run against the coordinator's
store after real cases, a node's index file (as written, and decrypted without the
linkage key), and the queries that a node receives; the attacker has a public list of
names that holds 5, 20 or 100 per cent of the attacked people. The same attacks on plain
filters under no key are the positive control: they must succeed. ``STATED_…`` is what
the threat model says can be found; the command ends with 1 where more is found, or
where the control fails. Data come from ``--data``, CHILDGRID_DATA, or the sample.

Keys: per party the share ``reidentified`` (0 where luck explains what is right) by
field and list; ``gate`` names what is above its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import (
    attack_cases,
    attack_control,
    attack_coordinator,
    attack_hardening,
    attack_index,
    attack_node,
)
from bench.attack_claims import best
from bench.attack_data import SHARES, Split, split
from bench.attack_table import table
from bench.tables import BenchError
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from bench.attack_cases import Cases
    from bench.attack_coordinator import Held

Figures = dict[str, Any]
"""A part of the report: shares from 0 to 1, by list and field."""

ROWS = 1_000
QUERIES = 48
CAST = 300
"""People of whom some are sought."""

STATED_COORDINATOR = 0.0
"""It holds ciphertexts of fresh keys, hashes of salted things, and bands."""

STATED_FILE = 0.0
"""An index file is AES-256-GCM under a key that lies locked elsewhere."""

READABLE = 1.0
"""Names, relatives, places, PIN codes, dates and years count as readable once an index
is decrypted: graph matching names nearly all names that stand in a list, whatever the
linkage key is, since equal names give equal filters and like names like ones; and dates
give like filters too, so that slips in them are forgiven."""

CLOSED = 0.0
"""Numbers are keyed tags without likeness, and hardly one of them repeats."""

STATED_DECRYPTED = dict.fromkeys(
    (
        *("phone", "aadhaar", "aadhaar4", "pan", "epic", "passport"),
        *("driving_licence", "vehicle", "vehicle4", "email", "handle", "upi"),
        *("fir", "cnr"),
    ),
    CLOSED,
)
"""Per field what a thief of a decrypted index may find; ``READABLE`` where silent."""

CONTROL_AT_LEAST = {"frequency": 0.0, "pattern": 0.0, "graph": 0.3, "dictionary": 0.9}
"""What the attacks must find in plain filters at 100 %, or they prove nothing."""


def coordinator(
    found: Held, people: Split, scheme: Scheme, shares: Sequence[int] = SHARES
) -> Figures:
    """Attack what the coordinator holds; of hundreds of attacks the best is told."""
    lists, tried = {}, 0
    for share in shares:
        scores = attack_coordinator.attack(found, people, share, scheme)
        tried += len(scores)
        lists[f"{share}"] = best([*scores.values()]).figures()
    return {
        "queries": len(found.people),
        "persons": len({person.key for person in found.people}),
        "attacks": tried,
        "lists": lists,
        "dictionary": attack_coordinator.dictionary(found, scheme).figures(),
        "repetition": attack_coordinator.repetition(found).figures(),
        "same_answers": attack_coordinator.same_answers(found),
    }


def thief(
    rows: NDArray[np.uint64], people: Split, scheme: Scheme, shares: Sequence[int]
) -> Figures:
    """Attack rows taken from an index file; by list, field and method."""
    return {
        f"{share}": {
            field: {way: one.figures() for way, one in made.items()}
            for field, made in attack_index.attack(rows, people, share, scheme).items()
        }
        for share in shares
    }


def listed(people: Split, scheme: Scheme, shares: Sequence[int]) -> Figures:
    """The share of rows whose value stands in the list, by list and field."""
    return {
        f"{share}": {
            field: attack_index.covered(people, share, field)
            for field in attack_index.fields(scheme)
        }
        for share in shares
    }


def node(cases: Cases, people: Split, shares: Sequence[int]) -> Figures:
    """What the nodes that were asked learn of the queries."""
    return {
        "dictionary": {
            f"{share}": {
                field: one.figures()
                for field, one in attack_node.dictionary(cases, people, share).items()
            }
            for share in shares
        },
        "pairs_of_letters": attack_node.pairs_of_letters(cases).figures(),
        "own_scan": attack_node.own_scan(cases).figures(),
    }


def hardening(people: Split, scheme: Scheme, shares: Sequence[int]) -> Figures:
    """What graph matching finds of the given name under each hardening."""
    return {
        f"{share}": {
            name: one.figures()
            for name, one in attack_hardening.measure(people, share, scheme).items()
        }
        for share in shares
    }


def broken(report: Figures) -> list[str]:
    """Say what is above its stated limit, or found by nobody where all should."""
    return [
        *_broken_coordinator(report["coordinator"]),
        *_broken_thief(report["index_as_written"], "index as written", STATED_FILE),
        *_broken_thief(report["index_decrypted"], "index decrypted", None),
        *(
            f"control: {way} finds {report['control'][way]['reidentified']} of plain"
            f" filters, at least {least} is expected"
            for way, least in CONTROL_AT_LEAST.items()
            if report["control"][way]["reidentified"] <= least
        ),
    ]


def _broken_coordinator(found: Figures) -> Iterator[str]:
    parts = {f"list of {share} %": one for share, one in found["lists"].items()}
    parts |= {name: found[name] for name in ("dictionary", "repetition")}
    for name, one in parts.items():
        if one["reidentified"] > STATED_COORDINATOR:
            yield f"coordinator: {name} re-identifies {one['reidentified']}"


def _broken_thief(found: Figures, name: str, limit: float | None) -> Iterator[str]:
    for share, fields in found.items():
        for field, ways in fields.items():
            stated = STATED_DECRYPTED.get(field, READABLE) if limit is None else limit
            worst = max((one["reidentified"] for one in ways.values()), default=0)
            if worst > stated:
                yield f"{name}: {field} at {share} %: {worst} above {stated}"


def judged(
    people: Split, cases: Cases, folder: Path, shares: Sequence[int] = SHARES
) -> Figures:
    """Run every attack after these cases; returns the report with the gate's word.

    Lists hold ``shares`` per cent of the people. An index file goes to ``folder``.
    """
    scheme = Scheme.load("childgrid-2")
    held = attack_coordinator.held(cases)
    taken = attack_index.stolen(people, scheme, folder / "rows.index")
    report = {
        "rows": len(people.attacked),
        "lists": list(shares),
        "agency": people.agency,
        "coordinator": coordinator(held, people, scheme, shares),
        "index_as_written": thief(taken.written, people, scheme, shares),
        "index_decrypted": thief(taken.decrypted, people, scheme, shares),
        "listed": listed(people, scheme, shares),
        "node": node(cases, people, shares),
        "control": attack_control.measure(people),
        "hardening": hardening(people, scheme, shares),
    }
    found = broken(report)
    return report | {"gate": {"passed": not found, "broken": found}}


def measure(people: Split, queries: int, folder: Path) -> Figures:
    """Play the cases and run every attack; files go to ``folder``."""
    cases = attack_cases.play(folder / "cases", people.attacked[:CAST], queries)
    return judged(people, cases, folder)


def memory() -> Path | None:
    """Where files need no disk, if there is such a place; nothing here must last."""
    shared = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    return shared if shared.is_dir() else None


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, write JSON; 1 where a limit is broken."""
    parser = argparse.ArgumentParser(prog="bench.attack", description=__doc__)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows attacked")
    parser.add_argument("--queries", type=int, default=QUERIES, help="queries asked")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args(arguments)
    began = time.perf_counter()
    try:
        with (
            split(given.data, given.rows) as people,
            tempfile.TemporaryDirectory(dir=memory()) as made,
        ):
            report = measure(people, given.queries, Path(made))
    except BenchError as error:
        parser.error(str(error))
    report |= {"seconds": round(time.perf_counter() - began, 1)}
    if given.json:
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(report))
    return 0 if report["gate"]["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
