"""A party's whole state in one sealed file, and back from it.

The file is sealed under the passphrase of the party's own keys (`sealed_file`). Inside:
the length of a manifest (8 bytes, big-endian), the manifest (canonical JSON: whose
state it is, when it was taken, and of every file its size and SHA-256), then the files,
one after the other. Indexes are not in it: they are made anew from the source.

The rules: what is restored is whole, and was read whole before any of it counts; it
goes into an empty folder only; and a log that comes back says nothing before its
witnesses have seen it (`restored`).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from childgrid_log import restored, snapshot
from childgrid_wire import canonical, keyfile, sealed_file
from childgrid_wire.errors import ConfigurationRefused, Malformed
from childgrid_wire.sealed_file import Reader, Writer

_FORMAT = "childgrid-backup-1"
_LENGTH = struct.Struct(">Q")
_LONGEST = 64 * 2**20
_CHUNK = 2**20
_PATH = re.compile(r"(?!\.)[\w.@+-]+(/(?!\.)[\w.@+-]+)*", re.ASCII)
_UNPACKING = ".restoring"


@dataclass(frozen=True)
class Owner:
    """Whose state it is: the zone's name (`node`, `coordinator`, `station`), member."""

    zone: str
    member: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds; `made` in Unix seconds, `bytes` of all files together."""

    owner: Owner
    made: int
    files: Mapping[str, tuple[int, str]]

    @property
    def total(self) -> int:
        """How much the files take on the disk."""
        return sum(size for size, _ in self.files.values())

    def dump(self) -> bytes:
        """Canonical JSON."""
        files = {name: list(about) for name, about in self.files.items()}
        return canonical.dumps(
            {
                "format": _FORMAT,
                "zone": self.owner.zone,
                "member": self.owner.member,
                "made": self.made,
                "order": list(self.files),
                "files": files,
            }
        )

    @classmethod
    def read(cls, data: bytes) -> Manifest:
        """Read what `dump` wrote, and nothing that is spelled otherwise.

        Raises:
            ConfigurationRefused: another format, or a path that leads elsewhere.
        """
        try:
            table: dict[str, Any] = dict(canonical.loads(data))
            if table["format"] != _FORMAT:
                raise ConfigurationRefused("this backup is of another release's format")
            files = {name: table["files"][name] for name in table["order"]}
            owner = Owner(str(table["zone"]), str(table["member"]))
            made = int(table["made"])
            about = {one: (int(size), str(sha)) for one, (size, sha) in files.items()}
        except (KeyError, TypeError, ValueError, Malformed) as error:
            raise ConfigurationRefused("this is no backup of a state_dir") from error
        if not all(map(_PATH.fullmatch, about)):
            raise ConfigurationRefused("this backup names a file outside of state_dir")
        manifest = cls(owner, made, about)
        if manifest.dump() != data:
            raise ConfigurationRefused("this is no backup of a state_dir")
        return manifest


def backup(
    folder: Path,
    out: Path,
    passphrase: bytes,
    owner: Owner,
    now: int,
    first: Sequence[str] = (),
    make: snapshot.Make | None = None,
) -> Manifest:
    """Write the state in `folder` to `out`, sealed, beside whatever works in it.

    `first` names the databases that are copied first, `make` adds what lies elsewhere;
    see `snapshot`.

    Raises:
        ConfigurationRefused: `out` is there or lies in `folder`, or `folder` can't be
            frozen.
        OSError: the disk refuses; nothing is left behind.
    """
    if out.absolute().is_relative_to(folder.absolute()):
        raise ConfigurationRefused("a backup must not lie in the state_dir itself")
    # Refused before anything is copied: an unjoined folder, another passphrase.
    keyfile.unlock(folder / "keys" / "identity.locked", passphrase)
    with (
        snapshot.frozen(folder, first, make) as files,
        sealed_file.writing(out, passphrase) as writer,
    ):
        manifest = Manifest(owner, now, {name: _about(files[name]) for name in files})
        head = manifest.dump()
        writer.write(_LENGTH.pack(len(head)) + head)
        for path in files.values():
            _pour(path, writer)
    return manifest


def _about(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, digest


def _pour(path: Path, writer: Writer) -> None:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            writer.write(chunk)


def restore(file: Path, folder: Path, passphrase: bytes, owner: Owner) -> Manifest:
    """Put a backup's files into `folder`, which must be empty or not there.

    Raises:
        ConfigurationRefused: the folder holds something; or the file is no backup,
            another member's, altered, cut off, or locked by another passphrase.
            Nothing of it is in force then.
        OSError: the disk refuses.
    """
    _insist_empty(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    work = folder / _UNPACKING
    work.mkdir(mode=0o700)
    try:
        with sealed_file.reading(file, passphrase) as reader:
            manifest = _manifest(reader, owner)
            for name, about in manifest.files.items():
                _unpack(reader, work / name, about)
            reader.finish()
        restored.mark(work / "keys")
        snapshot.sync(work)
        _put_in_force(work, folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return manifest


def _insist_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationRefused(
            f"{folder} is not empty: nothing is restored over what is there; move it"
            " away first, and keep it"
        )


def _manifest(reader: Reader, owner: Owner) -> Manifest:
    head = reader.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    if not 0 < length <= _LONGEST:
        raise ConfigurationRefused("this is no backup of a state_dir")
    manifest = Manifest.read(reader.read(length))
    if manifest.owner != owner:
        found = manifest.owner
        raise ConfigurationRefused(
            f"this is a backup of the {found.zone} {found.member},"
            f" not of the {owner.zone} {owner.member}"
        )
    return manifest


def _unpack(reader: Reader, path: Path, about: tuple[int, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    left, digest = about[0], hashlib.sha256()
    path.touch(mode=0o600)
    with path.open("wb") as file:
        while left and (chunk := reader.read(min(left, _CHUNK))):
            digest.update(chunk)
            file.write(chunk)
            left -= len(chunk)
    if left or digest.hexdigest() != about[1]:
        raise ConfigurationRefused(f"{path.name} in the backup is not what it was")


def _put_in_force(work: Path, folder: Path) -> None:
    """Move everything into place, the keys last: without them no program starts."""
    for path in sorted(work.iterdir(), key=lambda one: one.name == "keys"):
        path.rename(folder / path.name)
    work.rmdir()
    snapshot.sync(folder / "keys")
