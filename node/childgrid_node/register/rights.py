"""Whether an account may write: the database itself is asked, before a row is read.

An account that may write is refused, whatever it would do; so is one of a database that
does not tell, unless the mapping says `unproved_reader = true`. What counts: rights on
any table of the database, not only the mapped one; rights to make, own or alter things;
every role that the session could take on. Rights that are not known to be harmless
count as writing. What stored code does with its owner's rights can't be asked; the
read-only sessions of `engines` are for that. Nothing is changed, no row is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ..mapping import Mapping
from ..source_errors import RegisterError

_NAMED = 5

POSTGRESQL = """
WITH me AS (
  SELECT oid, rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication
  FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')
), own AS (
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
)
SELECT 'role ' || rolname FROM me
WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication
   OR rolname IN ('pg_write_server_files', 'pg_execute_server_program')
UNION
SELECT what || ' on ' || nspname || '.' || relname
FROM pg_class AS c JOIN own ON own.oid = relnamespace CROSS JOIN me
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS r (what)
WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND CASE
  WHEN what IN ('INSERT', 'UPDATE') THEN has_any_column_privilege(me.oid, c.oid, what)
  ELSE has_table_privilege(me.oid, c.oid, what) END
UNION
SELECT 'OWNER of ' || nspname || '.' || relname
FROM pg_class AS c JOIN own ON own.oid = relnamespace JOIN me ON me.oid = relowner
WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
UNION
SELECT 'UPDATE on ' || nspname || '.' || relname
FROM pg_class AS c JOIN own ON own.oid = relnamespace CROSS JOIN me
WHERE relkind = 'S' AND has_sequence_privilege(me.oid, c.oid, 'USAGE,UPDATE')
UNION
SELECT 'CREATE in ' || nspname FROM own CROSS JOIN me
WHERE has_schema_privilege(me.oid, own.oid, 'CREATE')
UNION
SELECT 'CREATE in ' || current_database() FROM me
WHERE has_database_privilege(me.oid, current_database(), 'CREATE')
"""

MSSQL = """
SELECT permission_name FROM sys.fn_my_permissions(NULL, 'SERVER')
UNION
SELECT permission_name FROM sys.fn_my_permissions(NULL, 'DATABASE')
UNION
SELECT f.permission_name + ' on ' + s.name + '.' + o.name
FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id
CROSS APPLY sys.fn_my_permissions(
  QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT') AS f
WHERE o.type IN ('U', 'V', 'P') AND o.is_ms_shipped = 0
"""

ORACLE = """
SELECT privilege FROM session_privs
UNION
SELECT privilege || ' on ' || owner || '.' || table_name FROM user_tab_privs_recd
UNION
SELECT privilege || ' on ' || owner || '.' || table_name FROM role_tab_privs
UNION
SELECT privilege || ' on ' || owner || '.' || table_name FROM user_col_privs_recd
UNION
SELECT 'OWNER of ' || object_name FROM user_objects
WHERE object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW', 'PROCEDURE', 'PACKAGE')
"""

MYSQL = ("SHOW GRANTS",)
MARIADB = (*MYSQL, "SHOW GRANTS FOR PUBLIC")
_MARIADB_PUBLIC = (10, 11)

STATEMENTS = {"postgresql": POSTGRESQL, "mssql": MSSQL, "oracle": ORACLE}
"""Backend → a statement whose rows name one right each."""

_HARMLESS = {
    "postgresql": re.compile(r"(?!)"),
    "mysql": re.compile(r"USAGE|SELECT|SHOW VIEW|SHOW DATABASES"),
    "mssql": re.compile(
        r"CONNECT( SQL| ANY DATABASE)?|SELECT( ALL USER SECURABLES)?|SHOWPLAN|UNMASK"
        r"|VIEW .+|(SELECT|VIEW .+|UNMASK) on .+"
    ),
    "oracle": re.compile(
        r"(CREATE|ALTER) SESSION|SET CONTAINER|(SELECT|READ) ANY TABLE"
        r"|SELECT ANY DICTIONARY|(SELECT|READ|INHERIT PRIVILEGES) on .+"
    ),
}
_QUOTED = re.compile(r"`(?:[^`]|``)*`")
_COLUMNS = re.compile(r"\([^)]*\)")
_GRANT = re.compile(r"GRANT (.+?) ON ")


@dataclass(frozen=True)
class Rights:
    """What a database says of the session's account: `writes` name rights to write."""

    known: bool
    writes: tuple[str, ...] = ()


def ask(connection: Connection, backend: str) -> Rights:
    """Ask the database what this session may do."""
    try:
        if backend in ("mysql", "mariadb"):
            lines = _rows(connection, *_grants(connection))
            return of("mysql", (right for line in lines for right in granted(line)))
        if backend in STATEMENTS:
            return of(backend, _rows(connection, STATEMENTS[backend]))
    except SQLAlchemyError:
        pass
    return Rights(known=False)


def of(backend: str, rights: Iterable[str]) -> Rights:
    """Which of the named rights are rights to write; pure."""
    harmless = _HARMLESS[backend]
    writes = sorted({one for one in rights if not harmless.fullmatch(one)})
    return Rights(True, tuple(writes))


def granted(line: str) -> list[str]:
    """The rights that one line of `SHOW GRANTS` names; a role counts as one."""
    bare = _COLUMNS.sub("", _QUOTED.sub("`", line))
    found = _GRANT.match(bare)
    if found is None:
        return ["a role, whose rights are not shown; grant them to the account itself"]
    return [right.strip() for right in found[1].split(",")]


def judge(mapping: Mapping, found: Rights) -> None:
    """Raise `RegisterError` unless the account is proved, or declared, a reader."""
    if found.writes:
        named = ", ".join(found.writes[:_NAMED])
        more = len(found.writes) - _NAMED
        raise RegisterError(
            f"{mapping.path}: source: this account may write ({named}"
            f"{f' and {more} more' if more > 0 else ''}); give the node an account "
            "that may only read one view (docs/sources.md)"
        )
    if not found.known and not mapping.unproved_reader:
        raise RegisterError(
            f"{mapping.path}: source: this database does not tell whether the account "
            "may write; let its administrator make sure that it can't, and set "
            "unproved_reader = true"
        )


def _grants(connection: Connection) -> tuple[str, ...]:
    dialect: Any = connection.dialect
    public = dialect.is_mariadb and dialect.server_version_info >= _MARIADB_PUBLIC
    return MARIADB if public else MYSQL


def _rows(connection: Connection, *statements: str) -> list[str]:
    return [
        str(row[0])
        for statement in statements
        for row in connection.exec_driver_sql(statement)
    ]
