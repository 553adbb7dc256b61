"""What the documents say to type exists, and what they point at is there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from man import PROGRAMS, ROOT, commands

_LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]*))?\)")
_COMMAND = re.compile(rf"({'|'.join(PROGRAMS)}) +([a-z][a-z-]+)\b([^`|;\n]*)")
_OPTION = re.compile(r"--[a-z][a-z-]*")
_SPAN = re.compile(r"(?<!`)`[^`\n]+\n[^`\n]+`(?!`)")
"""A span of code that goes on in a second line."""
_CUT = re.compile(r"\\\n\s*")
_TARGET = re.compile(r"`make ([a-z-]+)")


PACKAGES = (
    "proto/childgrid_wire",
    "node/childgrid_node",
    "coordinator/childgrid_coordinator",
    "authority/childgrid_authority",
    "audit/childgrid_audit",
    "audit/childgrid_audit/workbench",
    "audit/childgrid_log",
    "portal/childgrid_page",
    "portal/childgrid_portal",
    "portal/childgrid_portal/profile",
    "portal/childgrid_portal/web",
    "conformance/childgrid_conformance",
)
_NAME = re.compile(r"`([a-z_0-9]+)(?:\.py|/)?`")


def documents() -> list[Path]:
    """Every Markdown file that is committed; the changelog tells of what was."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.md"], cwd=ROOT, capture_output=True, text=True
    )
    names = [name for name in listed.stdout.split("\0") if name]
    return [ROOT / name for name in names if name != "CHANGELOG.md"]


def headings(path: Path) -> set[str]:
    """The anchors of a document's headings, as its readers' programs name them."""
    lines = path.read_text("utf-8").splitlines()
    titles = (line.lstrip("#").strip().lower() for line in lines if line[:1] == "#")
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def typed(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Program, command and options of every command that a text tells to type."""
    lines = _CUT.sub(" ", _SPAN.sub(lambda span: span[0].replace("\n", " "), text))
    for found in _COMMAND.finditer(lines):
        yield found[1], found[2], _OPTION.findall(found[3])


def test_every_link_leads_somewhere() -> None:
    """To a file or folder of ours, and to a heading that stands in it."""
    lost = []
    for path in documents():
        for target, anchor in _LINK.findall(path.read_text("utf-8")):
            if "://" in target:
                continue
            there = (path.parent / target) if target else path
            if not there.exists() or (anchor and anchor not in headings(there)):
                lost.append(f"{path.relative_to(ROOT)}: {target}#{anchor}")
    assert lost == []


def test_every_command_and_option_exists() -> None:
    """Whoever copies a line from a document is not told that there is no such thing."""
    known = {
        (name, command): {
            option for one in spec.params for option in (*one.opts, *one.secondary_opts)
        }
        for name, program in PROGRAMS.items()
        for command, spec in commands(program).items()
    }
    seen, wrong = 0, []
    for path in documents():
        for name, command, options in typed(path.read_text("utf-8")):
            seen += 1
            there = known.get((name, command))
            if there is None or not there.issuperset(options):
                at = path.relative_to(ROOT)
                wrong.append(f"{at}: {name} {command} {' '.join(options)}")
    assert seen > 100
    assert wrong == []


def test_every_target_of_make_exists() -> None:
    """The same of what is made."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        target
        for path in documents()
        for target in _TARGET.findall(path.read_text("utf-8"))
    }
    assert named
    assert named <= targets


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_its_place_on_the_map(package: str) -> None:
    """The package's docstring or its zone's README says where each is read."""
    folder = ROOT / package
    maps = (folder / "__init__.py", ROOT / package.partition("/")[0] / "README.md")
    named = {name for one in maps for name in _NAME.findall(one.read_text("utf-8"))}
    modules = {one.stem for one in folder.glob("*.py") if one.stem[:2] != "__"}
    assert modules
    assert sorted(modules - named) == []
