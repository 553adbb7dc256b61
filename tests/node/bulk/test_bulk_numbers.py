"""Columns of numbers as clerks write them give the rows that one at a time gives."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np

from childgrid_node.bulk import BatchEncoder
from childgrid_node.encode import Encoder
from childgrid_node.mapping import Mapping
from childgrid_node.normalise import Normaliser, numbers, tokens_of
from childgrid_node.scheme import Scheme

GOLDEN = Path(__file__).parent.with_name("golden_numbers.csv")
FIELDS = (*sorted(set(numbers.READERS) - {"aadhaar4", "vehicle4"}), "sex")
MAPPING = Mapping.parse(
    "\n".join(
        [
            'agency = "numbers"\nsource = "numbers.csv"\nkey = "id"\n[fields]',
            *(f'{field} = "{field}"' for field in FIELDS),
            'identifier = { type = "type", number = "written" }',
        ]
    )
)


def test_every_golden_writing_is_read_alike_in_its_column() -> None:
    """Each writing stands once in the column of every field, and typed beside it."""
    with GOLDEN.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    cells = [row[side] for row in rows for side in ("left", "right")]
    types = [row["field"] for row in rows for _ in range(2)]
    columns = dict.fromkeys(FIELDS, cells) | {"type": types, "written": cells}
    encoder = Encoder(
        Scheme.load("childgrid-2"), hashlib.sha256(b"numbers").digest(), 1
    )
    found = BatchEncoder(encoder, MAPPING).encode(columns, len(cells))

    assert not found.faults
    for at, row in enumerate(found.encodings):
        values = {name: column[at] for name, column in columns.items()}
        person = Normaliser().person(values, MAPPING)
        assert np.array_equal(row, encoder.encode(tokens_of(person))), cells[at]


def test_a_typed_name_keeps_its_platform_in_a_column_too() -> None:
    """The same name on two platforms is two, whichever way it is read."""
    columns = {
        "type": ["Instagram", "Telegram", "Instagram id"],
        "written": ["zo_rider", "zo_rider", "@zo_rider"],
    }
    encoder = Encoder(
        Scheme.load("childgrid-2"), hashlib.sha256(b"numbers").digest(), 1
    )
    one, other, again = BatchEncoder(encoder, MAPPING).encode(columns, 3).encodings

    assert one.any()
    assert not np.array_equal(one, other)
    assert np.array_equal(one, again)
