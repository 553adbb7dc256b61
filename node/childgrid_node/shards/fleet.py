"""By what a node opens its registers: one file each, or parts where it is told so.

The indexer writes one file in either case. Where parts are wanted, opening splits what
it wrote; see `files`. A server opens parts in the processes of a cluster, the programs
beside it in their own.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

from childgrid_node import indexer
from childgrid_node.index_errors import Damaged, IndexFileError
from childgrid_node.index_file import REBUILD
from childgrid_node.indexer import Keyring
from childgrid_node.shards import files
from childgrid_node.shards.cluster import Cluster
from childgrid_node.shards.crew import Crew, Post
from childgrid_node.shards.files import Manifest
from childgrid_node.shards.near import Near
from childgrid_node.shards.settings import ShardsConfig
from childgrid_node.shards.shard import Told, handed
from childgrid_node.shards.table import Rows, Sharded


class Ending(Post, Protocol):
    """A part that can be ended."""

    def end(self) -> None:
        """End its process for good."""


class Host(Protocol):
    """Where parts are: a cluster, or this process."""

    def post(self, path: Path, scheme: bytes, secret: bytes) -> Ending:
        """Make room for one part."""

    def close(self) -> None:
        """End all of them."""


class Fleet:
    """Registers in one file each."""

    def file(self, path: Path) -> Path:
        """What stands for a register whose index file would be `path`."""
        return path

    def there(self, path: Path) -> bool:
        """Whether a register has been indexed."""
        return path.exists()

    def open(self, path: Path, ring: Keyring) -> Rows:
        """Open it; raises `IndexFileError`."""
        return indexer.open_index(path, ring)

    def forget(self, folder: Path) -> None:
        """Let go of what lies in a folder that is to be deleted."""

    def close(self) -> None:
        """End what was started."""


class Parts(Fleet):
    """Registers in parts. For several threads at once."""

    def __init__(self, settings: ShardsConfig, host: Host) -> None:
        """`host` is where parts are opened."""
        self._settings, self._host = settings, host
        self._crews: dict[Path, tuple[str, Crew, list[Ending]]] = {}
        self._lock = threading.RLock()

    def file(self, path: Path) -> Path:
        """The manifest."""
        return files.manifest_of(path)

    def there(self, path: Path) -> bool:
        """Whether there are parts, or a file to split."""
        return path.exists() or files.manifest_of(path).exists()

    def open(self, path: Path, ring: Keyring) -> Sharded:
        """Split what was indexed, and open the parts; the same ones where they are.

        Raises:
            ShardLost: a process is not there.
            IndexFileError: the parts can't be used.
        """
        with self._lock:
            manifest = files.taken(path, ring, self._settings.count)
            if len(manifest.files) != self._settings.count:
                raise IndexFileError(
                    f"the register is in {len(manifest.files)} parts and the settings "
                    f"say {self._settings.count}; {REBUILD}"
                )
            crew, told = self._crew(path, ring, manifest)
        _check(manifest, told)
        return Sharded(ring.scheme, crew, told)

    def _crew(
        self, path: Path, ring: Keyring, manifest: Manifest
    ) -> tuple[Crew, list[Told]]:
        known = self._crews.get(path)
        if known is not None and known[0] == manifest.build:
            return known[1], known[1].ask("told", [()] * len(known[1]))
        secret = handed(files.key_of(ring.index_key), ring.key_check, ring.epoch)
        posts = [
            self._host.post(part, ring.scheme.raw, secret)
            for part in manifest.paths(path)
        ]
        seconds = self._settings.wait_seconds
        crew = Crew(posts, secret, ring.scheme.raw, seconds)
        try:
            told = crew.open()
        except BaseException:
            _stop(crew, posts)
            raise
        self._crews[path] = (manifest.build, crew, posts)
        if known is not None:
            # Who searches the parts before keeps them; with the last search they end.
            known[1].close()
        return crew, told

    def _end(self, path: Path) -> None:
        _, crew, posts = self._crews.pop(path)
        _stop(crew, posts)

    def forget(self, folder: Path) -> None:
        """End the processes that hold parts of an epoch that was retired."""
        with self._lock:
            for path in [one for one in self._crews if one.parent == folder]:
                self._end(path)

    def close(self) -> None:
        """End every process, and the cluster if it was started here."""
        with self._lock:
            for path in list(self._crews):
                self._end(path)
            self._host.close()


def _stop(crew: Crew, posts: list[Ending]) -> None:
    crew.close()
    for post in posts:
        post.end()


def _check(manifest: Manifest, told: list[Told]) -> None:
    if tuple(one.header.file_id for one in told) != manifest.files:
        raise Damaged(f"the register's parts are not those of its manifest; {REBUILD}")


def serving(settings: ShardsConfig | None) -> Fleet:
    """What a server opens its registers by.

    Raises:
        ConfigurationRefused: a cluster is wanted, and it is not safe or not there.
    """
    return Parts(settings, Cluster(settings)) if settings else Fleet()


def beside(settings: ShardsConfig | None) -> Fleet:
    """What every other program opens them by."""
    return Parts(settings, Near()) if settings else Fleet()
