"""The floor policy: a text that a lawyer can read, and the statement it becomes.

The file is TOML with a closed set of keys; whatever is unknown, missing or of another
form is refused by name, so that no rule is lost to a slip of the pen. Units change
here and nowhere else: hours and days in the file, seconds in the statement.

No version and no signature here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from childgrid_authority.errors import FloorRefused
from childgrid_wire import schema as s
from childgrid_wire import settings
from childgrid_wire.errors import ConfigurationRefused, Malformed
from childgrid_wire.kinds import PURPOSES, Kind
from childgrid_wire.schema import Shape
from childgrid_wire.schemas import SCHEMAS, category

HOUR, DAY = 3_600, 86_400


def _text(value: object, at: str) -> None:
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise Malformed(f"{at} is not a line of text")


def _tables(shape: Shape, low: int) -> Shape:
    return s.items(shape, 6, low)


_slot = s.record(
    slot=s.name,
    side=s.enum("requester", "holder"),
    role=s.enum("supervising-officer", "custodian", "prosecutor"),
    min_rank=s.integer(0, 100),
    persons=s.integer(1, 9),
)
_purpose = s.record(
    needs=s.enum("fir", "order"),
    min_rank=s.integer(0, 100),
    categories=s.items(category, 16, 1),
)
_act = s.record(code=_text, title=_text, sections=s.items(_text, 500, 1))
_FILE = s.record(
    times=s.record(
        query_hours=s.integer(1, 168),
        request_hours=s.integer(1, 72),
        receipt_days=s.integer(1, 30),
    ),
    budgets=s.record(
        officer=s.integer(1, 10_000),
        case=s.integer(1, 10_000),
        agency=s.integer(1, 1_000_000),
    ),
    query_approval=_tables(_slot, 1),
    release_approval=_tables(_slot, 1),
    purposes=s.table(s.enum(*PURPOSES), _purpose, len(PURPOSES)),
    acts=s.items(_act, 20, 1),
    break_glass=s.Maybe(s.record(fields=s.items(s.name, 8, 1))),
    openings=s.Maybe(s.record(bodies=s.integer(1, 2))),
)


def default() -> str:
    """The floor file that ships with the package."""
    return resources.files("childgrid_authority").joinpath("floor.toml").read_text()


def load(path: Path) -> dict[str, Any]:
    """Read a floor file; see `parse`.

    Raises:
        FloorRefused: unreadable, or as `parse`.
    """
    try:
        return _body_of(settings.read(path))
    except ConfigurationRefused as error:
        raise FloorRefused(error.detail) from None


def parse(text: str) -> dict[str, Any]:
    """Turn a floor file into the body of a `floor` statement, without its version.

    Raises:
        FloorRefused: naming the key at fault.
    """
    try:
        return _body_of(settings.parse(text, "the floor file"))
    except ConfigurationRefused as error:
        raise FloorRefused(error.detail) from None


def _body_of(table: dict[str, Any]) -> dict[str, Any]:
    _checked(_FILE, table, "floor")
    _check_sides(table)
    body = _body(table)
    for name, shape in SCHEMAS[Kind.FLOOR].fields.items():
        if name in body:
            _checked(shape, body[name], f"floor.{name}")
    return body


def _checked(shape: Callable[[object, str], None], value: object, at: str) -> None:
    try:
        shape(value, at)
    except Malformed as error:
        raise FloorRefused(f"{error.detail}; correct this key") from error


def _check_sides(table: dict[str, Any]) -> None:
    """The two rules that no floor may drop, and slots that can be told apart."""
    for key in ("query_approval", "release_approval"):
        names = [slot["slot"] for slot in table[key]]
        if len(set(names)) != len(names):
            raise FloorRefused(f"floor.{key} names a slot twice; correct this key")
    if any(slot["side"] != "requester" for slot in table["query_approval"]):
        raise FloorRefused("floor.query_approval.side is not requester")
    have = {(slot["side"], slot["role"]) for slot in table["release_approval"]}
    for least in (("requester", "supervising-officer"), ("holder", "custodian")):
        if least not in have:
            raise FloorRefused(f"floor.release_approval lacks the {least[0]}'s side")
    if ("requester", "supervising-officer") not in {
        (slot["side"], slot["role"]) for slot in table["query_approval"]
    }:
        raise FloorRefused("floor.query_approval lacks the supervising officer")
    if not table["purposes"]:
        raise FloorRefused("floor.purposes is empty; name at least one")


def _body(table: dict[str, Any]) -> dict[str, Any]:
    times, budgets = table["times"], table["budgets"]
    glass = table.get("break_glass")
    bodies = table.get("openings", {}).get("bodies", 1)
    return {
        "query_slots": table["query_approval"],
        "release_slots": table["release_approval"],
        "purposes": [
            {"purpose": name, **rule} for name, rule in table["purposes"].items()
        ],
        "sections": _sections(table["acts"]),
        "query_seconds": times["query_hours"] * HOUR,
        "request_seconds": times["request_hours"] * HOUR,
        "receipt_seconds": times["receipt_days"] * DAY,
        "officer_queries_day": budgets["officer"],
        "case_queries_day": budgets["case"],
        "agency_queries_day": budgets["agency"],
        **({"break_glass": glass["fields"]} if glass else {}),
        **({"opening_bodies": bodies} if bodies > 1 else {}),
    }


def _sections(acts: list[dict[str, Any]]) -> list[str]:
    return [f"{act['code']}:{number}" for act in acts for number in act["sections"]]
