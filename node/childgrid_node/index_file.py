"""The index file: two slots for a signed header, then frames that are only appended.

Format 2; ``docs/index-format.md`` has it in full (all integers little-endian)::

    0     4096  header slot 0           slot   8  magic "CGINDEX2"
    4096  4096  header slot 1                  4  length of the header's JSON
    8192     .  frames, each at a              .  header JSON in ASCII, then zeros
                multiple of 64                32  HMAC-SHA256 of what is before

    frame head   2  kind                8  stored length     stored payload, then
                 2  zero               12  nonce             zeros up to a multiple
                 4  rows               32  SHA-256 of what   of 64
                 4  number from 0          is stored, zero where it is sealed

A commit appends frames, flushes them, and only then writes the next header into the
slot that is not in force. The slot with the higher generation counts; bytes after the
length that it tells are what a crash left, and are never read. So a process killed
anywhere leaves the state before or after the commit.

Stored is the payload, or its AES-256-GCM ciphertext under a key of its own for each
file, with the file's id and the frame's kind, number and rows as associated data. The
header holds a SHA-256 chained over all frame heads, so a missing, extra, swapped or
altered frame is seen. A file in the clear is mapped, not read: its heads are checked
when it is opened, its payloads by ``verify``.

This module knows bytes; what a row means is ``index``'s affair.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import struct
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from childgrid_node.index_errors import Damaged, IndexFileError, NotAnIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    Soon = Callable[[int], None]

MAGIC = b"CGINDEX2"
MAGIC_STEM = b"CGINDEX"
HEAD_BYTES = 4096
MAC_AT = HEAD_BYTES - 32
ALIGN = 64
NONCE_BYTES = 12
FRAME_HEAD = struct.Struct("<HHIIQ12s32s")
FRAMES_AT = 2 * HEAD_BYTES
AHEAD = 64
"""Heads that are called for before they are read: a disk fetches them together."""

ROWS, TOMBSTONES = 1, 2
LENGTH = struct.Struct("<I")
REBUILD = "rebuild it with `childgrid-node index`"
Head = tuple[int, int, int, int, int, bytes, bytes]
"""Kind, zero, rows, number, stored length, nonce, digest; see the module."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself. Times are whole seconds since 1970, UTC.

    ``scheme`` and ``key_check`` are hexadecimal; ``as_of`` is the time of the view
    of the source; ``category`` is the mapping's; ``clear`` is 1 for an index that
    stands unencrypted on a disk that the operator declared encrypted. ``generation``
    counts commits; ``rows`` are those in frames, ``dead`` those deleted again;
    ``length`` is that of all frames in bytes, ``chain`` their heads' SHA-256.
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
    generation: int = 0
    rows: int = 0
    dead: int = 0
    frames: int = 0
    length: int = 0
    chain: str = ""

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
        return cls._parse(head[start : start + length])

    @classmethod
    def _parse(cls, text: bytes) -> Header:
        """Read a header's JSON; other programs of ours may have written it."""
        try:
            content = json.loads(text)
            values = {field.name: content[field.name] for field in fields(cls)}
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise NotAnIndex(f"the index is another version's; {REBUILD}") from error
        of = {"int": int, "str": str}
        if any(type(values[one.name]) is not of[str(one.type)] for one in fields(cls)):
            raise NotAnIndex(f"the index is another version's; {REBUILD}")
        return cls(**values)


def read_header(view: memoryview, mac_key: bytes) -> Header:
    """Return the header in force of the file whose bytes start with ``view``.

    Raises:
        NotAnIndex: another kind or version of file.
        Damaged: neither slot is whole, or the file is shorter than it should be.
    """
    found, error = [], None
    for at in (0, HEAD_BYTES):
        try:
            found.append(Header.unpack(bytes(view[at : at + HEAD_BYTES]), mac_key))
        except IndexFileError as wrong:
            error = error or wrong
    if not found:
        raise error or _altered()
    header = max(found, key=lambda one: one.generation)
    if len(view) < FRAMES_AT + header.length:
        raise Damaged(f"the index is truncated; {REBUILD}")
    return header


@dataclass(frozen=True)
class Keys:
    """The keys of one file, from the node's index key; ``marks`` is for hashes."""

    mac: bytes
    seal: bytes
    marks: bytes

    @classmethod
    def derive(cls, index_key: bytes, file_id: str) -> Keys:
        """Derive from 32 bytes and the file's id.

        Raises:
            IndexFileError: the index key has not 32 bytes.
        """
        if len(index_key) != 32:
            raise IndexFileError("the index key must have 32 bytes; run doctor")
        salt = file_id.encode()
        return cls(
            _hkdf(index_key, b"childgrid/v1/index/mac", b""),
            _hkdf(index_key, b"childgrid/v1/index/seal", salt),
            _hkdf(index_key, b"childgrid/v1/index/marks", salt),
        )


def _hkdf(key: bytes, info: bytes, salt: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt or None, info).derive(key)


