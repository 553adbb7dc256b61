"""Letting a member in: what an enrolment must show before anything is issued.

The name and kind come from the token, never from the certificate request. The proof
ties the token's secret to exactly this entry and this request, so that a relay can
change neither.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from childgrid_authority import directory
from childgrid_authority.drafts import Draft
from childgrid_authority.errors import EnrolmentRefused
from childgrid_authority.tokens import BOUND, TokenRecord, Tokens
from childgrid_wire import canonical, certificates, enrolment, keyfile
from childgrid_wire.book import Book
from childgrid_wire.certificates import Pair
from childgrid_wire.errors import Untrusted
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View


@dataclass(frozen=True)
class Admission:
    """What goes back to one enrolment: its hash, and two PEM certificates."""

    enrolment: str
    entry: dict[str, Any]
    issuer: bytes
    root: bytes

    @property
    def member(self) -> str:
        """Whom it admits."""
        return str(self.entry["id"])

    def stands(self, book: Book) -> bool:
        """Whether the newest directory holds the member with this issuer."""
        newest = book.directories[-1]["members"] if book.directories else ()
        return self._in(newest)

    def stood(self, book: Book) -> bool:
        """Whether any directory ever did."""
        return any(self._in(one["members"]) for one in book.directories)

    def _in(self, members: Sequence[dict[str, Any]]) -> bool:
        same = [one for one in members if one["id"] == self.member]
        return bool(same) and same[0]["issuer"] == self.entry["issuer"]


def receive(
    asked: Sequence[bytes],
    tokens: Tokens,
    book: Book,
    root: Pair,
    folder: Path,
    now: int,
) -> tuple[list[Admission], list[Draft]]:
    """Check enrolments, issue their certificates, and draft the next directory.

    All are checked before anything is issued or bound. The draft is empty where the
    directory holds everyone already: the same key gets the same answer.

    Args:
        asked: envelopes of `enrolment` statements.
        folder: where issued certificates are kept.

    Raises:
        EnrolmentRefused, TokenReused: some enrolment is not to be admitted.
        Malformed, Untrusted: some enrolment does not verify.
        ChangeRefused: a key is another member's, or the witnesses no longer suit.
    """
    verified = [enrolment.verify(data) for data in asked]
    if len({one["token"] for one in verified}) != len(verified):
        raise EnrolmentRefused("two enrolments came with one token")
    for one in verified:
        check(one, tokens, book, now)
    directory.admit(book, [one["member"] for one in verified], now)
    answers = [_admission(one, root, folder, now) for one in verified]
    for made in answers:
        if made.stood(book) and not made.stands(book):
            raise EnrolmentRefused(f"{made.member} was removed; a new token is needed")
    for one in verified:
        tokens.bind(one["token"], key_hash(one))
    fresh = [made.entry for made in answers if not made.stands(book)]
    return answers, directory.admit(book, fresh, now) if fresh else []


def answer(
    data: bytes, tokens: Tokens, book: Book, root: bytes, folder: Path
) -> Admission | None:
    """The answer to an enrolment that was admitted; nothing where it was not (yet).

    Raises:
        Malformed, Untrusted: it does not verify.
    """
    asked = enrolment.verify(data)
    known = dict(tokens)
    record = known.get(asked["token"])
    path = _file(asked, folder)
    if not record or (record.state, record.key) != (BOUND, key_hash(asked)):
        return None
    if not path.exists():
        return None
    made = _answer(asked, path.read_bytes(), root)
    return made if made.stands(book) else None


def key_hash(asked: Statement) -> str:
    """Hash of the key that an enrolment asks to enrol; tokens are bound to it."""
    key = canonical.from_b64(asked["member"]["key"])
    return hashlib.sha256(key).hexdigest()


def check(asked: Statement, tokens: Tokens, book: Book, now: int) -> TokenRecord:
    """Whether a verified enrolment may be admitted; returns its token's record.

    Raises:
        TokenReused: the token is bound to another key.
        EnrolmentRefused: anything else that is wrong with it.
    """
    record = tokens[asked["token"]]
    expected = enrolment.proof(
        canonical.from_hex(record.proof_key),
        asked["member"],
        canonical.from_b64(asked["csr"]),
    )
    if not hmac.compare_digest(expected, asked["proof"]):
        raise EnrolmentRefused("the enrolment does not prove the token's secret")
    if asked["token"][:40] in book.revoked().tokens:
        raise EnrolmentRefused(f"the token for {record.member} was revoked")
    if asked["fingerprint"] != book.root:
        raise EnrolmentRefused("the enrolment is for another grid's fingerprint")
    entry = asked["member"]
    if (entry["id"], entry["kind"]) != (record.member, record.kind):
        raise EnrolmentRefused("the enrolment's member or kind is not the token's")
    tokens.claim(asked["token"], key_hash(asked), now)
    _check_new(entry["id"], record, book.latest(now), asked["member"]["key"])
    _check_log(entry, book)
    return record


def _check_new(member: str, record: TokenRecord, view: View, key: str) -> None:
    if member in view.revoked.members:
        raise EnrolmentRefused(f"{member} was revoked; a revoked id never comes back")
    for entry in view.directory["members"]:
        if entry["id"] == member and entry["key"] != key and not record.replaces:
            raise EnrolmentRefused(
                f"{member} is a member already; only a replacing token renews it"
            )


def _check_log(entry: Mapping[str, Any], book: Book) -> None:
    """A node's log has one key until it is closed; a log that has begun gets no other.

    It has once its node hung up anything. What the first key signed would look forged
    to an auditor, and no witness follows a second log of one name.
    """
    old = book.entries.get(entry["id"], entry)
    begun = any(one.issuer == entry["id"] for one in book.by_hash.values())
    if old["kind"] == "agency" and begun and entry["log_key"] != old["log_key"]:
        raise EnrolmentRefused(
            f"the log of {entry['id']} has begun under another key: restore the keys"
            " from a backup, or let the agency join under a new member id"
        )


def _admission(asked: Statement, root: Pair, folder: Path, now: int) -> Admission:
    path = _file(asked, folder)
    if not path.exists():
        folder.mkdir(exist_ok=True, mode=0o700)
        keyfile.write_private(path, _issue(asked, root, now))
    return _answer(asked, path.read_bytes(), root.chain)


def _issue(asked: Statement, root: Pair, now: int) -> bytes:
    csr = canonical.from_b64(asked["csr"])
    try:
        return certificates.issue_issuer(root, csr, asked.issuer, now)
    except (ValueError, Untrusted) as error:
        raise EnrolmentRefused("the certificate request is not usable") from error


def _answer(asked: Statement, issuer: bytes, root: bytes) -> Admission:
    fingerprint = certificates.fingerprint(Pair(b"", issuer).certificate)
    entry = {**asked["member"], "issuer": fingerprint}
    return Admission(asked.hash, entry, issuer, root)


def _file(asked: Statement, folder: Path) -> Path:
    return folder / f"{asked.issuer}-{asked['token'][:16]}.pem"
