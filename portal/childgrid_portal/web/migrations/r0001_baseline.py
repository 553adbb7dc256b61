"""The portal's accounts, as release 0.1 makes them."""

from alembic import op

from childgrid_wire.errors import ConfigurationRefused

revision = "0001"
down_revision = None

_MADE = (
    """CREATE TABLE officer (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, handle BLOB NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0, locked REAL NOT NULL DEFAULT 0)""",
    """CREATE TABLE invitation (
    officer TEXT PRIMARY KEY REFERENCES officer ON DELETE CASCADE,
    code TEXT NOT NULL, until REAL NOT NULL)""",
    """CREATE TABLE login (
    id BLOB PRIMARY KEY, officer TEXT NOT NULL REFERENCES officer ON DELETE CASCADE,
    key BLOB NOT NULL, counter INTEGER NOT NULL)""",
    """CREATE TABLE signing (
    id BLOB PRIMARY KEY, officer TEXT NOT NULL REFERENCES officer ON DELETE CASCADE)""",
)


def upgrade() -> None:
    """Make the tables."""
    for sql in _MADE:
        op.execute(sql)


def downgrade() -> None:
    """There is nothing before it."""
    raise ConfigurationRefused("0001 is the first schema")
