"""Where an index lies: opening, committing to, replacing and compacting its file.

One process writes an index; a lock on the file, and a look at the generation in force,
keep a second one from doing harm. Readers take no lock: they hold a mapping or a copy
of what they opened, which a commit only adds to and a replacement leaves alone.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.index_errors import IndexFileError
from childgrid_node.index_file import (
    FRAMES_AT,
    ROWS,
    Frame,
    Header,
    Keys,
    read_header,
    write_frames,
    write_header,
)
from childgrid_node.segments import Block, Segment, frames_of
from childgrid_node.soundness import Soundness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from childgrid_node.scheme import Scheme

PRIVATE = 0o600
CHUNK = 16_384


@dataclass(frozen=True)
class Home:
    """The file behind an index, if there is one, its keys, and if it holds.

    ``soundness`` is that of the mapping; None where nothing is mapped.
    """

    path: Path | None
    keys: Keys
    soundness: Soundness | None = None


_MISSED = 2
"""Pages around a place that is named: frames are not quite of one length."""


def mapped(path: Path) -> memoryview:
    """Map a file for reading.

    Raises:
        IndexFileError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise IndexFileError(
            f"the index cannot be read ({error.strerror}); check the path in node.toml"
        ) from error


@contextmanager
def scattered(view: memoryview) -> Iterator[Callable[[int], None]]:
    """Within it, of a mapping only those pages are fetched that are touched, or named.

    Read ahead, each of the heads that are met when a cold file is opened would bring
    its neighbours along: seconds in the place of milliseconds for twenty million rows.
    What is yielded takes a place that will be touched soon.
    """
    known = view.obj if isinstance(view.obj, mmap.mmap) else None

    def soon(place: int) -> None:
        first = max(place // mmap.PAGESIZE - _MISSED, 0) * mmap.PAGESIZE
        if known is not None and first < len(view):
            size = (2 * _MISSED + 1) * mmap.PAGESIZE
            known.madvise(mmap.MADV_WILLNEED, first, min(size, len(view) - first))

    if known is not None:
        known.madvise(mmap.MADV_RANDOM)
    try:
        yield soon
    finally:
        if known is not None:
            known.madvise(mmap.MADV_NORMAL)


def commit(
    home: Home, known: Header, header: Header, frames: Sequence[Frame]
) -> Header:
    """Append ``frames`` and put ``header``, with what they add, in force.

    Raises:
        IndexFileError: the file is not at ``known`` any more, or cannot be written.
    """
    if home.path is None:
        rows = sum(frame.rows for frame in frames if frame.kind == ROWS)
        return replace(header, rows=header.rows + rows)
    with _held(home.path, home.keys, known) as file:
        end = FRAMES_AT + header.length
        # What a crash left behind the end in force goes first.
        file.truncate(end)
        file.seek(end)
        fresh = write_frames(file, header, home.keys, frames)
        write_header(file, fresh, home.keys)
    return fresh


def compact(
    scheme: Scheme, home: Home, header: Header, segments: Sequence[Segment]
) -> Header:
    """Replace the file by one of its living rows; return the header of that.

    Raises:
        IndexFileError: there is no file, or it is not at ``header`` any more.
    """
    if home.path is None:
        raise IndexFileError("an index in memory has no file to compact")
    # An odd generation comes next, whose header stands at the start of the file.
    generation = header.generation + header.generation % 2
    empty = replace(
        header, generation=generation, rows=0, dead=0, frames=0, length=0, chain=""
    )
    frames = frames_of(scheme, _living(segments), home.keys.marks)
    with (
        _held(home.path, home.keys, header),
        replacing(home.path) as descriptor,
        os.fdopen(descriptor, "wb") as file,
    ):
        file.write(bytes(FRAMES_AT))
        fresh = write_frames(file, empty, home.keys, frames)
        write_header(file, fresh, home.keys)
    return fresh


def _living(segments: Sequence[Segment]) -> Iterator[Block]:
    for segment in segments:
        rows = np.flatnonzero(segment.dead == 0)
        for low in range(0, len(rows), CHUNK):
            part = rows[low : low + CHUNK]
            keys = [segment.key(local) for local in part.tolist()]
            yield Block(keys, segment.rows[part], segment.guards[part])


@contextmanager
def _held(path: Path, keys: Keys, known: Header) -> Iterator[BinaryIO]:
    """Yield the file, locked, if it still is at ``known``."""
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = read_header(mapped(path), keys.mac)
        same = os.fstat(file.fileno()).st_ino == path.stat().st_ino
        if not same or found != known:
            raise IndexFileError("the index was changed meanwhile; open it again")
        yield file


@contextmanager
def replacing(path: Path) -> Iterator[int]:
    """Yield a private temporary file that takes ``path``'s place if all goes well."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        os.fchmod(descriptor, PRIVATE)
        yield descriptor
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
