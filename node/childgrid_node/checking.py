"""Looking at sources and indexing them, from the command line."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from childgrid_node import acts, indexer
from childgrid_node.config import NodeConfig
from childgrid_node.indexer import Faults
from childgrid_node.logbook import open_office
from childgrid_node.office import Office
from childgrid_node.quality import Quality, page, spoken
from childgrid_node.quality.report import FORMAT
from childgrid_node.scheme import Scheme
from childgrid_node.source_errors import SourceError
from childgrid_node.sources import mappings
from childgrid_node.stock import Stock
from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf

Say = Callable[[str], None]
SCHEME = "childgrid-2"
"""The scheme by whose weights `check` says what gaps cost, before a grid names one."""

_EVERY_ROWS = 100_000


@dataclass(frozen=True)
class Out:
    """The files into which a report goes beside the terminal."""

    html: Path | None = None
    json: Path | None = None


_SAID = Out()


def check_sources(
    config: NodeConfig, clock: Callable[[], float], say: Say, out: Out = _SAID
) -> bool:
    """Report on each source before anything is encoded; True if none is empty.

    Where one can't be read, the others are reported all the same, and then it is said.

    Raises:
        ConfigurationRefused: a mapping or source can't be used, or there is none.
    """
    now, scheme = int(clock()), Scheme.load(SCHEME)
    found, refused = list[Quality](), list[str]()
    for path in mappings(config):
        try:
            found.append(_survey(path, now, scheme, say))
        except ConfigurationRefused as error:
            refused.append(error.detail)
        except SourceError as error:
            refused.append(str(error))
    for one in found:
        for line in spoken.lines(one):
            say(line)
    _write(found, now, out)
    if refused:
        raise ConfigurationRefused("; ".join(refused))
    return all(one.rows > 0 for one in found)


def _survey(path: Path, now: int, scheme: Scheme, say: Say) -> Quality:
    with closing(indexer.open_source(path)) as source:
        told = _telling(path.stem, say)
        return indexer.survey(source, path.stem, now, scheme, told)


def _write(found: list[Quality], now: int, out: Out) -> None:
    made = dt.datetime.fromtimestamp(now, dt.UTC).date().isoformat()
    if out.html is not None:
        keyfile.write_private(out.html, page.page(found, made).encode())
    if out.json is not None:
        sources = [one.dump() for one in found]
        table = {"format": FORMAT, "made": made, "sources": sources}
        text = json.dumps(table, ensure_ascii=False, indent=1)
        keyfile.write_private(out.json, text.encode())


def _say_faults(faults: Faults, say: Say) -> None:
    if faults.total:
        say(f"  {faults.total} rows can't be used:")
        for fault in faults.listed[:20]:
            column = f", column {fault.column}" if fault.column else ""
            say(f"    row {fault.number}: {fault.kind}{column}")


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


def _telling(name: str, say: Say) -> indexer.Progress:
    """Say now and then how many rows were read."""
    told = 0

    def progress(read: int) -> None:
        nonlocal told
        if read - told >= _EVERY_ROWS:
            told = read
            say(f"{name}: {read} rows read")

    return progress


def _index_one(stock: Stock, name: str, say: Say) -> None:
    report = stock.index(name, _telling(name, say))
    say(f"{name}: {report.indexed} of {report.read} rows indexed")
    for reason, count in sorted(report.left_out.items()):
        say(f"  left out: {reason}: {count}")
    if report.faults is not None:
        _say_faults(report.faults, say)
