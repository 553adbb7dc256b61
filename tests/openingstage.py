"""A grid with auditors who open things: their pens, their stations, and the mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from childgrid_audit.letterbox import Letterbox, Mail
from childgrid_audit.post import Post
from childgrid_audit.station import Station
from childgrid_audit.store import Store
from childgrid_audit.workbench.opener import Opener
from childgrid_audit.workbench.pen import Pen
from childgrid_log.entry import parse_entry
from childgrid_node import openings
from childgrid_node.courier import Parcel
from childgrid_node.mailroom import open_parcel
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import AUDITORS, DAY, KABIR, Grid, identity, officer_signer

NORTH, SOUTH = AUDITORS
IYER, BOSE, KHAN = f"{NORTH}/au-iyer", f"{NORTH}/au-bose", f"{SOUTH}/au-khan"


def entry(grid: Grid, person: str, signer: SeedSigner | None = None) -> dict[str, Any]:
    """A person's line in a station's list; with another's key where one is given."""
    member, _, officer = person.partition("/")
    signer = signer or officer_signer(member, officer)
    return {
        "id": officer,
        "role": "auditor",
        "unit": "audit",
        "rank": 0,
        "algorithm": "ed25519",
        "key": canonical.to_b64(signer.public),
        "rp_id": "",
        "origins": [],
        "training": True,
        "valid_from": grid.now - DAY,
        "valid_until": grid.now + 300 * DAY,
    }


def listed(grid: Grid, member: str, *officers: dict[str, Any]) -> None:
    """Hang up the next version of a station's list."""
    before = grid.members[member].office.view.staff.get(member)
    made = statement.make(
        Kind.STAFF,
        identity(member).signer,
        issuer=member,
        now=grid.now,
        seconds=300 * DAY,
        version=before["version"] + 1 if before else 1,
        officers=list(officers),
    )
    grid.post([made])


def revoke(grid: Grid, person: str) -> None:
    """A station revokes one of its own people."""
    member, _, officer = person.partition("/")
    made = grid.members[member].office.speak(
        Kind.REVOCATION,
        seconds=DAY,
        number=1,
        target="officer",
        member=member,
        subject=officer,
        serial="",
        cause="compromised",
    )
    grid.post([made.data])


def kinds(grid: Grid, member: str) -> list[str]:
    """What a member's own log holds, in order."""
    log = grid.members[member].office.journal.log
    return [parse_entry(one).kind for one in log.entries(0, log.size())]


@dataclass
class Stage:
    """Everybody who takes part in an opening; mail goes by `carry`."""

    grid: Grid
    boxes: dict[str, Letterbox] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    sent: list[Statement] = field(default_factory=list)
    cursor: int = 0

    def __post_init__(self) -> None:
        """Open the stations and list their people."""
        for name in AUDITORS:
            at = self.grid.members[name]
            log, store = at.office.journal.log, Store(at.folder / "m", self.grid.root)
            station = Station(
                *(at.folder, at.identity, at.shelf, log, at.witness, store),
                self.grid.clock,
            )
            self.boxes[name] = Letterbox(station)
            self.posts[name] = Post(log, self._send)
        listed(self.grid, NORTH, *(entry(self.grid, one) for one in (IYER, BOSE)))
        listed(self.grid, SOUTH, entry(self.grid, KHAN))

    def opener(self, person: str, signer: SeedSigner | None = None) -> Opener:
        """A person at the own station's workbench."""
        member, _, officer = person.partition("/")
        at = self.grid.members[member]
        signer = signer or officer_signer(member, officer)
        log = at.office.journal.log
        return Opener(Pen(signer, at.shelf, log, self.grid.clock, at.folder))

    def _send(self, data: bytes) -> None:
        self.deliver(statement.parse(envelope.read(data)))

    def deliver(self, said: Statement, content: bytes = b"") -> None:
        """Bring a statement to the agency and to every station but its own."""
        self.sent.append(said)
        self.cursor += 1
        for name, box in self.boxes.items():
            if name != said.issuer:
                box.take([Mail(self.cursor, said.data, content)])
        for name in self.grid.agencies:
            wish = self._wish(said)
            if name == (wish["party"] if wish else "") and name != said.issuer:
                self.mail(name, said)

    def _wish(self, said: Statement) -> Statement | None:
        if said.kind is Kind.OPENING:
            return said
        return next((one for one in self.sent if one.hash == said.answers), None)

    def mail(self, name: str, said: Statement) -> None:
        """Bring a statement to an agency's node."""
        parcel = Parcel(0, said.data, b"", None)
        open_parcel(self.grid.agency(name).office, parcel, last=True)

    def carry(self) -> None:
        """Send what the stations' logs hold."""
        for post in self.posts.values():
            post.deliver()

    def advance(self, name: str, party: str = "police") -> str:
        """Let an agency do what it can for an opening; its answer goes out."""
        agency = self.grid.agency(party)
        gatherer = agency.releaser(self.grid.relay.witness).gatherer
        state = openings.advance(agency.office, gatherer, name)
        for said in self.outbox(party):
            data = openings.parcel(agency.office, said.hash)
            self.deliver(said, data)
        return state

    def outbox(self, party: str) -> list[Statement]:
        """Take what an agency hands over of openings."""
        journal = self.grid.agency(party).office.journal
        rows = journal.rows(
            "SELECT hash, envelope FROM outbox WHERE state = 'waiting'"
            " AND kind = 'opened'"
        )
        for name, _ in rows:
            with journal.writing() as writing:
                writing.run("UPDATE outbox SET state = 'sent' WHERE hash = ?", (name,))
        return [statement.parse(envelope.read(data)) for _, data in rows]

    def asked(self, subject: str, party: str = "police", who: str = IYER) -> str:
        """One auditor's wish, brought to everybody."""
        name = self.opener(who).ask(party, subject, "complaint")
        self.carry()
        return name

    def agreed(self, subject: str, party: str = "police", second: str = KHAN) -> str:
        """A wish with the second word, brought to everybody; not yet opened."""
        name = self.asked(subject, party)
        self.opener(second).agree(name)
        self.carry()
        return name

    def opened(self, party: str = "police") -> tuple[Any, ...]:
        """What an agency has logged as opened, and what it keeps sealed, by length."""
        journal = self.grid.agency(party).office.journal
        said = journal.rows("SELECT hash FROM said WHERE kind = 'opened'")
        sql = "SELECT hash, length(ciphertext) FROM content WHERE member = 'opened'"
        return said, journal.rows(sql)


def staged(folder: Path) -> tuple[Stage, Statement]:
    """A stage, and a query of the police's about Kabir that was answered."""
    grid = Grid(folder)
    asked = grid.ask(KABIR, targets=["customs"])
    return Stage(grid), asked
