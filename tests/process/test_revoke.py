"""`childgrid-node revoke` beside running processes: open desks close by themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest

from childgrid_portal.desk import Desk
from childgrid_wire.errors import Reason, Refused
from deploy.processes import until
from process.yardstick import SECONDS, Grid


def refused(desk: Desk) -> bool:
    """Whether an officer's next word on the open connection is refused as revoked."""
    try:
        Desk.look(desk, "inbox")
    except Refused as refusal:
        return refusal.reason is Reason.REVOKED
    return False


def typed(grid: Grid, *words: str) -> None:
    """A command of the police's IT, in a process of its own."""
    config = ("--config", str(grid.folder / "police" / "node.toml"))
    line = [sys.executable, "-m", "childgrid_node", *words, *config]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.threat("T27")
def test_an_officer_is_out_at_the_running_node(grid: Grid) -> None:
    """One command of agency IT, no restart; colleagues and other agencies go on."""
    officer, colleague = grid.desk("police", "si-rao"), grid.desk("police", "sp-nair")
    assert officer.look("inbox")["officer"] == "si-rao"

    typed(grid, "revoke", "officer", "si-rao", "--cause", "lost")
    until("the open desk closes", SECONDS, lambda: refused(officer))
    # The node itself has taken the agency's word, whatever became of it elsewhere.
    spool = grid.folder / "police" / "state" / "spool"
    until("the spool is empty", SECONDS, lambda: not any(spool.iterdir()))

    assert colleague.look("inbox")["officer"] == "sp-nair"
    grid.restart("police", kill=False)
    grid.ready("police")
    assert refused(grid.desk("police", "si-rao"))
