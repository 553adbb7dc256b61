"""Tables to attack, and the public list of names that every attacker is given.

One agency's table is split: the first rows are attacked, the following ones are
strangers of the same kind. A list holds a stated share of the attacked people beside
strangers, in all as many as were attacked, with exact spellings: more than a real
attacker has. Values are token sets by field of the scheme, as the node makes them.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.tables import BATCH, BenchError, folder
from childgrid_node.encode import Encoder
from childgrid_node.mapping import Mapping
from childgrid_node.normalise import Normaliser, fields_of, tokens_of
from childgrid_node.normalise.tokens import BLOOM
from childgrid_node.register import Register
from deploy.sample.make import make

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from childgrid_node.normalise import Fields, Tokens
    from childgrid_node.scheme import Scheme

SHARES = (5, 20, 100)
"""How much of the attacked table stands in the list, in per cent."""

SEED = 20_260_601

OWN_KEYS = tuple(bytes([number]) * 32 for number in range(1, 7))
"""Keys that the attacker invents."""

Value = tuple[str, ...]
"""One field's tokens."""


@dataclass(frozen=True)
class Person:
    """One row: its source key, what it says by grid field, and its tokens."""

    key: str
    fields: Fields
    tokens: Tokens


@dataclass(frozen=True)
class Split:
    """The attacked people and as many strangers; ``agency`` is whose table it was."""

    agency: str
    attacked: tuple[Person, ...]
    strangers: tuple[Person, ...]

    def public(self, share: int) -> list[Person]:
        """Return the public list at ``share`` per cent of the attacked people."""
        known = len(self.attacked) * share // 100
        chosen = random.Random(SEED).sample(self.attacked, known)
        return [*chosen, *self.strangers[known:]]


@dataclass(frozen=True)
class Listed:
    """What the attacker's list says of one field.

    ``values`` are distinct, the most frequent first; ``counts`` is ``int64[values]``;
    ``bits`` are the same values as the attacker encodes them under keys of his own,
    side by side, ``uint8[values, keys × bits]`` of 0 and 1: the scheme is public, only
    the key is not, and several keys even out what hashing does to similarities.
    """

    values: tuple[Value, ...]
    counts: NDArray[np.int64]
    bits: NDArray[np.uint8]

    @classmethod
    def of(cls, people: Iterable[Person], field: str, scheme: Scheme) -> Listed:
        """Count a field's values among ``people`` and encode them under the scheme."""

        def encode(key: bytes, values: Sequence[Value]) -> NDArray[np.uint8]:
            tokens = [{field: value} for value in values]
            rows = Encoder(scheme, key, 1).encode_many(tokens)
            return field_bits(scheme, rows, field)

        return cls.counted(people, field, encode)

    @classmethod
    def counted(
        cls,
        people: Iterable[Person],
        field: str,
        encode: Callable[[bytes, Sequence[Value]], NDArray[np.uint8]],
    ) -> Listed:
        """Count a field's values and encode them by ``encode(key, values)``."""
        found = Counter(filter(None, (value_of(person, field) for person in people)))
        values = sorted(found, key=lambda value: (-found[value], value))
        counts = np.array([found[value] for value in values], np.int64)
        bits = np.hstack([encode(key, values) for key in OWN_KEYS])
        return cls(tuple(values), counts, bits)


@dataclass(frozen=True)
class Seen:
    """What an attacker sees of one field of many rows.

    ``bits`` are the distinct filters, ``uint8[n, bits]``; ``counts`` is ``int64[n]``;
    ``rows`` says which filter each row has (-1: the field is empty).
    """

    bits: NDArray[np.uint8]
    counts: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, table: NDArray[np.uint8]) -> Seen:
        """Group equal rows of a table of 0 and 1, ``uint8[rows, bits]``."""
        filled = table.any(axis=1)
        rows = np.full(len(table), -1, np.int64)
        packed = np.packbits(table[filled], axis=1)
        _, first, of, counts = np.unique(
            packed, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        rows[filled] = of.reshape(-1)
        return cls(table[filled][first], counts.astype(np.int64), rows)


def value_of(person: Person, field: str) -> Value:
    """Return a person's tokens of one field, in an order that means nothing."""
    tokens = person.tokens.get(field, ())
    return tuple(sorted(tokens)) if field in BLOOM else tokens


def field_bits(
    scheme: Scheme, rows: NDArray[np.uint64], field: str
) -> NDArray[np.uint8]:
    """Return one field of encodings ``uint64[n, words]`` as ``uint8[n, bits]``."""
    place = scheme.layout[field]
    words = rows[:, place.start : place.stop] & np.uint64(place.mask)
    octets = np.ascontiguousarray(words.astype("<u8")).view(np.uint8)
    return np.unpackbits(octets.reshape(len(rows), 8 * place.words), axis=1)


@contextmanager
def split(given: str | os.PathLike[str] | None, rows: int) -> Iterator[Split]:
    """Yield ``rows`` attacked people and strangers of the table with most fields.

    From ``given`` (or CHILDGRID_DATA), else from the project's own sample.

    Raises:
        BenchError: the folder cannot be read or its tables are too small.
    """
    try:
        where = folder(str(given) if given else None)
    except BenchError:
        if given:
            raise
        with tempfile.TemporaryDirectory() as made:
            make(Path(made), rows=max(3 * rows, 100))
            yield _split(Path(made) / "bench", rows)
        return
    yield _split(where, rows)


def _split(where: Path, rows: int) -> Split:
    mappings = [
        Mapping.read(path) for path in where.glob("*.toml") if path.stem != "queries"
    ]
    mapping = max(mappings, key=lambda one: (len(one.fields), one.agency))
    people = _people(mapping, where, 2 * rows)
    if len(people) < 2 * rows:
        raise BenchError(f"the table has {len(people)} rows; --rows takes half of it")
    attacked, strangers = people[:rows], people[rows : 2 * rows]
    return Split(mapping.agency, tuple(attacked), tuple(strangers))


def _people(mapping: Mapping, where: Path, most: int) -> list[Person]:
    found: list[Person] = []
    normaliser = Normaliser()
    with Register.open(mapping, where) as register:
        for batch in register.rows(BATCH):
            for row in batch:
                tokens = tokens_of(normaliser.person(row.values, mapping))
                found.append(Person(row.key, fields_of(row.values, mapping), tokens))
            if len(found) >= most:
                break
    return found[:most]
