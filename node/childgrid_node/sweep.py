"""Sweeping: the same person asked for again and again with one detail varied.

Whoever guesses a hundred phone numbers for one name would learn the right one from
the answer that differs. So a target remembers, sealed and for 24 hours, what each
officer asked it; a query that shares name or number with earlier ones but is not the
same counts as a variant, and beyond a few variants a day it is not answered. Nothing
is decoded for that: filters are compared as they are, and nothing of it is logged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from childgrid_node.holdings import Holdings
from childgrid_node.office import Office
from childgrid_node.scheme import Place, Scheme
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.statement import Statement

VARIANTS = 5
"""How many different descriptions of one person an officer may try in a day."""

_DAY = 86_400
_ALIKE = 0.8
_OTHER = 0.5
_NAMES = ("name", "alias")
_COMMON = ("sex", "state", "aadhaar4", "vehicle4")


def check(
    office: Office, holdings: Holdings, query: Statement, encoding: NDArray[np.uint64]
) -> None:
    """Remember what is asked; refuse where it is one variant too many.

    Raises:
        Refused: `budget`; the query stays counted.
    """
    day_ago = office.now - _DAY
    with office.journal.writing() as writing:
        writing.run("DELETE FROM asked WHERE heard < ?", (day_ago,))
        rows = writing.rows(
            "SELECT query, sealed FROM asked WHERE person = ?", (query.person,)
        )
        writing.run(
            "INSERT OR IGNORE INTO asked VALUES (?, ?, ?, ?)",
            (
                query.hash,
                query.person,
                office.now,
                office.journal.vault.close(encoding.astype("<u8").tobytes()),
            ),
        )
    earlier = [
        np.frombuffer(office.journal.vault.open(sealed), "<u8").astype(np.uint64)
        for name, sealed in rows
        if name != query.hash
    ]
    if variants(holdings.scheme, encoding, earlier) >= VARIANTS:
        raise Refused(Reason.BUDGET, "variants of one person")


def variants(
    scheme: Scheme, encoding: NDArray[np.uint64], earlier: list[NDArray[np.uint64]]
) -> int:
    """How many different earlier encodings describe the same person otherwise."""
    different = {
        other.tobytes()
        for other in earlier
        if other.shape == encoding.shape
        and not np.array_equal(other, encoding)
        and alike(scheme, encoding, other)
    }
    return len(different)


def alike(scheme: Scheme, one: NDArray[np.uint64], other: NDArray[np.uint64]) -> bool:
    """Whether two encodings share a name or a number that tells people apart."""
    places = scheme.layout.places
    named = any(_dice(one, other, places[name]) >= _ALIKE for name in _NAMES)
    if named and not _differs(one, other, places["relative"]):
        return True
    return any(
        bool(np.intersect1d(_words(one, place), _words(other, place)).size)
        for tag in scheme.tags
        if tag.name not in _COMMON
        for place in (places[tag.name],)
    )


def _differs(one: NDArray[np.uint64], other: NDArray[np.uint64], place: Place) -> bool:
    """Whether a field stands on both sides and is plainly another."""
    both = _words(one, place).size and _words(other, place).size
    return bool(both) and _dice(one, other, place) < _OTHER


def _words(encoding: NDArray[np.uint64], place: Place) -> NDArray[np.uint64]:
    words = encoding[place.start : place.stop]
    kept: NDArray[np.uint64] = words[words != 0]
    return kept


def _dice(one: NDArray[np.uint64], other: NDArray[np.uint64], place: Place) -> float:
    a, b = one[place.start : place.stop], other[place.start : place.stop]
    filled = int(np.bitwise_count(a).sum() + np.bitwise_count(b).sum())
    return 2 * int(np.bitwise_count(a & b).sum()) / filled if filled else 0.0
