"""A member floods the grid: it gets its budget, and nobody else goes without.

How much slower the others' answers become is measured by `make soak`; here only
counts, memory and refusals are asserted.
"""

from __future__ import annotations

from typing import Any

import pytest

from process.siege import COUNTED, KINDS, MOST_MIB, WATCHED, besiege
from process.yardstick import Grid

ASKS = 8
NUMBERS = {"signatures": 300, "queries": 300}


@pytest.fixture(scope="module")
def found(grid: Grid) -> dict[str, Any]:
    """What came of every attack in turn."""
    return besiege(grid, ASKS, NUMBERS)


@pytest.mark.threat("T13", "T14")
def test_scripted_queries_are_answered_within_the_budget_only(
    found: dict[str, Any],
) -> None:
    """What the attacker got taken is its budget; the holder has counted the same."""
    assert found["attacks"]["queries"]["ended"] == {
        "taken": found["budget"],
        "budget": NUMBERS["queries"] - found["budget"],
    }
    assert found["counted"] == found["budget"]


@pytest.mark.threat("T14")
def test_every_attack_ends_in_refusals(found: dict[str, Any]) -> None:
    """Each for what it is; bad signatures all as such, nothing taken."""
    ended = {kind: found["attacks"][kind]["ended"] for kind in KINDS}
    assert ended["signatures"] == {"bad-signature": NUMBERS["signatures"]}
    assert set(ended["oversized"]) <= {"too-large", "wrong-role", "unreachable"}
    assert set(ended["garbage"]) <= {"malformed", "wrong-role", "shouted", "busy"}
    assert "taken" not in ended["garbage"]
    assert "ok" not in ended["slow"]
    assert all(sum(one.values()) for one in ended.values())


@pytest.mark.threat("T14")
def test_the_others_are_answered_all_the_while(found: dict[str, Any]) -> None:
    """Under every attack every query of the police got its answer."""
    for kind in KINDS:
        assert found["attacks"][kind]["not_answered"] == [], kind
    assert found["attacks"].keys() >= set(COUNTED)


@pytest.mark.threat("T14")
def test_memory_is_bounded(found: dict[str, Any]) -> None:
    """Neither the coordinator nor the holder grew by more than its limits allow."""
    for name in WATCHED:
        assert found["grown_mib"][name] < MOST_MIB, found["memory_mib"]
