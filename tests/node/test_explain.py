"""Why the machine thinks so: one sentence a field, without any value."""

from __future__ import annotations

import pytest

from childgrid_node.explain import explain
from grid import scheme


def verdicts(**levels: int) -> dict[str, str]:
    """Verdicts by field for some levels, 0 for all others."""
    every = [levels.get(one.name, 0) for one in scheme().comparisons]
    return {one["field"]: one["verdict"] for one in explain(scheme(), every)}


def test_every_comparison_gets_one_entry() -> None:
    """In the scheme's order, each with a field, a verdict and a sentence."""
    entries = explain(scheme(), [0] * len(scheme().comparisons))

    assert [one["field"] for one in entries] == [c.name for c in scheme().comparisons]
    said = {"field", "verdict", "sentence", "weight"}
    assert all(one.keys() == said for one in entries)


def test_a_missing_side_says_nothing() -> None:
    """Absence is neither agreement nor difference."""
    assert set(verdicts().values()) == {"absent"}
    (entry, *_) = explain(scheme(), [0] * len(scheme().comparisons))
    assert "says nothing" in entry["sentence"]


@pytest.mark.parametrize("name", ["phone", "passport", "pan"])
def test_an_exact_identifier_agrees_or_differs(name: str) -> None:
    """There is nothing in between."""
    assert verdicts(**{name: 1})[name] == "differs"
    assert verdicts(**{name: 2})[name] == "same"


@pytest.mark.parametrize("name", ["name", "relative", "dob"])
def test_the_best_level_agrees_and_the_least_differs(name: str) -> None:
    """And what lies between never reads worse for a better level's weight."""
    (comparison,) = [one for one in scheme().comparisons if one.name == name]

    assert verdicts(**{name: comparison.levels})[name] == "same"
    assert verdicts(**{name: 1})[name] == "differs"


def test_a_level_that_speaks_against_is_never_called_agreement() -> None:
    """Whatever its place in the table, a weight of nothing or less differs."""
    for comparison in scheme().comparisons:
        if comparison.kind == "tag":
            continue
        for level in range(1, comparison.levels + 1):
            weight = comparison.match[level - 1] - comparison.chance[level - 1]
            said = verdicts(**{comparison.name: level})[comparison.name]
            assert (said == "differs") is (weight <= 0)


def test_a_weight_speaks_as_its_verdict_does() -> None:
    """Above zero where fields agree, nothing where one is missing."""
    every = [comparison.levels for comparison in scheme().comparisons]
    best, none = explain(scheme(), every), explain(scheme(), [0] * len(every))

    assert all((one["weight"] > 0) == (one["verdict"] != "differs") for one in best)
    assert {one["weight"] for one in none} == {0}


def test_labels_are_words() -> None:
    """A custodian reads `driving licence`, not a column name."""
    sentences = {
        one["field"]: one["sentence"]
        for one in explain(scheme(), [0] * len(scheme().comparisons))
    }

    assert sentences["driving_licence"].startswith("driving licence: ")
    assert sentences["dob"].startswith("date of birth: ")


def test_too_few_levels_are_refused() -> None:
    """An entry is never shown beside another field's level."""
    with pytest.raises(ValueError, match="shorter"):
        explain(scheme(), [0])
