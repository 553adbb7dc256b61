"""What must hold at the end of a week: nothing was lost, and the auditor agrees.

Statements may have been shredded meanwhile; a `shred` that names them is then as good
as they are. What an officer or a node was told had been taken is sought in the log of
whoever said so.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from childgrid_log.entry import parse_entry
from childgrid_wire import envelope, statement
from childgrid_wire.book import DOCUMENTS
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from deploy.yard import HUB
from process.reckoning import await_receipts, log_path, opened, rows
from process.yardstick import AGENCIES, SERVERS, STATION, Grid

if TYPE_CHECKING:
    from process.week import Week


def audit(week: Week) -> dict[str, Any]:
    """Mirror, export and verify, twice; what an auditor finds and counts."""
    await_receipts(week.grid, week.crew.count.cases)
    week.stations.await_cosigned(AGENCIES)
    folder = week.grid.folder / "audit"
    verdict = week.stations.audit(STATION, folder)
    return {
        "mirrored": [str(one) for one in week.stations.mirrored],
        "findings": [str(one) for one in verdict.findings],
        "notes": len(verdict.notes),
        "queries": len(verdict.ledger.of(Kind.QUERY)),
        "disclosures": len(verdict.ledger.of(Kind.DISCLOSURE)),
        "receipts": len(verdict.ledger.of(Kind.RECEIPT)),
        "refusals": len(verdict.ledger.of(Kind.REFUSAL)),
        "commands": [_verify(week, folder), week.stations.verify_again(folder)],
    }


def _verify(week: Week, folder: Path) -> int:
    """Run `childgrid-audit verify`; returns its exit status."""
    root = (week.grid.folder / "root").read_text().strip()
    command = [sys.executable, "-m", "childgrid_audit", "verify", str(folder)]
    done = subprocess.run(
        [*command, "--root", root],
        check=False,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **week.grid.environments[STATION]},
    )
    return done.returncode


def reckon(week: Week) -> dict[str, Any]:
    """Count what is in the logs, and seek what was acknowledged; nothing runs."""
    grid = week.grid
    kept = {member: Kept(grid, member) for member in SERVERS}
    lost = [
        f"{member} lost {name[:12]}"
        for member, name in grid.acknowledged
        if name not in kept[member].names
    ]
    board = Shelf.open(grid.state(HUB) / "documents").book.by_hash
    sent = 0
    for member in AGENCIES:
        sql = "SELECT hash, kind, state FROM outbox"
        for name, kind, state in rows(log_path(grid, member), sql):
            there = board if Kind(kind) in DOCUMENTS else kept[HUB].names
            sent += 1
            if state != "sent" or name not in there:
                lost.append(f"{member}'s {kind} is {state}, lost {name not in there}")
    return {
        "leaves": sum(one.size for one in kept.values()),
        "shredded": sum(one.shredded for one in kept.values()),
        "acknowledged_to_officers": len(grid.acknowledged),
        "acknowledged_to_nodes": sent,
        "queries_left": len(set(week.crew.count.asked) - kept["police"].gone),
        "releases_left": sum(
            one.granted and one.query not in kept["police"].gone
            for one in week.crew.count.cases
        ),
        "lost": lost,
    }


class Kept:
    """What a log holds: whole, gapless, each leaf with its statement or shredded."""

    def __init__(self, grid: Grid, member: str) -> None:
        self.names, self.gone, self.shredded = set[str](), set[str](), 0
        with opened(grid, member) as log:
            self.size = log.verify()
            told = [parse_entry(one).sequence for one in log.entries(0, self.size)]
            assert told == list(range(self.size)), f"{member}'s log has a gap"
            for index in range(self.size):
                self._take(log.opening(index))
        self.names |= self.gone

    def _take(self, opening: tuple[bytes, bytes] | None) -> None:
        if opening is None:
            self.shredded += 1
            return
        signed = envelope.read(opening[1])
        self.names.add(signed.hash)
        if signed.kind is Kind.SHRED:
            self.gone |= set(statement.parse(signed)["statements"])


def wrongs(found: dict[str, Any]) -> list[str]:
    """What a week found that must not be."""
    audited, events = found["audit"], found["events"]
    wrong = [f"not answered: {one}" for one in found["failed"]]
    wrong += [f"lost: {one}" for one in events["lost"]]
    wrong += [f"found by the auditor: {one}" for one in audited["findings"]]
    wrong += [f"not mirrored: {x}" for x in audited["mirrored"] if _is_bad(x)]
    wrong += ["a verifier refuses the export"] * (audited["commands"] != [0, 0])
    for what, seen in (("queries", "queries"), ("releases", "disclosures")):
        if (left := events[f"{what}_left"]) != audited[seen]:
            wrong.append(f"{left} {what}, the auditor sees {audited[seen]}")
    wrong += found["certificates_wrong"] + found["not_level"]
    statuses = {n: one for n, one in found["statuses"].items() if one}
    wrong += [f"{name} ended {status}" for name, status in statuses.items()]
    return wrong


def _is_bad(mirrored: str) -> bool:
    good = ("mirrored", "unchanged", "empty")
    return not any(f": {word}," in mirrored for word in good)
