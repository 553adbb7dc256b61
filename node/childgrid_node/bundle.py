"""The evidence behind a profile: signed statements, proofs, and the records' own bytes.

A disclosure names the SHA-256 of what it disclosed, salted, so that whoever holds the
record can show that it is what the holder signed for, and nobody can guess it from a
log. Kept beside each record is the proof that its disclosure stood in the holder's log,
under witnesses' cosignatures. All of it is checked with other parties' public keys:
this node's own word is only the manifest, which says what belongs together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from childgrid_log.proof import LeafProof
from childgrid_node import docket
from childgrid_node.journal import Writing
from childgrid_node.office import Office
from childgrid_wire import canonical, seal
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

_YEAR = 366 * 86_400


@dataclass(frozen=True)
class Proof:
    """Why a disclosure is known to stand in its holder's log; see values.proto."""

    checkpoint: bytes
    index: int
    hashes: tuple[bytes, ...]
    leaf: bytes
    salt: bytes


def keep_proof(writing: Writing, disclosure: Statement, proof: Proof) -> None:
    """Keep why a disclosure is believed; erased with the statement itself."""
    made = LeafProof(proof.index, proof.hashes, proof.checkpoint).encode()
    kept = canonical.dumps(
        {
            "proof": made.decode("utf-8"),
            "leaf": proof.leaf.decode("ascii"),
            "salt": proof.salt.hex(),
        }
    )
    writing.run(
        "INSERT OR REPLACE INTO content VALUES (?, 'proof', ?)",
        (disclosure.hash, kept),
    )


def read(office: Office, query: Statement) -> dict[str, Any]:
    """The files of a query's bundle, base64 by path, with a signed `manifest.dsse`.

        statements/HASH.dsse     query, attestation, answers, requests, decisions, …
        records/DISCLOSURE.json  what was disclosed, byte for byte
        proofs/DISCLOSURE.proof  C2SP tlog-proof that it stood in the holder's log
        proofs/DISCLOSURE.json   that leaf, and the salt that opens it

    Raises:
        Refused: the query is not this agency's.
    """
    office.own(query)
    files = dict(_files(office, query))
    listed = {
        path: {"sha256": seal.digest(data), "size": len(data)}
        for path, data in files.items()
    }
    manifest = office.speak(
        Kind.MANIFEST,
        seconds=_YEAR,
        answers=query.hash,
        files=listed,
        directory=office.view.directory.hash,
    )
    files["manifest.dsse"] = manifest.data
    return {
        "query": query.hash,
        "read_at": office.now,
        "files": {path: canonical.to_b64(data) for path, data in files.items()},
    }


def _files(office: Office, query: Statement) -> Iterator[tuple[str, bytes]]:
    journal = office.journal
    for said in _statements(office, query):
        yield f"statements/{said.hash}.dsse", said.data
        if said.kind is not Kind.DISCLOSURE:
            continue
        content = journal.secret(f"record:{said['request']}")
        if content:
            yield f"records/{said.hash}.json", content
        rows = journal.rows(
            "SELECT ciphertext FROM content WHERE hash = ? AND member = 'proof'",
            (said.hash,),
        )
        for (kept,) in rows:
            table = canonical.loads(bytes(kept))
            yield f"proofs/{said.hash}.proof", table.pop("proof").encode("utf-8")
            yield f"proofs/{said.hash}.json", canonical.dumps(table)


def _statements(office: Office, query: Statement) -> Iterator[Statement]:
    """What was said of a query and its requests, in the order of the story."""
    journal = office.journal
    yield query
    attestation = journal.find(query["attestation"])
    if attestation:
        yield attestation
    for kind in (Kind.APPROVAL, Kind.REFUSAL, Kind.ANSWER):
        yield from journal.answers(query.hash, kind)
    for request in docket.requests(office, query.hash):
        yield request
        for kind in (Kind.APPROVAL, Kind.REFUSAL):
            yield from journal.answers(request.hash, kind)
        for disclosure in journal.answers(request.hash, Kind.DISCLOSURE):
            yield disclosure
            yield from journal.answers(disclosure.hash, Kind.RECEIPT)
