"""The verb *disclose*: one record's approved fields, sealed, and never without proof.

The holding node believes nobody. In this order: it judges the request and every
approval itself; re-reads the row live and re-encodes it (another digest than the
handle's is `refused: changed`); takes only the approved fields; seals them to the
request's key; signs a `disclosure`; stores ciphertext, statement, leaf and spent mark
in one transaction; waits until a quorum of witnesses has cosigned a checkpoint that
covers the leaf and is level with its documents, the requester's own node among them
where it is a witness; judges again; and hands over (`handover`). A retry sends the same
bytes. What runs out of time before it is handed over is void.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from childgrid_log.gather import Cosigned, Gatherer, check_fresh
from childgrid_node import approve, match, normalise
from childgrid_node import breakglass as glass
from childgrid_node.grants import meanings
from childgrid_node.holdings import Holdings
from childgrid_node.index import encoding_digest
from childgrid_node.indexer import Source
from childgrid_node.journal import Writing, standing, verified
from childgrid_node.office import Office
from childgrid_node.source_errors import SourceUnreached
from childgrid_node.today import reread
from childgrid_wire import breakglass, canonical, rules, seal
from childgrid_wire.errors import Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.rules import Grant
from childgrid_wire.seal import Binding
from childgrid_wire.statement import SKEW_SECONDS, Statement
from childgrid_wire.trust import View

_YEAR = 366 * 86_400
_LAG_SECONDS = 300
"""How long a new version may be on its way, as auditors judge it."""
REFUSED_FOR_GOOD = (Reason.CHANGED, Reason.FIELDS, Reason.EPOCH, Reason.CLOSED)


@dataclass(frozen=True)
class Releaser:
    """What a release needs beside the office: sources, encodings, witnesses."""

    office: Office
    holdings: Callable[[int], Holdings]
    """What is held under a key epoch (`Stock.keyed`)."""

    registers: Mapping[str, Source]
    gatherer: Gatherer
    away: set[str] = field(default_factory=set)
    """Sources that were not there, and are not tried again."""

    def advance(self, name: str) -> str:
        """Do what can be done now for the request `name`; returns its state.

        `waiting` for approvals, `away` (its source is), `unreviewed` (an earlier
        broken glass is), `refused`, `expired`, `sealed` (stored, not yet handed over),
        `released`, or `void`. Safe to repeat at any time.

        Raises:
            Refused: witnesses are missing or we are not level with them; try later.
            ConfigurationRefused: the source can't be read; try later.
        """
        office = self.office
        request = office.journal.get(name, Kind.REQUEST)
        state = _state(office, name)
        if state == "":
            state = self._seal(request)
            if breakglass.declared(request):
                # Its notice must reach the witnesses before they are asked.
                return state
        if state == "sealed":
            state = self._hand_over(request)
        return state

    def _seal(self, request: Statement) -> str:
        """Judge, re-read, seal and store; nothing leaves yet."""
        office = self.office
        if approve.closed(office, request.hash):
            return "refused"
        if request.expires <= office.now:
            return "expired"
        try:
            grant = judge(office, office.view, request)
            if breakglass.declared(request):
                glass.check_may_use(office, request)
            content = self._record(request, grant)
        except SourceUnreached:
            # The refresher and doctor tell of it; who asks other sources is answered.
            return "away"
        except Refused as refusal:
            if refusal.reason is Reason.NOT_APPROVED:
                return "waiting"
            if refusal.reason is Reason.UNREVIEWED:
                return refusal.reason.value
            if refusal.reason in REFUSED_FOR_GOOD:
                return _refuse(office, request, refusal.reason)
            raise
        return _store(office, request, grant, content)

    def _record(self, request: Statement, grant: Grant) -> bytes:
        """Read the row again and take the approved fields; canonical JSON."""
        hit = match.handle(self.office, request["query"], request["handle"]).hit
        source, values = reread(self.office, self.registers, hit, self.away)
        columns = source.mapping.grants
        if not set(grant.fields) <= columns.keys():
            raise Refused(Reason.FIELDS, "a label that the mapping lacks")
        tokens = normalise.tokens(values, source.mapping)
        asked = self.office.journal.get(request["query"], Kind.QUERY)
        held = self.holdings(asked["epoch"])
        if encoding_digest(held.encode(tokens)) != hit.digest:
            raise Refused(Reason.CHANGED, "the row differs from the index")
        return canonical.dumps(
            {
                # Its hash is told to everybody who logs the disclosure: not guessable.
                "salt": secrets.token_hex(16),
                "source": hit.source,
                "holder": self.office.member,
                "category": hit.category,
                "record": hit.key,
                "index_as_of": hit.as_of,
                "read_at": self.office.now,
                "fields": {
                    label: [values[name] for name in columns[label].columns]
                    for label in grant.fields
                },
                "meanings": {
                    label: meanings(source.mapping, columns[label].columns)
                    for label in grant.fields
                },
            }
        )

    def _hand_over(self, request: Statement) -> str:
        """Gather witnesses, judge again, and let the coordinator carry it.

        What can't stand any more is void at once, whether or not witnesses answer.
        """
        office = self.office
        disclosure = _spent(office, request.hash)
        if not still_stands(office, request, disclosure):
            return void(office, request, disclosure)
        place = leaf(office, disclosure.hash)
        nonce = secrets.token_hex(16)
        cosigned = self.gatherer.cosigned(place, nonce)
        check_fresh(
            cosigned.freshness,
            office.shelf.book.standing(),
            office.now,
            nonce=nonce,
            quorum=cosigned.quorum,
        )
        _check_requester(office, request, cosigned)
        if breakglass.declared(request):
            glass.check_told(office, request, cosigned)
        with office.journal.writing() as writing:
            # A refusal that was acknowledged before is seen: it takes the same lock.
            if stands := still_stands(office, request, disclosure):
                _mark(writing, request.hash, "released")
                writing.run(
                    "INSERT OR REPLACE INTO content VALUES (?, 'proof', ?)",
                    (disclosure.hash, cosigned.note),
                )
                writing.send(disclosure)
        return "released" if stands else void(office, request, disclosure)


def judge(
    office: Office, view: View, request: Statement, among: Sequence[str] | None = None
) -> Grant:
    """Judge a request with all that is known here, from the signatures up.

    Of approvals all that stand count, or those `among` them.

    Raises:
        Refused, Untrusted: nothing may be released.
    """
    asked = verified(view, office.journal.get(request["query"], Kind.QUERY))
    own = office.journal.get(request["answer"], Kind.ANSWER)
    if own.issuer != office.member or own.answers != asked.hash:
        raise Refused(Reason.UNKNOWN, "answer")
    found = match.handle(office, asked.hash, request["handle"])
    approvals = [
        one
        for one in standing(view, office.journal.answers(request.hash, Kind.APPROVAL))
        if among is None or one.hash in among
    ]
    return rules.check_request(
        view, asked, verified(view, request), approvals, found.hit.category
    )


def _state(office: Office, request: str) -> str:
    rows = office.journal.rows("SELECT state FROM spent WHERE request = ?", (request,))
    return str(rows[0][0]) if rows else ""


def _refuse(office: Office, request: Statement, reason: Reason) -> str:
    said = office.speak(
        Kind.REFUSAL,
        seconds=_YEAR,
        answers=request.hash,
        subject="request",
        reason=reason.value,
    )
    with office.journal.writing() as writing:
        writing.say(said)
        writing.send(said)
    return "refused"


def _store(office: Office, request: Statement, grant: Grant, content: bytes) -> str:
    binding = Binding("disclosure", request.id, office.member, request.issuer, 0)
    recipient = canonical.from_b64(request["recipient_key"])
    ciphertext = seal.seal(content, recipient, binding)
    disclosure = _disclosure(office, request, grant, ciphertext, content)
    with office.journal.writing() as writing:
        if writing.rows("SELECT 1 FROM spent WHERE request = ?", (request.hash,)):
            return "sealed"
        if approve.closed(office, request.hash):
            return "refused"
        writing.say(disclosure)
        writing.run(
            "INSERT INTO spent VALUES (?, ?, ?, 'sealed')",
            (request.hash, disclosure.hash, ciphertext),
        )
        told = (
            [glass.use(writing, office, request, disclosure)]
            if breakglass.declared(request)
            else []
        )
    _shelve(office, told)
    return "sealed"


def _shelve(office: Office, notices: Sequence[Statement]) -> None:
    """Keep own notices with the documents, once they are durable in the log."""
    for notice in notices:
        office.shelf.add(notice.data)


def _disclosure(
    office: Office,
    request: Statement,
    grant: Grant,
    ciphertext: bytes,
    content: bytes,
) -> Statement:
    view = office.view
    found = match.handle(office, request["query"], request["handle"])
    members = {request.issuer, office.member}
    return office.speak(
        Kind.DISCLOSURE,
        seconds=_YEAR,
        answers=request.hash,
        request=request.hash,
        ciphertext=seal.digest(ciphertext),
        directory=view.directory.hash,
        floor=view.rules().hash,
        staff={member: view.staff[member].hash for member in members},
        policy=grant.policy.hash,
        approvals=list(grant.approvals),
        fields=list(grant.fields),
        recipient_key=request["recipient_key"],
        requester=request.issuer,
        category=found.hit.category,
        row_as_of=found.hit.as_of,
        content=seal.digest(content),
    )


def _spent(office: Office, request: str) -> Statement:
    rows = office.journal.rows(
        "SELECT disclosure FROM spent WHERE request = ?", (request,)
    )
    return office.journal.get(rows[0][0], Kind.DISCLOSURE)


def leaf(office: Office, name: str) -> int:
    """The place of a statement in the own log."""
    rows = office.journal.rows("SELECT leaf FROM said WHERE hash = ?", (name,))
    return int(rows[0][0])


def still_stands(office: Office, request: Statement, disclosure: Statement) -> bool:
    """Judge again: expiry, revocations, the same grant, and nobody refused.

    It stands on the approvals that it names. One that came later takes it back where
    it leaves fewer fields, and else does it no harm. Nor does one stand whose lists had
    been replaced when it was sealed, which this node could not know while its line was
    down.
    """
    try:
        grant = judge(office, office.view, request, disclosure["approvals"])
        left = judge(office, office.view, request).fields
    except (Refused, Untrusted):
        return False
    same = (
        disclosure["fields"] == list(grant.fields) == list(left)
        and disclosure["approvals"] == list(grant.approvals)
        and disclosure["policy"] == grant.policy.hash
    )
    if breakglass.declared(request) and not glass.still_may(office, request):
        return False
    closed = approve.closed(office, request.hash)
    return same and not closed and _in_force(office, disclosure)


def _in_force(office: Office, disclosure: Statement) -> bool:
    """Whether directory and lists that it names were in force, or just replaced."""
    book, named = office.shelf.book, disclosure["staff"].items()
    begun = book.directories[0].issued
    times = (disclosure.issued + one for one in (SKEW_SECONDS, 0, -_LAG_SECONDS))
    views = [book.as_of(max(when, begun)) for when in times]
    return disclosure["directory"] in {one.directory.hash for one in views} and all(
        name in {one.staff[member].hash for one in views if member in one.staff}
        for member, name in named
    )


def _check_requester(office: Office, request: Statement, cosigned: Cosigned) -> None:
    """Insist that the requester's own node is among those we are level with.

    Whoever carries the witnesses' replies may leave out as many as a quorum can
    spare. An agency's revocation of its own people is sure to be known to its own
    node, so that reply is never one of them.
    """
    witnesses = {one["id"] for one in office.view.witnesses(office.member)}
    level = {one.issuer for one in cosigned.freshness}
    if request.issuer in witnesses - level:
        raise Refused(Reason.STALE, "the requester's documents")


def void(office: Office, request: Statement, disclosure: Statement) -> str:
    """Take back what never left: its ciphertext is destroyed, and everybody told."""
    expired = request.expires <= office.now
    reason = Reason.EXPIRED if expired else Reason.NOT_APPROVED
    said = office.speak(
        Kind.VOID,
        seconds=_YEAR,
        answers=request.hash,
        disclosure=disclosure.hash,
        reason=reason.value,
    )
    with office.journal.writing() as writing:
        _mark(writing, request.hash, "void")
        writing.run(
            "UPDATE spent SET ciphertext = x'' WHERE request = ?", (request.hash,)
        )
        writing.say(said)
        writing.send(said)
        over = (
            [glass.end(writing, office, request, said.hash)]
            if breakglass.declared(request)
            else []
        )
    _shelve(office, over)
    return "void"


def _mark(writing: Writing, request: str, state: str) -> None:
    writing.run("UPDATE spent SET state = ? WHERE request = ?", (state, request))


def unfinished(office: Office) -> list[str]:
    """Requests for our records that may still move: not closed, not released."""
    sealed = office.journal.rows("SELECT request FROM spent WHERE state = 'sealed'")
    fresh = [
        request.hash
        for request in office.journal.lasting(Kind.REQUEST)
        if request["holder"] == office.member
        and not approve.closed(office, request.hash)
        and _state(office, request.hash) == ""
    ]
    return [str(name) for (name,) in sealed] + fresh


Report = Callable[[str, WireError], None]


def advance_all(releaser: Releaser, names: Sequence[str], report: Report) -> None:
    """Try each request; one that can't move doesn't hold up the others.

    A source that is not there is tried once for all that wait for it.
    """
    once = replace(releaser, away=set())
    for name in names:
        try:
            once.advance(name)
        except WireError as error:
            report(name, error)
