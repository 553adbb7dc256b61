"""How large the processes of a grid are, hour by hour: on their disks, in memory.

A log grows by what is said, until it is shredded, and so do an auditor's mirror and
what the coordinator keeps in a database; everything else has to stay level. So a disk
is told in parts, and the log beside the number of its leaves. Write-ahead files, of a
log or another database, are bounded: SQLite begins each anew at 4 MiB.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from deploy.yard import HUB
from process.reckoning import log_path, rows
from process.yardstick import SERVERS, Grid

MIB = 2**20
_KINDS = ("log", "rest", "wal")
MOST_WAL = 3 * 4.5
"""MiB of write-ahead files: of a log, a witness's memory and a state."""
_LEAVES = "SELECT coalesce(max(idx) + 1, 0) FROM log_leaf"


@dataclass(frozen=True)
class Size:
    """One process at the end of a day: MiB in memory and on its disk, and leaves."""

    memory: float
    log: float
    rest: float
    wal: float
    leaves: int


@dataclass
class Sizes:
    """What was measured: by process, one `Size` a day."""

    grid: Grid
    database: str = ""
    """Where the coordinator keeps what was said, if not in its folder."""

    days: dict[str, list[Size]] = field(default_factory=dict)

    def take(self) -> None:
        """A day is over."""
        for name in SERVERS:
            parts = disk(self.grid, name)
            if name == HUB and self.database:
                parts["log"] += database_size(self.database) / MIB
            ((leaves,),) = rows(log_path(self.grid, name), _LEAVES)
            size = Size(memory(self.grid, name), leaves=int(leaves), **parts)
            self.days.setdefault(name, []).append(size)

    def tables(self) -> dict[str, object]:
        """By process one row: a figure a day."""
        return {
            what: {
                name: [round(getattr(one, key), 1) for one in days]
                for name, days in self.days.items()
            }
            for what, key in (
                ("memory_mib", "memory"),
                ("log_mib", "log"),
                ("other_disk_mib", "rest"),
                ("write_ahead_mib", "wal"),
                ("leaves", "leaves"),
            )
        }

    def wrongs(self) -> list[str]:
        """What is not level after the first day."""
        found = []
        for name, days in self.days.items():
            found += [
                f"{name}: {what} grows: {grown}"
                for what, grown in (
                    ("memory", [round(one.memory, 1) for one in days]),
                    ("disk", [round(one.rest, 1) for one in days]),
                )
                if not level(grown)
            ]
            if (most := max(one.wal for one in days)) > MOST_WAL:
                found.append(f"{name}: {most:.1f} MiB of write-ahead files")
        return found


MOST_GROWTH = 0.10
"""By which share a figure may have grown since the end of the first day."""

LEAST_MIB = 2.0
"""What a figure may grow by in any case: less than a page of the tables tells."""


def level(days: list[float]) -> bool:
    """Whether a figure stays where it was at the end of the first day."""
    if len(days) < 2:
        return True
    return days[-1] - days[0] <= max(MOST_GROWTH * days[0], LEAST_MIB)


def memory(grid: Grid, name: str) -> float:
    """MiB that a process has in memory; raises `RuntimeError` where it doesn't run."""
    status = Path(f"/proc/{grid.process(name).pid}/status").read_text("ascii")
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1_024
    raise RuntimeError(f"{name} has no memory")


def disk(grid: Grid, name: str) -> dict[str, float]:
    """MiB of a process's logs, own and mirrored, of write-ahead files, and the rest."""
    parts = dict.fromkeys(_KINDS, 0.0)
    for path in _files(grid, name):
        try:
            parts[_kind(path)] += path.stat().st_size / MIB
        except FileNotFoundError:  # replaced or removed meanwhile
            continue
    return parts


def _kind(path: Path) -> str:
    if path.name.endswith(("-wal", "-shm")):
        return "wal"
    kept = path.name == "log.db" or {"mirror", "archive"} & set(path.parts)
    return "log" if kept else "rest"


def _files(grid: Grid, name: str) -> Iterable[Path]:
    yield from (one for one in grid.state(name).rglob("*") if one.is_file())
    yield grid.folder / "output" / f"{name}.txt"


def database_size(url: str) -> int:
    """Bytes of a PostgreSQL database."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    try:
        with engine.connect() as way:
            asked = way.execute(text("SELECT pg_database_size(current_database())"))
            return int(asked.scalar_one())
    finally:
        engine.dispose()
