"""A register twice: in one index file, and in parts of it; and parts that fail.

Rows are drawn so that many tie: every seventh is a copy of one row, and fields are
missing at random. Some are deleted again before the file is split.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import signal
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import trustme
from numpy.typing import NDArray

from childgrid_node import scan, score
from childgrid_node.holdings import Hit, Holdings
from childgrid_node.index import Block, Index, Origin
from childgrid_node.index_errors import ShardLost
from childgrid_node.indexer import Keyring
from childgrid_node.scheme import Scheme
from childgrid_node.shards.fleet import Parts
from childgrid_node.shards.near import Near, NearPost
from childgrid_node.shards.settings import ShardsConfig
from childgrid_node.shards.table import Sharded

SCHEME = Scheme.load("childgrid-2")
CHECK = hashlib.sha256(b"key check").digest()
INDEX_KEY = hashlib.sha256(b"the node's index key").digest()
ORIGIN = Origin("customs", "movement", 1_700_000_000, 1_700_000_100)
BLOCK = 500
TOKEN = "a token that these tests have made for themselves"


def keyring(*, clear: bool = False, scheme: Scheme = SCHEME) -> Keyring:
    """The keys of the register."""
    return Keyring(scheme, bytes(32), CHECK, 3, INDEX_KEY, clear)


def settings(count: int, folder: Path, **more: Any) -> ShardsConfig:
    """The table `[shards]`, with files in a folder, for a machine however busy."""
    more = {"wait_seconds": 120, **more}
    return ShardsConfig(
        count=count,
        certificate=folder / "host.pem",
        key=folder / "host.key",
        authority=folder / "authority.pem",
        token_file=folder / "token",
        **more,
    )


def lay_secrets(folder: Path, authority: trustme.CA, name: str = "127.0.0.1") -> None:
    """Lay certificate, key, authority and token where `settings` says."""
    pair = authority.issue_cert(name)
    pair.cert_chain_pems[0].write_to_path(folder / "host.pem")
    pair.private_key_pem.write_to_path(folder / "host.key")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    (folder / "token").write_text(TOKEN)
    for secret in ("host.key", "token"):
        (folder / secret).chmod(0o600)


def people(rows: int, seed: int) -> NDArray[np.uint64]:
    """Encodings with few distinct values, absent fields and many copies."""
    random = np.random.default_rng(seed)
    pool = random.integers(0, 2**64, (60, SCHEME.layout.words), np.uint64)
    pool &= random.integers(0, 2**64, pool.shape, np.uint64)
    pool &= random.integers(0, 2**64, pool.shape, np.uint64)
    found = np.zeros((rows, SCHEME.layout.words), np.uint64)
    for place in SCHEME.layout.places.values():
        words = slice(place.start, place.stop)
        drawn = pool[random.integers(0, len(pool), rows), words]
        drawn[random.random(rows) < 0.3] = 0
        found[:, words] |= drawn & np.uint64(place.mask)
    found[::7] = found[0]
    return found


def blocks(encodings: NDArray[np.uint64], first: int = 0) -> list[Block]:
    """Rows with keys from `K<first>` up."""
    return [
        Block(
            [f"K{first + at}" for at in range(low, min(low + BLOCK, len(encodings)))],
            encodings[low : low + BLOCK],
            np.zeros(len(encodings[low : low + BLOCK]), np.uint8),
        )
        for low in range(0, len(encodings), BLOCK)
    ]


def queries(encodings: NDArray[np.uint64], count: int, seed: int) -> Any:
    """People who are in the register, each with some fields left out."""
    random = np.random.default_rng(seed)
    found = encodings[random.integers(0, len(encodings), count)].copy()
    found[0] = encodings[0]
    for query in found[1:]:
        for place in SCHEME.layout.places.values():
            if random.random() < 0.4:
                query[place.start : place.stop] &= ~np.uint64(place.mask)
    return list(found)


def kill(post: Any) -> None:
    """Kill the process of a part in a cluster, and wait until it is gone."""
    ray = importlib.import_module("ray")
    pid = ray.get(post.actor.__ray_call__.remote(lambda _: os.getpid()))
    os.kill(pid, signal.SIGKILL)
    with suppress(OSError):
        while Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z":
            pass


class Moody(Near):
    """Parts in this process that can be made to fail, each by a method's name."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.failing: set[tuple[str, str]] = set()
        self.calls: list[str] = []

    def post(self, path: Path, scheme: bytes, secret: bytes) -> NearPost:
        """A part that looks first whether it is to fail."""
        return _MoodyPost(self, path, scheme, secret)

    def fail(self, part: int, method: str) -> None:
        """Let a part (from 1) not answer to a method any more."""
        self.failing.add((f"-{part}of", method))


