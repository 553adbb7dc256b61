"""What became of the case: told by whoever asked, decided by whoever holds the record.

An outcome goes to the holder. Where it clears the person, the holder's custodian alone
takes the row out of the index, or lets it stay.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from childgrid_portal import drafts
from childgrid_portal.web.forms import EMPTY, LONGEST_LINE, Faults, Sheet
from childgrid_portal.web.visit import Visit
from childgrid_portal.web.words import N_
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import DISPOSALS

_NO_DISPOSAL = N_("Choose what became of the case.")
_LONG = N_("Write at most 10 lines of at most 200 signs.")
_NO_DECISION = N_("Choose what you decide.")


def outcome(visit: Visit) -> Response:
    """Tell the holder what became of the case in which its record was disclosed."""
    name = visit.place["request"]
    asked = visit.read("request", name)
    sheet, faults = EMPTY, Faults()
    if visit.form:
        sheet = Sheet.of(visit.form, ("disposal", "cnr"))
        faults = _outcome_faults(sheet)
        if not faults:
            said = drafts.outcome(
                visit.person.officer, name, sheet.one("disposal"), sheet.one("cnr")
            )
            return visit.sign(said, "/?done={hash}")
    return visit.page(
        "outcome.html",
        422 if faults else 200,
        asked=asked,
        disposals=DISPOSALS,
        sheet=sheet,
        faults=faults,
    )


def _outcome_faults(sheet: Sheet) -> Faults:
    found: Faults = {}
    if sheet.one("disposal") not in DISPOSALS:
        found["disposal"] = _NO_DISPOSAL
    if len(sheet.one("cnr")) > LONGEST_LINE:
        found["cnr"] = _LONG
    return found


def purge(visit: Visit) -> Response:
    """Decide whether the row of somebody who was cleared leaves the own index."""
    item = _waiting(visit.read("inbox")["outcomes"], visit.place["subject"])
    faults = Faults()
    if visit.form:
        decision = Sheet.of(visit.form, ("decision",)).one("decision")
        if decision in ("yes", "no"):
            out = decision == "yes"
            said = drafts.purge(visit.person.officer, item["hash"], out=out)
            return visit.sign(said, "/?done={hash}")
        faults = {"decision": _NO_DECISION}
    return visit.page(
        "purge.html",
        422 if faults else 200,
        item=item,
        faults=faults,
    )


def _waiting(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    for one in items:
        if one["hash"] == name:
            return one
    raise Refused(Reason.UNKNOWN, "outcomes")
