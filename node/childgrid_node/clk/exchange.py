"""A CSV file and a secret in, anonlink's JSON out, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.clk.encoded import Encoded, Faults
from childgrid_node.clk.encoder import Encoder
from childgrid_node.clk.errors import SecretInvalid
from childgrid_node.clk.export import write_json
from childgrid_node.clk.formats import Fault
from childgrid_node.clk.table import Batch, batches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from childgrid_node.clk.schema import Schema


def read_secret(path: Path) -> bytes:
    """Return the secret in a file, without the line end that editors add.

    Raises:
        SecretInvalid: the file cannot be read or is empty.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = f"{path.name} cannot be read ({error.strerror})"
        raise SecretInvalid(reason) from None
    secret = raw.removesuffix(b"\n").removesuffix(b"\r")
    if not secret:
        raise SecretInvalid(f"{path.name} holds no secret; write one line into it")
    return secret


def encode_file(
    schema: Schema, source: Path, out: Path, secret: bytes, *, header: bool = True
) -> tuple[int, Faults]:
    """Encode a CSV file; return its rows and the faults, by row from 0.

    Every row of the file has an encoding at its place; that of a faulty one is empty.

    Raises:
        SecretInvalid: the secret is empty.
        TableInvalid: the file cannot be read, its header is not the schema's, or the
            result cannot be written.
    """
    faults = Faults()

    def parts() -> Iterator[Encoded]:
        first = 0
        for batch in batches(source, schema, header=header):
            part = encode_batch(encoder, batch)
            faults.merge(part.faults, first)
            first += len(part)
            yield part

    with Encoder(schema, secret) as encoder:
        return write_json(out, parts()), faults


def encode_batch(encoder: Encoder, batch: Batch) -> Encoded:
    """Encode a batch; rows that are torn get an empty encoding and a fault."""
    encoded = encoder.encode(batch.columns)
    if not batch.torn:
        return encoded
    sound = np.ones(batch.rows, np.bool_)
    sound[batch.torn] = False
    words = np.zeros((batch.rows, encoded.words.shape[1]), np.uint64)
    words[sound] = encoded.words
    faults = Faults(encoded.faults.rows + len(batch.torn), encoded.faults.counts)
    faults.counts["", Fault.CELLS] += len(batch.torn)
    places = np.flatnonzero(sound)
    listed = [
        (int(places[row]), name, kind) for row, name, kind in encoded.faults.listed
    ]
    listed += [(row, "", Fault.CELLS) for row in batch.torn]
    faults.listed = sorted(listed, key=lambda one: one[0])
    return Encoded(words, encoded.bits, faults)
