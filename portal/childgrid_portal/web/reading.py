"""Rooms of the verb *read*: the 360° profile, its copies, a prosecutor's packs.

Every page and every copy reads the profile anew in the officer's sitting, which the own
node logs and refuses where the case is over. Nothing is kept here. A copy carries who
took it, for which case and when; its file is named by the query's hash alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from childgrid_page import drawings
from childgrid_portal.profile import (
    ages,
    compare,
    export,
    ftm,
    model,
    pack,
    pdf,
    story,
    ties,
)
from childgrid_portal.profile.export import Mark
from childgrid_portal.profile.model import ASKED, Profile, Value
from childgrid_portal.profile.text import file_name, visible
from childgrid_portal.profile.ties import Tie
from childgrid_portal.web import remarking
from childgrid_portal.web.forms import page_of
from childgrid_portal.web.visit import Room, Visit
from childgrid_portal.web.words import N_

DRAWN = 24
"""Links that the drawing shows; its table shows all."""

_LABEL = 30
_PROSECUTOR = ("prosecutor",)
_ASKERS = ("investigator", "supervising-officer")


def profile(visit: Visit) -> Response:
    """The page."""
    read = _read(visit)
    return visit.page("profile.html", **shown(read))


def paper(visit: Visit) -> Response:
    """The same on paper: a tagged PDF with a mark on every page."""
    read = _read(visit)
    mark = _mark(visit, read)
    page = visit.page("profile_paper.html", mark=mark, **shown(read))
    return _copy(read, pdf.draw(bytes(page.body).decode()), "pdf", "application/pdf")


def _export(
    make: Callable[[Profile, Mark], bytes], ending: str, media: str
) -> Callable[[Visit], Response]:
    def handler(visit: Visit) -> Response:
        read = _read(visit)
        return _copy(read, make(read, _mark(visit, read)), ending, media)

    return handler


def evidence(visit: Visit) -> Response:
    """The signed statements and proofs behind the profile, with a guide."""
    read = _read(visit)
    found = visit.read("bundle", read.query)
    body = pack.to_zip(found["files"], _mark(visit, read))
    return _copy(read, body, "zip", "application/zip")


def packs(visit: Visit) -> Response:
    """What was disclosed for the open cases of the prosecutor who asks."""
    found = visit.read("packs", page=page_of(visit.query))
    lines = [{**one, "shown": visible(one["case_reference"])} for one in found["lines"]]
    return visit.page("packs.html", lines=lines, page=found["page"], more=found["more"])


ROOMS = (
    Room("/packs", packs, roles=_PROSECUTOR, name=N_("Packs")),
    Room("/profile/{query}.pdf", paper),
    Room(
        "/profile/{query}.ftm.json",
        _export(ftm.to_ftm, "ftm.json", "application/json"),
    ),
    Room("/profile/{query}.json", _export(export.to_json, "json", "application/json")),
    Room(
        "/profile/{query}.csv",
        _export(export.to_csv, "csv", "text/csv; charset=utf-8"),
    ),
    Room("/profile/{query}.zip", evidence),
    Room("/profile/{query}", profile),
    Room(
        "/query/{query}/candidate/{holder}/{handle}",
        remarking.candidate,
        ("GET", "POST"),
        _ASKERS,
    ),
)
"""The copies stand before the page, whose path would take them in."""


def _read(visit: Visit) -> Profile:
    return model.read(visit.read("profile", visit.place["query"]))


def _mark(visit: Visit, read: Profile) -> Mark:
    person = visit.person
    officer = f"{person.member}/{person.officer}"
    return Mark(read.grid, officer, visible(read.case), read.read_at, read.notice)


def _copy(read: Profile, body: bytes, ending: str, media: str) -> Response:
    name = file_name(read.query, ending)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=media, headers=headers)


def shown(read: Profile) -> dict[str, Any]:
    """What page and paper show."""
    steps = story.steps(read)
    tied = ties.ties(read)
    return {
        "profile": read,
        "case": visible(read.case),
        "checks": ages.checks(read),
        "conflicts": compare.conflicts(read),
        "rows": compare.rows(read),
        "steps": steps,
        "lanes": _lanes(steps),
        "ties": tied,
        "net": _net(read, tied[:DRAWN]),
        "more": len(tied) > DRAWN,
        "places": ties.places(read),
    }


def _lanes(steps: list[story.Step]) -> drawings.Lanes:
    """Moments by agency; officers' own deeds are their agency's."""
    found: dict[str, list[int]] = {}
    for one in steps:
        found.setdefault(one.agency.partition("/")[0], []).append(one.when)
    return drawings.lanes(list(found.items()))


def _net(read: Profile, tied: list[Tie]) -> drawings.Net:
    marks = [one.origin.mark for one in read.records if one.origin]
    if any(ASKED in one.marks for one in tied):
        marks.insert(0, ASKED)
    names = {one.origin.mark: _name(one.origin) for one in read.records if one.origin}
    left = [names.get(mark, read.by.partition("/")[0]) for mark in marks]
    right = [
        (_short(one.values[0]), [marks.index(mark) for mark in one.marks])
        for one in tied
    ]
    return drawings.net(left, right)


def _name(origin: model.Origin) -> str:
    return f"{origin.agency} {origin.number}"


def _short(value: Value) -> str:
    text = value.shown
    return text if len(text) <= _LABEL else f"{text[:_LABEL]}…"
