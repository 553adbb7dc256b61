"""The quorum rule, compared with every way in which a two-faced log could be helped."""

from __future__ import annotations

from itertools import product

import pytest

from childgrid_log.errors import QuorumRefused
from childgrid_log.quorum import Quorum


def can_split(n: int, q: int, f: int) -> bool:
    """Try every face that a log could show to each honest witness.

    Dishonest witnesses cosign both faces; an honest one cosigns the face it saw.
    """
    for faces in product("AB", repeat=n - f):
        if all(faces.count(face) + f >= q for face in "AB"):
            return True
    return False


def can_halt(n: int, q: int, f: int) -> bool:
    """Say whether f silent witnesses leave fewer than q."""
    return len(range(n)[f:]) < q


def accepted(n: int, q: int, f: int) -> bool:
    """Say whether the rule accepts."""
    try:
        Quorum(n, q, f)
    except QuorumRefused:
        return False
    return True


CASES = [(n, q, f) for n in range(1, 10) for q in range(1, n + 1) for f in range(n + 1)]


@pytest.mark.parametrize("n", range(1, 10))
@pytest.mark.threat("T10")
def test_a_split_is_possible_exactly_when_the_rule_says(n: int) -> None:
    """Simulating the two-faced log agrees with 2q − n > f for every q and f."""
    for _, q, f in (case for case in CASES if case[0] == n):
        assert can_split(n, q, f) is (2 * q - n <= f)


@pytest.mark.parametrize("n", range(1, 10))
def test_accepted_quorums_are_those_that_neither_split_nor_halt(n: int) -> None:
    """A quorum is accepted if and only if no enemy of f witnesses can do harm."""
    for _, q, f in (case for case in CASES if case[0] == n):
        harmless = not can_split(n, q, f) and not can_halt(n, q, f)
        assert accepted(n, q, f) is harmless


def test_every_accepted_quorum_has_enough_witnesses() -> None:
    """The rule implies n ≥ 3f + 1, and the five-witness grid passes."""
    assert all(n >= 3 * f + 1 for n, q, f in CASES if accepted(n, q, f))
    assert accepted(5, 4, 1)


def test_the_refusal_names_the_inequality_and_its_numbers() -> None:
    """A reader learns which side fails and what to change."""
    with pytest.raises(QuorumRefused, match=r"q ≤ n − f fails: 5 > 5 − 1 = 4.*lower q"):
        Quorum(5, 5, 1)
    with pytest.raises(
        QuorumRefused, match=r"2q − n > f fails: 2·3 − 5 = 1 ≤ 1.*raise q"
    ):
        Quorum(5, 3, 1)
    for n, q, f in ((0, 1, 0), (1, 0, 0), (3, 2, -1)):
        with pytest.raises(QuorumRefused, match="start at"):
            Quorum(n, q, f)
