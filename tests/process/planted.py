"""Faults that are planted into a node, and who must say so: the contract of operating.

Each row says what is wrong, which check of the doctor names it by which words, how a
start ends, and what a node that runs already says to health checks and alarms. The
rule: every fault keeps a process from starting, or is told by one that runs; none
leaves a process that claims to be healthy and says nothing. `tests.faults` writes the
rows into `docs/operating.md`.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from childgrid_log import restored
from childgrid_node import ceremony
from childgrid_node.config import NodeConfig

DAY = 86_400


@dataclass
class Bed:
    """A node's settings over a copy of its state and files, in which nothing runs."""

    config: NodeConfig
    folder: Path
    later: int = 0
    """By how many seconds its clock is ahead of ours."""

    free: int = 10**12
    """How much disk it finds."""

    @classmethod
    def copied(cls, config: NodeConfig, folder: Path) -> Bed:
        """A copy in `folder`; the caller keeps the node from writing meanwhile."""
        shutil.copytree(config.state_dir, folder / "state")
        shutil.copytree(config.sources, folder / "sources")
        files = {"passphrase": config.passphrase_file, "staff.toml": config.staff}
        files |= {"policy.toml": config.policy, "cases.csv": config.cases}
        for name, path in files.items():
            shutil.copy2(path, folder / name)
        places = {"state_dir": "state", "sources": "sources", "cases": "cases.csv"}
        places |= {"staff": "staff.toml", "policy": "policy.toml"}
        places |= {"passphrase_file": "passphrase"}
        update = {name: folder / place for name, place in places.items()}
        return cls(config.model_copy(update=update), folder)

    @property
    def state(self) -> Path:
        """The copy of its state."""
        return self.config.state_dir

    def clock(self) -> float:
        """The node's time."""
        return time.time() + self.later

    def set(self, **changes: Any) -> None:
        """Change settings."""
        self.config = self.config.model_copy(update=changes)

    def edit(self, name: str, old: str, new: str) -> None:
        """Change one of the node's files."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text, name
        path.write_text(text.replace(old, new), "utf-8")

    def database(self, *sql: str) -> None:
        """Do something to the log's file that no program of ours would."""
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        with closing(sqlite3.connect(self.state / "log" / "log.db")) as db, db:
            for (name,) in db.execute(triggers).fetchall():
                db.execute(f"DROP TRIGGER {name}")
            for one in sql:
                db.execute(one)


Plant = Callable[[Bed], None]


@dataclass(frozen=True)
class Fault:
    """One row; see the module. Empty: it starts, says nothing, raises nothing."""

    what: str
    plant: Plant = field(repr=False)
    check: str
    words: str
    start: str = ""
    """Words of the line with which a start ends."""

    health: str = ""
    """Why it says NOT_SERVING, as `childgrid_fault` has it, while it runs."""

    alarm: str = ""
    """The alarm that a running node's figures raise."""


FAULTS: dict[str, Fault] = {}
"""By the name of what plants it."""


def fault(what: str, check: str, words: str, **said: str) -> Callable[[Plant], Plant]:
    """Register the function below, which plants this fault."""

    def register(plant: Plant) -> Plant:
        FAULTS[plant.__name__] = Fault(what, plant, check, words, **said)
        return plant

    return register


@fault("the passphrase is another", "keys", "wrong passphrase", start="passphrase")
def passphrase(bed: Bed) -> None:
    """Of the file that opens the keys."""
    (bed.folder / "passphrase").write_text("another passphrase", "utf-8")


@fault("the passphrase may be read by others", "keys", "readable by its owner only",
       start="readable by its owner only")  # fmt: skip
def open_passphrase(bed: Bed) -> None:
    """By whoever has an account on the machine."""
    bed.config.passphrase_file.chmod(0o644)


@fault("it has not joined", "keys", "has not joined", start="childgrid-node join")
def not_joined(bed: Bed) -> None:
    """There are keys, and no issuer."""
    (bed.state / "keys" / "issuer.pem").unlink()


@fault("the keys are another member's", "keys", "keys of police",
       start="correct member or state_dir")  # fmt: skip
def anothers_keys(bed: Bed) -> None:
    """The settings say another member."""
    bed.set(member="customs")


@fault("a document was altered", "directory", "documents: ", start="documents")
def document(bed: Bed) -> None:
    """One byte of a signed document on the disk."""
    path = bed.state / "documents" / "00000002.dsse"
    path.write_bytes(path.read_bytes().replace(b"A", b"B", 1))


@fault("the log's file is gone", "directory", "log.db is gone", start="log.db is gone",
       health="log-refused")  # fmt: skip
def log_gone(bed: Bed) -> None:
    """Removed by somebody, also below a node that runs."""
    (bed.state / "log" / "log.db").unlink()


@fault("the log was cut off", "directory", "log: ", start="log")
def log_shortened(bed: Bed) -> None:
    """Leaves are missing at its end."""
    tables = ("log_opening", "log_node", "log_leaf")
    bed.database(*(f"DELETE FROM {table} WHERE idx > 0" for table in tables))


