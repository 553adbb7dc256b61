"""The rooms around a case: emergencies, findings, limits, clocks, directory, health."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.browser import Page
from childgrid_node.desk import Desk
from childgrid_page.charts import WIDTH
from childgrid_page.engine import STATIC
from childgrid_portal.web import clock, office
from childgrid_portal.web.evidence import MILLINATS, points
from childgrid_portal.web.site import TEMPLATES
from childgrid_wire.errors import Refused
from childgrid_wire.kinds import Kind
from glass import FIELDS, broken, glass_grid
from grid import DAY, KABIR, Grid
from portal.visits import Officer, rendered
from test_findings import IT, enrolled, put

WHY = "A child is with him now."


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid on which customs may break the glass, with an auditor and agency IT."""
    return enrolled(glass_grid(tmp_path_factory.mktemp("grid"), "customs"))


@pytest.fixture(autouse=True)
def _now(grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: grid.now + 60)


def test_an_emergency_is_declared_decided_and_reviewed(grid: Grid) -> None:
    """Offered with a plain warning, signed as one, and reviewed by who did neither."""
    query = grid.ask(KABIR)
    asker = Officer(grid, "police", "si-rao")
    page = asker.get(f"/query/{query.hash}")
    (link,) = [one for one in page.page.links() if "/request/customs/" in one]
    form = asker.get(link)
    assert "This breaks the glass" in form.said
    assert "your supervisor is not asked first" in form.said
    wish = {"justification": WHY, "hours": "48", "break_glass": "yes"}
    faulty = asker.post(link, {**wish, "field": ["name", "note"]})
    assert "only the fields marked for it" in faulty.said

    asker.post(link, {**wish, "field": list(FIELDS)})
    grid.carry()
    name = asker.signed[0]
    custodian = Officer(grid, "customs", "cu-mehta")
    assert "emergency" in custodian.get("/").said
    assert (
        "Emergency: a child is in danger now" in custodian.get(f"/request/{name}").said
    )
    form_ = {"decision": "approve", "field": list(FIELDS)}
    custodian.post(f"/request/{name}", form_)
    grid.settle()

    boss = Officer(grid, "police", "sp-nair")
    assert f"/review/{name}" in boss.get("/").page.links()
    assert f"/review/{name}" not in asker.get("/").page.links()
    assert boss.post(f"/review/{name}", {}).status == 422
    boss.post(f"/review/{name}", {"decision": "yes"})
    journal = grid.agency("police").office.journal
    assert journal.get(boss.signed[0], Kind.REVIEW)["agreed"] == 1
    assert f"/review/{name}" not in boss.get("/").page.links()
    with pytest.raises(Refused):
        boss.get(f"/review/{name}")
    other = Officer(grid, "customs", "cu-dias")
    other.post(f"/review/{name}", {"decision": "no"})
    journal = grid.agency("customs").office.journal
    assert journal.get(other.signed[0], Kind.REVIEW)["agreed"] == 0


def test_a_finding_is_answered_once(grid: Grid) -> None:
    """By one who did not do it; the inbox then holds it no more."""
    finding = put(grid, grid.ask(KABIR).hash)
    boss = Officer(grid, "police", "sp-khan")
    path = f"/finding/{finding.hash}"
    assert path in boss.get("/").page.links()
    assert finding["subject"] in boss.get(path).said
    assert boss.post(path, {"decision": "maybe"}).status == 422

    boss.post(path, {"decision": "no"})

    journal = grid.agency("police").office.journal
    assert journal.get(boss.signed[0], Kind.REVIEW)["agreed"] == 0
    assert path not in boss.get("/").page.links()
    # It goes to an auditor, who has no mail in this grid.
    assert finding.hash in [said.answers for said, _ in grid.outbox("police")]


