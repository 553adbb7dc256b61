"""The form for a query: nothing is lost, nothing is required that need not be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from childgrid_page.engine import STATIC
from childgrid_portal.web import sections
from childgrid_wire import canonical, probation
from childgrid_wire.kinds import Kind
from grid import CASE, Grid
from portal.visits import Officer
from test_attacks_probation import successor

FORM: dict[str, Any] = {
    "name": "Kabir Vankhede @ Kallu\nकबीर वानखेडे",
    "relative": "Madhav Vankhede",
    "birth_date": "17-03-1984",
    "phone": "9812345670",
    "sex": "M",
    "state": "Maharashtra",
    "case": CASE,
    "purpose": "investigation",
    "section": ["bns 143", "", "POCSO : 11"],
    "hours": "24",
}

NOTHING = dict.fromkeys(("name", "relative", "birth_date", "phone", "sex", "state"), "")


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """Nobody changes its documents here."""
    return Grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture
def asker(grid: Grid) -> Iterator[Officer]:
    """An investigator; what these tests do not sign is not kept anywhere."""
    yield Officer(grid, "police", "si-rao")


def test_what_is_checked_is_what_is_signed(grid: Grid, asker: Officer) -> None:
    """The form, the check page with everything in it, the touch, the query's page."""
    assert asker.get("/ask").status == 200
    check = asker.post("/ask", {**FORM, "step": "check"})
    assert check.status == 200
    assert "No name leaves this office." in check.said
    for title in ("customs", "prisons", "childcare"):
        assert f"The {title} of the test grid" in check.said
    before = grid.state("police")

    signed = asker.post("/ask", {**check.hidden(), "step": "sign"})

    assert grid.state("police") != before
    (name,) = asker.signed
    assert signed.location == f"/query/{name}"
    journal = grid.agency("police").office.journal
    query = journal.get(name, Kind.QUERY)
    assert query["sections"] == ["BNS:143", "POCSO:11"]
    assert set(query["targets"]) == {"customs", "prisons", "childcare"}
    known = canonical.loads(journal.secret(f"suspect:{name}") or b"")
    assert known["suspect"]["name"] == ["Kabir Vankhede @ Kallu", "कबीर वानखेडे"]
    assert known["suspect"]["state"] == ["Maharashtra"]
    assert known["case_reference"] == CASE
    shown = asker.get(signed.location)
    assert "waits for approval" in shown.said
    assert "कबीर वानखेडे" in shown.said


def test_an_aadhaar_number_is_neither_asked_for_nor_taken(
    grid: Grid, asker: Officer
) -> None:
    """No directory names an authority for it: no field, and a forged one is dropped."""
    assert "Aadhaar numbers are not taken" in asker.get("/ask").said
    assert 'name="aadhaar' not in asker.get("/ask").text
    forged = {**FORM, "aadhaar": "234123412346", "aadhaar4": "2346"}
    check = asker.post("/ask", {**forged, "step": "check"})
    assert "2346" not in check.text
    asker.post("/ask", {**check.hidden(), **forged, "step": "sign"})
    journal = grid.agency("police").office.journal
    known = canonical.loads(journal.secret(f"suspect:{asker.signed[0]}") or b"")
    assert not [name for name in known["suspect"] if "aadhaar" in name]


