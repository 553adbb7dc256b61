"""The verb *request*: which fields of one candidate, why, and for how long.

What can be asked for at all is the holder's policy, read from the directory: the form
offers nothing else. The justification is sealed to the holder; breaking the glass is
offered only where the founders and the holder allow it, and says what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import RedirectResponse, Response

from childgrid_portal import drafts
from childgrid_portal.web.finding import titles
from childgrid_portal.web.forms import (
    EMPTY,
    LONGEST_TEXT,
    NO_FAULTS,
    Faults,
    Sheet,
    step_of,
)
from childgrid_portal.web.visit import Visit
from childgrid_portal.web.words import N_
from childgrid_wire.errors import Reason, Refused

NAMES = ("field", "justification", "hours", "break_glass")
HOURS = (24, 48, 72)

_NO_FIELD = N_("Choose at least one field.")
_STRANGE_FIELD = N_("One of these fields is not granted by the holder's policy.")
_NO_REASON = N_("Say why these fields are needed for the case.")
_LONG = N_("Write at most 2,000 signs.")
_STRANGE_HOURS = N_("Choose how long the request may wait.")
_NO_GLASS = N_("This holder does not allow that; ask without it.")
_GLASS_FIELDS = N_("In an emergency only the fields marked for it can be asked for.")


@dataclass(frozen=True)
class Offer:
    """What may be asked of one candidate."""

    holder: str
    title: str
    candidate: Mapping[str, Any]
    fields: tuple[str, ...]
    slots: tuple[Mapping[str, Any], ...]
    glass: tuple[str, ...]
    """The fields that an emergency allows; none where the holder allows none."""

    hours: tuple[int, ...]


def request(visit: Visit) -> Response:
    """The form for a request; posted, its faults or the signature."""
    if step_of(visit.form) == "anew":
        visit.forget()
        return RedirectResponse(_address(visit), 303)
    offer = _offer(visit, visit.read("directory"))
    if not visit.form:
        return _form(visit, offer, *_kept(visit))
    sheet = Sheet.of(visit.form, NAMES)
    if step_of(visit.form) == "change":
        return _form(visit, offer, sheet)
    faults = _faults(offer, sheet)
    if faults:
        return _form(visit, offer, sheet, faults)
    wish = drafts.Wish(
        query=visit.place["query"],
        holder=offer.holder,
        handle=visit.place["handle"],
        fields=sheet.all("field"),
        justification=sheet.one("justification"),
        hours=int(sheet.one("hours")),
        break_glass=bool(sheet.one("break_glass")),
    )
    wanted = drafts.request(visit.person.officer, wish)
    about = {"justification": [wish.justification]}
    return visit.sign(wanted, "/request/{hash}", about)


def _address(visit: Visit) -> str:
    place = visit.place
    return f"/query/{place['query']}/request/{place['holder']}/{place['handle']}"


def _kept(visit: Visit) -> tuple[Sheet, Faults, int]:
    """What was typed here before, and when; an untouched form is none."""
    typed = visit.typed
    sheet = Sheet.of(typed.form, NAMES) if typed else EMPTY
    if typed is None or not sheet.holds(("field", "justification", "break_glass")):
        return EMPTY, {}, 0
    return sheet, {}, typed.moment


def _form(
    visit: Visit,
    offer: Offer,
    sheet: Sheet,
    faults: Faults = NO_FAULTS,
    since: int = 0,
) -> Response:
    return visit.page(
        "request_new.html",
        422 if faults else 200,
        query=visit.place["query"],
        offer=offer,
        sheet=sheet,
        faults=faults,
        since=since,
        action=_address(visit),
        within="asking" if offer.fields else "",
        again="sign" if faults else "change",
        here=f"/query/{visit.place['query']}",
    )


def _offer(visit: Visit, rules: Mapping[str, Any]) -> Offer:
    """What may be asked of the candidate that the address names.

    Raises:
        Refused: there is no such candidate.
    """
    holder, handle = visit.place["holder"], visit.place["handle"]
    answers = visit.read("answers", visit.place["query"])
    answer = answers["targets"].get(holder, {})
    for one in answer.get("candidates", ()):
        if one["handle"] == handle:
            rule = _rule(rules, holder, one["category"])
            glass = rule.get("break_glass", False) and rules["break_glass"]
            return Offer(
                holder,
                titles(rules).get(holder, holder),
                one,
                tuple(rule.get("fields", ())),
                tuple(rule.get("slots", ())),
                tuple(name for name in rule["fields"] if name in glass)
                if glass
                else (),
                tuple(h for h in HOURS if h * 3_600 <= rules["request_seconds"]),
            )
    raise Refused(Reason.UNKNOWN, "candidate")


def _rule(rules: Mapping[str, Any], holder: str, category: str) -> Mapping[str, Any]:
    """The holder's rule for a category; empty where its policy grants nothing."""
    for member in rules["members"]:
        for rule in member["rules"] if member["id"] == holder else ():
            if rule["category"] == category:
                return dict(rule)
    return {}


def _faults(offer: Offer, sheet: Sheet) -> Faults:
    found: Faults = {}
    fields, urgent = set(sheet.all("field")), bool(sheet.one("break_glass"))
    if not fields:
        found["field"] = _NO_FIELD
    elif fields - set(offer.fields):
        found["field"] = _STRANGE_FIELD
    elif urgent and fields - set(offer.glass):
        found["field"] = _GLASS_FIELDS
    if not sheet.one("justification"):
        found["justification"] = _NO_REASON
    elif len(sheet.one("justification")) > LONGEST_TEXT:
        found["justification"] = _LONG
    if sheet.one("hours") not in {str(one) for one in offer.hours}:
        found["hours"] = _STRANGE_HOURS
    if urgent and not offer.glass:
        found["break_glass"] = _NO_GLASS
    return found
