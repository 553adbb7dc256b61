"""Other libraries on the same filters, for ``bench.speed``, where they are installed.

anonlink, once through its public call and once through the C++ loop beneath it, on
buffers that are kept; faiss (by Hamming distance, which is another order than Dice),
usearch and FPSim2 (exact Tanimoto and Dice), DuckDB (bit counts in SQL). Each gets its
own structure built beforehand, so that only the search is timed.
"""

from __future__ import annotations

import array
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

FPSIM2_DICE = 1
PACKAGES = ("anonlink", "faiss-cpu", "usearch", "FPSim2", "duckdb")
Words = NDArray[np.uint64]
Calls = dict[str, Callable[[], object]]


@dataclass(frozen=True)
class Task:
    """What to find: for one query or many the best ``k`` of ``rows``, or those near.

    All are ``uint64`` filters of one width; ``near`` is the least Dice.
    """

    rows: Words
    one: Words
    many: Words
    k: int
    near: float


def installed(task: Task) -> Calls:
    """Return the calls to time by name; a library that is not there is left out."""
    found: Calls = {}
    for peer in (_anonlink, _faiss, _usearch, _fpsim2, _duckdb):
        try:
            found |= peer(task)
        except ImportError:
            continue
    return found


def _bits(words: Words) -> list[Any]:
    made = [import_module("bitarray").bitarray() for _ in words]
    for row, bits in zip(words, made, strict=True):
        bits.frombytes(row.tobytes())
    return made


def _anonlink(task: Task) -> Calls:
    call = import_module("anonlink.similarities").dice_coefficient_accelerated
    loop = import_module("anonlink.similarities._dice")
    wide, single = _bits(task.rows), _bits(task.one[None])
    buffer = array.array("b", task.rows.tobytes())
    size = task.rows.itemsize * task.rows.shape[1]
    counts = loop.popcount_arrays(buffer, size)

    def kernel(queries: Words) -> Callable[[], object]:
        asked = array.array("b", queries.tobytes())

        def run() -> object:
            found = array.array("d"), array.array("I"), array.array("I")
            sizes = len(queries), len(task.rows)
            loop.dice_many_to_many(
                asked, buffer, *sizes, counts, size, task.k, task.near, *found
            )
            return found

        return run

    return {
        "anonlink_api": lambda: call((single, wide), task.near, task.k),
        "anonlink_kernel": kernel(task.one[None]),
        "anonlink_kernel_batch": kernel(task.many),
    }


def _faiss(task: Task) -> Calls:
    index = import_module("faiss").IndexBinaryFlat(64 * task.rows.shape[1])
    index.add(task.rows.view(np.uint8))
    asked = task.one[None].view(np.uint8)
    return {"faiss": lambda: index.search(asked, task.k)}


def _usearch(task: Task) -> Calls:
    module = import_module("usearch.index")
    wide, asked = task.rows.view(np.uint8), task.one[None].view(np.uint8)
    kind = module.MetricKind.Tanimoto
    return {"usearch": lambda: module.search(wide, asked, task.k, kind, exact=True)}


def _fpsim2(task: Task) -> Calls:
    loops = import_module("FPSim2.FPSim2lib")
    counts = np.bitwise_count(task.rows).sum(axis=1, dtype=np.uint64)
    ids = np.arange(len(task.rows), dtype=np.uint64)
    table = np.column_stack([ids, task.rows, counts])
    own = np.bitwise_count(task.one).sum(dtype=np.uint64)
    asked = np.concatenate([[np.uint64(0)], task.one, [own]])
    wanted = task.near, task.k, FPSIM2_DICE, 0, len(task.rows)
    return {"fpsim2": lambda: loops.GenericSearch(asked, table, *wanted)}


def _duckdb(task: Task) -> Calls:
    base = import_module("duckdb").connect()
    base.execute("SET threads TO 1")
    table = {f"w{at}": column for at, column in enumerate(task.rows.T.copy())}
    table["a"] = np.bitwise_count(task.rows).sum(axis=1, dtype=np.int64)
    base.register("given", import_module("pyarrow").table(table))
    base.execute("CREATE TABLE filters AS SELECT * FROM given")
    words = enumerate(task.one.tolist())
    common = " + ".join(f"bit_count(w{at} & {word}::UBIGINT)" for at, word in words)
    own = int(np.bitwise_count(task.one).sum())
    asked = f"SELECT rowid, 2.0 * ({common}) / (a + {own}) d FROM filters"  # noqa: S608
    asked += f" ORDER BY d DESC LIMIT {task.k}"
    return {"duckdb": lambda: base.execute(asked).fetchall()}
