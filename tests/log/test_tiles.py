"""Publication: tiles and bundles that a stranger can rebuild the whole log from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_log.entry import Draft
from childgrid_log.errors import ProofError
from childgrid_log.log import Log
from childgrid_log.merkle import (
    Nodes,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
    root_of,
)
from childgrid_log.tiles import (
    TILE_WIDTH,
    Tile,
    nodes_from_tiles,
    pack_entries,
    unpack_entries,
)

SIZE = 700


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """A log of 700 leaves: two full tiles, a partial one, and one above."""
    path = tmp_path_factory.mktemp("tiles") / "log.db"
    with Log.create(path, "node.example/log", bytes(32)) as made:
        made.append([Draft("query", 0, b"%d" % i) for i in range(SIZE)])
        yield made


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every entry bundle and hash tile of a log of `size` leaves."""
    yield from _level(None, size)
    level = 0
    while size:
        yield from _level(level, size)
        level, size = level + 1, size // TILE_WIDTH


def _level(level: int | None, size: int) -> Iterator[Tile]:
    full, rest = divmod(size, TILE_WIDTH)
    yield from (Tile(level, index) for index in range(full))
    if rest:
        yield Tile(level, full, rest)


def published(log: Log, size: int) -> dict[str, bytes]:
    """Return path → bytes of everything that a log of `size` leaves publishes."""
    files = {}
    for tile in tiles_of(size):
        if tile.level is None:
            files[tile.path] = log.bundle(tile.index, tile.width)
        else:
            files[tile.path] = log.tile(tile.level, tile.index, tile.width)
    return files


def reader(files: dict[str, bytes], size: int) -> Nodes:
    """Return the hash source of somebody who has only the files."""
    return nodes_from_tiles(lambda tile: files[tile.path], size)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 1067, 8), "tile/0/x001/067.p/8"),
        (Tile(63, 5, 255), "tile/63/005.p/255"),
        (Tile(None, 1000), "tile/entries/x001/000"),
    ],
)
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    """A tile's name becomes its path, and the path its name."""
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/067",
        "tile/0/x001/x067",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/08",
        "tile/0/000.p/",
        "tile/0/٠٠٠",
        "tile/0/../000",
        "/tile/0/000",
        "tile/Entries/000",
        "elit/0/000",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    """No second spelling, no climbing out, no width that does not exist."""
    with pytest.raises(ProofError):
        Tile.parse(path)


@given(st.integers(0, 2**63 - 1), st.integers(1, 256), st.integers(-1, 63))
def test_every_tile_has_one_path(index: int, width: int, level: int) -> None:
    """Path and name are the same thing."""
    tile = Tile(None if level < 0 else level, index, width)
    assert Tile.parse(tile.path) == tile


def test_the_specifications_example_of_70000_leaves() -> None:
    """273 full and a partial tile at level 0, one each at 1, a partial one at 2."""
    tiles = [tile for tile in tiles_of(70_000) if tile.level is not None]
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    rest = [tile for tile in tiles if tile.level != 0 or tile.width != 256]
    assert rest == [Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert [t for t in tiles_of(256) if t.level] == [Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, SIZE])
def test_a_stranger_rebuilds_roots_and_proofs_from_the_files(
    log: Log, size: int
) -> None:
    """Tiles and bundles alone give every entry, root and proof of the log."""
    files = published(log, size)
    nodes = reader(files, size)
    assert root_at(nodes, size) == log.root(size)
    for index in {0, size // 2, size - 1}:
        assert inclusion_proof(nodes, index, size) == log.inclusion(index, size)
        old = index + 1
        assert consistency_proof(nodes, old, size) == log.consistency(old, size)
    entries = [
        entry
        for tile in tiles_of(size)
        if tile.level is None
        for entry in unpack_entries(files[tile.path], tile.width)
    ]
    assert root_of(leaf_hash(entry) for entry in entries) == log.root(size)


def test_unfinished_tiles_are_not_served(log: Log) -> None:
    """A width, index or level that the log has not reached yet is refused."""
    for level, index, width in (
        (0, 2, 189),
        (0, 3, 1),
        (1, 0, 3),
        (2, 0, 1),
        (0, 0, 0),
    ):
        with pytest.raises(ProofError):
            log.tile(level, index, width)
    for index, width in ((2, 189), (3, 1), (0, 257)):
        with pytest.raises(ProofError):
            log.bundle(index, width)
    assert len(log.tile(0, 2, 188)) == 188 * 32


def test_a_reader_refuses_tiles_of_the_wrong_length(log: Log) -> None:
    """A truncated or padded tile is an error, not a wrong hash."""
    files = published(log, SIZE)
    for change in (lambda data: data[:-1], lambda data: data + bytes(32)):
        nodes = reader({name: change(data) for name, data in files.items()}, SIZE)
        with pytest.raises(ProofError):
            root_at(nodes, SIZE)
    nodes = reader(files, SIZE)
    for level, index in ((0, SIZE), (2, 175), (10, 0)):
        with pytest.raises(ProofError):
            nodes(level, index)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_hold_exactly_their_entries(entries: list[bytes]) -> None:
    """Packing and unpacking agree; one byte more or less is refused."""
    bundle = pack_entries(entries)
    assert unpack_entries(bundle, len(entries)) == entries
    for other in (bundle + b"\0", bundle[:-1]):
        if other != bundle:
            with pytest.raises(ProofError):
                unpack_entries(other, len(entries))
    with pytest.raises(ProofError):
        unpack_entries(bundle, len(entries) + 1)


def test_an_entry_that_does_not_fit_is_refused() -> None:
    """Two length bytes count to 65,535."""
    assert len(pack_entries([bytes(65_535)])) == 65_537
    with pytest.raises(ProofError):
        pack_entries([bytes(65_536)])
