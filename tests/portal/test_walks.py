"""A case through the rooms: asked, approved, answered, requested, decided."""

from __future__ import annotations

import re
from typing import Any

import pytest

from childgrid_portal.web import clock, finding
from childgrid_portal.web.finding import LATE, Results, Target
from childgrid_wire.errors import Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import KABIR, Grid
from portal.test_asking import FORM
from portal.visits import FakeVisit, Officer, Shut, heard

WHY = "He is said to hold a child at the address."


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """One grid; each test asks its own query."""
    return Grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture(autouse=True)
def _now(grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: grid.now + 3_600)


def police(grid: Grid, officer: str = "si-rao", language: str = "en") -> Officer:
    """Somebody of the police."""
    return Officer(grid, "police", officer, language)


def customs(grid: Grid) -> Officer:
    """A custodian of customs."""
    return Officer(grid, "customs", "cu-mehta")


def asked(grid: Grid) -> Statement:
    """A query through the rooms, approved and answered."""
    asker = police(grid)
    asker.post("/ask", {**FORM, "step": "sign"})
    police(grid, "sp-nair").post(
        f"/query/{asker.signed[0]}/decide", {"decision": "approve"}
    )
    query = grid.agency("police").office.journal.get(asker.signed[0], Kind.QUERY)
    grid.submit(query)
    return query


def requested(grid: Grid, query: Statement, holder: str = "customs") -> str:
    """A request through the rooms, approved on its own side and delivered."""
    asker = police(grid)
    page = asker.get(f"/query/{query.hash}")
    (link,) = [one for one in page.page.links() if f"/request/{holder}/" in one]
    form = {"field": ["name", "phone"], "justification": WHY, "hours": "48"}
    assert asker.post(link, form).location == f"/request/{asker.signed[0]}"
    boss = police(grid, "sp-nair")
    assert boss.post(f"/request/{asker.signed[0]}", {"decision": "approve"}).location
    grid.carry()
    return asker.signed[0]


def test_a_supervisor_reads_what_is_asked_and_approves(grid: Grid) -> None:
    """It waits in the inbox with its clock, then goes to the agencies."""
    asker, boss = police(grid), police(grid, "sp-nair")
    asker.post("/ask", {**FORM, "step": "sign"})
    (name,) = asker.signed
    inbox = boss.get("/")
    assert f"/query/{name}/decide" in inbox.page.links()
    assert "23 h left" in inbox.said
    page = boss.get(f"/query/{name}/decide")
    for text in ("कबीर वानखेडे", "FIR 112/2026", "BNS:143"):
        assert text in page.said

    done = boss.post(f"/query/{name}/decide", {"decision": "approve"})

    assert done.location == f"/?done={boss.signed[0]}"
    assert "Signed and logged" in boss.get(done.location).said
    assert f"/query/{name}/decide" not in boss.get("/").page.links()
    assert "sent" in asker.get(f"/query/{name}").said


def test_a_refusal_needs_a_reason_and_closes_the_query(grid: Grid) -> None:
    """The reason is one of the list; the asker reads it."""
    asker, boss = police(grid), police(grid, "sp-nair")
    asker.post("/ask", {**FORM, "step": "sign"})
    path = f"/query/{asker.signed[0]}/decide"
    for form in ({"decision": "refuse"}, {"decision": "refuse", "reason": "odd"}, {}):
        page = boss.post(path, form)
        assert page.status == 422
        assert page.text.count('role="alert"') == 1
    assert boss.signed == []

    boss.post(path, {"decision": "refuse", "reason": "weak-basis"})

    page = asker.get(f"/query/{asker.signed[0]}")
    assert "refused" in page.said
    assert "the legal basis is too weak (police/sp-nair" in page.said
    assert "refused, and never sent to any agency" in page.said
    assert "never sent" in asker.get("/queries?state=refused").said
    with pytest.raises(Refused):
        boss.post(path, {"decision": "approve"})


def test_nobody_decides_on_what_they_asked(grid: Grid) -> None:
    """The asker's own page offers no decision, and a forged form is refused."""
    asker = police(grid)
    asker.post("/ask", {**FORM, "step": "sign"})
    path = f"/query/{asker.signed[0]}/decide"
    before = grid.agency("police").office.journal.rows("SELECT hash FROM outbox")
    assert "does not wait for a decision of yours" in asker.get(path).said
    with pytest.raises(Refused):
        asker.post(path, {"decision": "approve"})
    after = grid.agency("police").office.journal.rows("SELECT hash FROM outbox")
    assert after == before
    assert len(asker.signed) == 1


