"""Hardening, measured against an attacker who clusters first, on the given name.

Salting by birth decade: each decade's names are hashed under another key. An attacker
who does not know sees many more filters; one who clusters finds the decade of a row
by the filters beside the name (birth year, date), and attacks decade by decade.
Random flips (BLIP, Schnell and Borgs 2016): an attacker who clusters puts filters
that are nearly alike together again and lets them vote.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from bench import attack_graph
from bench.attack_claims import Score, of_rows
from bench.attack_data import Listed, Seen, Split, field_bits, value_of
from bench.tables import BENCH_KEY
from childgrid_node.encode import Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bench.attack_data import Person
    from childgrid_node.scheme import Scheme

FIELD = "given"
FLIPPED = 0.05
ALIKE = 0.6
"""Correlation of bits above which two flipped filters are taken for one name."""

SEED = 7


def measure(split: Split, share: int, scheme: Scheme) -> dict[str, Score]:
    """Return what graph matching finds under each hardening."""
    people = [p for p in split.attacked if FIELD in p.tokens and "yob" in p.tokens]
    known = [p for p in split.public(share) if FIELD in p.tokens]
    plain = _bits(people, scheme, [0] * len(people))
    salted = _bits(people, scheme, [decade(person) for person in people])
    flips = np.random.default_rng(SEED).random(plain.shape) < FLIPPED
    blip = plain ^ flips.astype(np.uint8)
    return {
        "none": _found(Seen.of(plain), people, known, scheme),
        "decade, unaware": _found(Seen.of(salted), people, known, scheme),
        "decade, clusters": _by_decade(salted, people, known, scheme),
        "blip, unaware": _found(Seen.of(blip), people, known, scheme),
        "blip, clusters": _found(clustered(blip), people, known, scheme),
    }


def decade(person: Person) -> int:
    """The decade in the middle of the years that a person may be born in; 0: none."""
    years = sorted(person.tokens.get("yob", ()))
    return int(years[len(years) // 2]) // 10 if years else 0


def _bits(
    people: Sequence[Person], scheme: Scheme, salts: Sequence[int]
) -> NDArray[np.uint8]:
    encoders = {salt: Encoder(scheme, BENCH_KEY, salt) for salt in set(salts)}
    rows = [
        encoders[salt].encode({FIELD: person.tokens[FIELD]})
        for person, salt in zip(people, salts, strict=True)
    ]
    return field_bits(scheme, np.stack(rows), FIELD)


def _found(
    seen: Seen, people: Sequence[Person], known: Sequence[Person], scheme: Scheme
) -> Score:
    listed = Listed.of(known, FIELD, scheme)
    claims = attack_graph.attack(seen, listed)
    return of_rows(seen, listed, claims, [value_of(one, FIELD) for one in people])


def _by_decade(
    bits: NDArray[np.uint8],
    people: Sequence[Person],
    known: Sequence[Person],
    scheme: Scheme,
) -> Score:
    """Attack each decade with those of the list who were born in it."""
    parts: dict[int, list[int]] = defaultdict(list)
    for row, person in enumerate(people):
        parts[decade(person)].append(row)
    made = []
    for born, rows in parts.items():
        of_age = [person for person in known if decade(person) == born]
        if len(rows) > 2 and len(of_age) > 2:
            own = [people[row] for row in rows]
            made.append(_found(Seen.of(bits[rows]), own, of_age, scheme))
    right, luck = sum(one.right for one in made), sum(one.luck for one in made)
    return Score(len(people), right, luck)


def clustered(bits: NDArray[np.uint8]) -> Seen:
    """Put flipped filters that are nearly alike together; each bit by majority."""
    table = bits - bits.mean(axis=1, keepdims=True)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    alike = table @ table.T
    rows = np.full(len(bits), -1, np.int64)
    voted: list[NDArray[np.uint8]] = []
    for row in np.argsort(-(alike > ALIKE).sum(axis=1)):
        if rows[row] < 0:
            own = np.flatnonzero((alike[row] > ALIKE) & (rows < 0))
            rows[own] = len(voted)
            voted.append((bits[own].mean(axis=0) > 0.5).astype(np.uint8))
    counts = np.bincount(rows, minlength=len(voted))
    return Seen(np.stack(voted), counts.astype(np.int64), rows)
