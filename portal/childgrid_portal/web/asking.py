"""The verb *ask*: a form for what an officer has, a page that checks it, a signature.

The form carries what was typed to the check page and from there either back into the
form or into the draft; what was sent last is kept until it is signed (see `drawer`) and
stands in the form again. What is sent to whom stands on the check page.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from childgrid_portal import drafts
from childgrid_portal.web import checks, clock, days, sections
from childgrid_portal.web.forms import (
    EMPTY,
    LONGEST_LINE,
    MOST_LINES,
    NO_FAULTS,
    PAPER,
    Faults,
    Sheet,
    step_of,
)
from childgrid_portal.web.terms import GROUNDS, INDIA
from childgrid_portal.web.visit import Visit
from childgrid_portal.web.words import N_
from childgrid_wire.errors import Reason, Refused

LINED = ("name", "alias", "relative", "phone", "email", "upi", "handle", "vehicle")
"""Fields that hold one thing a line."""

SINGLE = (
    *("birth_date", "birth_year", "age", "age_as_of", "sex"),
    *("address", "district", "state", "pin"),
    *("pan", "epic", "passport", "driving_licence", "fir", "cnr"),
)
_NAMES = ("name", "alias", "relative")
SUSPECT = (*LINED, *SINGLE)
ABOUT = ("case", "purpose", "section", "category", "target", "hours", "rehearsal")
FIELDS = (*SUSPECT, *ABOUT, PAPER)
HOURS = (24, 48, 72, 168)
MOST_SECTIONS = 16

_EMPTY = N_("Give at least one name, number or identifier.")
_LONG = N_("Write at most 10 lines of at most 200 signs.")
_LONG_NAME = N_(
    "Type only the name, in at most 10 lines of at most 200 signs; other facts belong "
    "in their own boxes."
)
_NO_DAY = N_("Say on which day this age was stated.")
_FUTURE = N_("This day has not come yet.")
_NO_CASE = N_("Give the case as the register of cases has it.")
_NO_PURPOSE = N_("Choose a purpose.")
_NO_SECTION = N_("Give at least one section of law.")
_STRANGE_SECTION = N_(
    "One of these is not in the grid's list of sections. Write each as act and "
    "section, such as BNS:143."
)
_STRANGE_TARGET = N_("One of these agencies cannot be asked.")
_ON_PROBATION = N_("An agency on probation is asked in a rehearsal only.")
_OWN_PROBATION = N_("Your own agency is on probation and asks in rehearsals only.")
_STRANGE_HOURS = N_("Choose how long the query may wait for answers.")

_UNREAD = N_("Nothing that was typed can be searched. Give a name or a whole number.")
_TOO_COMMON = N_(
    "Too many people fit. Add what tells the person apart: a relative, a date of "
    "birth, an address, a phone number."
)
_COMMON = {
    "name": _TOO_COMMON,
    "alias": N_(
        "Too many people have this alias. Add the name, a relative, a date of birth, "
        "an address or a phone number."
    ),
    "vehicle": N_(
        "The last digits fit too many vehicles. Give the whole number, or add a name, "
        "a relative or a phone number."
    ),
    "relative": N_(
        "A relative alone fits too many people. Add the person's own name, or a phone "
        "number."
    ),
}
"""What to add, at the first of these fields that was filled."""

_REFUSALS: dict[Reason, Faults] = {
    Reason.CASE: {"case": N_("The register of cases has no such open case of yours.")},
    Reason.PROBATION: {"rehearsal": _OWN_PROBATION},
    Reason.PURPOSE: {
        "purpose": N_("The policy does not allow this purpose or section.")
    },
}
"""What the node may find wrong with a draft, at the field that it is about."""


def ask(visit: Visit) -> Response:
    """The form; once posted, the check page, the form again, or the signature."""
    step = step_of(visit.form)
    if step == "anew":
        visit.forget()
        return RedirectResponse("/ask", 303)
    rules = visit.read("directory")
    if not visit.form:
        return _form(visit, rules, *_kept(visit))
    sheet = Sheet.of(visit.form, FIELDS)
    if step not in ("check", "sign"):
        return _form(visit, rules, sheet)
    faults = _faults(rules, sheet, clock.today())
    if faults:
        return _form(visit, rules, sheet, faults)
    if step == "check":
        return _check(visit, rules, sheet)
    return _sign(visit, rules, sheet)


def _kept(visit: Visit) -> tuple[Sheet, Faults, int]:
    """What was typed here before, and when; an untouched form is none."""
    typed = visit.typed
    sheet = Sheet.of(typed.form, FIELDS) if typed else EMPTY
    if typed is None or not sheet.holds((*SUSPECT, "case", "section", "purpose")):
        return EMPTY, {}, 0
    return sheet, {}, typed.moment


def _form(
    visit: Visit,
    rules: dict[str, Any],
    sheet: Sheet,
    faults: Faults = NO_FAULTS,
    since: int = 0,
) -> Response:
    return visit.page(
        "ask.html",
        422 if faults else 200,
        sheet=sheet,
        faults=faults,
        rules=rules,
        providers=providers(rules, rehearsal=True),
        categories=_counted(rules),
        hours=_hours(rules),
        india=INDIA,
        since=since,
        paper=sheet.one(PAPER) or secrets.token_hex(16),
        within="asking",
        again="check" if faults else "change",
        here="/ask",
    )


def _check(visit: Visit, rules: dict[str, Any], sheet: Sheet) -> Response:
    targets = _targets(rules, sheet)
    every = providers(rules, rehearsal=_is_rehearsal(sheet))
    asked = [one for one in every if not targets or one["id"] in targets]
    left_out = _left_out(rules, sheet)
    return visit.page(
        "ask_check.html",
        sheet=sheet,
        lined=LINED,
        given=[name for name in GROUNDS if name in SUSPECT and sheet.all(name)],
        doubts=checks.doubts(sheet),
        asked=asked,
        left_out=left_out,
        child=checks.child(sheet, clock.today()),
        everybody=not targets,
        rehearsal=_is_rehearsal(sheet),
        sections=_sections(sheet),
        within="checking",
        again="check",
        here="/ask",
    )


def _sign(visit: Visit, rules: dict[str, Any], sheet: Sheet) -> Response:
    question = drafts.Question(
        suspect=suspect(sheet),
        purpose=sheet.one("purpose"),
        sections=_sections(sheet),
        case=sheet.one("case"),
        targets=_targets(rules, sheet),
        hours=int(sheet.one("hours")),
        rehearsal=_is_rehearsal(sheet),
    )
    try:
        wanted = drafts.query(visit.person.officer, question)
        about = {**suspect(sheet), "case": [sheet.one("case")]}
        return visit.sign(wanted, "/query/{hash}", about)
    except Refused as refusal:
        faults = _refused(refusal.reason, sheet)
        if not faults:
            raise
        return _form(visit, rules, sheet, faults)


def _refused(reason: Reason, sheet: Sheet) -> Faults:
    """What the node found wrong, at the field that it is about."""
    if reason is Reason.TOO_COMMON:
        field = next((name for name in _COMMON if sheet.all(name)), "name")
        return {field: _COMMON.get(field, _TOO_COMMON)}
    if reason is Reason.EMPTY:
        field = next((name for name in SUSPECT if sheet.all(name)), "name")
        return {field: _UNREAD}
    return _REFUSALS.get(reason, {})


def suspect(sheet: Sheet) -> dict[str, list[str]]:
    """What is known, as a query names it: grid field to values."""
    found = {name: sheet.lines(name) for name in LINED}
    found |= {name: [" ".join(sheet.lines(name))] for name in SINGLE}
    return {name: values for name, values in found.items() if any(values)}


def _is_rehearsal(sheet: Sheet) -> bool:
    return bool(sheet.one("rehearsal"))


def providers(
    rules: Mapping[str, Any], *, rehearsal: bool = False
) -> list[dict[str, Any]]:
    """The agencies that can be asked: all that provide, but the own one.

    Those on probation are asked in a rehearsal only.
    """
    return [
        one
        for one in rules["members"]
        if "provider" in one["uses"]
        and one["id"] != rules["member"]
        and (rehearsal or not one.get("probation"))
    ]


def _counted(rules: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Each category that somebody else provides, and how many do."""
    every = [name for one in providers(rules) for name in one["categories"]]
    return [(name, every.count(name)) for name in sorted(set(every))]


