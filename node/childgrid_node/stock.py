"""The sources of a node and the indexes that were made of them.

Mappings are read once at the start; indexes are opened under the scheme, epoch and
linkage key that the directory names, or the node refuses to answer.
"""

from __future__ import annotations

import threading
from importlib import resources
from pathlib import Path

from childgrid_node import indexer
from childgrid_node.ceremony import linkage_file
from childgrid_node.config import NodeConfig
from childgrid_node.encode import Encoder, key_check
from childgrid_node.holdings import Holdings
from childgrid_node.index import Index
from childgrid_node.index_errors import IndexFileError
from childgrid_node.indexer import Keyring, Progress, Report
from childgrid_node.mapping import Mapping
from childgrid_node.office import Office
from childgrid_node.register import Register
from childgrid_node.scheme import Scheme
from childgrid_node.source_errors import SourceError
from childgrid_node.vault import derive
from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused, Untrusted


class Stock:
    """Registers and indexes by source name; see the module."""

    def __init__(self, config: NodeConfig, office: Office, passphrase: bytes) -> None:
        """Read mappings and open what is indexed already.

        Raises:
            ConfigurationRefused: a mapping or index can't be used; says which.
        """
        self._config, self._office = config, office
        self._lock = threading.Lock()
        self.keyring = keyring(config, office, passphrase)
        self.registers = self._open_registers()
        self._holdings = self._open_holdings()

    @property
    def holdings(self) -> Holdings:
        """The indexes in force."""
        with self._lock:
            return self._holdings

    def _open_registers(self) -> dict[str, Register]:
        if "provider" not in self._config.uses:
            return {}
        paths = sorted(self._config.sources.glob("*.toml"))
        if not paths:
            raise ConfigurationRefused(f"no mapping in {self._config.sources.name}/")
        return {path.stem: open_register(path) for path in paths}

    def _open_holdings(self) -> Holdings:
        indexes = {}
        for name in self.registers:
            path = indexer.path_of(self._folder, name)
            if path.exists():
                indexes[name] = self._open(path)
        encoder = Encoder(
            self.keyring.scheme, self.keyring.linkage_key, self.keyring.epoch
        )
        return Holdings(self.keyring.scheme, self.keyring.epoch, encoder, indexes)

    def _open(self, path: Path) -> Index:
        try:
            return indexer.open_index(path, self.keyring)
        except IndexFileError as error:
            raise ConfigurationRefused(f"{path.name}: {error}") from error

    @property
    def _folder(self) -> Path:
        folder = self._config.state_dir / "index"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def missing(self) -> list[str]:
        """Sources that have not been indexed under the keys in force."""
        return [name for name in self.registers if name not in self.holdings.indexes]

    def index(self, name: str, progress: Progress = lambda _: None) -> Report:
        """Index one source and put the new index in force."""
        path = indexer.path_of(self._folder, name)
        report = indexer.build(
            self.registers[name], path, self.keyring, self._office.now, progress
        )
        fresh = self._open_holdings()
        with self._lock:
            self._holdings = fresh
        return report


def open_register(path: Path) -> Register:
    """Open the source of one mapping file; raises `ConfigurationRefused`."""
    try:
        return Register.open(Mapping.read(path))
    except SourceError as error:
        raise ConfigurationRefused(str(error)) from error


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


def check_indexed(stock: Stock) -> None:
    """Refuse to answer for sources that were never indexed; raises `Refused`."""
    if stock.missing():
        raise Refused(Reason.STALE, "index")
