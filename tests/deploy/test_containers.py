"""Containers: built from one zone's folders, run as nobody, without any secret."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer

from childgrid_audit.__main__ import app as audit
from childgrid_authority.__main__ import app as authority
from childgrid_conformance.__main__ import app as kit
from childgrid_coordinator.__main__ import app as coordinator
from childgrid_node.__main__ import app as node
from childgrid_portal.web.__main__ import app as portal
from deploy.zones import ROOT, ZONES

FILES = sorted((ROOT / "deploy" / "containers").glob("*/Containerfile"))
NAMES = [path.parent.name for path in FILES]
APPS = {
    "childgrid_audit": audit,
    "childgrid_authority": authority,
    "childgrid_conformance": kit,
    "childgrid_coordinator": coordinator,
    "childgrid_node": node,
    "childgrid_portal.web": portal,
}
ENVIRONMENT = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "XDG_CACHE_HOME"}


def read(name: str) -> str:
    """A zone's Containerfile."""
    return (ROOT / "deploy" / "containers" / name / "Containerfile").read_text("utf-8")


def instructions(text: str) -> list[tuple[str, str]]:
    """Instruction and what follows it, in order; comments are none."""
    joined = re.sub(r"\\\n", " ", text)
    lines = [one for one in joined.splitlines() if one and not one.startswith("#")]
    return [(one.split(maxsplit=1)[0], one.split(maxsplit=1)[1]) for one in lines]


def copied(text: str) -> set[str]:
    """What the image takes from the project's folder."""
    words = [rest.split() for word, rest in instructions(text) if word == "COPY"]
    return {one for line in words if "--from=build" not in line for one in line[:-1]}


def allowed(zone: str) -> set[str]:
    """What a zone's image may take: its own folders, its wheels and its lock."""
    common = {"pyproject.toml", "README.md"}
    wheels = {f".wheelhouse/{name}/wheels" for name in ("build", zone)}
    locks = {f"deploy/locks/{name}.lock" for name in ("build", zone)}
    return common | wheels | locks | set(ZONES[zone].folders)


def faults(zone: str, text: str) -> list[str]:
    """Which of the rules a Containerfile breaks."""
    lines = instructions(text)
    said = [f"takes {one}" for one in sorted(copied(text) - allowed(zone))]
    said += [f"lacks {one}" for one in sorted(allowed(zone) - copied(text))]
    for word, rest in lines:
        if word == "FROM" and rest not in ("${BUILD} AS build", "${RUN}"):
            said.append("has a base that is no digest of the builder's")
        if word == "ARG" and rest not in ("BUILD", "RUN"):
            said.append(f"has an argument {rest}")
        if word == "ENV":
            names = {one.partition("=")[0] for one in rest.split()}
            said += [f"sets {one}" for one in sorted(names - ENVIRONMENT)]
        if word in ("RUN", "ENTRYPOINT", "CMD") and not rest.startswith("["):
            said.append(f"{word} needs a shell")
        if word == "RUN" and '"pip"' in rest and '"--no-index"' not in rest:
            said.append("asks an index")
        if word in ("ADD", "HEALTHCHECK", "ONBUILD", "VOLUME", "SHELL"):
            said.append(f"uses {word}")
    last = [rest for word, rest in lines if word == "USER"][-1:]
    if not last or not re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", last[0]):
        said.append("runs as root")
    return said


def test_every_zone_but_the_workbench_has_an_image() -> None:
    """A workbench runs on its auditor's own machine and nowhere else."""
    assert {*NAMES, "workbench"} == set(ZONES)


@pytest.mark.threat("T12")
@pytest.mark.parametrize("zone", NAMES)
def test_an_image_is_built_from_its_own_zone_alone(zone: str) -> None:
    """Folders, locks and wheels are the zone's; nobody; no secret; no shell."""
    assert faults(zone, read(zone)) == []


NODE = "COPY node/childgrid_node node/childgrid_node\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("USER 7400:7400", NODE + "USER 7400:7400", "takes node/childgrid_node"),
        ("USER 7400:7400", "COPY . .\nUSER 7400:7400", "takes ."),
        ("COPY pyproject.toml README.md ./\n", "", "lacks README.md"),
        ("USER 7400:7400", "", "runs as root"),
        ("USER 7400:7400", "USER 7400:7400\nUSER 0:0", "runs as root"),
        ("FROM ${RUN}", "FROM python:3.11", "has a base that is no digest"),
        ("ARG RUN\n", "ARG RUN\nARG PASSPHRASE\n", "has an argument PASSPHRASE"),
        ("ENV ", "ENV CHILDGRID_PASSPHRASE=x ", "sets CHILDGRID_PASSPHRASE"),
        ('RUN ["hatchling", ', 'RUN hatchling "', "RUN needs a shell"),
        ('"--no-index", ', "", "asks an index"),
        ("USER 7400:7400", "ADD x /\nUSER 7400:7400", "uses ADD"),
    ],
)
def test_each_of_these_rules_can_be_broken(old: str, new: str, said: str) -> None:
    """The coordinator's file with one thing changed is named for it."""
    found = faults("coordinator", read("coordinator").replace(old, new, 1))
    assert any(one.startswith(said) for one in found), found


@pytest.mark.parametrize("zone", NAMES)
def test_an_image_starts_a_program_of_its_own(zone: str) -> None:
    """The module lies in the zone's folders, the command and its options exist."""
    lines = dict(instructions(read(zone)))
    *python, module = json.loads(lines["ENTRYPOINT"])
    command, *rest = json.loads(lines["CMD"])
    assert python == ["/usr/bin/python3", "-m"]
    assert any(one.endswith(f"/{module.split('.')[0]}") for one in ZONES[zone].folders)
    if command != "--help":
        group = typer.main.get_group(APPS[module])
        known = {name for one in group.commands[command].params for name in one.opts}
        assert {one for one in rest if one.startswith("--")} <= known


@pytest.mark.threat("T12")
@pytest.mark.parametrize("zone", ["coordinator", "portal"])
def test_what_is_copied_builds_the_zones_packages_and_no_other(
    tmp_path: Path, zone: str
) -> None:
    """The wheel of exactly these COPY lines holds exactly the zone's packages."""
    for name in copied(read(zone)):
        source, target = ROOT / name, tmp_path / name
        if name.startswith((".wheelhouse", "deploy/")):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        packages = {name.split("/")[0] for name in file.namelist()}
    ours = {one for one in packages if not one.endswith(".dist-info")}
    assert ours == {folder.split("/")[1] for folder in ZONES[zone].folders}


def test_a_build_sees_no_state_and_no_secret() -> None:
    """The list of what a build may see begins with nothing and names what is needed."""
    first, *rest = [
        line
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert first == "*"
    seen = {line.removeprefix("!") for line in rest if line.startswith("!")}
    needed = {one for zone in NAMES for one in allowed(zone)}
    assert {one for one in needed if one in seen} == {
        one for one in needed if not one.startswith((".wheelhouse/", "deploy/locks/"))
    }
    assert seen - needed == {".wheelhouse", "deploy/locks"}
