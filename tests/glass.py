"""A grid on which glass may be broken: founders name two fields, holders opt in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from childgrid_node import aftermath, approve
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import KABIR, Grid
from hostile_spy import Spy
from node.test_budget import limited

FIELDS = ("name", "phone")
_SWITCH = 'break_glass = ["{}"]\n'
_CATEGORY = {"customs": "movement", "prisons": "custody"}


def glass_grid(folder: Path, *holders: str) -> Grid:
    """A grid whose floor allows break-glass, and whose named holders opt in."""
    grid = limited(folder, break_glass=list(FIELDS))  # type: ignore[arg-type]
    grid.relay = Spy(grid)
    for name in holders:
        opt_in(grid, name)
    return grid


def opt_in(grid: Grid, name: str) -> None:
    """A holder allows break-glass in its category."""
    _policy(grid, name, _SWITCH.format(_CATEGORY[name]))


def opt_out(grid: Grid, name: str) -> None:
    """A holder takes it back."""
    _policy(grid, name, "")


def _policy(grid: Grid, name: str, switch: str) -> None:
    member = grid.agency(name)
    path = member.folder / "policy.toml"
    lines = path.read_text().splitlines(keepends=True)
    kept = [one for one in lines if not one.startswith("break_glass")]
    path.write_text(switch + "".join(kept))
    grid.post(member.publish())


def emergency(
    grid: Grid,
    asked: Statement,
    holder: str = "customs",
    fields: Sequence[str] = FIELDS,
    officer: str = "si-rao",
) -> Statement:
    """An officer declares an emergency for the best candidate of a holder."""
    handle = grid.candidates(asked)[holder][0]["handle"]
    wish = approve.Wish(
        officer, asked.hash, holder, handle, fields, "a child is with him", 48, True
    )
    payload = approve.draft_request(grid.agency("police").office, wish)
    return grid.sign("police", officer, Kind.REQUEST, payload)


def broken(grid: Grid, holder: str = "customs", officer: str = "cu-mehta") -> Statement:
    """The glass was broken once and the record is with the police."""
    request = emergency(grid, grid.ask(KABIR), holder)
    grid.carry()
    grid.decide(holder, officer, request.hash, slot="break-glass")
    grid.settle()
    return request


def review(
    grid: Grid, member: str, officer: str, request: Statement, justified: bool = True
) -> Statement:
    """An officer reviews it."""
    verdict = aftermath.Verdict(officer, request.hash, justified)
    payload = aftermath.draft_review(grid.agency(member).office, verdict)
    return grid.sign(member, officer, Kind.REVIEW, payload)


def reviewed(grid: Grid, request: Statement) -> None:
    """Both who would have had to sign, and neither who did."""
    review(grid, "police", "sp-nair", request)
    review(grid, "customs", "cu-dias", request)
    grid.settle()
