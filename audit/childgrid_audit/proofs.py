"""The room of proofs: what a holder handed over with a record must still be true.

A proof shows one leaf under a checkpoint that a quorum had cosigned at the time. A
holder that has rewritten its log since can't take it back. The rule: a proof that held
once and does not fit the log is a fault of the log.
"""

from __future__ import annotations

from childgrid_audit.bundle import Files
from childgrid_audit.events import Ledger
from childgrid_audit.findings import Report, event_name
from childgrid_audit.logs import Copy, cosigned
from childgrid_audit.memo import Memo
from childgrid_log.checkpoint import Checkpoint
from childgrid_log.errors import NoteError, ProofError
from childgrid_log.merkle import verify_inclusion
from childgrid_log.note import Note
from childgrid_log.proof import LeafProof
from childgrid_wire.errors import WireError


def check_proofs(files: Files, ledger: Ledger, memo: Memo, report: Report) -> None:
    """Hold every proof of the bundle against the log that it is about."""
    for path in sorted(path for path in files if path.startswith("proofs/")):
        name = path.removeprefix("proofs/").removesuffix(".proof")
        try:
            proof = LeafProof.parse(files.get(path, b""))
            tree = Checkpoint.parse(Note.parse(proof.note).text)
            copy = owner(tree.origin, ledger.copies)
            cosigned(proof.note, copy.member, copy.vkey, ledger.law, memo)
        except (NoteError, ProofError, WireError) as error:
            report.add(path, "proof", f"statement {name[:12]}", f"no proof: {error}")
            continue
        event = event_name(proof.index, "proof of", name)
        what = _unlike(proof, tree, copy)
        if what and _is_lost(tree, copy):
            report.lose(path, copy.member, event, "was lost with the log")
        elif what:
            report.doubt(path, copy.member, event, what)
        elif not _is_about(name, proof, copy, ledger):
            what = "the proof is about another statement"
            report.add(path, copy.member, event, what)


def owner(origin: str, copies: dict[str, Copy]) -> Copy:
    """The copy of the log of this origin; raises ProofError where there is none."""
    for copy in copies.values():
        if copy.log.origin == origin:
            return copy
    raise ProofError("the bundle does not hold the log of this proof")


def _is_lost(tree: Checkpoint, copy: Copy) -> bool:
    """Whether it proves what was in a log until it was closed, and is in no copy."""
    end = copy.log.end
    return end is not None and copy.size < tree.size <= end.size


def _unlike(proof: LeafProof, tree: Checkpoint, copy: Copy) -> str:
    """What is wrong with the log in the light of this proof; empty if nothing is."""
    if proof.index in copy.broken:
        return ""
    if tree.size > copy.size or proof.index not in copy.lines:
        return "the log no longer reaches as far as a proof it gave"
    line = copy.lines[proof.index]
    try:
        verify_inclusion(line.hash, proof.index, tree.size, proof.path, tree.root)
    except ProofError:
        return "the log no longer holds what a proof shows"
    if copy.tree.root(tree.size) != tree.root:
        return "the log has another root than a proof it gave"
    return ""


def _is_about(name: str, proof: LeafProof, copy: Copy, ledger: Ledger) -> bool:
    """Whether the entry that is proven holds the statement `name`, or did."""
    line = copy.lines.get(proof.index)
    if line is None or line.shredded:
        return True
    return ledger.held.get((name, copy.name)) == proof.index
