"""The walls between packages: who imports whom, and what is in an image.

All checks run on copies of the tree, so that a wall can be broken there on purpose
and the check be seen to fail.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ZONES = {
    "childgrid_wire": "proto",
    "childgrid_authority": "authority",
    "childgrid_node": "node",
    "childgrid_page": "portal",
    "childgrid_portal": "portal",
    "childgrid_coordinator": "coordinator",
    "childgrid_log": "audit",
    "childgrid_migrate": "audit",
    "childgrid_audit": "audit",
    "childgrid_conformance": "conformance",
}
LINTER = Path(sys.executable).with_name("lint-imports")
LAYERS = "Roles meet only on the wire; the log and the wire stand below them"
MAY_OPEN_THE_REGISTER = {"indexer", "disclose", "review_desk"}
"""Rows are encoded, an approved one is released, and own staff compare two of them:
a clerical review can't be made by people who don't see the records."""


def copied(folder: Path, *packages: str) -> Path:
    """A copy of the tree, or of some of its packages."""
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    for package in packages or ZONES:
        target = folder / ZONES[package] / package
        shutil.copytree(
            ROOT / ZONES[package] / package,
            target,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        (target / "__init__.py").touch()
    return folder


def add_import(folder: Path, package: str, line: str) -> None:
    """One more module in a package, with that import."""
    path = folder / ZONES[package] / package / "trespass.py"
    path.write_text(f'"""A trespass."""\n\n{line}\n', "utf-8")


def lint(folder: Path) -> tuple[int, str]:
    """Run the import contracts of a tree's own pyproject, without any cache."""
    paths = [str(folder / zone) for zone in dict.fromkeys(ZONES.values())]
    done = subprocess.run(
        [str(LINTER), "--config", "pyproject.toml", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"},
    )
    return done.returncode, done.stdout + done.stderr


def contracts() -> list[str]:
    """The names of the contracts in force."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return [one["name"] for one in settings["tool"]["importlinter"]["contracts"]]


def test_the_import_contracts_are_kept(tmp_path: Path) -> None:
    """Every contract is kept by the tree as it is."""
    code, told = lint(copied(tmp_path))
    assert code == 0, told
    assert LAYERS in contracts()
    for name in contracts():
        assert f"{name} KEPT" in told
    assert "BROKEN" not in told.replace("0 broken", "")


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("childgrid_authority", "import childgrid_node"),
        ("childgrid_node", "import childgrid_coordinator"),
        ("childgrid_node", "from childgrid_portal import trespass"),
        ("childgrid_portal", "import childgrid_node"),
        ("childgrid_coordinator", "import childgrid_node"),
        ("childgrid_audit", "import childgrid_coordinator"),
        ("childgrid_conformance", "import childgrid_node"),
        ("childgrid_node", "import childgrid_conformance"),
        ("childgrid_log", "import childgrid_node"),
        ("childgrid_log", "import childgrid_audit"),
        ("childgrid_wire", "import childgrid_log"),
        ("childgrid_wire", "def late() -> None:\n    import childgrid_authority"),
    ],
)
def test_an_import_over_a_wall_is_named(
    tmp_path: Path, package: str, line: str
) -> None:
    """One illegal import, and the contract is broken by name, with the culprit."""
    folder = copied(tmp_path)
    if "portal import" in line:
        add_import(folder, "childgrid_portal", "import os")
    add_import(folder, package, line)
    code, told = lint(folder)
    assert code != 0
    assert f"{LAYERS} BROKEN" in told
    assert f"{package}.trespass" in told


@pytest.mark.parametrize(
    ("package", "line", "wall"),
    [
        ("childgrid_node", "import childgrid_page", "Pages are for people"),
        ("childgrid_coordinator", "import childgrid_page", "Pages are for people"),
        ("childgrid_page", "import childgrid_wire", "What makes pages knows no"),
        ("childgrid_page", "import childgrid_log", "What makes pages knows no"),
    ],
)
def test_the_page_engine_stands_apart(
    tmp_path: Path, package: str, line: str, wall: str
) -> None:
    """Portal and workbench share it; it knows neither the wire nor a log."""
    folder = copied(tmp_path)
    add_import(folder, package, line)
    code, told = lint(folder)
    assert code != 0
    (name,) = [one for one in contracts() if one.startswith(wall)]
    assert f"{name} BROKEN" in told


def imported(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, at any depth."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{one.name}" for one in node.names)


def openers_of_the_register(folder: Path) -> set[str]:
    """Modules outside the register that import it."""
    package = folder / "node" / "childgrid_node"
    register = "childgrid_node.register"
    return {
        ".".join(path.relative_to(package).with_suffix("").parts)
        for path in package.rglob("*.py")
        if path.relative_to(package).parts[0] != "register"
        and any(f"{name}.".startswith(f"{register}.") for name in imported(path))
    }


@pytest.mark.threat("T3")
def test_only_three_modules_open_the_register(tmp_path: Path) -> None:
    """Raw identities are read in three places; a fourth one is found."""
    folder = copied(tmp_path, "childgrid_node")
    assert openers_of_the_register(folder) <= MAY_OPEN_THE_REGISTER
    for line in (
        "from childgrid_node import register",
        "from childgrid_node.register import Register",
        "import childgrid_node.register as r",
    ):
        add_import(folder, "childgrid_node", line)
        assert "trespass" in openers_of_the_register(folder)


def unready(folder: Path) -> list[str]:
    """Packages that use grpc and don't bring the wire in before it.

    What grpc reads at its import (`childgrid_wire/__init__.py`) must stand by then.
    """
    found = []
    for package, zone in ZONES.items():
        home = folder / zone / package
        uses = any("grpc" in set(imported(path)) for path in home.rglob("*.py"))
        if uses and package != "childgrid_wire":
            first = set(imported(home / "__init__.py"))
            if not any(name.split(".")[0] == "childgrid_wire" for name in first):
                found.append(package)
    return found


def test_no_package_lets_grpc_in_before_the_wire(tmp_path: Path) -> None:
    """Each package that uses grpc imports the wire first; one that doesn't is named."""
    folder = copied(tmp_path)
    assert unready(folder) == []
    add_import(folder, "childgrid_portal", "import grpc")
    (folder / "portal" / "childgrid_portal" / "__init__.py").write_text("")
    assert unready(folder) == ["childgrid_portal"]


IMAGE = (
    *("childgrid_wire", "childgrid_log", "childgrid_migrate"),
    "childgrid_coordinator",
)
PROGRAM = """
import importlib, sys
sys.path[:] = [sys.argv[1], *[p for p in sys.path if 'site-packages' not in p]]
sys.path.append(sys.argv[2])
for name in sys.argv[3:]:
    try:
        importlib.import_module(name)
        print(name, 'there')
    except ModuleNotFoundError as error:
        print(name, 'absent' if error.name == name else f'broken: {error.name}')
"""


def installed(folder: Path) -> Path:
    """The wheel of a tree, built offline and installed alone into a folder."""
    build = ["hatchling", "build", "-t", "wheel"]
    install = ["pip", "install", "-q", "--no-index", "--no-deps", "--target", "image"]
    for command in (build, [*install, "--find-links", "dist", "childgrid"]):
        subprocess.run(
            [sys.executable, "-m", *command],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return folder / "image"


def found_in(image: Path) -> dict[str, str]:
    """Which of the packages can be imported where only the image is."""
    program = [sys.executable, "-I", "-S", "-c", PROGRAM]
    done = subprocess.run(
        [*program, str(image), sysconfig.get_path("purelib"), *ZONES],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())


@pytest.mark.threat("T12")
def test_the_coordinators_image_holds_no_node(tmp_path: Path) -> None:
    """Four packages are there and the others not, so it can encode nothing."""
    found = found_in(installed(copied(tmp_path, *IMAGE)))
    assert {name for name, state in found.items() if state == "there"} == set(IMAGE)
    assert set(found.values()) == {"there", "absent"}
    assert found["childgrid_node"] == "absent"


def test_a_node_in_the_coordinators_image_would_be_noticed(tmp_path: Path) -> None:
    """The same check on an image into which a node was put finds it there."""
    folder = copied(tmp_path, *IMAGE)
    smuggled = folder / "node" / "childgrid_node"
    smuggled.mkdir(parents=True)
    (smuggled / "__init__.py").write_text('"""A node."""\n', "utf-8")
    assert found_in(installed(folder))["childgrid_node"] == "there"
