"""What a coordinator holds after real cases, on the tests' grid in one process.

The agencies of ``tests/grid.py`` are given larger registers; officers draft, sign,
approve and submit queries; the coordinator's own search, mailboxes, store and log take
everything down as in service. Only the wire is a function call. Some suspects are
asked for again and again, as in life: what repeats is what an attacker counts.

This module makes cases; it attacks nothing.
"""

from __future__ import annotations

import csv
import importlib
import logging
import random
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import structlog
from numpy.typing import NDArray

from bench.attack_data import Person
from childgrid_coordinator.bell import Bell
from childgrid_coordinator.board import Board
from childgrid_coordinator.journal import Journal
from childgrid_coordinator.lift import Lifts
from childgrid_coordinator.match import Matcher
from childgrid_coordinator.rank import Thresholds
from childgrid_coordinator.relay import Relay
from childgrid_coordinator.search import Search
from childgrid_coordinator.settle import Answers, Word
from childgrid_coordinator.store.engine import Store
from childgrid_log import names
from childgrid_log.log import Log
from childgrid_node import indexer, match
from childgrid_node.desk import Desk
from childgrid_node.encode import Encoder
from childgrid_node.holdings import Holdings
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.errors import Refused
from childgrid_wire.pb import values_pb2
from childgrid_wire.shelf import Shelf

TESTS = Path(__file__).parents[1] / "tests"
HOLDERS = ("customs", "prisons")
OFFICERS = ("si-rao", "si-joshi")
A_DAY = 40
"""Queries a day, below the floor's budgets."""

COLUMNS = ("id", "name", "father", "dob", "phone", "fir_date", "role", "note")
ASKED = {"name": "name", "relative": "relative", "phone": "phone"}


@dataclass(frozen=True)
class Asked:
    """One query that was asked: its hash, and the person it was for.

    ``received`` is the encoding that each holder opened and still remembers, and
    ``named`` the source key of the row that its own scan put first.
    """

    query: str
    person: Person
    received: dict[str, NDArray[np.uint64]]
    named: dict[str, str]


