"""Carrying statements and sealed content from one member's mailbox to another's.

What a member says is verified, put in its order, logged, kept and delivered, then
acknowledged. Saying it again is harmless. Content is carried unread and deleted when
it has served: at the receipt, at the end of its request, or when its time is over.
"""

from __future__ import annotations

from sqlalchemy import Connection

from childgrid_coordinator import approve, finding, lift
from childgrid_coordinator.approve import FOLLOWING, Sent
from childgrid_coordinator.bell import Bell
from childgrid_coordinator.board import NEWS, Board
from childgrid_coordinator.finding import Findings
from childgrid_coordinator.journal import Journal
from childgrid_coordinator.lift import Lifts
from childgrid_coordinator.locks import Locks
from childgrid_coordinator.opening import Openings
from childgrid_coordinator.request import ENDED, Course
from childgrid_coordinator.settle import Answers
from childgrid_coordinator.store import mail, queries, requests
from childgrid_coordinator.store.engine import Store
from childgrid_coordinator.store.mail import Item
from childgrid_wire import envelope, openings, statement
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import values_pb2
from childgrid_wire.rules import MOST_WAITING
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

SENDABLE = (
    *(Kind.REQUEST, Kind.ANSWER, Kind.BUDGET, Kind.SHRED, Kind.FINDING),
    *(Kind.OPENING, Kind.OPENED),
    *FOLLOWING,
)