@dataclass(frozen=True)
class Frame:
    """A frame's kind, number of rows, and payload in the clear."""

    kind: int
    rows: int
    payload: memoryview


def write_frames(
    file: BinaryIO, header: Header, keys: Keys, frames: Iterable[Frame]
) -> Header:
    """Append frames at the file's position; return the header that counts them."""
    chain, number, length = header.chain, header.frames, header.length
    rows, dead = header.rows, header.dead
    for frame in frames:
        nonce, digest, stored = bytes(NONCE_BYTES), bytes(32), frame.payload
        if header.clear:
            digest = hashlib.sha256(stored).digest()
        else:
            nonce = os.urandom(NONCE_BYTES)
            data = _associated(header.file_id, frame.kind, number, frame.rows)
            stored = memoryview(AESGCM(keys.seal).encrypt(nonce, frame.payload, data))
        size = len(stored)
        head = FRAME_HEAD.pack(frame.kind, 0, frame.rows, number, size, nonce, digest)
        file.write(head)
        file.write(stored)
        file.write(bytes(-size % ALIGN))
        chain, number = _chained(chain, head), number + 1
        length += len(head) + size + -size % ALIGN
        rows += frame.rows if frame.kind == ROWS else 0
        dead += frame.rows if frame.kind == TOMBSTONES else 0
    return replace(
        header,
        generation=header.generation + 1,
        rows=rows,
        dead=dead,
        frames=number,
        length=length,
        chain=chain,
    )


def write_header(file: BinaryIO, header: Header, keys: Keys) -> None:
    """Put ``header`` in force, after all that it counts is on the disk."""
    file.flush()
    os.fsync(file.fileno())
    file.seek(HEAD_BYTES * ((header.generation - 1) % 2))
    file.write(header.pack(keys.mac))
    file.flush()
    os.fsync(file.fileno())


def read_frames(
    view: memoryview, header: Header, keys: Keys, soon: Soon | None = None
) -> list[Frame]:
    """Return the frames in ``view``, which is the whole file.

    Payloads of a file in the clear are views that nobody has read yet; ``soon`` is
    told where heads will be read next.

    Raises:
        Damaged: bytes are missing, extra or altered.
    """
    return [
        opened_frame(header, keys, number, head, stored)
        for number, (head, stored) in enumerate(stored_frames(view, header, soon))
    ]


def opened_frame(
    header: Header,
    keys: Keys,
    number: int,
    head: Head,
    stored: memoryview,
    *,
    check: bool = False,
) -> Frame:
    """Return the frame of that number in the clear; with ``check``, also read it.

    Raises:
        Damaged: it was altered; of a file in the clear that is seen by ``check`` only.
    """
    kind, _, rows, told, _, nonce, digest = head
    if told != number:
        raise _altered()
    if not header.clear:
        data = _associated(header.file_id, kind, number, rows)
        try:
            stored = memoryview(AESGCM(keys.seal).decrypt(nonce, stored, data))
        except InvalidTag as error:
            raise _altered() from error
    elif check and hashlib.sha256(stored).digest() != digest:
        raise _altered()
    return Frame(kind, rows, stored)


def verify_frames(
    view: memoryview, header: Header, stopped: Callable[[], bool] = lambda: False
) -> bool:
    """Read a file in the clear and compare every payload with its checksum.

    Returns:
        Whether all were read; not where ``stopped``, asked before each, said so.

    Raises:
        Damaged: a payload was altered.
    """
    for head, stored in stored_frames(view, header):
        if stopped():
            return False
        if header.clear and hashlib.sha256(stored).digest() != head[-1]:
            raise _altered()
    return True


def stored_frames(
    view: memoryview, header: Header, soon: Soon | None = None
) -> list[tuple[Head, memoryview]]:
    """Return each frame's head and what is stored, opened by nobody yet.

    Frames are nearly of one length, so ``soon`` is told where the next heads are to be
    expected; where they are not, nothing is lost.

    Raises:
        Damaged: heads are missing, extra or altered.
    """
    found, at, chain = [], FRAMES_AT, ""
    end = FRAMES_AT + header.length
    for _ in range(header.frames):
        start = at + FRAME_HEAD.size
        if start > end:
            raise _altered()
        chain = _chained(chain, view[at:start])
        head = FRAME_HEAD.unpack_from(view, at)
        at = start + head[4] + -head[4] % ALIGN
        found.append((head, view[start : start + head[4]]))
        if soon and len(found) % (AHEAD // 2) == 1:
            usual = (at - FRAMES_AT) // len(found)
            for more in range(min(AHEAD, header.frames - len(found))):
                soon(at + more * usual)
    if at != end or chain != header.chain:
        raise _altered()
    return found


def _chained(chain: str, head: bytes | memoryview) -> str:
    return hashlib.sha256(bytes.fromhex(chain) + head).hexdigest()


def _associated(file_id: str, kind: int, number: int, rows: int) -> bytes:
    return f"{file_id}/{kind}/{number}/{rows}".encode("ascii")


def _altered() -> Damaged:
    return Damaged(f"the index was altered after it was written; {REBUILD}")
