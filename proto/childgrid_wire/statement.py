"""A statement: what a person or an agency said, verified before it is parsed.

`Statement` objects exist only for bytes whose signatures held (`verify`) or that we
are about to sign ourselves (`draft`). Nothing here decides whether the speaker was
allowed to say it: that is `rules`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from childgrid_wire import canonical, envelope, keys
from childgrid_wire.envelope import Envelope
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted
from childgrid_wire.keys import EnrolledKey, Signer
from childgrid_wire.kinds import BY_MEMBER, BY_OFFICER, FOUNDED, Kind
from childgrid_wire.schemas import check_body

SKEW_SECONDS = 120
FOUNDERS = "founders"
_SMALL = 16 * 2**10

_OF_REVIEWS = {
    "disposal": "outcome",
    "cnr": "outcome",
    "verdict": "candidate",
    "other": "candidate",
}
"""What a review may say only of one subject."""

FindKey = Callable[[str], EnrolledKey]


@dataclass(frozen=True)
class Statement:
    """A verified statement; `body` is its parsed payload, `data` the envelope."""

    kind: Kind
    body: dict[str, Any]
    hash: str
    data: bytes
    signed_by: tuple[str, ...]

    @property
    def id(self) -> str:
        """Hex of the statement's 16 random bytes."""
        return str(self.body["id"])

    @property
    def issuer(self) -> str:
        """The member that speaks, or `founders`."""
        return str(self.body["issuer"])

    @property
    def officer(self) -> str:
        """The officer that speaks for the member; empty for the member itself."""
        return str(self.body["officer"])

    @property
    def person(self) -> str:
        """`member/officer`: one person of the grid."""
        return f"{self.issuer}/{self.officer}"

    @property
    def answers(self) -> str:
        """Hash of the statement that this one answers; may be empty."""
        return str(self.body["answers"])

    @property
    def issued(self) -> int:
        """Unix seconds."""
        return int(self.body["issued"])

    @property
    def expires(self) -> int:
        """Unix seconds."""
        return int(self.body["expires"])

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - shaped by the schema
        return self.body[key]


def draft(
    kind: Kind,
    *,
    issuer: str,
    now: int,
    seconds: int,
    officer: str = "",
    answers: str = "",
    id: str = "",  # noqa: A002 - the header's own name
    **body: object,
) -> bytes:
    """Write the payload of a new statement; returns the exact bytes to sign.

    `id` (hex of 16 random bytes) is given where content was sealed under it before.

    Raises:
        Malformed: a field is missing, unknown or out of shape.
    """
    table: dict[str, object] = {
        "kind": kind.value,
        "id": id or secrets.token_hex(16),
        "issuer": issuer,
        "officer": officer,
        "issued": now,
        "expires": now + seconds,
        "answers": answers,
        **body,
    }
    check_body(kind, table)
    return canonical.dumps(table)


def make(
    kind: Kind,
    signer: Signer,
    *,
    issuer: str,
    now: int,
    seconds: int,
    officer: str = "",
    answers: str = "",
    id: str = "",  # noqa: A002 - the header's own name
    **body: object,
) -> bytes:
    """Draft and sign in one step; returns the envelope's bytes."""
    payload = draft(
        kind,
        issuer=issuer,
        now=now,
        seconds=seconds,
        officer=officer,
        answers=answers,
        id=id,
        **body,
    )
    return envelope.sign(kind, payload, [signer])


def signed(kind: Kind, payload: bytes, signer: Signer) -> Statement:
    """Sign what `draft` has written; returns it as whoever verifies it will read it."""
    data = envelope.sign(kind, payload, [signer])
    name = envelope.name_of(kind, payload)
    return Statement(kind, canonical.loads(payload), name, data, (signer.keyid,))


def verify(data: bytes, find_key: FindKey, *kinds: Kind) -> Statement:
    """Verify an envelope with exactly one signature, then parse it.

    Args:
        data: the envelope's exact bytes, of a kind that one signature makes.
        find_key: looks a key id up; raises `Untrusted` for unknown or revoked ones.
        kinds: the kinds that are welcome here; none means any.

    Raises:
        Malformed: form or schema.
        Untrusted: the signature, or the speaker is not the one who signed.
    """
    outer = envelope.read(data)
    if kinds and outer.kind not in kinds:
        raise Malformed(outer.kind.value, Reason.UNKNOWN_KIND)
    if outer.kind in FOUNDED:
        raise Untrusted(Reason.BAD_SIGNATURE, "founders sign this together")
    if len(outer.signatures) != 1:
        raise Untrusted(Reason.BAD_SIGNATURE, "exactly one signature is needed")
    (signature,) = outer.signatures
    keys.verify(find_key(signature.keyid), outer.message, signature.sig)
    statement = parse(outer)
    _check_speaker(statement, signature.keyid)
    return statement


