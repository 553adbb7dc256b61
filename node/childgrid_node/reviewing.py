"""The command `review`: draw pairs, let people judge them, and sign what follows.

A session lives in `state_dir/review/`, sealed in the vault, saved after every answer
and removed once its review is signed. Judging needs no server to stand still, and a
server that runs shows percentages with the next query after the signature.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from childgrid_log.claim import Claim
from childgrid_node import (
    review,
    review_desk,
    review_document,
    review_pairs,
    reviews,
)
from childgrid_node.config import NodeConfig
from childgrid_node.holdings import Holdings
from childgrid_node.index import Index
from childgrid_node.indexer import Source
from childgrid_node.logbook import open_office
from childgrid_node.office import Office
from childgrid_node.review import ReviewRefused
from childgrid_node.review_desk import Reader
from childgrid_node.review_pairs import DIFFERENT, GONE, SAME, UNSURE, Session
from childgrid_node.stock import Stock
from childgrid_node.vault import Vault
from childgrid_wire import envelope, keyfile
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.identity import Identity
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import Statement

PAIRS = 360
"""Drawn unless said otherwise: some will be undecided, and 300 are needed."""


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line; see the command's options."""

    source: str = ""
    pairs: int = 0
    judgements: Path | None = None
    listing: bool = False
    restart: bool = False
    days: int = 365


@dataclass(frozen=True)
class Terminal:
    """The person in front: lines out, answers in, and the officer's key if it is there.

    `note` is for what is no result; `confirm` raises to keep from signing.
    """

    say: Callable[[str], None]
    note: Callable[[str], None]
    prompt: Callable[[], str]
    confirm: Callable[[], None]
    signer: Callable[[], Signer | None]
    console: Console


