"""The parts of a register on the disk: split from one index file, named by a manifest.

`split` reads an index file frame by frame, whatever its size, and writes as many files
of the same format, each a run of its rows under an index key of their own. A manifest,
signed with that key, names them; it is put in force when all are on the disk, so that a
crash leaves the parts before or the one file, which is split again. A part that was
left out, or put in another's place, is noticed.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from childgrid_node.index import Block, Index, Origin, expect
from childgrid_node.index_errors import Damaged, IndexFileError, NotAnIndex
from childgrid_node.index_file import (
    REBUILD,
    ROWS,
    Header,
    Keys,
    opened_frame,
    read_header,
    stored_frames,
)
from childgrid_node.index_store import mapped
from childgrid_node.indexer import Keyring
from childgrid_node.segments import segment_of
from childgrid_node.vault import derive
from childgrid_wire import keyfile

_PIECE = 16_384
_LOCK = ".parts.lock"
_BUILD = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Manifest:
    """Which files are a register: the build's name, and each file's id in order."""

    build: str
    files: tuple[str, ...]

    def paths(self, path: Path) -> list[Path]:
        """The parts' files of a register whose index file would be `path`."""
        count = len(self.files)
        return [
            path.with_suffix(f".{self.build}-{at + 1}of{count}.part")
            for at in range(count)
        ]

    def write(self, path: Path, key: bytes) -> None:
        """Put it in force in the place of what stood there."""
        body = json.dumps(asdict(self), sort_keys=True).encode()
        keyfile.write_private(path, body + b"\n" + _mac(key, body) + b"\n")

    @classmethod
    def read(cls, path: Path, key: bytes) -> Manifest:
        """Read what `write` wrote.

        Raises:
            NotAnIndex: another kind of file.
            Damaged: altered, or signed with another key.
            IndexFileError: it can't be read.
        """
        try:
            body, mac = path.read_bytes().split(b"\n")[:2]
        except OSError as error:
            raise IndexFileError(f"the parts' manifest can't be read; {REBUILD}") from (
                error
            )
        except ValueError as error:
            raise NotAnIndex(f"this is no manifest of parts; {REBUILD}") from error
        if not hmac.compare_digest(mac, _mac(key, body)):
            raise Damaged(f"the parts' manifest was altered; {REBUILD}")
        return cls._parse(json.loads(body))

    @classmethod
    def _parse(cls, table: Mapping[str, object]) -> Manifest:
        build, files = table.get("build"), table.get("files")
        if not (isinstance(build, str) and _BUILD.fullmatch(build)):
            raise NotAnIndex(f"the parts' manifest is another version's; {REBUILD}")
        if not isinstance(files, list) or not files:
            raise NotAnIndex(f"the parts' manifest is another version's; {REBUILD}")
        return cls(build, tuple(str(one) for one in files))


def _mac(key: bytes, body: bytes) -> bytes:
    digest = hmac.digest(derive(key, b"parts"), body, hashlib.sha256)
    return digest.hex().encode()


def manifest_of(path: Path) -> Path:
    """Where the manifest of a register lies whose index file would be `path`."""
    return path.with_suffix(".parts")


def key_of(index_key: bytes) -> bytes:
    """The index key of parts: hosts that hold them learn no other file's."""
    return derive(index_key, b"index of parts")


def taken(path: Path, keyring: Keyring, count: int) -> Manifest:
    """Split what was indexed, if anything waits; return which files are the register.

    Of several programs one splits and the others wait for it.

    Raises:
        IndexFileError: a file can't be read, or was altered.
    """
    with _alone(path.parent):
        while path.exists():
            split(path, keyring, count)
        return Manifest.read(manifest_of(path), key_of(keyring.index_key))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only one who splits what lies in a folder."""
    # A file, since a network file system locks no folders.
    opened = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def split(path: Path, keyring: Keyring, count: int) -> Manifest:
    """Write a register's index file as `count` parts, and remove it when that is done.

    What was indexed anew meanwhile stays, to be split next.

    Raises:
        IndexFileError: the file can't be read, or was altered; nothing was changed.
    """
    number = path.stat().st_ino
    key, source = key_of(keyring.index_key), _Source.of(path, keyring)
    build = secrets.token_hex(8)
    paths = Manifest(build, ("",) * count).paths(path)
    cuts = [source.header.rows * at // count for at in range(count + 1)]
    with _undone(paths):
        heads = [
            _part(part, source, keyring, key, cuts[at], cuts[at + 1])
            for at, part in enumerate(paths)
        ]
    made = Manifest(build, tuple(head.file_id for head in heads))
    made.write(manifest_of(path), key)
    if path.stat().st_ino == number:
        path.unlink()
    sweep(path, made)
    return made


@contextmanager
def _undone(paths: Sequence[Path]) -> Iterator[None]:
    """Remove what was written if not all of it could be."""
    try:
        yield
    except BaseException:
        for one in paths:
            one.unlink(missing_ok=True)
        raise


def sweep(path: Path, manifest: Manifest) -> None:
    """Remove parts of the same register that its manifest does not name."""
    kept = {one.name for one in manifest.paths(path)}
    ours = re.compile(rf"{re.escape(path.stem)}\.[0-9a-f]{{16}}-\d+of\d+\.part")
    for one in path.parent.iterdir():
        if ours.fullmatch(one.name) and one.name not in kept:
            one.unlink(missing_ok=True)


def _part(
    path: Path, source: _Source, keyring: Keyring, key: bytes, low: int, high: int
) -> Header:
    head = source.header
    return Index.build(
        path,
        source.blocks(low, high),
        scheme=keyring.scheme,
        epoch=head.epoch,
        key_check=bytes.fromhex(head.key_check),
        origin=Origin(head.agency, head.category, head.as_of, head.created),
        index_key=key,
        clear=bool(head.clear),
    )


@dataclass(frozen=True)
class _Source:
    """The one file: `frames` are number, first row and rows of each frame of rows."""

    view: memoryview
    header: Header
    keys: Keys
    keyring: Keyring
    dead: NDArray[np.uint64]

    @classmethod
    def of(cls, path: Path, keyring: Keyring) -> _Source:
        view = mapped(path)
        header = read_header(view, Keys.derive(keyring.index_key, "").mac)
        expect(header, keyring.scheme, keyring.epoch, keyring.key_check)
        keys = Keys.derive(keyring.index_key, header.file_id)
        dead = [
            np.frombuffer(
                opened_frame(header, keys, number, head, stored, check=True).payload,
                "<u8",
            )
            for number, (head, stored) in enumerate(stored_frames(view, header))
            if head[0] != ROWS
        ]
        found = np.concatenate(dead) if dead else np.empty(0, np.uint64)
        return cls(view, header, keys, keyring, found)

    def blocks(self, low: int, high: int) -> Iterator[Block]:
        """Yield the living rows from `low` up to `high`, some at a time."""
        first = 0
        for number, (head, stored) in enumerate(stored_frames(self.view, self.header)):
            if head[0] != ROWS:
                continue
            start, first = first, first + head[2]
            if start < high and first > low:
                frame = opened_frame(
                    self.header, self.keys, number, head, stored, check=True
                )
                segment = segment_of(self.keyring.scheme, start, frame)
                wanted = np.arange(max(low, start), min(high, first), dtype=np.uint64)
                alive = wanted[~np.isin(wanted, self.dead)] - np.uint64(start)
                for at in range(0, len(alive), _PIECE):
                    chosen = alive[at : at + _PIECE].astype(np.int64)
                    yield Block(
                        [segment.key(local) for local in chosen.tolist()],
                        segment.rows[chosen],
                        segment.guards[chosen],
                    )
