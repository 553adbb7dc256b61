"""The founders' state folder, and everything that they do with it.

    founders/<id>.locked   one founder's key each, on that founder's machine
    root.locked, root.pem  the transport root
    documents/             every signed document that is known, verified on opening
    tokens.json            join tokens: hashes and states
    issued/                issuer certificates that were handed out
    proposals/             changes that still lack signatures

A change is drafted (`directory`), signed by at least a threshold of founders, tried
against a copy of the book, and only then put on the shelf: all of it or nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from childgrid_authority import admission, directory, drafts, keys
from childgrid_authority.admission import Admission
from childgrid_authority.drafts import Draft
from childgrid_authority.errors import (
    EnrolmentRefused,
    TooFewFounders,
)
from childgrid_authority.keys import Passphrases
from childgrid_authority.tokens import TokenRecord, Tokens
from childgrid_wire import certificates, enrolment, envelope, keyfile, statement
from childgrid_wire.book import Book
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf
from childgrid_wire.statement import FOUNDERS, Statement

TOKEN_SECONDS = 7 * 86_400


class Authority:
    """One grid's founders at one desk; see the module."""

    def __init__(self, folder: Path) -> None:
        """Open a folder in which a grid was founded.

        Raises:
            ConfigurationRefused: nothing was founded there.
            Untrusted: a document on the shelf no longer verifies.
        """
        self.folder = folder
        self.shelf = Shelf.open(folder / "documents")
        self.tokens = Tokens(folder / "tokens.json")

    @property
    def book(self) -> Book:
        """The verified documents."""
        return self.shelf.book

    @property
    def fingerprint(self) -> str:
        """What everyone pins: hex SHA-256 over the grid and its first founders."""
        return self.book.root

    def enact(
        self, change: Sequence[Draft], passphrases: Passphrases
    ) -> list[Statement]:
        """Sign a change with every founder given, and put it on the shelf.

        Raises:
            TooFewFounders: more must sign; nothing was put on the shelf.
            Untrusted, Malformed: the book refuses the change; neither was anything.
        """
        signers = keys.signers(self.folder, passphrases)
        return self.adopt(drafts.signed(change, signers))

    def adopt(self, change: Sequence[Draft]) -> list[Statement]:
        """Put a change with enough signatures on the shelf; raises as `enact`."""
        if not all(draft.signatures for draft in change):
            raise TooFewFounders("no founder has signed; give passphrases")
        envelopes = [draft.envelope() for draft in change]
        trial = Book(self.book.root)
        for known in self.shelf.documents():
            trial.add(known)
        try:
            for data in envelopes:
                trial.add(data)
        except Untrusted as error:
            if error.detail == "too few founders signed":
                raise TooFewFounders("more founders must sign this change") from error
            raise
        return [self.shelf.add(data) for data in envelopes]

    def propose(self, change: Sequence[Draft], passphrases: Passphrases) -> Path:
        """Write a change for other founders to sign, with the signatures given."""
        signed = drafts.signed(change, keys.signers(self.folder, passphrases))
        name = f"{signed[-1].kind.value}-{signed[-1].hash[:12]}.json"
        path = self.folder / "proposals" / name
        path.parent.mkdir(exist_ok=True, mode=0o700)
        drafts.write(path, signed)
        return path

    def token(
        self,
        member: str,
        kind: str,
        passphrases: Passphrases,
        now: int,
        *,
        coordinator: tuple[str, str] | None = None,
        seconds: int = TOKEN_SECONDS,
        replaces: bool = False,
    ) -> Token:
        """Make a join token; hand it over in person, on paper or two channels.

        Args:
            kind: `agency`, `coordinator` or `auditor`; the enrolment can't change it.
            passphrases: only the root's is used.
            coordinator: its member id and address, where the directory holds none.
            replaces: whether it may put new keys in the place of a member's own.

        Raises:
            EnrolmentRefused: the member is there already, or was revoked.
        """
        self._check_free(member, replaces, now)
        root = keys.open_root(self.folder, passphrases)
        secret = secrets.token_bytes(32)
        at, address = coordinator or self._coordinator(now)
        made = Token(
            member=member,
            kind=kind,
            expires=now + seconds,
            secret=secret,
            fingerprint=self.fingerprint,
            coordinator=at,
            address=address,
            root=root.chain,
            joiner=certificates.issue_leaf(
                root, member, "joiner", now, -(-seconds // 3_600)
            ),
        )
        proof_key = enrolment.proof_key(secret).hex()
        serial = certificates.serial_of(made.joiner.certificate)
        record = TokenRecord(member, kind, made.expires, replaces, serial, proof_key)
        self.tokens.put(made.name, record)
        return made

    def _check_free(self, member: str, replaces: bool, now: int) -> None:
        view = self.book.latest(now)
        if member in view.revoked.members or member == FOUNDERS:
            raise EnrolmentRefused(f"{member} can't be a member's id any more")
        known = {entry["id"] for entry in view.directory["members"]}
        if (member in known) != replaces:
            raise EnrolmentRefused(
                f"{member} is a member; ask for a replacing token"
                if member in known
                else f"{member} is no member whose keys could be replaced"
            )

    def _coordinator(self, now: int) -> tuple[str, str]:
        for entry in self.book.latest(now).members("coordinator"):
            return entry["id"], entry["address"]
        return "", ""

    def receive(
        self, asked: Sequence[bytes], passphrases: Passphrases, now: int
    ) -> tuple[list[Admission], list[Draft]]:
        """Check enrolments, issue certificates, draft the directory; see `admission`.

        Args:
            passphrases: only the root's is used.
        """
        root = keys.open_root(self.folder, passphrases)
        return admission.receive(asked, self.tokens, self.book, root, self._issued, now)

    def admit(
        self, asked: Sequence[bytes], passphrases: Passphrases, now: int
    ) -> list[Admission]:
        """`receive` and `enact` in one step, for founders around one table.

        Raises:
            TooFewFounders: before anything was issued.
        """
        threshold = self.book.latest(now).directory["founders"]["threshold"]
        if len(passphrases.keys() - {keys.ROOT}) < threshold:
            raise TooFewFounders(f"{threshold} founders must sign an admission")
        admissions, change = self.receive(asked, passphrases, now)
        if change:
            self.enact(change, passphrases)
        return admissions

    def answer(self, asked: bytes) -> Admission | None:
        """The answer to an enrolment that was admitted; nothing where it was not."""
        root = keys.root_certificate(self.folder)
        return admission.answer(asked, self.tokens, self.book, root, self._issued)

    @property
    def _issued(self) -> Path:
        return self.folder / "issued"

    def revoke(
        self,
        founder: str,
        passphrase: bytes,
        now: int,
        *,
        target: str,
        cause: str,
        member: str = "",
        subject: str = "",
        serial: str = "",
    ) -> Statement:
        """Revoke at once, by one founder alone; it only removes.

        Args:
            target: `member`, `officer`, `key`, `certificate` or `token`.
            cause: `lost`, `left`, `compromised`, `expelled` or `replaced`.
            member: whose.
            subject: the officer's id, for `officer` and `key`.
            serial: hex of 20 bytes, for `certificate` and `token`.

        Raises:
            Malformed: what is to be revoked isn't named.
        """
        number = self.book.standing()["revocations"].get(FOUNDERS, 0) + 1
        data = statement.make(
            Kind.REVOCATION,
            keys.open_founder(self.folder, founder, passphrase),
            issuer=FOUNDERS,
            now=now,
            seconds=directory.STANDING_SECONDS,
            number=number,
            target=target,
            member=member,
            subject=subject,
            serial=serial,
            cause=cause,
        )
        return self.shelf.add(data)

    def revoke_tokens(
        self, member: str, founder: str, passphrase: bytes, now: int
    ) -> list[Statement]:
        """Revoke a member's tokens, and the certificates that came with them."""
        said = []
        for name, record in self.tokens:
            closed = name[:40] in self.book.revoked().tokens
            if record.member != member or closed:
                continue
            for target, serial in (
                ("token", name[:40]),
                ("certificate", record.certificate),
            ):
                said.append(
                    self.revoke(
                        founder,
                        passphrase,
                        now,
                        target=target,
                        cause="compromised",
                        member=member,
                        serial=serial,
                    )
                )
        return said

    def publishable(self) -> list[bytes]:
        """The founders' own documents in order, as they go to the board."""
        ours = {
            one.hash for one in self.book.by_hash.values() if one.issuer == FOUNDERS
        }
        return [
            data for data in self.shelf.documents() if envelope.read(data).hash in ours
        ]

    def pack(self, admitted: Admission, folder: Path) -> None:
        """Write an answer as files, for a member that joins without the network."""
        documents = folder / "documents"
        documents.mkdir(parents=True, exist_ok=True, mode=0o700)
        keyfile.write_private(folder / "issuer.pem", admitted.issuer)
        keyfile.write_private(folder / "root.pem", admitted.root)
        for number, data in enumerate(self.shelf.documents(), 1):
            keyfile.write_private(documents / f"{number:08d}.dsse", data)


def sign(path: Path, folder: Path, founder: str, passphrase: bytes) -> list[Draft]:
    """Add one founder's signature to a proposal, on that founder's own machine.

    Needs no shelf; whoever signs reads `describe.drafts` first.
    """
    signer = keys.open_founder(folder, founder, passphrase)
    signed = drafts.signed(drafts.read(path), [signer])
    drafts.write(path, signed)
    return signed
