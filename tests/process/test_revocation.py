"""Revoked while the grid is at work: out at the next call, and nobody else notices."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.processes import until
from process.expulsion import IN, OUT, expel
from process.siege import RAIDERS
from process.yardstick import SECONDS, Grid


@pytest.fixture(scope="module")
def found(grid: Grid) -> dict[str, Any]:
    """What was counted while a certificate and then its agency were revoked."""
    return expel(grid)


@pytest.mark.threat("T7", "T4")
def test_a_revoked_certificate_is_refused_on_the_connection_that_stands(
    found: dict[str, Any],
) -> None:
    """From the next call on; the agency's other certificate still serves."""
    assert found["before"] == [IN, IN]
    assert found["certificate"] == [OUT, IN]


@pytest.mark.threat("T7", "T4")
def test_an_expelled_agency_is_refused_whatever_certificate_it_makes(
    found: dict[str, Any], grid: Grid
) -> None:
    """On connections that stand and on new ones; its own node is told so."""
    assert found["member"] == [OUT, OUT, OUT]
    until("told so", SECONDS, lambda: "reason=revoked" in grid.output(RAIDERS))


@pytest.mark.threat("T7")
def test_nobody_else_fails_meanwhile(found: dict[str, Any]) -> None:
    """The police asked before, between and after: every query was answered."""
    assert found["asked_by_then"] > 0
    assert found["failed"] == []
