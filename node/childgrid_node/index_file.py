"""The index file: a signed header, then frames of rows.

Format 1 (all integers little-endian)::

    0       8  magic "CGINDEX1"
    8       4  length of the header's JSON
    12      .  header JSON in ASCII, then zero bytes
    4064   32  HMAC-SHA256 of bytes 0..4063
    4096    .  frames, each starting at a multiple of 64

    frame   4  rows in the frame        8  its number, from 0
            8  stored length            12 nonce (zero when in the clear)
           32  SHA-256 of what is stored
            .  stored payload, then zero bytes up to a multiple of 64

    payload    encodings   rows × words × 8      digests  rows × 32
               popcounts   fields × rows × 2     guards   rows × 1
               key ends    rows × 4              keys     UTF-8, end to end

Stored is the payload, or its AES-256-GCM ciphertext under a key of its own for each
file, with the file's id and the frame's number as associated data. The header counts
rows, frames and bytes and holds the SHA-256 over all frame heads, so a missing, extra,
swapped or altered frame is seen. The header's MAC and the file's key come by HKDF
from the index key; a file in the clear is authenticated by the same MAC.

This module knows bytes; what a row means is ``index``'s affair.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import struct
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from childgrid_node.index_errors import Damaged, IndexFileError, NotAnIndex

if TYPE_CHECKING:
    from typing import BinaryIO

MAGIC = b"CGINDEX1"
MAGIC_STEM = b"CGINDEX"
HEAD_BYTES = 4096
MAC_AT = HEAD_BYTES - 32
ALIGN = 64
NONCE_BYTES = 12
FRAME_HEAD = struct.Struct("<IQQ12s32s")
LENGTH = struct.Struct("<I")
REBUILD = "rebuild it with `childgrid-node index`"


@dataclass(frozen=True)
class Header:
    """What a file says of itself. Times are whole seconds since 1970, UTC.

    ``scheme`` and ``key_check`` are hexadecimal; ``as_of`` is the time of the view
    of the source; ``category`` is the mapping's; ``clear`` is 1 for an index that
    stands unencrypted on a disk that the operator declared encrypted.
    """

    scheme: str
    epoch: int
    key_check: str
    words: int
    created: int
    as_of: int
    agency: str
    category: str
    clear: int
    file_id: str
    rows: int = 0
    frames: int = 0
    length: int = 0
    sha256: str = ""

    def pack(self, mac_key: bytes) -> bytes:
        """Return the 4,096 bytes of the header.

        Raises:
            IndexFileError: the agency's or the category's name is too long.
        """
        text = json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)
        body = MAGIC + LENGTH.pack(len(text)) + text.encode("ascii")
        if len(body) > MAC_AT:
            raise IndexFileError("the index header is too long: shorten the category")
        body = body.ljust(MAC_AT, b"\0")
        return body + hmac.digest(mac_key, body, "sha256")

    @classmethod
    def unpack(cls, head: bytes, mac_key: bytes) -> Header:
        """Return the header in ``head``.

        Raises:
            NotAnIndex: another kind or version of file.
            Damaged: truncated or altered, or made with another index key.
        """
        if not head.startswith(MAGIC_STEM):
            raise NotAnIndex(f"this is not an index of ours; {REBUILD}")
        if not head.startswith(MAGIC):
            raise NotAnIndex(f"the index has another format version; {REBUILD}")
        if len(head) != HEAD_BYTES:
            raise Damaged(f"the index is truncated; {REBUILD}")
        if not hmac.compare_digest(
            head[MAC_AT:], hmac.digest(mac_key, head[:MAC_AT], "sha256")
        ):
            raise Damaged(
                "the index header was altered, or the index key is another one; "
                f"restore the key or {REBUILD}"
            )
        (length,) = LENGTH.unpack_from(head, len(MAGIC))
        start = len(MAGIC) + LENGTH.size
        content = json.loads(head[start : start + length])
        return cls(**{field.name: content[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class Keys:
    """The two keys of one file, derived from the node's index key."""

    mac: bytes
    seal: bytes

    @classmethod
    def derive(cls, index_key: bytes, file_id: str) -> Keys:
        """Derive from 32 bytes and the file's id.

        Raises:
            IndexFileError: the index key has not 32 bytes.
        """
        if len(index_key) != 32:
            raise IndexFileError("the index key must have 32 bytes; run doctor")
        mac = _hkdf(index_key, b"childgrid/v1/index/mac", b"")
        return cls(mac, _hkdf(index_key, b"childgrid/v1/index/seal", file_id.encode()))


