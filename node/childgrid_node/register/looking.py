"""Which columns a table or view has, as an account with SELECT alone may see them.

MySQL and MariaDB show a view's definition only to accounts with one more right; their
catalogue of columns needs none. No row is read.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnClause,
    Connection,
    Select,
    column,
    func,
    inspect,
    select,
    table,
)
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.types import NullType, TypeEngine, to_instance

_CATALOGUE = ("mysql", "mariadb")


def columns_of(
    connection: Connection, schema: str, name: str
) -> dict[str, TypeEngine[Any]]:
    """Column → type, in the relation's order; empty where there is no relation."""
    if connection.dialect.name in _CATALOGUE:
        return _catalogued(connection, schema, name)
    try:
        found = inspect(connection).get_columns(name, schema=schema or None)
    except NoSuchTableError:
        return {}
    return {one["name"]: one["type"] for one in found}


def _catalogued(
    connection: Connection, schema: str, name: str
) -> dict[str, TypeEngine[Any]]:
    dialect: Any = connection.dialect
    return {
        str(one): to_instance(dialect.ischema_names.get(str(kind).lower(), NullType))
        for one, kind in connection.execute(catalogue(schema, name))
    }


def catalogue(schema: str, name: str) -> Select[Any]:
    """The statement that asks MySQL for the names and types of columns."""
    names = ("column_name", "data_type", "table_schema", "table_name")
    own, kind, place, relation = map(_column, names)
    return (
        select(own, kind)
        .select_from(table("columns", schema="information_schema"))
        .where(place == (schema or func.database()), relation == name)
        .order_by(_column("ordinal_position"))
    )


def _column(name: str) -> ColumnClause[Any]:
    return column(name)
