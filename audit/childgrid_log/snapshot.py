"""A state folder, frozen beside the process that works in it.

Databases are copied by SQLite's own online backup, so each is as after one of its
transactions; other files are replaced whole by their writers and are therefore only
linked. Databases come first, in the order in which they are given: what a program
writes into one before it writes it into another must be taken in the opposite order.
Small files come last and are looked at twice, so that none is of another moment.

It does not follow links and refuses where there is one: what is behind it would be
missing. It leaves out what is made anew (`SKIPPED`) and what is another process's.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from childgrid_log.claim import Claim
from childgrid_wire.errors import ConfigurationRefused

WORK = ".backup"
SKIPPED = ("lock", "ports.json")
"""Names that stand for a running process."""

_MADE_ANEW = (".index", ".part", ".parts", "-wal", "-shm", "-journal")
_LOOKS = 20
_BUSY_SECONDS = 30.0
Listing = dict[str, tuple[int, int]]
Make = Callable[[Path], Sequence[str]]
"""Writes files into a folder and returns their names."""


@contextmanager
def frozen(
    folder: Path, first: Sequence[str] = (), make: Make | None = None
) -> Iterator[dict[str, Path]]:
    """Give every file by its path in `folder` (with `/`), frozen; gone afterwards.

    `first` names the databases that are copied before the others; `make` writes what
    belongs to the state and lies elsewhere into a folder, before anything is copied.

    Raises:
        ConfigurationRefused: a symbolic link, a damaged database, another backup at
            work, or files that never stand still.
        OSError: the disk refuses.
    """
    work = folder / WORK
    claim = _claim(work)
    try:
        _clear(work)
        made = make(work / "files") if make else ()
        databases = _databases(folder, first)
        for name in databases:
            _copy(folder / name, _place(work, name))
        rest = _link_all(folder, work)
        yield {name: work / "files" / name for name in (*made, *databases, *rest)}
    finally:
        _clear(work)
        claim.release()
        shutil.rmtree(work, ignore_errors=True)


def _claim(work: Path) -> Claim:
    try:
        return Claim(work)
    except ConfigurationRefused as error:
        raise ConfigurationRefused(
            "another backup of this state_dir is at work, or it can't be written"
        ) from error


def _clear(work: Path) -> None:
    shutil.rmtree(work / "files", ignore_errors=True)


def _place(work: Path, name: str) -> Path:
    path = work / "files" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _listed(folder: Path) -> Listing:
    """Every file that is backed up: path → its number and when it was changed."""
    found: Listing = {}
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in (*folders, *files):
            path = Path(where, name)
            if path.is_symlink():
                raise ConfigurationRefused(
                    f"{name} in state_dir is a symbolic link, behind which a backup"
                    " does not look; move the files themselves there"
                )
        for name in filter(_is_kept, files):
            path = Path(where, name)
            try:
                about = path.stat()
            except FileNotFoundError:
                continue
            key = path.relative_to(folder).as_posix()
            found[key] = (about.st_ino, about.st_mtime_ns)
    return found


def _is_kept(name: str) -> bool:
    unlasting = name.startswith(".") or name in SKIPPED
    return not unlasting and not name.endswith(_MADE_ANEW)


def _databases(folder: Path, first: Sequence[str]) -> list[str]:
    found = sorted(name for name in _listed(folder) if name.endswith(".db"))
    return sorted(found, key=lambda name: name not in first)


def _copy(source: Path, target: Path) -> None:
    """Copy a database that others may write to, and look whether the copy is sound."""
    try:
        with closing(_connect(source)) as old, closing(_connect(target)) as new:
            old.execute("PRAGMA query_only=ON")
            old.backup(new)
            sound = new.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise ConfigurationRefused(f"{source.name} can't be copied: {error}") from error
    if sound != "ok":
        raise ConfigurationRefused(f"{source.name} is damaged; look after the disk")
    target.chmod(0o600)


def _connect(path: Path) -> sqlite3.Connection:
    mode = "rw" if path.exists() else "rwc"
    uri = f"file:{quote(str(path))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _link_all(folder: Path, work: Path) -> list[str]:
    """Link all but databases; again, where something changed meanwhile."""
    for _ in range(_LOOKS):
        before = _others(folder)
        try:
            for name in before:
                _link(folder / name, _place(work, name))
        except FileNotFoundError:
            continue
        if _others(folder) == before:
            return sorted(before)
    raise ConfigurationRefused("the files in state_dir never stand still; try later")


def _others(folder: Path) -> Listing:
    found = _listed(folder)
    return {name: at for name, at in found.items() if not name.endswith(".db")}


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def sync(folder: Path) -> None:
    """Make everything in a folder durable: files first, then the names of them."""
    for where, _, files in os.walk(folder, topdown=False):
        for path in (*(Path(where, name) for name in files), Path(where)):
            opened = os.open(path, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)
