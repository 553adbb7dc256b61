"""One part of a register, where it is searched: an index file and its last states.

It is locked when it is made: it has a path, and a key pair of its own. Who holds the
node's index key for parts seals that to the public half, and only then is the file
opened. The key is in this process's memory and nowhere else here; the linkage key
never comes. What a search needs of the whole register is told in two
rounds: `survey` counts levels, `best` ranks by weights that the node made of the sums.

States are told apart by the generation of the file's header. A search that began on one
state ends on it, while a commit makes the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from numpy.typing import NDArray

from childgrid_node import scan
from childgrid_node.index import Block, Header, Index
from childgrid_node.index_errors import Damaged, IndexFileError, ShardLocked
from childgrid_node.plan import LEVELS
from childgrid_node.scheme import Scheme

_STATES = 4
_TICKETS = 4
_HANDED = 68
ABSENT, ALTERED, SAME = 0, 1, 2


@dataclass(frozen=True)
class Told:
    """What a part says of its newest state."""

    header: Header
    rows: int
    living: int
    loose: bool
    damaged: bool


@dataclass(frozen=True)
class Counted:
    """How often each level occurs here: ``counts``, ``int64[len(active), levels]``."""

    active: tuple[int, ...]
    counts: NDArray[np.int64]
    cpu_ns: int


@dataclass(frozen=True)
class Ranked:
    """The best rows of one part by its own numbers, and their names."""

    best: scan.Survivors
    keys: tuple[str, ...]
    digests: tuple[bytes, ...]


def handed(index_key: bytes, key_check: bytes, epoch: int) -> bytes:
    """What a part needs to open its file: 32 + 32 + 4 bytes; to be sealed."""
    return index_key + key_check + epoch.to_bytes(4, "big")


def sealed(secret: bytes, public: bytes) -> bytes:
    """Seal what `handed` made to a part's public key."""
    return bytes(SealedBox(PublicKey(public)).encrypt(secret))


def width(scheme: Scheme) -> int:
    """How many levels a table of counts or weights has, level 0 included."""
    return 1 + max(one.levels for one in scheme.comparisons)


