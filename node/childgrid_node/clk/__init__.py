"""Record-level encodings for partners who use clkhash, bit for bit, and search in them.

A table becomes a file of CLKs (``exchange``, ``export``); of such a file (``load``)
``search`` gives the rows that are most like those of another, by Dice and exactly.
The grid itself never uses these; see ``childgrid_node.encode`` for its own encodings.
"""

from __future__ import annotations

from childgrid_node.clk.encoded import Encoded, Faults
from childgrid_node.clk.encoder import Encoder
from childgrid_node.clk.errors import (
    ClkError,
    ClksInvalid,
    SchemaInvalid,
    SecretInvalid,
    TableInvalid,
)
from childgrid_node.clk.formats import Fault
from childgrid_node.clk.schema import Schema

__all__ = [
    "ClkError",
    "ClksInvalid",
    "Encoded",
    "Encoder",
    "Fault",
    "Faults",
    "Schema",
    "SchemaInvalid",
    "SecretInvalid",
    "TableInvalid",
]
