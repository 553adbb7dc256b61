"""The page on installing: whoever follows it meets no command that is not there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from deploy.zones import ROOT, ZONES
from man import PROGRAMS, commands
from process.stopwatch import COMMANDS, typed
from process.stopwatch import PAGE as JOINING

PAGE = ROOT / "docs" / "installing.md"
PLACES = {
    "node": "childgrid-node",
    "station": "childgrid-audit",
    "coordinator": "childgrid-coordinator",
    "portal": "childgrid-portal",
}
SERVICES = {
    "founders": "childgrid-authority",
    "ncrb-hub": "childgrid-coordinator",
    "police": "childgrid-node",
    "audit-north": "childgrid-audit",
    "police-desk": "childgrid-desk",
}
Line = tuple[str, str, tuple[str, ...]]


def spans(text: str) -> list[str]:
    """Commands of the page: indented lines, joined where they go on, and code spans."""
    joined = re.sub(r" \\\n +", " ", text)
    blocks = re.findall(r"^    +(\S.*)$", joined, flags=re.M)
    inline = [one.replace("\n", " ") for one in re.findall(r"`([^`]+)`", joined)]
    return [re.sub(r"\s+", " ", one.partition("   #")[0]) for one in blocks + inline]


def calls(text: str) -> list[Line]:
    """Program, command and options of every call of a program of ours."""
    found = []
    for one in spans(text):
        words = one.split()
        if words[:1] and words[0] in {"run", "childgrid-as", *PROGRAMS}:
            words = shlex.split(one)
        if words[:1] == ["run"] and len(words) > 2:
            words = [SERVICES[words[1]], *words[2:]]
        if words[:1] == ["childgrid-as"] and len(words) > 2:
            words = [PLACES[words[1].partition("@")[0]], *words[2:]]
        if words and words[0] in PROGRAMS and len(words) > 1:
            options = tuple(word for word in words[2:] if word.startswith("--"))
            found.append((words[0], words[1], options))
    return found


def faults(lines: list[Line]) -> list[str]:
    """Calls of what does not exist."""
    said = []
    for program, command, options in lines:
        known = commands(PROGRAMS[program])
        if command not in known:
            said.append(f"{program} has no {command}")
            continue
        there = {name for one in known[command].params for name in one.opts}
        said += [
            f"{program} {command} has no {one}" for one in options if one not in there
        ]
    return said


def test_every_command_of_the_page_exists() -> None:
    """With every option that the page gives it; joining is told in six commands."""
    lines = calls(PAGE.read_text("utf-8"))
    assert faults(lines) == []
    assert len({line[:2] for line in lines}) >= 12
    joining = ["check", "join", "join", "index", "doctor"]
    node = [verb for program, verb, _ in lines if program == "childgrid-node"]
    assert [verb for verb in node if verb in joining][:5] == joining


def test_both_pages_tell_the_same_commands() -> None:
    """Word for word; the last one is the service's start here."""
    told = re.findall(
        r"^    childgrid-as node@police ((?:check|join|index|doctor)\b.*)$",
        PAGE.read_text("utf-8"),
        flags=re.M,
    )
    typed_ = [" ".join(words) for words in typed(JOINING.read_text("utf-8"))]
    assert len(typed_) <= COMMANDS
    assert [*told, "serve"] == typed_


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("    childgrid-as node@police unheard x", "childgrid-node has no unheard"),
        (
            "do `childgrid-audit\nverify x --fast`",
            "childgrid-audit verify has no --fast",
        ),
        (
            "    childgrid-node join \\\n        --later",
            "childgrid-node join has no --later",
        ),
    ],
)
def test_a_command_that_is_not_there_is_named(text: str, said: str) -> None:
    """In a block, in a line and where it goes on in the next."""
    assert faults(calls(text)) == [said]


def test_the_training_grid_is_told_in_services_that_there_are() -> None:
    """Every `run` of the page names a service of `compose.yaml`."""
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))
    named = re.findall(r"^ +run ([a-z-]+) ", PAGE.read_text("utf-8"), flags=re.M)
    assert len(named) > 12
    assert set(named) == SERVICES.keys()
    assert set(named) <= services["services"].keys()


def test_every_file_and_target_of_the_page_exists() -> None:
    """Files of the wheelhouse, of the tree, make's targets, and what it links to."""
    text = PAGE.read_text("utf-8")
    for name in re.findall(r"\]\(([a-z./]+)(?:#[a-z-]+)?\)", text):
        assert (ROOT / "docs" / name).exists(), name
    for name in re.findall(
        r"(?<![/\w])(?:deploy|etc|proxy|systemd|monitoring|docs)/[\w./*-]+\w", text
    ):
        tree = dict.fromkeys(("etc", "monitoring", "proxy", "systemd"), "deploy")
        path = Path(tree.get(name.split("/")[0], "."), name)
        wanted = str(path).replace("ZONE", "node")
        assert list(ROOT.glob(wanted)), name
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    assert set(re.findall(r"(?:`|    )make ([a-z-]+)", text)) <= made
    zones = set(re.findall(r"ZONE=\"?([a-z ]+)", text))
    assert {name for one in zones for name in one.split()} <= {*ZONES, "build"}
    for unit in re.findall(r"childgrid-[a-z]+@?(?=\w*-?\w*\.(?:service|timer))", text):
        assert list((ROOT / "deploy" / "systemd").glob(f"{unit}*")), unit
