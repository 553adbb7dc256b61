"""A sealed file: only its passphrase opens it, and only all of it counts."""

from __future__ import annotations

import random
import secrets
import stat
from pathlib import Path

import pytest

from childgrid_wire import sealed_file
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.sealed_file import PIECE

PASSPHRASE = b"correct horse battery"
SIZES = (0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 7)


def sealed(path: Path, content: bytes) -> Path:
    """A sealed file of that content, handed over in odd parts."""
    with sealed_file.writing(path, PASSPHRASE) as writer:
        for start in range(0, len(content), 300_007):
            writer.write(content[start : start + 300_007])
    return path


def opened(path: Path, passphrase: bytes = PASSPHRASE) -> bytes:
    """All that is in it, read in odd parts."""
    with sealed_file.reading(path, passphrase) as reader:
        parts = []
        while part := reader.read(400_009):
            parts.append(part)
        reader.finish()
    return b"".join(parts)


def pieces(path: Path) -> tuple[bytes, list[bytes]]:
    """The head of a sealed file and its pieces, each with its length before it."""
    head, _, rest = path.read_bytes().partition(b"\n")
    found = []
    while rest:
        size = 4 + int.from_bytes(rest[:4], "big")
        found.append(rest[:size])
        rest = rest[size:]
    return head + b"\n", found


@pytest.mark.threat("T8")
@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_is_read(tmp_path: Path, size: int) -> None:
    """Byte for byte, at every length around a piece; only its owner may read it."""
    content = secrets.token_bytes(size)
    path = sealed(tmp_path / "state.sealed", content)
    assert opened(path) == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert size < 64 or content[:64] not in path.read_bytes()


@pytest.mark.threat("T8")
def test_another_passphrase_opens_nothing(tmp_path: Path) -> None:
    """And the refusal names the file only."""
    path = sealed(tmp_path / "state.sealed", b"secret")
    with pytest.raises(ConfigurationRefused, match="sealed: another passphrase"):
        opened(path, PASSPHRASE + b".")


def test_every_cut_is_found(tmp_path: Path) -> None:
    """Between pieces, within one, within the head, and of everything."""
    path = sealed(tmp_path / "state.sealed", secrets.token_bytes(2 * PIECE))
    whole = path.read_bytes()
    head, found = pieces(path)
    ends = [0, 3, len(head), len(head) + 2, len(head) + len(found[0]), len(whole) - 1]
    for end in ends:
        path.write_bytes(whole[:end])
        with pytest.raises(ConfigurationRefused):
            opened(path)
    path.write_bytes(whole)
    assert len(opened(path)) == 2 * PIECE


def test_every_change_is_found(tmp_path: Path) -> None:
    """Bytes flipped anywhere, pieces swapped, repeated, left out, or put behind."""
    path = sealed(tmp_path / "state.sealed", secrets.token_bytes(3 * PIECE + 5))
    whole = path.read_bytes()
    head, (a, b, c, d) = pieces(path)
    altered = [
        head + b + a + c + d,
        head + a + a + b + c + d,
        head + a + c + d,
        head + a + b + d,
        whole + d,
        whole + b"\0",
        head.replace(b'"passes":', b'"passes": ') + a + b + c + d,
    ]
    places = [0, 20, len(head) - 3, len(head), *random.sample(range(len(whole)), 12)]
    for place in places:
        flipped = bytearray(whole)
        flipped[place] ^= 1
        altered.append(bytes(flipped))
    for data in altered:
        path.write_bytes(data)
        with pytest.raises(ConfigurationRefused):
            opened(path)


def test_who_stops_reading_before_the_end_is_told(tmp_path: Path) -> None:
    """What comes behind what was expected is as wrong as what is missing."""
    path = sealed(tmp_path / "state.sealed", b"expected, and more")
    with sealed_file.reading(path, PASSPHRASE) as reader:
        assert reader.read(8) == b"expected"
        with pytest.raises(ConfigurationRefused, match="altered"):
            reader.finish()


def test_a_file_that_failed_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither a half-written file nor a draft of it; and none is written over."""
    path = tmp_path / "state.sealed"
    with (
        pytest.raises(OSError, match="disk"),
        sealed_file.writing(path, PASSPHRASE) as writer,
    ):
        writer.write(bytes(2 * PIECE))
        raise OSError("disk")
    assert list(tmp_path.iterdir()) == []
    sealed(path, b"first")
    with pytest.raises(ConfigurationRefused, match="there already"):
        sealed(path, b"second")
    assert opened(path) == b"first"


def test_what_a_stranger_writes_costs_little(tmp_path: Path) -> None:
    """A head that asks for more memory than a key file may is refused unread."""
    path = sealed(tmp_path / "state.sealed", b"")
    head, found = pieces(path)
    memory = head.index(b'"memory":') + len(b'"memory":')
    path.write_bytes(head[:memory] + b"9" * 12 + head[memory + 1 :] + found[0])
    with pytest.raises(ConfigurationRefused, match="not a sealed file"):
        opened(path)


@pytest.mark.parametrize(
    ("name", "value"), [("passes", b"0"), ("passes", b"17"), ("memory", b"0")]
)
def test_a_head_that_asks_for_no_stretching(
    tmp_path: Path, name: str, value: bytes
) -> None:
    """Below what Argon2id can do, or above the bound: no sealed file of ours."""
    path = sealed(tmp_path / "state.sealed", b"")
    whole = path.read_bytes()
    start = whole.index(f'"{name}":'.encode()) + len(name) + 3
    stop = min(whole.index(mark, start) for mark in (b",", b"}"))
    path.write_bytes(whole[:start] + value + whole[stop:])
    with pytest.raises(ConfigurationRefused, match="not a sealed file"):
        opened(path)
