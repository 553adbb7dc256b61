"""The kept corpus, made again from the vectors: `python -m tests.fuzz.seeds`.

What a fuzzer found is kept beside the seeds, under the name of its content; this
program adds and never removes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from unittest import mock

TESTS = Path(__file__).resolve().parents[1]
CORPUS = Path(__file__).parent / "corpus"


def kept(name: str) -> list[bytes]:
    """The corpus of a target, in a fixed order."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def keep(name: str, data: bytes) -> Path:
    """Keep an input in a target's corpus."""
    path = CORPUS / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _notes() -> list[bytes]:
    return [
        path.read_bytes() for path in sorted((TESTS / "vectors/c2sp").glob("*.note"))
    ]


def _assertions() -> list[dict[str, str]]:
    vectors = json.loads((TESTS / "vectors/wire/webauthn.json").read_text())
    return [one["signature"] for one in vectors]


def _statements() -> Iterator[bytes]:
    from childgrid_wire import canonical
    from childgrid_wire.kinds import Kind
    from wire import samples

    for kind in Kind:
        yield kind.value.encode() + b"\n" + canonical.dumps(samples.body(kind))


def _envelopes() -> Iterator[bytes]:
    from childgrid_wire import envelope
    from childgrid_wire.kinds import Kind
    from wire import world

    who = [world.signer("police"), world.signer("police/7")]
    for kind in (Kind.QUERY, Kind.DIRECTORY, Kind.RECEIPT):
        for said in _statements():
            name, _, payload = said.partition(b"\n")
            if name.decode() == kind:
                yield envelope.sign(kind, payload, who[: 1 + (kind == "directory")])


def _lines() -> Iterator[bytes]:
    from childgrid_audit.bundle import make_line
    from childgrid_log.entry import Entry, opens

    for data in _envelopes():
        salt = bytes(32)
        commitment = hashlib.sha256(salt + data).digest()
        leaf = Entry("query", "prosecution", ("BNS:143",), (), 3_600, 7, commitment)
        if opens(leaf.encode(), salt, data):
            yield make_line(7, leaf.encode(), salt, data).encode()[:-1]
            yield make_line(7, leaf.encode(), b"", b"").encode()[:-1]


def _cosigned(number: int) -> bytes:
    """A checkpoint of two leaves, the second of which is `number`."""
    from childgrid_log.checkpoint import Checkpoint, sign_checkpoint
    from childgrid_log.merkle import leaf_hash, root_of
    from childgrid_log.note import Note, cosign
    from fuzz.targets import ENTRY, LOG, WITNESS

    root = root_of([leaf_hash(ENTRY), leaf_hash(bytes([number]))])
    tree = Checkpoint(LOG.verifier.name, 2, root)
    note = Note.parse(sign_checkpoint(tree, LOG))
    lines = (*note.signatures, cosign(note.text, WITNESS, 1_800_000_000))
    return Note(note.text, lines).encode()


def _proofs() -> Iterator[bytes]:
    from childgrid_log.merkle import leaf_hash
    from childgrid_log.proof import LeafProof

    yield LeafProof(0, (leaf_hash(b"\1"),), _cosigned(1)).encode()
    yield LeafProof(1, (leaf_hash(b"\1"),) * 3, _cosigned(1)).encode()
    for note in _notes():
        yield LeafProof(0, (), note).encode()


def _evidence() -> Iterator[bytes]:
    from childgrid_log.evidence import Evidence, write_evidence

    yield write_evidence(Evidence(_cosigned(1), _cosigned(2)))
    yield write_evidence(Evidence(_cosigned(1), _cosigned(1)))


def _texts() -> Iterator[bytes]:
    for note in _notes():
        yield note.partition(b"\n\n")[0] + b"\n"


def _indexes() -> Iterator[bytes]:
    from childgrid_node.index_file import (
        NONCE_BYTES,
        Frame,
        Header,
        Keys,
        write_frames,
    )
    from fuzz.targets import GAP, INDEX_KEY

    for clear in (0, 1):
        blank = Header(
            "5c" * 32,
            1,
            "ab" * 32,
            8,
            1,
            1,
            "police",
            "police-record",
            clear,
            "ef" * 16,
        )
        keys = Keys.derive(INDEX_KEY, blank.file_id)
        file = io.BytesIO()
        frames = [Frame(kind, 2, memoryview(bytes(64))) for kind in (1, 2)]
        with mock.patch("os.urandom", return_value=bytes(NONCE_BYTES)):
            done = write_frames(file, blank, keys, frames)
        text = json.dumps(vars(done), separators=(",", ":"), sort_keys=True).encode()
        yield text + GAP + file.getvalue()
        yield done.pack(Keys.derive(INDEX_KEY, "").mac) * 2 + file.getvalue()


