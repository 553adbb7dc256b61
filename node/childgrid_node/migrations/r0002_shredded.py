"""What was attested of a case goes when its attestation is shredded."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Rows whose statement was shredded go; an index finds those of the next."""
    op.execute(
        "DELETE FROM attested WHERE hash IN (SELECT hash FROM erased)"
        " OR hash NOT IN (SELECT hash FROM said)"
    )
    op.execute("CREATE INDEX attested_hash ON attested (hash)")


def downgrade() -> None:
    """The index goes; what was shredded stays so."""
    op.execute("DROP INDEX attested_hash")
