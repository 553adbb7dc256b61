"""An index file is whole, ours, and made under exactly what we have, or refused."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from childgrid_node import segments
from childgrid_node.index import Block, Index, Origin, encoding_digest
from childgrid_node.index_errors import (
    Damaged,
    DuplicateSource,
    IndexFileError,
    NotAnIndex,
    WrongEpoch,
    WrongLinkageKey,
    WrongScheme,
)
from childgrid_node.index_file import FRAMES_AT, HEAD_BYTES, Header
from childgrid_node.scheme import Scheme

TEST = Scheme.load("test-1")
INDEX_KEY = hashlib.sha256(b"an index key for tests").digest()
CHECK = hashlib.sha256(b"a key-check value").digest()
ORIGIN = Origin("customs", "movement", as_of=1_700_000_000, created=1_700_000_100)
UNDER: dict[str, Any] = {"scheme": TEST, "epoch": 3, "key_check": CHECK}


def block(first: int, rows: int) -> Block:
    """Return ``rows`` random rows with keys from ``first`` up."""
    random = np.random.default_rng(first)
    shape = (rows, TEST.layout.words)
    encodings = random.integers(0, 2**64, shape, np.uint64)
    keys = [f"ID-{number}-é" for number in range(first, first + rows)]
    return Block(keys, encodings, random.integers(0, 4, rows).astype(np.uint8))


def write(path: Path, *, clear: bool = False, blocks: int = 3) -> Header:
    """Write an index of 50 rows a block."""
    rows = (block(50 * number, 50) for number in range(blocks))
    return Index.build(
        path, rows, origin=ORIGIN, index_key=INDEX_KEY, clear=clear, **UNDER
    )


@pytest.fixture(name="path", params=[False, True], ids=["sealed", "clear"])
def _path(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setattr(segments, "FRAME_ROWS", 20)
    path = tmp_path / "customs.index"
    write(path, clear=request.param)
    return path


def opened(path: Path) -> Index:
    """Open with everything right."""
    return Index.open(path, index_key=INDEX_KEY, **UNDER)


def test_what_was_written_is_read_again(path: Path) -> None:
    """Encodings, keys, digests and guards come back, row by row."""
    found = opened(path)
    blocks = [block(50 * number, 50) for number in range(3)]
    encodings = np.concatenate([one.encodings for one in blocks])

    assert len(found) == found.living == 150
    for row in range(150):
        number, local = divmod(row, 50)
        assert np.array_equal(encodings[row], found.encoding(row))
        assert blocks[number].keys[local] == found.key(row)
        assert blocks[number].guards[local] == found.guard(row)
        assert encoding_digest(encodings[row]) == found.digest(row)
        assert found.row_of(found.key(row)) == row


def test_the_header_tells_where_and_when(path: Path) -> None:
    """Category, times, epoch and counts are in the header."""
    header = opened(path).header

    assert (ORIGIN.agency, ORIGIN.category) == (header.agency, header.category)
    assert (ORIGIN.as_of, ORIGIN.created) == (header.as_of, header.created)
    assert (3, 150, TEST.layout.words) == (header.epoch, header.rows, header.words)


def test_the_file_is_private(path: Path) -> None:
    """Only the node's user may read it."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.threat("T8")
def test_a_sealed_file_shows_neither_keys_nor_encodings(tmp_path: Path) -> None:
    """A source key and an encoding can be seen in the clear form only."""
    needles = ("ID-7-é".encode(), block(0, 50).encodings[7].tobytes())
    for clear in (True, False):
        path = tmp_path / f"{clear}.index"
        write(path, clear=clear)
        content = path.read_bytes()
        assert [clear, clear] == [needle in content for needle in needles]


def test_two_builds_of_the_same_rows_share_no_ciphertext(tmp_path: Path) -> None:
    """Each file has its own id, key and nonces."""
    first, second = tmp_path / "a", tmp_path / "b"
    write(first)
    write(second)

    assert first.read_bytes()[FRAMES_AT:] != second.read_bytes()[FRAMES_AT:]


def test_no_flipped_byte_is_believed(path: Path) -> None:
    """Any altered byte that carries meaning is refused, and the original opens."""
    content = path.read_bytes()
    padding = 0
    for at in range(0, len(content), 97):
        broken = bytearray(content)
        broken[at] ^= 0x10
        path.write_bytes(broken)
        try:
            found = opened(path)
            found.verify()
        except IndexFileError:
            continue
        # Only zero bytes between frames, and the empty header slot, carry nothing.
        assert content[at] == 0
        assert len(found) == 150
        padding += at > FRAMES_AT
    path.write_bytes(content)

    assert padding < len(content) // 97 // 20
    assert len(opened(path)) == 150


