"""What every refusal must leave behind: its exact reason, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from childgrid_wire.errors import Reason, WireError
from grid import AGENCIES, Grid


@contextmanager
def refused(grid: Grid, reason: Reason) -> Iterator[pytest.ExceptionInfo[WireError]]:
    """Expect a refusal with `reason`, after which no agency's memory has changed."""
    before = [grid.state(name) for name in AGENCIES]
    with pytest.raises(WireError) as caught:
        yield caught
    assert caught.value.reason is reason
    assert [grid.state(name) for name in AGENCIES] == before