class _MoodyPost(NearPost):
    def call(self, name: str, *arguments: Any) -> Future[Any]:
        host = self._near
        assert isinstance(host, Moody)
        host.calls.append(name)
        if any(part in self.path.name and name == m for part, m in host.failing):
            gone: Future[Any] = Future()
            gone.set_exception(ShardLost("gone"))
            return gone
        return super().call(name, *arguments)


@dataclass
class Both:
    """The register in one file, the same in parts, and where the parts are."""

    one: Index
    parts: Sharded
    fleet: Parts
    host: Any
    path: Path
    encodings: NDArray[np.uint64]
    ring: Keyring

    def reopened(self) -> Sharded:
        """The parts as a process finds them that opens them now."""
        return self.fleet.open(self.path, self.ring)


def both(
    folder: Path,
    rows: int,
    count: int,
    *,
    host: Any = None,
    config: ShardsConfig | None = None,
    dead: int = 5,
    clear: bool = False,
) -> Both:
    """Write a register, delete every so-manyth row, and split a copy of the file."""
    ring, encodings = keyring(clear=clear), people(rows, 1)
    whole, path = folder / "whole.index", folder / "rows.index"
    Index.build(
        whole,
        blocks(encodings),
        scheme=ring.scheme,
        epoch=ring.epoch,
        key_check=CHECK,
        origin=ORIGIN,
        index_key=INDEX_KEY,
        clear=clear,
    )
    one = _opened(whole, ring).changed((), [f"K{n}" for n in range(0, rows, dead)])
    shutil.copy(whole, path)
    host = host or Moody(4 * count)
    fleet = Parts(config or settings(count, folder), host)
    return Both(one, fleet.open(path, ring), fleet, host, path, encodings, ring)


def _opened(path: Path, ring: Keyring) -> Index:
    return Index.open(
        path,
        scheme=ring.scheme,
        epoch=ring.epoch,
        key_check=ring.key_check,
        index_key=ring.index_key,
    )


def held(rows: Any) -> Holdings:
    """A node that holds one source."""
    return Holdings(SCHEME, 3, None, {"rows": rows})


def answers(rows: Any, asked: Sequence[NDArray[np.uint64]]) -> list[list[Hit]]:
    """What a node that holds this register answers to queries, one by one."""
    holdings = held(rows)
    return [holdings.search(query)[0] for query in asked]


def ranked(rows: Any, query: NDArray[np.uint64]) -> Any:
    """The survivors of the first stage: keys, sums and levels, best first."""
    if isinstance(rows, Sharded):
        ticket, (survey,) = rows._surveyed([query])
        weights = score.rarity_weights(SCHEME, survey)
        (found,) = rows._best(ticket, [weights], score.SURVIVORS)
        best = found.survivors
        keys = [found.names[row][0] for row in best.rows.tolist()]
    else:
        survey = scan.survey(SCHEME, rows.segments, query)
        weights = score.rarity_weights(SCHEME, survey)
        best = scan.best(SCHEME, survey, weights, score.SURVIVORS)
        keys = [rows.key(row) for row in best.rows.tolist()]
    return keys, best.scores.tolist(), best.levels.tolist(), weights.tolist()


def told(rows: Any) -> str:
    """What a register is, for comparing: who lives in it, in order."""
    return json.dumps([rows.living, rows.keys_of(_alive(rows))])


def _alive(rows: Any) -> list[int]:
    alive: list[int] = rows.unseen(np.zeros(len(rows), np.bool_))
    return alive
