"""Which statements have a leaf, as release 0.1 keeps it beside the log."""

from alembic import op

from childgrid_wire.errors import ConfigurationRefused

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE journal (statement TEXT PRIMARY KEY, idx INTEGER NOT NULL)"
        " STRICT, WITHOUT ROWID"
    )


def downgrade() -> None:
    """There is nothing before it."""
    raise ConfigurationRefused("0001 is the first schema")
