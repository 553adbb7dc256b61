"""Documents on their way to enough signatures.

A change is a short list of drafts that belong together (a new floor and the directory
that names it). It travels between the founders' machines as one file; each founder
reads it, adds one signature to every draft in it, and passes it on. The bytes that
are signed never change on the way.

Whether the signatures suffice is the book's to say, not this module's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from childgrid_authority.errors import FolderRefused
from childgrid_wire import canonical, envelope, keyfile
from childgrid_wire import schema as s
from childgrid_wire.envelope import Signature
from childgrid_wire.errors import Malformed
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import FOUNDED, Kind
from childgrid_wire.schemas import check_body

_FORMAT = "childgrid-proposal-1"
_SHAPE = s.record(
    format=s.enum(_FORMAT),
    drafts=s.items(
        s.record(
            kind=s.enum(*(kind.value for kind in FOUNDED)),
            payload=s.base64(2, envelope.MAX_PAYLOAD),
            signatures=s.table(s.keyid, s.base64(1, 4096), envelope.MAX_SIGNATURES),
        ),
        4,
        1,
    ),
)


@dataclass(frozen=True)
class Draft:
    """A document's exact payload and the signatures gathered so far."""

    kind: Kind
    payload: bytes
    signatures: tuple[Signature, ...] = ()

    @property
    def body(self) -> dict[str, Any]:
        """The parsed payload, for people to read before they sign."""
        return canonical.loads(self.payload)

    @property
    def hash(self) -> str:
        """What the document will be called; signatures do not change it."""
        message = envelope.pae(self.kind.payload_type, self.payload)
        return hashlib.sha256(message).hexdigest()

    @property
    def signed_by(self) -> tuple[str, ...]:
        """Key ids of the founders who have signed."""
        return tuple(one.keyid for one in self.signatures)

    def signed(self, who: Signer) -> Draft:
        """This draft with one signature more; signing twice changes nothing."""
        if who.keyid in self.signed_by:
            return self
        message = envelope.pae(self.kind.payload_type, self.payload)
        extra = Signature(who.keyid, who.sign(message))
        return replace(self, signatures=(*self.signatures, extra))

    def envelope(self) -> bytes:
        """The DSSE envelope; at least one signature is needed."""
        return envelope.assemble(self.kind, self.payload, self.signatures)


def signed(drafts: Sequence[Draft], signers: Sequence[Signer]) -> list[Draft]:
    """Every draft with a signature of every signer."""
    done = list(drafts)
    for who in signers:
        done = [draft.signed(who) for draft in done]
    return done


def write(path: Path, drafts: Sequence[Draft]) -> None:
    """Write a proposal that can be carried to the next founder."""
    table = {
        "format": _FORMAT,
        "drafts": [
            {
                "kind": draft.kind.value,
                "payload": canonical.to_b64(draft.payload),
                "signatures": {
                    one.keyid: canonical.to_b64(one.sig) for one in draft.signatures
                },
            }
            for draft in drafts
        ],
    }
    keyfile.write_private(path, canonical.dumps(table))


def read(path: Path) -> list[Draft]:
    """Read a proposal; every payload is held against its schema.

    Raises:
        FolderRefused: no such file.
        Malformed: it is no proposal.
    """
    try:
        table = canonical.loads(path.read_bytes())
    except OSError as error:
        raise FolderRefused(f"cannot read the proposal {path.name}") from error
    _SHAPE(table, "proposal")
    return [_draft(entry) for entry in table["drafts"]]


def _draft(entry: dict[str, Any]) -> Draft:
    kind = Kind(entry["kind"])
    payload = canonical.from_b64(entry["payload"])
    body = canonical.loads(payload)
    check_body(kind, body)
    if body["kind"] != kind.value:
        raise Malformed("kind differs from the payload's")
    signatures = tuple(
        Signature(keyid, canonical.from_b64(sig))
        for keyid, sig in entry["signatures"].items()
    )
    return Draft(kind, payload, signatures)
