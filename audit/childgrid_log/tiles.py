"""How a log is published: tiles of 256 hashes and bundles of entries (C2SP tlog-tiles).

Pure: names, packing and reading; no files and no network.
The rule: a tile has one path and one length, and a bundle holds exactly its entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from childgrid_log.errors import ProofError
from childgrid_log.merkle import HASH_BYTES, Nodes, node_hash
from childgrid_log.strict import MAX_INTEGER, decimal

TILE_WIDTH = 256
TILE_HEIGHT = 8
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 65_535

_LENGTH_BYTES = 2
_GROUP = 1000


@dataclass(frozen=True)
class Tile:
    """The name of a tile: its level (None for entries), index and width 1..256."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= MAX_LEVEL:
            raise ProofError(f"a tile's level is between 0 and {MAX_LEVEL}")
        if not 0 <= self.index <= MAX_INTEGER or not 1 <= self.width <= TILE_WIDTH:
            raise ProofError(f"a tile has an index and a width of 1 to {TILE_WIDTH}")

    @property
    def path(self) -> str:
        """The path below a log's prefix, such as `tile/0/x001/067.p/12`."""
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_index_path(self.index)}{partial}"

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Read a path; ProofError unless it is the tile's one spelling."""
        try:
            tile = cls._read(path)
        except ValueError:
            raise ProofError("this is not the path of a tile") from None
        if tile.path != path:
            raise ProofError("this is not the one path of a tile")
        return tile

    @classmethod
    def _read(cls, path: str) -> Tile:
        head, level, rest = path.split("/", 2)
        if head != "tile":
            raise ValueError(head)
        number, partial, width = rest.partition(".p/")
        digits = "".join(part.removeprefix("x") for part in number.split("/"))
        return cls(
            None if level == "entries" else decimal(level),
            decimal(digits.lstrip("0") or "0"),
            decimal(width) if partial else TILE_WIDTH,
        )


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Return a bundle: each entry after its length in two big-endian bytes."""
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise ProofError(f"an entry has at most {MAX_ENTRY_BYTES} bytes")
    return b"".join(len(e).to_bytes(_LENGTH_BYTES, "big") + e for e in entries)


def unpack_entries(bundle: bytes, width: int) -> list[bytes]:
    """Return the `width` entries of a bundle; ProofError if it holds more or fewer."""
    entries, at = [], 0
    while at < len(bundle):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(bundle[at:start], "big")
        entries.append(bundle[start:at])
    if at != len(bundle) or len(entries) != width:
        raise ProofError(f"the bundle does not hold exactly {width} entries")
    return entries


def tile_root(data: bytes) -> bytes:
    """Return the hash over the leaves of a full hash tile, from its 8,192 bytes."""
    return _fold([_slice(data, index) for index in range(TILE_WIDTH)])


def nodes_from_tiles(fetch: Callable[[Tile], bytes], size: int) -> Nodes:
    """Return a hash source that reads a published log of `size` leaves.

    `fetch` returns a tile's bytes; ProofError if their number is wrong.
    """

    def node(level: int, index: int) -> bytes:
        tier, height = divmod(level, TILE_HEIGHT)
        first = index << height
        tile = _covering(tier, first // TILE_WIDTH, size)
        data = _sized(fetch(tile), tile)
        wanted = range(first % TILE_WIDTH, first % TILE_WIDTH + (1 << height))
        if wanted.stop > tile.width:
            raise ProofError(f"{tile.path} is too short for the subtree asked of it")
        return _fold([_slice(data, i) for i in wanted])

    return node


def _covering(level: int, index: int, size: int) -> Tile:
    hashes = size >> (TILE_HEIGHT * level)
    width = min(TILE_WIDTH, hashes - index * TILE_WIDTH)
    if width < 1:
        raise ProofError(f"a log of {size} leaves has no tile {index} at level {level}")
    return Tile(level, index, width)


def _sized(data: bytes, tile: Tile) -> bytes:
    if len(data) != tile.width * HASH_BYTES:
        raise ProofError(f"{tile.path} has {len(data)} bytes, not 32 for each hash")
    return data


def _slice(data: bytes, index: int) -> bytes:
    return data[index * HASH_BYTES : (index + 1) * HASH_BYTES]


def _fold(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [node_hash(left, right) for left, right in pairs]
    return hashes[0]


def _index_path(index: int) -> str:
    index, last = divmod(index, _GROUP)
    path = f"{last:03d}"
    while index:
        index, group = divmod(index, _GROUP)
        path = f"x{group:03d}/{path}"
    return path
