"""The book of signed documents, in all versions that were seen.

`Book` takes directories, staff lists, policies, floors, schemes, sealing keys and
revocations from anyone (a relay, a disk, an auditor's export) and keeps only what
verifies, starting from one fingerprint that was pinned when the program was
installed. Versions never go back.

Nothing here does I/O; the caller keeps the documents and hands them in again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import itemgetter
from typing import Any

from childgrid_wire import canonical, closing, envelope, probation, statement
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted
from childgrid_wire.keys import EnrolledKey, check_public_key
from childgrid_wire.kinds import TOPICS, Kind
from childgrid_wire.schemas import check_body
from childgrid_wire.seal import usable
from childgrid_wire.statement import FOUNDERS, SKEW_SECONDS, Statement
from childgrid_wire.trust import Revoked, View, fingerprint, founder_key

DOCUMENTS = (
    Kind.DIRECTORY,
    Kind.FLOOR,
    Kind.SCHEME,
    Kind.STAFF,
    Kind.POLICY,
    Kind.SEALING_KEY,
    Kind.ROTATION,
    Kind.REVOCATION,
)
BOARD = (*DOCUMENTS, Kind.NOTICE)
"""What may hang on the board: documents, and notices that a glass was broken."""


_TOLD_SECONDS = 7 * 86_400
_MOST_TOLD = 500
_NAMED = {
    "member": ("member",),
    "officer": ("member", "subject"),
    "key": ("member", "subject"),
    "certificate": ("member", "serial"),
    "token": ("serial",),
}
"""What a revocation must name, by target."""

Since = Callable[[Statement], int]
"""From when on a document counts, Unix seconds."""


def _issued(document: Statement) -> int:
    return document.issued


class Book:
    """Verified documents in all versions that were seen; see the module."""

    def __init__(self, root: str) -> None:
        """Start an empty book; `root` is the pinned fingerprint (hex SHA-256)."""
        self.root = root
        self.directories: list[Statement] = []
        self.by_hash: dict[str, Statement] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self._versions: dict[tuple[Kind, str], list[Statement]] = {}
        self._revocations: list[Statement] = []
        self._kept: tuple[int, View] | None = None

    def add(self, data: bytes) -> Statement:
        """Verify a document and keep it; repeating one is harmless.

        Raises:
            Malformed, Untrusted: it does not verify or would go back in version.
        """
        outer = envelope.read(data)
        if outer.kind not in BOARD:
            raise Malformed(outer.kind.value, Reason.UNKNOWN_KIND)
        if outer.hash in self.by_hash:
            return self.by_hash[outer.hash]
        document = self._verified(outer.kind, data)
        self._keep(document)
        self.by_hash[document.hash] = document
        return document

    def _verified(self, kind: Kind, data: bytes) -> Statement:
        if kind is Kind.DIRECTORY:
            return self._verified_directory(data)
        current = self._current()
        if kind in (Kind.FLOOR, Kind.SCHEME):
            threshold = current["founders"]["threshold"]
            return statement.verify_founders(data, self._founder, threshold)
        verified = statement.verify(data, self._member_or_founder, kind)
        if kind is Kind.STAFF:
            _check_staff(verified)
        if kind is Kind.REVOCATION:
            _check_revocation(verified)
        if kind is Kind.NOTICE and verified["topic"] not in TOPICS:
            raise Refused(Reason.WRONG_ROLE, "notice.topic")
        return verified

    def _verified_directory(self, data: bytes) -> Statement:
        """A first directory is pinned by fingerprint, each later one by the last."""
        body = canonical.loads(envelope.read(data).payload)
        check_body(Kind.DIRECTORY, body)
        threshold = body["founders"]["threshold"]

        def find(keyid: str) -> EnrolledKey:
            try:
                return founder_key(body, keyid)
            except Untrusted:
                return self._founder(keyid)

        document = statement.verify_founders(data, find, threshold)
        _check_founders(document)
        before = self.directories[-1]["members"] if self.directories else ()
        probation.check_directory(document["members"], before)
        closing.check_directory(document["members"], self.entries, document.issued)
        if not self.directories:
            if fingerprint(document.body) != self.root:
                raise Untrusted(Reason.UNKNOWN_KEY, "root fingerprint")
        else:
            self._check_successor(document)
        return document

    def _check_successor(self, document: Statement) -> None:
        last = self.directories[-1]
        if document["version"] != last["version"] + 1:
            raise Untrusted(Reason.OLD_VERSION, "directory")
        if document["previous"] != last.hash or document["grid"] != last["grid"]:
            raise Untrusted(Reason.OLD_VERSION, "directory.previous")
        for founders in (document["founders"], last["founders"]):
            ids = {f"founder:{entry['id']}" for entry in founders["keys"]}
            if len(ids.intersection(document.signed_by)) < founders["threshold"]:
                raise Untrusted(Reason.BAD_SIGNATURE, "too few founders signed")
        if any(_rekeyed(document, last)):
            raise Untrusted(Reason.UNKNOWN_KEY, "a founder id got another key")

    def _founder(self, keyid: str) -> EnrolledKey:
        return founder_key(self._current().body, keyid)

    def _member_or_founder(self, keyid: str) -> EnrolledKey:
        if keyid.startswith("founder:"):
            return self._founder(keyid)
        if "/" in keyid:
            raise Untrusted(Reason.WRONG_ROLE, "documents are signed by members")
        if keyid in self.revoked().members:
            raise Untrusted(Reason.REVOKED, "member")
        for entry in self._current()["members"]:
            if entry["id"] == keyid:
                raw = canonical.from_b64(entry["key"])
                return EnrolledKey(keyid, "ed25519", raw)
        raise Untrusted(Reason.UNKNOWN_PEER, "member")

    def _keep(self, document: Statement) -> None:
        if document.kind is Kind.DIRECTORY:
            self.directories.append(document)
            self.entries |= {one["id"]: one for one in document["members"]}
        elif document.kind is Kind.REVOCATION:
            self._keep_revocation(document)
        elif document.kind in (Kind.SEALING_KEY, Kind.ROTATION, Kind.NOTICE):
            self._versions.setdefault((document.kind, document.issuer), []).append(
                document
            )
        else:
            self._keep_version(document)

    def _keep_version(self, document: Statement) -> None:
        versions = self._versions.setdefault((document.kind, document.issuer), [])
        if versions and document["version"] <= versions[-1]["version"]:
            raise Untrusted(Reason.OLD_VERSION, document.kind.value)
        versions.append(document)

    def _keep_revocation(self, document: Statement) -> None:
        same = [one for one in self._revocations if one.issuer == document.issuer]
        highest = max((one["number"] for one in same), default=0)
        follows = document["number"] == highest + 1
        if not follows and not any(is_again(document, one) for one in same):
            raise Untrusted(Reason.OLD_VERSION, "revocation.number")
        self._revocations.append(document)

    def _current(self) -> Statement:
        if not self.directories:
            raise Untrusted(Reason.OLD_VERSION, "directory")
        return self.directories[-1]

    def revoked(self, until: int | None = None, since: Since = _issued) -> Revoked:
        """Everything revoked, or what was revoked before `until` (Unix seconds)."""
        revoked = Revoked()
        for document in list(self._revocations):
            if until is None or since(document) <= until:
                revoked.add(document)
        return revoked

    def latest(self, now: int) -> View:
        """The newest version of everything, for judging at `now` (Unix seconds).

        What it is made of only grows, so it is made anew after each document alone.
        """
        kept, count = self._kept, len(self.by_hash)
        if kept is None or kept[0] != count:
            view = self._view(now, self._current(), None, None, self.revoked())
            # Counted before it was made: a document that comes meanwhile counts anew.
            self._kept = kept = (count, view)
        return kept[1] if kept[1].now == now else replace(kept[1], now=now)

    def as_of(self, when: int, since: Since = _issued) -> View:
        """The versions that were in force at `when`, for looking back.

        `since` says from when on each document counts; the time that it carries, where
        nobody knows when it was hung up.
        """
        directories = [d for d in self.directories if since(d) <= when]
        if not directories:
            raise Untrusted(Reason.OLD_VERSION, "directory")
        revoked = self.revoked(when, since)
        return self._view(when, directories[-1], when, None, revoked, since)

    def named(self, when: int, hashes: Iterable[str]) -> View:
        """The versions in force at `when`, except where `hashes` name others.

        Raises:
            Untrusted: a named document isn't in the book.
        """
        chosen = [self.document(name) for name in hashes]
        directories = [one for one in chosen if one.kind is Kind.DIRECTORY]
        base = directories[-1] if directories else self.as_of(when).directory
        return self._view(when, base, when, chosen, self.revoked(when))

    def document(self, name: str) -> Statement:
        """A document by its hash; raises `Untrusted` where it isn't known."""
        if name not in self.by_hash:
            raise Untrusted(Reason.UNKNOWN, "document")
        return self.by_hash[name]

    def _view(
        self,
        now: int,
        directory: Statement,
        until: int | None,
        chosen: list[Statement] | None,
        revoked: Revoked,
        since: Since = _issued,
    ) -> View:
        def pick(kind: Kind) -> dict[str, Statement]:
            picked = {}
            for (of, issuer), versions in list(self._versions.items()):
                old = [v for v in versions if until is None or since(v) <= until]
                if of is kind and old:
                    picked[issuer] = old[-1]
            for one in chosen or ():
                if one.kind is kind:
                    picked[one.issuer] = one
            return picked

        named = directory["floor"]
        floor = self.by_hash.get(named) if named else None
        if floor and floor.kind is not Kind.FLOOR:
            raise Untrusted(Reason.UNKNOWN, "directory.floor")
        return View(now, directory, floor, pick(Kind.STAFF), pick(Kind.POLICY), revoked)

    def sealing_key(self, member: str, now: int) -> Statement:
        """The newest sealing key of `member` that is valid at `now`.

        One to which nothing can be sealed is none: else whoever asks all would be kept
        from asking any.

        Raises:
            Untrusted: there is none.
        """
        valid = [
            document
            for document in self._versions.get((Kind.SEALING_KEY, member), [])
            if document["valid_from"] <= now < document["valid_until"]
            and usable(document["key"])
        ]
        if not valid:
            raise Untrusted(Reason.EXPIRED, "sealing key")
        return max(valid, key=lambda one: (one["valid_from"], one.issued))

    def rotations(self, epoch: int) -> list[Statement]:
        """Every step of the ceremony of one linkage key epoch."""
        return [
            document
            for (kind, _), versions in list(self._versions.items())
            if kind is Kind.ROTATION
            for document in versions
            if document["epoch"] == epoch
        ]

    def notices(self) -> list[Statement]:
        """Every break-glass notice, by issuer and in the order of arrival."""
        return [
            document
            for (kind, _), versions in sorted(self._versions.items())
            if kind is Kind.NOTICE
            for document in versions
        ]

    def told(self, now: int) -> list[str]:
        """The hashes of the last week's notices, as a witness names them.

        Where they are too many, every issuer's newest come before anybody's second: no
        member can crowd out what others tell, nor by a date that has not come yet.
        """
        days = range(now - _TOLD_SECONDS + 1, now + SKEW_SECONDS + 1)
        young = [one for one in self.notices() if one.issued in days]
        young.sort(key=lambda one: (one.issued, one.hash), reverse=True)
        before: Counter[str] = Counter()
        ranked = []
        for one in young:
            ranked.append((before[one.issuer], one.hash))
            before[one.issuer] += 1
        ranked.sort(key=itemgetter(0))
        return sorted(name for _, name in ranked[:_MOST_TOLD])

    def standing(self) -> dict[str, Any]:
        """The newest versions known, as a `freshness` statement names them."""
        staff: dict[str, int] = {}
        for (kind, issuer), versions in list(self._versions.items()):
            if kind is Kind.STAFF:
                staff[issuer] = versions[-1]["version"]
        counts: dict[str, int] = {}
        for one in list(self._revocations):
            counts[one.issuer] = max(one["number"], counts.get(one.issuer, 0))
        floors = self._versions.get((Kind.FLOOR, FOUNDERS), [])
        return {
            "directory": self.directories[-1]["version"] if self.directories else 0,
            "floor": floors[-1]["version"] if floors else 0,
            "staff": staff,
            "revocations": counts,
        }


