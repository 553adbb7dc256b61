"""What a leaf says: a commitment to an envelope, and nothing that names anyone.

A leaf is canonical JSON: kind, purpose, section and field names, the hour, its own
index, and SHA-256(32-byte salt ‖ envelope). The salt keeps a guessed envelope from
being confirmed; without salt and envelope the leaf proves only that something of this
kind was said. It does not know which kinds exist.
The rule: one commitment has one spelling, so it has one leaf hash.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from childgrid_log.errors import EntryError
from childgrid_log.strict import MAX_INTEGER, unhex

SALT_BYTES = 32
HOUR = 3600
MAX_NAMES = 64

_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/:()&-]{0,63}")
_KEYS = {"kind", "purpose", "sections", "fields", "bucket", "sequence", "commitment"}


@dataclass(frozen=True)
class Entry:
    """A leaf as read.

    `bucket` is the unix time of the hour's start, `sequence` the leaf's index, and
    `commitment` the 32-byte hash over salt and envelope.
    """

    kind: str
    purpose: str
    sections: tuple[str, ...]
    fields: tuple[str, ...]
    bucket: int
    sequence: int
    commitment: bytes

    def __post_init__(self) -> None:
        _check_labels(self.kind, self.purpose, self.sections, self.fields)
        if not _is_integer(self.bucket) or self.bucket % HOUR:
            raise EntryError("bucket is the unix time of the start of an hour")
        if not _is_integer(self.sequence):
            raise EntryError("sequence is the index of the leaf")
        if len(self.commitment) != hashlib.sha256().digest_size:
            raise EntryError("commitment is the SHA-256 of salt and envelope")

    def encode(self) -> bytes:
        """Return the canonical JSON: sorted keys, no spaces, ASCII."""
        value = {**vars(self), "commitment": self.commitment.hex()}
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Draft:
    """A leaf to be: everything but its index. Unused labels stay empty.

    `time` is unix seconds; `envelope` the exact signed bytes. EntryError if a label
    is not a short code: a leaf has no room for prose.
    """

    kind: str
    time: int
    envelope: bytes = field(repr=False)
    purpose: str = ""
    sections: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "sections", _in_order(self.sections))
        object.__setattr__(self, "fields", _in_order(self.fields))
        _check_labels(self.kind, self.purpose, self.sections, self.fields)
        if not _is_integer(self.time):
            raise EntryError("time is a count of unix seconds")


def seal_entry(draft: Draft, sequence: int) -> tuple[bytes, bytes]:
    """Return (entry, fresh 32-byte salt) for the draft as leaf `sequence`."""
    salt = secrets.token_bytes(SALT_BYTES)
    entry = Entry(
        kind=draft.kind,
        purpose=draft.purpose,
        sections=draft.sections,
        fields=draft.fields,
        bucket=draft.time // HOUR * HOUR,
        sequence=sequence,
        commitment=_commit(salt, draft.envelope),
    )
    return entry.encode(), salt


def parse_entry(data: bytes) -> Entry:
    """Read a leaf; EntryError unless these bytes are its one canonical spelling."""
    try:
        value = json.loads(data.decode("ascii"))
    except (ValueError, RecursionError):
        raise EntryError("a leaf is canonical ASCII JSON") from None
    if not isinstance(value, dict) or value.keys() != _KEYS:
        raise EntryError(f"a leaf has exactly the keys {', '.join(sorted(_KEYS))}")
    entry = _typed(value)
    if entry.encode() != data:
        raise EntryError("a leaf has one spelling: sorted keys, no spaces, no repeats")
    return entry


def opens(entry: bytes, salt: bytes, envelope: bytes) -> bool:
    """Say whether `salt` and `envelope` are those that the leaf commits to.

    Raises EntryError if the leaf itself is not canonical.
    """
    return len(salt) == SALT_BYTES and (
        parse_entry(entry).commitment == _commit(salt, envelope)
    )


def _commit(salt: bytes, envelope: bytes) -> bytes:
    return hashlib.sha256(salt + envelope).digest()


def _typed(value: Mapping[str, Any]) -> Entry:
    try:
        return Entry(
            kind=value["kind"],
            purpose=value["purpose"],
            sections=tuple(value["sections"]),
            fields=tuple(value["fields"]),
            bucket=value["bucket"],
            sequence=value["sequence"],
            commitment=unhex(value["commitment"]),
        )
    except (TypeError, ValueError):
        raise EntryError("a leaf's member has the wrong type or spelling") from None


def _check_labels(
    kind: str, purpose: str, sections: tuple[str, ...], fields: tuple[str, ...]
) -> None:
    if not _KIND.fullmatch(kind) or not (purpose == "" or _KIND.fullmatch(purpose)):
        raise EntryError("kind and purpose are lower-case codes of at most 32 letters")
    _check_names("sections", sections)
    _check_names("fields", fields)


def _check_names(member: str, names: tuple[str, ...]) -> None:
    if len(names) > MAX_NAMES or not all(_NAME.fullmatch(name) for name in names):
        raise EntryError(
            f"{member} holds at most {MAX_NAMES} codes of at most 64 ASCII letters, "
            "digits, spaces or ._/:()&-"
        )
    if _in_order(names) != names:
        raise EntryError(f"{member} is sorted and names nothing twice")


def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _is_integer(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_INTEGER
