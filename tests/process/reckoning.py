"""What must hold of a grid after anything was done to it, read from its files.

Run it on a grid whose processes have ended. It opens every log as its own program
would, hashes all of it anew, and compares the parties with each other: nothing that
was acknowledged is lost, nothing happened twice, every record has its proof. It raises
`AssertionError` with what is wrong and returns what it has counted.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from childgrid_log import names
from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.entry import parse_entry
from childgrid_log.keys import COSIGNATURE, Verifier
from childgrid_log.log import Log
from childgrid_wire import canonical, envelope, seal, statement
from childgrid_wire.book import DOCUMENTS
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import Statement
from deploy.processes import until
from deploy.yard import HUB
from process.players import Case
from process.yardstick import AGENCIES, SERVERS, STATION, Grid


def rows(path: Path, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Read from a SQLite file that somebody else may be writing."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as db:
        return db.execute(sql, params).fetchall()


def log_path(grid: Grid, member: str) -> Path:
    """Where a member's log lies."""
    return grid.state(member) / "log" / "log.db"


def spent(grid: Grid, case: Case) -> list[tuple[Any, ...]]:
    """What the holder has handed over for a case: (disclosure, ciphertext, state)."""
    sql = "SELECT disclosure, ciphertext, state FROM spent WHERE request = ?"
    return rows(log_path(grid, case.holder), sql, (case.request,))


def await_receipts(grid: Grid, cases: Sequence[Case], seconds: float = 60) -> None:
    """Wait until every holder has the receipt for what it disclosed."""

    def all_there() -> bool:
        return all(
            [state for _, _, state in spent(grid, one)] == ["receipted"]
            for one in cases
            if one.granted
        )

    until("every holder has its receipts", seconds, all_there)


@contextmanager
def opened(grid: Grid, member: str) -> Iterator[Log]:
    """A member's log, opened with its own key."""
    identity = grid.identity(member)
    path = log_path(grid, member)
    with Log.open(path, names.origin(member), identity.log_key) as log:
        yield log


def reckon(grid: Grid, cases: Sequence[Case]) -> dict[str, int]:
    """Check everything; returns counts of what was compared."""
    counts: Counter[str] = Counter(cases=len(cases))
    said = {member: _check_log(grid, member, counts) for member in SERVERS}
    _check_acknowledged(grid, cases, said, counts)
    for case in cases:
        _check_case(grid, case, said, counts)
    return dict(counts)


def _check_log(grid: Grid, member: str, counts: Counter[str]) -> dict[str, Statement]:
    """A log is whole, gapless and without repetition, and is what witnesses saw."""
    with opened(grid, member) as log:
        size = log.verify()
        sequence = [parse_entry(one).sequence for one in log.entries(0, size)]
        assert sequence == list(range(size)), f"{member}'s log has a gap"
        found = [envelope.read(_envelope(log, index)) for index in range(size)]
        twice = [h for h, n in Counter(one.hash for one in found).items() if n > 1]
        assert not twice, f"{member} logged {len(twice)} statements twice"
        _check_witnessed(grid, member, log, counts)
    counts["leaves"] += size
    return {one.hash: statement.parse(one) for one in found}


def _envelope(log: Log, index: int) -> bytes:
    opening = log.opening(index)
    assert opening is not None, "an opening is gone"
    return opening[1]


def _check_witnessed(grid: Grid, member: str, log: Log, counts: Counter[str]) -> None:
    """Every checkpoint that anybody ever cosigned is a prefix of the log as it is."""
    notes = [note for (note,) in log.query("SELECT note FROM log_cosigned")]
    for witness in (*AGENCIES, STATION):
        path = grid.state(witness) / "log" / "witness.db"
        sql = "SELECT note FROM log_seen WHERE origin = ?"
        notes += [note for (note,) in rows(path, sql, (names.origin(member),))]
    for note in notes:
        log.check_against(open_checkpoint(note, log.vkey).checkpoint)
    counts["checkpoints"] += len(notes)


