"""A mapped index opens at once, whether or not the system remembers its file."""

from __future__ import annotations

import mmap
from itertools import accumulate
from pathlib import Path
from typing import ClassVar

import pytest

from childgrid_node import index_file, index_store, segments
from childgrid_node.index import Block
from childgrid_node.index_errors import Damaged
from childgrid_node.index_file import FRAMES_AT
from index_commits import KEY, KEYS, block, build, opened, turns


class Told(mmap.mmap):
    """A mapping that remembers how it was said that it would be read."""

    said: ClassVar[list[int]] = []
    named: ClassVar[list[range]] = []

    def madvise(self, option: int, *place: int) -> None:  # type: ignore[override]
        """As the system would be told."""
        if option == mmap.MADV_WILLNEED:
            first, size = place
            assert first + size <= len(self)
            self.named.append(range(first, first + size))
        else:
            self.said.append(option)
        super().madvise(option, *place)


def heads(path: Path) -> list[int]:
    """Where the heads of a file's frames are."""
    view = index_store.mapped(path)
    header = index_file.read_header(view, index_file.Keys.derive(KEY, "").mac)
    found = index_file.stored_frames(view, header)
    lengths = [index_file.FRAME_HEAD.size + len(stored) for _, stored in found]
    return list(accumulate((-(-one // 64) * 64 for one in lengths), initial=FRAMES_AT))


def test_heads_are_called_for_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that holds a cold file fetches them together, and none twice over.

    Frames that are longer or shorter than those before, as after commits, are read all
    the same.
    """
    path = tmp_path / "rows.index"
    monkeypatch.setattr(segments, "FRAME_ROWS", 1)
    build(path, clear=True)
    monkeypatch.setattr(index_store.mmap, "mmap", Told)
    monkeypatch.setattr(index_store, "_MISSED", 0)
    monkeypatch.setattr(Told, "named", [])
    found = opened(path)
    *real, _ = heads(path)
    assert len(real) == len(KEYS) > index_file.AHEAD
    assert all(any(at in named for named in Told.named) for at in real[1:])
    assert len(Told.named) <= 2 * len(real)

    monkeypatch.setattr(segments, "FRAME_ROWS", 1_000)
    long = Block(
        [f"{key}-{'x' * 500}" for key in KEYS], block(3).encodings, block(3).guards
    )
    changed = found.changed([block(1)], KEYS[:3]).changed([long])
    again = opened(path)
    assert turns(again) == turns(changed) == {1, 3}
    assert again.living == changed.living == 2 * len(KEYS)


def test_opening_what_is_mapped_fetches_no_more_than_it_looks_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read ahead around each head, a cold file of gigabytes takes seconds to open.

    Scans go from end to end afterwards, and a sealed file is read whole at once: they
    want what comes next to be there. So does whoever opens again after damage.
    """
    monkeypatch.setattr(index_store.mmap, "mmap", Told)
    monkeypatch.setattr(Told, "said", [])
    paths = {clear: tmp_path / f"{clear}.index" for clear in (False, True)}
    for clear, path in paths.items():
        build(path, clear=clear)
    for path in paths.values():
        opened(path)
        assert bool(Told.said) == (path == paths[True])
    assert Told.said == [mmap.MADV_RANDOM, mmap.MADV_NORMAL]
    whole = bytearray(paths[True].read_bytes())
    whole[FRAMES_AT + 4] ^= 1
    paths[True].write_bytes(whole)
    Told.said.clear()
    with pytest.raises(Damaged):
        opened(paths[True])
    assert Told.said[-1] == mmap.MADV_NORMAL
