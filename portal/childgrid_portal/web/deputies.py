"""The room of deputies: who is shown what waits too long for an approver.

An approver names a colleague of the same role for some days, or takes them back; each
is signed by its own touch. The deputy decides by the own role or not at all.
"""

from __future__ import annotations

from starlette.responses import Response

from childgrid_portal import drafts
from childgrid_portal.drafts import Wanted
from childgrid_portal.web.forms import EMPTY, Faults, Sheet
from childgrid_portal.web.visit import Visit
from childgrid_portal.web.words import N_

DAYS = (1, 3, 7, 14, 30, 90)
_NAMES = ("step", "delegate", "days", "when")
_WHEN = ("overdue", "away")
_DONE = "/?done={hash}"

_NO_DEPUTY = N_("Choose a colleague.")
_NO_DAYS = N_("Choose for how long.")
_NO_WHEN = N_("Choose what your deputy is shown.")


def deputy(visit: Visit) -> Response:
    """Who stands in, and the form; posted, its faults or the signature."""
    shown = visit.read("inbox")
    sheet, faults = EMPTY, Faults()
    if visit.form:
        sheet = Sheet.of(visit.form, _NAMES)
        if sheet.one("step") == "withdraw" and shown["deputy"]:
            return visit.sign(_withdrawn(visit, shown["deputy"]["delegate"]), _DONE)
        faults = _faults(sheet, shown["colleagues"])
        if not faults:
            return visit.sign(_named(visit, sheet), _DONE)
    return visit.page(
        "deputy.html",
        422 if faults else 200,
        inbox=shown,
        sheet=sheet,
        faults=faults,
        days=DAYS,
        here="/deputy",
    )


def _named(visit: Visit, sheet: Sheet) -> Wanted:
    return drafts.deputy(
        visit.person.officer,
        sheet.one("delegate"),
        int(sheet.one("days")) * 24,
        at_once=sheet.one("when") == "away",
    )


def _withdrawn(visit: Visit, delegate: str) -> Wanted:
    return drafts.deputy(visit.person.officer, delegate, 0, at_once=False)


def _faults(sheet: Sheet, colleagues: list[str]) -> Faults:
    found: Faults = {}
    if sheet.one("delegate") not in colleagues:
        found["delegate"] = _NO_DEPUTY
    if sheet.one("days") not in {str(one) for one in DAYS}:
        found["days"] = _NO_DAYS
    if sheet.one("when") not in _WHEN:
        found["when"] = _NO_WHEN
    return found
