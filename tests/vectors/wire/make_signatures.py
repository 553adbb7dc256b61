"""Write signatures.json: what tokens sign with RSA and P-256, right and wrong.

Run from the top folder: `python tests/vectors/wire/make_signatures.py`. Keys are made
anew and thrown away; the wrong signatures are by the right key over the right message,
unless that is what is wrong.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = Path(__file__).parent
MESSAGE = b"DSSEv1 4 test 17 what the officer saw"
RSA, P256 = "rsa-pkcs1v15-sha256", "ecdsa-p256-sha256"
ORDER = ec.SECP256R1().group_order
PKCS1 = padding.PKCS1v15()


@dataclass(frozen=True)
class Case:
    """One signature, and whether it is to be accepted."""

    name: str
    algorithm: str
    key: Any
    signature: bytes
    accepted: bool = False


def both(r: int, s: int) -> bytes:
    """Fixed length: 32 bytes each, as PKCS#11 has it."""
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def of_rsa() -> Iterator[Case]:
    """The form of Indian signature tokens."""
    for bits in (2048, 3072, 4096):
        key = rsa.generate_private_key(65537, bits)
        signed = key.sign(MESSAGE, PKCS1, SHA256())
        yield Case(f"RSA-{bits}", RSA, key, signed, accepted=True)
    key = rsa.generate_private_key(65537, 2048)
    good = key.sign(MESSAGE, PKCS1, SHA256())
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it must be refused
    pss = padding.PSS(padding.MGF1(SHA256()), 32)
    edwards = ed25519.Ed25519PrivateKey.generate()
    yield Case("RSA-1024", RSA, small, small.sign(MESSAGE, PKCS1, SHA256()))
    yield Case("PSS", RSA, key, key.sign(MESSAGE, pss, SHA256()))
    yield Case("SHA-1", RSA, key, key.sign(MESSAGE, PKCS1, SHA1()))  # noqa: S303
    yield Case("SHA-512", RSA, key, key.sign(MESSAGE, PKCS1, SHA512()))
    yield Case("another message", RSA, key, key.sign(b"", PKCS1, SHA256()))
    yield Case("a zero before it", RSA, key, b"\0" + good)
    yield Case("truncated", RSA, key, good[:-1])
    yield Case("nothing", RSA, key, b"")
    yield Case("under the other algorithm", P256, key, good)
    yield Case("Ed25519 under this algorithm", RSA, edwards, edwards.sign(MESSAGE))


def of_p256() -> Iterator[Case]:
    """Plain ECDSA: r and the lower s, and no other spelling."""
    key = ec.generate_private_key(ec.SECP256R1())
    der = key.sign(MESSAGE, ec.ECDSA(SHA256()))
    r, s = decode_dss_signature(der)
    low = min(s, ORDER - s)
    yield Case("r and the lower s", P256, key, both(r, low), accepted=True)
    yield Case("high s", P256, key, both(r, ORDER - low))
    yield Case("DER", P256, key, der)
    yield Case("s before r", P256, key, both(low, r))
    yield Case("r is zero", P256, key, both(0, low))
    yield Case("s is zero", P256, key, both(r, 0))
    yield Case("both are zero", P256, key, both(0, 0))
    yield Case("r is the order", P256, key, both(ORDER, low))
    yield Case("truncated", P256, key, both(r, low)[:-1])
    yield Case("a byte more", P256, key, both(r, low) + b"\0")
    yield Case(
        "s of 33 bytes", P256, key, both(r, low)[:32] + b"\0" + both(r, low)[32:]
    )
    yield Case("nothing", P256, key, b"")
    yield Case("under the other algorithm", RSA, key, der)
    yield Case("raw under the other algorithm", RSA, key, both(r, low))
    other = decode_dss_signature(key.sign(MESSAGE, ec.ECDSA(SHA512())))
    yield Case("SHA-512", P256, key, both(other[0], min(other[1], ORDER - other[1])))
    r, s = decode_dss_signature(key.sign(b"", ec.ECDSA(SHA256())))
    yield Case("another message", P256, key, both(r, min(s, ORDER - s)))
    koblitz = ec.generate_private_key(ec.SECP256K1())
    r, s = decode_dss_signature(koblitz.sign(MESSAGE, ec.ECDSA(SHA256())))
    low = min(s, koblitz.curve.group_order - s)
    yield Case("another curve", P256, koblitz, both(r, low))
    edwards = ed25519.Ed25519PrivateKey.generate()
    yield Case("Ed25519 under this algorithm", P256, edwards, edwards.sign(MESSAGE))


def written(case: Case) -> dict[str, Any]:
    """A case as it stands in the file."""
    public = case.key.public_key()
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "name": case.name,
        "algorithm": case.algorithm,
        "accepted": case.accepted,
        "key": base64.b64encode(spki).decode(),
        "message": MESSAGE.hex(),
        "signature": base64.b64encode(case.signature).decode(),
    }


def main() -> None:
    """Write the file."""
    vectors = [written(case) for case in (*of_rsa(), *of_p256())]
    (HERE / "signatures.json").write_text(json.dumps(vectors, indent=1) + "\n", "ascii")


if __name__ == "__main__":
    main()
