"""The closed schema of every kind of statement.

All statements share a header: `kind`, `id` (16 random bytes, so that a hash can't be
guessed), `issuer` (a member, or `founders`), `officer` (empty where the member itself
speaks), `issued` and `expires` (Unix seconds), `answers` (the hash of the statement
that this one answers, or empty). Numbers are integers with a unit: probabilities per
10,000, times in seconds. A statement never holds a name, a value of a record or an
encoding; hashes stand for whatever is sealed.
"""

from __future__ import annotations

from childgrid_wire import schema as s
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import (
    ACTS,
    BANDS,
    CATEGORIES,
    DENIALS,
    DISPOSALS,
    GROUNDS,
    PURPOSES,
    ROLES,
    TOPICS,
    VERDICTS,
    Kind,
)
from childgrid_wire.schema import Record, Shape, record

purpose = s.enum(*PURPOSES)
category = s.enum(*CATEGORIES)
role = s.enum(*ROLES)
side = s.enum("requester", "holder")
key_algorithm = s.enum(
    "ed25519", "webauthn", "rsa-pkcs1v15-sha256", "ecdsa-p256-sha256"
)
reason = s.enum(*(value.value for value in Reason))
sections = s.items(s.section, 16, 1)
fields = s.items(s.name, 64)
per_10000 = s.integer(0, 10_000)

_founder = record(
    id=s.member,
    key=s.base64(32, 1024),
    algorithm=s.Maybe(s.enum("rsa-pkcs1v15-sha256", "ecdsa-p256-sha256")),
)
"""A founder; without an algorithm the key is an Ed25519 one, as it is in a file."""
_member = record(
    id=s.member,
    title=s.label,
    kind=s.enum("agency", "coordinator", "auditor"),
    uses=s.items(s.enum("provider", "user"), 2),
    categories=s.items(category, 16),
    address=s.address,
    key=s.base64(32, 32),
    log_key=s.base64(32, 32),
    witness_key=s.base64(32, 32),
    wrap_key=s.base64(32, 32),
    issuer=s.digest,
)
_closed = record(
    size=s.integer(), root=s.base64(32, 32), log_key=s.base64(32, 32), time=s.time
)
_entry = record(
    **_member.fields,
    probation=s.Maybe(s.yes),
    conformance=s.Maybe(s.digest),
    closed=s.Maybe(s.items(_closed, 16, 1)),
)
"""A member as the founders name it; whoever asks to be let in can't say these three."""

_slot = record(
    slot=s.name,
    side=side,
    role=role,
    min_rank=s.integer(0, 100),
    persons=s.integer(1, 9),
)
_officer = record(
    id=s.officer,
    role=role,
    unit=s.name,
    rank=s.integer(0, 100),
    algorithm=key_algorithm,
    key=s.base64(32, 1024),
    rp_id=s.optional(s.domain),
    origins=s.items(s.origin, 4),
    training=s.boolean,
    valid_from=s.time,
    valid_until=s.time,
)
_rule = record(
    category=category,
    silent=s.boolean,
    purposes=s.items(purpose, 4),
    fields=fields,
    slots=s.items(_slot, 12),
)
_candidate = record(
    handle=s.nonce,
    probability=per_10000,
    band=s.enum(*BANDS),
    others=s.integer(0, 1_000_000_000),
    calibrated=s.boolean,
    category=category,
    as_of=s.time,
)