def _check_acknowledged(
    grid: Grid,
    cases: Sequence[Case],
    said: dict[str, dict[str, Statement]],
    counts: Counter[str],
) -> None:
    """What an officer or a node was told had been taken is still there."""
    for member, name in grid.acknowledged:
        assert name in said[member], f"{member} lost an acknowledged statement"
        counts["acknowledged to officers"] += 1
    board = Shelf.open(grid.state(HUB) / "documents").book.by_hash
    for member in AGENCIES:
        sent = rows(log_path(grid, member), "SELECT hash, kind, state FROM outbox")
        for name, kind, state in sent:
            assert state in ("sent", "waiting"), f"{member}'s {kind}: {state}"
            if state == "sent":
                there = board if Kind(kind) in DOCUMENTS else said[HUB]
                assert name in there, f"the coordinator lost {member}'s {kind}"
                counts["acknowledged to nodes"] += 1


def _check_case(
    grid: Grid,
    case: Case,
    said: dict[str, dict[str, Statement]],
    counts: Counter[str],
) -> None:
    """A case ended as it should at all three parties, and nothing happened twice."""
    parties = ("police", HUB, case.holder)
    for kind in (Kind.DISCLOSURE, Kind.RECEIPT, Kind.REFUSAL):
        seen = {member: _about(case, kind, said[member]) for member in parties}
        due = 1 if case.granted != (kind is Kind.REFUSAL) else 0
        numbers = {member: len(names_) for member, names_ in seen.items()}
        assert set(numbers.values()) == {due}, f"{kind.value}s of one case: {numbers}"
        assert len(set(map(tuple, seen.values()))) == 1, f"{kind.value}s differ"
    if case.granted:
        _check_disclosed(grid, case, said)
        counts["disclosed"] += 1
    else:
        assert not spent(grid, case), "a refused request was answered"
        assert not case.record, "a refused request gave a record"
        counts["refused"] += 1


def _about(case: Case, kind: Kind, said: dict[str, Statement]) -> list[str]:
    disclosures = {
        one.hash
        for one in said.values()
        if one.kind is Kind.DISCLOSURE and one["request"] == case.request
    }
    return sorted(
        one.hash
        for one in said.values()
        if one.kind is kind and one.answers in {case.request, *disclosures}
    )


def _check_disclosed(
    grid: Grid, case: Case, said: dict[str, dict[str, Statement]]
) -> None:
    """One disclosure, one ciphertext, covered by a quorum's checkpoint; then wiped."""
    ((disclosure, ciphertext, state),) = spent(grid, case)
    told = said["police"][disclosure]
    assert state == "receipted"
    assert seal.digest(ciphertext) == told["ciphertext"], "other bytes were sent"
    assert case.record["record"] == grid.sample.records[case.holder]
    _check_proof(grid, case.holder, disclosure)
    kept = rows(
        grid.state(HUB) / "state.db",
        "SELECT count(*) FROM sealed WHERE request = ? AND ciphertext IS NOT NULL",
        (case.request,),
    )
    assert kept == [(0,)], "the coordinator keeps content that has served"


def _check_proof(grid: Grid, holder: str, disclosure: str) -> None:
    view = grid.yard.authority.book.latest(2**31)
    witnesses = [
        Verifier(
            names.witness(one["id"]),
            COSIGNATURE,
            canonical.from_b64(one["witness_key"]),
        ).vkey
        for one in view.witnesses(holder)
    ]
    quorum = view.directory["witnesses"]["quorum"]
    path = log_path(grid, holder)
    ((leaf,),) = rows(path, "SELECT leaf FROM said WHERE hash = ?", (disclosure,))
    sql = "SELECT ciphertext FROM content WHERE hash = ? AND member = 'proof'"
    ((note,),) = rows(path, sql, (disclosure,))
    with opened(grid, holder) as log:
        head = open_checkpoint(note, log.vkey, witnesses, quorum).checkpoint
        log.check_against(head)
    assert leaf < head.size, "a record left before a quorum had seen its leaf"
