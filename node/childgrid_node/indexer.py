"""The verb *index*: read the source, guard it, encode it, and keep nothing else.

Rows come from the register in batches, are normalised and encoded under the linkage
key, and only encodings, source keys, digests and guard bytes are written. Victims and
minors are left out before anything is encoded. Faulty rows and cells are counted and
reported by row number, never by value; none stops a run. Memory does not grow with the
rows.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from childgrid_node.index import Block, Index, Origin
from childgrid_node.mapping import Mapping
from childgrid_node.register import Batch, Change, Register
from childgrid_node.register import Faults as Faults
from childgrid_node.register import Mark as Mark
from childgrid_node.scheme import Scheme
from childgrid_node.source_errors import SourceError
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.kinds import CATEGORIES

if TYPE_CHECKING:
    from childgrid_node.bulk.intake import Order
    from childgrid_node.quality import Quality

Progress = Callable[[int], None]

Fresh = Callable[[str, Any], bool]
"""Whether a row, by its key and its values by column, is another than was taken in."""


@dataclass(frozen=True)
class Source:
    """An opened register, for others to hold and hand back: they can't read rows."""

    register: Register

    @property
    def mapping(self) -> Mapping:
        """How the source's columns become grid fields."""
        return self.register.mapping

    @property
    def away(self) -> str:
        """Why it could not be opened yet; empty where it is open."""
        return self.register.away

    def close(self) -> None:
        """Let go of it."""
        self.register.close()


def open_source(path: Path, *, patient: bool = False) -> Source:
    """Open the source of one mapping file; raises `ConfigurationRefused`.

    With `patient`, one that is only away is opened when it is used.
    """
    try:
        mapping = Mapping.read(path)
        if not mapping.category:
            known = ", ".join(CATEGORIES)
            raise SourceError(f"{path}: category is missing; name one of: {known}")
        return Source(Register.open(mapping, patient=patient))
    except SourceError as error:
        raise ConfigurationRefused(str(error)) from error


def survey(
    source: Source,
    name: str,
    now: int,
    scheme: Scheme,
    progress: Progress = lambda _: None,
) -> Quality:
    """Count what a source holds and what is wrong in it, before anything is encoded.

    `progress` is called with the number of rows read so far.

    Raises:
        SourceError: it can't be read to its end.
    """
    # It draws matches by the scheme's weights; a node that serves does without.
    from childgrid_node.quality import Defect, Tally

    today = dt.datetime.fromtimestamp(now, dt.UTC).date()
    register = source.register
    register.mark(now)  # refuses an `updated` by which nobody can follow it
    tally = Tally(name, register.mapping, today, scheme)
    for batch in register.rows():
        for row in batch:
            tally.add(row.number, row.values)
        progress(tally.found.rows)
    faults = register.faults
    places = (Defect(one.number, one.column, one.kind) for one in faults.listed)
    tally.unusable(faults.counts, places)
    tally.filtered(faults.barred)
    return tally.close()


def readable(source: Source) -> None:
    """Read one batch of one row; raises what the source raises."""
    next(iter(source.register.rows(1)), None)


@dataclass(frozen=True)
class Keyring:
    """Under what a register is encoded and kept; 32-byte secrets."""

    scheme: Scheme
    linkage_key: bytes = field(repr=False)
    key_check: bytes
    epoch: int
    index_key: bytes = field(repr=False)
    clear: bool = False


@dataclass
class Report:
    """What happened to the rows of one source: counts only."""

    read: int = 0
    indexed: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    faults: Faults | None = None


def path_of(folder: Path, source: str, epoch: int) -> Path:
    """The index file of a source under one key epoch; makes the epoch's folder."""
    of_epoch = folder / f"e{epoch}"
    of_epoch.mkdir(parents=True, exist_ok=True, mode=0o700)
    return of_epoch / f"{source}.index"


def build(
    source: Source,
    path: Path,
    keyring: Keyring,
    now: int,
    progress: Progress = lambda _: None,
    processes: int = 0,
    least: int = 0,
) -> Report:
    """Index one register; a crash leaves the old index or the new one.

    Args:
        source: the opened register.
        path: the index file to write.
        keyring: scheme, keys and epoch.
        now: Unix seconds; the date by which minors are judged.
        progress: called with the number of rows read so far.
        processes: how many may encode a large source; 0 for one on each core.
        least: with fewer rows than these the old index is left as it was.

    Raises:
        SourceError: it can't be read to its end, or has too few rows.
    """
    report = Report()
    register, mapping = source.register, source.mapping
    order = _order(keyring, mapping, now)
    Index.build(
        path,
        _enough(
            _blocks(register, order, report, progress, processes or cores()),
            report,
            least,
            path.stem,
        ),
        scheme=keyring.scheme,
        epoch=keyring.epoch,
        key_check=keyring.key_check,
        origin=Origin(mapping.agency, mapping.category, now, now),
        index_key=keyring.index_key,
        clear=keyring.clear,
    )
    report.faults = register.faults
    return report


