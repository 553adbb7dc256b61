"""The rooms around the verbs: the inbox with its clocks, limits, directory, health."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from childgrid_portal import drafts
from childgrid_portal.web import clock
from childgrid_portal.web.finding import titles
from childgrid_portal.web.forms import EMPTY, Faults, Sheet, page_of
from childgrid_portal.web.visit import Visit
from childgrid_portal.web.words import N_
from childgrid_wire import deputies
from childgrid_wire.lifting import SCOPES

_OFFICER = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_LIFTED = ("scope", "officer", "case", "queries", "hours")
LIFT_HOURS = (24, 48, 168)

_NO_SCOPE = N_("Choose whose limit is to be lifted.")
_NO_OFFICER = N_("Give the officer's id, such as si-rao.")
_NO_CASE = N_("Choose a case.")
_NO_NUMBER = N_("Give a whole number of queries a day, from 1 to 100,000.")
_NO_HOURS = N_("Choose how long the limit is to be lifted.")


def inbox(visit: Visit) -> Response:
    """What waits for this officer, the most urgent first; agency IT sees health."""
    if visit.person.role == "agency-it":
        return RedirectResponse("/health", 303)
    now, done = clock.now(), visit.query.get("done", "")
    shown = visit.read("inbox")
    waiting = [{**one, **waits(one, now)} for one in shown["waiting"]]
    return visit.page(
        "inbox.html",
        inbox=shown,
        waiting=sorted(waiting, key=lambda one: one["due"]),
        approves=visit.person.role in deputies.ROLES,
        late=[one for one in waiting if one["clock"] != "fine"],
        done=done if visit.has_signed(done) else "",
        now=now,
        here="/",
    )


def waits(item: Mapping[str, Any], now: int) -> dict[str, Any]:
    """How long an entry may still wait: 48 hours from its making, or until it ends."""
    issued, expires = item["issued"], item["expires"]
    due, state = deputies.due(issued, expires), deputies.clock(issued, expires, now)
    return {"due": due, "left": abs(due - now), "clock": state}


def directory(visit: Visit) -> Response:
    """Who provides what, under which rules, and whom to call there."""
    return visit.page(
        "directory.html", rules=visit.read("directory"), here="/directory"
    )


def health(visit: Visit) -> Response:
    """How the own node is; for agency IT."""
    return visit.page(
        "health.html", health=visit.read("health"), now=clock.now(), here="/health"
    )


def lift(visit: Visit) -> Response:
    """Ask that a limit of queries a day be lifted; custodians elsewhere countersign."""
    lines = visit.read("docket", page=page_of(visit.query))["lines"]
    cases = {
        one["case"]: one["known"].get("case_reference", "")
        for one in lines
        if one["known"]
    }
    sheet, faults = EMPTY, Faults()
    if visit.form:
        sheet = Sheet.of(visit.form, _LIFTED)
        faults = _faults(sheet, cases)
        if not faults:
            wanted = drafts.lift(
                visit.person.officer,
                sheet.one("scope"),
                _subject(sheet, visit.person.member),
                int(sheet.one("queries")),
                int(sheet.one("hours")),
            )
            return visit.sign(wanted, "/?done={hash}")
    return visit.page(
        "lift.html",
        422 if faults else 200,
        sheet=sheet,
        faults=faults,
        cases=cases,
        hours=LIFT_HOURS,
        names=titles(visit.read("directory")),
        here="/lift",
    )


def _subject(sheet: Sheet, member: str) -> str:
    """Whose limit: an officer's id, a case's commitment, or the own agency."""
    scope = sheet.one("scope")
    return member if scope == "agency" else sheet.one(scope)


def _faults(sheet: Sheet, cases: Mapping[str, str]) -> Faults:
    found: Faults = {}
    scope, number = sheet.one("scope"), sheet.one("queries")
    if scope not in SCOPES:
        found["scope"] = _NO_SCOPE
    if scope == "officer" and not _OFFICER.fullmatch(sheet.one("officer")):
        found["officer"] = _NO_OFFICER
    if scope == "case" and sheet.one("case") not in cases:
        found["case"] = _NO_CASE
    if not re.fullmatch(r"[1-9]\d{0,5}", number, re.ASCII) or int(number) > 100_000:
        found["queries"] = _NO_NUMBER
    if sheet.one("hours") not in {str(one) for one in LIFT_HOURS}:
        found["hours"] = _NO_HOURS
    return found
