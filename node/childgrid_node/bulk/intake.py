"""From a register's batches to what is indexed, in order, on one core or on all.

Rows are judged by the guard before anything of them is encoded. A large source is
shared out among processes batch by batch; few batches are under way at a time, so that
memory does not grow with the source. Registers are not opened here: their reader brings
the columns.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from threading import Thread
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from childgrid_node import guard, priority
from childgrid_node.bulk.batch import MOST_CELLS, BatchEncoder, Fault
from childgrid_node.encode import Encoder
from childgrid_node.index_errors import EncodingError
from childgrid_node.mapping import Mapping
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALONE = 5
"""Batches after which further processes pay for their start."""

AGES = ("birth_date", "birth_year", "age")
"""The grid fields that the guard reads."""

T = TypeVar("T")
Cells = dict[str, list[str]]
Batches = Iterable[tuple[T, Cells, int]]
"""What stands for a batch, its columns, and how many rows it has."""


@dataclass(frozen=True)
class Order:
    """Under what rows are judged and encoded; it may be sent to another process.

    Attributes:
        scheme: the scheme's document.
        linkage_key: 32 secret bytes.
        epoch: the key epoch.
        today: the day on which minors and retention are judged.
        columns: the columns to bring.
        judged: those of them that may decide who is guarded.
    """

    scheme: bytes
    linkage_key: bytes = field(repr=False)
    epoch: int
    today: date
    columns: tuple[str, ...]
    judged: tuple[str, ...]
    _settings: dict[str, Any] = field(repr=False)

    @classmethod
    def of(
        cls, scheme: Scheme, key: bytes, epoch: int, mapping: Mapping, today: date
    ) -> Self:
        """Return the order to index one source."""
        decisive = (column for name, column in mapping.uses() if _judges(name))
        judged = tuple(dict.fromkeys(decisive))
        read = (column for one in mapping.fields.values() for column in one.names)
        columns = tuple(dict.fromkeys((*read, *judged)))
        # The address of a source, which may hold a password, is nobody's business.
        settings = {
            one.name: _plain(getattr(mapping, one.name))
            for one in dataclasses.fields(mapping)
            if one.name != "source"
        }
        return cls(scheme.raw, key, epoch, today, columns, judged, settings)

    def mapping(self) -> Mapping:
        """Return the source's mapping, without the source."""
        settings: dict[str, Any] = {
            name: MappingProxyType(value) if isinstance(value, dict) else value
            for name, value in self._settings.items()
        }
        return Mapping(source="", **settings)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, MappingProxyType) else value


def _judges(setting: str) -> bool:
    """Whether the guard may read a setting's column: a new one of a mapping may."""
    kind, _, name = setting.partition(".")
    if kind == "fields":
        return name in AGES
    return kind not in ("key", "updated", "disclose", "where")


@dataclass(frozen=True, slots=True)
class Taken:
    """What becomes of one batch.

    Attributes:
        kept: admitted rows, by place in the batch.
        guards: their guard bytes, ``uint8[kept]``.
        encodings: ``uint64[kept, words]``.
        left_out: the others, counted by reason.
        faults: cells of admitted rows that could not be read, by place in the batch.
    """

    kept: list[int]
    guards: NDArray[np.uint8]
    encodings: NDArray[np.uint64]
    left_out: Counter[str]
    faults: list[Fault]


class Intake:
    """Judges and encodes batches; use it as a context manager."""

    def __init__(self, order: Order) -> None:
        mapping = order.mapping()
        scheme = Scheme.parse(order.scheme)
        encoder = Encoder(scheme, order.linkage_key, order.epoch)
        self._order = order
        self._mapping = mapping
        self._judged = order.judged
        self._encoder = BatchEncoder(encoder, mapping)
        self._verdicts: dict[tuple[str, ...], guard.Verdict] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._verdicts.clear()
        self._encoder.clear()

    def take(self, columns: Cells, count: int) -> Taken:
        """Judge ``count`` rows and encode those that are admitted."""
        verdicts = self._judge(columns, count)
        kept = [row for row, verdict in enumerate(verdicts) if verdict.admitted]
        others = [v.reason.value for v in verdicts if not v.admitted]
        if others:
            names = self._encoder.columns
            columns = {n: [columns[n][row] for row in kept] for n in names}
        made = self._encoder.encode(columns, len(kept))
        return Taken(
            kept,
            np.array([verdicts[row].byte for row in kept], np.uint8),
            made.encodings,
            Counter(others),
            [Fault(kept[one.row], one.field) for one in made.faults],
        )

    def _judge(self, columns: Cells, count: int) -> list[guard.Verdict]:
        if len(self._verdicts) > MOST_CELLS:
            self._verdicts.clear()
        cells: list[Sequence[str]] = [columns[name] for name in self._judged]
        rows = zip(*cells, strict=True) if cells else iter([()] * count)
        return [self._verdict(row) for row in rows]

    def _verdict(self, cells: tuple[str, ...]) -> guard.Verdict:
        known = self._verdicts.get(cells)
        if known is None:
            values = dict(zip(self._judged, cells, strict=True))
            known = guard.judge(values, self._mapping, self._order.today)
            self._verdicts[cells] = known
        return known


def taken(
    batches: Batches[T], order: Order, processes: int = 1
) -> Iterator[tuple[T, Taken]]:
    """Yield each batch's mark and what became of it, in the batches' order.

    Args:
        batches: a mark of any kind, columns as ``order.columns`` names them, rows.
        order: under what.
        processes: how many may work once ``ALONE`` batches were taken.

    Raises:
        EncodingError: a process ended before its work; nothing is lost but the run.
    """
    batches = iter(batches)
    with Intake(order) as intake:
        alone = islice(batches, ALONE) if processes > 1 else batches
        for mark, columns, count in alone:
            yield mark, intake.take(columns, count)
    if (following := next(batches, None)) is not None:
        yield from _shared_out(_again(following, batches), order, processes)


def _again(one: tuple[T, Cells, int], more: Batches[T]) -> Batches[T]:
    yield one
    yield from more


def _shared_out(
    batches: Batches[T], order: Order, processes: int
) -> Iterator[tuple[T, Taken]]:
    # A process that serves has threads, and must not be forked.
    context = multiprocessing.get_context("spawn")
    waiting: deque[tuple[T, Future[Taken]]] = deque()
    pool = ProcessPoolExecutor(processes, context, _begin, (order,))
    try:
        for mark, columns, count in batches:
            waiting.append((mark, pool.submit(_take, columns, count)))
            if len(waiting) > 2 * processes:
                mark, future = waiting.popleft()
                yield mark, future.result()
        while waiting:
            mark, future = waiting.popleft()
            yield mark, future.result()
    except BrokenProcessPool:
        raise EncodingError(
            "a process that encodes was ended by the system; see whether memory "
            "suffices and index again"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


_intakes: list[Intake] = []


def _begin(order: Order) -> None:
    priority.yield_to_others(priority.READING)
    Thread(target=_end_with_parent, daemon=True).start()
    _intakes.append(Intake(order))


def _end_with_parent() -> None:
    """Leave no process with the linkage key behind when the parent is killed.

    The pool's pipes don't tell: its processes hold both ends of them.
    """
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _take(columns: Cells, count: int) -> Taken:
    return _intakes[0].take(columns, count)
