"""Databases that the release before really made, migrated and given back to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import earlier
from childgrid_migrate.moving import look, move
from migrate import stores
from migrate.stores import FIRST, ORIGIN, WITNESS_NAME, Kept

PROGRAM = Path(__file__).with_name("first.py")


def run(what: str, folder: Path, url: str) -> list[str]:
    """Let the release before make the databases, or open them and write on."""
    done = subprocess.run(
        [sys.executable, PROGRAM, what, folder, ORIGIN, WITNESS_NAME, url],
        env={**os.environ, **earlier.environment(earlier.kept())},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


def all_of(folder: Path, url: str) -> list[Kept]:
    """What it made, as today's programs keep it."""
    return [
        stores.node_log(folder / "node"),
        stores.hub_log(folder / "hub"),
        stores.station_log(folder / "station"),
        stores.witness(folder),
        stores.accounts(folder),
        stores.state(folder),
        stores.state(folder, url),
    ]


def test_what_the_release_before_made_is_taken_over_and_given_back(
    tmp_path: Path, postgres_url: str
) -> None:
    """Every database is adopted, opens, goes back, and that release goes on with it:
    nothing that it wrote is lost on the way there and back."""
    made = run("make", tmp_path, postgres_url)
    kept = all_of(tmp_path, postgres_url)
    assert {one.found for each in kept for one in look(each.base)} == {""}

    for each in kept:
        move(each.base)
        each.open()
        move(each.base, FIRST)

    again = run("open", tmp_path, postgres_url)
    assert made == ["cursor 1", "node 1", "hub 1", "station 1", "officers 1",
                    "mail 1", "mail 1", ""]  # fmt: skip
    assert again == ["cursor 2", "node 2", "hub 2", "station 2", "officers 2",
                     "mail 2", "mail 2", ""]  # fmt: skip
    for each in kept:
        move(each.base)
        each.open()
