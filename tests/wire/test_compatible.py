"""What the last release has said, and says, is still understood; see `shapes`."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

import earlier
import shapes
from childgrid_wire import schema as s
from childgrid_wire.schema import Maybe, record

Drawing = dict[str, Any]


def test_every_statement_of_the_last_release_is_still_one() -> None:
    """No kind, field or value was taken away, retyped or narrowed since."""
    assert shapes.faults(shapes.kept(), shapes.drawn()) == []


def test_the_snapshots_are_those_of_the_release_before() -> None:
    """Neither was written anew to let a change pass: that release's own code draws the
    same statements, and its files give the same descriptors."""
    release = earlier.kept()
    done = subprocess.run(
        [sys.executable, shapes.__file__, "--print"],
        env={**os.environ, **earlier.environment(release)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == shapes.STATEMENTS.read_text("utf-8"), done.stderr
    kept, made = (
        FileDescriptorSet.FromString(data)
        for data in (shapes.PROTOS.read_bytes(), shapes.compiled(release / "proto"))
    )
    assert kept == made


def test_what_is_drawn_is_all_that_bounds_a_statement() -> None:
    """Each shape of the vocabulary shows its bounds, so that a changed one is seen."""
    types = {"record", "optional", "pattern", "items", "integer", "base64", "enum"}
    assert _types(shapes.drawn()) == types | {"boolean", "table", "yes"}
    one = shapes.shape(record(a=s.integer(1, 9), b=Maybe(s.items(s.enum("x"), 4))))
    assert one["fields"] == {
        "a": {"type": "integer", "low": 1, "high": 9},
        "b": {
            "type": "items",
            "low": 0,
            "high": 4,
            "unique": True,
            "of": {"type": "enum", "values": ["x"]},
            "maybe": True,
        },
    }


def gone(drawing: Drawing) -> None:
    """A field is left out of the schema."""
    del drawing["query"]["fields"]["epoch"]


def added(drawing: Drawing) -> None:
    """A field is demanded that nobody has said before."""
    drawing["query"]["fields"]["mood"] = {"type": "boolean"}


def retyped(drawing: Drawing) -> None:
    """A number becomes a word."""
    drawing["query"]["fields"]["epoch"] = {"type": "pattern", "pattern": "[0-9]"}


def lower(drawing: Drawing) -> None:
    """A list may hold less."""
    drawing["query"]["fields"]["sections"]["high"] = 8


def higher(drawing: Drawing) -> None:
    """A number starts later."""
    drawing["answer"]["fields"]["as_of"]["low"] = 5


def fewer(drawing: Drawing) -> None:
    """A word of a closed list is no longer one."""
    drawing["answer"]["fields"]["outcome"]["values"].remove("refused")


def within(drawing: Drawing) -> None:
    """A field of an entry of a list goes."""
    del drawing["answer"]["fields"]["candidates"]["of"]["fields"]["handle"]


def of_table(drawing: Drawing) -> None:
    """The keys of a table have another form."""
    drawing["disclosure"]["fields"]["staff"]["keys"]["pattern"] = "[a-z]"


def demanded(drawing: Drawing) -> None:
    """What could be left out has to be there."""
    del drawing["floor"]["fields"]["break_glass"]["maybe"]


def kind(drawing: Drawing) -> None:
    """A whole kind is gone."""
    del drawing["receipt"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (gone, "query.epoch is gone"),
        (added, "query.mood is new and can't be left out"),
        (retyped, "query.epoch was integer, is pattern"),
        (lower, "query.sections took 1 to 16"),
        (higher, f"answer.as_of took 0 to {s.LAST_TIME}"),
        (fewer, "answer.outcome could be refused"),
        (within, "answer.candidates[of].handle is gone"),
        (of_table, "disclosure.staff[keys] had another pattern"),
        (demanded, "floor.break_glass could be left out"),
        (kind, "receipt is gone"),
    ],
)
def test_what_is_taken_back_is_named(
    change: Callable[[Drawing], None], named: str
) -> None:
    """Each kind of narrowing, with the field in which it was done."""
    drawing = copy.deepcopy(shapes.kept())
    changed: Drawing = json.loads(json.dumps(drawing))
    change(changed)
    assert shapes.faults(drawing, changed) == [named]


def test_what_is_added_in_the_way_that_the_rule_allows_is_no_fault() -> None:
    """A field that may be left out, another word, a longer list, another kind."""
    drawing: Drawing = json.loads(json.dumps(shapes.kept()))
    drawing["query"]["fields"]["mood"] = {"type": "boolean", "maybe": True}
    drawing["answer"]["fields"]["outcome"]["values"].append("partial")
    drawing["query"]["fields"]["sections"]["high"] = 32
    drawing["poem"] = {"type": "record", "fields": {}}
    assert shapes.faults(shapes.kept(), drawing) == []


def _types(value: object) -> set[str]:
    if not isinstance(value, dict):
        return set()
    own = {value["type"]} if isinstance(value.get("type"), str) else set()
    return own.union(*map(_types, value.values()))
