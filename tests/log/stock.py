"""Logs that are long enough to be archived, and what can be asked of one."""

from __future__ import annotations

import shutil
from pathlib import Path

from childgrid_log.entry import Draft
from childgrid_log.log import Log
from childgrid_log.tiles import TILE_WIDTH

ORIGIN = "node.example/log"
SEED = bytes(range(32))
BEGUN = 1_700_000_000 // 3600 * 3600
"""The hour of the first leaf, Unix seconds; then one leaf a minute."""

LATER = BEGUN + 10**9
"""When every leaf is old."""

_MINUTE = 60


def drafts(count: int, start: int = 0) -> list[Draft]:
    """Drafts with envelopes that can be told apart, one a minute."""
    return [
        Draft("query", BEGUN + at * _MINUTE, b"envelope %06d." % at)
        for at in range(start, start + count)
    ]


def stocked(path: Path, size: int) -> None:
    """Make a log of `size` leaves, its last checkpoint cosigned, older ones too."""
    with Log.create(path, ORIGIN, SEED) as log:
        for start in range(0, size, 100):
            log.append(drafts(min(100, size - start), start))
            log.keep_cosigned(log.checkpoint())


def opened(path: Path) -> Log:
    """Open such a log."""
    return Log.open(path, ORIGIN, SEED)


def copied(path: Path, folder: Path) -> Path:
    """Copy a closed log and its archive, if it has one, into a new folder."""
    folder.mkdir()
    shutil.copy(path, folder)
    tiles = path.with_suffix(".tiles")
    if tiles.exists():
        shutil.copytree(tiles, folder / tiles.name)
    return folder / path.name


def told(log: Log, step: int = 67) -> list[bytes]:
    """What can be read of a log: root, entries, tiles, and proofs at every `step`."""
    size = log.size()
    said = [log.root(), log.latest_cosigned() or b"", *log.entries(0, size)]
    for index in range(0, size, step):
        said += [*log.inclusion(index, size), *log.consistency(index, size)]
        said += [*log.inclusion(index, index + 1), log.root(index)]
        said += [b"".join(log.opening(index) or ())]
    for number in range(size // TILE_WIDTH):
        said += [log.tile(0, number), log.bundle(number), log.tile(0, number, 3)]
    return said
