"""The alarms of `deploy/monitoring`, judged over one look at the figures.

What needs a history (`min_over_time`, `for`) is judged as if the look were all of it:
so it is told which alarm a state of affairs leads to, not when.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import CollectorRegistry

_FILE = Path(__file__).parents[1] / "deploy" / "monitoring" / "alerts.yml"
_TERM = r"(?:min_over_time\()?(?P<name>childgrid_\w+)(?:\{(?P<labels>[^}]*)\})?"
_EXPRESSION = re.compile(
    rf"(?P<ago>time\(\) - )?{_TERM}(?:\[\w+\]\))?(?P<left> - time\(\))?"
    r" (?P<sign><|>|==) (?P<limit>[\d.e* ]+)"
)


def rules() -> dict[str, dict[str, Any]]:
    """Every alarm by its name."""
    table = yaml.safe_load(_FILE.read_text("utf-8"))
    return {rule["alert"]: rule for group in table["groups"] for rule in group["rules"]}


def raised(registry: CollectorRegistry, now: float) -> set[str]:
    """The alarms that these figures raise, but those over rates and scrapes."""
    return {
        name
        for name, rule in rules().items()
        if _is_raised(rule["expr"], registry, now)
    }


def _is_raised(expression: str, registry: CollectorRegistry, now: float) -> bool:
    parts = _EXPRESSION.fullmatch(expression)
    if parts is None:
        return False
    limit = math.prod(float(one) for one in parts["limit"].split("*"))
    for value in _values(registry, parts["name"], parts["labels"] or ""):
        judged = (
            now - value if parts["ago"] else value - now if parts["left"] else value
        )
        if {"<": judged < limit, ">": judged > limit, "==": judged == limit}[
            parts["sign"]
        ]:
            return True
    return False


def _values(registry: CollectorRegistry, name: str, labels: str) -> list[float]:
    wanted = re.findall(r'(\w+)=~?"([^"]*)"', labels)
    return [
        row.value
        for family in registry.collect()
        for row in family.samples
        if row.name == name
        and all(re.fullmatch(what, row.labels.get(key, "")) for key, what in wanted)
    ]
