"""What a node learns from the queries that it receives: it has the linkage key.

It can encode any name and compare (a dictionary), it can try every pair of letters
without any list, and its own scan names the row that matches. Nothing here is meant to
be zero; it is measured so that nobody can think that it is.
"""

from __future__ import annotations

from itertools import product
from string import ascii_lowercase
from typing import TYPE_CHECKING

from bench.attack_claims import Score
from bench.attack_data import field_bits, value_of
from childgrid_node.normalise.words import GENERIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.attack_cases import Cases
    from bench.attack_data import Person, Split

FIELDS = ("name", "given", "relative", "phone")
LETTERS = f"_{ascii_lowercase}"


def dictionary(cases: Cases, split: Split, share: int) -> dict[str, Score]:
    """Name each query's field by looking its filter up among encoded listed values."""
    return {field: _looked_up(cases, split.public(share), field) for field in FIELDS}


def _looked_up(cases: Cases, people: Iterable[Person], field: str) -> Score:
    values = {value_of(person, field) for person in people} - {()}
    tokens = [{field: value} for value in values]
    scheme = cases.encoder.scheme
    bits = field_bits(scheme, cases.encoder.encode_many(tokens), field)
    known = {one.tobytes(): value for one, value in zip(bits, values, strict=True)}
    cases.encoder.clear()
    targets = right = 0
    for asked in cases.asked:
        for encoding in asked.received.values():
            if truth := value_of(asked.person, field):
                targets += 1
                seen = field_bits(scheme, encoding[None, :], field)[0]
                right += known.get(seen.tobytes()) == truth
    return Score(targets, right, 0)


def pairs_of_letters(cases: Cases) -> Score:
    """Read the whole name's tokens off its filter without any list of names."""
    encoder = cases.encoder
    tokens = ["".join(pair) for pair in product(LETTERS, LETTERS)]
    tokens += [f"={word}" for word in sorted(GENERIC)]
    bits = field_bits(
        encoder.scheme,
        encoder.encode_many([{"name": (one,)} for one in tokens]),
        "name",
    ).astype(bool)
    encoder.clear()
    targets = right = 0
    for asked in cases.asked:
        for encoding in asked.received.values():
            seen = field_bits(encoder.scheme, encoding[None, :], "name")[0].astype(bool)
            inside = (bits <= seen).all(axis=1)
            found = {one for one, there in zip(tokens, inside, strict=True) if there}
            targets += 1
            right += found == set(value_of(asked.person, "name"))
    return Score(targets, right, 0)


def own_scan(cases: Cases) -> Score:
    """Whether the row that the scan put first is the sought person's, where held."""
    targets = right = 0
    for asked in cases.asked:
        for holder, keys in cases.registers.items():
            if asked.person.key in keys:
                targets += 1
                right += asked.named.get(holder) == asked.person.key
    return Score(targets, right, 0)
