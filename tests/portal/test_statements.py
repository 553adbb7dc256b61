"""The signing page's rows: every field of the bytes, and nothing else."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from audit.browser import Page
from childgrid_portal import render
from childgrid_portal.web import statements
from childgrid_wire import canonical, statement
from childgrid_wire.errors import Malformed
from childgrid_wire.kinds import Kind
from portal.visits import rendered
from wire import samples

NOW = 1_780_000_000
SIGNED = (
    *(Kind.QUERY, Kind.REQUEST, Kind.APPROVAL, Kind.REFUSAL),
    *(Kind.REVIEW, Kind.BUDGET, Kind.VIEW),
)


def drafted(kind: Kind, **said: str) -> bytes:
    """What a node wrote for an officer to sign; `said` in the place of the sample's."""
    return statement.draft(
        kind,
        issuer="police",
        officer="si-rao",
        now=NOW,
        seconds=3_600,
        answers="ab" * 32 if kind in (Kind.APPROVAL, Kind.REFUSAL) else "",
        id=secrets.token_hex(16),
        **{**samples.BODIES[kind], **said},
    )


@pytest.mark.threat("T25")
@pytest.mark.parametrize("kind", SIGNED)
def test_every_field_has_its_row(kind: Kind) -> None:
    """With a label of its own; the value is the payload's."""
    payload = drafted(kind)
    body = canonical.loads(payload)
    said = statements.read(kind, payload)
    shown = [row.text or str(row.time) for row in said.rows]

    assert len(said.rows) == len(body) - 1
    assert len({row.label for row in said.rows}) == len(said.rows)
    for name in body.keys() - {"kind"}:
        assert any(is_said(body[name], text) for text in shown), name


def is_said(value: Any, text: str) -> bool:
    """Whether a row's text is a value's: each part of a list, a number's digits."""
    if isinstance(value, list | dict):
        return sorted(value) == sorted(text.split(", ") if text else [])
    if isinstance(value, bool):
        return text == ("yes" if value else "no")
    return text == str(value) or (value == "" and text == "0")


@pytest.mark.parametrize("subject", ["candidate", "outcome", "purge", "break-glass"])
def test_each_thing_that_a_review_says_has_its_title(subject: str) -> None:
    """And a field that only one of them has stands under words, not under its name."""
    more = {
        "candidate": {"verdict": "same", "other": "cd" * 32},
        "outcome": {"disposal": "acquitted", "cnr": "ef" * 32},
    }.get(subject, {})
    body = {"subject": subject, "pairs": 1, "agreed": 1, "result": "12" * 32, **more}
    payload = statement.draft(
        Kind.REVIEW,
        issuer="police",
        officer="si-rao",
        now=NOW,
        seconds=60,
        answers="ab" * 32,
        **body,
    )
    said = statements.read(Kind.REVIEW, payload)
    typed = next(render.lines(payload)).removeprefix("REVIEW: ")
    words = {
        "candidate": "what I found out about a candidate; it stays here",
        "outcome": "I tell the holder what became of the case",
        "purge": "I decide whether a row of ours stays in the index",
    }.get(subject, "what I find on reviewing what is named here")
    assert typed == words
    assert said.title.lower() == words.lower()
    labels = {row.text: row.label for row in said.rows}
    for name, value in more.items():
        assert labels[value] not in (name, "")
        assert " " in labels[value]


def test_what_decides_stands_before_what_only_proves() -> None:
    """Fields before the random number, an emergency before everything."""
    said = statements.read(Kind.REQUEST, drafted(Kind.REQUEST))
    labels = [row.label for row in said.rows]
    assert labels[0].startswith("EMERGENCY")
    assert labels.index("Fields") < labels.index("Signed by")
    assert labels[-1] == "Random number of this statement"


def test_the_page_of_what_is_decided_is_one_touch_away() -> None:
    """A decision's subject, a request's query; nothing where there is no such page."""
    approval = drafted(Kind.APPROVAL, subject="request")
    answers = canonical.loads(approval)["answers"]
    assert statements.read(Kind.APPROVAL, approval).about.endswith(f"/{answers}")
    query = canonical.loads(drafted(Kind.REQUEST))["query"]
    request = statements.read(Kind.REQUEST, drafted(Kind.REQUEST))
    assert request.about == f"/query/{query}"
    for kind in (Kind.QUERY, Kind.VIEW, Kind.BUDGET):
        assert statements.read(kind, drafted(kind)).about == ""
    auditors = drafted(Kind.APPROVAL, subject="opening")
    assert statements.read(Kind.APPROVAL, auditors).about == ""


def test_bytes_of_another_kind_are_not_shown() -> None:
    """A page can't call a query an approval."""
    with pytest.raises(Malformed):
        statements.read(Kind.APPROVAL, drafted(Kind.QUERY))
    with pytest.raises(Malformed):
        statements.read(Kind.QUERY, drafted(Kind.QUERY) + b" ")


def sign_page(said: statements.Said, language: str = "en") -> str:
    """The page that shows a statement before it is signed, as HTML."""
    draft = {"id": "0" * 32, "hash": "ab" * 32, "moment": NOW}
    draft |= {"about": None, "typed": ""}
    given_ = {
        "said": said,
        "draft": draft,
        "earlier": "",
        "open_for": 5,
        "minutes": 5,
        "options": {},
        "trainee": False,
        "fault": None,
        "person": None,
        "officer": "",
        "token": "t",
        "look": "",
        "links": [],
        "here": "/",
        "posted": True,
        "entered": True,
    }
    return rendered().render("sign.html", language, **given_)


def signed_page(kind: Kind, language: str = "en", **values: str) -> str:
    """The same of one kind, as text."""
    said = statements.read(kind, drafted(kind, **values))
    return Page(sign_page(said, language)).said()


def test_what_is_signed_is_said_in_words_beside_its_codes() -> None:
    """In the reader's language; the code of the bytes is never left out."""
    said = signed_page(Kind.APPROVAL, "hi", side="holder", slot="custodian")
    assert "अभिलेख रखने वाली एजेंसी (holder)" in said
    assert "अभिरक्षक (नोडल अधिकारी) (custodian)" in said
    english = signed_page(Kind.QUERY, purpose="investigation")
    assert "investigation of an offence (investigation)" in english


def test_no_value_of_a_statement_is_markup_or_a_format() -> None:
    """A value is text, whatever stands in it."""
    row = statements.Row("Fields", "<b>50 %(x)s</b>")
    page = sign_page(statements.Said("Title", (row,)))
    assert "&lt;b&gt;50 %(x)s&lt;/b&gt;" in page
