"""A CSV file as batches of columns.

A row with another number of cells than the schema has features is a fault of that row
and keeps its place. Bytes that are not UTF-8 become lone surrogates, which no encoding
can write: a fault of that cell, if its column is encoded.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from childgrid_node.clk.errors import TableInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from childgrid_node.clk.schema import Schema

BATCH_ROWS = 2**16


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of a file.

    Attributes:
        rows: how many, faulty ones included.
        columns: the sound rows' cells by column.
        torn: rows of the batch, from 0, that have the wrong number of cells.
    """

    rows: int
    columns: list[Sequence[str]]
    torn: list[int]


def batches(
    path: Path, schema: Schema, *, header: bool = True, size: int = BATCH_ROWS
) -> Iterator[Batch]:
    """Read a comma-separated file in UTF-8, ``size`` rows at a time.

    Args:
        path: the file.
        schema: its features are the columns, in order.
        header: whether the first row names the columns, which must then be the
            schema's identifiers.
        size: rows in a batch.

    Raises:
        TableInvalid: the file cannot be read, or its header is not the schema's.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as f:
            rows = _rows(csv.reader(f))
            if header:
                _check_header(next(rows, []), schema)
            while part := list(islice(rows, size)):
                yield _batch(part, len(schema.features))
    except OSError as error:
        reason = f"{path.name} cannot be read ({error.strerror})"
        raise TableInvalid(reason) from None


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield rows; one that the CSV reader cannot take comes without cells."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield []


def _batch(part: list[list[str]], width: int) -> Batch:
    torn = [at for at, row in enumerate(part) if len(row) != width]
    sound = [row for row in part if len(row) == width] if torn else part
    columns: list[Sequence[str]] = list(zip(*sound, strict=True))
    return Batch(len(part), columns or [()] * width, torn)


def _check_header(names: list[str], schema: Schema) -> None:
    wanted = schema.identifiers
    if len(names) != len(wanted):
        raise TableInvalid(
            f"the header has {len(names)} columns but the schema {len(wanted)}; give "
            "every column, in the schema's order"
        )
    for at, (name, identifier) in enumerate(zip(names, wanted, strict=True), 1):
        if name != identifier:
            raise TableInvalid(
                f"column {at} must be named {identifier!r} as in the schema; keys "
                "belong to places, so the order counts"
            )
