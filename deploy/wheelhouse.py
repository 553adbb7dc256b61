"""A folder from which a zone is installed on a machine without any network.

`python -m deploy.wheelhouse ZONE ... [--out FOLDER]` makes `FOLDER/ZONE`: the locked
wheels, our own wheel built from that zone's folders alone, `requirements.txt` with the
hash of every one of them, units, example settings and the pages of `docs`, and
`SHA256SUMS` over it all. On the other machine (docs/installing.md):

    sha256sum -c --quiet SHA256SUMS
    pip install --no-index --find-links wheels --no-deps --require-hashes \\
        -r requirements.txt

Nothing is compiled there and nothing is looked up. Wheels are those of this machine's
kind and Python; make the folder on one like the target.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.zones import LOCKS, ROOT, ZONES, Zone

SUMS = "SHA256SUMS"
BUILD = "build"
"""No zone, but what builds a zone's wheel inside a container."""

Fetch = Callable[[Path, Path], None]


def stage(zone: Zone, folder: Path, root: Path = ROOT) -> Path:
    """Copy what the zone's wheel is built from; returns `folder`."""
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(root / name, folder)
    for name in zone.folders:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / name, folder / name, ignore=ignored)
    return folder


def build(zone: Zone, wheels: Path, root: Path = ROOT) -> Path:
    """Build the zone's own wheel into `wheels`; needs no network."""
    with tempfile.TemporaryDirectory() as name:
        staged = stage(zone, Path(name), root)
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
            cwd=staged,
            check=True,
            capture_output=True,
        )
        (made,) = (staged / "dist").glob("*.whl")
        return Path(shutil.copy(made, wheels))


def fetch(lock: Path, wheels: Path) -> None:
    """Download the wheels of a lock, each held against its hash."""
    strict = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    quiet = ["-q", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "download", *quiet]
    subprocess.run([*pip, *strict, "-r", str(lock), "-d", str(wheels)], check=True)


def fill(name: str, folder: Path, lock: Path, fetch: Fetch = fetch) -> Path:
    """Make one zone's folder anew.

    Args:
        name: the zone, or `build`.
        folder: where it goes; what stood there is gone.
        lock: the zone's locked requirements.
        fetch: brings the wheels of a lock into a folder.
    """
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    fetch(lock, wheels)
    text = lock.read_text("utf-8")
    if name != BUILD:
        own = build(ZONES[name], wheels)
        _, version, _ = own.name.split("-", 2)
        text += f"childgrid=={version} --hash=sha256:{_digest(own)}\n"
        _accompany(folder)
    (folder / "requirements.txt").write_text(text, "utf-8")
    seal(folder)
    return folder


def _accompany(folder: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.py")
    for name in ("systemd", "etc", "proxy", "monitoring"):
        shutil.copytree(ROOT / "deploy" / name, folder / name, ignore=ignored)
    shutil.copytree(ROOT / "docs", folder / "docs")


def seal(folder: Path) -> None:
    """Write the sums over every file, as `sha256sum -c` reads them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{_digest(path)}  {path.relative_to(folder)}\n" for path in files]
    (folder / SUMS).write_text("".join(lines), "utf-8")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(words: Sequence[str] | None = None) -> int:
    """Make the folders that are asked for, or all of them."""
    parser = argparse.ArgumentParser(prog="wheelhouse", description=__doc__)
    parser.add_argument("zone", nargs="*", help="all where left out; or `build`")
    parser.add_argument("--out", type=Path, default=ROOT / ".wheelhouse")
    chosen = parser.parse_args(words)
    if unknown := set(chosen.zone) - {*ZONES, BUILD}:
        parser.error(f"no such zone: {', '.join(sorted(unknown))}")
    for name in chosen.zone or (*ZONES, BUILD):
        made = fill(name, chosen.out / name, LOCKS / f"{name}.lock")
        count = len(list((made / "wheels").iterdir()))
        print(f"{made}: {count} wheels; carry the whole folder over")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
