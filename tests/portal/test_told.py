"""What an officer is told of agencies and leads: never more than is known."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader
from starlette.datastructures import FormData

from audit.browser import Page
from childgrid_node import almanac, explain
from childgrid_portal.profile import model
from childgrid_portal.web import checks, clock, finding, reading
from childgrid_portal.web.forms import Sheet
from childgrid_wire.errors import NEXT_STEP, Reason
from grid import KABIR, Grid
from portal.profiles import NOW, QUERY, SUSPECT, document, given, request, source
from portal.test_asking import FORM
from portal.test_walks import WHY
from portal.visitor import Visitor
from portal.visits import Officer

BANDS = {"strong": 9_282, "possible": 5_000}
SILENT = "nothing is said of them unless its custodian decides so"
UNSEARCHED = "Whom a register shows to be a child or a victim is left out"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW + 60)


def unanswered(state: str, reason: str = "") -> dict[str, Any]:
    """What the node says of a target that has not answered."""
    return {"outcome": "not answered", "state": state, "since": 0, "reason": reason}


def answered(outcome: str, *found: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """What the node says of one that has."""
    return {"outcome": outcome, "as_of": NOW, "candidates": list(found), **more}


def lead(band: str, others: int = 0) -> dict[str, Any]:
    """A candidate of a register that nobody has reviewed."""
    return {
        "handle": "00" * 16,
        "band": band,
        "calibrated": False,
        "probability": 9_500,
        "others": others,
        "category": "custody",
        "as_of": NOW,
        "clerical": [],
    }


def query(
    targets: Mapping[str, Any],
    state: str = "asked",
    language: str = "en",
    *,
    sent: bool = True,
) -> Page:
    """A query's page."""
    shown: dict[str, dict[str, Any]] = {
        "query": {
            "hash": QUERY,
            "state": state,
            "sent": sent,
            "by": "police/si-rao",
            "issued": NOW,
            "expires": NOW + 86_400,
            "suspect": SUSPECT,
            "purpose": "investigation",
            "sections": ["BNS:143"],
            "rehearsal": False,
            "waits": False,
            "refusals": [],
            "requests": [],
        },
        "answers": {"targets": targets, "not_asked": [], "bands": BANDS},
        "directory": {"members": []},
    }
    visit = Visitor(
        lambda object_, *_: shown[object_], {"query": QUERY}, language=language
    )
    return Page(bytes(finding.query(visit).body).decode())


def profile(*sources: Mapping[str, Any], language: str = "en") -> str:
    """A profile's page as text."""
    shown = document(*map(dict, sources), bands=BANDS)
    visit = Visitor(lambda *_: shown, {"query": QUERY}, language=language)
    return Page(bytes(reading.profile(visit).body).decode()).said()


def paper(*sources: Mapping[str, Any]) -> str:
    """The same on paper, with single spaces."""
    shown = document(*map(dict, sources), bands=BANDS)
    made = reading.paper(Visitor(lambda *_: shown, {"query": QUERY}))
    pages = PdfReader(io.BytesIO(bytes(made.body))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_who_refused_has_not_searched() -> None:
    """The query's page counts searches; refused, offline and late stand beside them."""
    refused = unanswered("refused", "scheme")
    said = query({"a": refused, "b": refused, "c": refused}).said()
    assert "0 of 3 agencies have searched; 3 refused to search" in said
    assert "None: no agency has searched." in said

    targets = {
        "a": refused,
        "b": unanswered("offline"),
        "c": unanswered("timed-out"),
        "d": answered("none"),
        "e": answered("refused", reason="scheme"),
    }
    said = query(targets).said()
    assert "1 of 5 agencies have searched; 2 refused to search;" in said
    for word in ("1 offline", "1 did not answer in time"):
        assert word in said


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("refused", "refused to search"),
        ("offline", "offline"),
        ("timed-out", "did not answer in time"),
        ("expired", "did not answer before the query ran out"),
    ],
)
def test_a_state_has_one_word(state: str, word: str) -> None:
    """On the query's page, in the profile and on paper."""
    one = {**source("a", answer="not answered"), **unanswered(state)}
    assert word in query({"a": unanswered(state)}).said()
    assert word in profile(one)
    if state == "refused":
        assert word in paper({**one, "reason": "scheme"})


