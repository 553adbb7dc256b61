"""Lifted budgets and broken glass at the command line: real TLS, real desks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from childgrid_node import breakglass
from childgrid_node.emergency import Standing
from childgrid_wire import certificates
from childgrid_wire.kinds import Kind
from founders import light_locks
from glass import glass_grid
from portal.test_command_line import Station, asked


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """The police and customs at their desks; customs opted into break-glass."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        light_locks(patch)
        root = certificates.new_root("test", int(time.time()))
        grid = glass_grid(tmp_path_factory.mktemp("grid"), "customs")
        made = Station(grid, tmp_path_factory.mktemp("desk"), root)
        for member in ("police", "customs"):
            made.serve(member, stack)
        yield made


def test_a_budget_is_lifted_at_two_desks(station: Station) -> None:
    """One signs, another finds it in the inbox and countersigns; both logs have it."""
    shown = station.run(
        "police", "sp-nair", "lift", "officer", "si-rao", "60", typed="n\n"
    )
    assert "BUDGET: let more be asked a day" in shown.stdout
    assert "queries: 60" in shown.stdout
    budget = station.say(
        "police", "sp-nair", "lift", "officer", "si-rao", "60", "--hours", "2", "--yes"
    )
    station.grid.carry()
    (item,) = station.read("customs", "cu-mehta", "inbox")["waiting"]
    assert (item["hash"], item["queries"]) == (budget, 60)
    station.say("customs", "cu-mehta", "approve", budget, "--yes")
    station.grid.carry()

    said = station.statement("police", Kind.BUDGET, budget)
    assert said["until"] - said.issued == 2 * 3_600
    (agreed,) = station.grid.agency("police").office.journal.answers(
        budget, Kind.APPROVAL
    )
    assert agreed.person == "customs/cu-mehta"


def test_who_may_not_lift_is_told_so(station: Station) -> None:
    """An investigator's own wish is refused at the own desk, and nothing is said."""
    before = station.state()
    result = station.run("police", "si-rao", "lift", "officer", "si-rao", "60", "--yes")

    assert result.exit_code != 0
    assert [one[2] for one in station.state()] == [one[2] for one in before]


def test_glass_is_broken_and_reviewed_at_the_command_line(station: Station) -> None:
    """Declared, decided by name, reviewed by both sides; nothing in passing."""
    query = asked(station)
    targets = station.read("police", "si-rao", "answers", query)["targets"]
    handle = targets["customs"]["candidates"][0]["handle"]
    said = station.say(
        "police", "si-rao", "request", query, "customs", handle, "--field", "name",
        "--justification", "a child is with him", "--break-glass", "--yes",
    )  # fmt: skip
    request = said.splitlines()[-1]
    station.grid.carry()
    (item,) = station.read("customs", "cu-mehta", "inbox")["waiting"]
    assert (item["hash"], item["break_glass"]) == (request, True)
    assert station.run("customs", "cu-mehta", "approve", request, "--yes").exit_code
    station.say("customs", "cu-mehta", "approve", request, "--break-glass", "--yes")
    station.grid.settle()
    profile = station.read("police", "si-rao", "profile", query)
    (source,) = [one for one in profile["sources"] if one["agency"] == "customs"]
    assert source["requests"][0]["state"] == "disclosed"

    for member, officer in (("police", "sp-nair"), ("customs", "cu-dias")):
        (owed,) = station.read(member, officer, "inbox")["emergencies"]
        station.say(member, officer, "review", owed["hash"], "--unjustified", "--yes")
    station.grid.settle()

    customs = station.grid.agency("customs").office
    assert breakglass.right(customs, "police").standing is Standing.FREE
    made = customs.journal.all(Kind.REVIEW)
    assert [one["agreed"] for one in made] == [0, 0]
