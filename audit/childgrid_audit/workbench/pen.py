"""What an auditor signs: a finding, or what `opener` says; kept in the station's log.

The leaf is written before anybody is told, so nothing can be taken back unseen.
A witness of the same station may be at work meanwhile: both append to one log.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from childgrid_audit.auditors import ROLE
from childgrid_audit.config import Settings
from childgrid_audit.workbench.desk import open_mirror
from childgrid_log.leaves import draft_of
from childgrid_log.log import Log
from childgrid_log.own import own
from childgrid_wire import statement
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

DAY = 86_400
MOST_DAYS = 90
KEEP_SECONDS = 10 * 366 * DAY


@dataclass(frozen=True)
class Pen:
    """One auditor's key over one station's log.

    Args:
        signer: the person's key, `member/id`.
        shelf: the station's documents, which must list the person.
        log: the station's own log.
        clock: Unix seconds.
        folder: the station's, where what was opened lies; None without one.
    """

    signer: Signer
    shelf: Shelf
    log: Log
    clock: Callable[[], float] = field(default=time.time)
    folder: Path | None = None

    @classmethod
    def open(cls, settings: Settings, signer: Signer) -> Pen:
        """Open a station's log for a person.

        Raises:
            ConfigurationRefused: wrong passphrase, or the key of another station.
            LogAbsent, LogAltered: the log is not what it was.
        """
        identity, _ = open_mirror(settings)
        if not signer.keyid.startswith(f"{identity.member}/"):
            raise ConfigurationRefused("this key belongs to another station")
        folder = settings.state_dir
        shelf = Shelf.open(folder / "documents")
        log = Log.open(folder / "log" / "log.db", *own(shelf.book, identity))
        return cls(signer, shelf, log, folder=folder)

    @property
    def person(self) -> str:
        """Who signs."""
        return self.signer.keyid

    def check(self) -> None:
        """Whether this person may sign findings now.

        Raises:
            Untrusted: in no valid staff list, or revoked.
            Refused: not an auditor.
        """
        member, _, officer = self.person.partition("/")
        view = self.shelf.book.latest(int(self.clock()))
        if view.member(member)["kind"] != "auditor":
            raise Refused(Reason.WRONG_ROLE, "finding.issuer")
        if view.officer(member, officer).role != ROLE:
            raise Refused(Reason.WRONG_ROLE, "finding.officer")

    def find(self, topic: str, party: str, subject: str, days: int) -> str:
        """Sign a finding and log it; returns its hash.

        Args:
            topic: a short code, such as a pattern's name.
            party: the member that must reply.
            subject: hash of the statement that it is about.
            days: how many days the party has.

        Raises:
            Malformed, Refused, Untrusted: out of form, or not this person's to say.
            StoreError: the log refuses; nothing was said.
        """
        if not 1 <= days <= MOST_DAYS:
            raise Refused(Reason.EXPIRED, "finding.reply_by")
        now = int(self.clock())
        self.shelf.book.latest(now).member(party)
        draft = {"topic": topic, "party": party, "subject": subject}
        due = now + days * DAY
        return self.say(
            Kind.FINDING, KEEP_SECONDS, lambda *_: None, **draft, reply_by=due
        ).hash

    def say(
        self,
        kind: Kind,
        seconds: int,
        judge: Callable[[View, Statement], object],
        **body: Any,  # noqa: ANN401 - shaped by the kind's schema
    ) -> Statement:
        """Sign, judge and log a statement of this person's; returns it.

        Args:
            kind: what is said.
            seconds: how long it stands.
            judge: is asked before anything is logged; raises where it may not be said.
            body: what the kind's schema names, and `answers` or `id` if wanted.

        Raises:
            Malformed, Refused, Untrusted: out of form, or not this person's to say.
            StoreError: the log refuses; nothing was said.
        """
        self.check()
        now = int(self.clock())
        view = self.shelf.book.latest(now)
        member, _, officer = self.person.partition("/")
        data = statement.make(
            kind,
            self.signer,
            issuer=member,
            officer=officer,
            now=now,
            seconds=seconds,
            **body,
        )
        said = statement.verify(data, view.find_key, kind)
        judge(view, said)
        self.log.append([draft_of(said, now)])
        return said
