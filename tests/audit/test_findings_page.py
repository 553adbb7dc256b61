"""Every finding that the verifier can name is explained on a page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOM = ROOT / "audit" / "childgrid_audit"
PAGE = ROOT / "docs" / "findings.md"
SAYING = ("add", "doubt", "lose")
OTHER = ("docket.py", "story.py")
"""Rooms that name no fault."""
SAYING_WHY = (
    *("was not allowed: ", "may not have been allowed: "),
    *("does not verify: ", "may not verify: "),
)
"""Behind each stands a code and its details."""


def text(node: ast.expr) -> str:
    """What is said, with `…` for what varies; empty where it is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (
            text(one) if isinstance(one, ast.Constant) else "…" for one in node.values
        )
        return "".join(parts)
    return ""


def said(path: Path) -> Iterator[str]:
    """The last words of a call that reports, and whatever is named `what`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "what":
            yield text(node.value)
        if isinstance(node, ast.Yield) and path.name == "events.py" and node.value:
            yield text(node.value)
        reports = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if reports and node.func.attr in SAYING and node.args:
            yield text(node.args[-1])


def test_every_finding_is_explained() -> None:
    """So that an auditor knows what it means and what to do next."""
    rooms = [one for one in sorted(ROOM.glob("*.py")) if one.name not in OTHER]
    every = {what for path in rooms for what in said(path) if " " in what}
    found = {what for what in every if not what.startswith("…")}
    assert len(found) > 40
    page = PAGE.read_text("utf-8")

    unexplained = {what for what in found if f"| {words(what)}" not in page}

    assert unexplained == set()


def words(what: str) -> str:
    """A finding as the page spells it: codes and details are one `…`."""
    for begins in SAYING_WHY:
        if what.startswith(begins):
            return f"{begins}…"
    return what


def test_what_the_second_verifier_says_is_explained_too() -> None:
    """Each of its sentences, which are its own."""
    second = ROOT / "audit" / "second" / "verify.py"
    calls = [
        text(node.args[-1])
        for node in ast.walk(ast.parse(second.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "_need"
        and " " in text(node.args[-1])
    ]
    assert len(calls) > 20
    page = PAGE.read_text("utf-8")

    assert [one for one in calls if f"| {one} |" not in page] == []
