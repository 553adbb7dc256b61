"""Checks of what a node answers: hits, silence, budgets, repetition."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from childgrid_conformance.check import Check, add, check, demand, refused
from childgrid_conformance.founding import OFFICER_QUERIES, SPOKEN
from childgrid_conformance.scene import Call, Scene
from childgrid_wire import canonical
from childgrid_wire.kinds import BANDS

MOST = 5
_CANDIDATE = {
    *("handle", "probability", "band", "others", "calibrated", "category", "as_of"),
}


def raw(scene: Scene, call: Call) -> dict[str, Any]:
    """What an answer says, unverified: the check at hand judges another thing."""
    reply = scene.match(call)
    demand(reply.status == "OK", f"refused: {reply}")
    outer = json.loads(reply.value.answer.payload)
    body: dict[str, Any] = json.loads(canonical.from_b64(outer["payload"]))
    return body


def _shape(body: dict[str, Any]) -> dict[str, Any]:
    """All of an answer but what differs between any two."""
    differs = ("id", "issued", "expires", "answers")
    return {name: value for name, value in body.items() if name not in differs}


@check(
    "match.hit",
    "architecture: a query",
    "a query for a person in the register",
    "answers `hit`",
)
def _(scene: Scene) -> str:
    body = raw(scene, scene.call("known"))
    demand(body["outcome"] == "hit", f"answers `{body['outcome']}`")
    return f"hit, {len(body['candidates'])} candidates"


@check(
    "match.none",
    "architecture: a query",
    "a query for a person who is in no register",
    "answers `none` without candidates",
)
def _(scene: Scene) -> str:
    body = raw(scene, scene.call("stranger"))
    demand(body["outcome"] == "none", f"answers `{body['outcome']}`")
    demand(body["candidates"] == [], "none, with candidates")
    return "none"


@check(
    "match.rehearsal",
    "joining: probation",
    "a rehearsal for a person in the register",
    "answers `none` without candidates: a rehearsal is answered from nobody real",
)
def _(scene: Scene) -> str:
    body = raw(scene, scene.call("known", query={"rehearsal": True}))
    demand(body["outcome"] == "none", f"answers `{body['outcome']}`")
    demand(body["candidates"] == [], "none, with candidates")
    return "none"


@check(
    "match.signed",
    "architecture: statements",
    "a query for a person in the register",
    "the answer is one canonical statement of the closed schema, names the query, and "
    "is signed by the member's key in the directory",
)
def _(scene: Scene) -> str:
    call = scene.call("known")
    said = scene.answer(call)
    demand(said.answers == call.hash, "the answer names another query")
    demand(said.expires > scene.now, "the answer has expired already")
    return "signed and in form"


@check(
    "match.again",
    "architecture: a query",
    "the same query twice",
    "the stored answer, byte for byte",
)
def _(scene: Scene) -> str:
    call = scene.call("known")
    one, two = scene.match(call), scene.match(call)
    demand(one.status == two.status == "OK", f"refused: {one}, {two}")
    same = one.value.answer.payload == two.value.answer.payload
    demand(same, "other bytes the second time")
    return "the same bytes"


@check(
    "match.five",
    "architecture: a query",
    "a query for a person with seven rows in the register",
    "one to five candidates",
)
def _(scene: Scene) -> str:
    count = len(raw(scene, scene.call("many"))["candidates"])
    demand(1 <= count <= MOST, f"{count} candidates")
    return f"{count} candidates"


@check(
    "match.little",
    "architecture: a query",
    "a query for a person in the register",
    "a candidate is handle, probability per 10,000, band, category and dates: no "
    "value, no agreement of a field, no key of a row",
)
def _(scene: Scene) -> str:
    body = raw(scene, scene.call("many"))
    demand(body["candidates"], "no candidates")
    for one in body["candidates"]:
        more = sorted(one.keys() ^ _CANDIDATE)
        demand(not more, f"fields {', '.join(more)}")
        demand(one["band"] in BANDS, "a band that there is not")
        demand(type(one["probability"]) is int, "a probability that is no integer")
        demand(one["category"] == SPOKEN, f"category {one['category']}")
    return "nothing else"


@check(
    "match.handles",
    "architecture: a query",
    "two queries for one person",
    "handles are random for each query",
)
def _(scene: Scene) -> str:
    calls = [scene.call("many") for _ in range(2)]
    handles = [
        {one["handle"] for one in raw(scene, call)["candidates"]} for call in calls
    ]
    demand(all(handles), "no candidates")
    demand(not handles[0] & handles[1], "a handle came twice")
    return "all differ"


def _unseen(scene: Scene, person: str) -> str:
    """Answered exactly as nobody: content and size of the answer."""
    nobody, somebody = (raw(scene, scene.call(one)) for one in ("stranger", person))
    demand(somebody["outcome"] == "none", f"answers `{somebody['outcome']}`")
    demand(_shape(nobody) == _shape(somebody), "told apart from no hit")
    sizes = {len(canonical.dumps(one)) for one in (nobody, somebody)}
    demand(len(sizes) == 1, "of another size than no hit")
    return "as no hit"


_AS_NOBODY = (
    ("victim", "a query for a person who is in the register as a victim"),
    ("minor", "a query for a person who is a minor"),
    ("minor-then", "a query for a person who was a minor at the recorded event"),
    ("silent", "a query for a person in a category that the policy marks silent"),
)
for _person, _sent in _AS_NOBODY:
    add(
        Check(
            f"match.{_person}",
            "joining: mapping a source",
            _sent,
            "answers exactly as for no hit",
            partial(_unseen, person=_person),
        )
    )


@check(
    "budget.officer",
    "approvals",
    f"{OFFICER_QUERIES + 1} queries of one officer in a day; the floor has "
    f"{OFFICER_QUERIES}",
    "the last is refused with `budget`, the others are answered",
)
def _(scene: Scene) -> str:
    officer = scene.cast.next_officer()
    calls = [scene.call("stranger", officer=officer) for _ in range(OFFICER_QUERIES)]
    for place, call in enumerate(calls):
        reply = scene.match(call)
        demand(reply.status == "OK", f"query {place + 1} refused: {reply}")
    # Asking again costs nothing, so the budget is not spent by repetition.
    again = scene.match(calls[0])
    demand(again.status == "OK", f"a repeated query refused: {again}")
    return refused(scene.match(scene.call("stranger", officer=officer)), "budget")
