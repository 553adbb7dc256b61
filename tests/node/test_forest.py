"""Integer trees: summed as read, refused where they could act against a direction."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from childgrid_node import forest
from childgrid_node.index_errors import SchemeError
from childgrid_node.scheme import Scheme
from childgrid_node.scheme_parse import Part
from childgrid_node.second_stage import LOWERS, RAISES, directions

KNOWN = {"up": 1, "down": -1, "free": 0}


def document(**changes: Any) -> dict[str, Any]:
    """One tree of depth 2 over two features."""
    tree = {
        "feature": [0, 1, 1],
        "cut": [100, 5, 7],
        "leaf": [-30, -20, 10, 10],
    } | changes.pop("tree", {})
    return {"features": ["up", "free"], "depth": 2, "trees": [tree]} | changes


def read(content: dict[str, Any]) -> forest.Forest:
    """Read a forest as a scheme would."""
    return forest.read(Part("forest", content), KNOWN)


def test_a_row_goes_right_where_it_is_above_the_cut() -> None:
    """At the cut a row stays left; the leaves are counted from left to right."""
    values = np.array([[100, 5], [100, 6], [101, 7], [101, 8]])

    assert read(document()).add(values).tolist() == [-30, -20, 10, 10]


def test_trees_are_summed() -> None:
    """Two trees give both their leaves, no tree gives nothing."""
    twice = document() | {"trees": document()["trees"] * 2}
    values = np.array([[0, 0], [200, 0]])

    assert read(twice).add(values).tolist() == [-60, 20]
    assert read(document(trees=[])).add(values).tolist() == [0, 0]


def test_the_compiled_loop_and_numpy_walk_alike() -> None:
    """Of the grid's own trees, for values of either side of every cut."""
    found = Scheme.load("childgrid-2").calibration.forest
    random = np.random.default_rng(4)
    values = random.integers(-20_000, 20_000, (300, len(found.features)))

    assert found.add(values).tolist() == found._picked(values).tolist()
    assert len(set(found.add(values).tolist())) > 200
    assert found.add(values[:0]).tolist() == []


@pytest.mark.parametrize("leaf", [[-30, 11, 10, 10], [0, 0, -1, 5]])
def test_a_tree_that_could_turn_agreement_round_is_refused(leaf: list[int]) -> None:
    """No leaf right of a rising feature's cut is below one left of it."""
    with pytest.raises(SchemeError, match="against a direction"):
        read(document(tree={"leaf": leaf}))


def test_a_falling_feature_is_guarded_too() -> None:
    """What may only lower must not raise."""
    with pytest.raises(SchemeError, match="against a direction"):
        read(document(features=["down", "free"]))


@pytest.mark.parametrize(
    "content",
    [
        document(features=["up", "unheard"]),
        document(tree={"leaf": [0, 0, 0]}),
        document(tree={"feature": [0, 1, 2]}),
        document(tree={"cut": [1, 2, 2.5]}),
        document(depth=7),
        document(other=1),
    ],
)
def test_what_is_not_understood_is_refused(content: dict[str, Any]) -> None:
    """Unknown features, other sizes, fractions, too deep trees, unknown keys."""
    with pytest.raises(SchemeError):
        read(content)


def test_every_way_by_which_an_identifier_acts_may_only_raise() -> None:
    """The groups of identifiers, the first stage's sum and what follows from it."""
    known = directions(Scheme.load("childgrid-2").comparisons)

    assert {known[name] for name in ("part:identifier", "part:contact")} == {RAISES}
    assert {known[name] for name in ("score", "gap", "logit")} == {RAISES}
    assert {known[name] for name in ("crowd", "near")} == {-RAISES}


def test_a_single_likeness_is_free_and_what_agrees_together_is_not() -> None:
    """A name and its sound say less than both by themselves; tags say what they say."""
    known = directions(Scheme.load("childgrid-2").comparisons)

    assert {known[name] for name in ("part:name", "part:skeleton", "short:name")} == {0}
    assert {known[name] for name in ("own", "birth", "place", "whole")} == {RAISES}
    assert {known[name] for name in ("part:sex", "part:case", "part:part")} == {RAISES}


def test_a_scheme_may_bind_what_few_records_taught_it() -> None:
    """Then a likeness only raises, and a shortfall only lowers; no other is bound."""
    comparisons = Scheme.load("childgrid-2").comparisons
    known = directions(comparisons, ("part:name", "short:name"))

    assert (known["part:name"], known["short:name"]) == (RAISES, LOWERS)
    assert known["part:given"] == 0
    with pytest.raises(SchemeError, match="bound"):
        directions(comparisons, ("family",))


def test_a_tree_that_breaks_its_schemes_own_bound_is_refused() -> None:
    """The shipped trees take back what names say twice; bound, they may not."""
    content = json.loads(Scheme.load("childgrid-2").raw)
    content["calibration"]["forest"]["bound"] = ["part:name", "part:skeleton"]

    with pytest.raises(SchemeError, match="against a direction"):
        Scheme.parse(json.dumps(content).encode())


def test_the_shipped_forest_never_falls_with_a_rising_feature() -> None:
    """Random rows: raising one rising feature never lowers the sum of all trees."""
    scheme = Scheme.load("childgrid-2")
    shipped = scheme.calibration.forest
    known = directions(scheme.comparisons)
    random = np.random.default_rng(7)
    values = random.integers(-9_000, 15_000, (400, len(shipped.features)))

    assert len(shipped.trees) > 50
    for at, name in enumerate(shipped.features):
        if known[name]:
            raised = values.copy()
            raised[:, at] += known[name] * random.integers(0, 9_000, len(values))
            assert (shipped.add(raised) >= shipped.add(values)).all()
