"""Every table of the coordinator.

Columns of bytes hold exactly three things: signed envelopes (whose schema has no room
for a record), ciphertexts sealed to somebody else (`ciphertext`, emptied as soon as
they have served), and checked Merkle proofs. Times are Unix seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from childgrid_wire.stamp import Version

VERSION = "1"
SCHEMA = Version("alembic_version", ("0001", "0002"))
"""The schemas in `migrations.state`: whoever changes a table here adds one there."""

metadata = MetaData()

_HASH = String(64)
_MEMBER = String(31)

meta = Table(
    "meta",
    metadata,
    Column("key", String(20), primary_key=True),
    Column("value", String(300), nullable=False),
)

statement = Table(
    "statement",
    metadata,
    Column("hash", _HASH, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("issuer", _MEMBER, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

query = Table(
    "query",
    metadata,
    Column("hash", _HASH, primary_key=True),
    Column("member", _MEMBER, nullable=False),
    Column("officer", _MEMBER, nullable=False),
    Column("case_hash", _HASH, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("open", Boolean, nullable=False),
    Index("query_open", "open", "expires"),
    Index("query_spent", "member", "at"),
)

paper = Table(
    "paper",
    metadata,
    Column("query", _HASH, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("statement", _HASH, nullable=False),
)
"""What travels beside a query: its attestation at place 0, then its approvals."""

target = Table(
    "target",
    metadata,
    Column("query", _HASH, primary_key=True),
    Column("member", _MEMBER, primary_key=True),
    Column("state", String(12), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("answer", _HASH, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("ciphertext", LargeBinary, nullable=True),
)

request = Table(
    "request",
    metadata,
    Column("hash", _HASH, primary_key=True),
    Column("query", _HASH, nullable=False),
    Column("requester", _MEMBER, nullable=False),
    Column("holder", _MEMBER, nullable=False),
    Column("category", String(40), nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("phase", String(12), nullable=False),
    Column("disclosure", _HASH, nullable=False),
    Index("request_phase", "phase", "expires"),
    Index("request_disclosure", "disclosure"),
)

decision = Table(
    "decision",
    metadata,
    Column("request", _HASH, primary_key=True),
    Column("person", String(63), primary_key=True),
    Column("statement", _HASH, nullable=False),
)

mail = Table(
    "mail",
    metadata,
    Column("member", _MEMBER, primary_key=True),
    Column("cursor", BigInteger, primary_key=True),
    Column("statement", _HASH, nullable=False),
    Column("proof", LargeBinary, nullable=True),
    UniqueConstraint("member", "statement"),
    Index("mail_statement", "statement"),
)

sealed = Table(
    "sealed",
    metadata,
    Column("statement", _HASH, primary_key=True),
    Column("request", _HASH, nullable=False),
    Column("digest", _HASH, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("ciphertext", LargeBinary, nullable=True),
    Index("sealed_request", "request"),
    Index("sealed_until", "until"),
)

lift = Table(
    "lift",
    metadata,
    Column("statement", _HASH, primary_key=True),
    Column("budget", _HASH, nullable=False),
    Column("member", _MEMBER, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index("lift_member", "member", "until"),
)
"""A budget that an agency wants lifted (it names itself), and what answers it."""

joiner = Table(
    "joiner",
    metadata,
    Column("token", _HASH, primary_key=True),
    Column("statement", _HASH, nullable=False),
    Column("member", _MEMBER, nullable=False),
    Column("key", String(44), nullable=False),
    Column("issuer", String(16_384), nullable=False),
    Column("root", String(16_384), nullable=False),
    UniqueConstraint("statement"),
)
