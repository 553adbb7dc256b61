"""Write webauthn.json: assertions by a software authenticator, right and wrong.

Run from the top folder: `python tests/vectors/wire/make_webauthn.py`. Keys are made
anew and thrown away; the wrong assertions are signed by the right key, unless the
signature itself is what is wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from wire import passkey  # noqa: E402
from wire.passkey import ORIGIN, RP_ID, Passkey  # noqa: E402

MESSAGE = b"DSSEv1 4 test 17 what the officer saw"


def cases(key: Passkey) -> list[tuple[str, bool, bytes]]:
    """Name, whether it is to be accepted, and the assertion."""
    make = key.assertion
    right = make(MESSAGE)
    whole = passkey.parts(right)

    def flipped(name: str, at: int) -> bytes:
        data = bytearray(whole[name])
        data[at] ^= 1
        changed = whole | {name: bytes(data)}
        return passkey.packed(
            changed["authenticatorData"],
            changed["clientDataJSON"],
            changed["signature"],
        )

    bare = {"type": "webauthn.get", "challenge": json.loads(whole["clientDataJSON"])}
    bare["challenge"] = bare["challenge"]["challenge"]
    login = hashlib.sha256(MESSAGE).digest()
    return [
        ("right", True, right),
        (
            "without crossOrigin",
            True,
            key.around(json.dumps(bare | {"origin": ORIGIN}).encode()),
        ),
        ("with an unknown client field", True, make(MESSAGE, other_keys_may_come=1)),
        (
            "another origin",
            False,
            make(MESSAGE, origin="https://desk.police.example.evil"),
        ),
        ("the origin with a port", False, make(MESSAGE, origin=f"{ORIGIN}:444")),
        ("the origin over http", False, make(MESSAGE, origin="http" + ORIGIN[5:])),
        ("another relying party", False, make(MESSAGE, rp_id="police.example")),
        ("no user present", False, make(MESSAGE, flags=0x04)),
        ("no user verified", False, make(MESSAGE, flags=0x01)),
        ("backup eligible", False, make(MESSAGE, flags=0x0D)),
        ("backed up", False, make(MESSAGE, flags=0x1D)),
        ("backed up though not eligible", False, make(MESSAGE, flags=0x15)),
        ("another challenge", False, make(MESSAGE, challenge=bytes(32))),
        ("the challenge of a login", False, make(MESSAGE, challenge=login)),
        (
            "the challenge padded",
            False,
            key.around(
                json.dumps(
                    bare | {"origin": ORIGIN} | {"challenge": bare["challenge"] + "="}
                ).encode()
            ),
        ),
        ("made for a registration", False, make(MESSAGE, type="webauthn.create")),
        ("in a foreign frame", False, make(MESSAGE, crossOrigin=True)),
        ("by another key", False, Passkey(key.algorithm).assertion(MESSAGE)),
        ("over another message", False, make(MESSAGE + b".")),
        ("a flipped byte of clientDataJSON", False, flipped("clientDataJSON", -3)),
        (
            "a flipped byte of authenticatorData",
            False,
            flipped("authenticatorData", 36),
        ),
        ("a flipped byte of the signature", False, flipped("signature", -1)),
    ]


def main() -> None:
    """Write the file."""
    vectors = []
    for algorithm in ("ES256", "EdDSA"):
        key = Passkey(algorithm)
        for name, accepted, signature in cases(key):
            vectors.append(
                {
                    "algorithm": algorithm,
                    "name": name,
                    "accepted": accepted,
                    "key": base64.b64encode(key.spki).decode(),
                    "rp_id": RP_ID,
                    "origins": [ORIGIN],
                    "message": MESSAGE.hex(),
                    "signature": json.loads(signature),
                }
            )
    text = json.dumps(vectors, indent=1) + "\n"
    (HERE / "webauthn.json").write_text(text, "ascii")


if __name__ == "__main__":
    main()
