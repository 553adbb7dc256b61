"""FEBRL4 by clkhash and anonlink: one Bloom filter per record, compared by Dice.

Ten fields in 1,024 bits. A filter says nothing of which part of it is missing, so both
tables lose the columns that the other lacks (the schema is what both share); cells that
only some rows have lost stay as they are. Nothing is learned but the threshold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anonlink.similarities
import numpy as np
from clkhash import clk
from clkhash.schema import from_json_dict

from bench.febrl_figures import Pairs

if TYPE_CHECKING:
    from bitarray import bitarray

    from bench.febrl_data import Febrl, Record, Scenario, Search

PACKAGES = ("clkhash", "anonlink")
# Nothing measured here is secret.
KEY = "febrl"
BITS = 1_024
LEAST = 0.5
# Each record keeps that many of its likest ones.
CANDIDATES = 20
BITS_PER_FEATURE = {
    "given_name": 80,
    "surname": 80,
    "street_number": 30,
    "address_1": 60,
    "address_2": 40,
    "suburb": 60,
    "postcode": 40,
    "state": 15,
    "date_of_birth": 70,
    "soc_sec_id": 80,
}
BY_PLACE = ("street_number", "postcode", "date_of_birth", "soc_sec_id")


def pairs(febrl: Febrl, scenario: Scenario) -> tuple[Pairs, Pairs]:
    """Return scored pairs of the half learned from, and of the half measured."""
    searches = febrl.under(scenario).searches()
    taught, asked = (_scored(search, scenario) for search in searches)
    return taught, asked


def schema(columns: tuple[str, ...]) -> dict[str, Any]:
    """Return clkhash's linkage schema (version 3) for these columns."""
    return {
        "version": 3,
        "clkConfig": {"l": BITS, "kdf": {"type": "HKDF"}},
        "features": [_feature(column) for column in columns],
    }


def _feature(column: str) -> dict[str, Any]:
    by_place = column in BY_PLACE
    return {
        "identifier": column,
        "format": {"type": "string"},
        "hashing": {
            "missingValue": {"sentinel": ""},
            "comparison": {
                "type": "ngram",
                "n": 1 if by_place else 2,
                "positional": by_place,
            },
            "strategy": {"bitsPerFeature": BITS_PER_FEATURE[column]},
            "hash": {"type": "blakeHash"},
        },
    }


def _scored(search: Search, scenario: Scenario) -> Pairs:
    sides = (search.rows, search.queries)
    scores, (row, query) = anonlink.similarities.dice_coefficient_accelerated(
        [_filters(records, scenario.shared) for records in sides],
        threshold=LEAST,
        k=CANDIDATES,
    )
    rows, queries = (np.array([r.entity for r in records]) for records in sides)
    return Pairs.of(
        np.array(scores, np.float64),
        queries[np.array(query, np.int64)],
        rows[np.array(row, np.int64)],
        search.known,
    )


def _filters(records: list[Record], columns: tuple[str, ...]) -> list[bitarray]:
    lines = [[r.cells.get(column, "") for column in columns] for r in records]
    plan = from_json_dict(schema(columns))
    made: list[bitarray] = clk.generate_clks(
        lines, plan, KEY, validate=False, max_workers=1
    )
    return made