@fault("the log came from a backup and nobody has confirmed it", "log",
       "came from a backup", health="log-refused")  # fmt: skip
def log_restored(bed: Bed) -> None:
    """It starts and takes nothing in."""
    restored.mark(bed.state / "keys")


@fault("`staff.toml` is faulty", "officers", "staff.toml", start="staff.toml",
       alarm="ChildgridFileRefused")  # fmt: skip
def staff(bed: Bed) -> None:
    """A setting that there is not."""
    bed.edit("staff.toml", "role", "rolle")


@fault("`policy.toml` is faulty", "directory", "policy.toml", start="policy.toml",
       alarm="ChildgridFileRefused")  # fmt: skip
def policy(bed: Bed) -> None:
    """Another setting that there is not."""
    (bed.folder / "policy.toml").write_text("approvers = 1\n", "utf-8")


@fault("the register of cases can't be read", "cases", "cases.csv",
       alarm="ChildgridFileRefused")  # fmt: skip
def cases(bed: Bed) -> None:
    """It answers others all the same; its own officers ask nothing."""
    (bed.folder / "cases.csv").unlink()


@fault("a line of the register of cases holds a slip", "cases",
       "cases.csv, line 2: basis is not one of: fir, order",
       alarm="ChildgridFileRefused")  # fmt: skip
def case_line(bed: Bed) -> None:
    """Whom the line names asks nothing; everybody else does."""
    path = bed.folder / "cases.csv"
    path.write_text(path.read_text("utf-8").replace(",fir,", ",firr,", 1), "utf-8")


@fault("the linkage key is not here", "directory", "epoch: no linkage key yet",
       start="no linkage key yet; run `childgrid-node join`")  # fmt: skip
def linkage_key(bed: Bed) -> None:
    """Of the epoch in force."""
    ceremony.linkage_file(bed.state / "keys", 1).unlink()


@fault("a source was never indexed", "index", "childgrid-node index",
       health="index-missing")  # fmt: skip
def no_index(bed: Bed) -> None:
    """Nothing is answered before it is."""
    shutil.rmtree(bed.state / "index" / "e1")


@fault("there is no mapping", "directory", "no mapping in sources/", start="sources")
def no_mapping(bed: Bed) -> None:
    """A provider without a source."""
    shutil.rmtree(bed.config.sources)


@fault("a mapping is faulty", "directory", "police.toml", start="police.toml")
def mapping(bed: Bed) -> None:
    """A table that there is not."""
    bed.edit("sources/police.toml", "[fields]", "[feilds]")


@fault("no sealing key is in force", "terms", "sealing key: none is in force",
       health="sealing-key-expired", alarm="ChildgridSealingKeyEnds")  # fmt: skip
def sealing_key(bed: Bed) -> None:
    """Nobody could ask it."""
    bed.later = 9 * DAY


@fault("the issuer runs out soon", "terms", "issuer: runs out in",
       alarm="ChildgridIssuerEnds")  # fmt: skip
def issuer(bed: Bed) -> None:
    """Within the month."""
    bed.later = 345 * DAY


@fault("the issuer has run out", "certificate", "our issuer has run out",
       health="issuer-expired", alarm="ChildgridIssuerEnds")  # fmt: skip
def issuer_out(bed: Bed) -> None:
    """No certificate can be made."""
    bed.later = 370 * DAY


@fault("a source was not read for days", "source", "police was last read 3 days ago",
       alarm="ChildgridSourceStale")  # fmt: skip
def stale(bed: Bed) -> None:
    """Answers say as of when they speak."""
    bed.later = 3 * DAY


@fault("the directory runs out soon", "directory", "directory: runs out in",
       alarm="ChildgridDirectoryEnds")  # fmt: skip
def directory(bed: Bed) -> None:
    """Releases stop then."""
    bed.later = 80 * DAY


@fault("no quorum cosigns the log", "log", "not cosigned for 6",
       alarm="ChildgridLogNotCosigned")  # fmt: skip
def cosigned(bed: Bed) -> None:
    """Nothing is released meanwhile."""
    bed.database("DELETE FROM log_cosigned")
    bed.later = 3_600


@fault("statements are not carried away", "outbox", "1 statements wait",
       alarm="ChildgridOutboxWaits")  # fmt: skip
def outbox(bed: Bed) -> None:
    """The coordinator is away, or refuses."""
    bed.database(
        "INSERT OR REPLACE INTO outbox (hash, kind, envelope, state)"
        " SELECT hash, kind, envelope, 'waiting' FROM said LIMIT 1"
    )
    bed.later = 3_600


@fault("the disk is full", "space", "the node does not serve", health="disk-full",
       alarm="ChildgridDisk")  # fmt: skip
def disk(bed: Bed) -> None:
    """Less than what a node needs to go on."""
    bed.free = 10**6
