"""Rows for ``bench.speed``: real encodings, recombined field by field to any number.

So popcounts, empty fields and levels are as frequent as in the sample that they come
from, while no person of it is left. Nothing measured is secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.tables import BENCH_KEY, given_or_sample, load
from childgrid_node.index import Block, Index, Origin
from childgrid_node.plan import Plan
from childgrid_node.scheme import Scheme
from childgrid_node.turns import AT_ONCE

EPOCH = 1
CHECK = hashlib.sha256(b"bench").digest()
ORIGIN = Origin("bench", "bench", 0, 0)
BLOCK = 65_536
WORDS = 16


@njit(nogil=True, cache=True)
def total(words: NDArray[np.uint64]) -> int:
    """Return the sum of ``words``, modulo 2**64: each byte is read once."""
    found = np.uint64(0)
    for at in range(words.size):
        found += words[at]
    return found


@dataclass(frozen=True)
class Made:
    """An index in memory, what it is made of, and queries.

    ``full`` can make the most comparisons of the folder's queries, ``median`` the
    median number; ``several`` are as many as share a pass, from the fewest to the most.
    """

    index: Index
    sample: NDArray[np.uint64]
    full: NDArray[np.uint64]
    median: NDArray[np.uint64]
    several: list[NDArray[np.uint64]]
    seed: int

    def written(self, path: Path, *, clear: bool) -> Callable[[], Index]:
        """Write the rows to a file; return what opens it."""
        scheme = self.index.scheme
        Index.build(
            path,
            blocks(self.sample, scheme, len(self.index), self.seed),
            scheme=scheme,
            epoch=EPOCH,
            key_check=CHECK,
            origin=ORIGIN,
            index_key=BENCH_KEY,
            clear=clear,
        )

        def opened() -> Index:
            return Index.open(
                path,
                scheme=scheme,
                epoch=EPOCH,
                key_check=CHECK,
                index_key=BENCH_KEY,
            )

        return opened


def made(data: str | None, rows: int, seed: int) -> Made:
    """Return ``rows`` rows recombined from a folder's tables, and its queries."""
    scheme = Scheme.load("childgrid-2")
    with given_or_sample(data) as folder:
        found = load(folder, scheme)
    parts = [part.rows for table in found.tables for part in table.index.segments]
    sample = np.concatenate(parts)
    queries = [query.encoding for query in found.queries]
    queries.sort(key=lambda query: len(Plan.of(scheme, query).active))
    index = Index.of(scheme, ORIGIN, blocks(sample, scheme, rows, seed))
    several = [queries[len(queries) * at // AT_ONCE] for at in range(AT_ONCE)]
    median = queries[len(queries) // 2]
    return Made(index, sample, queries[-1], median, several, seed)


def index_of(like: Made, rows: int) -> Index:
    """Return more or fewer rows of the same kind."""
    scheme = like.index.scheme
    return Index.of(scheme, ORIGIN, blocks(like.sample, scheme, rows, like.seed))


def blocks(
    sample: NDArray[np.uint64], scheme: Scheme, rows: int, seed: int
) -> Iterator[Block]:
    """Yield rows each field of which comes from another row of ``sample``."""
    random = np.random.default_rng(seed)
    for first in range(0, rows, BLOCK):
        count = min(BLOCK, rows - first)
        found = np.zeros((count, scheme.layout.words), np.uint64)
        for place in scheme.layout.places.values():
            words = slice(place.start, place.stop)
            drawn = sample[random.integers(0, len(sample), count), words]
            found[:, words] |= drawn & np.uint64(place.mask)
        keys = [str(number) for number in range(first, first + count)]
        yield Block(keys, found, np.zeros(count, np.uint8))


def random_filters(rows: int, seed: int) -> NDArray[np.uint64]:
    """Return record-level filters of 1,024 bits, 7 in 16 of them set."""
    random = np.random.default_rng(seed)
    found = np.empty((rows, WORDS), np.uint64)
    for first in range(0, rows, BLOCK):
        part = found[first : first + BLOCK]
        one, two, three, four = random.integers(0, 2**64, (4, *part.shape), np.uint64)
        part[:] = one & two | three & four
    return found