def test_a_limit_is_lifted_by_two(grid: Grid) -> None:
    """Asked by a supervising officer, countersigned by a custodian elsewhere."""
    boss = Officer(grid, "police", "sp-nair")
    wish = {"scope": "officer", "officer": "si-rao", "queries": "200", "hours": "24"}
    for field, bad in (
        ("scope", {"scope": "everybody"}),
        ("officer", {"officer": "SI Rao"}),
        ("queries", {"queries": "0"}),
        ("queries", {"queries": "٣"}),
        ("hours", {"hours": "1"}),
        ("case", {"scope": "case", "case": "00" * 32}),
    ):
        page = boss.post("/lift", {**wish, **bad})
        assert page.status == 422
        assert f'<a href="#{field}">' in page.text
    assert boss.signed == []

    boss.post("/lift", wish)
    grid.carry()
    custodian = Officer(grid, "customs", "cu-mehta")
    path = f"/budget/{boss.signed[0]}"
    assert path in custodian.get("/").page.links()
    assert "one officer: si-rao" in custodian.get(path).said
    custodian.post(path, {"decision": "approve"})

    assert path not in custodian.get("/").page.links()
    approval = grid.agency("customs").office.journal.get(
        custodian.signed[0], Kind.APPROVAL
    )
    assert approval["subject"] == "budget"


def test_a_limit_of_a_case_is_chosen_by_its_name(grid: Grid) -> None:
    """The form says the case; the statement its commitment."""
    query = grid.ask(KABIR)
    boss = Officer(grid, "police", "sp-khan")
    assert "FIR 112/2026 PS Kotwali" in boss.get("/lift").said
    form = {"scope": "case", "case": query["case"], "queries": "60", "hours": "48"}
    boss.post("/lift", form)
    said = grid.agency("police").office.journal.get(boss.signed[0], Kind.BUDGET)
    assert (said["scope"], said["subject"]) == ("case", query["case"])


@pytest.mark.parametrize(
    ("age", "lives", "said"),
    [
        (0, 72, ("fine", 48 * 3_600)),
        (25, 72, ("half", 23 * 3_600)),
        (40, 72, ("soon", 8 * 3_600)),
        (49, 72, ("over", 3_600)),
        (0, 6, ("soon", 6 * 3_600)),
    ],
)
def test_a_clock_runs_48_hours_or_until_the_end(
    age: int, lives: int, said: tuple[str, int]
) -> None:
    """Hours from the making; what has gone by is counted too."""
    made = 1_780_000_000
    item = {"issued": made, "expires": made + lives * 3_600}
    told = office.waits(item, made + age * 3_600)
    assert (told["clock"], told["left"]) == said


def test_agency_it_sees_health_and_the_directory_alone(grid: Grid) -> None:
    """The start leads to health; nothing there is of a case or a person."""
    menon = Officer(grid, "police", IT)
    assert menon.get("/").location == "/health"
    page = menon.get("/health")
    assert "Entries of the log" in page.said
    assert "staff list" in page.said
    assert page.page.links().count("/ask") == 0
    for text in ("Kabir", "FIR 112", "si-rao"):
        assert text not in page.text
    assert menon.get("/directory").status == 200


def test_the_directory_says_who_provides_what(grid: Grid) -> None:
    """Categories, fields, silence, emergencies, and the custodians' ids."""
    page = Officer(grid, "police", "si-rao").get("/directory")
    for text in ("movement and travel", "cu-mehta, cu-dias", "(your agency)"):
        assert text in page.said
    row = page.text.split('<th scope="row">child protection</th>')[1].split("</tr>")[0]
    assert "<td>yes</td><td>no</td>" in row


def directory(grid: Grid, member: str) -> str:
    """What the police's directory says of a member."""
    page = Officer(grid, "police", "si-rao").get("/directory").text
    part = page.split(f"<code>{member}</code>")[1].split("</dl>")[0]
    return Page(part).said()


def test_the_directory_says_how_fresh_and_whether_it_answers(tmp_path: Path) -> None:
    """As the own node has heard it last; what isn't known is told as unknown."""
    fresh = Grid(tmp_path)
    for member in ("customs", "prisons"):
        said = directory(fresh, member)
        assert "Index as of unknown: it has answered nothing here yet" in said
        assert "Answers unknown: nobody here has asked it yet" in said
    # The own index was made when the grid was founded.
    assert "Index as of 29 May 2026" in directory(fresh, "police")
    assert "Answers" not in directory(fresh, "police")

    fresh.now += 3 * DAY
    fresh.members["prisons"].online = False
    fresh.ask(KABIR)
    said = directory(fresh, "customs")
    assert "Index as of 29 May 2026 (as its last answer of 1 Jun 2026" in said
    assert "Answers answers" in said
    said = directory(fresh, "prisons")
    assert "Index as of unknown" in said
    assert "no answer yet to the query of 1 Jun 2026" in said

    fresh.members["prisons"].online = True
    fresh.ask(KABIR)
    assert "Answers answers" in directory(fresh, "prisons")


