"""Each database of ours in turn; see `stores`."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import stores
from migrate.stores import Kept


@pytest.fixture(params=[*stores.STORES, stores.POSTGRES])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """A database that is not there yet, or is empty."""
    if request.param == stores.POSTGRES:
        return stores.state(tmp_path, request.getfixturevalue("postgres_url"))
    return stores.STORES[request.param](tmp_path)
