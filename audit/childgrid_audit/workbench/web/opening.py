"""The room of openings: who asked for what, who agreed, and what was opened.

Everybody at the workbench sees that something was asked for and what came of it; the
content is shown to the two persons it is sealed to, each by the own key. With a pen the
station's own log is read beside the mirrored ones, so that a wish is seen as soon as
it came by mail.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from childgrid_audit.opened import Opening as Found
from childgrid_audit.opened import gathered, of_log
from childgrid_audit.workbench.opener import Opener
from childgrid_audit.workbench.pen import Pen
from childgrid_audit.workbench.web.answers import Answers
from childgrid_audit.workbench.web.rooms import Absent, Values, is_digest
from childgrid_audit.workbench.work import Work
from childgrid_wire import canonical, openings
from childgrid_wire.errors import Malformed
from childgrid_wire.kinds import Kind

GROUNDS = {
    "complaint": "Somebody complained",
    "court-order": "A court ordered it",
    "finding": "A finding was put about it",
    "sample": "It is in a random sample",
    "suspected-abuse": "The logs suggest an abuse",
}
_KINDS = (Kind.OPENING, Kind.APPROVAL, Kind.OPENED, Kind.REFUSAL)
_KEPT = {
    Kind.QUERY: "the description of the suspect and the number of the case",
    Kind.REQUEST: "the justification, in the officer's words",
    Kind.DISCLOSURE: "the record that was released",
}
_DEEPEST = 8
Act = Callable[[Opener, dict[str, str]], str | dict[str, Any]]


class Opening:
    """Handlers of GET; `writing` has those that sign."""

    def __init__(self, answers: Answers, pen: Pen | None) -> None:
        self._answers = answers
        self._opener = Opener(pen) if pen else None

    def routes(self) -> list[tuple[str, Callable[[Request], Response]]]:
        """Every address that can be read."""
        return [("/openings", self.listed), ("/openings/new", self.new)]

    def listed(self, request: Request) -> Response:
        """All openings, with what this person can do about each."""
        done = request.query_params.get("done", "")
        return self._answers.show(
            request,
            "openings.html",
            "/openings",
            lambda work: page(work, self._opener, {"done": done}),
        )

    def new(self, request: Request) -> Response:
        """The form that asks for an opening."""
        given = {"subject": request.query_params.get("subject", "")}
        return self._answers.show(
            request,
            "open.html",
            "/openings",
            lambda work: page(work, self._opener, given),
        )


def page(work: Work, opener: Opener | None, given: dict[str, str]) -> Values:
    """What both pages need: the list, and the statement that is asked about, if any."""
    subject = given.get("subject", "")
    return {
        "rows": rows(work, opener, int(time.time())),
        "grounds": list(GROUNDS.items()),
        "done": given.get("done", "") if is_digest(given.get("done", "")) else "",
        "fault": "",
        "subject": subject,
        **(_about(work, subject) if subject else {}),
    }


def _about(work: Work, subject: str) -> Values:
    event = work.ledger.events.get(subject)
    keeper = openings.keeper(event.statement) if event else ""
    if event is None or not keeper:
        raise Absent("statement beside which anything is kept")
    kind = event.statement.kind
    return {
        "kind": kind.value,
        "keeper": keeper,
        "kept": _KEPT[kind],
    }


def rows(work: Work, opener: Opener | None, now: int) -> list[Values]:
    """The openings, latest first, each with its state and what may be done about it."""
    known = [one.statement for kind in _KINDS for one in work.ledger.of(kind)]
    own = (said for _, said in of_log(opener.pen.log)) if opener else ()
    return [_row(one, opener, now) for one in gathered(chain(known, own))]


def _row(one: Found, opener: Opener | None, now: int) -> Values:
    state, person = one.state(now), opener.pen.person if opener else ""
    # What was handed over can be read, whatever its keeper has said of it since.
    kept = opener is not None and one.opened is not None and opener.keeps(one)
    return {
        "one": one,
        "state": state,
        "ground": GROUNDS[one.said["ground"]],
        "may_agree": state == "waiting" and person not in ("", one.said.person),
        "may_read": kept and person in one.readers,
    }


def asked(opener: Opener, given: dict[str, str]) -> str:
    """Sign the wish; returns its hash."""
    subject, party = given.get("subject", ""), given.get("party", "")
    return opener.ask(party, subject, given.get("ground", ""))


def agreed(opener: Opener, given: dict[str, str]) -> str:
    """Sign the second word; returns its hash."""
    return opener.agree(given.get("opening", ""))


def read(opener: Opener, given: dict[str, str]) -> dict[str, Any]:
    """What was opened, as lines of name and text; logs the reading."""
    content = opener.read(given.get("opening", ""))
    return {**content, "lines": lines(content["kept"])}


def lines(kept: object, name: str = "", depth: int = 0) -> list[tuple[str, str]]:
    """Whatever was kept, flattened: a path of names, and the text there.

    What lies deeper than anything the grid writes stays together as one text: nobody
    hides a record by wrapping something else a thousand times.
    """
    if isinstance(kept, dict) and depth < _DEEPEST:
        inner = [(f"{name}.{key}".lstrip("."), one) for key, one in kept.items()]
    elif isinstance(kept, list) and depth < _DEEPEST:
        inner = [(f"{name} {place}", one) for place, one in enumerate(kept, 1)]
    else:
        return [(name, _text(kept))]
    return [line for path, one in inner for line in lines(one, path, depth + 1)]


def _text(kept: object) -> str:
    if not isinstance(kept, dict | list):
        return str(kept)
    try:
        return canonical.dumps(kept).decode("ascii")
    except Malformed:
        return "nested too deeply to be shown"