def is_again(revocation: Statement, earlier: Statement) -> bool:
    """Whether it says what an earlier one does, under its number, on another day.

    It removes nothing else and counts as the same: so whoever had signed one by a wrong
    clock can date it anew.
    """
    names = ("issuer", "number", "target", "member", "subject", "serial")
    return all(revocation.body[name] == earlier.body[name] for name in names)


def _rekeyed(document: Statement, last: Statement) -> Iterable[bool]:
    old = {entry["id"]: entry["key"] for entry in last["founders"]["keys"]}
    for entry in document["founders"]["keys"]:
        yield old.get(entry["id"], entry["key"]) != entry["key"]


def _check_founders(document: Statement) -> None:
    founders = document["founders"]
    ids = [entry["id"] for entry in founders["keys"]]
    raw = [entry["key"] for entry in founders["keys"]]
    if len(set(ids)) != len(ids) or len(set(raw)) != len(raw):
        raise Malformed("directory.founders repeats a founder")
    if founders["threshold"] > len(ids):
        raise Malformed("directory.founders.threshold")
    for entry in founders["keys"]:
        algorithm = entry.get("algorithm", "ed25519")
        check_public_key(algorithm, canonical.from_b64(entry["key"]))
    members = [entry["id"] for entry in document["members"]]
    if len(set(members)) != len(members) or FOUNDERS in members:
        raise Malformed("directory.members repeats a member")
    for entry in document["members"]:
        for name in ("key", "log_key", "witness_key"):
            check_public_key("ed25519", canonical.from_b64(entry[name]))


def _check_staff(document: Statement) -> None:
    ids = [entry["id"] for entry in document["officers"]]
    raw = [entry["key"] for entry in document["officers"]]
    if len(set(ids)) != len(ids) or len(set(raw)) != len(raw):
        raise Malformed("staff repeats an officer or a key")
    for entry in document["officers"]:
        check_public_key(entry["algorithm"], canonical.from_b64(entry["key"]))


def _check_revocation(document: Statement) -> None:
    """An agency may revoke its own people and certificates, a founder anything.

    One that names too little to remove anything is refused, lest it be relied on.
    """
    named = _NAMED[document["target"]]
    if any(not document[name] for name in named):
        raise Malformed(f"revocation of a {document['target']} needs {named}")
    if document.issuer == FOUNDERS:
        return
    own = document["target"] in ("officer", "key", "certificate")
    if not own or document["member"] != document.issuer:
        raise Refused(Reason.WRONG_ROLE, "revocation")
