"""One portal for all tests that leave it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.seats import BARE
from portal.stage import Stage, staged


@pytest.fixture(scope="session")
def police(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The police's portal with bare rooms; si-rao and sp-nair have passkeys.

    Shared by all that leaves those two and their keys as they are.
    """
    with staged(tmp_path_factory.mktemp("police"), BARE) as made:
        for officer in ("si-rao", "sp-nair"):
            made.enrol(officer)
        yield made


@pytest.fixture(autouse=True)
def _forgiven(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing of one test stands in the way of the next at the shared portal.

    Neither a lock-out nor how far a browser's authenticator has counted: the keys that
    tests hold themselves don't count.
    """
    yield
    if "police" in request.fixturenames:
        stage: Stage = request.getfixturevalue("police")
        with stage.site.accounts._writing() as writing:
            writing.execute("UPDATE officer SET failures = 0, locked = 0")
            writing.execute("UPDATE login SET counter = 0")
        stage.site.accounts._strangers.clear()
