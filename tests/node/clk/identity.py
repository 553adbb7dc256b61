"""The same schemas, secrets and rows through clkhash and through us.

`soak` is the long version; the short one is in `test_identity`.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from copy import deepcopy
from typing import Any

from clkhash import bloomfilter, clk
from clkhash import schema as oracle

from childgrid_node.clk import Encoded, Encoder, Schema
from childgrid_node.clk.schema import Folds
from node.clk.documents import SCRIPTS, Document, document, rows

CACHES = (
    bloomfilter.blake_hash_token,
    bloomfilter._blake_encode_ngrams,
    bloomfilter._double_hash_encode_ngrams,
    bloomfilter._double_hash_token,
    bloomfilter._double_hash_token_non_singular,
)


def theirs(made: Document, table: list[list[str]], secret: bytes | str) -> list[Any]:
    """What clkhash makes of the rows, as bitarrays; its caches are left empty."""
    schema = oracle.from_json_dict(deepcopy(made))
    found: list[Any] = []
    for first in range(0, len(table), 9_999):
        part = table[first : first + 9_999]
        found += clk.generate_clks(part, schema, secret, max_workers=1)
    forget()
    return found


def forget() -> None:
    """Empty clkhash's caches of tokens and keys."""
    for cache in CACHES:
        cache.cache_clear()


def ours(
    schema: Schema, table: list[list[str]], secret: bytes | str, threads: int = 1
) -> Encoded:
    """What we make of the rows."""
    columns = [list(column) for column in zip(*table, strict=True)]
    with Encoder(schema, secret, threads) as encoder:
        return encoder.encode(columns)


def for_clkhash(made: Document) -> Document:
    """The schema with its folds under the only key that clkhash reads."""
    made = deepcopy(made)
    config = made["clkConfig"]
    if "xorFolds" in config:
        config["xor_folds"] = config.pop("xorFolds")
    return made


def compare(rng: random.Random, records: int, found: Counter[str]) -> None:
    """One random schema and secret, and that many rows; count bits that differ."""
    made = document(rng)
    table = rows(rng, made, records)
    secret: bytes | str = rng.choice([rng.randbytes(24), "राज़ की बात", "secret"])
    silent = rng.random() < 0.3
    folds: Folds = "clkhash" if silent else "declared"
    schema = Schema.parse(json.dumps(made), folds=folds)
    right = theirs(made if silent else for_clkhash(made), table, secret)
    mine = ours(schema, table, secret)
    for one, other in zip(right, mine.bitarrays(), strict=True):
        found["set_bits"] += one.count()
        found["differing_bits"] += (one ^ other).count()
    found["records"] += records
    found["faults"] += mine.faults.rows
    found["folded"] += schema.folds > 0
    found[f"version_{made['version']}"] += 1


def soak(schemas: int, records: int, seed: int) -> dict[str, Any]:
    """Compare that many records in all, spread over that many random schemas.

    `failures` is the number of differing bits, of rows that we alone refuse, and of
    schemas that gave no bit at all; 0 is the only good answer.
    """
    rng = random.Random(seed)
    found: Counter[str] = Counter()
    for at in range(schemas):
        part = records // schemas + (at < records % schemas)
        compare(rng, part, found)
    counts = {name: found[name] for name in ("differing_bits", "faults")}
    return {
        "schemas": schemas,
        "scripts": len(SCRIPTS),
        **found,
        **counts,
        "failures": sum(counts.values()) + (not found["set_bits"]),
    }
