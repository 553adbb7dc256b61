"""How much an archive takes off a log's database, and that nothing is told otherwise.

A log of many leaves, with envelopes as long as those of nodes and coordinators and a
checkpoint with four cosignatures for every 500 leaves, is measured whole, archived,
compacted, and after all of it was shredded; and proofs from before are compared with
proofs from after.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from childgrid_log.entry import Draft
from childgrid_log.keys import COSIGNATURE, Signer
from childgrid_log.log import Log
from childgrid_log.note import Note, cosign
from log.stock import BEGUN, LATER, ORIGIN, SEED

_BATCH = 500
_ROUND = 10_000
_CHECKS = 2_000
ENVELOPES = (750, 1_350)
"""Bytes; half of each. The means at an agency's node and at a coordinator."""

_WITNESSES = [
    Signer(
        f"agency-{number}.childgrid.internal/witness", COSIGNATURE, bytes([number] * 32)
    )
    for number in range(1, 5)
]


def measure(leaves: int, folder: Path | None = None) -> Mapping[str, Any]:
    """Sizes in bytes and times in seconds; `failures` names what was told otherwise."""
    with tempfile.TemporaryDirectory(dir=folder) as where:
        path = Path(where) / "log.db"
        seconds: dict[str, float] = {}
        with Log.create(path, ORIGIN, SEED) as log:
            seconds["written"] = _timed(lambda: _fill(log, leaves))
            before = list(_told(log, leaves))
            sizes = {"whole": _size(path)}
            seconds["archived"] = _timed(lambda: log.archive(LATER))
            seconds["compacted"] = _timed(log.compact)
            sizes |= {"archived": _size(path), "files": _files(path)}
            seconds["checked"] = _timed(log.check_archive)
            seconds["proofs"] = _timed(lambda: sizes.update(same=_same(log, before)))
            moved = log.archived
            seconds["shredded"] = _timed(lambda: _shred(log, moved))
            log.compact()
            sizes["shredded"] = _size(path)
    failures = [] if sizes.pop("same") else ["a proof or an entry is another one"]
    if moved < leaves - 512:
        failures.append(f"only {moved} leaves were archived")
    return {
        "leaves": leaves,
        "moved": moved,
        "proofs": len(before),
        "bytes": sizes,
        "seconds": {name: round(one, 2) for name, one in seconds.items()},
        "failures": failures,
    }


def _fill(log: Log, leaves: int) -> None:
    chance = random.Random(1)
    for start in range(0, leaves, _BATCH):
        count = min(_BATCH, leaves - start)
        log.append(
            [
                Draft(
                    "query" if at % 2 else "answer",
                    BEGUN + at,
                    chance.randbytes(ENVELOPES[at % 2]),
                    purpose="investigation" if at % 2 else "",
                    sections=("BNS:143", "BNS:144") if at % 2 else (),
                )
                for at in range(start, start + count)
            ]
        )
        log.keep_cosigned(_cosigned(log.checkpoint()))


def _cosigned(signed: bytes) -> bytes:
    note = Note.parse(signed)
    lines = [cosign(note.text, one, BEGUN) for one in _WITNESSES]
    return replace(note, signatures=(*note.signatures, *lines)).encode()


def _told(log: Log, leaves: int) -> list[tuple[list[bytes], list[bytes], bytes]]:
    chance = random.Random(2)
    found = []
    for _ in range(_CHECKS):
        old, new = sorted(chance.choices(range(1, leaves + 1), k=2))
        index = chance.randrange(new)
        (entry,) = log.entries(index, index + 1)
        found.append((log.inclusion(index, new), log.consistency(old, new), entry))
    return found


def _same(log: Log, before: list[tuple[list[bytes], list[bytes], bytes]]) -> bool:
    return _told(log, log.size()) == before


def _shred(log: Log, stop: int) -> None:
    for start in range(0, stop, _ROUND):
        with log.transaction() as tx:
            leaf = tx.seal(Draft("shred", BEGUN, b"gone"))
            for index in range(start, min(stop, start + _ROUND)):
                tx.shred(index, leaf)


def _size(path: Path) -> int:
    wal = path.with_name("log.db-wal")
    return path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)


def _files(path: Path) -> int:
    folder = path.with_suffix(".tiles")
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def run() -> Mapping[str, Any]:
    """A million leaves, below the folder that CHILDGRID_SOAK names, if any."""
    named = os.environ.get("CHILDGRID_SOAK")
    return measure(1_000_000, Path(named) if named else None)
