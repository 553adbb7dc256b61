"""Rows on their way into an index file, and as they lie in one.

Knows how a frame's payload is laid out (see ``index_file``) and checks what comes in:
widths, lengths, and that no source key comes twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from childgrid_node.index_errors import Damaged, DuplicateSource, IndexFileError
from childgrid_node.index_file import ROWS, TOMBSTONES, Frame
from childgrid_node.scan import row_popcounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from childgrid_node.scheme import Scheme

FRAME_ROWS = 65_536
_NONE_DEAD = np.zeros(FRAME_ROWS, np.uint8)
"""What segments share that lack no row, as most do; nobody writes it.

It is not marked read-only, for which loops would be compiled a second time.
"""

MARK_BYTES = 8
DIGEST_BYTES = 32


@dataclass(frozen=True)
class Block:
    """Rows on their way into an index: equally many of each.

    ``keys`` are source keys, ``encodings`` ``uint64[n, words]``, ``guards``
    ``uint8[n]``.
    """

    keys: Sequence[str]
    encodings: NDArray[np.uint64]
    guards: NDArray[np.uint8]


@dataclass(frozen=True)
class Segment:
    """Rows that lie together, in memory or in a mapped file.

    ``first`` is the first row's number; ``rows`` is ``uint64[n, words]``; ``filled``
    ``uint16[n, fields]``; ``marks`` ``uint64[n]``, keyed hashes of the source keys;
    ``digests`` ``uint8[n, 32]``; ``guards`` ``uint8[n]``; ``ends`` and ``keys`` hold
    the source keys; ``dead`` is 1 for deleted rows, of which there are ``gone``. None
    is changed while searched.
    """

    first: int
    rows: NDArray[np.uint64]
    filled: NDArray[np.uint16]
    marks: NDArray[np.uint64]
    digests: NDArray[np.uint8]
    guards: NDArray[np.uint8]
    ends: NDArray[np.uint32]
    keys: NDArray[np.uint8]
    dead: NDArray[np.uint8]
    gone: int = 0

    @property
    def living(self) -> int:
        """Number of rows that are not deleted; told, not counted."""
        return len(self.rows) - self.gone

    def without(self, locals_: Sequence[int]) -> Segment:
        """Return the segment with these rows deleted; this one stays as it is."""
        return _buried(replace(self, dead=self.dead.copy()), locals_)

    def key(self, local: int) -> str:
        """Return the source key of the segment's row ``local``."""
        start = int(self.ends[local - 1]) if local else 0
        return bytes(self.keys[start : int(self.ends[local])]).decode("utf-8")


def encoding_digest(encoding: NDArray[np.uint64]) -> bytes:
    """Return the SHA-256 of one encoding's little-endian words (32 bytes)."""
    return hashlib.sha256(encoding.astype("<u8", copy=False).tobytes()).digest()


def marks_of(keys: Sequence[str], secret: bytes) -> NDArray[np.uint64]:
    """Return 8 bytes of keyed BLAKE2b (RFC 7693) of each source key: ``uint64[n]``."""
    marks = b"".join(
        hashlib.blake2b(key.encode(), digest_size=MARK_BYTES, key=secret).digest()
        for key in keys
    )
    return np.frombuffer(marks, "<u8")


class Seen:
    """Refuses a source key that comes twice, in 8 bytes a row."""

    def __init__(self) -> None:
        self._marks: list[NDArray[np.uint64]] = []

    def add(self, marks: NDArray[np.uint64]) -> None:
        """Take note of the marks of source keys."""
        self._marks.append(marks)

    def check(self) -> None:
        """Raise ``DuplicateSource`` if any key was added twice."""
        if not self._marks:
            return
        marks = np.sort(np.concatenate(self._marks))
        repeated = int((marks[1:] == marks[:-1]).sum())
        if repeated:
            raise DuplicateSource(
                f"{repeated} rows repeat another row's source key; name a column "
                "as `key` in the mapping that tells rows apart"
            )


def frames_of(
    scheme: Scheme, blocks: Iterable[Block], secret: bytes
) -> Iterator[Frame]:
    """Yield frames of equal size, however large the blocks; the last may be smaller.

    Raises:
        DuplicateSource: two rows have the same source key; after the last frame.
    """
    seen = Seen()
    for block in _regrouped(scheme, blocks):
        marks = marks_of(block.keys, secret)
        seen.add(marks)
        payload = memoryview(_payload(scheme, block, marks))
        yield Frame(ROWS, len(block.keys), payload)
    seen.check()


