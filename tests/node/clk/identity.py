"""The same schemas, secrets and rows through clkhash and through us."""

from __future__ import annotations

import random
from collections import Counter
from copy import deepcopy
from typing import Any

import documents
from clkhash import bloomfilter, clk
from clkhash import schema as oracle
from documents import Document

from childgrid_node.clk import Encoder, Schema
from childgrid_node.clk.schema_parse import parse


def theirs(document: Document, rows: list[list[str]], secret: bytes | str) -> list[Any]:
    """What clkhash makes of the rows, as bitarrays."""
    made = oracle.from_json_dict(deepcopy(document))
    found: list[Any] = clk.generate_clks(rows, made, secret, max_workers=1)
    for cache in (
        bloomfilter.blake_hash_token,
        bloomfilter._blake_encode_ngrams,
        bloomfilter._double_hash_encode_ngrams,
        bloomfilter._double_hash_token,
        bloomfilter._double_hash_token_non_singular,
    ):
        cache.cache_clear()
    return found
