"""The page of settings: every key of every file, each with a meaning, and fresh."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from deploy.etc import HERE
from settings import FILES, PAGE, ROOT, Key, faults, keys, page


def test_every_key_has_a_meaning() -> None:
    """None is left to be guessed."""
    assert faults() == []


def test_the_page_is_fresh() -> None:
    """What is committed is what `python -m tests.settings` writes."""
    told = (ROOT / PAGE).read_text("utf-8")
    assert told == page(), "run `python -m tests.settings`"


def test_every_key_is_read_by_a_program() -> None:
    """Whoever turns a screw moves something: each key is taken up outside its type."""
    read = {
        node.attr
        for path in ROOT.glob("*/childgrid_*/**/*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    named = {
        key.name.rpartition(".")[2].removesuffix("[]")
        for kind, _ in FILES.values()
        for key in keys(kind)
        if not key.name.endswith(".NAME")
    }
    assert len(named) > 50
    assert sorted(named - read) == []


class _Inner(BaseModel):
    port: int = 1
    """The port."""


class _Sample(BaseModel):
    wait_seconds: Annotated[float, Field(gt=0, le=90)] = 5.0
    """How long to wait. DANGER: too short
    asks twice."""

    folder: Path
    named: str = Field("x", description="A name. Danger: another one.")
    inner: _Inner
    many: dict[str, _Inner] = {}
    """What there is many of."""


@dataclass
class _Plain:
    key: Path | None = None
    """A file."""


def test_a_key_is_told_with_unit_bounds_default_and_danger() -> None:
    """Read from the type, from its description or from the text below it."""
    wait, folder, named, inner, table, many = keys(_Sample)
    assert wait == Key(
        "wait_seconds",
        "How long to wait.",
        "number, seconds, > 0, ≤ 90",
        "`5.0`",
        "too short asks twice.",
    )
    assert (folder.default, folder.meaning) == ("must be given", "")
    assert (named.meaning, named.danger) == ("A name.", "another one.")
    assert (inner.name, table.name, many.name) == (
        "inner.port",
        "many.NAME",
        "many.NAME.port",
    )
    assert list(keys(_Plain)) == [Key("key", "A file.", "path", "–")]


def test_a_key_without_a_meaning_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check can fail."""
    monkeypatch.setitem(FILES, "sample.toml", (_Sample, ""))  # type: ignore[misc]
    assert faults() == ["sample.toml: folder has no meaning"]


@pytest.mark.parametrize("name", [name for name in FILES if (HERE / name).exists()])
def test_an_example_names_no_other_keys(name: str) -> None:
    """What the examples set stands on the page."""
    known = {one.name for one in keys(FILES[name][0])}
    table = tomllib.loads((HERE / name).read_text("utf-8"))
    for key, value in table.items():
        if isinstance(value, str | int | float | bool) or key in (
            "uses",
            "break_glass",
        ):
            assert key in known
