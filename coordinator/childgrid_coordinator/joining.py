"""The founders' inbox: who wants to join, and what the founders answered.

A joiner comes with the certificate of its one-time token and signs its enrolment by
the key that it wants enrolled. A token takes one key: repeating it with that key
tells how far the founders are, another key is refused. The founders check tokens,
fingerprints and the request themselves; nothing here makes anybody a member.
"""

from __future__ import annotations

from cryptography import x509

from childgrid_coordinator.board import Board
from childgrid_coordinator.journal import Journal
from childgrid_coordinator.locks import Locks
from childgrid_coordinator.store import joiners
from childgrid_coordinator.store.engine import Store
from childgrid_coordinator.store.joiners import Joiner
from childgrid_wire import canonical, certificates, enrolment, statement
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted
from childgrid_wire.keys import check_public_key

MAX_PEM = 16_384
_SERIAL_HEX = 40


class Joining:
    """Takes enrolments and hands out welcomes; threads may share it."""

    def __init__(
        self, store: Store, journal: Journal, board: Board, root: bytes
    ) -> None:
        """`root` is the PEM root that this coordinator itself trusts."""
        self._store, self._journal, self._board = store, journal, board
        self._root = root
        self._locks = Locks()

    def enrol(self, member: str, data: bytes) -> Joiner:
        """Take an enrolment from the joiner `member`; returns how it stands.

        Raises:
            Malformed, Untrusted, Refused: not its own, or the token is spent.
        """
        asked = enrolment.verify(data)
        check_public_key("ed25519", canonical.from_b64(asked["member"]["key"]))
        if asked.issuer != member:
            raise Refused(Reason.WRONG_ROLE, "enrolment.issuer")
        if asked["token"][:_SERIAL_HEX] in self._board.revoked().tokens:
            raise Untrusted(Reason.REVOKED, "token")
        token, key = asked["token"], asked["member"]["key"]
        with self._locks.of(token):
            known = self._by_token(token)
            if known is None:
                statement.check_time(asked, self._board.now())
                self._journal.write([asked], self._board.now())
                with self._store.write() as db:
                    joiners.add(db, asked, key)
                known = self._by_token(token)
        if known is None or (known.member, known.key) != (member, key):
            raise Refused(Reason.REPLAYED, "token")
        return known

    def _by_token(self, token: str) -> Joiner | None:
        with self._store.read() as db:
            return joiners.by_token(db, token)

    def pending(self) -> list[bytes]:
        """Enrolments that wait for the founders."""
        with self._store.read() as db:
            return joiners.pending(db)

    def welcome(self, name: str, issuer: str, root: str) -> None:
        """Keep the founders' certificates (PEM) for a joiner; repeating is harmless.

        `name` is the enrolment's hash.

        Raises:
            Refused: no such enrolment, or it was answered otherwise.
            Untrusted, Malformed: not this grid's root, or not its word for the joiner.
        """
        with self._locks.of(name):
            with self._store.read() as db:
                known = joiners.by_statement(db, name)
            if known is None:
                raise Refused(Reason.UNKNOWN, "enrolment")
            if known.issuer:
                if (known.issuer, known.root) != (issuer, root):
                    raise Refused(Reason.DECIDED, "enrolment")
                return
            self._check_certificates(known.member, issuer, root)
            with self._store.write() as db:
                joiners.welcome(db, name, issuer, root)

    def _check_certificates(self, member: str, issuer: str, root: str) -> None:
        if max(len(issuer), len(root)) > MAX_PEM:
            raise Malformed("certificate", Reason.TOO_LARGE)
        certificates.check_issuer(root.encode(), issuer.encode(), member)
        if _fingerprint(root.encode()) != _fingerprint(self._root):
            raise Untrusted(Reason.UNKNOWN_KEY, "root certificate")


def _fingerprint(pem: bytes) -> str:
    return certificates.fingerprint(x509.load_pem_x509_certificate(pem))
