"""The threat table, made from `docs/threats.toml` and the marks on tests.

`python -m tests.threats` writes `docs/threat-table.md`. A test carries the ids of the
threats that it is about (`@pytest.mark.threat("T1")`). Marks are read from the source,
without importing a test, so the table says what stands in the tree; `threats_ran` sees
to it that the tests also ran. The rule: a row without a test says so, and why.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = "docs/threat-table.md"
_HEAD = """# Threats, controls, defaults, tests

Made by `python -m tests.threats` from [threats.toml](threats.toml) and the marks on the
tests; a test fails where this file is stale, where a row has no test and does not say
why, and where a marked test did not run. What each party learns, and the limits in
prose, stand in [threat-model.md](threat-model.md).

"""


@dataclass(frozen=True)
class Threat:
    """A row: what is feared, what meets it, and what holds if nobody does anything.

    `open` says what no test shows; `model` names rows of the threat model's table.
    """

    id: str
    threat: str
    control: str
    default: str
    open: str = ""
    model: tuple[int, ...] = ()


class BadThreats(Exception):
    """The list of threats or a mark is not as it should be; says which."""


def listed(root: Path = ROOT) -> list[Threat]:
    """The rows, in their order.

    Raises:
        BadThreats: an id stands twice.
    """
    table = tomllib.loads((root / "docs/threats.toml").read_text("utf-8"))
    found = [
        Threat(**{**one, "model": tuple(one.get("model", ()))})
        for one in table["threat"]
    ]
    if len({one.id for one in found}) != len(found):
        raise BadThreats("an id stands twice in docs/threats.toml")
    return found


def marked(root: Path = ROOT) -> dict[str, list[str]]:
    """The tests (`path::name`) that carry each id, in a fixed order."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        for test, ids in _tests(ast.parse(path.read_text("utf-8"))):
            for one in ids:
                found.setdefault(one, []).append(f"{name}::{test}")
    return found


def _tests(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, [one for mark in node.decorator_list for one in _ids(mark)]


def _ids(mark: ast.expr) -> list[str]:
    """The ids in one decorator, if it is `pytest.mark.threat(...)`."""
    if not isinstance(mark, ast.Call) or not isinstance(mark.func, ast.Attribute):
        return []
    if ast.unparse(mark.func) != "pytest.mark.threat":
        return []
    return [str(one.value) for one in mark.args if isinstance(one, ast.Constant)]


def check(threats: Sequence[Threat], tests: Mapping[str, Sequence[str]]) -> list[str]:
    """What is wrong: marks of no threat, rows with neither a test nor a reason."""
    known = {one.id for one in threats}
    strange = [f"no threat {one} is listed: {tests[one][0]}" for one in tests]
    faults = [
        text for one, text in zip(tests, strange, strict=True) if one not in known
    ]
    for row in threats:
        if not tests.get(row.id) and not row.open:
            faults.append(f"{row.id} has no test and does not say why")
    return faults


def table(threats: Sequence[Threat], tests: Mapping[str, Sequence[str]]) -> str:
    """The whole page."""
    rows = ["| | threat | control | secure default | tests |", "| --- " * 5 + "|"]
    for one in threats:
        cells = (one.id, one.threat, one.control, one.default)
        rows.append(f"| {' | '.join(cells)} | {_proof(one, tests.get(one.id, ()))} |")
    proven = sum(bool(tests.get(one.id)) for one in threats)
    count = len({name for names in tests.values() for name in names})
    told = f"{len(threats)} threats, {proven} with tests, {count} tests.\n\n"
    return _HEAD + told + "\n".join(rows) + "\n"


def _proof(one: Threat, tests: Sequence[str]) -> str:
    lines = [f"`{name.removeprefix('tests/')}`" for name in tests]
    if one.open:
        lines.append(f"**open**: {one.open}")
    return "<br>".join(lines)


def main() -> int:
    """Write the table; returns 1 and says why where a row is at fault."""
    threats, tests = listed(), marked()
    for fault in (faults := check(threats, tests)):
        print(fault)
    if not faults:
        (ROOT / TABLE).write_text(table(threats, tests), "utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
