"""Proof that a log has shown two faces: two notes it signed for one size.

Anyone with the log's public key can check it; who collected it does not matter.
It does not find splits (`witness` does). The rule: nothing in the file is believed
but the log's two signatures.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from childgrid_log.checkpoint import Checkpoint, open_checkpoint
from childgrid_log.errors import EvidenceError, NoteError
from childgrid_log.strict import enbase64, unbase64

_FORMAT = "childgrid/split-view/v1"


@dataclass(frozen=True)
class Evidence:
    """Two signed notes of one log, as bytes."""

    first: bytes
    second: bytes


def write_evidence(evidence: Evidence) -> bytes:
    """Return the evidence as a JSON file's bytes."""
    value = {
        "format": _FORMAT,
        "first": enbase64(evidence.first),
        "second": enbase64(evidence.second),
    }
    return json.dumps(value, indent=1).encode() + b"\n"


def check_evidence(data: bytes, log_vkey: str) -> tuple[Checkpoint, Checkpoint]:
    """Return the two contradicting checkpoints.

    Raises EvidenceError unless both are signed by `log_vkey`, for one size, with
    different roots.
    """
    notes = _read(data)
    try:
        first, second = (open_checkpoint(note, log_vkey).checkpoint for note in notes)
    except NoteError as fault:
        raise EvidenceError(f"a note of the evidence does not hold: {fault}") from fault
    if first.size != second.size or first.root == second.root:
        raise EvidenceError("the two notes do not contradict each other")
    return first, second


def _read(data: bytes) -> tuple[bytes, bytes]:
    try:
        value = json.loads(data)
        if value["format"] != _FORMAT:
            raise EvidenceError("this is not a split-view file of a known format")
        return unbase64(value["first"]), unbase64(value["second"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise EvidenceError("this is not a split-view file") from None
