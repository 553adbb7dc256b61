"""What this agency holds, as matching sees it: encodings, and nothing behind them.

One index per source under one scheme, epoch and linkage key; a node that rotates its
key holds several of these. A search scores the
query against every row of every source; there is no approximate index that could
lose a suspect. Queries that come together share a pass over memory: see `turns`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from childgrid_node import rehearsal, scan, score
from childgrid_node.encode import Encoder
from childgrid_node.index import Header
from childgrid_node.normalise import Tokens
from childgrid_node.scheme import Scheme
from childgrid_node.shards.table import Rows, Sharded
from childgrid_node.turns import Turns
from childgrid_wire.errors import Malformed, Reason, Refused

SHOWN = 5
_MAGIC = b"CGQ1"


@dataclass(frozen=True)
class Hit:
    """One row that may be the person; `key` and `digest` never leave the node."""

    source: str
    key: str
    digest: bytes
    category: str
    probability: int
    band: str
    others: int
    as_of: int
    levels: tuple[int, ...]
    calibrated: bool = False
    """Whether the probability is this register's own, by a signed clerical review."""


Found = tuple[list[Hit], int]


class _Seen(Protocol):
    """What was searched: whose register, and what its rows are called."""

    @property
    def header(self) -> Header: ...
    def named(self, row: int) -> tuple[str, bytes]: ...


@dataclass(frozen=True)
class Holdings:
    """The indexes of this node's sources by name, and how to encode for them."""

    scheme: Scheme
    epoch: int
    encoder: Encoder | None
    """None where no linkage key is in force, which encodes nothing."""

    indexes: dict[str, Rows]
    missing: tuple[str, ...] = ()
    """Sources that have not been indexed under the keys in force."""

    turns: Turns[NDArray[np.uint64], Found] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "turns", Turns(self._pass))

    @property
    def as_of(self) -> int:
        """Unix seconds of the oldest index; 0 where there is none."""
        return min((one.header.as_of for one in self.indexes.values()), default=0)

    @property
    def damaged(self) -> tuple[str, ...]:
        """Sources whose index file was found altered; none may be answered from."""
        return tuple(name for name, one in self.indexes.items() if one.damaged)

    @property
    def partial(self) -> tuple[str, ...]:
        """Sources of which a part is away; none may be answered from."""
        held = self.indexes.items()
        return tuple(n for n, one in held if isinstance(one, Sharded) and one.away)

    def warm(self) -> None:
        """Do what would make the first search after a start slow."""
        for index in self.indexes.values():
            if isinstance(index, Sharded):
                index.warm()
                continue
            for segment in index.segments[:1]:
                scan.warm(index.scheme, segment)

    def encode(self, tokens: Tokens) -> NDArray[np.uint64]:
        """One encoding, ``uint64[words]``; the tokens are forgotten at once.

        Raises:
            Refused: `epoch`, no linkage key is in force here.
        """
        if self.encoder is None:
            raise Refused(Reason.EPOCH, "no linkage key is in force here")
        try:
            return self.encoder.encode(tokens)
        finally:
            self.encoder.clear()

    def search(self, query: NDArray[np.uint64], asker: str = "") -> Found:
        """Score every row; returns the best hits first and the scan's CPU time (ns).

        A row of which nothing speaks for the person is no hit, however high a small
        table lets its probability come out: a passport sought where none is kept
        must not point at everybody there. At most five hits a source.

        Raises:
            Refused: `busy`, too many queries of `asker` wait; `partial`, a part of a
                register did not answer.
        """
        return self.turns.serve(asker, query)

    def rehearse(self, query: NDArray[np.uint64]) -> Found:
        """Score the people of rehearsals and no row of any source; as `search`.

        They are encoded anew each time: rehearsals are few.

        Raises:
            Refused: `epoch`, no linkage key is in force here.
        """
        index = rehearsal.people(self.scheme, self.encode, self.as_of)
        found = score.match(index, query, k=score.SURVIVORS)
        speaking = [row for row in found.candidates if row.score > 0][:SHOWN]
        return [_hit(rehearsal.SOURCE, index, row) for row in speaking], found.cpu_ns

    def _pass(self, queries: Sequence[NDArray[np.uint64]]) -> list[Found]:
        """Answer a few queries in one pass over each source."""
        hits: list[list[Hit]] = [[] for _ in queries]
        spent = [0] * len(queries)
        for name, index in self.indexes.items():
            for place, (one, seen) in enumerate(_searched(index, queries)):
                speaking = [row for row in one.candidates if row.score > 0][:SHOWN]
                hits[place] += [_hit(name, seen, row) for row in speaking]
                spent[place] += one.cpu_ns
        return [
            (sorted(some, key=lambda hit: (-hit.probability, hit.source, hit.key)), ns)
            for some, ns in zip(hits, spent, strict=True)
        ]

    def pack(self, encoding: NDArray[np.uint64]) -> bytes:
        """A query's content: magic, scheme digest, epoch and the encoding's words."""
        head = _MAGIC + self.scheme.digest + self.epoch.to_bytes(4, "big")
        return head + encoding.astype("<u8").tobytes()

    def unpack(self, content: bytes) -> NDArray[np.uint64]:
        """Read what `pack` wrote.

        Raises:
            Refused: another scheme or epoch.
            Malformed: not a query's content.
        """
        words = self.scheme.layout.words
        if len(content) != 40 + 8 * words or content[:4] != _MAGIC:
            raise Malformed("query content")
        if content[4:36] != self.scheme.digest:
            raise Refused(Reason.SCHEME, "query content")
        if int.from_bytes(content[36:40], "big") != self.epoch:
            raise Refused(Reason.EPOCH, "query content")
        return np.frombuffer(content[40:], "<u8").astype(np.uint64)


def _searched(
    index: Rows, queries: Sequence[NDArray[np.uint64]]
) -> Sequence[tuple[score.Matches, _Seen]]:
    """Search one source; what names its rows comes with each answer."""
    if isinstance(index, Sharded):
        return index.search(queries, score.SURVIVORS)
    found = score.match_many(index, queries, k=score.SURVIVORS, threads=scan.cores())
    return [(one, index) for one in found]


def _hit(name: str, seen: _Seen, one: score.Candidate) -> Hit:
    header = seen.header
    key, digest = seen.named(one.row)
    return Hit(
        name,
        key,
        digest,
        header.category,
        one.probability,
        one.band,
        one.expected_others,
        header.as_of,
        one.levels,
    )
