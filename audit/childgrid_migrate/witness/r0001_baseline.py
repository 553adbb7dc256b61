"""What a witness remembers, as release 0.1 makes it."""

from alembic import op

from childgrid_wire.errors import ConfigurationRefused

revision = "0001"
down_revision = None

_MADE = (
    "CREATE TABLE log_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TRIGGER log_meta_update BEFORE UPDATE ON log_meta
BEGIN SELECT RAISE(ABORT, 'log_meta is fixed when the file is made'); END""",
    """CREATE TRIGGER log_meta_delete BEFORE DELETE ON log_meta
BEGIN SELECT RAISE(ABORT, 'log_meta is fixed when the file is made'); END""",
    """CREATE TABLE log_seen (
  origin TEXT NOT NULL,
  size INTEGER NOT NULL,
  root BLOB NOT NULL,
  note BLOB NOT NULL,
  PRIMARY KEY (origin, size)
) STRICT, WITHOUT ROWID""",
    """CREATE TRIGGER log_seen_grows BEFORE INSERT ON log_seen
WHEN EXISTS (SELECT 1 FROM log_seen WHERE origin = NEW.origin AND size >= NEW.size)
BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END""",
    """CREATE TRIGGER log_seen_update BEFORE UPDATE ON log_seen
BEGIN SELECT RAISE(ABORT, 'log_seen only grows'); END""",
    """CREATE TRIGGER log_seen_delete BEFORE DELETE ON log_seen
BEGIN SELECT RAISE(ABORT, 'log_seen only grows'); END""",
)


def upgrade() -> None:
    """Make it."""
    for sql in _MADE:
        op.execute(sql)


def downgrade() -> None:
    """There is nothing before it."""
    raise ConfigurationRefused("0001 is the first schema")
