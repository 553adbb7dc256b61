"""How agencies come to share a linkage key that nobody made alone.

At least three agencies, named by the founders, each commit to a random share; once
all have, each reveals it sealed to the others; the key is derived from all shares and
every member signs one transcript and a key-check value. A later member gets the key
from two different members, after its fingerprint was compared. Every function checks
everything before it returns, so a refusal leaves nothing behind.

The key lies locked in the node's keys folder and nowhere else; the coordinator and
the founders never see it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from childgrid_node.encode import key_check
from childgrid_wire import canonical, keyfile, statement
from childgrid_wire.book import Book
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.errors import Malformed, Reason, Refused
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.rotation import Ceremony
from childgrid_wire.rotation import ceremony as gather
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

SHARE_BYTES = KEY_BYTES = 32
WRAPPERS = 2
STEP_SECONDS = 30 * 86_400


def commitment(epoch: int, member: str, share: bytes) -> str:
    """What a member commits to: hex SHA-256 over epoch, member and share."""
    head = f"childgrid/v1 share\0{epoch}\0{member}\0".encode("ascii")
    return hashlib.sha256(head + share).hexdigest()


def commit(own: Identity, epoch: int, share: bytes, now: int) -> bytes:
    """The `commit` step: binds us to `share` (32 bytes) without showing it."""
    return _say(
        own, epoch, "commit", now, commitment=commitment(epoch, own.member, share)
    )


def reveal(
    own: Identity, record: Ceremony, share: bytes, view: View, now: int
) -> bytes:
    """The `reveal` step: our share, sealed to every member's wrap key.

    Raises:
        Refused: somebody has not committed yet, or our own commitment on the board
            is not of this share.
    """
    if waiting := record.missing("commit"):
        raise Refused(Reason.CEREMONY, f"no commitment of {', '.join(waiting)}")
    expected = commitment(record.epoch, own.member, share)
    if record.commits[own.member]["commitment"] != expected:
        raise Refused(Reason.CEREMONY, "our commitment is not of our share")
    shares = {
        member: _box(share, view.member(member)["wrap_key"])
        for member in record.members
    }
    return _say(own, record.epoch, "reveal", now, shares=shares)


def derive(own: Identity, record: Ceremony) -> bytes:
    """Open every share, check it, and derive the linkage key (32 bytes).

    HKDF-SHA256 (RFC 5869) over the shares in order of the members' ids, salted with
    the transcript.

    Raises:
        Refused: a reveal is missing, cannot be opened, or differs from what was
            committed; names the member.
    """
    salt = canonical.from_hex(record.transcript)
    shares = [_share(own, record, member) for member in record.members]
    info = f"childgrid/v1 linkage key\0{record.epoch}".encode("ascii")
    return HKDF(SHA256(), KEY_BYTES, salt, info).derive(b"".join(shares))


def _share(own: Identity, record: Ceremony, member: str) -> bytes:
    share = _unbox(own, record.reveals[member])
    if share is None or len(share) != SHARE_BYTES:
        raise Refused(Reason.CEREMONY, f"the share of {member} can't be opened")
    found = commitment(record.epoch, member, share)
    if not hmac.compare_digest(found, record.commits[member]["commitment"]):
        raise Refused(Reason.CEREMONY, f"{member} revealed another share")
    return share


def transcript(
    own: Identity, record: Ceremony, key: bytes, scheme_digest: bytes, now: int
) -> bytes:
    """The `transcript` step: which steps we saw, and the key-check value."""
    return _say(
        own,
        record.epoch,
        "transcript",
        now,
        transcript=record.transcript,
        key_check=key_check(key, record.epoch, scheme_digest).hex(),
    )


def wrap(
    own: Identity,
    key: bytes,
    epoch: int,
    view: View,
    member: str,
    fingerprint: str,
    scheme_digest: bytes,
    now: int,
) -> bytes:
    """The linkage key, sealed to a member that joined later.

    Args:
        fingerprint: of the new member's keys, as its own people read it out by
            telephone (`keys_fingerprint`); spaces and capitals do not matter.

    Raises:
        Refused: the fingerprint is not the directory's, the member is no agency, or
            our own key is not the one that the directory's key check names.
        Untrusted: the member is unknown or revoked.
    """
    entry = view.member(member)
    if entry["kind"] != "agency" or member == own.member:
        raise Refused(Reason.CEREMONY, "the key is wrapped for another agency only")
    if _plain(fingerprint) != _plain(keys_fingerprint(entry)):
        raise Refused(Reason.CEREMONY, "the fingerprint is not the directory's")
    _check_key(view, key, epoch, scheme_digest)
    shares = {member: _box(key, entry["wrap_key"])}
    return _say(own, epoch, "wrap", now, member=member, shares=shares)


def _plain(fingerprint: str) -> str:
    return "".join(fingerprint.split()).lower()


def _check_key(view: View, key: bytes, epoch: int, scheme_digest: bytes) -> None:
    expected = view.directory["key_checks"].get(f"e{epoch}", "")
    found = key_check(key, epoch, scheme_digest).hex()
    if not hmac.compare_digest(found, expected):
        raise Refused(Reason.CEREMONY, "the key is not the one that the grid agreed on")


def open_wraps(
    book: Book, view: View, own: Identity, epoch: int, scheme_digest: bytes
) -> bytes:
    """The linkage key (32 bytes) that two different agencies wrapped for us.

    A wrapper counts once; so does a sealed box, since anyone could copy another's.
    What does not match the directory's key check counts for nothing.

    Raises:
        Refused: fewer than two agencies wrapped the right key; names those that
            wrapped another.
    """
    good: dict[str, bytes] = {}
    liars, boxes = set(), set()
    for said in _wraps(book, view, own, epoch):
        box = said["shares"].get(own.member, "")
        key = _unbox(own, said)
        if key is None or not _matches(view, key, epoch, scheme_digest):
            liars.add(said.issuer)
        elif box not in boxes:
            good[said.issuer] = key
        boxes.add(box)
    if len(good) < WRAPPERS:
        wrong = ", ".join(sorted(liars - good.keys())) or "nobody"
        raise Refused(
            Reason.CEREMONY,
            f"{len(good)} of {WRAPPERS} wrapped the grid's key; another key: {wrong}",
        )
    return next(iter(good.values()))


def _wraps(book: Book, view: View, own: Identity, epoch: int) -> list[Statement]:
    """Wraps for us in order of arrival, by agencies that stand, except ourselves."""
    agencies = {entry["id"] for entry in view.members("agency")} - {own.member}
    mine = {
        one.hash
        for one in book.rotations(epoch)
        if one["step"] == "wrap" and one["member"] == own.member
    }
    return [
        one
        for name, one in book.by_hash.items()
        if name in mine and one.issuer in agencies
    ]


def _matches(view: View, key: bytes, epoch: int, scheme_digest: bytes) -> bool:
    try:
        if len(key) == KEY_BYTES:
            _check_key(view, key, epoch, scheme_digest)
            return True
    except Refused:
        pass
    return False


@dataclass(frozen=True)
class Progress:
    """Where we stand: the last step we took, what to publish, for whom we wait."""

    step: str
    publish: tuple[bytes, ...] = field(default=(), repr=False)
    waiting: tuple[str, ...] = ()


def advance(
    folder: Path,
    passphrase: bytes,
    own: Identity,
    book: Book,
    view: View,
    epoch: int,
    members: list[str],
    scheme_digest: bytes,
    now: int,
) -> Progress:
    """Take the next step that the book allows; repeating it sends the same bytes.

    The last step, `key`, means that every member agrees and the key is kept in
    `folder`; it is in force once the founders' directory names the epoch.

    Args:
        folder: the node's keys folder.
        members: those whom the founders named, ourselves among them.

    Raises:
        Refused: somebody broke the ceremony; names the member. Nothing was kept.
    """
    if linkage_file(folder, epoch).exists():
        return Progress("key")
    record = gather(book, view, epoch, members)
    if own.member not in record.members:
        raise Refused(Reason.CEREMONY, "the founders did not name us")
    notes = _Notes(share_file(folder, epoch), passphrase)
    if own.member not in record.commits:
        share = notes.share()
        said = notes.once("commit", lambda: commit(own, epoch, share, now))
        return Progress("commit", (said,), tuple(record.missing("commit")))
    if record.missing("commit"):
        return Progress("commit", (), tuple(record.missing("commit")))
    return _reveal_on(notes, folder, own, view, record, scheme_digest, now)


def _reveal_on(
    notes: _Notes,
    folder: Path,
    own: Identity,
    view: View,
    record: Ceremony,
    scheme_digest: bytes,
    now: int,
) -> Progress:
    if own.member not in record.reveals:
        share = notes.kept_share()
        said = notes.once("reveal", lambda: reveal(own, record, share, view, now))
        return Progress("reveal", (said,), tuple(record.missing("reveal")))
    if record.missing("reveal"):
        return Progress("reveal", (), tuple(record.missing("reveal")))
    key = derive(own, record)
    waiting = tuple(record.missing("transcript"))
    if own.member in waiting:
        said = notes.once(
            "transcript", lambda: transcript(own, record, key, scheme_digest, now)
        )
        return Progress("transcript", (said,), waiting)
    if waiting:
        return Progress("transcript", (), waiting)
    if record.agreed() != key_check(key, record.epoch, scheme_digest).hex():
        raise Refused(Reason.CEREMONY, "the members agreed on another key than ours")
    keep(folder, record.epoch, key, notes.passphrase)
    notes.forget()
    return Progress("key")


def linkage_file(folder: Path, epoch: int) -> Path:
    """Where the linkage key of an epoch lies in a keys folder, locked."""
    return folder / f"linkage-e{epoch}.locked"


def share_file(folder: Path, epoch: int) -> Path:
    """Where our share and what we signed lie until the key is kept, locked."""
    return folder / f"share-e{epoch}.locked"


def keep(folder: Path, epoch: int, key: bytes, passphrase: bytes) -> None:
    """Lock the linkage key (32 bytes) away."""
    keyfile.lock({"key": key.hex()}, passphrase, linkage_file(folder, epoch))


def unlock(folder: Path, epoch: int, passphrase: bytes) -> bytes:
    """The linkage key of an epoch; raises `ConfigurationRefused` without one."""
    content = keyfile.unlock(linkage_file(folder, epoch), passphrase)
    return bytes.fromhex(content["key"])


class _Notes:
    """Our share and the exact steps we signed, locked, until the key is kept.

    A second commit would look like a lie, so each step is written once and sent
    again as it was.
    """

    def __init__(self, path: Path, passphrase: bytes) -> None:
        self._path, self.passphrase = path, passphrase
        self._opened: dict[str, str] | None = None

    @property
    def _said(self) -> dict[str, str]:
        """What is written; unlocked when it is first needed, for that is slow."""
        if self._opened is None:
            there = self._path.exists()
            self._opened = keyfile.unlock(self._path, self.passphrase) if there else {}
        return self._opened

    def share(self) -> bytes:
        if "share" not in self._said:
            self._put("share", secrets.token_bytes(SHARE_BYTES))
        return self.kept_share()

    def kept_share(self) -> bytes:
        if "share" not in self._said:
            raise Refused(Reason.CEREMONY, "our share is lost")
        return canonical.from_b64(self._said["share"])

    def once(self, step: str, write: Callable[[], bytes]) -> bytes:
        if step not in self._said:
            self._put(step, write())
        return canonical.from_b64(self._said[step])

    def _put(self, name: str, data: bytes) -> None:
        said = {**self._said, name: canonical.to_b64(data)}
        keyfile.lock(said, self.passphrase, self._path)
        self._opened = said

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)


def _say(
    own: Identity,
    epoch: int,
    step: str,
    now: int,
    *,
    member: str = "",
    commitment: str = "",
    transcript: str = "",
    key_check: str = "",
    shares: dict[str, str] | None = None,
) -> bytes:
    return statement.make(
        Kind.ROTATION,
        own.signer,
        issuer=own.member,
        now=now,
        seconds=STEP_SECONDS,
        epoch=epoch,
        step=step,
        member=member,
        commitment=commitment,
        transcript=transcript,
        key_check=key_check,
        shares=shares or {},
    )


def _box(content: bytes, wrap_key: str) -> str:
    public = PublicKey(canonical.from_b64(wrap_key))
    return canonical.to_b64(bytes(SealedBox(public).encrypt(content)))


def _unbox(own: Identity, said: Statement) -> bytes | None:
    """What a step holds for us; nothing where it can't be opened."""
    try:
        box = canonical.from_b64(said["shares"].get(own.member, ""))
        return bytes(SealedBox(PrivateKey(own.wrap_key)).decrypt(box))
    except (CryptoError, Malformed, ValueError):
        return None
