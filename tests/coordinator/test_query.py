"""What is known of a target: final is final, silence is never an answer."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_coordinator import query as q
from childgrid_coordinator.query import State, Target
from childgrid_wire.errors import Malformed, Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

QUERY = "a" * 64


def answer(outcome: str, mark: int = 0, **changes: Any) -> Statement:
    """A verified answer, as far as this module looks at one."""
    body = {
        "issuer": "prisons",
        "answers": QUERY,
        "outcome": outcome,
        "reason": "budget" if outcome == "refused" else "",
        "candidates": [{"handle": "0" * 32}] if outcome == "hit" else [],
        "as_of": 7,
        **changes,
    }
    name = hashlib.sha256(f"{outcome}{mark}".encode()).hexdigest()
    return Statement(Kind.ANSWER, body, name, b"", ())


words = st.one_of(
    st.tuples(st.just("silent"), st.sampled_from([State.OFFLINE, State.TIMED_OUT])),
    st.tuples(st.just("door"), st.sampled_from(list(Reason))),
    st.tuples(st.sampled_from(["hit", "none", "refused"]), st.integers(0, 2)),
    st.tuples(st.just("lapse"), st.none()),
)


def after(target: Target, word: tuple[str, Any], now: int) -> Target:
    """The target after one word; a refused answer leaves it as it was."""
    kind, detail = word
    if kind == "silent":
        return q.unreached(target, detail, now)
    if kind == "door":
        return q.declined(target, detail, now)
    if kind == "lapse":
        return q.lapsed(target, now)
    try:
        return q.answered(target, answer(kind, detail))
    except Refused:
        return target


@given(st.lists(words, max_size=12))
def test_whatever_happens_a_signed_answer_stands(said: list[tuple[str, Any]]) -> None:
    """An answer is only ever replaced once: a `none` by a hit."""
    target = Target("prisons")
    for now, word in enumerate(said, 1):
        before, target = target, after(target, word, now)
        if before.answer and target != before:
            assert (before.state, target.state) == (State.NO_HIT, State.HIT)
        if before.state is State.EXPIRED:
            assert target == before


@given(st.lists(words, max_size=12))
def test_no_hit_is_only_said_by_a_signed_answer(said: list[tuple[str, Any]]) -> None:
    """No silence, no refusal at the door and no expiry ever becomes `no hit`."""
    target = Target("prisons")
    for now, word in enumerate(said, 1):
        target = after(target, word, now)
        if target.state in (State.HIT, State.NO_HIT):
            assert target.answer


@given(st.lists(st.sampled_from([State.OFFLINE, State.TIMED_OUT]), min_size=1))
def test_silence_is_dated_from_its_beginning(silences: list[State]) -> None:
    """`since` stays at the first failure, however often the node is asked."""
    target = Target("prisons")
    for now, state in enumerate(silences, 10):
        target = q.unreached(target, state, now)
    assert (target.since, target.attempts) == (10, len(silences))
    assert target.state is silences[-1]


def test_a_passing_refusal_is_asked_again_and_a_lasting_one_is_not() -> None:
    """A node that is only behind or busy will be asked again."""
    assert not q.declined(Target("prisons"), Reason.BUSY, 1).final
    assert q.declined(Target("prisons"), Reason.REVOKED, 1).final


def test_repeating_an_answer_changes_nothing() -> None:
    """The same bytes again are the same answer."""
    target = q.answered(Target("prisons"), answer("none"))
    assert q.answered(target, answer("none")) == target


def test_a_query_is_complete_when_nobody_will_be_asked_again() -> None:
    """Answered, refused for good and expired count; offline does not."""
    done = q.answered(Target("prisons"), answer("refused"))
    gone = q.lapsed(Target("wards"), 9)
    away = q.unreached(Target("transport"), State.OFFLINE, 9)
    assert q.complete([done, gone])
    assert not q.complete([done, gone, away])


@pytest.mark.parametrize(
    ("outcome", "changes"),
    [
        ("hit", {"candidates": []}),
        ("none", {"candidates": [{"handle": "0" * 32}]}),
        ("hit", {"candidates": [{"handle": "0" * 32}] * 2}),
        ("refused", {"reason": ""}),
        ("none", {"reason": "budget"}),
    ],
)
def test_an_answer_that_contradicts_itself_is_malformed(
    outcome: str, changes: dict[str, Any]
) -> None:
    """A hit has candidates, a refusal has a reason, and nothing else has."""
    with pytest.raises(Malformed):
        q.check_answer(answer(outcome, **changes), QUERY, "prisons")


@pytest.mark.parametrize(("query", "member"), [(QUERY, "wards"), ("b" * 64, "prisons")])
def test_an_answer_to_something_else_is_refused(query: str, member: str) -> None:
    """Another member's answer, or one to another query, is not taken."""
    with pytest.raises(Refused, match="target"):
        q.check_answer(answer("none"), query, member)