def test_everything_typed_comes_back_into_the_form(asker: Officer) -> None:
    """From the check page by a change, and beside a fault."""
    check = asker.post("/ask", {**FORM, "step": "check"})
    again = asker.post("/ask", {**check.hidden(), "step": "change"})
    faulty = asker.post("/ask", {**FORM, "case": "", "step": "check"})
    for page in (again, faulty):
        for text in ("Kallu", "कबीर वानखेडे", "Madhav", "17-03-1984", "9812345670"):
            assert text in page.text
        assert '<option value="M" selected>' in page.text
        assert '<option value="Maharashtra" selected>' in page.text
        assert "BNS:143" in page.text or "bns 143" in page.text
        # A change of language sends along what the form holds.
        assert 'form="asking" formaction="/display"' in page.text
    assert again.status == 200
    assert faulty.status == 422


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("case", {"case": " "}),
        ("purpose", {"purpose": "curiosity"}),
        ("section", {"section": ["", " "]}),
        ("section", {"section": "BNS:999"}),
        ("section", {"section": "143"}),
        ("section", {"section": "BNS:143, 11"}),
        ("section", {"section": [f"BNS:{n}" for n in range(17)]}),
        ("hours", {"hours": "9999"}),
        ("hours", {"hours": "x"}),
        ("age_as_of", {"age": "34"}),
        ("age_as_of", {"age": "34", "age_as_of": "1-1-2199"}),
        ("birth_date", {"birth_date": "1-1-2199"}),
        ("target", {"target": "police"}),
        ("target", {"category": "police-record"}),
        ("name", {"name": "x" * 10_000}),
        ("name", {"name": "\n".join(f"name {n}" for n in range(11))}),
    ],
)
def test_a_fault_names_its_field_and_leads_to_it(
    grid: Grid, asker: Officer, field: str, form: dict[str, Any]
) -> None:
    """In the summary at the head and at the field; nothing is drafted or signed."""
    drafts = "SELECT * FROM draft"
    journal = grid.agency("police").office.journal
    before = journal.rows(drafts)

    asker.post("/ask", {**FORM, **form, "step": "sign"})
    page = asker.post("/ask", {**FORM, **form, "step": "check"})

    assert page.status == 422
    assert page.text.count('role="alert"') == 1
    assert f'<a href="#{field}">' in page.text
    assert f'id="{field}"' in page.text
    assert f'id="{field}-error"' in page.text
    assert "<title>Error: " in page.text
    assert asker.signed == []
    assert journal.rows(drafts) == before


def test_nothing_known_is_a_fault(asker: Officer) -> None:
    """A case alone names nobody; a day on which an age was stated neither."""
    empty = {"name": "", "relative": "", "birth_date": "", "phone": "", "state": ""}
    form = {**FORM, **empty, "sex": "", "age_as_of": "1-1-2026", "step": "check"}
    assert '<a href="#name">' in asker.post("/ask", form).text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (
            {"relative": "", "birth_date": "", "phone": "", "name": "Sunita Kumari"},
            "Too many people fit",
        ),
        ({"case": "FIR 1/1999"}, "no such open case of yours"),
        ({**NOTHING, "alias": "Raju"}, "Too many people have this alias"),
        ({**NOTHING, "vehicle": "1234"}, "The last digits fit too many vehicles"),
        ({**NOTHING, "relative": "Madhav"}, "A relative alone fits too many"),
        ({**NOTHING, "phone": "12345"}, "Nothing that was typed can be searched"),
    ],
)
def test_what_the_node_refuses_comes_back_at_its_field(
    asker: Officer, form: dict[str, Any], said: str
) -> None:
    """The description stays; the summary says what to add or correct."""
    page = asker.post("/ask", {**FORM, **form, "step": "sign"})

    assert page.status == 422
    assert said in page.said
    field = [name for name, text in form.items() if text][-1]
    assert f'id="{field}-error"' in page.text
    assert asker.signed == []


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("phone", "12345"),
        ("pan", "ABCDE12345"),
        ("epic", "ABC1234560"),
        ("passport", "12"),
        ("vehicle", "no number"),
        ("pin", "012345"),
        ("email", "nobody"),
        ("upi", "nobody"),
        ("cnr", "123"),
        ("birth_date", "sometime"),
    ],
)
def test_a_doubt_is_said_and_never_refuses(
    asker: Officer, field: str, text: str
) -> None:
    """It stands on the check page, and the query can still be sent."""
    check = asker.post("/ask", {**FORM, field: text, "step": "check"})
    assert check.status == 200
    assert "Look at these again" in check.said

    asker.post("/ask", {**check.hidden(), "step": "sign"})

    assert len(asker.signed) == 1


def test_agencies_are_chosen_by_what_they_hold_or_one_by_one(
    grid: Grid, asker: Officer
) -> None:
    """Both together; the check page names whom it goes to and nobody else."""
    form = {**FORM, "category": "custody", "target": "customs"}
    check = asker.post("/ask", {**form, "step": "check"})
    assert "2 agencies that you chose" in check.said
    assert "The childcare of the test grid" not in check.said

    asker.post("/ask", {**check.hidden(), "step": "sign"})

    query = grid.agency("police").office.journal.get(asker.signed[0], Kind.QUERY)
    assert set(query["targets"]) == {"customs", "prisons"}


