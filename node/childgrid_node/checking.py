"""Looking at sources and indexing them, from the command line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from childgrid_node import acts, indexer
from childgrid_node.app import open_office
from childgrid_node.config import NodeConfig
from childgrid_node.indexer import Census, Faults
from childgrid_node.office import Office
from childgrid_node.sources import mappings
from childgrid_node.stock import Stock
from childgrid_wire import keyfile
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf

Say = Callable[[str], None]
_EVERY_ROWS = 100_000


def check_sources(config: NodeConfig, clock: Callable[[], float], say: Say) -> bool:
    """Count what each source holds, before anything is encoded; True if all is well.

    Raises:
        ConfigurationRefused: a mapping is wrong, or there is none.
    """
    sound = True
    for path in mappings(config):
        found = indexer.census(indexer.open_source(path), int(clock()))
        _say_census(path.stem, found, say)
        sound = sound and found.rows > 0
    return sound


def _say_census(name: str, found: Census, say: Say) -> None:
    say(f"{name}: {found.rows} rows")
    for reason, count in sorted(found.guarded.items()):
        say(f"  guard: {reason}: {count}")
    for field, count in sorted(found.filled.items()):
        say(f"  {field}: usable in {100 * count // max(found.rows, 1)} % of rows")
    _say_faults(found.faults, say)


def _say_faults(faults: Faults, say: Say) -> None:
    if faults.total:
        say(f"  {faults.total} rows can't be used:")
        for fault in faults.listed[:20]:
            say(f"    row {fault.number}: {fault.kind}")


def index_sources(config: NodeConfig, clock: Callable[[], float], say: Say) -> None:
    """Index every source of a node that has joined.

    Raises:
        ConfigurationRefused: not joined, no linkage key, or a mapping is wrong.
    """
    passphrase = keyfile.read_passphrase(config.passphrase_file)
    identity = Identity.open(config.state_dir / "keys", passphrase)
    shelf = Shelf.open(config.state_dir / "documents")
    office = open_office(config, identity, shelf, clock)
    try:
        stock = Stock(config, office, passphrase, rebuilding=True)
        _note(office, config)
        for name in stock.registers:
            _index_one(stock, name, say)
    finally:
        office.journal.log.close()


def _note(office: Office, config: NodeConfig) -> None:
    """Log which mappings are about to decide what is encoded, and who is guarded."""
    with office.journal.writing() as writing:
        for path in mappings(config):
            mapped = hashlib.sha256(path.read_bytes()).hexdigest()
            acts.note(writing, office, "index", mapped)


def _index_one(stock: Stock, name: str, say: Say) -> None:
    told = 0

    def progress(read: int) -> None:
        nonlocal told
        if read - told >= _EVERY_ROWS:
            told = read
            say(f"{name}: {read} rows read")

    report = stock.index(name, progress)
    say(f"{name}: {report.indexed} of {report.read} rows indexed")
    for reason, count in sorted(report.left_out.items()):
        say(f"  left out: {reason}: {count}")
    if report.faults is not None:
        _say_faults(report.faults, say)
