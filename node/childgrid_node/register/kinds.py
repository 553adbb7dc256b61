"""Which kinds of column are refused by name, before a row is read.

A column of bytes or of nested values holds nothing that the grid compares; mapped by
mistake it would cost every row. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping as Pairs

from ..mapping import Mapping
from ..source_errors import RegisterError

REMEDIES = {
    "binary": "cast it to text in the view, or leave it out",
    "nested": "give one plain column for each of its parts",
    "a time with a zone, which the driver drops": "in the view, cast it AT TIME ZONE "
    "'Asia/Kolkata' to a plain TIMESTAMP",
    "no kind of key": "name a column of text, whole numbers or UUIDs",
}
"""Why a column is refused, and what to do."""

BINARY, NESTED, ZONED, NO_KEY = REMEDIES


def refuse(mapping: Mapping, found: Pairs[str, str]) -> None:
    """Raise `RegisterError` for the first mapped column that is unfit.

    Args:
        mapping: names the columns.
        found: column → one of `REMEDIES`, or empty where it is fit.
    """
    for setting, column in mapping.uses():
        if kind := found.get(column, ""):
            raise RegisterError(
                f"{mapping.path}: {setting} names column {column!r}, which is {kind}; "
                f"{REMEDIES[kind]}"
            )
