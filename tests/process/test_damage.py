"""An index altered on the disk: there is no review of it, and a node makes it anew."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from childgrid_node import reviewing
from childgrid_node.config import NodeConfig, load
from childgrid_node.index_errors import Damaged
from childgrid_node.index_file import FRAME_HEAD, FRAMES_AT
from deploy.processes import until
from process.yardstick import SECONDS, Grid

IN_A_ROW = FRAMES_AT + FRAME_HEAD.size


@dataclass(frozen=True)
class Altered:
    """An index in the clear, one byte of which is not `sound` any more."""

    config: NodeConfig
    path: Path
    sound: int

    @property
    def mended(self) -> bool:
        """Whether the file holds again what was indexed."""
        return self.path.read_bytes()[IN_A_ROW] == self.sound


@pytest.fixture
def altered(still: Grid) -> Altered:
    """Customs' index, on a disk that is declared encrypted and has failed."""
    settings = still.folder / "customs" / "node.toml"
    text = settings.read_text("utf-8").removeprefix("encrypted_disk = true\n")
    settings.write_text(f"encrypted_disk = true\n{text}", "utf-8")
    config = load(settings)
    still.yard.index(config)
    path = still.state("customs") / "index" / "e1" / "customs.index"
    content = bytearray(path.read_bytes())
    content[IN_A_ROW] ^= 1
    path.write_bytes(content)
    return Altered(config, path, content[IN_A_ROW] ^ 1)


def test_it_is_not_reviewed(altered: Altered) -> None:
    """Percentages that people sign for must not rest on rows that were altered."""
    with (
        pytest.raises(Damaged, match="childgrid-node index"),
        reviewing.opened(altered.config, "customs", time.time),
    ):
        pass
    assert not altered.mended


def test_a_node_tells_it_and_makes_it_anew(still: Grid, altered: Altered) -> None:
    """While it serves, and without anybody's help."""
    still.launch("customs")
    still.ready("customs")
    until("the index is made anew", SECONDS, lambda: altered.mended or None)
    assert "index damaged" in still.output("customs")
    assert "source=customs" in still.output("customs")
    assert still.process("customs").stop() == 0