ODD = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 71911 * 3 }}",
    "=HYPERLINK(1)",
    "Kabir\u202eredihknaV",
    "Kab\u200bir Vankhede",
)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("language", ["en", "hi"])
def test_what_is_typed_is_never_markup(grid: Grid, odd: str, language: str) -> None:
    """In the form, on the check page, in the docket and on the query's own page."""
    asker = Officer(grid, "police", "si-joshi", language)
    form = {**FORM, "name": f"Kabir Vankhede {odd}", "alias": odd, "address": odd}
    pages = [asker.post("/ask", {**form, "step": step}) for step in ("check", "change")]
    pages += [asker.post("/ask", {**form, "case": "", "step": "check"})]
    signed = asker.post("/ask", {**form, "step": "sign"})
    pages += [asker.get(signed.location), asker.get("/queries")]
    pages += [asker.post("/queries", {"find": odd})]
    for page in pages:
        scripts = page.page.all("script")
        assert all(one["src"].startswith("/static/") for one in scripts)
        assert "img" not in {name for name, _ in page.page.tags}
        assert not any(name.startswith("on") for _, a in page.page.tags for name in a)
        assert "215733" not in page.text
    shown = pages[0].text.split("<main")[1].split("<dl")[1]
    if "\u202e" in odd or "\u200b" in odd:
        assert '<span class="odd">U+20' in shown
        assert odd not in shown


def test_a_person_is_never_in_an_address(asker: Officer) -> None:
    """Links and forms lead to hashes and ids; what is looked for is posted."""
    signed = asker.post("/ask", {**FORM, "step": "sign"})
    found = asker.post("/queries", {"find": "vankhede"})
    assert signed.location in found.page.links()
    for page in (found, asker.get(signed.location), asker.get("/")):
        where = [*page.page.links(), *(f["action"] for f in page.page.all("form"))]
        assert not any("ankhede" in one or "Kabir" in one for one in where)
    other = asker.post("/queries", {"find": "nobody of this name"})
    assert signed.location not in other.page.links()


def test_a_rehearsal_is_shown_and_signed_as_one(grid: Grid, asker: Officer) -> None:
    """The box is on the check page, goes with the form, and stands in the query."""
    check = asker.post("/ask", {**FORM, "rehearsal": "yes", "step": "check"})
    assert "nobody real is found" in check.said
    assert "nobody real" not in asker.post("/ask", {**FORM, "step": "check"}).said

    asker.post("/ask", {**check.hidden(), "step": "sign"})

    journal = grid.agency("police").office.journal
    assert journal.get(asker.signed[-1], Kind.QUERY)["rehearsal"] is True


def test_who_is_on_probation_is_asked_in_a_rehearsal_only(tmp_path: Path) -> None:
    """Chosen without the box it is named as wrong; left alone it isn't asked."""
    grid = Grid(tmp_path)
    grid.post([successor(grid, {"customs": {probation.PROBATION: True}})])
    asker = Officer(grid, "police", "si-rao")
    chosen = {**FORM, "target": "customs", "step": "check"}

    refused = asker.post("/ask", chosen)
    rehearsed = asker.post("/ask", {**chosen, "rehearsal": "yes"})
    everybody = asker.post("/ask", {**FORM, "step": "check"})

    assert refused.status == 422
    assert "is asked in a rehearsal only" in refused.said
    assert "The customs of the test grid" in rehearsed.said
    asked, _, left_out = everybody.said.partition("Not asked, since they are on prob")
    assert "The customs of the test grid" not in asked
    assert "The customs of the test grid. Their silence says nothing." in left_out
    by_kind = asker.post("/ask", {**FORM, "category": "custody", "step": "check"})
    for page in (rehearsed, by_kind):
        assert "on probation" not in page.said
    assert asker.signed == []


