"""The DSSE envelope: sign the exact bytes, forward the bytes, parse afterwards.

Follows DSSE v1.0 (github.com/secure-systems-lab/dsse): the signature covers
PAE(payloadType, payload). An envelope here is the canonical JSON of `payload`,
`payloadType` and `signatures`; any other spelling is refused. `keyid` says where to
look for the key and is believed in nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from childgrid_wire import canonical
from childgrid_wire import schema as s
from childgrid_wire.errors import Malformed, Reason
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import BY_PAYLOAD_TYPE, Kind

MAX_PAYLOAD = 4 * 2**20
MAX_SIGNATURES = 15

_SHAPE = s.record(
    payload=s.base64(2, MAX_PAYLOAD),
    payloadType=s.enum(*BY_PAYLOAD_TYPE),
    signatures=s.items(
        s.record(keyid=s.keyid, sig=s.base64(1, 4096)), MAX_SIGNATURES, 1
    ),
)


@dataclass(frozen=True)
class Signature:
    """One signature and the id of the key that is said to have made it."""

    keyid: str
    sig: bytes


@dataclass(frozen=True)
class Envelope:
    """An envelope whose form is checked and whose signatures are not."""

    kind: Kind
    payload: bytes
    signatures: tuple[Signature, ...]
    data: bytes

    @property
    def hash(self) -> str:
        """Hex SHA-256 of the signed bytes; names the statement everywhere."""
        return name_of(self.kind, self.payload)

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return pae(self.kind.payload_type, self.payload)


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding of a payload and its type."""
    name = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def name_of(kind: Kind, payload: bytes) -> str:
    """Hex SHA-256 of the bytes that are signed: the statement's name."""
    return hashlib.sha256(pae(kind.payload_type, payload)).hexdigest()


def sign(kind: Kind, payload: bytes, signers: Sequence[Signer]) -> bytes:
    """Wrap `payload` with one signature per signer; returns the envelope's bytes."""
    message = pae(kind.payload_type, payload)
    return assemble(
        kind, payload, [Signature(who.keyid, who.sign(message)) for who in signers]
    )


def assemble(kind: Kind, payload: bytes, signatures: Sequence[Signature]) -> bytes:
    """Write an envelope from parts that were signed elsewhere."""
    return canonical.dumps(
        {
            "payload": canonical.to_b64(payload),
            "payloadType": kind.payload_type,
            "signatures": [
                {"keyid": one.keyid, "sig": canonical.to_b64(one.sig)}
                for one in signatures
            ],
        }
    )


def read(data: bytes) -> Envelope:
    """Read an envelope's form; verifies nothing.

    Raises:
        Malformed: not one canonical envelope, too large, or of an unknown kind.
    """
    if len(data) > 2 * MAX_PAYLOAD:
        raise Malformed("envelope", Reason.TOO_LARGE)
    table = canonical.loads(data)
    _SHAPE(table, "envelope")
    signatures = tuple(
        Signature(one["keyid"], canonical.from_b64(one["sig"]))
        for one in table["signatures"]
    )
    if len({one.keyid for one in signatures}) != len(signatures):
        raise Malformed("envelope.signatures repeats a key id")
    return Envelope(
        kind=BY_PAYLOAD_TYPE[table["payloadType"]],
        payload=canonical.from_b64(table["payload"]),
        signatures=signatures,
        data=data,
    )
