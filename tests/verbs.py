"""Every verb and the leaf that it leaves: `docs/verbs.toml` beside the programs.

`python -m tests.verbs` writes `docs/verbs.md`. What there is to be listed is taken from
the programs themselves: the commands that Typer has registered, and the methods in the
descriptors of every generated service. The rule: a verb leaves a leaf, with a test that
looks for it, or the table says why it need not.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from childgrid_wire import pb
from childgrid_wire.kinds import Kind

ROOT = Path(__file__).resolve().parents[1]
TABLE = "docs/verbs.md"
PROGRAMS = {
    "childgrid-authority": "childgrid_authority.__main__",
    "childgrid-node": "childgrid_node.__main__",
    "childgrid-desk": "childgrid_portal.__main__",
    "childgrid-portal": "childgrid_portal.web.__main__",
    "childgrid-coordinator": "childgrid_coordinator.__main__",
    "childgrid-audit": "childgrid_audit.__main__",
    "childgrid-conform": "childgrid_conformance.__main__",
}
_HEAD = """# Every verb and the leaf that it leaves

Made by `python -m tests.verbs` from [verbs.toml](verbs.toml). Auditors and
administrators are audited like officers: a test takes the commands and calls from the
programs themselves and fails where one is missing here, where one is listed that does
not exist, or where the test that looks for its leaf does not.

A `notice` in a member's own log never hangs on the board. Its topic says what was done:
`policy` (a staff list or policy was put in force; the subject is its hash), `key` (a
desk pass was issued; SHA-256 of the certificate), `index` (a source is encoded anew;
SHA-256 of the mapping file), `archive` (old leaves of the log went to files beside it;
the root over all that are there), `reader` (an auditor was shown this log, once a day;
SHA-256 over `childgrid/v1 reader`, a zero byte and the auditor's member id),
`succession` (the first leaf of a log that follows a closed one; what the subject is the
hash of, says [bundle.md](bundle.md)).

"""


@dataclass(frozen=True)
class Verb:
    """One row: the kinds of leaf, in whose log, and the test; or why there is none."""

    of: str
    name: str
    leaf: tuple[str, ...] = ()
    log: str = ""
    test: str = ""
    why: str = ""


def listed(root: Path = ROOT) -> list[Verb]:
    """The rows, in their order."""
    table = tomllib.loads((root / "docs/verbs.toml").read_text("utf-8"))
    return [
        Verb(of, name, **{**row, "leaf": tuple(row.get("leaf", ()))})
        for of, rows in table.items()
        for name, row in rows.items()
    ]


def existing() -> Iterator[tuple[str, str]]:
    """Every command of every program, and every method of every service."""
    for program, module in PROGRAMS.items():
        app = importlib.import_module(module).app
        group = typer.main.get_group(app)
        yield from ((program, name) for name in group.commands)
    for found in pkgutil.iter_modules(pb.__path__):
        if found.name.endswith("_pb2"):
            module_ = importlib.import_module(f"{pb.__name__}.{found.name}")
            for service in module_.DESCRIPTOR.services_by_name.values():
                yield from ((service.full_name, one.name) for one in service.methods)


def check(verbs: list[Verb], there: list[tuple[str, str]], root: Path) -> list[str]:
    """What is wrong with the table; nothing, if it is as it should be."""
    rows = [(one.of, one.name) for one in verbs]
    faults = [f"{of} {name} is not in the table" for of, name in there
              if (of, name) not in rows]  # fmt: skip
    faults += [f"{of} {name} does not exist" for of, name in rows
               if (of, name) not in there]  # fmt: skip
    for one in verbs:
        faults += [f"{one.of} {one.name}: {what}" for what in _faults(one, root)]
    return faults


def _faults(one: Verb, root: Path) -> Iterator[str]:
    if bool(one.leaf) == bool(one.why):
        yield "say either which leaf, or why none"
    if one.leaf and not (one.log and one.test):
        yield "say whose log, and which test looks for the leaf"
    if unknown := set(one.leaf) - {kind.value for kind in Kind}:
        yield f"no such kind: {', '.join(sorted(unknown))}"
    if one.test and not _stands(one.test, root):
        yield f"no such test: {one.test}"


def _stands(test: str, root: Path) -> bool:
    """Whether a node id names a test function of the tree."""
    path, _, name = test.partition("::")
    if not (root / path).is_file():
        return False
    module = ast.parse((root / path).read_text("utf-8"))
    return name.startswith("test_") and any(
        isinstance(node, ast.FunctionDef) and node.name == name for node in module.body
    )


def leaves(program: str) -> Mapping[str, frozenset[str]]:
    """The verbs of a program or service that leave leaves, and their kinds."""
    return {
        one.name: frozenset(one.leaf)
        for one in listed()
        if one.of == program and one.leaf
    }


def table(verbs: list[Verb]) -> str:
    """The whole page."""
    with_leaf = sum(bool(one.leaf) for one in verbs)
    lines = [f"{len(verbs)} verbs, {with_leaf} leave a leaf."]
    for of in dict.fromkeys(one.of for one in verbs):
        lines += ["", f"## {of}", "", "| verb | leaf | whose log | test, or why not |"]
        lines.append("| --- " * 4 + "|")
        lines += [_row(one) for one in verbs if one.of == of]
    return _HEAD + "\n".join(lines) + "\n"


def _row(one: Verb) -> str:
    kinds = ", ".join(f"`{kind}`" for kind in one.leaf) or "–"
    proof = f"`{one.test.removeprefix('tests/')}`" if one.test else one.why
    return f"| `{one.name}` | {kinds} | {one.log or '–'} | {proof} |"


def main() -> int:
    """Write the table; returns 1 and says why where a row is at fault."""
    verbs = listed()
    for fault in (faults := check(verbs, list(existing()), ROOT)):
        print(fault)
    if not faults:
        (ROOT / TABLE).write_text(table(verbs), "utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