def _hours(rules: Mapping[str, Any]) -> list[int]:
    return [one for one in HOURS if one * 3_600 <= rules["query_seconds"]]


def _targets(rules: Mapping[str, Any], sheet: Sheet) -> list[str]:
    """The agencies that were chosen, themselves or by category; none means all."""
    chosen, kinds = set(sheet.all("target")), set(sheet.all("category"))
    return [
        one["id"]
        for one in providers(rules, rehearsal=_is_rehearsal(sheet))
        if one["id"] in chosen or kinds & set(one["categories"])
    ]


def _left_out(rules: Mapping[str, Any], sheet: Sheet) -> list[dict[str, Any]]:
    """Those on probation that fit the choice and yet are not asked."""
    chosen, kinds = set(sheet.all("target")), set(sheet.all("category"))
    asked = providers(rules, rehearsal=_is_rehearsal(sheet))
    return [
        one
        for one in providers(rules, rehearsal=True)
        if one not in asked and (kinds & set(one["categories"]) or not chosen | kinds)
    ]


def _sections(sheet: Sheet) -> list[str]:
    """Sections of law as statements write them; see `sections`."""
    return list(dict.fromkeys(sections.read("\n".join(sheet.lines("section")))))


def _faults(rules: Mapping[str, Any], sheet: Sheet, today: dt.date) -> Faults:
    found = {**_too_long(sheet), **_of_age(sheet, today)}
    if not suspect(sheet) or set(suspect(sheet)) <= {"age_as_of"}:
        found = {"name": _EMPTY, **found}
    if not sheet.one("case"):
        found["case"] = _NO_CASE
    if sheet.one("purpose") not in {one["purpose"] for one in rules["purposes"]}:
        found["purpose"] = _NO_PURPOSE
    return {**found, **_of_law(rules, sheet), **_of_targets(rules, sheet)}