def _passkeys() -> Iterator[bytes]:
    """A touch, and a passkey that was just made, as browsers post them."""
    from webauthn.helpers import bytes_to_base64url, encode_cbor

    from fuzz.targets import CHALLENGE, portal

    config, key, _ = portal()
    yield key.touch(CHALLENGE).encode()
    data = hashlib.sha256(config.rp_id.encode()).digest() + b"\x45" + bytes(20)
    data += len(key.id).to_bytes(2, "big") + key.id + key.cose
    made = {"fmt": "none", "attStmt": {}, "authData": data}
    client = {
        "type": "webauthn.create",
        "challenge": bytes_to_base64url(CHALLENGE),
        "origin": config.origin,
        "crossOrigin": False,
    }
    response = {
        "clientDataJSON": bytes_to_base64url(json.dumps(client).encode()),
        "attestationObject": bytes_to_base64url(encode_cbor(made)),
    }
    name = bytes_to_base64url(key.id)
    said = {"id": name, "rawId": name, "type": "public-key", "response": response}
    yield json.dumps(said).encode()


def _certificates() -> list[bytes]:
    """Made once: their keys are fresh, so that making them again gives others."""
    if (CORPUS / "certificate").exists():
        return kept("certificate")
    from cryptography.hazmat.primitives.serialization import Encoding

    from wire import ca

    pairs = [ca.leaf("police", "node"), ca.leaf("founders", "founder"), ca.root()]
    return [pair.certificate.public_bytes(Encoding.DER) for pair in pairs]


def _schemas() -> Iterator[bytes]:
    from node.clk.documents import document

    for number in range(8):
        yield json.dumps(document(random.Random(number))).encode()


def _clks() -> Iterator[bytes]:
    """Of several lengths; whole bytes and words, and not."""
    for size in (1, 8, 11, 64):
        texts = [base64.b64encode(bytes([at]) * size).decode() for at in range(3)]
        yield json.dumps({"clks": texts}).encode()


def _mappings() -> Iterator[bytes]:
    from fuzz.targets import MAPPING

    yield MAPPING.encode()
    for path in sorted((TESTS.parent / "deploy/sample").glob("*.toml")):
        if b"[fields]" in path.read_bytes():
            yield path.read_bytes()


def _rows() -> Iterator[bytes]:
    head = "id,role,given,family,age,date,kind,number,state\n"
    row = '7,accused,"Asha, D",राव,31,2026-01-02,phone,+91 98,open\n'
    yield (head + row).encode()
    yield (head + row + "8,accused\n" + row.replace("7", "9", 1)).encode("utf-8-sig")
    yield (head + row).replace(",", "\t").replace("\n", "\r\n").encode()
    yield (head + 'a,"unended\n' + row).encode()
    yield (head + row).encode("utf-16")


def _manifest() -> bytes:
    from childgrid_log.backup import Manifest, Owner

    files = {"log/log.db": (4_096, "0" * 64), "keys/identity.locked": (9, "f" * 64)}
    return Manifest(Owner("node", "fuzz"), 1_790_000_000, files).dump()


def _pleas() -> Iterator[bytes]:
    """Requests to close a log, by the words of four witnesses and of three."""
    from childgrid_log import names, plea
    from childgrid_log.checkpoint import Checkpoint, sign_checkpoint
    from childgrid_log.keys import COSIGNATURE, ED25519, Signer
    from childgrid_log.note import Note, cosign
    from closings import heir
    from gridcast import START, identity

    own = identity("customs")
    signer = Signer(names.origin("customs"), ED25519, own.log_key)
    words = []
    for size, who in enumerate(("police", "prisons", "childcare", "audit-north"), 3):
        tree = Checkpoint(signer.verifier.name, size, bytes([size]) * 32)
        note = Note.parse(sign_checkpoint(tree, signer))
        eye = Signer(names.witness(who), COSIGNATURE, identity(who).witness_key)
        line = cosign(note.text, eye, START + 30)
        words.append(Note(note.text, (*note.signatures, line)).encode())
    for count in (4, 3):
        yield plea.make(heir(own), 0, words[:count])


def seeds() -> Mapping[str, Sequence[bytes]]:
    """Every target's seeds."""
    from childgrid_wire import canonical
    from fuzz.targets import sealed

    parts = _assertions()
    return {
        "plea": list(_pleas()),
        "note": _notes(),
        "checkpoint": list(_texts()),
        "opened": [_cosigned(1), *_notes()],
        "proof": list(_proofs()),
        "evidence": list(_evidence()),
        "envelope": list(_envelopes()),
        "statement": list(_statements()),
        "line": list(_lines()),
        "webauthn": [canonical.dumps(one) for one in parts],
        "client-data": [
            canonical.from_b64(one[part])
            for one in parts
            for part in ("clientDataJSON", "authenticatorData")
        ],
        "passkey": list(_passkeys()),
        "index": list(_indexes()),
        "certificate": _certificates(),
        "schema": list(_schemas()),
        "clks": list(_clks()),
        "mapping": list(_mappings()),
        "rows": list(_rows()),
        "sealed": [sealed(b""), sealed(b"state" * 100)],
        "manifest": [_manifest()],
    }


def main() -> None:
    """Write the seeds that are not there yet."""
    sys.path.insert(0, str(TESTS))
    for name, found in seeds().items():
        for data in found:
            keep(name, data)


if __name__ == "__main__":
    main()
