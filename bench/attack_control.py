"""The positive control: the same attacks on plain filters under no key.

Given names as clkhash would encode them by itself: one field, one filter of bigrams, a
key that everybody has. If the attacks find nothing here, finding nothing elsewhere
proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from clkhash.bloomfilter import blake_encode_ngrams

from bench.attack_claims import of_rows
from bench.attack_data import Listed, Seen, Split, value_of
from bench.attack_methods import attacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bench.attack_data import Value

FIELD = "given"
BITS = 512
HASHES = 10
"""Bits of each token, and of the filter: clkhash's habits for one short field."""

NO_KEY = b""
"""Anybody's key."""


def measure(split: Split) -> dict[str, dict[str, float]]:
    """Attack plain filters with the whole table as the list; figures by method."""
    people = [person for person in split.attacked if FIELD in person.tokens]
    truth = [value_of(person, FIELD) for person in people]
    seen = Seen.of(plain(NO_KEY, truth))
    listed = Listed.counted(people, FIELD, plain)
    scores = attacked(seen, listed, truth, HASHES)
    encoded = plain(NO_KEY, listed.values)
    known = {one.tobytes(): number for number, one in enumerate(encoded)}
    claims = np.array([known.get(one.tobytes(), -1) for one in seen.bits], np.int64)
    scores["dictionary"] = of_rows(seen, listed, claims, truth)
    return {name: one.figures() for name, one in scores.items()}


def plain(key: bytes, values: Sequence[Value]) -> NDArray[np.uint8]:
    """Return clkhash's own filters of some values, ``uint8[values, BITS]``."""
    filters = [
        blake_encode_ngrams(value, [key], [HASHES] * len(value), BITS, "utf-8")
        for value in values
    ]
    packed = np.frombuffer(b"".join(one.tobytes() for one in filters), np.uint8)
    return np.unpackbits(packed.reshape(len(filters), BITS // 8), axis=1)