def _enough(
    blocks: Iterator[Block], report: Report, least: int, name: str
) -> Iterator[Block]:
    """The same blocks, and an error behind them where they are too few."""
    yield from blocks
    if report.indexed < least:
        raise SourceError(
            f"{name}: the source has {report.indexed} rows to search, far fewer than "
            "before; if that is right, run `childgrid-node index`"
        )


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def _order(keyring: Keyring, mapping: Mapping, now: int) -> Order:
    # Compiled loops; a node that serves what is indexed starts without them.
    from childgrid_node.bulk.intake import Order

    today = dt.datetime.fromtimestamp(now, dt.UTC).date()
    return Order.of(keyring.scheme, keyring.linkage_key, keyring.epoch, mapping, today)


def _blocks(
    register: Register,
    order: Order,
    report: Report,
    progress: Progress,
    processes: int,
) -> Iterator[Block]:
    from childgrid_node.bulk.intake import taken

    for rows, found in taken(_columns(register, order), order, processes):
        report.read += len(rows)
        report.indexed += len(found.kept)
        report.left_out += found.left_out
        for fault in found.faults:
            told = f"{fault.field} unreadable, taken as empty"
            register.faults.add(rows[fault.row].number, told)
        progress(report.read)
        if found.kept:
            keys = [rows[at].key for at in found.kept]
            yield Block(keys, found.encodings, found.guards)


def _columns(
    register: Register, order: Order
) -> Iterator[tuple[Batch, dict[str, list[str]], int]]:
    names = order.columns
    for rows in register.rows():
        cells = {name: [row.values.get(name, "") for row in rows] for name in names}
        yield rows, cells, len(rows)


def mark(source: Source, now: int) -> Mark | None:
    """How far a source goes `now` (Unix seconds); None where it can only be read whole.

    Raises:
        SourceError: it can't be read, or `updated` names a column without times.
    """
    return source.register.mark(now)


def keys(source: Source, at_once: int) -> Iterator[list[str]]:
    """The keys of all rows that pass a source's filters, so many at a time."""
    found = source.register.keys()
    while some := list(islice(found, at_once)):
        yield some


def changes(
    source: Source,
    keyring: Keyring,
    since: Mark,
    lag_seconds: int,
    now: int,
    fresh: Fresh = lambda *_: True,
) -> Iterator[tuple[Block | None, list[str]]]:
    """What was written since so long before a mark, batch by batch.

    Yields the rows to put in the place of those with their keys, and the keys of rows
    that may not be searched any more. Rows that are not `fresh`, by key and values, are
    passed over.
    """
    from childgrid_node.bulk.intake import taken

    order = _order(keyring, source.mapping, now)
    changed = (
        tuple(one for one in batch if one.row is None or fresh(one.key, one.row.values))
        for batch in source.register.changes(since, lag_seconds)
    )
    for batch, found in taken(_changed(changed, order), order):
        rows = [one.row for one in batch if one.row is not None]
        kept = [rows[at].key for at in found.kept]
        barred = {one.key for one in batch} - set(kept)
        block = Block(kept, found.encodings, found.guards) if kept else None
        yield block, sorted(barred)


def _changed(
    changed: Iterable[tuple[Change, ...]], order: Order
) -> Iterator[tuple[tuple[Change, ...], dict[str, list[str]], int]]:
    for batch in changed:
        rows = [one.row.values for one in batch if one.row is not None]
        cells = {name: [row.get(name, "") for row in rows] for name in order.columns}
        yield batch, cells, len(rows)


def open_index(path: Path, keyring: Keyring) -> Index:
    """Open an index that must have been made under exactly `keyring`.

    Raises:
        IndexFileError: another scheme, epoch or key, or a damaged file.
    """
    return Index.open(
        path,
        scheme=keyring.scheme,
        epoch=keyring.epoch,
        key_check=keyring.key_check,
        index_key=keyring.index_key,
    )
