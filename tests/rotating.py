"""The tests' grid with real stocks, whose founders move the linkage key's epochs.

`turn` lets nodes follow the founders, as each does by itself every few seconds; what
they say of it hangs on the board afterwards.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from childgrid_authority import epochs
from childgrid_authority.drafts import Draft
from childgrid_node import ceremony, match
from childgrid_node.ceremony import linkage_file
from childgrid_node.config import CoordinatorConfig, NodeConfig
from childgrid_node.stock import Stock
from childgrid_wire import envelope, keyfile, statement
from childgrid_wire.book import Book
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import FOUNDERS, Statement
from founders import PASSPHRASE
from grid import AGENCIES, DAY, EPOCH, HUB, KABIR, Grid, scheme, seed

THREE = ("police", "customs", "prisons")
"""Who take part in a ceremony; `childcare` gets the key from two of them."""


class Rotating(Grid):
    """A grid under way in epoch 1; see the module. Locks should be light."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.configs = {name: self._config(name) for name in AGENCIES}
        self.stocks: dict[str, Stock] = {}
        for name in AGENCIES:
            self.restart(name)
            assert self.stocks[name].missing() == []

    def _config(self, name: str) -> NodeConfig:
        folder = self.agency(name).folder
        sources, keys = folder / "sources", folder / "state" / "keys"
        sources.mkdir()
        keys.mkdir(parents=True)
        for file in ("rows.csv", "rows.toml"):
            shutil.copy(folder / file, sources / file)
        (folder / "state" / "index").mkdir()
        # As an earlier release left it: named by its source alone.
        shutil.copy(folder / "rows.index", folder / "state" / "index" / "rows.index")
        key = {"key": seed("linkage").hex()}
        keyfile.lock(key, PASSPHRASE, linkage_file(keys, EPOCH))
        return NodeConfig(
            member=name,
            title=name,
            state_dir=folder / "state",
            passphrase_file=folder / "passphrase",
            sources=sources,
            policy=folder / "policy.toml",
            coordinator=CoordinatorConfig(member=HUB, address="127.0.0.1:1"),
        )

    def restart(self, name: str) -> None:
        """An agency's node starts, or starts again."""
        at = self.agency(name)
        stock = Stock(self.configs[name], at.office, PASSPHRASE)
        self.stocks[name] = stock
        at.held, at.keyed = stock.held, stock.keyed  # type: ignore[method-assign]
        at.holdings = stock.holdings

    @property
    def book(self) -> Book:
        """What hangs on the board, as an auditor has it."""
        return self.members["audit-north"].shelf.book

    def enact(self, change: Sequence[Draft]) -> None:
        """Two founders sign a change and hang it up."""
        for one in change:
            signers = self.founders.signers[:2]
            self.post([envelope.sign(one.kind, one.payload, signers)])

    def revoke(self, member: str) -> None:
        """One founder expels a member."""
        data = statement.make(
            Kind.REVOCATION,
            self.founders.signers[0],
            issuer=FOUNDERS,
            now=self.now,
            seconds=DAY,
            number=1,
            target="member",
            member=member,
            subject="",
            serial="",
            cause="expelled",
        )
        self.post([data])

    def ceremony(self, epoch: int, members: Sequence[str] = THREE) -> None:
        """The whole ceremony of an epoch; every member keeps the key."""
        steps: set[str] = set()
        while steps != {"key"}:
            done = [self.advance(name, epoch, members) for name in members]
            steps = {one.step for one in done}

    def advance(
        self, name: str, epoch: int, members: Sequence[str]
    ) -> ceremony.Progress:
        """One member's next step in a ceremony; what it says is hung up."""
        office = self.agency(name).office
        done = ceremony.advance(
            self.keys(name),
            PASSPHRASE,
            office.identity,
            office.shelf.book,
            office.view,
            epoch,
            sorted(members),
            scheme().digest,
            self.now,
        )
        self.post(done.publish)
        return done

    def keys(self, name: str) -> Path:
        """An agency's keys folder."""
        return self.configs[name].state_dir / "keys"

    def wrap(self, wrapper: str, member: str, epoch: int) -> None:
        """One agency wraps a key for another, having compared fingerprints."""
        office = self.agency(wrapper).office
        key = ceremony.unlock(self.keys(wrapper), epoch, PASSPHRASE)
        fingerprint = keys_fingerprint(office.view.member(member))
        self.post(
            [
                ceremony.wrap(
                    office.identity,
                    key,
                    epoch,
                    office.view,
                    member,
                    fingerprint,
                    scheme().digest,
                    self.now,
                )
            ]
        )

    @contextmanager
    def posted(self, config: NodeConfig, _: object) -> Iterator[SimpleNamespace]:
        """The board, as a command reaches it that runs beside an agency's node."""
        at, board = self.agency(config.member), self.members["audit-north"].shelf
        yield SimpleNamespace(
            identity=at.identity,
            shelf=Shelf.open(at.folder / "documents"),
            passphrase=PASSPHRASE,
            look=lambda book: [book.add(one) for one in board.documents()],
            hang=board.add,
        )

    def turn(self, names: Collection[str] = AGENCIES) -> None:
        """Nodes follow the founders; what they say is carried to the board."""
        for name in names:
            self.stocks[name].rotate()
            self.agency(name).holdings = self.stocks[name].holdings
        self.carry()

    def left_of(self, name: str, epoch: int) -> list[str]:
        """What an agency has on its disk of an epoch: key and index files."""
        state = self.configs[name].state_dir
        found = [
            *state.glob(f"keys/*-e{epoch}.locked"),
            *state.glob(f"index/e{epoch}/*"),
        ]
        return sorted(path.name for path in found)

    def everything(self, names: Collection[str] = AGENCIES) -> Any:
        """What agencies have said, heard and spent; for 'nothing changed'."""
        return {name: self.state(name) for name in names}


def approved(grid: Rotating) -> Statement:
    """A query for Kabir that waits to be carried."""
    asked = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    grid.decide("police", "sp-nair", asked.hash)
    return asked


def carry(grid: Rotating, asked: Statement, target: str = "customs") -> Statement:
    """Carry it to one target; returns the answer."""
    grid.relay.match(grid.agency(target), grid.call(asked, target))
    said = match.stored(grid.agency(target).office, asked.hash)
    assert said is not None
    return said


def rows(grid: Rotating, asked: Statement, target: str = "customs") -> list[str]:
    """Which records an agency found, the best band only."""
    held = match.handles(grid.agency(target).office, asked.hash)
    return [one.hit.key for one in held if one.hit.band == "strong"]


def accepted(grid: Rotating, epoch: int = 2) -> None:
    """A ceremony is over, the founders accept its epoch, childcare has the key."""
    grid.ceremony(epoch)
    grid.enact(epochs.accept(grid.book, epoch, THREE, grid.now))
    for wrapper in ("police", "customs"):
        grid.wrap(wrapper, "childcare", epoch)


def rotated(grid: Rotating, epoch: int = 2) -> None:
    """Everybody has encoded anew and asks under the new epoch."""
    accepted(grid, epoch)
    grid.turn()
    grid.enact(epochs.advance(grid.book, epoch, grid.now))
    grid.turn()


def retire(grid: Rotating, epoch: int) -> None:
    """The founders retire an epoch at once."""
    grid.enact(epochs.retire(grid.book, epoch, grid.now, at_once=True))


def standing(grid: Rotating, epoch: int) -> epochs.Standing:
    """What the founders see of an epoch."""
    return next(
        one for one in epochs.standing(grid.book, grid.now) if one.epoch == epoch
    )