@dataclass(frozen=True)
class Cases:
    """All that was asked, and the files that the coordinator keeps.

    ``transit`` is what was sealed, by statement and reader, also after the store has
    wiped it; ``registers`` are the source keys that each holder has; ``encoder`` is
    the members' own, with the linkage key.
    """

    asked: tuple[Asked, ...]
    files: tuple[Path, ...]
    transit: dict[tuple[str, str], bytes]
    registers: dict[str, frozenset[str]]
    encoder: Encoder

    def cells(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every row of every table in the coordinator's files."""
        for path in self.files:
            db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            db.row_factory = sqlite3.Row
            found = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in found.fetchall():
                for row in db.execute(f'SELECT * FROM "{table}"'):  # noqa: S608
                    yield f"{path.stem}.{table}", dict(row)
            db.close()


class Hub:
    """A coordinator without listeners; it is asked and asks by function call."""

    def __init__(self, folder: Path, grid: Any) -> None:  # noqa: ANN401
        self._grid, self._plain = grid, grid.relay
        self.transit: dict[tuple[str, str], bytes] = {}
        folder.mkdir(parents=True)
        self.files = (folder / "state.db", folder / "log.db")
        self._log = Log.create(self.files[1], names.origin("ncrb-hub"), b"h" * 32)
        self._store = Store.open(f"sqlite:///{self.files[0]}", self._log.vkey)
        shelf = Shelf.create(folder / "documents", grid.root)
        for one in grid.members["police"].shelf.book.by_hash.values():
            shelf.add(one.data)
        bell, journal = Bell(1), Journal(self._log)
        board = Board(shelf, journal, grid.clock, bell)
        self._answers = Answers(self._store, journal, board, bell)
        lifts = Lifts(self._store, journal, bell)
        self._search = Search(
            self._store,
            journal,
            board,
            bell,
            cast("Matcher", self),
            Thresholds(1_000, 5_000, 9_500),
            lifts,
        )
        self._relay = Relay(self._store, journal, board, bell, self._answers, lifts)

    def close(self) -> None:
        """Close the files, so that they can be read as a thief would."""
        self._store.close()
        self._log.close()

    def ask(
        self, query: str, only: list[str] | None = None, parcel: object = None
    ) -> None:
        """The matcher's part: here ``match`` is called for each target instead."""

    def match(self, target: Any, call: Mapping[str, Any]) -> bytes:  # noqa: ANN401
        """Take a query down, put it before one target, take its answer down."""
        asked = statement.parse(envelope.read(call["query"]))
        contents = {
            name: self._grid.call(asked, name)["content"] for name in asked["targets"]
        }
        self.transit[asked.hash, target.office.member] = call["content"]
        self._search.submit(
            asked.issuer,
            call["query"],
            call["attestation"],
            call["approvals"],
            contents,
        )
        answer = cast("bytes", self._plain.match(target, call))
        said = statement.parse(envelope.read(answer))
        self._answers.settle([Word(asked.hash, target.office.member, said)])
        return answer

    def mail(self, target: Any, parcel: Any) -> None:  # noqa: ANN401
        """Take a parcel down and carry it."""
        said = statement.parse(envelope.read(parcel.statement))
        self.transit[said.hash, ""] = parcel.content
        proof = None
        if parcel.proof is not None:
            proof = values_pb2.Proof(
                checkpoint=parcel.proof.checkpoint.decode(),
                index=parcel.proof.index,
                hashes=[canonical.to_b64(one) for one in parcel.proof.hashes],
                leaf=parcel.proof.leaf.decode(),
                salt=parcel.proof.salt.hex(),
            )
        self._relay.send(said.issuer, parcel.statement, parcel.content or None, proof)
        self._plain.mail(target, parcel)

    def witness(self, request: Any) -> Any:  # noqa: ANN401
        """Carry checkpoints to the witnesses."""
        return self._plain.witness(request)


def play(folder: Path, people: Sequence[Person], queries: int, seed: int = 1) -> Cases:
    """Ask ``queries`` times for people of the list, some of them often.

    Two thirds of them stand in the holders' registers. One query in eight is followed
    by a request, its approvals and a disclosure.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING)
    )
    grid = _grid(folder / "grid")
    known = [person for person in people if _usable(person)]
    for number, name in enumerate(HOLDERS):
        _restock(grid, name, known[number::3])
    hub = Hub(folder / "hub", grid)
    grid.relay = hub
    draws = random.Random(seed)
    chances = [1 / (1 + rank) for rank in range(len(known))]
    asked: list[Asked] = []
    for number in range(queries):
        person = draws.choices(known, chances)[0]
        if found := _ask(grid, person, number):
            asked.append(_seen(grid, found, person))
    hub.close()
    registers = {
        name: frozenset(person.key for person in known[number::3])
        for number, name in enumerate(HOLDERS)
    }
    encoder = grid.agency(HOLDERS[0]).holdings.encoder
    return Cases(tuple(asked), hub.files, hub.transit, registers, encoder)


def _seen(grid: Any, query: str, person: Person) -> Asked:  # noqa: ANN401
    """What each holder knows of a query now that it has answered."""
    received: dict[str, NDArray[np.uint64]] = {}
    named: dict[str, str] = {}
    for name in HOLDERS:
        office = grid.agency(name).office
        for (sealed,) in office.journal.rows(
            "SELECT sealed FROM asked WHERE query = ?", (query,)
        ):
            words = np.frombuffer(office.journal.vault.open(sealed), "<u8")
            received[name] = words.astype(np.uint64)
        if known := match.handles(office, query):
            named[name] = known[0].hit.key
    return Asked(query, person, received, named)


def _grid(folder: Path) -> Any:  # noqa: ANN401 - the tests' modules are no package
    if str(TESTS) not in sys.path:
        sys.path.append(str(TESTS))
    return importlib.import_module("grid").Grid(folder)


def _usable(person: Person) -> bool:
    """Whether a query for this person would not be refused as too thin."""
    fields = person.fields
    named = "given" in person.tokens and "relative" in person.tokens
    return named and bool(fields.get("name", [""])[0])


def _restock(grid: Any, name: str, people: Sequence[Person]) -> None:  # noqa: ANN401
    """Give an agency a register of these people, indexed by its own indexer."""
    agency = grid.agency(name)
    with (agency.folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_row(person) for person in people)
    agency.source = indexer.open_source(agency.folder / "rows.toml")
    path = agency.folder / "rows.index"
    indexer.build(agency.source, path, agency.keyring, grid.now)
    held, keyring = agency.holdings, agency.keyring
    index = indexer.open_index(path, keyring)
    agency.holdings = Holdings(held.scheme, held.epoch, held.encoder, {"rows": index})
    register = agency.folder / "cases.csv"
    agency.desk = Desk(agency.office, agency.holdings, lambda: None, register)


def _row(person: Person) -> tuple[str, ...]:
    said = {
        field: next(iter(person.fields.get(field, [])), "") for field in ASKED.values()
    }
    born = "" if "dob" not in person.tokens else person.fields["birth_date"][0]
    cells = (said["name"], said["relative"], born, said["phone"])
    return (person.key, *cells, "2025-12-24", "ACCUSED", "")


def _ask(grid: Any, person: Person, number: int) -> str:  # noqa: ANN401
    """Ask for one person; returns the query's hash, or nothing where refused."""
    grid.now += grid_seconds(number)
    suspect = {
        field: [text for text in person.fields.get(field, ()) if text]
        for field in ASKED
    }
    wanted = {field: texts for field, texts in suspect.items() if texts}
    officer = OFFICERS[number % len(OFFICERS)]
    try:
        asked = grid.ask(wanted, officer, HOLDERS)
    except Refused:
        return ""
    if number % 8 == 0:
        _disclose(grid, asked, officer)
    return str(asked.hash)


def grid_seconds(number: int) -> int:
    """How long after the last query this one comes."""
    return 86_400 if number and number % A_DAY == 0 else 60


def _disclose(grid: Any, asked: Any, officer: str) -> None:  # noqa: ANN401
    found = grid.candidates(asked)
    holder = next((name for name in HOLDERS if found.get(name)), "")
    if not holder:
        return
    request = grid.request(asked, holder, ["name", "birth"], officer)
    grid.carry()
    custodian = {"customs": "cu-mehta", "prisons": "pr-singh"}[holder]
    grid.decide(holder, custodian, request.hash, fields=["name"])
    grid.settle()
