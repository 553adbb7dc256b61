"""The portal's surface as an OpenAPI 3.1 document, from its ways and rooms.

For whoever tests it or reviews what it takes: it is not served. Every address, method,
path parameter and form field stands in it; what a page answers is HTML. The rule: it is
made from the same tables as the routes, so that no address can be missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from childgrid_portal.web import asking
from childgrid_portal.web.app import DIGEST, DIGESTS, ID, WAYS, Way
from childgrid_portal.web.visit import Room

_PLACE = re.compile(r"\{(\w+)\}")
_STEPS = ("check", "sign", "change", "name", "withdraw", "anew")
_DECISION = ("decision", "field", "reason")
_FORMS = {
    "/ask": (*asking.SUSPECT, *asking.ABOUT, "step"),
    "/deputy": ("delegate", "days", "when", "step"),
    "/lift": ("scope", "officer", "case", "queries", "hours", "decision"),
    "/display": ("language", "look", "back", "again"),
    "/sessions": ("session",),
    "/sign-in": ("officer",),
    "/enrol": ("officer", "code"),
    "/sign/{draft}": ("statement", "answer", "trainee"),
}
_ANY = (*_DECISION, "justification", "hours", "disposal", "cnr", "verdict", "other")
_QUERY = ("page", "state", "done")


def document(rooms: Sequence[Room]) -> dict[str, Any]:
    """The document of a portal with these rooms."""
    paths: dict[str, dict[str, Any]] = {}
    every: list[Way | Room] = [*WAYS, *rooms]
    for way in every:
        for method in _methods(way):
            named = paths.setdefault(way.path, {})
            named[method.lower()] = _operation(way.path, method)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Officers' portal", "version": "1"},
        "paths": paths,
    }


def _methods(way: Way | Room) -> Sequence[str]:
    return (way.method,) if isinstance(way, Way) else way.methods


def _operation(path: str, method: str) -> dict[str, Any]:
    said = [_parameter(name, "path") for name in _PLACE.findall(path)]
    if method == "GET":
        said += [_parameter(name, "query") for name in _QUERY]
        return {"parameters": said, "responses": _ANSWERS}
    return {"parameters": said, "requestBody": _body(path), "responses": _ANSWERS}


def _parameter(name: str, where: str) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "string"}
    if where == "path":
        shape["pattern"] = f"^{(DIGEST if name in DIGESTS else ID).pattern}$"
    return {"name": name, "in": where, "required": where == "path", "schema": shape}


def _body(path: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: {"type": "string"} for name in _FORMS.get(path, (*_ANY, "answer"))
    }
    if "step" in fields:
        fields["step"] = {"enum": list(_STEPS)}
    if "decision" in fields:
        fields["decision"] = {"enum": ["approve", "refuse", "yes", "no"]}
    form = {
        "type": "object",
        "properties": {"token": {"type": "string"}, **fields},
        "required": ["token", *sorted(fields)[:3]],
    }
    return {"content": {"application/x-www-form-urlencoded": {"schema": form}}}


_ANSWERS = {
    "default": {
        "description": "a page, a file, or the way to the next page",
        "content": {"text/html": {}},
    }
}