def test_nothing_waits_and_nothing_is_known(tmp_path: Path) -> None:
    """Empty pages say that they are empty."""
    fresh = Grid(tmp_path)
    asker = Officer(fresh, "police", "si-rao")
    assert "Nothing waits for you." in asker.get("/").said
    assert "No query here." in asker.get("/queries").said
    there = Officer(fresh, "childcare", "cc-das")
    assert "No silent hit waits here." in there.get("/silent").said


def test_a_missing_receipt_is_in_the_inbox(tmp_path: Path) -> None:
    """Of the holder's custodian, after the time that the floor gives."""
    fresh = glass_grid(tmp_path, "customs")
    request = broken(fresh)
    with fresh.agency("customs").office.journal.writing() as writing:
        writing.run("UPDATE spent SET state = 'released'")
    fresh.now += 2 * 86_400
    page = Officer(fresh, "customs", "cu-mehta").get("/")
    assert "Receipts that are missing" in page.said
    assert f"/request/{request.hash}" in page.page.links()


def test_what_the_coordinator_refused_is_in_the_inbox(tmp_path: Path) -> None:
    """Of the holder's custodian, with the reason and what to do."""
    fresh = glass_grid(tmp_path, "customs")
    request = broken(fresh)
    with fresh.agency("customs").office.journal.writing() as writing:
        writing.run("UPDATE spent SET state = 'released'")
        for (name,) in writing.rows("SELECT disclosure FROM spent"):
            given = fresh.agency("customs").office.journal.get(name, Kind.DISCLOSURE)
            writing.send(given)
        writing.run(
            "UPDATE outbox SET state = 'refused:closed' WHERE hash = ?", (name,)
        )

    page = Officer(fresh, "customs", "cu-mehta").get("/")

    assert "Records that were not carried" in page.said
    assert "asks anew if it still needs the record" in page.said
    assert f"/request/{request.hash}" in page.page.links()


def test_a_node_of_an_earlier_release_says_nothing_of_what_was_refused(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its inbox is shown all the same."""
    read = Desk.read

    def earlier(*given: Any) -> dict[str, Any]:
        shown = read(*given)
        shown.pop("unsent", None)
        return shown

    monkeypatch.setattr(Desk, "read", earlier)
    page = Officer(grid, "customs", "cu-mehta").get("/")

    assert "Waits for your decision" in page.said
    assert "Records that were not carried" not in page.said


def test_points_double_the_odds(grid: Grid) -> None:
    """A weight in millinats is told in factors of two; steps stay in the drawing."""
    assert points({"weight": round(MILLINATS * 3)}) == pytest.approx(3, abs=0.01)
    query = grid.ask(KABIR)
    page = Officer(grid, "childcare", "cc-das").get(f"/silent/{query.hash}")
    bars = [one for one in page.page.all("rect") if "width" in one]
    assert len(bars) > 5
    for bar in bars:
        left, width = float(bar["x"]), float(bar["width"])
        assert left >= 0
        assert width >= 0
        assert left + width <= WIDTH
    assert page.page.all("svg")[0]["aria-hidden"] == "true"


def test_every_template_is_small(grid: Grid) -> None:
    """What a page needs beside fonts stays under 100 kB, whatever it says."""
    sheets = [*STATIC.glob("*.css"), *(TEMPLATES.parent / "static").glob("*.js")]
    weight = sum(path.stat().st_size for path in sheets)
    for officer, paths in (
        ("si-rao", ("/", "/ask", "/queries", "/directory")),
        ("sp-nair", ("/", "/lift")),
        ("cu-police", ("/silent",)),
    ):
        for language in ("en", "hi"):
            reader = Officer(grid, "police", officer, language)
            for path in paths:
                page = reader.get(path)
                assert len(page.text.encode()) + weight < 100_000
                assert f'<html lang="{language}" dir="ltr"' in page.text


def test_a_chosen_look_is_a_class_of_the_page(grid: Grid) -> None:
    """And the foot offers the way back."""
    officer = Officer(grid, "police", "si-rao", look="large contrast")
    page = officer.get("/")
    assert 'class="large contrast"' in page.text
    for text in ("Normal text", "Black on white", "हिन्दी"):
        assert text in page.said
    assert rendered().languages.keys() == {"en", "hi"}