@pytest.mark.parametrize("kept", [0, 7, 4000, HEAD_BYTES, FRAMES_AT + 100, -1])
def test_a_truncated_file_is_refused(path: Path, kept: int) -> None:
    """A file that ends early is never searched as a smaller one."""
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(IndexFileError, match="rebuild"):
        opened(path)


def test_extra_bytes_are_never_read(path: Path) -> None:
    """What stands after the length in force is a crash's, and no row."""
    path.write_bytes(path.read_bytes() + path.read_bytes()[FRAMES_AT:])

    assert len(opened(path)) == 150


def test_frames_of_another_build_are_refused(path: Path, tmp_path: Path) -> None:
    """A header cannot be put before the frames of an older build."""
    other = tmp_path / "other"
    write(other)
    path.write_bytes(path.read_bytes()[:FRAMES_AT] + other.read_bytes()[FRAMES_AT:])

    with pytest.raises(Damaged):
        opened(path)


def test_a_foreign_file_is_told_from_a_damaged_one(path: Path) -> None:
    """The message names another kind, or another version."""
    content = path.read_bytes()
    path.write_bytes(b"PK\x03\x04" + content)
    with pytest.raises(NotAnIndex, match="not an index"):
        opened(path)

    path.write_bytes(b"CGINDEX9" + content[8:])
    with pytest.raises(NotAnIndex, match="version"):
        opened(path)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scheme": Scheme.load("childgrid-2")}, WrongScheme),
        ({"epoch": 4}, WrongEpoch),
        ({"key_check": bytes(32)}, WrongLinkageKey),
        ({"index_key": bytes(32)}, Damaged),
    ],
    ids=["scheme", "epoch", "linkage key", "index key"],
)
def test_an_index_made_under_another_is_refused(
    path: Path, change: dict[str, Any], error: type[IndexFileError]
) -> None:
    """Each refusal has its own name and says what to do."""
    with pytest.raises(error, match="rebuild"):
        Index.open(path, **{"index_key": INDEX_KEY, **UNDER, **change})


def test_a_failing_source_leaves_the_old_index(path: Path) -> None:
    """A build that breaks in the middle changes nothing and leaves nothing."""

    def rows() -> Iterator[Block]:
        yield block(1000, 50)
        raise ConnectionError

    before = path.read_bytes()
    with pytest.raises(ConnectionError):
        Index.build(path, rows(), origin=ORIGIN, index_key=INDEX_KEY, **UNDER)

    assert before == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_a_source_key_that_comes_twice_is_refused(path: Path) -> None:
    """A disclosure must find one row; the message tells no key."""
    before = path.read_bytes()
    with pytest.raises(DuplicateSource, match="50 rows") as caught:
        Index.build(
            path,
            [block(0, 50), block(0, 50)],
            origin=ORIGIN,
            index_key=INDEX_KEY,
            **UNDER,
        )

    assert "ID-" not in str(caught.value)
    assert before == path.read_bytes()


def test_a_new_build_replaces_the_old_and_open_readers_keep_theirs(path: Path) -> None:
    """An index in use stays whole while its file is replaced."""
    reader = opened(path)
    write(path, blocks=1)

    assert len(opened(path)) == 50
    assert len(reader) == 150
    assert np.array_equal(block(100, 50).encodings[49], reader.encoding(149))


def test_a_deleted_row_is_gone_and_others_stay(path: Path) -> None:
    """Deleting takes a row out of the living; unknown keys are no error."""
    before = opened(path)
    after = before.changed(deletes=["ID-7-é", "ID-7-é", "nobody"])

    for found in (after, opened(path)):
        assert found.row_of("ID-7-é") is None
        assert found.row_of("ID-8-é") == 8
        assert found.living == 149
        assert found.header == after.header
    assert before.living == 150
    assert before.row_of("ID-7-é") == 7


def rows_in(index: Index) -> dict[str, tuple[bytes, int]]:
    """Return digest and guard of each living row, by source key."""
    return {
        one.key(at): (bytes(one.digests[at]), int(one.guards[at]))
        for one in index.segments
        for at in range(len(one.dead))
        if not one.dead[at]
    }


