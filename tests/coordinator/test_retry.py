"""When unreachable nodes are asked again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from childgrid_coordinator.retry import Retries


@given(st.integers(1, 2_000), st.floats(0.1, 10), st.floats(10, 1_000))
def test_waits_double_up_to_a_longest_one(
    attempts: int, first: float, most: float
) -> None:
    """Never sooner than the first wait, never later than the longest."""
    retries = Retries(first, most)
    retries.failed("q", "prisons", attempts, now=0.0)
    at = retries.next()
    assert at is not None
    assert first <= at <= most
    if first * 2 ** min(attempts - 1, 20) <= most:
        assert at == first * 2 ** (attempts - 1)


def test_who_was_taken_is_not_asked_twice() -> None:
    """What is due is handed out once; the rest waits."""
    retries = Retries(1.0, 60.0)
    retries.failed("q", "prisons", 1, now=0.0)
    retries.failed("q", "wards", 3, now=0.0)
    assert retries.take(0.5) == {}
    assert retries.take(1.0) == {"q": ["prisons"]}
    assert retries.take(1.0) == {}
    assert retries.next() == 4.0


def test_a_node_that_was_heard_of_is_asked_sooner_but_never_flooded() -> None:
    """However often it calls, the first wait stays."""
    retries = Retries(1.0, 60.0)
    retries.failed("q", "prisons", 6, now=10.0)
    assert retries.hasten("wards", 10.0) is False
    assert retries.hasten("prisons", 10.0) is True
    assert retries.hasten("prisons", 10.5) is False
    assert retries.next() == 11.0


def test_a_node_that_waits_for_its_mail_is_not_given_up() -> None:
    """It called a moment ago and calls again in half a minute: its door may be open."""
    retries = Retries(1.0, 60.0)
    retries.hasten("prisons", 10.0)
    retries.failed("q", "prisons", 6, now=39.0)
    assert retries.next() == 40.0
    retries.failed("q", "prisons", 6, now=41.0)
    assert retries.next() == 73.0