@dataclass(frozen=True)
class Kept:
    """A session's file, sealed."""

    path: Path
    vault: Vault

    def load(self) -> Session | None:
        """The session, or None where none is under way."""
        if not self.path.exists():
            return None
        return Session.load(self.vault.open(self.path.read_bytes()))

    def save(self, session: Session) -> None:
        """Keep the session: the file is the old one or the new one."""
        keyfile.write_private(self.path, self.vault.close(session.dump()))

    def drop(self) -> None:
        """Forget the session."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Review:
    """One register under review."""

    office: Office
    holdings: Holdings
    source: Source
    name: str
    kept: Kept

    def session(self, wish: Wish, note: Callable[[str], None]) -> Session:
        """Go on with the session under way, or draw a new one.

        Raises:
            ReviewRefused: the register has changed, or holds too few pairs.
        """
        index = self.holdings.indexes[self.name]
        ground = review_pairs.ground_of(self.name, index)
        found = None if wish.restart else self.kept.load()
        if found is not None and not review_document.alike(found.ground, ground):
            raise ReviewRefused(
                "the register has changed since these pairs were drawn; begin "
                "anew with --restart"
            )
        session = found or Session(ground, review.strata(index.scheme.bands))
        wanted = wish.pairs or session.wanted or PAIRS
        if wanted > session.wanted:
            if not isinstance(index, Index):
                raise ReviewRefused("pairs can't be drawn from a register in parts")
            chance = np.random.default_rng()
            note("drawing pairs; a large register takes minutes")
            review_pairs.draw(session, index, wanted, chance)
            self.kept.save(session)
        return session

    def judge(self, session: Session, ask: review_desk.Ask) -> bool:
        """Judge what is open; returns whether nothing is left."""
        today = dt.datetime.fromtimestamp(self.office.now, dt.UTC).date()
        reader = Reader(self.source, self.holdings, today)
        return review_desk.judge(session, reader, ask, lambda: self.kept.save(session))

    def sign(self, session: Session, signer: Signer, days: int) -> Statement:
        """Sign a finished session and take the review in; forgets the session.

        Raises:
            ReviewRefused, Refused, Untrusted: nothing was signed or kept.
        """
        member, _, officer = signer.keyid.partition("/")
        if member != self.office.member:
            raise ConfigurationRefused("the key is another agency's")
        reviews.may_review(self.office, officer)
        document = session.document()
        payload = reviews.draft(self.office, officer, document, days)
        signed = envelope.sign(Kind.REVIEW, payload, [signer])
        said = reviews.take(self.office, self.holdings, signed, document)
        self.kept.drop()
        return said


@contextmanager
def opened(
    config: NodeConfig, source: str, clock: Callable[[], float]
) -> Iterator[Review]:
    """Open one register of this node for review.

    Raises:
        ConfigurationRefused: not joined or indexed, no such source, or another
            review is under way here.
        Damaged: the index was altered on the disk.
    """
    passphrase = keyfile.read_passphrase(config.passphrase_file)
    identity = Identity.open(config.state_dir / "keys", passphrase)
    claim = Claim(config.state_dir / "review")
    try:
        shelf = Shelf.open(config.state_dir / "documents")
        office = open_office(config, identity, shelf, clock)
        try:
            stock = Stock(config, office, passphrase)
            name = _named(source, stock)
            stock.holdings.indexes[name].verify()
            path = config.state_dir / "review" / f"{name}.session"
            kept = Kept(path, office.journal.vault)
            yield Review(office, stock.holdings, stock.registers[name], name, kept)
        finally:
            office.journal.log.close()
    finally:
        claim.release()


def _named(source: str, stock: Stock) -> str:
    names = sorted(stock.holdings.indexes)
    if not names:
        raise ConfigurationRefused("nothing is indexed; run `childgrid-node index`")
    if source in names:
        return source
    if source or len(names) > 1:
        raise ConfigurationRefused(f"name the source: {', '.join(names)}")
    return names[0]


def run(
    config: NodeConfig, wish: Wish, terminal: Terminal, clock: Callable[[], float]
) -> bool:
    """Review one register as wished; returns whether it is signed.

    Raises:
        ReviewRefused, WireError: saying what is still needed.
    """
    with opened(config, wish.source, clock) as at:
        session = at.session(wish, terminal.note)
        if wish.listing:
            _list(session, terminal.say)
            return False
        if not at.judge(session, _ask(session, wish, terminal)):
            left = sum(1 for _ in session.open())
            terminal.say(f"{left} pairs are left; the same command goes on with them")
            return False
        for line in summary(session):
            terminal.say(line)
        signer = terminal.signer()
        if signer is None:
            terminal.say("judged; a custodian signs it with --key")
            return False
        terminal.confirm()
        said = at.sign(session, signer, wish.days)
        day = dt.datetime.fromtimestamp(said.expires, dt.UTC).date()
        terminal.say(f"{at.name}: calibrated until {day}; percentages are shown")
        return True


def _ask(session: Session, wish: Wish, terminal: Terminal) -> review_desk.Ask:
    if wish.judgements is not None:
        return review_desk.from_file(wish.judgements, session)
    return review_desk.asked(terminal.prompt, terminal.console)


def _list(session: Session, say: Callable[[str], None]) -> None:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(review_desk.listed(session))
    say(lines.getvalue().rstrip("\n"))


def summary(session: Session) -> Iterator[str]:
    """What was judged and what follows, by stratum; raises `ReviewRefused`."""
    yield ", ".join(
        f"{session.count(one)} {one}" for one in (SAME, DIFFERENT, UNSURE, GONE)
    )
    sample = session.sample()
    curve = review.fit(sample)
    for low, (here, same) in zip(sample.edges, sample.counts(), strict=True):
        yield (
            f"from {low / 100:g} % by the scheme: {same} of {here} are one person; "
            f"{low / 100:g} % will read {curve.at(low) // 100} %"
        )
    yield f"about {100 * sample.known():.1f} % of records have another entry"
    yield f"no more than {curve.most // 100} % will be shown"
