"""A register in parts, to be used as an `Index` is: searched, changed, compacted.

A `Sharded` is a snapshot: one state of every part. Rows are numbered through from part
to part, in the order of the one file that was split, and new rows join the last part.
A commit appends there first and deletes elsewhere afterwards, so that a crash between
leaves a row twice and never none; the next look at the source, which reads the same
changes again, buries the older one.

A search takes two rounds, since what a level weighs depends on the whole register. The
rule: it is answered from every part or not at all.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from childgrid_node import scan, score
from childgrid_node.index import Block, Header, Index, encoding_digest
from childgrid_node.index_errors import Damaged, IndexFileError
from childgrid_node.scheme import Scheme
from childgrid_node.shards import merge
from childgrid_node.shards.crew import OPEN_SECONDS, Crew
from childgrid_node.shards.shard import ABSENT, SAME, Told, width
from childgrid_wire.errors import Reason, Refused


@dataclass(frozen=True)
class Seen:
    """What a search saw of a register: whose it is, and its best rows' names."""

    header: Header
    names: merge.Names

    def named(self, row: int) -> tuple[str, bytes]:
        """Return the source key and the digest of a row that was found."""
        return self.names[row]


class Sharded:
    """One state of all parts of a register under one scheme, epoch and key."""

    def __init__(self, scheme: Scheme, crew: Crew, told: Sequence[Told]) -> None:
        """`told` is the state that is meant, part by part."""
        self.scheme, self.crew, self._told = scheme, crew, tuple(told)
        self._firsts = [0, *accumulate(one.rows for one in told)][:-1]

    @property
    def header(self) -> Header:
        """As one file's: of the oldest view of the source, all rows counted."""
        heads = [one.header for one in self._told]
        return replace(
            heads[0],
            as_of=min(head.as_of for head in heads),
            rows=len(self),
            dead=len(self) - self.living,
        )

    def __len__(self) -> int:
        return sum(one.rows for one in self._told)

    @property
    def living(self) -> int:
        """Number of rows that are not deleted."""
        return sum(one.living for one in self._told)

    @property
    def loose(self) -> bool:
        """Whether some part should be written anew."""
        return any(one.loose for one in self._told)

    @property
    def damaged(self) -> bool:
        """Whether a part's file was found altered."""
        return any(one.damaged for one in self._told)

    @property
    def away(self) -> int:
        """How many parts can't be asked now."""
        return self.crew.away

    def warm(self) -> None:
        """Do what would make the first search slow."""
        self._ask("warm")

    def search(
        self, queries: Sequence[NDArray[np.uint64]], k: int = score.SURVIVORS
    ) -> list[tuple[score.Matches, Seen]]:
        """Answer queries as `score.match_many` would over one file.

        Returns for each its matches, and what names their rows.

        Raises:
            Refused: `partial`, a part did not answer; nothing is said of the others.
        """
        most, low = max(k, score.SURVIVORS), self.scheme.bands.floor
        try:
            found = self._surveyed(queries)
            weights = [score.rarity_weights(self.scheme, one) for one in found[1]]
            best = self._best(found[0], weights, most)
        except IndexFileError as error:
            raise Refused(Reason.PARTIAL, "index") from error
        return [
            (
                score.concluded(
                    self.scheme, survey, weight, one.survivors, self.living, k, low
                ),
                Seen(self.header, one.names),
            )
            for survey, weight, one in zip(found[1], weights, best, strict=True)
        ]

    def _surveyed(
        self, queries: Sequence[NDArray[np.uint64]]
    ) -> tuple[str, list[scan.Survey]]:
        ticket = secrets.token_hex(8)
        parts = self._ask("survey", ticket, list(queries))
        found = [merge.summed(several) for several in zip(*parts, strict=True)]
        return ticket, found

    def _best(
        self, ticket: str, weights: Sequence[NDArray[np.int64]], most: int
    ) -> list[merge.Best]:
        narrow = [one[:, : width(self.scheme)] for one in weights]
        parts = self.crew.ask("best", [(ticket, narrow, most)] * len(self.crew))
        return [
            merge.merged(several, self._firsts, most)
            for several in zip(*parts, strict=True)
        ]

    def _ask(self, name: str, *arguments: Any) -> list[Any]:  # noqa: ANN401
        """Ask every part about the state that is meant."""
        return self.crew.ask(
            name, [(one.header.generation, *arguments) for one in self._told]
        )

    def row_of(self, key: str) -> int | None:
        """Return the living row with this source key, or None."""
        return self.rows_of([key]).get(key)

    def rows_of(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the living rows of those source keys that are here."""
        if not keys:
            return {}
        found: dict[str, int] = {}
        for first, rows in zip(self._firsts, self._ask("rows_of", keys), strict=True):
            found |= {key: first + row for key, row in rows.items()}
        return found

    def all_rows_of(self, keys: Sequence[str]) -> list[int]:
        """Return every living row of those keys: a crash may have left one twice."""
        parts = self._ask("rows_of", keys) if keys else []
        return [
            first + row
            for first, rows in zip(self._firsts, parts, strict=False)
            for row in rows.values()
        ]

    def keys_of(self, rows: Sequence[int]) -> list[str]:
        """Return the source keys of rows."""
        ends = [*self._firsts[1:], len(self)]
        calls: list[tuple[int, list[int]]] = [
            (one.header.generation, [row - low for row in rows if low <= row < high])
            for one, low, high in zip(self._told, self._firsts, ends, strict=True)
        ]
        named = self.crew.ask("named", calls)
        found = {
            low + row: key
            for low, (_, locals_), pairs in zip(self._firsts, calls, named, strict=True)
            for row, (key, _) in zip(locals_, pairs, strict=True)
        }
        return [found[row] for row in rows]

    def unseen(self, seen: NDArray[np.bool_]) -> list[int]:
        """The living rows that `seen`, ``bool[len(self)]``, does not mark."""
        calls = [
            (one.header.generation, seen[first : first + one.rows])
            for one, first in zip(self._told, self._firsts, strict=True)
        ]
        parts = self.crew.ask("unseen", calls)
        return [
            first + row
            for first, rows in zip(self._firsts, parts, strict=True)
            for row in rows
        ]

    def changed(
        self,
        upserts: Iterable[Block] = (),
        deletes: Iterable[str] = (),
        *,
        as_of: int | None = None,
    ) -> Sharded:
        """Commit to every part; return the register after it. As `Index.changed`.

        Raises:
            DuplicateSource: two of ``upserts`` have the same source key.
            ShardLost: a part is away; some may have committed. Open it again then.
            IndexFileError: a file was changed by somebody else.
        """
        blocks, gone = [], set(deletes)
        buried = [set(gone) for _ in self._told]
        for block in upserts:
            blocks.append(self._fresh(block, buried))
        last = len(self._told) - 1
        told = [self._commit(last, blocks, buried[last], as_of)]
        calls: list[tuple[Any, ...]] = [
            (self._told[at].header.generation, [], sorted(buried[at]), as_of)
            for at in range(last)
        ]
        told = [*self._others("changed", calls), *told]
        return Sharded(self.scheme, self.crew, told)

    def _fresh(self, block: Block, buried: list[set[str]]) -> Block:
        """The rows of a block that stand nowhere as they are.

        Adds to `buried`, part by part, the keys whose rows there are not the newest.
        """
        digests = [encoding_digest(one) for one in block.encodings]
        guards = np.asarray(block.guards, np.uint8)
        parts = np.array(self._ask("standing", list(block.keys), digests, guards))
        kept = []
        for at, key in enumerate(block.keys):
            same = np.flatnonzero(parts[:, at] == SAME)
            home = int(same[-1]) if len(same) else len(parts) - 1
            if not len(same):
                kept.append(at)
            for part in np.flatnonzero(parts[:, at] != ABSENT).tolist():
                if part != home:
                    buried[part].add(key)
        keys = [block.keys[at] for at in kept]
        return Block(keys, block.encodings[kept], guards[kept])

    def _commit(
        self, at: int, blocks: Sequence[Block], gone: set[str], as_of: int | None
    ) -> Told:
        generation = self._told[at].header.generation
        told: Told = self.crew.one(
            at, "changed", generation, blocks, sorted(gone), as_of
        )
        return told

    def _others(self, name: str, calls: Sequence[tuple[Any, ...]]) -> list[Told]:
        return [self.crew.one(at, name, *one) for at, one in enumerate(calls)]

    def compacted(self) -> Sharded:
        """Write every loose part anew without deleted rows; as `Index.compacted`."""
        told = self.crew.ask(
            "compacted",
            [(one.header.generation,) for one in self._told],
            OPEN_SECONDS,
        )
        return Sharded(self.scheme, self.crew, told)

    def verify(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Have every part's file read and checked; as `Index.verify`.

        Raises:
            Damaged: a byte was altered since it was written.
            ShardLost: a part is away.
        """
        for at, one in enumerate(self._told):
            if stopped():
                return
            try:
                self.crew.one(at, "verify", one.header.generation)
            except Damaged:
                told = list(self._told)
                told[at] = replace(one, damaged=True)
                self._told = tuple(told)
                raise


Rows = Index | Sharded
"""A register's encodings, in one file or in parts."""
