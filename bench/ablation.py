"""What each part is worth: ``python -m bench.ablation --data DIR``.

For every part in turn the scheme is learned anew without it on half of the queries and
measured on the other half (``--split persons``), or learned on half of the agencies
and measured on the rest (``--split agencies``), both ways round (``--once``: one way).
Only what the node computes from the encodings is taken away: the encodings themselves
stay, so that one reading of the tables serves all. Without labels the first stage is
fitted by expectation maximisation to the tables that are searched, from weights that
know nothing; the second stage is the one that the labels taught. ``--json`` keeps
every line, and a run that was broken off goes on from there.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.counting import FOLDS, Counts
from bench.document import render
from bench.learn import counts_of, learn
from bench.linked import with_records
from bench.quality import measure, report
from bench.tables import BenchError, Labelled, given_or_sample, load
from bench.unlabelled import adapted, blank
from childgrid_node.plan import LEVELS
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FIGURES = (
    *("top1", "recall_at_p99", "recall_at_fh1", "best_f1"),
    *("ece", "recall_frozen", "precision_frozen"),
)
BLOCK = 4
# Fewer records are asked besides than ``bench.learn`` takes (two for three queries):
# every line learns anew.
RECORDS, QUERIES = 2, 3
SOURCE = "ablation"
UNLABELLED = "labels for the first stage (EM instead)"
UNASKED = "records of one table asked in the others"
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


def _all_bound(document: Document) -> None:
    """Hold trees to every single likeness: they can't take back what is said twice."""
    compared = document["comparing"]["comparisons"]
    names = {f"part:{each['group']}" for each in compared}
    names |= {f"short:{each['name']}" for each in compared if each["kind"] == "bloom"}
    document["calibration"]["forest"]["bound"] = sorted(names)


def _no_products(document: Document) -> None:
    document["calibration"]["joint"] = []


def _no_once(document: Document) -> None:
    """Let every group of a kind count by itself alone."""
    document["calibration"].pop("once", None)
    _look_only(document, lambda name: name not in ("place_most", "place_least"))


def _no_rivals(document: Document) -> None:
    rivals = ("gap", "crowd", "near")
    _look_only(document, lambda name: name not in rivals)


def _no_sums(document: Document) -> None:
    sums = ("own", "birth", "place", "own_birth", "own_place", "whole")
    _look_only(document, lambda name: name not in sums)


def _no_kinship(document: Document) -> None:
    _look_only(document, lambda name: name != "family" and "short" not in name)


def _no_household(document: Document) -> None:
    document["calibration"].pop("household", None)


def _nothing(document: Document) -> None:
    """Take nothing away from the document."""


PARTS: dict[str, Callable[[Document], None]] = {
    "everything": _nothing,
    UNLABELLED: _nothing,
    UNASKED: _nothing,
    "given name apart from the family's": _without("given"),
    "sound of the name": _without("skeleton"),
    "alias": _without("alias"),
    "relative": _without("relative"),
    "birth (date, year and age)": _without("dob", "yob", "aged", "declared"),
    "first of January as a sign": _without("declared"),
    "PIN, district, address": _without("pin", "district", "address"),
    "telephone": _without("phone"),
    "sex that a name implies": _without("named_sex"),
    "sex and state": _without("sex", "named_sex", "state"),
    "overlap beside Dice": _dice_only,
    "rarity counted in the table searched": _scheme_chance,
    "trees": _no_trees,
    "single likenesses that trees may take back": _all_bound,
    "products in the logistic model": _no_products,
    "what several groups say of one place or name, said once": _no_once,
    "rivals (gap, crowd, near) for the trees": _no_rivals,
    "names, birth and places summed for the trees": _no_sums,
    "signs of kinship for the trees": _no_kinship,
    "bound of what a household says": _no_household,
}
"""What can be taken away, by what it is called in the table."""


def splits(
    data: Labelled, kind: str, folder: Path
) -> Iterator[tuple[Labelled, Labelled]]:
    """Yield (learn, measure) twice: by queries' persons, or by agencies.

    Records asked besides are of nobody whom a query of either half is about.
    """
    one, two = (_half(data, kind, half) for half in range(2))
    most = RECORDS * len(data.queries) // QUERIES
    for taught, asked in ((one, two), (two, one)):
        whole = with_records(replace(data, tables=taught.tables), folder, most)
        more = whole.queries[len(data.queries) :]
        yield replace(taught, queries=taught.queries + more), asked


