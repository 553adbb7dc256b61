"""Keeping an index in step with its source, while queries go on.

    every round          what was written since the last mark, with a look-back
    every reconciliation also the keys alone: what is gone from the source goes here
    every rebuild        the whole source: who came of age, what is past its retention

A file that changed is read whole, and everything where this release reads names, dates
or numbers otherwise than the one that read them. Applying the same changes twice
changes nothing, so a mark that a crash kept from being written only means reading them
again. The rules: no round holds up a query, a failed one leaves the index as it was,
and a source that has lost most of its rows is believed only when a person says so
(`childgrid-node index`); who was acquitted meanwhile goes all the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import structlog

from childgrid_node import indexer
from childgrid_node.index import Block
from childgrid_node.index_errors import Damaged, IndexFileError
from childgrid_node.indexer import Keyring, Mark, Source
from childgrid_node.lookback import Lookback
from childgrid_node.normalise import fingerprint
from childgrid_node.shards.table import Rows, Sharded
from childgrid_node.source_errors import SourceError
from childgrid_wire import keyfile

log = structlog.get_logger(__name__)

MOST_GONE = 0.5
"""The share of an index that may vanish unasked, in one reading or reconciliation."""

_KEYS_AT_ONCE = 50_000
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Pace:
    """How often what is done, and how far a reading looks back; all in seconds."""

    lag: int
    reconcile: int
    rebuild: int


@dataclass(frozen=True)
class Progress:
    """How far a source has been taken in; times are Unix seconds.

    `rules` are those by which its rows were read (`normalise.fingerprint`).
    """

    mark: Mark | None
    whole: int
    keys: int
    rules: str

    @classmethod
    def read(cls, path: Path) -> Progress | None:
        """What `write` wrote; nothing where that is missing or damaged."""
        try:
            table = json.loads(path.read_text("utf-8"))
            mark = Mark.load(table["mark"]) if table["mark"] else None
            times = int(table["whole"]), int(table["keys"])
            known = cls(mark, *times, str(table.get("rules", "")))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return known if mark or not table["mark"] else None

    def write(self, path: Path) -> None:
        """Put this in the place of what stood there; whole or not at all."""
        table = {
            "mark": self.mark.dump() if self.mark else "",
            "whole": self.whole,
            "keys": self.keys,
            "rules": self.rules,
        }
        keyfile.write_private(path, json.dumps(table).encode())


class Doubted(SourceError):
    """Most rows are gone from the source: in `index` all stay that did not change."""

    def __init__(self, detail: str, index: Rows) -> None:
        super().__init__(detail)
        self.index = index


@dataclass(frozen=True)
class Round:
    """What a round is to do: `whole`, or else `changes` and perhaps `keys`."""

    whole: bool = False
    changes: bool = False
    keys: bool = False


def plan(
    known: Progress | None, mark: Mark | None, pace: Pace, now: int, rules: str
) -> Round:
    """What is due; pure.

    Args:
        known: how far the source has been taken in.
        mark: how far it goes now; None where it can only be read whole.
        pace: how often what is done.
        now: Unix seconds; a clock that went back makes everything due.
        rules: those of this release: queries are encoded by them, so rows that were
            read by others are read again.
    """
    if known is None or known.rules != rules:
        return Round(whole=True)
    if not 0 <= now - known.whole < pace.rebuild:
        return Round(whole=True)
    due = not 0 <= now - known.keys < pace.reconcile
    if mark is None or known.mark is None:
        return Round(whole=due)
    if mark.kind == "file":
        return Round(whole=mark != known.mark)
    return Round(changes=True, keys=due)


class Refresher:
    """One source and its index file. Not for several threads at once."""

    def __init__(
        self,
        source: Source,
        path: Path,
        keyring: Keyring,
        clock: Callable[[], int],
        opener: Callable[[Path, Keyring], Rows] = indexer.open_index,
    ) -> None:
        """`path` is the index file, for `opener`; how far it is stands beside it."""
        self._source, self._path, self._keyring = source, path, keyring
        self._clock, self._opener = clock, opener
        self._lookback = Lookback()
        self._left: Rows | None = None

    @property
    def _beside(self) -> Path:
        return self._path.with_suffix(".progress")

    def build(
        self, progress: indexer.Progress = lambda _: None, least: int = 0
    ) -> indexer.Report:
        """Read the whole source; raises `SourceError`, and then nothing changed.

        So too where fewer than `least` rows would be left.
        """
        now = self._clock()
        mark = indexer.mark(self._source, now)
        self._beside.unlink(missing_ok=True)
        self._lookback.forget()
        report = indexer.build(
            self._source, self._path, self._keyring, now, progress, least=least
        )
        Progress(mark, now, now, fingerprint()).write(self._beside)
        return report

    def step(self, index: Rows, pace: Pace) -> Rows:
        """Do what is due; returns the index afterwards, which may be the same.

        Raises:
            SourceError: the source can't be read, or has lost most of its rows.
            Doubted: of these errors the one that carries the index afterwards.
            Damaged: rows of the file were altered; it is made anew in the next step.
            IndexFileError: somebody else changed the file; open it again.
        """
        left, self._left = self._left, None
        if left is not index:
            self._lookback.forget()
        self._left = self._step(index, pace)
        return self._left

    def _step(self, index: Rows, pace: Pace) -> Rows:
        if isinstance(index, Sharded) and self._path.exists():
            # How far the source was taken in is said of that file, not of these parts.
            raise IndexFileError("a newer index waits to be split; open it again")
        now = self._clock()
        mark = indexer.mark(self._source, now)
        known = Progress.read(self._beside)
        due = plan(known, mark, pace, now, fingerprint())
        if due.whole or known is None or index.damaged:
            report = self.build(least=math.ceil((1 - MOST_GONE) * index.living))
            _tell_unused(self._path.stem, report)
            return self._opener(self._path, self._keyring)
        if not due.changes:
            return index.changed(as_of=now)
        index, doubt = self._apply(index, known, pace, now, keys=due.keys)
        keys = now if due.keys and not doubt else known.keys
        replace(known, mark=mark, keys=keys).write(self._beside)
        index = index.compacted() if index.loose else index
        if doubt:
            raise Doubted(doubt, index)
        return index

    def _apply(
        self, index: Rows, known: Progress, pace: Pace, now: int, *, keys: bool
    ) -> tuple[Rows, str]:
        """The index afterwards, and why what is gone from the source stays in it."""
        blocks, gone, doubt = list[Block](), list[str](), ""
        lookback = self._lookback
        lookback.begin(now // _DAY_SECONDS)
        if known.mark is not None:
            for block, barred in indexer.changes(
                self._source, self._keyring, known.mark, pace.lag, now, lookback.fresh
            ):
                gone += barred
                blocks += [block] if block is not None else []
        if keys:
            vanished, doubt = self._vanished(index)
            gone += vanished
        as_of = index.header.as_of if doubt else now
        changed = index.changed(latest(blocks), gone, as_of=as_of)
        lookback.keep(gone)
        return changed, doubt

    def _vanished(self, index: Rows) -> tuple[list[str], str]:
        """Keys that are in the index and no longer in the source; or why none is."""
        seen = np.zeros(len(index), np.bool_)
        for keys in indexer.keys(self._source, _KEYS_AT_ONCE):
            seen[index.all_rows_of(keys)] = True
        lost = index.unseen(seen)
        if len(lost) > MOST_GONE * max(index.living, 1):
            return [], (
                f"{self._path.stem}: {len(lost)} of {index.living} rows are gone from "
                "the source; if that is right, run `childgrid-node index`"
            )
        return index.keys_of(lost), ""


def _tell_unused(source: str, report: indexer.Report) -> None:
    """Say how many rows a reading could not use; nobody else sees it unattended."""
    if report.faults is not None and report.faults.total:
        kinds = ", ".join(f"{kind} {n}" for kind, n in report.faults.counts.items())
        log.warning("rows not used", source=source, of=report.read, kinds=kinds)


def latest(blocks: Sequence[Block]) -> list[Block]:
    """The same rows, each key once: the one that was read last."""
    places = {
        key: (number, at)
        for number, block in enumerate(blocks)
        for at, key in enumerate(block.keys)
    }
    kept: list[Block] = []
    for number, block in enumerate(blocks):
        rows = [at for at, key in enumerate(block.keys) if places[key] == (number, at)]
        if rows:
            names = [block.keys[at] for at in rows]
            kept.append(Block(names, block.encodings[rows], block.guards[rows]))
    return kept


def step_all(
    refreshers: dict[str, Refresher],
    indexes: dict[str, Rows],
    pace: Pace,
    put: Callable[[str, Rows], None],
    reopen: Callable[[str], None],
) -> None:
    """One round over every source; one that fails does not hold up the others.

    `put` takes an index into force, `reopen` opens what somebody else has written.
    """
    for name, refresher in refreshers.items():
        try:
            if name in indexes:
                _step(name, refresher, indexes[name], pace, put, reopen)
        except (IndexFileError, SourceError) as error:
            log.error("index not refreshed", source=name, why=str(error))


def _step(
    name: str,
    refresher: Refresher,
    index: Rows,
    pace: Pace,
    put: Callable[[str, Rows], None],
    reopen: Callable[[str], None],
) -> None:
    try:
        put(name, refresher.step(index, pace))
    except Doubted as doubt:
        put(name, doubt.index)
        raise
    except Damaged:
        raise
    except IndexFileError as error:
        log.warning("index opened again", source=name, error=type(error).__name__)
        reopen(name)
