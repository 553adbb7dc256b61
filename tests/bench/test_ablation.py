"""Taking a part away leaves a scheme that can be learned and measured."""

from __future__ import annotations

import json

import pytest

from bench import ablation
from bench.document import render
from bench.tables import Labelled, given_or_sample, load
from childgrid_node.scheme import Scheme

GRID = Scheme.load("childgrid-1")
TEST = Scheme.load("test-1")


@pytest.fixture(name="sample", scope="module")
def _sample() -> Labelled:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CHILDGRID_DATA", raising=False)
        with given_or_sample(None) as where:
            return load(where, TEST)


@pytest.mark.parametrize("part", ablation.PARTS)
def test_every_part_can_be_taken_from_the_shipped_scheme(part: str) -> None:
    """What remains is a valid scheme, and the encodings are untouched."""
    document = json.loads(GRID.raw)
    document["calibration"]["forest"]["trees"] = []
    ablation.PARTS[part](document)
    left = Scheme.parse(render(document))

    assert left.layout.places == GRID.layout.places
    assert (part == "everything") == (
        left.raw == render(json.loads(GRID.raw) | {"calibration": _bare()})
    )


def _bare() -> dict[str, object]:
    calibration: dict[str, object] = json.loads(GRID.raw)["calibration"]
    forest = calibration["forest"]
    assert isinstance(forest, dict)
    forest["trees"] = []
    return calibration


def test_halves_share_no_query_and_no_agency(sample: Labelled) -> None:
    """By persons and by agencies, what is learned from is not what is measured."""
    for taught, asked in ablation.splits(sample, "persons"):
        mine, theirs = ({q.key for q in half.queries} for half in (taught, asked))
        assert mine and theirs and not mine & theirs
    for taught, asked in ablation.splits(sample, "agencies"):
        mine, theirs = ({t.agency for t in half.tables} for half in (taught, asked))
        assert mine and theirs and not mine & theirs


def test_a_line_of_the_table_has_every_figure(sample: Labelled) -> None:
    """One way round on the small sample: shares between 0 and 1."""
    halves = list(ablation.splits(sample, "persons"))[:1]
    figures = ablation.run(halves, TEST, "everything")

    assert list(figures) == list(ablation.FIGURES)
    assert all(0 <= share <= 1 for share in figures.values())
    assert ablation.line("x", figures).count("|") == len(figures) + 2
