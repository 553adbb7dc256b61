"""Rows on their way into an index file, and as they lie in one.

Knows how a frame's payload is laid out (see ``index_file``) and checks what comes in:
widths, lengths, and that no source key comes twice.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from childgrid_node.index_errors import DuplicateSource, IndexFileError
from childgrid_node.scan import row_popcounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from childgrid_node.scheme import Scheme

FRAME_ROWS = 16_384
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
    ``uint16[n, fields]``; ``digests`` ``uint8[n, 32]``; ``guards`` ``uint8[n]``;
    ``ends`` and ``keys`` hold the source keys; ``dead`` is 1 for deleted rows.
    """

    first: int
    rows: NDArray[np.uint64]
    filled: NDArray[np.uint16]
    digests: NDArray[np.uint8]
    guards: NDArray[np.uint8]
    ends: NDArray[np.uint32]
    keys: NDArray[np.uint8]
    dead: NDArray[np.uint8]

    def key(self, local: int) -> str:
        """Return the source key of the segment's row ``local``."""
        start = int(self.ends[local - 1]) if local else 0
        return bytes(self.keys[start : int(self.ends[local])]).decode("utf-8")


def encoding_digest(encoding: NDArray[np.uint64]) -> bytes:
    """Return the SHA-256 of one encoding's little-endian words (32 bytes)."""
    return hashlib.sha256(encoding.astype("<u8", copy=False).tobytes()).digest()


class Seen:
    """Refuses a source key that comes twice, in 8 bytes a row."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(16)
        self._marks: list[NDArray[np.uint64]] = []

    def add(self, keys: Sequence[str]) -> None:
        """Take note of these source keys."""
        marks = b"".join(
            hashlib.blake2b(key.encode(), digest_size=8, key=self._salt).digest()
            for key in keys
        )
        self._marks.append(np.frombuffer(marks, "<u8"))

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


def payloads(
    scheme: Scheme, blocks: Iterable[Block], seen: Seen
) -> Iterator[tuple[int, bytes]]:
    """Yield (rows, payload) of each frame, and at last check ``seen``."""
    for block in blocks:
        _check_block(scheme, block)
        seen.add(block.keys)
        for low in range(0, len(block.keys), FRAME_ROWS):
            part = slice(low, low + FRAME_ROWS)
            piece = Block(block.keys[part], block.encodings[part], block.guards[part])
            yield len(piece.keys), _payload(scheme, piece)
    seen.check()


def _check_block(scheme: Scheme, block: Block) -> None:
    rows = len(block.keys)
    if (
        block.encodings.shape != (rows, scheme.layout.words)
        or len(block.guards) != rows
    ):
        raise IndexFileError("a block has another width or length than it should")


def _payload(scheme: Scheme, block: Block) -> bytes:
    rows = np.ascontiguousarray(block.encodings, "<u8")
    keys = [key.encode("utf-8") for key in block.keys]
    ends = np.cumsum([len(key) for key in keys], dtype="<u4")
    return b"".join(
        (
            rows.tobytes(),
            b"".join(encoding_digest(row) for row in rows),
            row_popcounts(scheme, rows).astype("<u2").tobytes(),
            np.asarray(block.guards, np.uint8).tobytes(),
            ends.tobytes(),
            *keys,
        )
    )


def segment_of(scheme: Scheme, first: int, rows: int, payload: memoryview) -> Segment:
    """Return views into ``payload``, in the order the file format gives."""
    words, fields = scheme.layout.words, len(scheme.fields)
    sizes = (8 * rows * words, DIGEST_BYTES * rows, 2 * rows * fields, rows, 4 * rows)
    parts, at = [], 0
    for size in sizes:
        parts.append(payload[at : at + size])
        at += size
    return Segment(
        first=first,
        rows=_array(parts[0], "<u8").reshape(rows, words),
        digests=_array(parts[1], "u1").reshape(rows, DIGEST_BYTES),
        filled=_array(parts[2], "<u2").reshape(rows, fields),
        guards=_array(parts[3], "u1"),
        ends=_array(parts[4], "<u4"),
        keys=_array(payload[at:], "u1"),
        dead=np.zeros(rows, np.uint8),
    )


def _array(part: memoryview, kind: str) -> NDArray[Any]:
    found: NDArray[Any] = np.frombuffer(part, kind)
    found.flags.writeable = False
    return found