def test_upserts_replace_and_add_and_readers_keep_what_they_had(path: Path) -> None:
    """A commit is in the file at once; an index opened before is as it was."""
    before = opened(path)
    kept = rows_in(before)
    fresh = block(140, 30)
    after = before.changed([fresh], ["ID-3-é"], as_of=1_800_000_000)
    expected = dict(kept)
    del expected["ID-3-é"]
    for at, key in enumerate(fresh.keys):
        digest = encoding_digest(fresh.encodings[at])
        expected[key] = (digest, int(fresh.guards[at]))

    assert rows_in(after) == rows_in(opened(path)) == expected
    assert opened(path).header.as_of == 1_800_000_000
    assert rows_in(before) == kept


def test_the_same_upsert_twice_writes_rows_once(path: Path) -> None:
    """Rows that stand there unaltered are not written again."""
    once = opened(path).changed([block(200, 30)])
    twice = once.changed([block(200, 30)])

    assert len(once) == len(twice) == 180
    assert twice.living == 180


def test_compaction_keeps_the_living_and_nothing_else(path: Path) -> None:
    """The file gets smaller, rows stay the same, and older readers go on."""
    before = opened(path).changed([block(0, 20)], [f"ID-{n}-é" for n in range(20, 90)])
    size = path.stat().st_size
    after = before.compacted()

    assert rows_in(after) == rows_in(opened(path)) == rows_in(before)
    assert len(after) == after.living == 80
    assert path.stat().st_size < size
    assert before.encoding(149) is not None
    after.changed(deletes=["ID-0-é"])
    assert opened(path).living == 79


def test_a_stale_index_cannot_overwrite_what_came_after(path: Path) -> None:
    """Who commits must have seen the last commit, or the last compaction."""
    stale = opened(path)
    current = stale.changed(deletes=["ID-1-é"])
    with pytest.raises(IndexFileError, match="open it again"):
        stale.changed(deletes=["ID-2-é"])
    current.compacted()
    with pytest.raises(IndexFileError, match="open it again"):
        current.changed(deletes=["ID-2-é"])


def test_an_index_tells_when_it_wants_compaction(path: Path) -> None:
    """Many dead rows, or many small frames."""
    found = opened(path)
    assert not found.loose
    assert found.changed(deletes=[f"ID-{n}-é" for n in range(50)]).loose


def test_a_commit_cut_off_anywhere_leaves_the_state_before(path: Path) -> None:
    """Bytes of a commit without its header, or half a header, are never read."""
    old = path.read_bytes()
    before = rows_in(opened(path))
    opened(path).changed([block(300, 30)], ["ID-5-é"])
    new = path.read_bytes()
    after = rows_in(opened(path))
    slot = slice(0, HEAD_BYTES) if old[:HEAD_BYTES] != new[:HEAD_BYTES] else None
    slot = slot or slice(HEAD_BYTES, FRAMES_AT)
    for cut in range(len(old), len(new), 997):
        path.write_bytes(old + new[len(old) : cut])
        assert rows_in(opened(path)) == before
        torn = bytearray(old + new[len(old) :])
        torn[slot.start : slot.start + 100 + cut % 3900] = new[
            slot.start : slot.start + 100 + cut % 3900
        ]
        path.write_bytes(torn)
        assert rows_in(opened(path)) in (before, after)
    path.write_bytes(old + bytes(777))
    opened(path).changed([block(300, 30)], ["ID-5-é"])
    assert rows_in(opened(path)) == after


def test_rows_of_another_width_are_refused(tmp_path: Path) -> None:
    """Encodings of another scheme cannot slip in."""
    narrow = Block(["a"], np.zeros((1, 3), np.uint64), np.zeros(1, np.uint8))
    with pytest.raises(IndexFileError, match="width"):
        Index.of(TEST, ORIGIN, [narrow])


def test_an_empty_register_gives_an_empty_index(tmp_path: Path) -> None:
    """No rows is a fact, not a fault."""
    path = tmp_path / "empty.index"
    Index.build(path, [], origin=ORIGIN, index_key=INDEX_KEY, **UNDER)

    assert len(opened(path)) == 0


def test_a_row_that_is_not_there_is_an_error(path: Path) -> None:
    """Row numbers are not wrapped around."""
    for row in (-1, 150):
        with pytest.raises(IndexFileError):
            opened(path).key(row)


def test_encodings_cannot_be_changed_in_place(path: Path) -> None:
    """What was authenticated stays as it was."""
    with pytest.raises(ValueError, match="read-only"):
        opened(path).encoding(0)[0] = 1