def test_every_agency_is_shown_with_what_it_said(grid: Grid) -> None:
    """Candidates by band, no agreement of fields; one that is offline is no no-hit."""
    grid.members["prisons"].online = False
    try:
        query = asked(grid)
    finally:
        grid.members["prisons"].online = True
    page = police(grid).get(f"/query/{query.hash}")
    assert "2 of 3 agencies have searched; 1 not answered" in page.said
    rows = dict(re.findall(r'<th scope="row">([^<]+)</th>\s*<td>(.*?)</td>', page.text))
    assert "has candidates" in rows["The customs of the test grid"]
    assert "names nobody" in rows["The childcare of the test grid"]
    assert "nothing is known of it" in rows["The prisons of the test grid"]
    assert "strong lead" in page.said
    assert "%" not in page.said
    assert "A lead, not an identification" in page.said
    for verdict in ("agrees", "differs", "Points"):
        assert verdict not in page.said.partition("Every agency")[0].replace(
            "How a candidate agrees with what was asked is not shown", ""
        )


STATES = {
    "offline": ("offline", 1_780_000_000, ""),
    "timed-out": ("timed-out", 0, ""),
    "refused": ("refused", 0, "budget"),
    "asked": ("asked", 0, ""),
    "expired": ("expired", 0, ""),
}


@pytest.mark.parametrize("state", STATES)
def test_what_the_coordinator_says_of_a_silent_agency(grid: Grid, state: str) -> None:
    """Its state, since when, and why it refused; never as no hit."""
    name, since, reason = STATES[state]
    answer = {"outcome": "not answered", "state": name, "since": since}
    answers = {"targets": {"x": {**answer, "reason": reason}}, "not_asked": ["y"]}
    query = {"state": "asked", "sent": True, "requests": []}

    made = finding.results(query, answers, {"x": "Agency X", "y": "Agency Y"})

    (target,) = made.targets
    assert (target.title, target.state) == ("Agency X", state)
    assert (target.since, target.reason) == (since, reason)
    assert made.not_asked == ("Agency Y",)
    expires = grid.now + 86_400
    assert made.is_open({"expires": expires}) is (state in ("asked", *LATE))
    assert made.is_open({"expires": grid.now}) is (state == "asked")
    assert made.searched == 0


def candidate(band: str, calibrated: bool, probability: int, others: int) -> object:
    """What an agency says of one."""
    return {
        "handle": f"{band}{probability}",
        "band": band,
        "calibrated": calibrated,
        "probability": probability,
        "others": others,
        "category": "custody",
        "as_of": 1_780_000_000,
    }


def test_candidates_are_ranked_and_a_percentage_is_earned() -> None:
    """By band, then by what a calibrated register says, then by how many others fit."""
    told = [
        candidate("weak", True, 1_500, 0),
        candidate("strong", False, 9_500, 3),
        candidate("strong", False, 9_500, 1),
        candidate("strong", True, 9_700, 9),
    ]
    answer = {"outcome": "hit", "as_of": 1, "candidates": told}
    query = {"state": "asked", "sent": True, "requests": []}
    made = finding.results(
        query, {"targets": {"x": answer}, "not_asked": []}, {"x": "X"}
    )
    seen = [(one.candidate["band"], one.candidate["others"]) for one in made.found]
    assert seen == [("strong", 9), ("strong", 1), ("strong", 3), ("weak", 0)]


def test_a_live_page_gets_its_parts_anew_until_nothing_is_open(grid: Grid) -> None:
    """One event a part that changed, rendered by the page's templates; then the end."""
    asker = police(grid)
    asker.post("/ask", {**FORM, "step": "sign"})
    query = grid.agency("police").office.journal.get(asker.signed[0], Kind.QUERY)
    boss = police(grid, "sp-nair")
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            grid.decide("police", "sp-khan", query.hash)
        if len(waited) == 3:
            grid.submit(query)

    visit = FakeVisit(boss, {"query": query.hash}, {}, boss.nothing, "")
    events = [one.decode() for one in heard(finding.progress(visit, pause))]

    kinds = [one.partition("\n")[0].removeprefix("event: ") for one in events]
    assert kinds == ["head", "answers", "head", "head", "answers", "end"]
    waits, _, decided, sent = events[:4]
    assert "waits for approval" in waits
    assert f"/query/{query.hash}/decide" in waits
    assert "approved, not sent yet" in decided
    assert "/decide" not in decided
    assert "approved, not sent yet" not in sent
    assert "0 of 3" in events[1]
    assert "3 of 3" in events[4]
    assert len(waited) == 3
    data = events[4].split("\n\n")[0].split("\n")[1:]
    assert all(line.startswith("data: ") for line in data)


