"""An agency with columns never seen before joins a running grid, by its commands."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from childgrid_authority.authority import Authority
from childgrid_node import joining
from childgrid_node.config import load
from deploy.demo import PLANS
from deploy.processes import until
from process.players import Cast
from process.yardstick import SECONDS, Grid

COMMANDS = 6
"""The most that an agency's IT team should have to type."""

_MAPPING = """
agency   = "transport"
category = "vehicle"
source   = "owners.csv"
key      = "folio"

[fields]
name    = ["vorname", "zuname"]
phone   = "ruf"
vehicle = "kennzeichen"

[disclose]
name            = { column = "zuname", category = "identity" }
relative        = { column = "vorname", category = "identity" }
address         = { column = "ort", category = "residence" }
driving_licence = { column = "schein", category = "identity" }
vehicle         = { column = "kennzeichen", category = "vehicle" }
"""
_ROWS = (
    "folio,vorname,zuname,ruf,ort,schein,kennzeichen\n"
    "K-1,Nityananda,Sarkhel,{phone},Purulia,,WB11AB1234\n"
    "K-2,Gertrud,Meyer,,Bremen,,HB22CD5678\n"
)


class Typed:
    """Runs the agency's commands and counts them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.count = 0

    def __call__(self, *words: str) -> str:
        """Run one command to its end; it must succeed."""
        self.count += 1
        done = subprocess.run(
            [sys.executable, "-m", "childgrid_node", *words],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _prepare(grid: Grid, source: Path) -> Path:
    """What the agency's IT team writes before it types the first command."""
    source.mkdir()
    (source / "owners.toml").write_text(_MAPPING, "utf-8")
    phone = grid.sample.suspect["phone"][0]
    (source / "owners.csv").write_text(_ROWS.format(phone=phone), "utf-8")
    return grid.yard.prepare(PLANS["transport"], source).state_dir.parent


def test_six_commands_from_nothing_to_an_answer(
    grid: Grid, cast: Cast, tmp_path: Path
) -> None:
    """Join, wait for the founders, index, ask the doctor, serve, and be asked."""
    yard = grid.yard
    yard.authority = Authority(grid.folder / "authority")
    folder = _prepare(grid, tmp_path / "source")
    typed = Typed(folder)
    token = yard.token("transport", "agency")

    typed("check")
    said = typed("join", "--token", str(token))
    fingerprint = said.split("our keys: ")[1].splitlines()[0]
    assert yard.admit() == 1
    config = load(folder / "node.toml")
    joining.step(config, None, time.time)
    yard.wrap([grid.configs["police"], grid.configs["customs"]], config, fingerprint)
    assert "transport: joined" in typed("join", "--wait", "30")
    assert "2 of 2 rows indexed" in typed("index")
    assert "FAULT" not in typed("doctor")
    yard.serve(config)
    assert typed.count + 1 <= COMMANDS

    yard.await_documents("police", ["transport"])
    officer, supervisor = grid.desk("police", "si-rao"), grid.desk("police", "sp-nair")
    query = officer.ask(
        {"name": ["Nityananda Sarkhel"], "phone": [grid.sample.suspect["phone"][0]]},
        purpose="investigation",
        sections=["BNS:143"],
        case=grid.sample.fir,
        targets=["transport"],
    )
    supervisor.approve(query)
    answer = until(
        "transport answers",
        SECONDS,
        lambda: _answered(officer.look("answers", query, 2_000)),
    )

    assert answer["outcome"] == "hit"


def _answered(shown: dict[str, dict[str, dict[str, str]]]) -> dict[str, str] | None:
    answer = shown["targets"]["transport"]
    return answer if answer["outcome"] != "not answered" else None
