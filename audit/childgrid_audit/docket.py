"""Writing the folder for a court: statements, proofs, hashes, certificate, bundle.

    README.md README.html          what lies here, in order of time; how to verify it
    certificate.md, .html          the template of BSA 2023, section 63(4)
    SHA256SUMS                     the hash report over everything below
    bundle/                        the exported directory, unchanged, to be verified
    documents/KIND-HASH.dsse       who was who, and which rules were in force
    statements/001-KIND-HASH/      statement.json   what was signed, its exact bytes
                                   envelope.dsse    with the signature
                                   MEMBER.entry     the log's entry, with leaf and salt
                                   MEMBER.proof     C2SP tlog-proof of that entry

It is made only from a bundle that holds, and overwrites nothing. Values of records are
in no log, so none is here; a record that the party holds is named by its hash alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from childgrid_audit import bundle
from childgrid_audit.bundle import MANIFEST
from childgrid_audit.certificate import TITLE, Record, certificate
from childgrid_audit.court import Docket
from childgrid_audit.errors import ExportRefused
from childgrid_audit.events import Event
from childgrid_audit.paper import html, markdown
from childgrid_audit.story import story, told
from childgrid_log.proof import LeafProof
from childgrid_wire import envelope
from childgrid_wire.statement import Statement

SUMS = "SHA256SUMS"


def write(docket: Docket, folder: Path) -> int:
    """Write the folder; returns the number of files.

    Raises:
        ExportRefused: the bundle does not hold, or something stands in `folder`.
    """
    if not docket.verdict.holds:
        found = len(docket.verdict.findings)
        raise ExportRefused(
            f"{found} findings: evidence is made only from a bundle that holds; run "
            "`verify`"
        )
    if folder.exists() and any(folder.iterdir()):
        raise ExportRefused(f"{folder} is not empty: name a new directory")
    sums = {path: _put(folder, path, data) for path, data in _contents(docket)}
    report = "".join(f"{digest}  {path}\n" for path, digest in sorted(sums.items()))
    total = Record(SUMS, "hash report over all files below", _put(folder, SUMS, report))
    for path, text in _pages(docket, total, sums):
        _put(folder, path, text)
    return len(sums) + 5


def produced(paths: Iterable[Path]) -> tuple[Record, ...]:
    """Files that the party holds itself, by name and hash; they are not copied.

    Raises:
        OSError: one of them can't be read.
    """
    what = "produced by the party; not from the logs"
    return tuple(
        Record(path.name, what, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in paths
    )


def _put(folder: Path, path: str, data: bytes | str) -> str:
    content = data if isinstance(data, bytes) else data.encode()
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _contents(docket: Docket) -> Iterator[tuple[str, bytes]]:
    for path, data in docket.files.items():
        yield f"bundle/{path}", data
    for document in docket.exhibits.documents:
        yield f"documents/{_name(document)}.dsse", document.data
    for number, event in enumerate(docket.exhibits.events, 1):
        home = f"statements/{number:03d}-{_name(event.statement)}"
        yield f"{home}/statement.json", envelope.read(event.statement.data).payload
        yield f"{home}/envelope.dsse", event.statement.data
        for member, (entry, proof) in sorted(_proofs(docket, event).items()):
            yield f"{home}/{member}.entry", entry
            yield f"{home}/{member}.proof", proof


def _name(said: Statement) -> str:
    return f"{said.kind.value}-{said.hash[:12]}"


def _proofs(docket: Docket, event: Event) -> Mapping[str, tuple[bytes, bytes]]:
    """The entry and its proof under the newest checkpoint, by log."""
    found = {}
    for member, place in event.places.items():
        copy = docket.verdict.ledger.copies[place.log]
        note = docket.files[bundle.checkpoint(place.log)]
        proof = LeafProof(place.index, tuple(copy.tree.path(place.index)), note)
        found[member] = copy.lines[place.index].encode(), proof.encode()
    return found


def _pages(
    docket: Docket, total: Record, sums: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    manifest = Record(
        f"bundle/{MANIFEST}",
        "the auditor's signed list of the logs as exported",
        sums[f"bundle/{MANIFEST}"],
    )
    page = certificate([total, manifest, *docket.records], told(docket))
    yield "certificate.md", markdown(page)
    yield "certificate.html", html(TITLE, page)
    tale = story(docket)
    yield "README.md", markdown(tale)
    yield "README.html", html("What this folder holds", tale)