SCHEMAS: dict[Kind, Record] = {
    Kind.DIRECTORY: record(
        version=s.version,
        grid=record(name=s.label, kind=s.enum("training", "production"), id=s.nonce),
        founders=record(threshold=s.integer(1, 9), keys=s.items(_founder, 15, 1)),
        members=s.items(_entry, 500),
        witnesses=record(
            members=s.items(s.member, 100),
            quorum=s.integer(0, 100),
            faults=s.integer(0, 33),
        ),
        floor=s.optional(s.digest),
        scheme=s.optional(s.digest),
        epochs=record(current=s.integer(0, 10_000), accepted=s.items(s.version, 4)),
        key_checks=s.table(s.name, s.digest, 4),
        root=s.digest,
        previous=s.optional(s.digest),
        previous_founders=s.optional(s.digest),
    ),
    Kind.STAFF: record(version=s.version, officers=s.items(_officer, 20_000)),
    Kind.POLICY: record(
        version=s.version,
        rules=s.items(_rule, 16),
        query_slots=s.items(_slot, 6),
        break_glass=s.items(category, 16),
    ),
    Kind.FLOOR: record(
        version=s.version,
        query_slots=s.items(_slot, 6, 1),
        release_slots=s.items(_slot, 6, 1),
        purposes=s.items(
            record(
                purpose=purpose,
                categories=s.items(category, 16),
                needs=s.enum("fir", "order"),
                min_rank=s.integer(0, 100),
            ),
            4,
            1,
        ),
        sections=s.items(s.section, 500, 1),
        query_seconds=s.integer(60, 7 * 86_400),
        request_seconds=s.integer(60, 72 * 3_600),
        receipt_seconds=s.integer(60, 30 * 86_400),
        officer_queries_day=s.integer(1, 10_000),
        case_queries_day=s.integer(1, 10_000),
        agency_queries_day=s.integer(1, 1_000_000),
        break_glass=s.Maybe(s.items(s.name, 8, 1)),
        opening_bodies=s.Maybe(s.integer(2, 2)),
    ),
    Kind.SCHEME: record(version=s.version, document=s.digest, profile=s.name),
    Kind.SEALING_KEY: record(
        key=s.base64(32, 32), valid_from=s.time, valid_until=s.time
    ),
    Kind.ROTATION: record(
        epoch=s.version,
        step=s.enum("commit", "reveal", "transcript", "wrap", "ready"),
        member=s.optional(s.member),
        commitment=s.optional(s.digest),
        transcript=s.optional(s.digest),
        key_check=s.optional(s.digest),
        shares=s.table(s.member, s.base64(1, 512), 100),
    ),
    Kind.ENROLMENT: record(
        member=_member,
        csr=s.base64(1, 4096),
        token=s.digest,
        proof=s.digest,
        fingerprint=s.digest,
    ),
    Kind.REVOCATION: record(
        number=s.version,
        target=s.enum("member", "officer", "key", "certificate", "token"),
        member=s.optional(s.member),
        subject=s.optional(s.officer),
        serial=s.optional(s.hexes(20)),
        cause=s.enum("lost", "left", "compromised", "expelled", "replaced"),
    ),
    Kind.CASE: record(
        case=s.digest,
        basis=s.enum("fir", "order"),
        asker=s.officer,
        capacity=s.enum("investigating-officer", "ahtu"),
        sections=sections,
    ),
    Kind.QUERY: record(
        purpose=purpose,
        sections=sections,
        case=s.digest,
        attestation=s.digest,
        targets=s.table(
            s.member,
            record(ciphertext=s.digest, sealing_key=s.digest),
            200,
        ),
        scheme=s.digest,
        epoch=s.version,
        rehearsal=s.boolean,
    ),
    Kind.ANSWER: record(
        outcome=s.enum("hit", "none", "refused"),
        reason=s.optional(reason),
        candidates=s.items(_candidate, 5),
        as_of=s.time,
    ),
    Kind.REQUEST: record(
        query=s.digest,
        answer=s.digest,
        handle=s.nonce,
        holder=s.member,
        purpose=purpose,
        sections=sections,
        case=s.digest,
        fields=s.items(s.name, 64, 1),
        policy=s.digest,
        directory=s.version,
        recipient_key=s.base64(32, 32),
        justification=s.digest,
        break_glass=s.Maybe(s.yes),
    ),
    Kind.APPROVAL: record(
        subject=s.enum("query", "request", "silent-hit", "budget", "opening"),
        side=side,
        slot=s.name,
        fields=fields,
        policy=s.optional(s.digest),
        recipient_key=s.Maybe(s.base64(32, 32)),
    ),
    Kind.REFUSAL: record(
        subject=s.enum("query", "request", "budget", "opening"),
        reason=s.enum(*DENIALS, *(value.value for value in Reason)),
    ),
    Kind.DISCLOSURE: record(
        request=s.digest,
        ciphertext=s.digest,
        directory=s.digest,
        floor=s.digest,
        staff=s.table(s.member, s.digest, 4),
        policy=s.digest,
        approvals=s.items(s.digest, 24, 1),
        fields=s.items(s.name, 64, 1),
        recipient_key=s.base64(32, 32),
        requester=s.member,
        category=category,
        row_as_of=s.time,
        content=s.Maybe(s.digest),
    ),
    Kind.VOID: record(disclosure=s.digest, reason=reason),
    Kind.RECEIPT: record(disclosure=s.digest, ciphertext=s.digest, opened=s.boolean),
    Kind.REVIEW: record(
        subject=s.enum(
            *("register", "break-glass", "sample", "outcome", "purge", "candidate"),
            "declared",
        ),
        pairs=s.integer(0, 1_000_000),
        agreed=s.integer(0, 1_000_000),
        result=s.digest,
        disposal=s.Maybe(s.enum(*DISPOSALS)),
        cnr=s.Maybe(s.digest),
        verdict=s.Maybe(s.enum(*VERDICTS)),
        other=s.Maybe(s.digest),
    ),
    Kind.BUDGET: record(
        scope=s.enum("officer", "case", "agency"),
        subject=s.budgeted,
        queries=s.integer(1, 100_000),
        until=s.time,
    ),
    Kind.DELEGATION: record(
        delegate=s.officer,
        role=role,
        valid_from=s.time,
        valid_until=s.time,
        at_once=s.Maybe(s.yes),
    ),
    Kind.NOTICE: record(
        topic=s.enum(*TOPICS, *ACTS, "outage"),
        subject=s.digest,
    ),
    Kind.WATCH: record(query=s.digest, until=s.time),
    Kind.ALERT: record(watch=s.digest, answer=s.digest),
    Kind.FINDING: record(
        topic=s.name, party=s.member, subject=s.digest, reply_by=s.time
    ),
    Kind.OPENING: record(
        party=s.member,
        subject=s.digest,
        ground=s.enum(*GROUNDS),
        recipient_key=s.base64(32, 32),
    ),
    Kind.OPENED: record(
        opening=s.digest,
        agreement=s.digest,
        subject=s.digest,
        ciphertext=s.digest,
        directory=s.digest,
        staff=s.table(s.member, s.digest, 2),
    ),
    Kind.VIEW: record(
        object=s.enum(
            *("inbox", "query", "answers", "request", "explanation", "profile"),
            *("silent", "desk", "docket", "packs", "bundle"),
            *("directory", "health", "opening"),
        ),
        subject=s.optional(s.digest),
        reader=s.Maybe(s.officer),
    ),
    Kind.SHRED: record(
        party=s.member,
        entries=s.items(s.integer(), 10_000, 1),
        head=s.digest,
        statements=s.Maybe(s.items(s.digest, 10_000, 1)),
    ),
    Kind.FRESHNESS: record(
        nonce=s.nonce,
        time=s.time,
        directory=s.integer(),
        floor=s.integer(),
        staff=s.table(s.member, s.version, 500),
        revocations=s.table(s.member, s.version, 500),
        notices=s.Maybe(s.items(s.digest, 500, 1)),
    ),
    Kind.MANIFEST: record(
        files=s.table(s.label, record(sha256=s.digest, size=s.integer()), 1_000_000),
        directory=s.digest,
    ),
}

HEADER: dict[str, Shape] = {
    "kind": s.enum(*(kind.value for kind in Kind)),
    "id": s.nonce,
    "issuer": s.member,
    "officer": s.optional(s.officer),
    "issued": s.time,
    "expires": s.time,
    "answers": s.optional(s.digest),
}


_BODIES = {kind: Record({**HEADER, **one.fields}) for kind, one in SCHEMAS.items()}


def check_body(kind: Kind, body: dict[str, object]) -> None:
    """Hold a parsed payload against the header and its kind's schema.

    Raises:
        Malformed: naming the first field at fault, never its value.
    """
    _BODIES[kind](body, kind.value)