def verify_founders(data: bytes, find_key: FindKey, threshold: int) -> Statement:
    """Verify a document that `threshold` distinct founders must have signed.

    Every signature present must hold; a spare one that fails is an error too.

    Raises:
        Malformed, Untrusted: as for `verify`.
    """
    outer = envelope.read(data)
    if outer.kind not in FOUNDED:
        raise Malformed(outer.kind.value, Reason.UNKNOWN_KIND)
    for signature in outer.signatures:
        keys.verify(find_key(signature.keyid), outer.message, signature.sig)
    if len(outer.signatures) < threshold:
        raise Untrusted(Reason.BAD_SIGNATURE, "too few founders signed")
    statement = parse(outer)
    if statement.issuer != FOUNDERS or statement.officer:
        raise Untrusted(Reason.BAD_SIGNATURE, "issuer")
    return statement


def parse(outer: Envelope) -> Statement:
    """Parse a payload whose signatures the caller has verified."""
    body = canonical.loads(outer.payload)
    check_body(outer.kind, body)
    if body["kind"] != outer.kind.value:
        raise Malformed("kind differs from the payload type")
    if body["expires"] < body["issued"]:
        raise Malformed("expires before it is issued")
    return Statement(
        outer.kind,
        body,
        outer.hash,
        outer.data,
        tuple(one.keyid for one in outer.signatures),
    )


def kept(data: bytes) -> Statement:
    """Parse what the caller verified when it came in and kept; small ones once.

    The same bytes say the same, whoever reads them: nobody changes a statement's body.
    """
    return _small(data) if len(data) <= _SMALL else parse(envelope.read(data))


@lru_cache(maxsize=8_192)
def _small(data: bytes) -> Statement:
    return parse(envelope.read(data))


def verify_kept(data: bytes, find_key: FindKey, kind: Kind) -> Statement:
    """As `verify`, of bytes that are judged again and again.

    Whether a signature holds under a key is worked out once; which key it is, and
    whether that key still stands, is asked each time.
    """
    said = kept(data)
    if len(data) > _SMALL or len(said.signed_by) != 1:
        return verify(data, find_key, kind)
    return _held(data, kind, find_key(said.signed_by[0]))


@lru_cache(maxsize=8_192)
def _held(data: bytes, kind: Kind, key: EnrolledKey) -> Statement:
    return verify(data, lambda _: key, kind)


def forget() -> None:
    """Drop what is remembered of kept statements: something has been shredded."""
    _small.cache_clear()
    _held.cache_clear()


def _check_speaker(statement: Statement, keyid: str) -> None:
    """The key that signed must be the key of whoever the payload says speaks."""
    speaker = statement.person if statement.officer else statement.issuer
    if statement.kind is Kind.REVOCATION and statement.issuer == FOUNDERS:
        if not keyid.startswith("founder:") or statement.officer:
            raise Untrusted(Reason.BAD_SIGNATURE, "issuer")
        return
    if statement.kind is Kind.ENROLMENT:
        speaker = f"joiner:{statement.person.removesuffix('/')}"
    if keyid != speaker:
        raise Untrusted(Reason.BAD_SIGNATURE, "issuer")
    if statement.kind in BY_MEMBER and statement.officer:
        raise Untrusted(Reason.WRONG_ROLE, statement.kind.value)
    if statement.kind in BY_OFFICER and not statement.officer:
        raise Untrusted(Reason.WRONG_ROLE, statement.kind.value)
    for name, subject in _OF_REVIEWS.items() if statement.kind is Kind.REVIEW else ():
        if name in statement.body and statement["subject"] != subject:
            raise Malformed(f"review.{name}")
    if statement.kind is Kind.APPROVAL and ("recipient_key" in statement.body) != (
        statement["subject"] == Kind.OPENING.value
    ):
        raise Malformed("approval.recipient_key")
    if statement.kind is Kind.VIEW and bool(statement.officer) == (
        "reader" in statement.body
    ):
        raise Untrusted(Reason.WRONG_ROLE, "view.reader")


def check_time(statement: Statement, now: int) -> None:
    """Refuse what is expired or dated in the future (120 s of skew allowed).

    Raises:
        Refused: with `expired` or `not-yet`.
    """
    if statement.issued > now + SKEW_SECONDS:
        raise Refused(Reason.NOT_YET, statement.kind.value)
    if statement.expires <= now:
        raise Refused(Reason.EXPIRED, statement.kind.value)


def predates(said: Statement, subject: Statement) -> bool:
    """Whether it is dated before what it is about, by more than clocks may differ."""
    return said.issued + SKEW_SECONDS < subject.issued