def _hkdf(key: bytes, info: bytes, salt: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt or None, info).derive(key)


class Frames:
    """Writes frames one after another and counts them."""

    def __init__(self, file: BinaryIO, keys: Keys, header: Header) -> None:
        self._file, self._keys, self._header = file, keys, header
        self._sum = hashlib.sha256()
        self.rows = self.frames = self.length = 0

    def add(self, rows: int, payload: bytes) -> None:
        """Seal (unless in the clear) and write one frame of ``rows`` rows."""
        nonce, stored = bytes(NONCE_BYTES), payload
        if not self._header.clear:
            nonce = os.urandom(NONCE_BYTES)
            data = _associated(self._header.file_id, self.frames, rows)
            stored = AESGCM(self._keys.seal).encrypt(nonce, payload, data)
        digest = hashlib.sha256(stored).digest()
        head = FRAME_HEAD.pack(rows, self.frames, len(stored), nonce, digest)
        padding = -len(stored) % ALIGN
        self._file.write(head)
        self._file.write(stored)
        self._file.write(bytes(padding))
        self._sum.update(head)
        self.rows += rows
        self.frames += 1
        self.length += len(head) + len(stored) + padding

    def digest(self) -> str:
        """Return the SHA-256 over all frame heads so far, in hexadecimal."""
        return self._sum.hexdigest()


def _associated(file_id: str, number: int, rows: int) -> bytes:
    return f"{file_id}/{number}/{rows}".encode("ascii")


@dataclass(frozen=True)
class Frame:
    """One frame as read: its rows and its payload in the clear."""

    rows: int
    payload: memoryview


def read_frames(view: memoryview, header: Header, keys: Keys) -> list[Frame]:
    """Return the frames in ``view``, which is the whole file.

    Raises:
        Damaged: bytes are missing, extra or altered.
    """
    if len(view) != HEAD_BYTES + header.length:
        raise Damaged(f"the index is truncated or has bytes too many; {REBUILD}")
    frames, at, total = [], HEAD_BYTES, hashlib.sha256()
    for number in range(header.frames):
        head = view[at : at + FRAME_HEAD.size]
        total.update(head)
        frame, at = _read_frame(view, at, number, header, keys)
        frames.append(frame)
    if at != len(view) or total.hexdigest() != header.sha256:
        raise _altered()
    return frames


def _read_frame(
    view: memoryview, at: int, number: int, header: Header, keys: Keys
) -> tuple[Frame, int]:
    start = at + FRAME_HEAD.size
    if start > len(view):
        raise _altered()
    rows, told, length, nonce, digest = FRAME_HEAD.unpack_from(view, at)
    stored = view[start : start + length]
    if told != number or hashlib.sha256(stored).digest() != digest:
        raise _altered()
    end = start + length + (-length % ALIGN)
    if header.clear:
        return Frame(rows, stored), end
    try:
        data = _associated(header.file_id, number, rows)
        opened = AESGCM(keys.seal).decrypt(nonce, stored, data)
    except InvalidTag as error:
        raise _altered() from error
    return Frame(rows, memoryview(opened)), end


def _altered() -> Damaged:
    return Damaged(f"the index was altered after it was written; {REBUILD}")
