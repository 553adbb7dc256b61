"""What a zone is installed from: its own lock, its own packages, checked offline."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy import zones
from deploy.wheelhouse import SUMS, fill
from deploy.zones import LOCKS, ROOT, ZONES, closure, entries, imported, locks, roots

LINKAGE = {"numba", "llvmlite", "numpy", "bitarray", "anyascii"}


def test_every_zones_lock_is_fresh() -> None:
    """What is committed is what `python -m deploy.zones` writes, and nothing more."""
    there = {path.name: path.read_text("utf-8") for path in LOCKS.iterdir()}
    assert there == locks(), "run `python -m deploy.zones`"


@pytest.mark.parametrize("name", ZONES)
def test_a_lock_holds_all_that_its_zone_imports_and_its_pins(name: str) -> None:
    """Each import comes from a locked wheel; versions and hashes are the grid's own."""
    whole = entries((ROOT / "requirements.lock").read_text("utf-8"))
    held = entries((LOCKS / f"{name}.lock").read_text("utf-8"))
    assert roots(ZONES[name]) <= held.keys()
    for dist, text in held.items():
        assert text == whole[dist]
        assert "--hash=sha256:" in text


@pytest.mark.parametrize("name", ZONES)
def test_all_that_a_zone_needs_is_installed_under_this_python(name: str) -> None:
    """A library may be locked in two versions, by Python: none of them is left out."""
    there = {
        canonicalize_name(one.name)
        for line in re.findall(
            r"^\S+==.*?(?= \\|$)", (LOCKS / f"{name}.lock").read_text(), re.M
        )
        if (one := Requirement(line)).marker is None or one.marker.evaluate()
    }
    assert closure(roots(ZONES[name])) <= there


@pytest.mark.threat("T12")
def test_only_a_node_gets_what_encodes() -> None:
    """Linkage code's libraries are a node's; nobody gets tools of the tests."""
    held = {name: entries((LOCKS / f"{name}.lock").read_text()) for name in ZONES}
    assert held["node"].keys() >= LINKAGE
    for name in set(ZONES) - {"node"}:
        assert not held[name].keys() & LINKAGE
    assert not any("pytest" in dists or "mypy" in dists for dists in held.values())
    assert {name for name in ZONES if "jinja2" in held[name]} == {"portal", "workbench"}


def test_an_import_that_is_not_locked_is_found(tmp_path: Path) -> None:
    """A library that a zone begins to use shows as a lock that isn't fresh."""
    (tmp_path / "a.py").write_text("def f() -> None:\n    from numba import njit\n")
    assert set(imported(tmp_path)) == {"numba"}
    assert "llvmlite" in closure({"numba"})
    assert closure({"numba"}) - entries(zones.lock(ZONES["coordinator"])).keys()


def nothing(lock: Path, wheels: Path) -> None:
    """A folder of wheels for a lock that asks for none."""


def install(folder: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Install as docs/installing.md says, into a folder of its own."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    offline = ["--no-index", "--find-links", "wheels", "--no-deps", "--require-hashes"]
    return subprocess.run(
        [*pip, *offline, "-r", "requirements.txt", "--target", str(target)],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def sums(folder: Path) -> int:
    """What `sha256sum -c` says of the folder."""
    check = ["sha256sum", "-c", "--quiet", SUMS]
    return subprocess.run(check, cwd=folder, capture_output=True).returncode


def test_a_wheelhouse_installs_without_an_index_and_notices_a_changed_byte(
    tmp_path: Path,
) -> None:
    """The zone's packages and no other; pip and the sums refuse an altered wheel."""
    (tmp_path / "empty.lock").write_text("")
    folder = fill("station", tmp_path / "station", tmp_path / "empty.lock", nothing)
    assert sums(folder) == 0
    assert (folder / "systemd" / "childgrid-station@.service").is_file()
    assert (folder / "etc" / "station.toml").is_file()
    assert not list(folder.rglob("*.py"))

    done = install(folder, tmp_path / "there")
    assert done.returncode == 0, done.stderr
    packages = {path.name for path in (tmp_path / "there").glob("childgrid_*")}
    zone = {"childgrid_audit", "childgrid_log", "childgrid_migrate", "childgrid_wire"}
    assert packages == zone
    assert list((tmp_path / "there" / "childgrid_migrate").glob("log/r0001_*.py"))

    (wheel,) = (folder / "wheels").iterdir()
    content = bytearray(wheel.read_bytes())
    content[-1] ^= 1
    wheel.write_bytes(content)
    assert sums(folder) != 0
    done = install(folder, tmp_path / "not-there")
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not (tmp_path / "not-there").exists()


def test_what_is_built_with_is_locked_too() -> None:
    """The builder of wheels is pinned in the project file and in its lock."""
    held = entries((LOCKS / "build.lock").read_text("utf-8"))
    assert f"hatchling=={distribution('hatchling').version}" in held["hatchling"]
    assert "hatchling==" in (ROOT / "pyproject.toml").read_text("utf-8")
