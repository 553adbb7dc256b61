"""Which evidence a true pair shares, judged without the node's normaliser.

Canonical forms are deliberately crude: upper-case letters and digits, the last ten
digits of a telephone, a date as three numbers. The first stratum that holds wins, so
that each pair counts once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from childgrid_node.mapping import Mapping
from childgrid_node.normalise import fields_of
from childgrid_node.register import Register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from childgrid_node.normalise import Fields

IDENTIFIERS = (
    *("aadhaar", "pan", "epic", "passport", "driving_licence", "vehicle"),
    *("email", "handle", "upi", "fir", "cnr", "identifier"),
)
SHORTEST = 6
PHONE_DIGITS = 10
_DATE = re.compile(r"\d{1,4}\D+\w+\D+\d{1,4}|\d{8}")


def described(mapping: Mapping, folder: Path) -> dict[str, Fields]:
    """Return a table's or the queries' cells by key and grid field."""
    with Register.open(mapping, folder) as register:
        return {
            row.key: fields_of(row.values, mapping)
            for batch in register.rows(2_000)
            for row in batch
        }


def stratum(query: Fields, row: Fields) -> str:
    """Return the first of ``RULES`` that both descriptions satisfy."""
    return next(name for name, holds in RULES.items() if holds(query, row))


def _numbers(fields: Fields) -> set[str]:
    found = (
        "".join(c for c in text.rpartition(":")[2].upper() if c.isalnum())
        for name in IDENTIFIERS
        for text in fields.get(name, ())
    )
    return {number for number in found if len(number) >= SHORTEST}


def _phones(fields: Fields) -> set[str]:
    found = (re.sub(r"\D", "", text) for text in fields.get("phone", ()))
    return {digits[-PHONE_DIGITS:] for digits in found if len(digits) >= PHONE_DIGITS}


def _full_date(fields: Fields) -> bool:
    return any(_DATE.search(text) for text in fields.get("birth_date", ()))


def _has(fields: Fields, names: Iterable[str]) -> bool:
    return any(text.strip() for name in names for text in fields.get(name, ()))


def _both(*names: str) -> Callable[[Fields, Fields], bool]:
    return lambda query, row: _has(query, names) and _has(row, names)


_relative = _both("relative")
_place = _both("district", "pin")
_age = _both("age", "birth_year", "birth_date")

RULES: dict[str, Callable[[Fields, Fields], bool]] = {
    "identifier": lambda query, row: bool(_numbers(query) & _numbers(row)),
    "phone": lambda query, row: bool(_phones(query) & _phones(row)),
    "birth_date": lambda query, row: _full_date(query) and _full_date(row),
    "relative_place": lambda query, row: _relative(query, row) and _place(query, row),
    "name_age_place": lambda query, row: _age(query, row) and _place(query, row),
    "name_age": lambda query, row: True,  # noqa: ARG005
}
"""Strata in the order in which they are tried; the last takes all that is left."""