class Relay:
    """The mailboxes of all members; threads may share it."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        board: Board,
        bell: Bell,
        answers: Answers,
        lifts: Lifts,
    ) -> None:
        self._store, self._journal, self._board = store, journal, board
        self._bell, self._answers = bell, answers
        self._lifts = lifts
        self._findings = Findings(store, journal, bell)
        self._openings = Openings(store, journal, bell)
        self._locks = Locks()

    def send(
        self,
        member: str,
        data: bytes,
        content: bytes | None = None,
        proof: values_pb2.Proof | None = None,
    ) -> str:
        """Take a statement from `member`; returns its hash once it is delivered.

        Args:
            member: who calls, by certificate; it must be the statement's issuer.
            data: the envelope.
            content: sealed, beside a request, a disclosure or an `opened` only.
            proof: beside a disclosure only.

        Raises:
            Malformed, Untrusted, Refused: nothing was kept.
        """
        name = envelope.read(data).hash
        if self._known(name) == member:
            return name
        view = self._board.view()
        said = statement.verify(data, view.find_key, *SENDABLE)
        if said.issuer != member:
            raise Refused(Reason.WRONG_ROLE, f"{said.kind.value}.issuer")
        if not finding.may_say(view, said):
            raise Refused(Reason.WRONG_ROLE, said.kind.value)
        statement.check_time(said, view.now)
        self._take(view, Sent(said, content, proof))
        return name

    def _take(self, view: View, sent: Sent) -> None:
        """Hand what may be said here to the verb that it belongs to."""
        said = sent.statement
        if said.kind is Kind.ANSWER:
            approve.check_bare(sent)
            self._answers.late(said)
        elif lift.concerns(said):
            approve.check_bare(sent)
            self._lifts.take(view, said)
        elif finding.concerns(said):
            approve.check_bare(sent)
            self._findings.take(view, said)
        elif openings.concerns(said):
            self._openings.take(view, sent)
        elif said.kind is Kind.SHRED:
            approve.check_bare(sent)
            self._pass_on(view, said)
        elif said.kind is Kind.REQUEST:
            self._open(view, sent)
        else:
            self._follow(view, sent)

    def receive(
        self, member: str, cursor: int, seconds: float, board: int | None = None
    ) -> list[Item]:
        """What waits for `member` after `cursor`, in order; waits so long for some.

        Where it says how much of the `board` it has, it waits for that as well, and
        comes back with what mail there is as soon as the board is not so.
        """
        news = () if board is None else (NEWS,)
        with self._bell.listen(("mail", member), *news) as ear:
            items = self._page(member, cursor)
            if board is not None and self._board.end != board:
                return items
            if items or not ear.wait(seconds):
                return items
        return self._page(member, cursor)

    def expire(self) -> None:
        """Close requests whose time is over and delete what was sealed for them."""
        now = self._board.now()
        with self._store.read() as db:
            due = requests.overdue(db, now) or mail.has_old(db, now)
        if not due:  # as nearly always: nothing is written, and nobody has to wait
            return
        with self._store.write() as db:
            for name in requests.expire(db, now):
                mail.wipe(db, name)
            mail.wipe_old(db, now)

    def _known(self, name: str) -> str | None:
        with self._store.read() as db:
            return queries.known(db, name)

    def _page(self, member: str, cursor: int) -> list[Item]:
        with self._store.read() as db:
            return mail.page(db, member, cursor)

    def _open(self, view: View, sent: Sent) -> None:
        request = sent.statement
        with self._locks.of(request.hash):
            if self._known(request.hash):
                return
            query, answer = self._answered(request)
            course, category = approve.open_course(view, query, answer, sent)
            self._check_crowd(request)
            self._journal.write([request], view.now)
            with self._store.write() as db:
                requests.add(db, request, category, course)
                _hold(db, request.hash, sent, request["justification"], course)
                mail.deliver(db, course.holder, request.hash)
        self._bell.ring(("mail", course.holder))

    def _check_crowd(self, request: Statement) -> None:
        with self._store.read() as db:
            waiting = requests.waiting(db, request["query"], request["holder"])
        if waiting >= MOST_WAITING:
            raise Refused(Reason.BUDGET, "requests on one query")

    def _pass_on(self, view: View, shred: Statement) -> None:
        """Tell every other agency what a member has shredded: it binds them too."""
        if shred["party"] != shred.issuer:
            raise Refused(Reason.WRONG_ROLE, "shred.party")
        agencies = [entry["id"] for entry in view.members("agency")]
        readers = [name for name in agencies if name != shred.issuer]
        with self._locks.of(shred.hash):
            if self._known(shred.hash):
                return
            self._journal.write([shred], view.now)
            with self._store.write() as db:
                queries.keep(db, [shred])
                mail.deliver_all(db, [(reader, shred.hash) for reader in readers])
        for reader in readers:
            self._bell.ring(("mail", reader))

    def _answered(self, request: Statement) -> tuple[Statement, Statement | None]:
        """The query that a request names, and its holder's answer."""
        with self._store.read() as db:
            standing = queries.standing(db, request["query"])
            query = queries.load(db, request["query"]) if standing else None
            named = [
                target.answer
                for target in (standing.targets if standing else ())
                if target.member == request["holder"] and target.answer
            ]
            answer = queries.load(db, named[0]) if named else None
        if query is None:
            raise Refused(Reason.UNKNOWN, "request.query")
        return query, answer

    def _follow(self, view: View, sent: Sent) -> None:
        said = sent.statement
        request = self._dossier(approve.subject_of(said), said).request.hash
        with self._locks.of(request):
            if self._known(said.hash):
                return
            dossier = self._dossier(request, said)
            course = approve.follow(view, dossier, sent)
            self._journal.write([said], view.now)
            reader = course.other(said.issuer)
            self._advance(request, sent, course, reader)
        self._bell.ring(("mail", reader))

    def _dossier(self, name: str, said: Statement) -> requests.Dossier:
        with self._store.read() as db:
            found = requests.dossier(db, name)
        if found is None:
            raise Refused(Reason.UNKNOWN, f"{said.kind.value}.answers")
        return found

    def _advance(self, request: str, sent: Sent, course: Course, reader: str) -> None:
        said = sent.statement
        proof = sent.proof.SerializeToString() if sent.proof else b""
        with self._store.write() as db:
            requests.advance(db, request, said, course)
            if said.kind is Kind.DISCLOSURE:
                _hold(db, request, sent, said["ciphertext"], course)
            if course.phase in ENDED:
                mail.wipe(db, request)
            mail.deliver(db, reader, said.hash, proof)


def _hold(
    db: Connection, request: str, sent: Sent, digest: str, course: Course
) -> None:
    # The requester's key goes when the request expires; nobody can open it then.
    until = min(sent.statement.expires, course.expires)
    name, content = sent.statement.hash, sent.content or b""
    mail.hold(db, name, request, digest, until, content)
