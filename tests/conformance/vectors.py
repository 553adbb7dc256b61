"""Encodings for the conformance kit, made by our encoder: `vectors.json`.

`python -m tests.conformance.vectors` writes the file. The kit can't encode: who runs it
holds no node, and a fixed input judges another implementation's encoder as well.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from childgrid_node import normalise
from childgrid_node.encode import Encoder, key_check
from childgrid_node.holdings import Holdings
from childgrid_node.scheme import Scheme
from childgrid_wire import canonical

PATH = (
    Path(__file__).resolve().parents[2]
    / "conformance/childgrid_conformance/vectors.json"
)
EPOCH = 1
KEY = hashlib.sha256(b"childgrid conformance kit: this key is no secret").digest()


def _person(name: str, relative: str, born: str, phone: str) -> dict[str, list[str]]:
    return {
        "name": [name],
        "relative": [relative],
        "birth_date": [born],
        "phone": [phone],
    }


PEOPLE = {
    "known": _person("Kabir Vankhede", "Madhav Vankhede", "17-03-1984", "9812345670"),
    "many": _person("Dilip Bhosle", "Anant Bhosle", "02-09-1978", "9823456701"),
    "stranger": _person("Zubin Contractor", "Rustom", "01-02-1969", "9000000009"),
    "silent": _person("Suresh Gaikwad", "Baban Gaikwad", "30-10-1975", "9899900077"),
    "victim": _person("Meher Lokhande", "Ashok Lokhande", "02-02-1990", "9833300011"),
    "minor": _person("Tara Salunke", "Uttam Salunke", "09-06-2012", "9844400022"),
    "minor-then": _person("Rohit Jadhav", "Prakash Jadhav", "23-11-2003", "9855500033"),
}


def document() -> dict[str, Any]:
    """The file's content."""
    scheme = Scheme.load("childgrid-2")
    holdings = Holdings(scheme, EPOCH, Encoder(scheme, KEY, EPOCH), {})
    return {
        "scheme": "childgrid-2",
        "document": scheme.digest.hex(),
        "profile": scheme.profile,
        "epoch": EPOCH,
        "linkage_key": KEY.hex(),
        "key_check": key_check(KEY, EPOCH, scheme.digest).hex(),
        "people": {
            name: {
                "suspect": fields,
                "content": canonical.to_b64(
                    holdings.pack(
                        holdings.encode(
                            normalise.tokens_of(normalise.from_fields(fields))
                        )
                    )
                ),
            }
            for name, fields in PEOPLE.items()
        },
    }


def text() -> str:
    """The file, canonical and on one line."""
    return canonical.dumps(document()).decode() + "\n"


def main() -> int:
    """Write the file."""
    PATH.write_text(text(), "ascii")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