def _regrouped(scheme: Scheme, blocks: Iterable[Block]) -> Iterator[Block]:
    waiting: list[Block] = []
    count = 0
    for block in blocks:
        _check_block(scheme, block)
        low = 0
        while low < len(block.keys):
            part = slice(low, low + FRAME_ROWS - count)
            piece = Block(block.keys[part], block.encodings[part], block.guards[part])
            waiting.append(piece)
            count += len(piece.keys)
            low += len(piece.keys)
            if count == FRAME_ROWS:
                yield _joined(waiting)
                waiting, count = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(blocks: Sequence[Block]) -> Block:
    return Block(
        [key for block in blocks for key in block.keys],
        np.concatenate([block.encodings for block in blocks]),
        np.concatenate([block.guards for block in blocks]),
    )


def _check_block(scheme: Scheme, block: Block) -> None:
    rows = len(block.keys)
    if (
        block.encodings.shape != (rows, scheme.layout.words)
        or len(block.guards) != rows
    ):
        raise IndexFileError("a block has another width or length than it should")


def _payload(scheme: Scheme, block: Block, marks: NDArray[np.uint64]) -> bytes:
    rows = np.ascontiguousarray(block.encodings, "<u8")
    keys = [key.encode("utf-8") for key in block.keys]
    ends = np.cumsum([len(key) for key in keys], dtype="<u4")
    content = rows.tobytes()
    size = 8 * scheme.layout.words
    digests = [
        hashlib.sha256(content[at : at + size]).digest()
        for at in range(0, len(content), size)
    ]
    return b"".join(
        (
            content,
            marks.tobytes(),
            ends.tobytes(),
            row_popcounts(scheme, rows).astype("<u2").tobytes(),
            *digests,
            np.asarray(block.guards, np.uint8).tobytes(),
            *keys,
        )
    )


def segment_of(scheme: Scheme, first: int, frame: Frame) -> Segment:
    """Return views into a frame's payload, in the order the file format gives.

    Raises:
        Damaged: the payload is shorter than its rows.
    """
    words, fields, rows = scheme.layout.words, len(scheme.fields), frame.rows
    sizes = (8 * words, MARK_BYTES, 4, 2 * fields, DIGEST_BYTES, 1)
    parts, at = [], 0
    for size in sizes:
        parts.append(frame.payload[at : at + size * rows])
        at += size * rows
    if at > len(frame.payload):
        raise Damaged("a frame of the index is too short; rebuild the index")
    return Segment(
        first=first,
        rows=_array(parts[0], "<u8").reshape(rows, words),
        marks=_array(parts[1], "<u8"),
        ends=_array(parts[2], "<u4"),
        filled=_array(parts[3], "<u2").reshape(rows, fields),
        digests=_array(parts[4], "u1").reshape(rows, DIGEST_BYTES),
        guards=_array(parts[5], "u1"),
        keys=_array(frame.payload[at:], "u1"),
        dead=_NONE_DEAD[:rows] if rows <= len(_NONE_DEAD) else np.zeros(rows, np.uint8),
    )


def tombstones(rows: Sequence[int]) -> Frame:
    """Return a frame that deletes rows by their numbers."""
    payload = np.array(sorted(rows), "<u8").tobytes()
    return Frame(TOMBSTONES, len(rows), memoryview(payload))


def laid_out(
    scheme: Scheme, before: Sequence[Segment], frames: Iterable[Frame]
) -> tuple[Segment, ...]:
    """Return the segments that ``frames`` make of those before, which stay as they are.

    Raises:
        Damaged: a tombstone of a row that is not there.
    """
    segments, fresh = list(before), set[int]()
    first = segments[-1].first + len(segments[-1].rows) if segments else 0
    for frame in frames:
        if frame.kind == ROWS:
            fresh.add(len(segments))
            segments.append(segment_of(scheme, first, frame))
            first += frame.rows
        else:
            _bury(segments, fresh, np.frombuffer(frame.payload, "<u8"), first)
    return tuple(segments)


def _bury(
    segments: list[Segment], fresh: set[int], rows: NDArray[np.uint64], end: int
) -> None:
    if len(rows) and int(rows.max()) >= end:
        raise Damaged("the index deletes a row that it does not have; rebuild it")
    firsts = np.array([segment.first for segment in segments], np.int64)
    numbers = rows.astype(np.int64)
    places = np.searchsorted(firsts, numbers, side="right") - 1
    for at in np.unique(places).tolist():
        locals_ = (numbers[places == at] - firsts[at]).tolist()
        if at in fresh and segments[at].gone:
            segments[at] = _buried(segments[at], locals_)
        else:
            # Readers of the state before keep theirs, and whole segments share one.
            segments[at] = segments[at].without(locals_)
            fresh.add(at)


def _buried(segment: Segment, locals_: Sequence[int]) -> Segment:
    """Delete rows in the segment itself; return it with their number told."""
    rows = np.unique(locals_)
    more = len(rows) - int(segment.dead[rows].sum())
    segment.dead[rows] = 1
    return replace(segment, gone=segment.gone + more)


def _array(part: memoryview, kind: str) -> NDArray[Any]:
    found: NDArray[Any] = np.frombuffer(part, kind)
    found.flags.writeable = False
    return found
