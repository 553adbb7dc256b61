"""One process per state folder, and anybody may ask whether there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_log import claim
from childgrid_log.claim import Claim
from childgrid_wire.errors import ConfigurationRefused


@pytest.mark.parametrize("hidden", [False, True])
def test_whoever_asks_learns_whether_a_process_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: bool
) -> None:
    """By the kernel's list, or without it where a service can't see it."""
    if hidden:
        monkeypatch.setattr(claim, "_LOCKS", tmp_path / "no-such-list")
    assert not Claim.is_held(tmp_path)
    held = Claim(tmp_path)
    assert Claim.is_held(tmp_path)
    with pytest.raises(ConfigurationRefused, match="another process"):
        Claim(tmp_path)
    held.release()
    assert not Claim.is_held(tmp_path)
    Claim(tmp_path).release()
