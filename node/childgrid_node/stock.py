"""The sources of a node and the indexes that were made of them.

Mappings are read once at the start; indexes are opened under the scheme, epoch and
linkage key that the directory names, or the node refuses to answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from childgrid_node import agency, indexer, refresh
from childgrid_node.ceremony import linkage_file
from childgrid_node.config import NodeConfig
from childgrid_node.encode import Encoder, key_check
from childgrid_node.holdings import Holdings
from childgrid_node.index import Index
from childgrid_node.index_errors import Damaged, IndexFileError
from childgrid_node.indexer import Keyring, Progress, Report, Source
from childgrid_node.mapping import Mapping
from childgrid_node.office import Office
from childgrid_node.refresh import Pace, Refresher
from childgrid_node.scheme import Scheme
from childgrid_node.vault import derive
from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused, Untrusted
from childgrid_wire.trust import View


class Stock:
    """Registers and indexes by source name; see the module."""

    def __init__(
        self,
        config: NodeConfig,
        office: Office,
        passphrase: bytes,
        *,
        rebuilding: bool = False,
    ) -> None:
        """Read mappings and open what is indexed already.

        With `rebuilding`, an index that can't be used counts as missing.

        Raises:
            ConfigurationRefused: a mapping or index can't be used; says which.
        """
        self._config, self._office = config, office
        self._rebuilding = rebuilding
        self._lock = threading.Lock()
        self.keyring = keyring(config, office, passphrase)
        self.registers = self._open_registers()
        self._holdings = self._open_holdings()

    @property
    def holdings(self) -> Holdings:
        """The indexes in force."""
        with self._lock:
            return self._holdings

    def _open_registers(self) -> dict[str, Source]:
        registers = {
            path.stem: indexer.open_source(path) for path in mappings(self._config)
        }
        found = [one.mapping for one in registers.values()]
        check_policy(self._config.policy, found, self._office.view)
        return registers

    def _open_holdings(self) -> Holdings:
        indexes = {}
        for name in self.registers:
            path = indexer.path_of(self._folder, name)
            opened = self._open(path) if path.exists() else None
            if opened is not None:
                indexes[name] = opened
        encoder = Encoder(
            self.keyring.scheme, self.keyring.linkage_key, self.keyring.epoch
        )
        missing = tuple(name for name in self.registers if name not in indexes)
        return Holdings(
            self.keyring.scheme, self.keyring.epoch, encoder, indexes, missing
        )

    def _open(self, path: Path) -> Index | None:
        try:
            return indexer.open_index(path, self.keyring)
        except IndexFileError as error:
            if self._rebuilding:
                return None
            raise ConfigurationRefused(f"{path.name}: {error}") from error

    @property
    def _folder(self) -> Path:
        folder = self._config.state_dir / "index"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def missing(self) -> list[str]:
        """Sources that have not been indexed under the keys in force."""
        return list(self.holdings.missing)

    def index(self, name: str, progress: Progress = lambda _: None) -> Report:
        """Index one source and put the new index in force."""
        report = self._refresher(name).build(progress)
        self._put(name, self._opened(name))
        return report

    def in_the_clear(self) -> dict[Path, int]:
        """Index files that are not sealed, with how many source keys stand in each."""
        return {
            indexer.path_of(self._folder, name): len(index)
            for name, index in self.holdings.indexes.items()
            if index.header.clear
        }

    def inspect(self, stopped: Callable[[], bool] = lambda: False) -> list[str]:
        """Read what was only mapped; returns the sources whose index is damaged.

        A node that serves meanwhile answers from none of those any more. One or
        two seconds a gigabyte; `stopped` is asked now and then.
        """
        for index in self.holdings.indexes.values():
            with suppress(Damaged):
                index.verify(stopped)
        return list(self.holdings.damaged)

    def refresh(self) -> None:
        """Bring every index up to date with its source; see `refresh`."""
        config = self._config
        pace = Pace(
            config.lag_seconds, config.reconcile_seconds, config.rebuild_seconds
        )
        refresh.step_all(
            {name: self._refresher(name) for name in self.registers},
            self.holdings.indexes,
            pace,
            self._put,
            lambda name: self._put(name, self._opened(name)),
        )

    def _refresher(self, name: str) -> Refresher:
        path = indexer.path_of(self._folder, name)
        return Refresher(
            self.registers[name], path, self.keyring, lambda: self._office.now
        )

    def _opened(self, name: str) -> Index:
        return indexer.open_index(indexer.path_of(self._folder, name), self.keyring)

    def _put(self, name: str, index: Index) -> None:
        """Put an index in force; who searches the old one keeps it until done.

        Raises:
            Damaged: it does not hold what was written; the old one stays.
        """
        index.verify()
        with self._lock:
            held = self._holdings
            missing = tuple(one for one in held.missing if one != name)
            indexes = {**held.indexes, name: index}
            self._holdings = replace(held, indexes=indexes, missing=missing)


def mappings(config: NodeConfig) -> list[Path]:
    """The mapping files of a provider, in order; none for who only asks.

    Raises:
        ConfigurationRefused: a provider without any.
    """
    if "provider" not in config.uses:
        return []
    paths = sorted(config.sources.glob("*.toml"))
    if not paths:
        raise ConfigurationRefused(f"no mapping in {config.sources.name}/")
    return paths


def check_policy(policy: Path, sources: Sequence[Mapping], view: View) -> None:
    """Insist that whatever the policy grants is there to be given, and may be.

    Each label that a rule grants stands under `[disclose]` in every source of the
    rule's category, and the founders' floor lets data of the label's own category
    out for each of the rule's purposes.

    Raises:
        ConfigurationRefused: naming the rule, the label and what is at fault.
    """
    if not policy.exists():
        return
    allowed = {one["purpose"]: one["categories"] for one in view.rules()["purposes"]}
    for rule in agency.policy_body(policy)["rules"]:
        for source in sources:
            if source.category == rule["category"]:
                _check_rule(policy.name, rule, source, allowed)


def _check_rule(
    name: str, rule: dict[str, Any], source: Mapping, allowed: dict[str, list[str]]
) -> None:
    where = f"{name}: category.{source.category}"
    for label in rule["fields"]:
        if label not in source.grants:
            raise ConfigurationRefused(
                f"{where} grants {label}, which {source.path.name} doesn't disclose"
            )
        category = source.grants[label].category
        for purpose in rule["purposes"]:
            if category not in allowed.get(purpose, []):
                raise ConfigurationRefused(
                    f"{where} grants {label} for {purpose}, but the floor keeps"
                    f" {category} back"
                )


def keyring(config: NodeConfig, office: Office, passphrase: bytes) -> Keyring:
    """Scheme, epoch and linkage key as the directory names them.

    Raises:
        ConfigurationRefused: the key is missing or another one than the grid's.
    """
    directory = office.view.directory
    epoch = directory["epochs"]["current"]
    scheme = scheme_named(office)
    path = linkage_file(config.state_dir / "keys", epoch)
    if not epoch or not path.exists():
        raise ConfigurationRefused("no linkage key yet; run `childgrid-node join`")
    key = bytes.fromhex(keyfile.unlock(path, passphrase)["key"])
    check = key_check(key, epoch, scheme.digest)
    if directory["key_checks"].get(f"e{epoch}") != check.hex():
        raise ConfigurationRefused("this linkage key is not the grid's")
    return Keyring(
        scheme,
        key,
        check,
        epoch,
        derive(office.identity.key, b"index"),
        config.encrypted_disk,
    )


def scheme_named(office: Office) -> Scheme:
    """The shipped scheme document that the directory names.

    Raises:
        ConfigurationRefused: this release does not ship it.
    """
    name = office.view.directory["scheme"]
    try:
        wanted = office.shelf.book.document(name)["document"]
    except Untrusted as error:
        raise ConfigurationRefused("the directory names no scheme") from error
    training = office.view.training
    for file in (resources.files("childgrid_node") / "schemes").iterdir():
        scheme = Scheme.load(file.name.removesuffix(".json"))
        if scheme.digest.hex() == wanted and (training or scheme.profile != "test"):
            return scheme
    raise ConfigurationRefused("upgrade: the grid's scheme is not in this release")
