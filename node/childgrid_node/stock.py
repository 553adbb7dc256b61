"""The sources of a node and the indexes that were made of them, by key epoch.

Mappings are read once at the start; indexes are opened under the scheme, epochs and
linkage keys that the directory names, or the node refuses to answer. When the founders
accept a new epoch the node encodes everything again beside what it serves, says that it
is ready, and answers queries of either; when they retire the old one, no query of it is
answered from that moment on, and its key and index files are destroyed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import structlog

from childgrid_node import epochs, indexer, outcomes, refresh
from childgrid_node.config import NodeConfig
from childgrid_node.encode import Encoder
from childgrid_node.holdings import Holdings
from childgrid_node.index_errors import Damaged, IndexFileError, IndexingError
from childgrid_node.indexer import Keyring, Progress, Report, Source
from childgrid_node.office import Office
from childgrid_node.refresh import Pace, Refresher
from childgrid_node.shards import fleet
from childgrid_node.shards.table import Rows
from childgrid_node.source_errors import SourceError
from childgrid_node.sources import check_policy, mappings
from childgrid_node.vault import derive
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused, WireError

log = structlog.get_logger(__name__)


class Stock:
    """Registers by source name, keys and indexes by epoch; see the module."""

    def __init__(
        self,
        config: NodeConfig,
        office: Office,
        passphrase: bytes,
        *,
        rebuilding: bool = False,
        serving: bool = False,
    ) -> None:
        """Read mappings and open what is indexed already.

        With `rebuilding`, an index that can't be used counts as missing; `serving`,
        registers in parts are opened in a cluster.

        Raises:
            ConfigurationRefused: a mapping or index can't be used; says which.
        """
        self._config, self._office = config, office
        self._passphrase, self._serving = passphrase, serving
        self._fleet = (fleet.serving if serving else fleet.beside)(config.shards)
        self._lock = threading.Lock()
        self._told: dict[int, str] = {}
        self._failed: dict[tuple[str, int], int] = {}
        self._rings = epochs.keyrings(config, office, passphrase)
        self._keyless = Holdings(epochs.scheme_named(office), 0, None, {})
        self.registers = self._open_registers()
        index_key = derive(office.identity.key, b"index")
        for name in self.registers:
            epochs.adopt(self._folder, name, index_key, rebuilding=rebuilding)
        self._held = {
            epoch: self._open_held(ring, lenient=rebuilding)
            for epoch, ring in self._rings.items()
        }

    @property
    def holdings(self) -> Holdings:
        """Under what we ask: the current epoch, or the newest whose key is here.

        Where none is here it encodes nothing and refuses by name.
        """
        with self._lock:
            for epoch in epochs.accepted(self._office.shelf.book):
                if epoch in self._held:
                    return self._held[epoch]
        return self._keyless

    def keyed(self, epoch: int) -> Holdings:
        """What is held under an epoch, encoded or not.

        Raises:
            Refused: `epoch`, the founders don't accept it; `stale`, we lack its key.
        """
        if epoch not in epochs.accepted(self._office.shelf.book):
            raise Refused(Reason.EPOCH, "query.epoch")
        with self._lock:
            if epoch not in self._held:
                raise Refused(Reason.STALE, "linkage key")
            return self._held[epoch]

    def held(self, epoch: int) -> Holdings:
        """What answers queries of an epoch.

        Raises:
            Refused: `epoch`, it is not accepted, or we have not encoded under it yet.
        """
        try:
            found = self.keyed(epoch)
        except Refused as refusal:
            raise Refused(Reason.EPOCH, "query.epoch") from refusal
        with self._lock:
            elsewhere = any(not one.missing for one in self._held.values())
        if found.missing and elsewhere:
            raise Refused(Reason.EPOCH, "not encoded under it yet")
        return found

    def _open_registers(self) -> dict[str, Source]:
        registers = dict[str, Source]()
        for path in mappings(self._config):
            # What was encoded once was reached once: it is waited for while we serve.
            patient = self._serving and self._marker(path.stem).exists()
            opened = indexer.open_source(path, patient=patient)
            if opened.away:
                log.error("source away", source=path.stem, why=opened.away)
            registers[path.stem] = opened
        found = [one.mapping for one in registers.values()]
        check_policy(self._config.policy, found, self._office.view)
        return registers

    def _open_held(self, ring: Keyring, *, lenient: bool) -> Holdings:
        """What is indexed under a keyring; with `lenient`, a bad file is missing."""
        indexes = {}
        for name in self.registers:
            path = self._path(name, ring.epoch)
            there = self._fleet.there(path)
            opened = self._open(name, path, ring, lenient) if there else None
            if opened is not None:
                indexes[name] = opened
        encoder = Encoder(ring.scheme, ring.linkage_key, ring.epoch)
        missing = tuple(name for name in self.registers if name not in indexes)
        return Holdings(ring.scheme, ring.epoch, encoder, indexes, missing)

    def _open(self, name: str, path: Path, ring: Keyring, lenient: bool) -> Rows | None:
        try:
            index = self._fleet.open(path, ring)
            return outcomes.without(self._office.journal, name, index)
        except IndexFileError as error:
            if lenient:
                return None
            raise ConfigurationRefused(f"{path.name}: {error}") from error

    def _path(self, name: str, epoch: int) -> Path:
        return indexer.path_of(self._folder, name, epoch)

    @property
    def _folder(self) -> Path:
        folder = self._config.state_dir / "index"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def missing(self) -> list[str]:
        """Sources that have not been indexed under the keys in force."""
        return list(self.holdings.missing)

    def lacking(self) -> dict[int, tuple[str, ...] | None]:
        """Accepted epochs that are not answered: sources to encode; None: no key."""
        with self._lock:
            found = {
                epoch: self._held[epoch].missing if epoch in self._held else None
                for epoch in epochs.accepted(self._office.shelf.book)
            }
        return {epoch: what for epoch, what in found.items() if what != ()}

    def index(self, name: str, progress: Progress = lambda _: None) -> Report:
        """Index one source under every epoch and put the new indexes in force.

        Returns the report of the epoch under which we ask.
        """
        reports = {}
        for ring in self._now_held():
            reports[ring.epoch] = self._refresher(name, ring).build(progress)
            self._put(name, self._opened(name, ring), ring.epoch)
        if not reports:
            raise ConfigurationRefused("the grid has no linkage key in force")
        return reports[self.holdings.epoch]

    def _now_held(self) -> list[Keyring]:
        with self._lock:
            return list(self._rings.values())

    def _all(self) -> list[Holdings]:
        with self._lock:
            return list(self._held.values())

    def in_the_clear(self) -> dict[Path, int]:
        """Index files that are not sealed, with how many source keys stand in each."""
        return {
            self._fleet.file(self._path(name, held.epoch)): len(index)
            for held in self._all()
            for name, index in held.indexes.items()
            if index.header.clear
        }

    def inspect(self, stopped: Callable[[], bool] = lambda: False) -> list[str]:
        """Read what was only mapped; returns the sources whose index is damaged.

        A node that serves meanwhile answers from none of those any more. One or
        two seconds a gigabyte; `stopped` is asked now and then.
        """
        for held in self._all():
            for index in held.indexes.values():
                with suppress(Damaged):
                    index.verify(stopped)
        return sorted({name for held in self._all() for name in held.damaged})

    def refresh(self) -> None:
        """Bring every index up to date with its source; see `refresh`."""
        for ring in self._now_held():
            try:
                self._refresh(ring)
            except OSError:
                # Its folder may have been destroyed while we wrote.
                if ring.epoch in self._rings:
                    raise

    def _refresh(self, ring: Keyring) -> None:
        config, epoch = self._config, ring.epoch
        held = self._held.get(epoch)
        if held is None:
            return
        pace = Pace(
            config.lag_seconds, config.reconcile_seconds, config.rebuild_seconds
        )
        refresh.step_all(
            {name: self._refresher(name, ring) for name in self.registers},
            held.indexes,
            pace,
            lambda name, index: self._put(name, index, epoch),
            lambda name: self._put(name, self._opened(name, ring), epoch),
        )

    def rotate(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Follow the founders from epoch to epoch; to be called again and again.

        Forgets what was retired, takes the keys of what was accepted, and encodes
        every source under them that a person has had indexed before. A source that
        can't be read is tried again after `refresh_seconds`.
        """
        for name in {one for held in self._all() for one in held.indexes}:
            self._mark(name)
        self._forget()
        self._take()
        for ring in self._now_held():
            for name in self._held[ring.epoch].missing:
                if stopped() or ring.epoch in epochs.retired(self._office.shelf.book):
                    break
                if self._marker(name).exists() and self._due(name, ring.epoch):
                    self._encode(name, ring)
        self._forget()
        for ring in self._now_held():
            if not self._held[ring.epoch].missing and epochs.say_ready(
                self._office, ring
            ):
                log.info("ready", epoch=ring.epoch)

    def _forget(self) -> None:
        for epoch in epochs.retired(self._office.shelf.book):
            with self._lock:
                self._held.pop(epoch, None)
                self._rings.pop(epoch, None)
            self._fleet.forget(self._folder / f"e{epoch}")
            if epochs.destroy(self._config, epoch):
                log.info("destroyed", epoch=epoch)

    def _take(self) -> None:
        for epoch in epochs.accepted(self._office.shelf.book):
            if epoch in self._rings:
                continue
            try:
                ring = epochs.take(self._config, self._office, self._passphrase, epoch)
                held = self._open_held(ring, lenient=True)
            except WireError as error:
                if self._told.get(epoch) != error.detail:
                    self._told[epoch] = error.detail
                    log.warning("no key", epoch=epoch, why=error.detail)
                continue
            with self._lock:
                self._rings[epoch], self._held[epoch] = ring, held

    def _encode(self, name: str, ring: Keyring) -> None:
        """Index a source under a new epoch, from a connection of its own to it."""
        path = self._config.sources / f"{name}.toml"
        try:
            with closing(indexer.open_source(path)) as source:
                report = self._refresher(name, ring, source).build()
            self._put(name, self._opened(name, ring), ring.epoch)
        except (WireError, IndexingError, SourceError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            log.error("not encoded", source=name, epoch=ring.epoch, why=why)
            self._failed[name, ring.epoch] = self._office.now
            return
        log.info("encoded", source=name, epoch=ring.epoch, rows=report.indexed)

    def _due(self, name: str, epoch: int) -> bool:
        """Whether it is time to try a source that could not be encoded again."""
        spent = self._office.now - self._failed.get((name, epoch), 0)
        return not 0 <= spent < self._config.refresh_seconds

    def _refresher(
        self, name: str, ring: Keyring, source: Source | None = None
    ) -> Refresher:
        path = self._path(name, ring.epoch)
        taken = source or self.registers[name]
        opener = self._fleet.open
        return Refresher(taken, path, ring, lambda: self._office.now, opener)

    def _opened(self, name: str, ring: Keyring) -> Rows:
        return self._fleet.open(self._path(name, ring.epoch), ring)

    def clear(self) -> None:
        """Take out what custodians have decided on; see `outcomes`.

        Where the file is being written, whoever writes it does so before it is put in
        force.
        """
        for held in self._all():
            for name, index in held.indexes.items():
                with suppress(IndexFileError):
                    self._put(name, index, held.epoch)

    def _put(self, name: str, index: Rows, epoch: int) -> None:
        """Put an index in force; who searches the old one keeps it until done.

        Raises:
            Damaged: it does not hold what was written; the old one stays.
            IndexFileError: somebody else changed the file meanwhile.
        """
        index = outcomes.without(self._office.journal, name, index)
        index.verify()
        with self._lock:
            held = self._held.get(epoch)
            if held is None:
                return
            missing = tuple(one for one in held.missing if one != name)
            indexes = {**held.indexes, name: index}
            self._held[epoch] = replace(held, indexes=indexes, missing=missing)
        self._mark(name)

    def _mark(self, name: str) -> None:
        if not self._marker(name).exists():
            self._marker(name).touch(mode=0o600)

    def _marker(self, name: str) -> Path:
        """Stands where a person has had a source indexed; it outlives the epochs."""
        return self._folder / f"{name}.encoded"

    def close(self) -> None:
        """End what was started to hold the registers."""
        self._fleet.close()