def _half(data: Labelled, kind: str, half: int) -> Labelled:
    if kind == "persons":
        kept = tuple(q for q in data.queries if q.number // BLOCK % 2 == half)
        return replace(data, queries=kept)
    kept_tables = data.tables[half * len(data.tables) // 2 :][: len(data.tables) // 2]
    return replace(data, tables=kept_tables)


@dataclass
class Learner:
    """Learns schemes, and counts levels once for all schemes on the same queries.

    Counts under the whole scheme hold those under every part of it: a comparison left
    out has none, and one by Dice alone sums those of its overlaps.
    """

    base: Scheme
    counted: dict[int, Counts] = field(default_factory=dict)
    learned: dict[tuple[int, bytes], Scheme] = field(default_factory=dict)
    bare: dict[int, Labelled] = field(default_factory=dict)

    def without_records(self, taught: Labelled) -> Labelled:
        """Return ``taught`` with true queries only, the same object each time."""
        if id(taught) not in self.bare:
            queries = tuple(query for query in taught.queries if not query.home)
            self.bare[id(taught)] = replace(taught, queries=queries)
        return self.bare[id(taught)]

    def learn(self, taught: Labelled, scheme: Scheme) -> Scheme:
        """Return ``scheme`` with what ``taught`` teaches."""
        key = (id(taught), scheme.digest)
        if key not in self.learned:
            if id(taught) not in self.counted:
                self.counted[id(taught)] = counts_of(taught, self.base)
            counts = restricted(self.counted[id(taught)], self.base, scheme)
            raw = learn(taught.under(scheme), scheme, SOURCE, counts)
            self.learned[key] = Scheme.parse(raw)
        return self.learned[key]


def restricted(counts: Counts, whole: Scheme, part: Scheme) -> Counts:
    """Return counts under ``whole`` as they are under a ``part`` of it."""
    places = {each.name: at for at, each in enumerate(whole.comparisons)}
    match, other = (
        np.zeros((FOLDS, len(part.comparisons), LEVELS), np.int64) for _ in range(2)
    )
    for at, each in enumerate(part.comparisons):
        old = whole.comparisons[places[each.name]]
        for new, known in ((match, counts.match), (other, counts.other)):
            levels = known[:, places[each.name], 1 : old.levels + 1]
            summed = levels.reshape(FOLDS, each.levels, -1).sum(axis=2)
            new[:, at, 0] = known[:, places[each.name], 0]
            new[:, at, 1 : each.levels + 1] = summed
    return Counts(match, other)


def run(
    halves: list[tuple[Labelled, Labelled]], learner: Learner, part: str
) -> dict[str, float]:
    """Return the means of ``FIGURES`` without ``part``."""
    document = json.loads(learner.base.raw)
    document["calibration"]["forest"]["trees"] = []
    # Halves by persons share their agencies; and each line would learn three times.
    document["calibration"].pop("elsewhere", None)
    PARTS[part](document)
    scheme = Scheme.parse(render(document))
    found = []
    for whole, asked in halves:
        taught = learner.without_records(whole) if part == UNASKED else whole
        learned = learner.learn(taught, scheme)
        if part == UNLABELLED:
            # The tables searched, the queries learned from, and no truth of either.
            bare = learner.without_records(taught)
            blind = replace(bare, tables=asked.tables).without_truth()
            learned = Scheme.parse(adapted(blind, blank(learned), SOURCE))
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


def rows(
    data: Labelled, split: str, folder: Path, *, once: bool
) -> dict[str, list[tuple[Labelled, Labelled]]]:
    """Return (learn, measure) pairs by what their row is called after the part.

    Both ways by persons make one row; each way by agencies is a row of its own.
    """
    halves = list(splits(data, split, folder))[: 1 if once else 2]
    if split == "persons":
        return {"": halves}
    return {
        f": {_agencies(taught)} to {_agencies(asked)}": [(taught, asked)]
        for taught, asked in halves
    }


def _agencies(data: Labelled) -> str:
    return ", ".join(table.agency for table in data.tables)


def table(
    pairs: dict[str, list[tuple[Labelled, Labelled]]],
    parts: Iterable[str],
    learner: Learner,
    kept: Path | None,
) -> None:
    """Print one line per part and row as soon as it is known; keep it in ``kept``.

    Lines that ``kept`` holds of the same scheme are not measured again.
    """
    known: dict[str, dict[str, float]] = {}
    scheme = learner.base.digest.hex()
    if kept and kept.is_file():
        before = json.loads(kept.read_text(encoding="utf-8"))
        known = before["rows"] if before["scheme"] == scheme else {}
    for part in parts:
        for suffix, halves in pairs.items():
            name = part + suffix
            if name not in known:
                known[name] = run(halves, learner, part)
            sys.stdout.write(line(name, known[name]) + "\n")
            sys.stdout.flush()
            if kept:
                text = json.dumps({"scheme": scheme, "rows": known}, indent=2)
                kept.write_text(text + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="bench.ablation", description=__doc__)
    parser.add_argument("--data", help="folder of tables (or CHILDGRID_DATA)")
    parser.add_argument("--split", choices=("persons", "agencies"), default="persons")
    parser.add_argument("--once", action="store_true", help="one way round only")
    parser.add_argument("--part", action="append", choices=PARTS, help="only these")
    parser.add_argument("--json", type=Path, help="figures kept here, to go on from")
    given = parser.parse_args(arguments)
    base = Scheme.load("childgrid-2")
    try:
        with given_or_sample(given.data) as where:
            data = load(where, base)
            pairs = rows(data, given.split, where, once=given.once)
    except BenchError as error:
        parser.error(str(error))
    sys.stdout.write("| without | " + " | ".join(FIGURES) + " |\n")
    sys.stdout.write("| --- |" + " --- |" * len(FIGURES) + "\n")
    table(pairs, given.part or PARTS, Learner(base), given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
