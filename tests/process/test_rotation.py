"""The linkage key is rotated while officers ask: every query is answered."""

from __future__ import annotations

from typing import Any

import pytest

from process.rotation import rotate
from process.yardstick import Grid


@pytest.fixture(scope="module")
def found(grid: Grid) -> dict[str, Any]:
    """What was counted during one rotation under load."""
    return rotate(grid, rounds=1, threads=2)


def test_no_query_fails_while_the_key_is_rotated(found: dict[str, Any]) -> None:
    """Before, while nodes encode, after it is current, and after the old is retired."""
    assert found["failed"] == []
    assert found["answered"] == sum(found["asked_under"].values()) > 0


def test_officers_asked_under_either_key(found: dict[str, Any]) -> None:
    """Without their doing anything about it."""
    assert min(found["asked_under"]["1"], found["asked_under"]["2"]) > 0


def test_nothing_of_the_old_key_is_left(found: dict[str, Any]) -> None:
    """Neither key nor index files, at any node."""
    assert found["left_on_disk"] == []


def test_a_node_ends_and_starts_again_in_the_new_epoch(
    found: dict[str, Any], grid: Grid
) -> None:
    """With the key and the index that it made while it served the old."""
    assert found
    grid.restart("customs", kill=False)
    grid.ready("customs")
