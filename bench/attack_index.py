"""Attacks on an index file: as it is written, and decrypted but without linkage key.

The file is the node's own. As written, its payload is taken for the rows that the
public format says lie there. Decrypted (an operator who keeps it in the clear on a
disk whose encryption failed, or whose index key was stolen too), every field is
attacked by every method.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.attack_data import Listed, Seen, Split, field_bits, value_of
from bench.attack_methods import attacked
from bench.tables import BENCH_KEY
from childgrid_node.encode import Encoder
from childgrid_node.index import Block, Index, Origin
from childgrid_node.index_file import FRAME_HEAD, HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.attack_claims import Score
    from childgrid_node.scheme import Scheme

INDEX_KEY = b"\x55" * 32
FEWEST = 20
"""Rows in which a field must be filled to be attacked."""


@dataclass(frozen=True)
class Stolen:
    """The rows that a thief takes the file to hold, and those that it does hold."""

    written: NDArray[np.uint64]
    decrypted: NDArray[np.uint64]


def stolen(split: Split, scheme: Scheme, path: Path) -> Stolen:
    """Write an index of the attacked people and read it as a thief would."""
    encoder = Encoder(scheme, BENCH_KEY, 1)
    people = split.attacked
    block = Block(
        [person.key for person in people],
        encoder.encode_many([person.tokens for person in people]),
        np.zeros(len(people), np.uint8),
    )
    header = Index.build(
        path,
        [block],
        scheme=scheme,
        epoch=1,
        key_check=encoder.key_check,
        origin=Origin(split.agency, "police-record", 0, 0),
        index_key=INDEX_KEY,
    )
    index = Index.open(
        path, scheme=scheme, epoch=1, key_check=encoder.key_check, index_key=INDEX_KEY
    )
    start = HEAD_BYTES + FRAME_HEAD.size
    payload = path.read_bytes()[start : start + 8 * header.rows * header.words]
    written = np.frombuffer(payload, "<u8").reshape(header.rows, header.words)
    decrypted = np.concatenate([segment.rows for segment in index.segments])
    return Stolen(written.astype(np.uint64), decrypted.astype(np.uint64))


def fields(scheme: Scheme) -> dict[str, int]:
    """Every field and tag with its hash count (0 for a tag)."""
    blooms = {field.name: field.hashes for field in scheme.fields}
    return blooms | {tag.name: 0 for tag in scheme.tags}


def attack(
    rows: NDArray[np.uint64],
    split: Split,
    share: int,
    scheme: Scheme,
    only: Sequence[str] = (),
) -> dict[str, dict[str, Score]]:
    """Attack every field (or some) of rows against one list, by field and method."""
    people = split.attacked
    listed = split.public(share)
    found: dict[str, dict[str, Score]] = {}
    for field, hashes in fields(scheme).items():
        truth = [value_of(person, field) for person in people]
        if (only and field not in only) or sum(map(bool, truth)) < FEWEST:
            continue
        seen = Seen.of(field_bits(scheme, rows, field))
        known = Listed.of(listed, field, scheme)
        found[field] = attacked(seen, known, truth, hashes)
    return found


def covered(split: Split, share: int, field: str) -> float:
    """The share of attacked rows whose value stands in the list: what can be named."""
    listed = {value_of(person, field) for person in split.public(share)}
    values = [value_of(person, field) for person in split.attacked]
    filled = [value for value in values if value]
    return round(sum(value in listed for value in filled) / max(len(filled), 1), 4)
