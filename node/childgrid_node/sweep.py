"""Sweeping: the same person asked for again and again with one detail varied.

Whoever guesses a hundred phone numbers for one name would learn the right one from
the answer that differs. So a target remembers, sealed and for 24 hours, what each
officer asked it; a query that shares name or number with earlier ones but is not the
same counts as a variant, and beyond a few variants a day it is not answered. Another
father makes another person of the same name, and so a few more are answered; not as
many as whoever guesses can invent fathers. Nothing is decoded for that: filters are
compared as they are, and nothing of it is logged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from childgrid_node.holdings import Holdings
from childgrid_node.journal import Writing
from childgrid_node.office import Office
from childgrid_node.recent import Asked
from childgrid_node.scheme import Place, Scheme
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.statement import Statement

VARIANTS = 5
"""How many different descriptions of one person an officer may try in a day."""

NAMESAKES = 10
"""How many of one name, whoever their relatives are said to be."""

_DAY = 86_400
_ALIKE = 0.8
_OTHER = 0.5
_NAMES = ("name", "alias")
_COMMON = ("sex", "named_sex", "state", "declared", "aadhaar4", "vehicle4")


def check(
    office: Office, holdings: Holdings, query: Statement, encoding: NDArray[np.uint64]
) -> None:
    """Remember what is asked; refuse where it is one variant too many.

    Whoever answers keeps it in the transaction that keeps the answer: nothing that was
    told is forgotten by a restart, and one sync of the disk is spared.

    Raises:
        Refused: `budget`; the query stays counted.
    """
    mine = Asked(query.hash, office.now, encoding)
    since = office.now - _DAY
    earlier = office.recent.others(
        query.person, mine, since, lambda: _read(office, query.person, since)
    )
    scheme = holdings.scheme
    if (
        variants(scheme, encoding, earlier) >= VARIANTS
        or namesakes(scheme, encoding, earlier) >= NAMESAKES
    ):
        with office.journal.writing() as writing:
            keep(writing, office, query, encoding)
        raise Refused(Reason.BUDGET, "variants of one person")


def keep(
    writing: Writing, office: Office, query: Statement, encoding: NDArray[np.uint64]
) -> None:
    """Write down what was asked, sealed, and forget what is older than a day."""
    if office.recent.forgets(office.now):
        writing.run("DELETE FROM asked WHERE heard < ?", (office.now - _DAY,))
    writing.run(
        "INSERT OR IGNORE INTO asked VALUES (?, ?, ?, ?)",
        (
            query.hash,
            query.person,
            office.now,
            office.journal.vault.close(encoding.astype("<u8").tobytes()),
        ),
    )


def _read(office: Office, person: str, since: int) -> list[Asked]:
    rows = office.journal.rows(
        "SELECT query, heard, sealed FROM asked WHERE person = ? AND heard >= ?",
        (person, since),
    )
    return [
        Asked(name, heard, np.frombuffer(office.journal.vault.open(sealed), "<u8"))
        for name, heard, sealed in rows
    ]


def variants(
    scheme: Scheme, encoding: NDArray[np.uint64], earlier: NDArray[np.uint64]
) -> int:
    """How many different earlier encodings describe the same person otherwise.

    `encoding` is ``uint64[words]``, `earlier` ``uint64[n, words]``.
    """
    return _others(encoding, earlier[alike(scheme, encoding, earlier)])


def namesakes(
    scheme: Scheme, encoding: NDArray[np.uint64], earlier: NDArray[np.uint64]
) -> int:
    """As `variants`, of whoever has the name, even as another one's child."""
    return _others(encoding, earlier[_named(scheme, encoding, earlier)])


def _others(encoding: NDArray[np.uint64], near: NDArray[np.uint64]) -> int:
    return len({one.tobytes() for one in near} - {encoding.tobytes()})


def alike(
    scheme: Scheme, one: NDArray[np.uint64], others: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    """Which encodings share a name or a number that tells people apart.

    `one` is ``uint64[words]``, `others` ``uint64[n, words]``; returns ``bool[n]``.
    """
    places = scheme.layout.places
    named = _named(scheme, one, others)
    named &= ~_differs(one, others, places["relative"])
    for tag in scheme.tags:
        if tag.name not in _COMMON and _part(one, places[tag.name]).any():
            named |= _share(one, others, places[tag.name])
    return named


def _named(
    scheme: Scheme, one: NDArray[np.uint64], others: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    """Which encodings share a name."""
    places = scheme.layout.places
    named = np.zeros(len(others), np.bool_)
    for name in _NAMES:
        if not _part(one, places[name]).any():
            continue
        named |= _dice(one, others, places[name]) >= _ALIKE
    return named


def _differs(
    one: NDArray[np.uint64], others: NDArray[np.uint64], place: Place
) -> NDArray[np.bool_]:
    """Where a field stands on both sides and is plainly another."""
    both = _part(one, place).any() & _part(others, place).any(axis=1)
    differing: NDArray[np.bool_] = both & (_dice(one, others, place) < _OTHER)
    return differing


def _share(
    one: NDArray[np.uint64], others: NDArray[np.uint64], place: Place
) -> NDArray[np.bool_]:
    """Where one tag at least stands on both sides."""
    mask = np.uint64(place.mask)
    words = _part(one, place) & mask
    sought, theirs = words[words != 0], _part(others, place) & mask
    found: NDArray[np.bool_] = (theirs[:, :, None] == sought).any(axis=(1, 2))
    return found


def _dice(
    one: NDArray[np.uint64], others: NDArray[np.uint64], place: Place
) -> NDArray[np.float64]:
    a, b = _part(one, place), _part(others, place)
    filled = np.bitwise_count(a).sum() + np.bitwise_count(b).sum(axis=1, dtype=np.int64)
    shared = np.bitwise_count(a & b).sum(axis=1, dtype=np.int64)
    dice: NDArray[np.float64] = 2 * shared / np.maximum(filled, 1)
    return dice


def _part(encodings: NDArray[np.uint64], place: Place) -> NDArray[np.uint64]:
    return encodings[..., place.start : place.stop]
