"""A mapped index opens at once, whether or not the system remembers its file."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import ClassVar

import pytest

from childgrid_node import index_store
from childgrid_node.index_errors import Damaged
from childgrid_node.index_file import FRAMES_AT
from index_commits import build, opened


class Told(mmap.mmap):
    """A mapping that remembers how it was said that it would be read."""

    said: ClassVar[list[int]] = []

    def madvise(self, option: int, *_: int) -> None:  # type: ignore[override]
        """As the system would be told."""
        self.said.append(option)
        super().madvise(option)


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