def test_an_agency_on_probation_is_led_to_the_box(tmp_path: Path) -> None:
    """Its node refuses a query for real; the form says what would do."""
    grid = Grid(tmp_path)
    grid.post([successor(grid, {"police": {probation.PROBATION: True}})])
    asker = Officer(grid, "police", "si-rao")

    page = asker.post("/ask", {**FORM, "step": "sign"})

    assert page.status == 422
    assert "asks in rehearsals only" in page.said
    assert FORM["relative"] in page.text
    assert asker.signed == []
    assert grid.agency("police").office.journal.all(Kind.QUERY) == []


def test_what_is_checked_can_be_printed(asker: Officer) -> None:
    """Paper shows no forms but this one, which holds all that is sent, no buttons."""
    check = asker.post("/ask", {**FORM, "step": "check"})
    (form,) = (one for one in check.page.all("form") if one.get("id") == "checking")
    assert form["class"] == "printed"
    printed = (STATIC / "page.css").read_text().split("@media print")[1]
    hidden = printed.split("{")[1]
    assert "form:not(.printed), .printed button" in hidden
    assert ", form," not in hidden


def test_a_fault_is_read_first(asker: Officer) -> None:
    """The summary has the focus when the page opens, without a script."""
    page = asker.post("/ask", {**FORM, "case": "", "step": "check"})
    (summary,) = (one for one in page.page.all("div") if one.get("id") == "faults")
    assert "autofocus" in summary
    assert summary["tabindex"] == "-1"


def test_every_page_can_be_enlarged_and_translated(asker: Officer) -> None:
    """The form, the check page, and pages with faults: the buttons are on each."""
    pages = [asker.get("/ask")]
    for more in ({}, {"case": ""}):
        pages.append(asker.post("/ask", {**FORM, **more, "step": "check"}))
    for page in pages:
        buttons = [one for one in page.page.all("button") if one.get("name") == "look"]
        assert len(buttons) == 2
        assert {one["formaction"] for one in buttons} == {"/display"}
        ids = {one.get("id") for one in page.page.all("form")}
        assert {one["form"] for one in buttons} <= ids


def test_a_form_with_faults_is_sent_again_in_another_language(grid: Grid) -> None:
    """Where the page has another form than it answers, what was sent goes along."""
    boss = Officer(grid, "police", "sp-nair")
    page = boss.post("/lift", {"scope": "officer", "officer": "si-rao", "queries": "x"})
    assert page.status == 422
    assert page.hidden()["back"] == ["/lift"]
    assert page.hidden()["queries"] == ["x"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("143 BNS", ["BNS:143"]),
        ("u/s 143 BNS", ["BNS:143"]),
        ("U/S. 143 (4) of the BNS", ["BNS:143(4)"]),
        ("bns143", ["BNS:143"]),
        ("BNS : 143", ["BNS:143"]),
        ("BNS:143, POCSO:11", ["BNS:143", "POCSO:11"]),
        ("143 BNS r/w 11 POCSO Act", ["BNS:143", "POCSO:11"]),
        ("BNS 143, 144", ["BNS:143", "144"]),
        ("143/144 BNS", ["143/144 BNS"]),
        ("", []),
    ],
)
def test_sections_are_read_in_either_order(typed: str, meant: list[str]) -> None:
    """Where there is one reading; a number without its act stays as it is."""
    assert sections.read(typed) == meant


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "Kabir 9812345670"),
        ("name", "he was seen near the bus stand with a girl of nine"),
        ("alias", "Raju 22"),
        ("relative", "mother works in the fish market of the old town"),
    ],
)
def test_what_is_no_name_is_doubted(asker: Officer, field: str, text: str) -> None:
    """In a box for names; the doubt says which line is odd, and it can be sent."""
    check = asker.post("/ask", {**FORM, field: f"Madhav\n{text}", "step": "check"})
    assert "Type only the name here" in check.said
    assert f"<b><bdi>{text[:20]}" in check.text
    assert "<b><bdi>Madhav" not in check.text
    asker.post("/ask", {**check.hidden(), "step": "sign"})
    assert len(asker.signed) == 1


def test_a_text_in_the_box_for_names_is_told_where_it_belongs(asker: Officer) -> None:
    """Above 200 signs it is a fault, which says the same."""
    page = asker.post("/ask", {**FORM, "name": "Kabir " * 50, "step": "check"})
    assert page.status == 422
    assert "Type only the name" in page.said
