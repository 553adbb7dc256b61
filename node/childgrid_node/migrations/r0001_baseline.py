"""The tables of a node's journal, as release 0.1 makes them."""

from alembic import op

from childgrid_wire.errors import ConfigurationRefused

revision = "0001"
down_revision = None

_MADE = """
CREATE TABLE said (
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL, issuer TEXT NOT NULL,
    officer TEXT NOT NULL, answers TEXT NOT NULL, leaf INTEGER NOT NULL,
    heard INTEGER NOT NULL, envelope BLOB NOT NULL) STRICT;
CREATE INDEX said_answers ON said (answers, kind);
CREATE INDEX said_kind ON said (kind, heard);
CREATE TABLE attested (
    commitment TEXT NOT NULL, asker TEXT NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (commitment, asker)) STRICT, WITHOUT ROWID;
CREATE TABLE draft (
    payload_hash TEXT PRIMARY KEY, officer TEXT NOT NULL, made INTEGER NOT NULL,
    payload BLOB NOT NULL, secret BLOB NOT NULL) STRICT;
CREATE TABLE content (
    hash TEXT NOT NULL, member TEXT NOT NULL, ciphertext BLOB NOT NULL,
    PRIMARY KEY (hash, member)) STRICT;
CREATE TABLE secret (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE handle (
    query TEXT NOT NULL, handle TEXT NOT NULL, place INTEGER NOT NULL,
    shown INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (query, handle)) STRICT;
CREATE TABLE spent (
    request TEXT PRIMARY KEY, disclosure TEXT NOT NULL, ciphertext BLOB NOT NULL,
    state TEXT NOT NULL) STRICT;
CREATE INDEX spent_released ON spent (request) WHERE state = 'released';
CREATE TABLE used (
    day INTEGER NOT NULL, scope TEXT NOT NULL, subject TEXT NOT NULL,
    queries INTEGER NOT NULL, PRIMARY KEY (day, scope, subject)) STRICT;
CREATE TABLE asked (
    query TEXT PRIMARY KEY, person TEXT NOT NULL, heard INTEGER NOT NULL,
    sealed BLOB NOT NULL) STRICT;
CREATE TABLE sitting (
    token TEXT PRIMARY KEY, opened TEXT NOT NULL, until INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE cleared (
    disclosure TEXT PRIMARY KEY, source TEXT NOT NULL, out INTEGER NOT NULL,
    sealed BLOB NOT NULL) STRICT;
CREATE TABLE erased (hash TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL, envelope BLOB NOT NULL, state TEXT NOT NULL) STRICT;
CREATE INDEX outbox_waiting ON outbox (place) WHERE state = 'waiting';
CREATE TABLE cursor (
    name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT
"""


def upgrade() -> None:
    """Make the tables."""
    for sql in _MADE.split(";\n"):
        op.execute(sql)


def downgrade() -> None:
    """There is nothing before it."""
    raise ConfigurationRefused("0001 is the first schema")
