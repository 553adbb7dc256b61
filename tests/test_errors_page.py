"""The page of errors: all there are, each with a remedy, and fresh."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from errors import PAGE, ROOT, Error, check, found, key, page, remedies
from verbs import existing


def test_every_error_has_a_remedy_and_every_remedy_an_error() -> None:
    """Classes of all packages and reasons of the wire; none is left out."""
    assert list(check(found(), remedies())) == []


def test_the_page_is_fresh() -> None:
    """What is committed is what `python -m tests.errors` writes."""
    told = (ROOT / PAGE).read_text("utf-8")
    assert told == page(found(), remedies()), "run `python -m tests.errors`"


def test_a_remedy_names_only_commands_that_exist() -> None:
    """Nobody is sent to a command that isn't there."""
    there = {f"{program} {verb}" for program, verb in existing()}
    texts = [text for table in remedies().values() for text in table.values()]
    named = {
        match
        for text in texts
        for match in re.findall(r"`(childgrid-[a-z]+ [a-z][a-z-]*)[^`]*`", text)
    }
    assert len(named) > 10
    assert named <= there


def test_a_new_error_is_found_and_asks_for_a_remedy(tmp_path: Path) -> None:
    """Below an exception of ours, in any package; other classes are none."""
    package = tmp_path / "node" / "childgrid_node"
    package.mkdir(parents=True)
    (package / "a.py").write_text(
        'class Odd(Exception):\n    """It is odd.\n\n    More."""\n\n\n'
        'class Odder(Odd):\n    """Odder still."""\n\n\n'
        'class Even(dict):\n    """No error."""\n'
    )
    odd, odder = found(tmp_path)
    assert (odd.text, odder.text) == ("It is odd.", "Odder still.")
    assert key(odder) == "node.Odder"
    assert "node.Odder has no remedy" in check([odd, odder], remedies())


@pytest.mark.parametrize(
    ("table", "name", "said"),
    [
        ("error", "node.Imagined", "node.Imagined is no error"),
        ("inside", "wire.Imagined", "wire.Imagined is no error"),
        ("reason", "imagined", "imagined: a reason and its remedy go together"),
    ],
)
def test_a_remedy_for_nothing_is_named(table: str, name: str, said: str) -> None:
    """The check can fail the other way round too."""
    told = {one: dict(rows) for one, rows in remedies().items()}
    told[table][name] = "Nothing."
    assert list(check(found(), told)) == [said]
    (first, *rest) = found()
    other = replace(first, name="Other")
    assert set(check([other, *rest], remedies())) == {
        f"{key(first)} is no error",
        "wire.Other has no remedy",
    }


def test_a_class_is_told_once(tmp_path: Path) -> None:
    """Two of one name in one package would share a remedy; there are none."""
    names = [key(one) for one in found()]
    assert len(names) == len(set(names))
    assert isinstance(found()[0], Error)
