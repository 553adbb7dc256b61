"""An auditor's finding at the command line of the agency that must answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from childgrid_wire import certificates
from childgrid_wire.kinds import Kind
from founders import light_locks
from grid import Grid
from portal.test_command_line import Station, asked
from test_findings import enrolled, put


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """The police at their desk, in a grid with a listed auditor."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        light_locks(patch)
        root = certificates.new_root("test", int(time.time()))
        grid = enrolled(Grid(tmp_path_factory.mktemp("grid")))
        made = Station(grid, tmp_path_factory.mktemp("desk"), root)
        made.serve("police", stack)
        yield made


def test_a_finding_is_read_and_answered(station: Station) -> None:
    """It stands in the inbox; the draft is shown as what it is, then signed."""
    finding = put(station.grid, asked(station))
    (shown,) = station.read("police", "sp-nair", "inbox")["findings"]
    assert (shown["hash"], shown["topic"]) == (finding.hash, "hasty")
    # Without --finding the desk expects a broken glass, and signs nothing else.
    wrong = station.run("police", "sp-nair", "review", finding.hash, "--yes")
    assert wrong.exit_code != 0

    name = station.say(
        "police", "sp-nair", "review", finding.hash,
        "--finding", "--unjustified", "--yes",
    )  # fmt: skip

    said = station.statement("police", Kind.REVIEW, name)
    assert (said.answers, said["subject"], said["agreed"]) == (
        finding.hash,
        "sample",
        0,
    )
    assert station.read("police", "cu-police", "inbox")["findings"] == []
