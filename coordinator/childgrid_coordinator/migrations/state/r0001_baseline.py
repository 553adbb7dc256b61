"""The coordinator's tables, as release 0.1 makes them."""

import sqlalchemy as sa
from alembic import op

from childgrid_wire.errors import ConfigurationRefused

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "meta",
        sa.Column("key", sa.String(20), primary_key=True),
        sa.Column("value", sa.String(300), nullable=False),
    )
    op.create_table(
        "statement",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("issuer", sa.String(31), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "query",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("member", sa.String(31), nullable=False),
        sa.Column("officer", sa.String(31), nullable=False),
        sa.Column("case_hash", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
    )
    op.create_index("query_open", "query", ["open", "expires"])
    op.create_index("query_spent", "query", ["member", "at"])
    op.create_table(
        "paper",
        sa.Column("query", sa.String(64), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("statement", sa.String(64), nullable=False),
    )
    op.create_table(
        "target",
        sa.Column("query", sa.String(64), primary_key=True),
        sa.Column("member", sa.String(31), primary_key=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("answer", sa.String(64), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=True),
    )
    op.create_table(
        "request",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("query", sa.String(64), nullable=False),
        sa.Column("requester", sa.String(31), nullable=False),
        sa.Column("holder", sa.String(31), nullable=False),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("phase", sa.String(12), nullable=False),
        sa.Column("disclosure", sa.String(64), nullable=False),
    )
    op.create_index("request_phase", "request", ["phase", "expires"])
    op.create_index("request_disclosure", "request", ["disclosure"])
    op.create_table(
        "decision",
        sa.Column("request", sa.String(64), primary_key=True),
        sa.Column("person", sa.String(63), primary_key=True),
        sa.Column("statement", sa.String(64), nullable=False),
    )
    op.create_table(
        "mail",
        sa.Column("member", sa.String(31), primary_key=True),
        sa.Column("cursor", sa.BigInteger, primary_key=True),
        sa.Column("statement", sa.String(64), nullable=False),
        sa.Column("proof", sa.LargeBinary, nullable=True),
        sa.UniqueConstraint("member", "statement"),
    )
    op.create_table(
        "sealed",
        sa.Column("statement", sa.String(64), primary_key=True),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=True),
    )
    op.create_index("sealed_request", "sealed", ["request"])
    op.create_index("sealed_until", "sealed", ["until"])
    op.create_table(
        "lift",
        sa.Column("statement", sa.String(64), primary_key=True),
        sa.Column("budget", sa.String(64), nullable=False),
        sa.Column("member", sa.String(31), nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("lift_member", "lift", ["member", "until"])
    op.create_table(
        "joiner",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("statement", sa.String(64), nullable=False),
        sa.Column("member", sa.String(31), nullable=False),
        sa.Column("key", sa.String(44), nullable=False),
        sa.Column("issuer", sa.String(16_384), nullable=False),
        sa.Column("root", sa.String(16_384), nullable=False),
        sa.UniqueConstraint("statement"),
    )


def downgrade() -> None:
    """There is nothing before it."""
    raise ConfigurationRefused("0001 is the first schema")
