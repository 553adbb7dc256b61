"""The verb *decide*: a supervising officer on queries and requests of the own agency, a
custodian on requests for its records, silent hits and budgets.

The page shows exactly what is decided, who must sign and who has. What is chosen here
is drafted by the node and shown again from the exact bytes before it is signed. A
custodian alone sees why the machine holds a record to be the person's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from childgrid_portal import drafts
from childgrid_portal.drafts import Wanted
from childgrid_portal.web import checks, clock
from childgrid_portal.web.finding import titles
from childgrid_portal.web.forms import EMPTY, Faults, Sheet
from childgrid_portal.web.visit import About, Visit
from childgrid_portal.web.words import N_
from childgrid_wire import breakglass
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import DENIALS, Kind

NAMES = ("decision", "reason", "field")
SILENT = "silent-hit"
_DONE = "/?done={hash}"

Verdict = Callable[[str, str, bool], Wanted]

_NO_DECISION = N_("Choose what you decide.")
_NO_REASON = N_("Choose why you refuse.")
_NO_FIELD = N_("Choose at least one field, or refuse.")
_STRANGE_FIELD = N_("Only fields that were asked for can be granted.")


def query(visit: Visit) -> Response:
    """Decide on a query of the own agency, as its officers know it."""
    name = visit.place["query"]
    asked = visit.read("query", name)
    known = {field: tuple(said) for field, said in asked.get("suspect", {}).items()}
    return _decide(
        visit,
        "decide_query.html",
        name,
        asked,
        asked=asked,
        child=checks.child(Sheet(known), clock.today()),
        beside=_beside(visit, asked) if asked["waits"] else [],
    )


def _beside(visit: Visit, asked: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What else of the same asker and case waits here: one may correct the other."""
    return [
        one
        for one in visit.read("inbox")["waiting"]
        if one["kind"] == Kind.QUERY.value
        and (one["by"], one["case"]) == (asked["by"], asked["case"])
        and one["hash"] != asked["hash"]
    ]


def request(visit: Visit) -> Response:
    """A request for its own side, or for whoever decides on it."""
    name = visit.place["request"]
    asked = visit.read("request", name)
    return _decide(
        visit,
        "request.html",
        name,
        asked,
        asked=asked,
        titles=titles(visit.read("directory")),
        tasks=tasks(asked),
        holds=asked["holder"] == visit.person.member,
        here=f"/request/{name}",
    )


def budget(visit: Visit) -> Response:
    """Countersign that another agency may ask more a day, or refuse it."""
    item = _waiting(visit, "waiting", visit.place["subject"])
    return _decide(
        visit, "budget.html", item["hash"], {**item, "waits": True}, asked=item
    )


def _decide(
    visit: Visit,
    template: str,
    name: str,
    subject: Mapping[str, Any],
    /,
    **values: object,
) -> Response:
    """Show what is to be decided; posted, the form's faults or the signature."""
    sheet, faults = EMPTY, Faults()
    if visit.form:
        sheet = Sheet.of(visit.form, NAMES)
        faults = _faults(subject, sheet)
        if not faults:
            wanted = _decision(visit.person.officer, name, subject, sheet)
            return visit.sign(wanted, _DONE, _about(subject))
    return visit.page(
        template,
        422 if faults else 200,
        sheet=sheet,
        faults=faults,
        waits=subject["waits"],
        denials=DENIALS,
        now=clock.now(),
        **values,
    )


def _about(subject: Mapping[str, Any]) -> About:
    """Who is sought in which case, or why a record: the statement has a hash alone."""
    if "justification" in subject:
        return {"justification": [subject["justification"]]}
    if "suspect" not in subject:
        return {}
    return {**subject["suspect"], "case": [subject["case_reference"]]}


def _faults(asked: Mapping[str, Any], sheet: Sheet) -> Faults:
    decision = sheet.one("decision")
    if not asked["waits"]:
        raise Refused(Reason.DECIDED, "decision")
    if decision not in ("approve", "refuse"):
        return {"decision": _NO_DECISION}
    if decision == "refuse":
        return {} if sheet.one("reason") in DENIALS else {"reason": _NO_REASON}
    return _of_fields(asked, set(sheet.all("field")))


def _of_fields(asked: Mapping[str, Any], chosen: set[str]) -> Faults:
    """Fields are chosen where the form offers them: by a custodian of the holder."""
    if "justification" not in asked:
        return {}
    if chosen - set(asked["fields"]):
        return {"field": _STRANGE_FIELD}
    return {} if chosen else {"field": _NO_FIELD}


def _decision(
    officer: str, name: str, asked: Mapping[str, Any], sheet: Sheet
) -> Wanted:
    if sheet.one("decision") == "refuse":
        return drafts.refuse(officer, name, sheet.one("reason"))
    slot = breakglass.SLOT if asked.get("break_glass") else ""
    fields = sheet.all("field") if "justification" in asked else ()
    return drafts.approve(officer, name, fields, slot)


def tasks(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The policy's places in order, each with who has signed and how many lack."""
    found = []
    for slot in asked["slots"]:
        signed = [one for one in asked["approvals"] if one["slot"] == slot["slot"]]
        lack = max(slot["persons"] - len({one["by"] for one in signed}), 0)
        found.append({**slot, "signed": signed, "lack": lack})
    return found


def silent(visit: Visit) -> Response:
    """Hits in silent categories: they wait here until a custodian says them aloud."""
    shown = visit.read("silent")["silent"]
    name = visit.place.get("query", "")
    if name:
        shown = [one for one in shown if one["hash"] == name]
        if not shown:
            raise Refused(Reason.UNKNOWN, "silent")
    if visit.form:
        wanted = drafts.approve(visit.person.officer, name, (), SILENT)
        return visit.sign(wanted, _DONE)
    return visit.page("silent.html", silent=shown, one=bool(name), here="/silent")


def review(visit: Visit) -> Response:
    """Review a release by break-glass."""
    item = _waiting(visit, "emergencies", visit.place["request"])
    return _verdict(visit, "review.html", item, _review)


def finding(visit: Visit) -> Response:
    """Answer an auditor's finding."""
    item = _waiting(visit, "findings", visit.place["finding"])
    return _verdict(visit, "finding.html", item, _answer)


def _review(officer: str, name: str, right: bool) -> Wanted:
    return drafts.review(officer, name, justified=right)


def _answer(officer: str, name: str, right: bool) -> Wanted:
    return drafts.answer(officer, name, in_order=right)


def _verdict(
    visit: Visit, template: str, item: Mapping[str, Any], wanted: Verdict
) -> Response:
    """Yes or no: show the form; posted, its fault or the signature."""
    faults = Faults()
    if visit.form:
        decision = Sheet.of(visit.form, ("decision",)).one("decision")
        if decision in ("yes", "no"):
            made = wanted(visit.person.officer, item["hash"], decision == "yes")
            return visit.sign(made, _DONE)
        faults = {"decision": _NO_DECISION}
    return visit.page(
        template,
        422 if faults else 200,
        item=item,
        faults=faults,
        now=clock.now(),
    )


def _waiting(visit: Visit, list_: str, name: str) -> dict[str, Any]:
    """An entry of the inbox; raises `Refused` where nothing waits for this officer."""
    for one in visit.read("inbox")[list_]:
        if one["hash"] == name:
            return dict(one)
    raise Refused(Reason.UNKNOWN, list_)
