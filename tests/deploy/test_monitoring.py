"""Alarms and dashboard: they parse, and every figure in them is one that is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from audit.cast import NORTH
from audit.ledger import World as Ledger
from childgrid_audit.lookout import Lookout as StationLookout
from childgrid_node.lookout import Lookout
from childgrid_wire.health import Pulse
from coordinator.world import World
from grid import Grid
from wire.ca import issuer

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"
_FIGURE = re.compile(r"\bchildgrid_[a-z_]+")
_LABELS = re.compile(r'\{[^}]*?\b(fault|what)\s*=~?\s*"([^"]+)"')


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every figure that each server shows, with the values of its label."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    agency = grid.agency("customs")
    identity = replace(agency.identity, issuer=issuer("customs"))
    office = replace(agency.office, identity=identity)
    world = World(tmp_path_factory.mktemp("hub"))
    world.install()
    auditors = Ledger.found(tmp_path_factory.mktemp("auditors"))
    station = auditors.stations[NORTH]
    own = replace(station.identity, issuer=issuer(NORTH))
    Lookout(office, lambda: agency.holdings, {}, agency.folder, lambda: 0)
    watch = StationLookout(replace(station, identity=own), Pulse("rounds"), str)
    found: dict[str, set[str]] = {}
    with world.coordinator() as hub:
        for registry in (office.meter.registry, hub.watch.registry, watch.registry):
            _add(registry, found)
    auditors.close()
    return found


def _add(registry: CollectorRegistry, found: dict[str, set[str]]) -> None:
    for family in registry.collect():
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
        for suffix in suffixes.get(family.type, ("",)):
            values = found.setdefault(family.name + suffix, set())
            values |= {one for row in family.samples for one in row.labels.values()}


def rules() -> list[dict[str, Any]]:
    """Every alarm."""
    table = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))
    return [rule for group in table["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Every panel of the dashboard."""
    board: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
    return list(board["panels"])


def expressions() -> Iterator[str]:
    """Every expression of both."""
    yield from (rule["expr"] for rule in rules())
    for panel in panels():
        yield from (one["expr"] for one in panel["targets"])


def unknown(expression: str, shown: dict[str, set[str]]) -> list[str]:
    """Figures of an expression that nobody shows, and values that no label has."""
    wrong = [name for name in _FIGURE.findall(expression) if name not in shown]
    every = set().union(*shown.values())
    for _, values in _LABELS.findall(expression):
        wrong += [one for one in values.split("|") if one not in every]
    return wrong


def test_every_figure_is_shown(shown: dict[str, set[str]]) -> None:
    """A figure that is renamed in a program is missed here, and not on the day."""
    assert [wrong for one in expressions() for wrong in unknown(one, shown)] == []
    assert unknown('childgrid_redy == 0 or childgrid_fault{fault="x"}', shown) == [
        "childgrid_redy",
        "x",
    ]


def test_every_figure_is_looked_at(shown: dict[str, set[str]]) -> None:
    """None is made that no panel shows."""
    told = {
        name for panel in panels() for one in panel["targets"]
        for name in _FIGURE.findall(one["expr"])
    }  # fmt: skip
    assert {re.sub("_(count|sum|bucket)$", "", one) for one in shown} == {
        re.sub("_bucket$", "", one) for one in told
    }


def test_every_alarm_says_what_to_do() -> None:
    """A name of its own, how bad it is, what it means, and what to do."""
    found = rules()
    assert len({rule["alert"] for rule in found}) == len(found) >= 12
    for rule in found:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "action"}
    assert len({panel["id"] for panel in panels()}) == len(panels())
