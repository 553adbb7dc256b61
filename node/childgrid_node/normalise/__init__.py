"""From a row or a query to the tokens that are encoded.

Pure and table-driven: ten scripts, titles, aliases, relatives inside names, spelling
classes, dates in every order, identifiers with check digits, old and new place names.
Nothing is read, stored or logged here; nothing that holds personal data outlives the
`Normaliser` it was given to. The rules stand in `tables/*.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import mapping as sources
from .lexicon import fingerprint
from .person import Fields, Normaliser, Person, fields_of
from .tokens import BLOOM, EXACT, Tokens, tokens_of

__all__ = [
    "BLOOM",
    "EXACT",
    "Fields",
    "Normaliser",
    "Person",
    "Tokens",
    "fields_of",
    "fingerprint",
    "from_fields",
    "person",
    "tokens",
    "tokens_of",
]


def person(values: Mapping[str, str], mapping: sources.Mapping) -> Person:
    """The person that a row's columns describe; for one row, see `Normaliser`."""
    return Normaliser().person(values, mapping)


def from_fields(fields: Fields) -> Person:
    """The person that a query's grid fields describe; raises `FieldError`."""
    return Normaliser().from_fields(fields)


def tokens(values: Mapping[str, str], mapping: sources.Mapping) -> Tokens:
    """The tokens of one row; `tokens_of(person(values, mapping))`."""
    return tokens_of(person(values, mapping))
