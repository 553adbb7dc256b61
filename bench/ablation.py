"""What each part is worth: ``python -m bench.ablation --data DIR``.

For every part in turn the scheme is learned anew without it on half of the queries and
measured on the other half (``--split persons``), or learned on half of the agencies
and measured on the rest (``--split agencies``), both ways round (``--once``: one way);
figures are means.
Only what the node computes from the encodings is taken away: the encodings themselves
stay, so that one reading of the tables serves all.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.document import render
from bench.learn import learn
from bench.quality import measure, report
from bench.tables import BenchError, Labelled, given_or_sample, load
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIGURES = (
    *("top1", "recall_at_p99", "recall_at_fh1", "best_f1"),
    *("ece", "recall_frozen", "precision_frozen"),
)
BLOCK = 4
Document = dict[str, Any]


def _without(*names: str) -> Callable[[Document], None]:
    """Take comparisons away, and all that names them."""

    def take(document: Document) -> None:
        kept = [
            c for c in document["comparing"]["comparisons"] if c["name"] not in names
        ]
        document["comparing"]["comparisons"] = kept
        for table in ("match", "chance"):
            for name in names:
                del document["weights"][table][name]
        calibration = document["calibration"]
        bundles = {
            bundle: [name for name in members if name not in names]
            for bundle, members in calibration["bundles"].items()
        }
        calibration["bundles"] = {b: m for b, m in bundles.items() if m}
        calibration["joint"] = [
            joint
            for joint in calibration["joint"]
            if set(joint["of"]) <= calibration["bundles"].keys()
        ]
        groups = {f"part:{each['group']}" for each in kept}
        _look_only(
            document,
            lambda name: (
                name.partition(":")[2] not in names
                and (not name.startswith("part:") or name in groups)
            ),
        )

    return take


def _look_only(document: Document, kept: Callable[[str], bool]) -> None:
    forest = document["calibration"]["forest"]
    forest["features"] = [name for name in forest["features"] if kept(name)]


def _dice_only(document: Document) -> None:
    for comparison in document["comparing"]["comparisons"]:
        if comparison["kind"] == "bloom":
            comparison["overlap"] = []
            for table in ("match", "chance"):
                levels = document["weights"][table][comparison["name"]]
                del levels[len(comparison["dice"]) + 1 :]


def _scheme_chance(document: Document) -> None:
    for comparison in document["comparing"]["comparisons"]:
        comparison["rarity"] = 0


def _no_trees(document: Document) -> None:
    """Leave stumps on the logistic model's own log-odds: they rank nothing anew."""
    document["calibration"]["forest"] |= {"features": ["logit"], "depth": 1}


def _no_products(document: Document) -> None:
    document["calibration"]["joint"] = []


def _no_rivals(document: Document) -> None:
    rivals = ("gap", "crowd", "near")
    _look_only(document, lambda name: name not in rivals)


def _no_kinship(document: Document) -> None:
    _look_only(document, lambda name: name != "family" and "short" not in name)


PARTS: dict[str, Callable[[Document], None]] = {
    "everything": lambda document: None,  # noqa: ARG005
    "given name apart from the family's": _without("given"),
    "sound of the name": _without("skeleton"),
    "alias": _without("alias"),
    "relative": _without("relative"),
    "birth (date and year)": _without("dob", "yob"),
    "PIN, district, address": _without("pin", "district", "address"),
    "telephone": _without("phone"),
    "sex and state": _without("sex", "state"),
    "overlap beside Dice": _dice_only,
    "rarity counted in the table searched": _scheme_chance,
    "trees": _no_trees,
    "products in the logistic model": _no_products,
    "rivals (gap, crowd, near) for the trees": _no_rivals,
    "signs of kinship for the trees": _no_kinship,
}
"""What can be taken away, by what it is called in the table."""


def splits(data: Labelled, kind: str) -> Iterator[tuple[Labelled, Labelled]]:
    """Yield (learn, measure) twice: by queries' persons, or by agencies."""
    one, two = (_half(data, kind, half) for half in range(2))
    yield one, two
    yield two, one


def _half(data: Labelled, kind: str, half: int) -> Labelled:
    if kind == "persons":
        kept = tuple(q for q in data.queries if q.number // BLOCK % 2 == half)
        return replace(data, queries=kept)
    kept_tables = data.tables[half * len(data.tables) // 2 :][: len(data.tables) // 2]
    return replace(data, tables=kept_tables)


def run(
    halves: list[tuple[Labelled, Labelled]], base: Scheme, part: str
) -> dict[str, float]:
    """Return the means of ``FIGURES`` without ``part``."""
    document = json.loads(base.raw)
    document["calibration"]["forest"]["trees"] = []
    PARTS[part](document)
    scheme = Scheme.parse(render(document))
    found = []
    for taught, asked in halves:
        raw = learn(taught, scheme, "ablation")
        learned = Scheme.parse(raw)
        seen = asked.under(learned)
        found.append(report(seen, measure(seen), learned.bands.strong))
    return {
        name: round(sum(float(str(each[name])) for each in found) / len(found), 4)
        for name in FIGURES
    }


def line(part: str, figures: dict[str, float]) -> str:
    """Return one line of the table in Markdown."""
    cells = [f"{figures[name]:.4f}" for name in FIGURES]
    return f"| {part} | " + " | ".join(cells) + " |"


def main(arguments: list[str] | None = None) -> int:
    """Print the table, one line as soon as it is known."""
    parser = argparse.ArgumentParser(prog="bench.ablation", description=__doc__)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--split", choices=("persons", "agencies"), default="persons")
    parser.add_argument("--once", action="store_true", help="one way round only")
    parser.add_argument("--part", action="append", choices=PARTS, help="only these")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args(arguments)
    base = Scheme.load("childgrid-1")
    try:
        with given_or_sample(given.data) as where:
            data = load(where, base)
    except BenchError as error:
        parser.error(str(error))
    halves = list(splits(data, given.split))[: 1 if given.once else 2]
    sys.stdout.write("| without | " + " | ".join(FIGURES) + " |\n")
    sys.stdout.write("| --- |" + " --- |" * len(FIGURES) + "\n")
    table = {}
    for part in given.part or PARTS:
        table[part] = run(halves, base, part)
        sys.stdout.write(line(part, table[part]) + "\n")
        sys.stdout.flush()
    if given.json:
        given.json.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