def test_the_node_s_profile_says_why_nobody_answered(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """By the coordinator's word, and of each target whether it may keep silent."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    for name in ("prisons", "childcare"):
        grid.members[name].online = False
    asked = grid.ask(KABIR)
    said = {
        "prisons": {"state": "refused", "since": 0, "reason": "budget"},
        "customs": {"state": "hit", "since": 0, "reason": ""},
    }
    police = grid.agency("police")
    police.desk = replace(police.desk, standing=lambda _: said)

    read = model.read(grid.look("police", "si-rao", "profile", asked.hash))
    told = {one.agency: one for one in read.sources}

    assert (told["prisons"].standing, told["prisons"].reason) == ("refused", "budget")
    assert told["childcare"].standing == "unknown"
    assert told["customs"].standing == "hit"
    assert [one.agency for one in read.sources if one.silent] == ["childcare"]
    assert read.bands["strong"] == police.holdings.scheme.bands.strong
    answers = grid.look("police", "si-rao", "answers", asked.hash)["targets"]
    assert answers["prisons"]["state"] == "refused"
    assert [name for name, one in answers.items() if one["silent"]] == ["childcare"]
    assert almanac.is_silent(police.office.view, "nobody")


def test_the_docket_counts_searches() -> None:
    """What was never sent is not told as unanswered."""
    line = {
        "hash": QUERY,
        "known": {"suspect": SUSPECT},
        "by": "police/si-rao",
        "issued": NOW,
        "targets": 3,
        "answered": 0,
        "requests": 0,
    }
    refused = {**line, "state": "refused"}
    lines = [{**refused, "sent": False}, {**refused, "sent": True}]
    shown = {"lines": lines, "page": 0, "more": False}
    made = finding.docket(Visitor(lambda *_: shown, form=FormData()))
    said = Page(bytes(made.body).decode()).said()
    assert "Searched" in said
    assert said.count("0 of 3") == 1
    assert said.count("never sent") == 1


@pytest.mark.parametrize("outcome", ["none", "hit"])
def test_silent_data_are_told_of_at_each_agency_that_may_hold_them(
    outcome: str,
) -> None:
    """Whatever it answers, on every page; none of it "knows nobody who fits"."""
    one = answered(outcome, *([lead("strong")] if outcome == "hit" else []))
    pages = [
        query({"a": {**one, "silent": True}}).said(),
        profile({**source("a", answer=outcome), "silent": True}),
        paper({**source("a", answer=outcome), "silent": True}),
    ]
    for said in pages:
        assert SILENT in said
        assert "knows nobody who fits" not in said
    assert SILENT not in query({"a": one}).said()
    assert SILENT not in profile(source("a", answer=outcome))
    kept = {**given("a", {"name": ("name", "K")}), "silent": True}
    assert SILENT in profile(kept)


def test_no_lead_reads_as_an_identification() -> None:
    """Whatever number of others is expected; the bands are explained once."""
    for band in ("possible", "weak"):
        said = query({"a": answered("hit", lead(band))}).said()
        assert "It may well be somebody else." in said
        assert "obody else" not in said
        assert explain.likelihood(lead(band)).endswith("it may well be somebody else")
    said = query({"a": answered("hit", lead("strong"), lead("strong", 2))}).said()
    assert (
        "Few others there, if any, would fit as well as this one. Still to be" in said
    )
    assert "Expect about 2 other people there who fit as well. Still to be" in said
    assert "obody else" not in said
    assert explain.likelihood(lead("strong")).endswith("still to be confirmed")
    assert said.count("What strong, possible and weak mean") == 1
    assert "of 100 such leads about 92 or more were the person sought" in said
    assert "about 50 to 92 of 100" in said
    found = {**source("a"), "candidates": [lead("possible")]}
    assert "fewer than about 50 of 100" in profile(found)


def test_children_and_victims_are_not_searched() -> None:
    """Said always, whoever was found: on the answers, the profile and the paper."""
    for one in ("hit", "none"):
        assert UNSEARCHED in query({"a": answered(one)}).said()
    assert UNSEARCHED in profile(source("a"))
    assert UNSEARCHED in paper(source("a"))


def test_a_query_that_was_refused_was_never_sent() -> None:
    """No time is left for answers, nothing is looked for again."""
    page = query({"a": {"outcome": "not answered"}}, "refused", sent=False)
    said = page.said()
    assert "refused, and never sent to any agency" in said
    assert "0 of 1 agencies have searched; 1 never sent" in said
    for wrong in ("left for answers", "Look again", "not answered"):
        assert wrong not in said
    assert "progress.js" not in str(page.all("script"))
    late = query({"a": answered("hit", lead("weak"))}, "refused").said()
    assert "refused after it was sent: no record can be requested" in late
    assert "never sent" not in late


def test_what_lies_in_the_outbox_is_not_told_as_sent() -> None:
    """Approved, and the coordinator is away."""
    page = query({"a": {"outcome": "not answered"}}, sent=False)

    assert "approved, not sent yet" in page.said()
    assert "0 of 1 agencies have searched; 1 not sent yet" in page.said()
    assert "nothing is known of it" not in page.said()


@pytest.mark.parametrize(
    ("outcome", "state", "sent", "heard"),
    [
        ("none", "asked", True, True),
        ("refused", "asked", True, True),
        ("not answered", "refused", False, False),
        ("not answered", "asked", True, False),
    ],
)
def test_every_agency_has_answered_only_where_each_did(
    outcome: str, state: str, sent: bool, heard: bool
) -> None:
    """What was never sent, or ran out, is answered by nobody."""
    answer = answered(outcome) if heard else {"outcome": outcome}
    marks = query({"a": answer}, state, sent=sent).all("p")
    (count,) = [one for one in marks if one.get("id") == "count"]

    assert ("data-heard" in count) is heard


def test_nothing_is_offered_that_a_refused_query_can_not_have() -> None:
    """Its candidates stay; no record is requested for them."""
    page = query({"a": answered("hit", lead("weak"))}, "refused")

    assert "no record can be requested" in page.said()
    assert "Request fields" not in page.said()


def test_a_query_of_a_case_that_is_over_was_never_sent() -> None:
    """It is said why, and no agency is waited for."""
    said = query({"a": {"outcome": "not answered"}}, "withdrawn", sent=False).said()

    assert "withdrawn: its case is over, or its asker stands no more" in said
    assert "0 of 1 agencies have searched; 1 never sent" in said
    assert "left for answers" not in said


TODAY = dt.date(2026, 6, 1)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"birth_date": "17-03-1984"}, ""),
        ({"birth_date": "17-03-2012"}, "minor"),
        ({"birth_date": "17-03-1984", "birth_year": "2012"}, "minor"),
        ({"birth_year": "2008"}, "unsure"),
        ({"age": "15", "age_as_of": "1-5-2026"}, "minor"),
        ({"age": "34", "age_as_of": "1-5-2026"}, ""),
        ({"age": "10", "age_as_of": "1-5-2010"}, ""),
        ({"birth_date": "27032012"}, "minor"),
        ({"birth_date": "120512"}, "minor"),
        ({"birth_date": "150512"}, "minor"),
        ({"birth_date": "052012"}, "minor"),
        ({"birth_year": "201205"}, "unsure"),
        ({"birth_date": "010112"}, "unsure"),
        ({"birth_date": "12-5-08"}, "unsure"),
        ({"birth_date": "270384"}, ""),
        ({"birth_date": "121984"}, ""),
        ({"birth_date": "99999"}, ""),
        ({"birth_date": "27 मार्च 2012"}, "minor"),
        ({"birth_date": "31-2-2012"}, "minor"),
        ({"birth_date": "March 2012"}, "minor"),
        ({"birth_date": "27 मार्च 1984"}, ""),
        ({"age": "14 वर्ष", "age_as_of": "1-5-2026"}, "minor"),
        ({"age": "about 14", "age_as_of": "1-5-2026"}, "minor"),
        ({"age": "16-19", "age_as_of": "1-5-2026"}, "unsure"),
        ({"age": "पंद्रह", "age_as_of": "1-5-2026"}, "unsure"),
        ({"age": "नाबालिग", "age_as_of": "1-5-2026"}, "unsure"),
        ({"age": "under 18", "age_as_of": "1-5-2026"}, "unsure"),
        ({"age": "Under 18", "age_as_of": "1-5-2000"}, ""),
        ({"age": "18 वर्ष से कम", "age_as_of": "1-5-2026"}, "unsure"),
        ({"age": "<18", "age_as_of": "1-5-2026"}, "unsure"),
        ({"age": "20 months", "age_as_of": "1-5-2026"}, "unsure"),
        ({"age": "About 34 Yrs", "age_as_of": "1-5-2026"}, ""),
        ({"age": "लगभग 34 वर्ष", "age_as_of": "1-5-2026"}, ""),
        ({"age": "20-4-2012", "age_as_of": "1-5-2026"}, "minor"),
        ({"age": "1-4-1984", "age_as_of": "1-5-2026"}, ""),
        ({"age": "20 अप्रैल 2012", "age_as_of": "1-5-2026"}, "minor"),
        ({"age": "2012", "age_as_of": "1-5-2026"}, "minor"),
        ({"age": "1984", "age_as_of": "1-5-2026"}, ""),
        ({"birth_date": "2012/2013"}, "minor"),
        ({"birth_year": "2007 or 2013"}, "unsure"),
        ({"birth_year": "1984/1985"}, ""),
        ({"birth_date": "17-03-1984", "age": "adult"}, ""),
        ({"name": "Kabir"}, ""),
    ],
)
def test_whatever_makes_a_child_of_the_person_counts(
    typed: dict[str, str], said: str
) -> None:
    """A day, a year or an age, each as of today; a doubt is told as one."""
    form = FormData(list(typed.items()))
    sheet = Sheet.of(form, ("name", "birth_date", "birth_year", "age", "age_as_of"))
    assert checks.child(sheet, TODAY) == said


def test_a_child_is_noticed_before_the_query_is_signed(grid: Grid) -> None:
    """That registers leave children out, and which law applies."""
    asker = Officer(grid, "police", "si-rao")
    young = {**FORM, "birth_date": f"17-03-{dt.datetime.now(dt.UTC).year - 10}"}
    check = asker.post("/ask", {**young, "step": "check"})
    assert "this person is a child today" in check.said
    assert "The Juvenile Justice Act and POCSO apply" in check.said
    assert "a child today" not in asker.post("/ask", {**FORM, "step": "check"}).said


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """Nobody changes its documents here."""
    return Grid(tmp_path_factory.mktemp("grid"))


def test_a_request_says_what_was_granted_and_leads_to_the_record(grid: Grid) -> None:
    """On the asker's side: its state, fields given and kept back, the profile."""
    query_ = grid.ask(KABIR)
    made = grid.request(query_, "customs", ["name", "phone", "note"])
    grid.carry()
    path, profile_ = f"/request/{made.hash}", f"/profile/{query_.hash}"
    before = Officer(grid, "police", "si-rao").get(path)
    assert "How it stands open" in before.said
    assert profile_ not in before.page.links()

    grid.decide("customs", "cu-mehta", made.hash, fields=["name", "note"])
    grid.settle()

    after = Officer(grid, "police", "si-rao").get(path)
    assert "How it stands disclosed" in after.said
    assert "Granted name, note" in after.said
    assert "Not granted phone number" in after.said
    assert profile_ in after.page.links()
    assert WHY not in after.said
    there = Officer(grid, "customs", "cu-mehta").get(path)
    assert "How it stands" not in there.said


def test_the_paper_has_one_zone_and_names_it() -> None:
    """The mark on each page too; nothing of it is in another."""
    said = paper(source("a", request("a", state="denied", reason="legal-bar")))
    assert "30 May 2026, 01:56:40 UTC+05:30" in said
    assert "2026-05-29" not in said
    assert "Times UTC+05:30" in said


def test_codes_of_closed_lists_are_said_in_words() -> None:
    """In a profile: categories, a holder's common names of fields, a sex."""
    cells = {"nationality": ("", "IND"), "sex": ("sex", "M"), "odd_label": ("", "x")}
    told = given("a", cells, asked=["nationality", "offences"])
    said = profile(told, language="hi")
    for word in ("राष्ट्रीयता", "अपराध", "आवागमन और यात्रा", "M (पुरुष)", "odd_label"):
        assert word in said
    for code in ("nationality", "offences", "movement"):
        assert code not in said


def test_a_spent_limit_is_told_from_too_many_descriptions() -> None:
    """One word of the wire has two causes; each is said with what helps."""
    said = query({"a": unanswered("refused", "budget")}).said()
    for words in (
        "a supervising officer can ask to have it lifted",
        "one person was described in too many ways in a day",
        "Wait a day, or look at the answers to the earlier descriptions",
    ):
        assert words in said
    assert "described in too many ways" in NEXT_STEP[Reason.BUDGET]
