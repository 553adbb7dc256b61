"""The almanac: who is in the grid, what each holds and lets go, and under which rules.

Directory, policies and floor are public among members. It is what an officer needs to
fill in a form: whom to ask, which purposes and sections there are, and which fields a
holder may grant, to whom it lies and who must sign. Beside it stands what this node has
heard of each: `heard`.
"""

from __future__ import annotations

from typing import Any

from childgrid_node.heard import Heard
from childgrid_node.office import Office
from childgrid_wire import probation
from childgrid_wire.errors import Untrusted
from childgrid_wire.kinds import BANDS, DENIALS
from childgrid_wire.trust import Officer, View


def read(office: Office, officer: Officer, as_of: int) -> dict[str, Any]:
    """The members, the rules, and who is asking; plain data for a page.

    `as_of` is how fresh the own indexes are, in Unix seconds; 0 where there are none.
    """
    view = office.view
    floor, heard = view.rules(), Heard(office, as_of)
    return {
        "member": office.member,
        "grid": view.directory["grid"],
        "directory": {
            "version": view.directory["version"],
            "expires": view.directory.expires,
        },
        "officer": {
            "id": officer.id,
            "role": officer.role,
            "unit": officer.unit,
            "rank": officer.rank,
        },
        "purposes": floor["purposes"],
        "sections": floor["sections"],
        "query_seconds": floor["query_seconds"],
        "request_seconds": floor["request_seconds"],
        "break_glass": floor.body.get("break_glass", []),
        "denials": list(DENIALS),
        "bands": list(BANDS),
        "members": [
            {**_member(view, one), "heard": heard.of(one["id"])}
            for one in view.members()
        ],
    }


def _member(view: View, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": entry["id"],
        "title": entry["title"],
        "kind": entry["kind"],
        "probation": probation.is_on(entry),
        "uses": entry["uses"],
        "categories": entry["categories"],
        "rules": _rules(view, entry["id"]),
        "custodians": _custodians(view, entry["id"]),
    }


def is_silent(view: View, member: str) -> bool:
    """Whether a member may hold what it answers nothing about until a custodian speaks.

    A category without a rule in force is silent, too; of who is no member any more
    nothing is known.
    """
    try:
        held = set(view.member(member)["categories"])
    except Untrusted:
        return True
    loud = {one["category"] for one in _rules(view, member) if not one["silent"]}
    return bool(held - loud)


def _rules(view: View, member: str) -> list[dict[str, Any]]:
    """What a holder's policy may grant, by category; empty where none is in force."""
    try:
        policy = view.policy(member)
    except Untrusted:
        return []
    glass = policy["break_glass"]
    return [
        {**rule, "break_glass": rule["category"] in glass} for rule in policy["rules"]
    ]


def _custodians(view: View, member: str) -> list[str]:
    """The ids of a holder's nodal officers."""
    staff = view.staff.get(member)
    return [
        str(one["id"])
        for one in (staff["officers"] if staff else ())
        if one["role"] == "custodian"
    ]
