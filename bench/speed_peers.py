"""Other libraries on the same filters, for ``bench.speed``, where they are installed.

What each can honestly be asked about 1,024-bit rows, all exactly, all on one thread,
each on a structure of its own that is built beforehand, so that only the search counts:

anonlink  Dice, the rows above a threshold: its public call, and the C++ loop beneath it
          on buffers that are kept. It has no index; the public call joins rows anew.
faiss     Hamming distance, top k. That is another order than Dice: rows of few bits
          come out near. Its binary index knows no other.
FPSim2    Dice, top k, by its C++ loop on our array (its own files hold molecules); in
          float32. It sorts molecules by popcount to skip many; filters' are too alike.
usearch   Tanimoto, top k, in float32: the same order as Dice, of which it is a growing
          function. Its own Dice (Sorensen) takes ten times as long.
DuckDB    Dice, top k, as SQL over 16 columns.
numpy     Dice, top k, by our own loops without a compiler.

``found`` in a result is the share of our rows that are among the peer's, counting any
row as similar as our last: 1 where it answers the same question.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from childgrid_node.clk.search import Filters, Similar, search

FPSIM2_DICE = 1
Words = NDArray[np.uint64]
Rows = list[NDArray[np.int64]]


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


@dataclass(frozen=True)
class Call:
    """A search to be timed, and how to read its answer.

    ``against`` names the search of ours that does the same work: ``scan`` (top k for
    one query), ``near`` (those above the threshold) or ``batch``; ``rows`` takes the
    rows found, by query, from what ``run`` returned.
    """

    name: str
    against: str
    computes: str
    run: Callable[[], Any]
    rows: Callable[[Any], Rows]


def installed(task: Task) -> tuple[dict[Call, str], list[str]]:
    """Return calls by the package they come from, and packages that are not here."""
    found: dict[Call, str] = {}
    missing = []
    for package, peer in PEERS.items():
        try:
            found |= dict.fromkeys(peer(task), package)
        except ImportError:
            missing.append(package)
    return found, missing


def agreement(
    rows: Words, queries: Words, ours: Sequence[Similar], theirs: Rows
) -> float:
    """Return the share of ours that they found, or as similar ones; 1 of none."""
    wanted = sum(len(one.rows) for one in ours)
    hits = 0
    for query, one, other in zip(queries, ours, theirs, strict=True):
        if len(one.rows) and len(other):
            dice = _dice(rows[other], query)
            hits += min(int((dice >= one.dice[-1]).sum()), len(one.rows))
    return hits / wanted if wanted else 1.0


def _dice(rows: Words, query: Words) -> NDArray[np.float64]:
    common = np.bitwise_count(rows & query).sum(axis=1, dtype=np.int64)
    sizes = np.bitwise_count(rows).sum(axis=1, dtype=np.int64)
    return np.asarray(
        2 * common / (sizes + np.bitwise_count(query).sum(dtype=np.int64))
    )


def _bits(words: Words) -> list[Any]:
    made = [import_module("bitarray").bitarray() for _ in words]
    for row, bits in zip(words, made, strict=True):
        bits.frombytes(row.tobytes())
    return made


def _anonlink(task: Task) -> list[Call]:
    call = import_module("anonlink.similarities").dice_coefficient_accelerated
    loop = import_module("anonlink.similarities._dice")
    wide, single = _bits(task.rows), _bits(task.one[None])
    buffer = array.array("b", task.rows.tobytes())
    size = task.rows.itemsize * task.rows.shape[1]
    counts = loop.popcount_arrays(buffer, size)

    def kernel(queries: Words) -> Callable[[], Any]:
        asked = array.array("b", queries.tobytes())

        def run() -> Any:  # noqa: ANN401
            found = array.array("d"), array.array("I"), array.array("I")
            sizes = len(queries), len(task.rows)
            loop.dice_many_to_many(
                asked, buffer, *sizes, counts, size, task.k, task.near, *found
            )
            return found[1], found[2]

        return run

    def api() -> Any:  # noqa: ANN401
        return call((single, wide), task.near, task.k)[1]

    def rows(queries: int) -> Callable[[Any], Rows]:
        return lambda found: _by_query(found, queries)

    told = "Dice above a threshold"
    one, many = kernel(task.one[None]), kernel(task.many)
    several = rows(len(task.many))
    return [
        Call("anonlink_api", "near", f"{told}, public call", api, rows(1)),
        Call("anonlink_kernel", "near", f"{told}, C++ loop", one, rows(1)),
        Call("anonlink_kernel_batch", "batch", f"{told}, C++ loop", many, several),
    ]


def _by_query(found: Sequence[Any], queries: int) -> Rows:
    asked, rows = (np.asarray(each, np.int64) for each in found)
    return [rows[asked == query] for query in range(queries)]


def _faiss(task: Task) -> list[Call]:
    faiss = import_module("faiss")
    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(64 * task.rows.shape[1])
    index.add(task.rows.view(np.uint8))
    asked = task.one[None].view(np.uint8)
    return [
        Call(
            "faiss",
            "scan",
            "top k by Hamming distance",
            lambda: index.search(asked, task.k),
            lambda found: [found[1][0]],
        )
    ]


def _usearch(task: Task) -> list[Call]:
    module = import_module("usearch.index")
    wide, asked = task.rows.view(np.uint8), task.one[None].view(np.uint8)
    kind, bits = module.MetricKind.Tanimoto, module.ScalarKind.B1
    return [
        Call(
            "usearch",
            "scan",
            "top k by Tanimoto",
            lambda: module.search(
                wide, asked, task.k, kind, exact=True, threads=1, dtype=bits
            ),
            lambda found: [found.keys.astype(np.int64)],
        )
    ]


def _fpsim2(task: Task) -> list[Call]:
    loops = import_module("FPSim2.FPSim2lib")
    counts = np.bitwise_count(task.rows).sum(axis=1, dtype=np.uint64)
    ids = np.arange(len(task.rows), dtype=np.uint64)
    table = np.column_stack([ids, task.rows, counts])
    own = np.bitwise_count(task.one).sum(dtype=np.uint64)
    asked = np.concatenate([[np.uint64(0)], task.one, [own]])
    wanted = 0.0, task.k, FPSIM2_DICE, 0, len(task.rows)
    return [
        Call(
            "fpsim2",
            "scan",
            "top k by Dice",
            lambda: loops.GenericSearch(asked, table, *wanted),
            lambda found: [found["idx"].astype(np.int64)],
        )
    ]


def _duckdb(task: Task) -> list[Call]:
    base = import_module("duckdb").connect()
    base.execute("SET threads TO 1")
    table = {f"w{at}": column for at, column in enumerate(task.rows.T.copy())}
    table["a"] = np.bitwise_count(task.rows).sum(axis=1, dtype=np.int64)
    base.register("given", import_module("pyarrow").table(table))
    base.execute("CREATE TABLE filters AS SELECT * FROM given")
    base.unregister("given")
    words = enumerate(task.one.tolist())
    common = " + ".join(f"bit_count(w{at} & {word}::UBIGINT)" for at, word in words)
    own = int(np.bitwise_count(task.one).sum())
    asked = f"SELECT rowid, 2.0 * ({common}) / (a + {own}) d FROM filters"  # noqa: S608
    asked += f" ORDER BY d DESC LIMIT {task.k}"
    return [
        Call(
            "duckdb",
            "scan",
            "top k by Dice, in SQL",
            lambda: base.execute(asked).fetchall(),
            lambda found: [np.array([row for row, _ in found], np.int64)],
        )
    ]


def _numpy(task: Task) -> list[Call]:
    kept, asked = Filters.of(task.rows), task.one[None]
    return [
        Call(
            "numpy",
            "scan",
            "top k by Dice, our loops",
            lambda: search(kept, asked, task.k, engine_name="numpy"),
            lambda found: [found[0].rows],
        )
    ]


# FPSim2 before usearch: the other way round the process ends as rdkit is loaded.
PEERS: dict[str, Callable[[Task], list[Call]]] = {
    "anonlink": _anonlink,
    "faiss-cpu": _faiss,
    "FPSim2": _fpsim2,
    "usearch": _usearch,
    "duckdb": _duckdb,
    "numpy": _numpy,
}