class Shard:
    """One part. For several threads at once; writing waits for writing."""

    def __init__(self, path: str, threads: int = 1) -> None:
        """`path` is the file that `open` opens; `threads` share a search."""
        self._path, self._threads = Path(path), threads
        self._private = PrivateKey.generate()
        self._states: dict[int, Index] = {}
        self._surveys: dict[str, tuple[Index, list[scan.Survey]]] = {}
        self._lock, self._writing = Lock(), Lock()

    def public(self) -> bytes:
        """The key to seal to; another one each time a process begins anew."""
        return bytes(self._private.public_key)

    def open(self, sealed: bytes, scheme: bytes) -> Told:
        """Take the key and open the file, made under the scheme of that document.

        Raises:
            Damaged: sealed for another process, or not the file's key.
            IndexFileError: as `Index.open`.
        """
        try:
            secret = SealedBox(self._private).decrypt(sealed)
        except CryptoError as error:
            raise Damaged("the key was sealed for another process") from error
        if len(secret) != _HANDED:
            raise Damaged("this is not what opens a part of a register")
        index = Index.open(
            self._path,
            scheme=Scheme.parse(scheme),
            epoch=int.from_bytes(secret[64:], "big"),
            key_check=secret[32:64],
            index_key=secret[:32],
        )
        return self._kept(index)

    def _kept(self, index: Index) -> Told:
        with self._lock:
            self._states.pop(index.header.generation, None)
            self._states[index.header.generation] = index
            while len(self._states) > _STATES:
                del self._states[next(iter(self._states))]
        return _told(index)

    def _at(self, generation: int) -> Index:
        with self._lock:
            if not self._states:
                raise ShardLocked("this part of the register has not been opened yet")
            if generation not in self._states:
                raise IndexFileError("this part is at another state; open it again")
            return self._states[generation]

    def told(self) -> Told:
        """What its newest state is."""
        with self._lock:
            if not self._states:
                raise ShardLocked("this part of the register has not been opened yet")
            return _told(self._states[next(reversed(self._states))])

    def warm(self, generation: int) -> None:
        """Do what would make the first search slow."""
        index = self._at(generation)
        for segment in index.segments[:1]:
            scan.warm(index.scheme, segment)

    def survey(
        self, generation: int, ticket: str, queries: Sequence[NDArray[np.uint64]]
    ) -> list[Counted]:
        """The first round of a search; its levels are kept under `ticket`."""
        index = self._at(generation)
        found = scan.survey_many(
            index.scheme,
            index.segments,
            queries,
            threads=self._threads,
            all_counts=False,
        )
        with self._lock:
            self._surveys[ticket] = (index, found)
            while len(self._surveys) > _TICKETS:
                del self._surveys[next(iter(self._surveys))]
        wide = width(index.scheme)
        return [Counted(one.active, one.counts[:, :wide], one.cpu_ns) for one in found]

    def best(
        self, ticket: str, weights: Sequence[NDArray[np.int64]], most: int
    ) -> list[Ranked]:
        """The second round: at most so many rows by these weights, for each query.

        Raises:
            IndexFileError: the first round is no longer known here.
        """
        with self._lock:
            index, found = self._surveys.pop(ticket, (None, []))
        if index is None:
            raise IndexFileError("the first round of this search is gone; search again")
        return [
            self._ranked(index, one, weight, most)
            for one, weight in zip(found, weights, strict=True)
        ]

    def _ranked(
        self, index: Index, found: scan.Survey, weight: NDArray[np.int64], most: int
    ) -> Ranked:
        full = np.zeros((len(found.active), LEVELS), np.int64)
        full[:, : weight.shape[1]] = weight
        best = scan.best(index.scheme, found, full, most, threads=self._threads)
        rows = best.rows.tolist()
        keys = tuple(index.key(row) for row in rows)
        return Ranked(best, keys, tuple(index.digest(row) for row in rows))

    def rows_of(self, generation: int, keys: Sequence[str]) -> dict[str, int]:
        """The living rows of those source keys that are here."""
        return self._at(generation).rows_of(keys)

    def named(self, generation: int, rows: Sequence[int]) -> list[tuple[str, bytes]]:
        """Source keys and digests of rows."""
        index = self._at(generation)
        return [index.named(row) for row in rows]

    def unseen(self, generation: int, seen: NDArray[np.bool_]) -> list[int]:
        """The living rows that `seen`, ``bool[rows]``, does not mark."""
        return self._at(generation).unseen(seen)

    def standing(
        self,
        generation: int,
        keys: Sequence[str],
        digests: Sequence[bytes],
        guards: NDArray[np.uint8],
    ) -> NDArray[np.uint8]:
        """For each row to be written, how it stands here: absent, altered, the same."""
        index = self._at(generation)
        rows = index.rows_of(keys)
        found = np.zeros(len(keys), np.uint8)
        for at, key in enumerate(keys):
            if key in rows:
                row = rows[key]
                same = (index.digest(row), index.guard(row)) == (
                    digests[at],
                    int(guards[at]),
                )
                found[at] = SAME if same else ALTERED
        return found

    def changed(
        self,
        generation: int,
        upserts: Sequence[Block],
        deletes: Sequence[str],
        as_of: int | None,
    ) -> Told:
        """Commit; as `Index.changed`."""
        with self._writing:
            index = self._at(generation)
            return self._kept(index.changed(upserts, deletes, as_of=as_of))

    def compacted(self, generation: int) -> Told:
        """Write the file anew where that saves much; as `Index.compacted`."""
        with self._writing:
            index = self._at(generation)
            return self._kept(index.compacted()) if index.loose else _told(index)

    def verify(self, generation: int) -> Told:
        """Read a file in the clear and check it; raises `Damaged`."""
        index = self._at(generation)
        index.verify()
        return _told(index)


def _told(index: Index) -> Told:
    return Told(index.header, len(index), index.living, index.loose, index.damaged)
