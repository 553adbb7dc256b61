"""Taking a part away leaves a scheme that can be learned and measured."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench import ablation
from bench.document import render
from bench.learn import counts_of
from bench.tables import Labelled, given_or_sample, load
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GRID = Scheme.load("childgrid-2")
TEST = Scheme.load("test-1")
UNTOUCHED = ("everything", ablation.UNLABELLED, ablation.UNASKED)


@pytest.fixture(name="folder", scope="module")
def _folder() -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CHILDGRID_DATA", raising=False)
        with given_or_sample(None) as where:
            yield where


@pytest.fixture(name="sample", scope="module")
def _sample(folder: Path) -> Labelled:
    return load(folder, TEST)


@pytest.mark.parametrize("part", ablation.PARTS)
def test_every_part_can_be_taken_from_the_shipped_scheme(part: str) -> None:
    """What remains is a valid scheme, and the encodings are untouched."""
    document = json.loads(GRID.raw)
    document["calibration"]["forest"]["trees"] = []
    ablation.PARTS[part](document)
    left = Scheme.parse(render(document))

    assert left.layout.places == GRID.layout.places
    assert (part in UNTOUCHED) == (
        left.raw == render(json.loads(GRID.raw) | {"calibration": _bare()})
    )


def _bare() -> dict[str, object]:
    calibration: dict[str, object] = json.loads(GRID.raw)["calibration"]
    forest = calibration["forest"]
    assert isinstance(forest, dict)
    forest["trees"] = []
    return calibration


def test_halves_share_no_query_and_no_agency(sample: Labelled, folder: Path) -> None:
    """By persons and by agencies, what is learned from is not what is measured."""
    for taught, asked in ablation.splits(sample, "persons", folder):
        mine, theirs = ({q.key for q in half.queries} for half in (taught, asked))
        assert mine and theirs and not mine & theirs
    for taught, asked in ablation.splits(sample, "agencies", folder):
        mine, theirs = ({t.agency for t in half.tables} for half in (taught, asked))
        assert mine and theirs and not mine & theirs


@pytest.mark.parametrize("part", UNTOUCHED)
def test_a_line_of_the_table_has_every_figure(
    sample: Labelled, folder: Path, part: str
) -> None:
    """One way round on the small sample: shares between 0 and 1."""
    halves = list(ablation.splits(sample, "persons", folder))[:1]
    figures = ablation.run(halves, ablation.Learner(TEST), part)

    assert list(figures) == list(ablation.FIGURES)
    assert all(0 <= share <= 1 for share in figures.values())
    assert ablation.line("x", figures).count("|") == len(figures) + 2


@pytest.mark.parametrize(
    "part", ["overlap beside Dice", "relative", "birth (date, year and age)"]
)
def test_counts_under_a_part_are_those_it_would_count(
    sample: Labelled, part: str
) -> None:
    """Counting once for the whole scheme serves every part of it."""
    document = json.loads(TEST.raw)
    document["calibration"]["forest"]["trees"] = []
    ablation.PARTS[part](document)
    scheme = Scheme.parse(render(document))
    few = replace(sample, queries=sample.queries[:40])
    whole = ablation.restricted(counts_of(few, TEST), TEST, scheme)
    own = counts_of(few.under(scheme), scheme)

    alike = [at for at, each in enumerate(scheme.comparisons) if len(each.pairs) == 1]
    assert (whole.match[:, alike] == own.match[:, alike]).all()
    assert (whole.other[:, alike] == own.other[:, alike]).all()


def test_a_run_goes_on_from_the_lines_it_kept(
    sample: Labelled, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line of the same scheme is printed again without being measured again."""
    kept = tmp_path / "lines.json"
    figures = dict.fromkeys(ablation.FIGURES, 0.25)
    known = {"scheme": TEST.digest.hex(), "rows": {"alias": figures}}
    kept.write_text(json.dumps(known), encoding="utf-8")
    pairs = ablation.rows(sample, "persons", folder, once=True)
    learner = ablation.Learner(TEST)
    ablation.table(pairs, ["alias"], learner, kept)

    assert capsys.readouterr().out == ablation.line("alias", figures) + "\n"
    assert not learner.learned


def test_each_way_between_agencies_is_a_row_of_its_own(
    sample: Labelled, folder: Path
) -> None:
    """The row names who taught and who was searched."""
    pairs = ablation.rows(sample, "agencies", folder, once=False)
    names = [table.agency for table in sample.tables]
    half = len(names) // 2
    first, second = ", ".join(names[:half]), ", ".join(names[half : 2 * half])

    assert list(pairs) == [f": {first} to {second}", f": {second} to {first}"]