def _too_long(sheet: Sheet) -> Faults:
    return {
        name: _LONG_NAME if name in _NAMES else _LONG
        for name in (*SUSPECT, "case")
        if len(sheet.lines(name)) > MOST_LINES
        or any(len(line) > LONGEST_LINE for line in sheet.lines(name))
    }


def _of_age(sheet: Sheet, today: dt.date) -> Faults:
    stated = days.day(sheet.one("age_as_of"))
    born = days.day(sheet.one("birth_date"))
    found: Faults = {}
    if sheet.one("age") and not sheet.one("age_as_of"):
        found["age_as_of"] = _NO_DAY
    if stated is not None and stated > today:
        found["age_as_of"] = _FUTURE
    if born is not None and born > today:
        found["birth_date"] = _FUTURE
    return found


def _of_law(rules: Mapping[str, Any], sheet: Sheet) -> Faults:
    given = _sections(sheet)
    if not given:
        return {"section": _NO_SECTION}
    strange = set(given) - set(rules["sections"]) or len(given) > MOST_SECTIONS
    return {"section": _STRANGE_SECTION} if strange else {}


def _of_targets(rules: Mapping[str, Any], sheet: Sheet) -> Faults:
    found: Faults = {}
    chosen = set(sheet.all("target"))
    every = {one["id"] for one in providers(rules, rehearsal=True)}
    known = {one["id"] for one in providers(rules, rehearsal=_is_rehearsal(sheet))}
    kinds = {name for name, _ in _counted(rules)}
    if chosen - every or set(sheet.all("category")) - kinds:
        found["target"] = _STRANGE_TARGET
    elif chosen - known:
        found["target"] = _ON_PROBATION
    if sheet.one("hours") not in {str(one) for one in _hours(rules)}:
        found["hours"] = _STRANGE_HOURS
    return found
