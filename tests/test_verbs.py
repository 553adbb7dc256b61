"""The table of verbs: complete, fresh, and made of tests that exist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from verbs import ROOT, TABLE, Verb, check, existing, listed, table


@pytest.mark.threat("T26")
def test_every_verb_says_which_leaf_it_leaves() -> None:
    """All commands and calls there are, none that there isn't, each with a test."""
    assert check(listed(), list(existing()), ROOT) == []


def test_what_is_enumerated_is_what_the_programs_have() -> None:
    """The list is taken from the programs: it holds known ones of every kind."""
    there = list(existing())
    assert len(there) == len(set(there))
    assert {of for of, _ in there} == {one.of for one in listed()}
    for verb in (
        ("childgrid-authority", "revoke"),
        ("childgrid-node", "desk-pass"),
        ("childgrid.v1.LogService", "Entries"),
    ):
        assert verb in there


def test_the_page_is_fresh() -> None:
    """What is committed is what `python -m tests.verbs` writes."""
    told = (ROOT / TABLE).read_text("utf-8")
    assert told == table(listed()), "run `python -m tests.verbs`"


GOOD = Verb("p", "v", ("view",), "own", "tests/test_verbs.py::test_the_page_is_fresh")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (replace(GOOD, name="w"), "p v is not in the table"),
        (replace(GOOD, name="w"), "p w does not exist"),
        (replace(GOOD, why="no need"), "either which leaf, or why none"),
        (Verb("p", "v"), "either which leaf, or why none"),
        (replace(GOOD, log=""), "whose log"),
        (replace(GOOD, test=""), "which test looks for the leaf"),
        (replace(GOOD, leaf=("look",)), "no such kind: look"),
        (replace(GOOD, test="tests/test_verbs.py::test_none"), "no such test"),
        (replace(GOOD, test="tests/verbs.py::check"), "no such test"),
    ],
)
def test_each_fault_of_the_table_is_named(row: Verb, said: str) -> None:
    """The check can fail, each time for its own reason."""
    assert check([GOOD], [("p", "v")], ROOT) == []
    assert any(said in fault for fault in check([row], [("p", "v")], ROOT))
