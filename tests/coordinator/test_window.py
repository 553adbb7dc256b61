"""How many questions of one asker are before one target, and which follows."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_coordinator.window import Window

questions = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["customs", "prisons"])),
    max_size=40,
)


@pytest.mark.threat("T14")
def test_a_flood_is_held_and_anothers_question_goes_out() -> None:
    """Beyond the window a question waits; another asker's, or target's, does not."""
    window = Window(2)
    assert [window.enter(one, "customs", "raiders") for one in "abc"] == [1, 1, 0]
    assert window.enter("p", "customs", "police")
    assert window.enter("c", "prisons", "raiders")


def test_who_waits_goes_out_in_order_as_places_get_free() -> None:
    """Each end lets one out; what is out or waits is not taken in twice."""
    window = Window(1)
    assert [window.enter(one, "customs", "police") for one in "abc"] == [1, 0, 0]
    assert not window.enter("b", "customs", "police")
    assert window.leave("a", "customs") == "b"
    assert not window.enter("b", "customs", "police")
    assert [window.leave(one, "customs") for one in "bc"] == ["c", None]
    assert window.enter("b", "customs", "police")


@given(questions, st.integers(1, 3))
def test_every_question_goes_out_once_and_never_too_many(
    asked: list[tuple[str, str]], most: int
) -> None:
    """At most so many of an asker at a target; a query knows how many it has out."""
    window, out, done = Window(most), [], Counter[tuple[str, str]]()
    wanted = {(f"{asker}{n}", at): asker for n, (asker, at) in enumerate(asked)}
    out = [key for key, asker in wanted.items() if window.enter(*key, asker)]
    while out:
        places = Counter((at, wanted[query, at]) for query, at in out)
        assert max(places.values()) <= most
        assert all(window.out(query) == 1 for query, _ in out)
        query, at = out.pop(0)
        done[query, at] += 1
        if following := window.leave(query, at):
            out.append((following, at))
    assert done == Counter(wanted.keys())
