"""Rehearsals: what every node answers them from, which is nobody who lives.

A query that says `rehearsal` is judged, logged and counted like any other and is then
scored against the people below, whom every node knows, and against no register. So a
member on probation can show that it encodes, asks and answers as all others do, and
learns nothing of anybody. Nothing can be requested on such an answer (`rules`).

The people are invented: their names mean `practice`, `sample`, `test` and `trial`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from childgrid_node import normalise
from childgrid_node.guard import Guard
from childgrid_node.index import Block, Index, Origin
from childgrid_node.normalise import Tokens
from childgrid_node.scheme import Scheme

CATEGORY = "identity"
SOURCE = "rehearsal"
"""What a candidate says of where it is from; no mapping file has this name."""

PEOPLE: Sequence[Mapping[str, Sequence[str]]] = (
    {
        "name": ["Abhyas Kumar Namuna"],
        "relative": ["Pareeksha Lal Namuna"],
        "birth_date": ["29-02-1980"],
        "sex": ["M"],
        "district": ["Purulia"],
        "state": ["West Bengal"],
    },
    {
        "name": ["Namuna Devi Parikshan"],
        "relative": ["Udaharan Singh Parikshan"],
        "birth_date": ["31-10-1975"],
        "sex": ["F"],
        "district": ["Gaya"],
        "state": ["Bihar"],
    },
    {
        "name": ["மாதிரி சோதனை"],
        "relative": ["பயிற்சி சோதனை"],
        "birth_date": ["30-06-1988"],
        "sex": ["F"],
        "district": ["Madurai"],
        "state": ["Tamil Nadu"],
    },
    {
        "name": ["Prayog Udaharan"],
        "relative": ["Namuna Udaharan"],
        "birth_date": ["17-03-1969"],
        "sex": ["M"],
        "district": ["Latur"],
        "state": ["Maharashtra"],
    },
)
"""The people of every rehearsal; who is sought by these fields is found."""


def people(
    scheme: Scheme, encode: Callable[[Tokens], NDArray[np.uint64]], as_of: int
) -> Index:
    """The people of rehearsals in memory, as `encode` encodes them now."""
    rows = np.stack([encode(_tokens(one)) for one in PEOPLE])
    keys = [str(number) for number in range(1, len(rows) + 1)]
    guards = np.full(len(rows), Guard.ADULT_SUSPECT, np.uint8)
    origin = Origin(SOURCE, CATEGORY, as_of, as_of)
    return Index.of(scheme, origin, [Block(keys, rows, guards)])


def _tokens(known: Mapping[str, Sequence[str]]) -> Tokens:
    fields = {name: list(some) for name, some in known.items()}
    return normalise.tokens_of(normalise.from_fields(fields))
