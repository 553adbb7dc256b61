"""Every error that a program can end with, and its remedy: `docs/errors.md`.

`python -m tests.errors` writes the page. What there is comes from the programs: the
reasons of the wire, and every class of every package that is an exception. What each
means is the class's own text; what to do stands in `docs/errors.toml`, in the words of
whoever runs the program. The rule: no error without a remedy, no remedy without one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from childgrid_wire.errors import NEXT_STEP, Reason

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/errors.md"
PACKAGES = {
    "childgrid_wire": ("proto", "What any program says"),
    "childgrid_log": ("audit", "The log of every party"),
    "childgrid_authority": ("authority", "The founders' desk"),
    "childgrid_node": ("node", "A node and its sources"),
    "childgrid_coordinator": ("coordinator", "The coordinator"),
    "childgrid_portal": ("portal", "Desk and portal"),
    "childgrid_page": ("portal", "Pages"),
    "childgrid_audit": ("audit", "An auditor's station"),
}
_CLASS = re.compile(
    r'^class (\w+)\(([\w., ]+)\):\n\s+"""(.+?)(?:"""|\n\n)', flags=re.M | re.S
)
_HEAD = """# Every error and its remedy

Made by `python -m tests.errors`: what there is from the programs, what to do from
[errors.toml](errors.toml). A program that can't do what it was asked says one line, on
standard error or in its log, and ends with status 2. No line names a person, a case or
a value; it names the file, the setting, the field or the kind of statement.

A refusal by another party arrives as one word, the *reason*; the sentence behind it is
looked up where it is shown. `childgrid-node doctor` finds the cause of most of them.
"""


@dataclass(frozen=True)
class Error:
    """One class: its name, where it stands, below what, and its own text."""

    package: str
    name: str
    parents: tuple[str, ...]
    text: str


def found(root: Path = ROOT) -> list[Error]:
    """Every exception of every package, in the order of the sources."""
    classes = [
        Error(package, match[1], tuple(re.findall(r"\w+", match[2])), _first(match[3]))
        for package, (zone, _) in PACKAGES.items()
        for path in sorted((root / zone / package).rglob("*.py"))
        for match in _CLASS.finditer(path.read_text("utf-8"))
    ]
    known = {"Exception", "ValueError", "OSError", "RuntimeError"}
    while more := {one.name for one in classes if set(one.parents) & known} - known:
        known |= more
    return [one for one in classes if set(one.parents) & known]


def _first(text: str) -> str:
    return " ".join(text.split())


def remedies(root: Path = ROOT) -> Mapping[str, Mapping[str, str]]:
    """`reason`, `error` and `inside`: name → what to do, or why nobody sees it."""
    table: Mapping[str, Mapping[str, str]] = tomllib.loads(
        (root / "docs/errors.toml").read_text("utf-8")
    )
    return table


def check(errors: list[Error], told: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """What is missing, and what is told of nothing."""
    shown, inside = told["error"], told["inside"]
    named = {key(one) for one in errors}
    for one in sorted(named - shown.keys() - inside.keys()):
        yield f"{one} has no remedy"
    for one in sorted((shown.keys() | inside.keys()) - named):
        yield f"{one} is no error"
    reasons = {one.value for one in Reason}
    for one in sorted(reasons ^ told["reason"].keys()):
        yield f"{one}: a reason and its remedy go together"


def key(one: Error) -> str:
    """How the remedies name a class: without its package where that is clear."""
    return f"{one.package.removeprefix('childgrid_')}.{one.name}"


def page(errors: list[Error], told: Mapping[str, Mapping[str, str]]) -> str:
    """The whole page."""
    lines = [_HEAD, "## Reasons", ""]
    lines += ["| reason | the line says | what to do |", "| --- | --- | --- |"]
    for reason in Reason:
        cells = (f"`{reason}`", NEXT_STEP[reason], told["reason"][reason])
        lines.append(f"| {' | '.join(cells)} |")
    for package, (_, title) in PACKAGES.items():
        rows = [one for one in errors if one.package == package]
        rows = [one for one in rows if key(one) in told["error"]]
        if rows:
            lines += ["", f"## {title}", ""]
            lines += ["| error | what it means | what to do |", "| --- | --- | --- |"]
        for one in rows:
            cells = (f"`{one.name}`", one.text, told["error"][key(one)])
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page; returns 1 and says why where something is missing."""
    errors, told = found(), remedies()
    faults = list(check(errors, told))
    for fault in faults:
        print(fault)
    if not faults:
        (ROOT / PAGE).write_text(page(errors, told), "utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