def test_who_did_not_answer_in_time_may_still_and_the_page_goes_on_looking(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the query runs out; the answer that comes late is shown by the stream."""
    query = asked(grid)
    late = Results((Target("customs", "Customs", "timed-out"),), (), ())
    found = finding.results

    def results(*given: Any) -> Results:
        return found(*given) if waited else late

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    waited: list[float] = []
    monkeypatch.setattr(finding, "results", results)
    officer = police(grid)
    page = officer.get(f"/query/{query.hash}")
    assert "Look again" in page.said
    assert 'data-open="yes"' in page.text
    assert f'data-events="/query/{query.hash}/events"' in page.text

    visit = FakeVisit(officer, {"query": query.hash}, {}, officer.nothing, "")
    events = heard(finding.progress(visit, pause))

    kinds = [one.split(b"\n")[0] for one in events]
    expected = (b"head", b"answers", b"answers", b"end")
    assert kinds == [b"event: " + one for one in expected]
    assert b"1 did not answer in time" in events[1]
    assert b"3 of 3" in events[2]
    assert len(waited) == 1

    waited.clear()
    monkeypatch.setattr(clock, "now", lambda: grid.now + 30 * 86_400)
    assert "Look again" not in police(grid).get(f"/query/{query.hash}").said
    assert heard(finding.progress(visit, pause))[-1].startswith(b"event: end")
    assert not waited


def test_a_stream_ends_though_an_answer_is_awaited_for_days(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After five minutes; the page then says that it no longer fills by itself."""
    assert sum(finding.PAUSES) == 300
    officer = police(grid)
    officer.post("/ask", {**FORM, "step": "sign"})
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(finding, "PAUSES", (2, 5))
    place = {"query": officer.signed[0]}
    visit = FakeVisit(officer, place, {}, officer.nothing, "")
    events = heard(finding.progress(visit, pause))

    assert events[-1].startswith(b"event: end")
    assert waited == [2, 5]


def test_a_stream_ends_where_the_node_refuses(grid: Grid) -> None:
    """Another officer's query is not streamed; nothing of it is said."""
    query = asked(grid)
    other = police(grid, "si-joshi")
    visit = FakeVisit(other, {"query": query.hash}, {}, other.nothing, "")
    events = heard(finding.progress(visit))
    assert events == [b"event: end\ndata: \n\n"]


def test_a_justification_is_kept_until_it_is_signed(grid: Grid) -> None:
    """A step back finds it; begun anew it is gone; the form's own button signs."""
    query, asker = asked(grid), police(grid)
    links = asker.get(f"/query/{query.hash}").page.links()
    (link,) = [one for one in links if "/request/customs/" in one]
    form = {"field": ["name"], "justification": WHY, "hours": "48"}
    assert "It is forgotten as soon as you sign it or sign out" in asker.get(link).said
    hidden = asker.get(link).hidden()
    (button,) = [
        one for one in asker.get(link).page.all("button") if one.get("value") == "sign"
    ]
    assert WHY in asker.post(link, {**hidden, **form, "step": "change"}).text
    assert WHY in asker.get(link).text
    asker.post(link, {"step": "anew"})
    assert WHY not in asker.get(link).text

    signed = asker.post(link, {**hidden, **form, button["name"]: button["value"]})

    assert signed.location == f"/request/{asker.signed[0]}"
    assert WHY not in asker.get(link).text


def test_a_request_offers_what_the_policy_may_grant(grid: Grid) -> None:
    """No other field, a reason, and a known time; what was typed is kept."""
    query, asker = asked(grid), police(grid)
    page = asker.get(f"/query/{query.hash}")
    (link,) = [one for one in page.page.links() if "/request/prisons/" in one]
    form = asker.get(link)
    offered = [one["value"] for one in form.page.all("input") if one["name"] == "field"]
    assert offered == ["name", "birth", "phone", "note"]
    assert "This breaks the glass" not in form.said
    good = {"field": ["name"], "justification": WHY, "hours": "48"}
    for field, bad in (
        ("field", {"field": []}),
        ("field", {"field": ["name", "photo"]}),
        ("justification", {"justification": " "}),
        ("justification", {"justification": "x" * 2_001}),
        ("hours", {"hours": "999"}),
        ("break_glass", {"break_glass": "yes"}),
    ):
        faulty = asker.post(link, {**good, **bad})
        assert faulty.status == 422
        assert f'<a href="#{field}">' in faulty.text
    assert WHY in asker.post(link, {**good, "field": []}).text
    assert asker.signed == []


def test_a_custodian_sees_why_and_narrows(grid: Grid) -> None:
    """The evidence as a chart with its table, for the holder's custodian alone."""
    query = asked(grid)
    name = requested(grid, query)
    own = police(grid).get(f"/request/{name}")
    assert "Why the machine thinks so" not in own.said
    assert WHY not in own.said

    there = customs(grid)
    page = there.get(f"/request/{name}")
    assert WHY in page.said
    assert "What speaks for record CU-1 and what against" in page.said
    assert '<th scope="row">phone number</th><td>agrees</td>' in page.text
    assert "1 signature missing" in page.said
    assert "police/sp-nair" in page.said
    for form in ({"decision": "approve"}, {"decision": "approve", "field": ["photo"]}):
        assert there.post(f"/request/{name}", form).status == 422

    there.post(f"/request/{name}", {"decision": "approve", "field": ["name"]})
    grid.settle()

    (source,) = [
        one for one in grid.profile(query)["sources"] if one["agency"] == "customs"
    ]
    assert list(source["requests"][0]["record"]["fields"]) == ["name"]
    assert "disclosed" in police(grid).get(f"/query/{query.hash}").said


def test_a_second_custodian_refuses_with_a_reason(grid: Grid) -> None:
    """The asker's side reads why; nothing was released."""
    name = requested(grid, asked(grid), "prisons")
    there = Officer(grid, "prisons", "pr-singh")
    released = grid.released("prisons")

    there.post(f"/request/{name}", {"decision": "refuse", "reason": "legal-bar"})
    grid.settle()

    shown = police(grid).get(f"/request/{name}")
    assert "the law forbids it (prisons/pr-singh" in shown.said
    assert grid.released("prisons") == released


def test_a_silent_hit_is_said_by_its_custodian(grid: Grid) -> None:
    """It waits with its evidence; said aloud, the asker gets a candidate."""
    query = asked(grid)
    there = Officer(grid, "childcare", "cc-das")
    assert f"/silent/{query.hash}" in there.get("/").page.links()
    page = there.get(f"/silent/{query.hash}")
    assert "child protection" in page.said
    assert "What speaks for record CC-1" in page.said

    there.post(f"/silent/{query.hash}", {"decision": "approve"})

    assert f"/silent/{query.hash}" not in there.get("/silent").page.links()
    with pytest.raises(Refused):
        there.get(f"/silent/{query.hash}")


def test_rooms_are_open_by_role(grid: Grid) -> None:
    """A custodian asks nothing, an investigator releases nothing."""
    with pytest.raises(Shut):
        customs(grid).get("/ask")
    with pytest.raises(Shut):
        police(grid).get("/silent")
    with pytest.raises(Refused):
        police(grid, "si-joshi").get(f"/query/{asked(grid).hash}")


def test_a_query_at_the_desk_is_found_in_the_docket(grid: Grid) -> None:
    """Own ones, the newest first, by state and by what is looked for."""
    query, other = asked(grid), grid.ask(KABIR, officer="si-joshi")
    own, boss = police(grid), police(grid, "sp-nair")
    assert f"/query/{query.hash}" in own.get("/queries").page.links()
    assert f"/query/{other.hash}" not in own.get("/queries").page.links()
    assert f"/query/{other.hash}" in boss.get("/queries").page.links()
    assert f"/query/{query.hash}" in own.get("/queries?state=asked").page.links()
    assert f"/query/{query.hash}" not in own.get("/queries?state=refused").page.links()
    assert "No query here." in own.get("/queries?page=999").said
    assert own.get("/queries?page=nonsense").status == 200


def test_what_became_of_the_case_reaches_the_custodian(grid: Grid) -> None:
    """Told once the record came; the row leaves the index by the custodian's word."""
    query = asked(grid)
    name = requested(grid, query)
    there = customs(grid)
    there.post(f"/request/{name}", {"decision": "approve", "field": ["name"]})
    grid.settle()
    asker = police(grid)
    path = f"/request/{name}/outcome"
    assert path in asker.get(f"/query/{query.hash}").page.links()
    assert asker.post(path, {"disposal": "forgiven"}).status == 422
    asker.post(path, {"disposal": "acquitted", "cnr": "MHPU010012342026"})
    grid.carry()
    (purge,) = [one for one in there.get("/").page.links() if "/outcome/" in one]
    assert "acquitted" in there.get(purge).said
    assert there.post(purge, {}).status == 422

    there.post(purge, {"decision": "yes"})

    assert purge not in there.get("/").page.links()
    said = grid.agency("customs").office.journal.get(there.signed[-1], Kind.REVIEW)
    assert (said["subject"], said["agreed"]) == ("purge", 1)
