"""The log's own tables, as release 0.1 makes them."""

from alembic import op

from childgrid_wire.errors import ConfigurationRefused

revision = "0001"
down_revision = None

_META = """CREATE TABLE log_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TRIGGER log_meta_update BEFORE UPDATE ON log_meta
BEGIN SELECT RAISE(ABORT, 'log_meta is fixed when the file is made'); END;
CREATE TRIGGER log_meta_delete BEFORE DELETE ON log_meta
BEGIN SELECT RAISE(ABORT, 'log_meta is fixed when the file is made'); END;
"""
_TABLES = """CREATE TABLE log_leaf (
  idx INTEGER PRIMARY KEY,
  entry BLOB NOT NULL CHECK (length(entry) BETWEEN 1 AND 65535)
) STRICT;
CREATE TABLE log_node (
  level INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE log_opening (
  idx INTEGER PRIMARY KEY REFERENCES log_leaf,
  salt BLOB NOT NULL CHECK (length(salt) = 32),
  envelope BLOB NOT NULL
) STRICT;
CREATE TABLE log_shredded (
  idx INTEGER PRIMARY KEY REFERENCES log_leaf,
  told_by INTEGER NOT NULL REFERENCES log_leaf CHECK (told_by > idx)
) STRICT;
CREATE TABLE log_signed (
  size INTEGER PRIMARY KEY,
  note BLOB NOT NULL
) STRICT;
CREATE TABLE log_cosigned (
  id INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  note BLOB NOT NULL
) STRICT;
CREATE INDEX log_cosigned_size ON log_cosigned (size, id);
CREATE TRIGGER log_leaf_gapless BEFORE INSERT ON log_leaf
WHEN NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM log_leaf)
BEGIN SELECT RAISE(ABORT, 'log_leaf grows by one index at a time'); END;
CREATE TRIGGER log_opening_kept BEFORE DELETE ON log_opening
WHEN NOT EXISTS (SELECT 1 FROM log_shredded WHERE idx = OLD.idx)
BEGIN SELECT RAISE(ABORT, 'log_opening is shredded by a later leaf only'); END;
"""
_GROWING = ("log_leaf", "log_node", "log_shredded", "log_signed", "log_cosigned")


def upgrade() -> None:
    """Make the tables, and the triggers that let them only grow."""
    for sql in statements(_META + _TABLES):
        op.execute(sql)
    for table in (*_GROWING, "log_opening"):
        refuse("UPDATE", table)
    for table in _GROWING:
        refuse("DELETE", table)


def statements(sql: str) -> list[str]:
    """Cut SQL into statements, of which each ends with its line."""
    return [one for one in sql.strip().removesuffix(";").split(";\n") if one]


def refuse(verb: str, table: str) -> None:
    """Let a table refuse a verb."""
    op.execute(
        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
    )


def downgrade() -> None:
    """There is nothing before it."""
    raise ConfigurationRefused("0001 is the first schema")
