"""A process that commits to an index until it is killed: told apart by its guards.

``python index_commits.py FILE CLEAR`` opens the index and commits rounds: in each, all
rows get the round's number (as encoding and, modulo 251, guard), every third is
deleted, and it is compacted now and then. A line with the number is printed once the
commit returned.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from childgrid_node.index import Block, Index, Origin
from childgrid_node.scheme import Scheme

TEST = Scheme.load("test-1")
KEY, CHECK = bytes(range(32)), bytes(32)
KEYS = [f"row-{number}" for number in range(90)]


def block(turn: int) -> Block:
    """Return all rows as they are in round ``turn``."""
    rows = np.full((len(KEYS), TEST.layout.words), turn + 1, np.uint64)
    return Block(KEYS, rows, np.full(len(KEYS), turn % 251, np.uint8))


def build(path: Path, *, clear: bool) -> None:
    """Write round 0."""
    Index.build(
        path,
        [block(0)],
        scheme=TEST,
        epoch=1,
        key_check=CHECK,
        origin=Origin("a", "b", 0, 0),
        index_key=KEY,
        clear=clear,
    )


def opened(path: Path) -> Index:
    """Open what ``build`` wrote."""
    return Index.open(path, scheme=TEST, epoch=1, key_check=CHECK, index_key=KEY)


def turns(index: Index) -> set[int]:
    """Return the rounds that living rows are of."""
    return {
        int(part.rows[at, 0]) - 1
        for part in index.segments
        for at in np.flatnonzero(part.dead == 0)
    }


def deleted(turn: int) -> list[str]:
    """Return the keys that round ``turn`` deletes."""
    return KEYS[turn % 3 :: 3] if turn else []


def main(path: Path) -> None:
    """Commit round after round."""
    index = opened(path)
    turn = max(turns(index))
    while True:
        turn += 1
        gone = set(deleted(turn))
        whole = block(turn)
        kept = [at for at, key in enumerate(KEYS) if key not in gone]
        keys = [KEYS[at] for at in kept]
        rows = Block(keys, whole.encodings[kept], whole.guards[kept])
        index = index.changed([rows], sorted(gone))
        sys.stdout.write(f"{turn}\n")
        sys.stdout.flush()
        if turn % 4 == 0:
            index = index.compacted()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
