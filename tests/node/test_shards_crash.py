"""What a crash, a full disk or a second program leaves of a register in parts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from childgrid_node import refresh
from childgrid_node.index import Block, Index
from childgrid_node.index_errors import IndexFileError, ShardLost
from childgrid_node.indexer import Mark, Source
from childgrid_node.normalise import fingerprint
from childgrid_node.refresh import Pace, Progress, Refresher
from childgrid_node.shards import crew, files
from childgrid_node.shards.fleet import Parts
from childgrid_node.shards.near import NearPost
from childgrid_node.shards.table import Sharded
from parted import CHECK, INDEX_KEY, ORIGIN, Both, Moody, blocks, both, people, settings

ROWS, NOW = 60, 1_000_000
PACE = Pace(lag=60, reconcile=600, rebuild=86_400)
MARK = Mark("text", "2026-11-29T00:00:00Z")


@pytest.fixture(name="register")
def _register(tmp_path: Path) -> Both:
    return both(tmp_path, ROWS, 3)


def written(register: Both, rows: int) -> None:
    """A new index file of so many rows, as the indexer leaves it."""
    Index.build(
        register.path,
        blocks(people(rows, 4)),
        scheme=register.ring.scheme,
        epoch=register.ring.epoch,
        key_check=CHECK,
        origin=ORIGIN,
        index_key=INDEX_KEY,
    )


def source(
    patch: pytest.MonkeyPatch, keys: Sequence[str], altered: Sequence[Block]
) -> Source:
    """A source of these keys, of which these rows were written since the last look."""
    patch.setattr(refresh.indexer, "mark", lambda *_: MARK)
    patch.setattr(refresh.indexer, "keys", lambda _, __: [list(keys)])
    patch.setattr(refresh.indexer, "changes", lambda *_: [(one, []) for one in altered])
    return cast(Source, None)


def refresher(register: Both, of: Source) -> Refresher:
    """What keeps the parts in step; the keys of the source are due."""
    beside = register.path.with_suffix(".progress")
    Progress(MARK, NOW - 1_000, NOW - 1_000, fingerprint()).write(beside)
    opener: Any = register.fleet.open
    return Refresher(of, register.path, register.ring, lambda: NOW, opener)


def test_whoever_stands_twice_after_a_crash_is_not_taken_for_gone(
    register: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older row goes by the next round, and the newer stays, also where that round
    compares all keys.
    """
    altered = Block(["K1"], people(1, 8), np.zeros(1, np.uint8))
    register.host.fail(1, "changed")
    with pytest.raises(ShardLost):
        register.parts.changed([altered])
    register.host.failing.clear()
    assert register.parts.crew.settle(10)
    found = register.reopened()
    assert found.living == register.one.living + 1
    keys = [f"K{n}" for n in range(ROWS) if n % 5]

    after = refresher(register, source(monkeypatch, keys, [altered])).step(found, PACE)

    assert isinstance(after, Sharded)
    assert after.living == register.one.living == len(after.rows_of(keys))
    assert len(after.all_rows_of(["K1"])) == 1


def test_no_change_is_applied_beside_an_index_that_waits_to_be_split(
    register: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk kept it from being split: what follows is counted from that file."""
    one = refresher(register, source(monkeypatch, [], []))
    written(register, 33)

    with pytest.raises(IndexFileError, match="waits to be split"):
        one.step(register.parts, PACE)

    assert "changed" not in register.host.calls
    assert register.reopened().living == 33


def test_what_is_indexed_while_it_is_split_is_split_next(
    register: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second program may index at any time; nothing of it is lost."""
    build, waiting = files._part, [21]

    def part(*given: Any) -> Any:
        if waiting:
            written(register, waiting.pop())
        return build(*given)

    monkeypatch.setattr(files, "_part", part)
    written(register, 33)

    assert register.reopened().living == 21

    assert not register.path.exists()
    assert len(list(register.path.parent.glob("*.part"))) == 3


def test_a_split_that_failed_leaves_no_parts(
    register: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again and again, and a full disk would never have room again."""
    build, before = files._part, sorted(register.path.parent.glob("*.part"))

    def part(path: Path, *given: Any) -> Any:
        if "-3of" in path.name:
            raise OSError("no space")
        return build(path, *given)

    monkeypatch.setattr(files, "_part", part)
    written(register, 33)

    with pytest.raises(OSError, match="no space"):
        register.reopened()

    assert sorted(register.path.parent.glob("*.part")) == before
    assert register.path.exists()


def test_parts_that_did_not_open_are_not_brought_back(
    register: Both, tmp_path: Path
) -> None:
    """Each try would leave processes behind, which open the same files for ever."""
    host = Moody(3)
    host.fail(2, "open")
    fleet = Parts(settings(3, tmp_path), host)

    with pytest.raises(ShardLost):
        fleet.open(register.path, register.ring)

    for one in threading.enumerate():
        if one.name == "shard":
            one.join(10)
            assert not one.is_alive()
    host.failing.clear()
    assert fleet.open(register.path, register.ring).living == register.one.living


def test_a_process_that_never_begins_is_not_waited_for_without_end(
    register: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where no host declares the resource: whoever starts the node is told."""

    class Nowhere(NearPost):
        def call(self, *_: Any) -> Future[Any]:
            return Future()

    def post(self: Moody, *given: Any) -> NearPost:
        return Nowhere(self, *given)

    monkeypatch.setattr(Moody, "post", post)
    monkeypatch.setattr(crew, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(crew, "OPEN_SECONDS", 10.0)

    with pytest.raises(ShardLost, match=r"declare `shards\.resource`"):
        Parts(settings(3, tmp_path), Moody(3)).open(register.path, register.ring)
