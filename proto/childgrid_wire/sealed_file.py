"""A long file that only its owner's passphrase opens: libsodium's secretstream.

The key is stretched from the passphrase as a key file's is; the content goes in pieces
of a mebibyte (XChaCha20-Poly1305, PyNaCl's), each bound to those before it, the first
to the head of the file, the last marked as the last. So whatever is altered, left out,
put in another place, cut off or added is found out.

    one line: canonical JSON of format, passes, memory, salt and stream (its header)
    then pieces: 4 bytes of length, big-endian, and so many bytes of ciphertext

The rule: a reader is given nothing that was not authenticated, and learns that all of
it was there only at the end; who acts on it waits until then.
"""

from __future__ import annotations

import io
import os
import secrets
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nacl import bindings as sodium
from nacl import pwhash
from nacl.exceptions import CryptoError

from childgrid_wire import canonical, keyfile
from childgrid_wire.errors import ConfigurationRefused, Malformed

PIECE = 2**20
_MAGIC = "childgrid-sealed-1"
_LENGTH = struct.Struct(">I")
_LONGEST_HEAD = 1_024
_MOST_PASSES, _MOST_MEMORY = 16, 2**30
_MESSAGE = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_FINAL = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
_OVERHEAD = sodium.crypto_secretstream_xchacha20poly1305_ABYTES


class Writer(io.RawIOBase):
    """Takes content of any length; made by `writing`."""

    def __init__(self, file: BinaryIO, passphrase: bytes) -> None:
        super().__init__()
        self._file, self._waiting = file, bytearray()
        salt = secrets.token_bytes(pwhash.argon2id.SALTBYTES)
        key = keyfile.stretch(passphrase, salt, keyfile.PASSES, keyfile.MEMORY_BYTES)
        self._state = sodium.crypto_secretstream_xchacha20poly1305_state()
        stream = sodium.crypto_secretstream_xchacha20poly1305_init_push(
            self._state, key
        )
        self._bound = _head(salt, stream)
        file.write(self._bound)

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Take some bytes; they may wait for more."""
        self._waiting += data
        while len(self._waiting) > PIECE:
            self._push(bytes(self._waiting[:PIECE]), _MESSAGE)
            del self._waiting[:PIECE]
        return len(data)

    def finish(self) -> None:
        """Write the last piece, which says that it is the last."""
        self._push(bytes(self._waiting), _FINAL)

    def _push(self, piece: bytes, tag: int) -> None:
        sealed = sodium.crypto_secretstream_xchacha20poly1305_push(
            self._state, piece, self._bound, tag
        )
        self._bound = b""
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)


def _head(salt: bytes, stream: bytes) -> bytes:
    table = {
        "format": _MAGIC,
        "passes": keyfile.PASSES,
        "memory": keyfile.MEMORY_BYTES,
        "salt": canonical.to_b64(salt),
        "stream": canonical.to_b64(stream),
    }
    return canonical.dumps(table) + b"\n"


@contextmanager
def writing(path: Path, passphrase: bytes) -> Iterator[Writer]:
    """Give a writer; `path` is there, whole and of mode 600, once the block has ended.

    Raises:
        ConfigurationRefused: something is there already, or the passphrase is short.
        OSError: the disk refuses; nothing is left behind.
    """
    if os.path.lexists(path):
        raise ConfigurationRefused(f"{path.name} is there already; name another file")
    if len(passphrase) < keyfile.SHORTEST:
        raise ConfigurationRefused(
            f"a passphrase needs at least {keyfile.SHORTEST} bytes"
        )
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            writer = Writer(file, passphrase)
            yield writer
            writer.finish()
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


class Reader:
    """Gives what was written, in order; made by `reading`."""

    def __init__(self, file: BinaryIO, passphrase: bytes, name: str) -> None:
        self._file, self._name = file, name
        self._plain, self._ended = b"", False
        self._bound = file.readline(_LONGEST_HEAD)
        salt, stream, passes, memory = self._opened(self._bound)
        key = keyfile.stretch(passphrase, salt, passes, memory)
        self._state = sodium.crypto_secretstream_xchacha20poly1305_state()
        try:
            sodium.crypto_secretstream_xchacha20poly1305_init_pull(
                self._state, stream, key
            )
        except CryptoError as error:
            raise self._foreign() from error

    def _opened(self, head: bytes) -> tuple[bytes, bytes, int, int]:
        try:
            table = canonical.loads(head.removesuffix(b"\n"))
            passes, memory = int(table["passes"]), int(table["memory"])
            known = table["format"] == _MAGIC and head.endswith(b"\n")
            fits = 1 <= passes <= _MOST_PASSES and memory <= _MOST_MEMORY
            if not (known and fits and memory >= pwhash.argon2id.MEMLIMIT_MIN):
                raise self._foreign()
            salt, stream = (canonical.from_b64(table[one]) for one in _IN_HEAD)
            if len(salt) != pwhash.argon2id.SALTBYTES:
                raise self._foreign()
        except (KeyError, TypeError, ValueError, Malformed) as error:
            raise self._foreign() from error
        return salt, stream, passes, memory

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end; raises as `reading`."""
        parts = []
        while size and (part := self._some(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _some(self, most: int) -> bytes:
        while not self._plain and not self._ended:
            self._pull()
        part, self._plain = self._plain[:most], self._plain[most:]
        return part

    def _pull(self) -> None:
        head = self._file.read(_LENGTH.size)
        length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
        if not _OVERHEAD <= length <= PIECE + _OVERHEAD:
            raise self._altered()
        first = bool(self._bound)
        try:
            self._plain, tag = sodium.crypto_secretstream_xchacha20poly1305_pull(
                self._state, self._file.read(length), self._bound or None
            )
        except CryptoError as error:
            raise self._locked() if first else self._altered() from error
        self._bound, self._ended = b"", tag == _FINAL
        if self._ended and self._file.read(1):
            raise self._altered()

    def finish(self) -> None:
        """Insist that nothing more comes and nothing is missing."""
        if self.read(1) or not self._ended:
            raise self._altered()

    def _foreign(self) -> ConfigurationRefused:
        return ConfigurationRefused(f"{self._name} is not a sealed file of this grid")

    def _locked(self) -> ConfigurationRefused:
        return ConfigurationRefused(
            f"{self._name}: another passphrase locks it, or it was altered"
        )

    def _altered(self) -> ConfigurationRefused:
        return ConfigurationRefused(
            f"{self._name} was altered or is cut off; take another copy"
        )


_IN_HEAD = ("salt", "stream")


@contextmanager
def reading(path: Path, passphrase: bytes) -> Iterator[Reader]:
    """Give a reader; call its `finish` before anything that was read is acted on.

    Raises:
        ConfigurationRefused: no sealed file, another passphrase, altered or cut off.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigurationRefused(f"cannot read {path.name}") from error
    with file:
        yield Reader(file, passphrase, path.name)
