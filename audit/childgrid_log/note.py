"""Signed notes: a text and the lines of those who signed it (C2SP signed-note).

Also the timestamped line of a witness, cosignature/v1 (C2SP tlog-cosignature).
It does not say whose signatures are needed; `checkpoint` does.
The rule: a note that is accepted encodes back to the same bytes, and a line that
names a known key either verifies or spoils the whole note.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from childgrid_log.errors import NoteError, SignatureInvalid
from childgrid_log.keys import (
    COSIGNATURE,
    ED25519,
    KEY_ID_BYTES,
    Signer,
    Verifier,
    check_name,
)
from childgrid_log.strict import MAX_INTEGER, enbase64, unbase64

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100

_DASH = "— "
_TIME_BYTES = 8


@dataclass(frozen=True)
class SignatureLine:
    """One signature line: the key's name, its 4-byte id, and the signature's bytes."""

    name: str
    key_id: bytes
    signature: bytes

    @classmethod
    def parse(cls, line: str) -> SignatureLine:
        """Read `— name base64`, without a newline; NoteError if misspelled."""
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise NoteError("a signature line is an em dash, a name and base64")
        try:
            blob = unbase64(encoded)
        except ValueError as fault:
            raise NoteError(f"the signature of a line is misspelled: {fault}") from None
        if len(blob) <= KEY_ID_BYTES:
            raise NoteError("a signature line is too short to hold a signature")
        return cls(check_name(name), blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])

    def encode(self) -> bytes:
        """Return the line with its newline."""
        return f"{_DASH}{self.name} {enbase64(self.key_id + self.signature)}\n".encode()


@dataclass(frozen=True)
class Note:
    """A text that ends in a newline, and one or more signature lines."""

    text: bytes
    signatures: tuple[SignatureLine, ...]

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Split a note at its last empty line; NoteError unless well formed."""
        body, gap, lines = _decode(data).rpartition("\n\n")
        if not gap or not lines.endswith("\n"):
            raise NoteError("a note is a text, an empty line and signature lines")
        signatures = lines.removesuffix("\n").split("\n")
        if len(signatures) > MAX_SIGNATURES:
            raise NoteError(f"a note has at most {MAX_SIGNATURES} signatures")
        parsed = tuple(SignatureLine.parse(line) for line in signatures)
        return cls((body + "\n").encode(), parsed)

    def encode(self) -> bytes:
        """Return the note's bytes."""
        return self.text + b"\n" + b"".join(line.encode() for line in self.signatures)


def sign(text: bytes, signer: Signer) -> SignatureLine:
    """Return the plain Ed25519 line (type 0x01) over a note's text."""
    _check_kind(signer.verifier, ED25519)
    return SignatureLine(signer.verifier.name, signer.verifier.id, signer.sign(text))


def cosign(text: bytes, signer: Signer, time: int) -> SignatureLine:
    """Return the cosignature/v1 line (type 0x04) over `text` at unix second `time`."""
    _check_kind(signer.verifier, COSIGNATURE)
    if not 0 <= time <= MAX_INTEGER:
        raise NoteError("a cosignature's time is between 0 and 2^63-1 seconds")
    signature = signer.sign(cosigned_message(text, time))
    blob = time.to_bytes(_TIME_BYTES, "big") + signature
    return SignatureLine(signer.verifier.name, signer.verifier.id, blob)


def cosigned_message(text: bytes, time: int) -> bytes:
    """Return what a cosignature/v1 signs: header, time line, checkpoint body."""
    return b"cosignature/v1\ntime %d\n" % time + text


def verify_line(text: bytes, line: SignatureLine, key: Verifier) -> int:
    """Check that `key` made `line` over `text`; return its time, 0 for a plain line.

    Raises SignatureInvalid otherwise.
    """
    if (line.name, line.key_id) != (key.name, key.id):
        raise SignatureInvalid(f"this line was not written by {key.name}")
    if key.kind == ED25519:
        key.verify(text, line.signature)
        return 0
    time = int.from_bytes(line.signature[:_TIME_BYTES], "big")
    if time > MAX_INTEGER:
        raise SignatureInvalid(f"the time of {key.name}'s cosignature is out of range")
    key.verify(cosigned_message(text, time), line.signature[_TIME_BYTES:])
    return time


def verify_note(
    note: Note, keys: Iterable[Verifier], *, strict: bool
) -> dict[Verifier, tuple[SignatureLine, int]]:
    """Verify every line of a known key; return each signer's line and time.

    Lines of unknown keys are skipped, as the specification says; with `strict` they
    are refused, and so are two lines of one key. Raises NoteError, SignatureInvalid.
    """
    known = {(key.name, key.id): key for key in keys}
    signed: dict[Verifier, tuple[SignatureLine, int]] = {}
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if strict and (key is None or key in signed):
            raise NoteError("a signature line is unknown or repeated: remove it")
        if key is not None:
            signed[key] = (line, verify_line(note.text, line, key))
    return signed


def _decode(data: bytes) -> str:
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError(f"a note has at most {MAX_NOTE_BYTES} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise NoteError("a note is UTF-8") from None
    if any(c < " " and c != "\n" for c in text):
        raise NoteError("a note holds no control character but the newline")
    return text


def _check_kind(key: Verifier, kind: int) -> None:
    if key.kind != kind:
        raise NoteError(f"{key.name} is a key of type {key.kind:#04x}, not {kind:#04x}")
