"""Reading a profile in the portal: the page, its copies, a prosecutor's packs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from childgrid_portal.profile import model, text
from childgrid_portal.web import reading
from childgrid_portal.web.visit import Room
from childgrid_wire.errors import Malformed, Reason, Refused
from portal.profiles import (
    CASE,
    DAY,
    NOTICE,
    NOW,
    QUERY,
    TEN_SCRIPTS,
    document,
    given,
    request,
    source,
)
from portal.visitor import Visitor

EVIL = "<script>alert(1)</script>\u202e\u200bKabir"
FORMULA = '=HYPERLINK("http://evil.example","x")'
COPIES = ("pdf", "csv", "json", "ftm.json", "zip")


FILES = {"manifest.dsse": "bQ==", f"records/{QUERY}.json": "e30="}


def visitor(shown: dict[str, Any], language: str = "en") -> Visitor:
    """Somebody who reads this profile, and the evidence behind it."""

    def answer(object_: str, *_: object) -> dict[str, Any]:
        return {"files": FILES} if object_ == "bundle" else shown

    return Visitor(answer, {"query": QUERY}, language=language)


def told(answer: Response) -> str:
    """An answer's body as text."""
    return bytes(answer.body).decode()


def room(ending: str) -> Room:
    """The room of a copy."""
    (found,) = [
        one for one in reading.ROOMS if one.path == f"/profile/{{query}}.{ending}"
    ]
    return found


def many(count: int) -> dict[str, Any]:
    """A profile of many sources that gave ten values each."""
    cells = {
        "name": ("name", "NITYANANDA SARKHEL"),
        "dob": ("birth_date", "14.03.1986"),
        "father": ("relative", "HARADHAN SARKHEL"),
        "mobile": ("phone", "+91 93031 41598"),
        "address": ("address", "VILL KUMARDUBI, DIST PURULIYA, WEST BENGAL"),
        "passport": ("passport", "Y4182736"),
        "sex": ("sex", "M"),
        "flight": ("", "BG392"),
        "arrival": ("event", "02.11.2025"),
        "status": ("", "CHARGESHEETED"),
    }
    return document(
        *(given(f"agency-{place}", cells) for place in range(count)),
        *(source(f"other-{place}", answer="none") for place in range(30)),
    )


class Page(HTMLParser):
    """The tags of a page, and the ids and targets in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.said = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        given_ = {name: value or "" for name, value in attrs}
        assert not [name for name in given_ if name.startswith("on")]
        assert "style" not in given_
        self.ids += [given_["id"]] if "id" in given_ else []
        self.targets += [given_["href"]] if "href" in given_ else []

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        self.said += data


def test_the_page_shows_each_source_and_where_values_come_from() -> None:
    """With a link from each value to its record's origin on the same page."""
    shown = document(
        given("customs", {"dob": ("birth_date", "17-03-1984")}, asked=["dob", "tel"]),
        given("transport", {"dob": ("birth_date", "18-03-1984")}),
        source("prisons", request("prisons", state="denied", reason="legal-bar")),
        source("childcare", answer="none"),
        source("bank", answer="not answered"),
        not_asked=["tax"],
    )
    page = Page(told(reading.profile(visitor(shown))))

    for words in (
        *("gave a part", "denied", "the law forbids it", "knows nobody who fits"),
        *(
            "not answered, nothing is known of it",
            "17-03-1984",
            "18-03-1984",
            "A lead, not an identification",
        ),
        *("Two dates of birth that cannot both be true", CASE, "tax"),
    ):
        assert words in page.said
    anchors = {one[1:] for one in page.targets if one.startswith("#")} - {"main"}
    assert {"r1", "r2"} == anchors
    assert anchors <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "script" not in page.tags


def test_the_page_warns_of_a_child_first() -> None:
    """Above all contradictions, with the law and what to do."""
    shown = document(
        given("a", {"dob": ("birth_date", "2012-06-09")}),
        given("b", {"dob": ("birth_date", "1984-03-17")}),
    )
    said = Page(told(reading.profile(visitor(shown)))).said
    assert said.index("One source says a child, another an adult") < said.index(
        "Contradictions"
    )
    assert "Stop, and have the age established" in said


@pytest.mark.parametrize("language", ["en", "hi"])
def test_hostile_values_are_text(language: str) -> None:
    """In every place where a value, a label or the case may stand."""
    evil = {"name": ("name", EVIL), EVIL: ("", "x"), "tel": ("phone", EVIL)}
    shown = document(given("a", evil), case_reference=EVIL, suspect={"name": [EVIL]})
    page = Page(told(reading.profile(visitor(shown, language))))
    assert "script" not in page.tags
    assert "[U+202E][U+200B]Kabir" in page.said
    assert "\u200b" not in page.said.replace(EVIL, "")


def test_a_value_of_ten_thousand_signs_is_there_to_its_end() -> None:
    """Cut into pieces for the line breaker, and whole for the reader."""
    long = "क्षत्रिय" * 1_250
    page = Page(told(reading.profile(visitor(document(given("a", {"n": ("", long)}))))))
    assert long in page.said
    assert max(map(len, text.pieces(long))) < 320
    assert "".join(text.pieces(long)) == long


def test_pieces_are_never_cut_inside_a_syllable() -> None:
    """No piece begins with a mark or a joiner, or after a virama."""
    for script, words in TEN_SCRIPTS.items():
        for piece in text.pieces(words.replace(" ", "") * 100)[1:]:
            assert piece.isprintable(), script
            assert not text._clings(f"x{piece}", 1)


@pytest.mark.parametrize("ending", COPIES)
def test_every_look_and_copy_reads_the_profile_anew(ending: str) -> None:
    """So that the node logs it, and refuses it where the case is over."""
    visit = visitor(document(given("a", {"name": ("name", "K")})))
    for handler in (reading.profile, room(ending).handler):
        visit.read_.clear()
        handler(visit)
        assert visit.read_[0] == ("profile", QUERY)
        assert visit.read_[1:] in ([], [("bundle", QUERY)])

    def over(*_: object) -> dict[str, Any]:
        raise Refused(Reason.CASE_OVER, "case")

    for handler in (reading.profile, room(ending).handler):
        with pytest.raises(Refused):
            handler(Visitor(over, {"query": QUERY}))


@pytest.mark.parametrize("ending", COPIES)
def test_a_copy_is_named_by_the_hash_alone(ending: str) -> None:
    """Not by case or person, whatever they are called."""
    shown = document(given("a", {"name": ("name", "K")}), case_reference="../../x\r\ny")
    answer = room(ending).handler(visitor(shown))
    name = f"childgrid-profile-{QUERY[:16]}.{ending}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    for odd in ("../../etc/passwd", "A" * 64, "", f"{QUERY}\n", QUERY[:-1]):
        with pytest.raises(ValueError, match="64 hex"):
            text.file_name(odd, "pdf")


def test_json_holds_values_exactly_and_their_origin() -> None:
    """Formulas and hidden signs too: nothing runs JSON, and evidence isn't changed."""
    shown = document(
        given(
            "customs", {"name": ("name", EVIL), "note": ("", FORMULA)}, asked=["tel"]
        ),
        source("bank", answer="not answered"),
    )
    made = json.loads(told(room("json").handler(visitor(shown))))
    record = made["sources"][0]["requests"][0]["record"]
    assert [one["value"] for one in record["values"]] == [EVIL, FORMULA]
    assert record["values"][0]["hidden_signs"] is True
    assert record["disclosure"]
    assert made["sources"][0]["requests"][0]["withheld"] == ["tel"]
    assert made["sources"][1]["standing"] == "unknown"
    assert made["mark"] == {
        "grid": "training",
        "officer": "police/si-rao",
        "case": CASE,
        "time": "2026-05-29T20:26:40Z",
        "notice": NOTICE,
    }


@pytest.mark.parametrize(
    "value", [FORMULA, "+91 98", "-1", "@SUM(1)", "\t=1", " =1", "\r\n=1", "＝1", "|x"]
)
def test_a_spreadsheet_runs_nothing(value: str) -> None:
    """What would be a formula is text, wherever it came from."""
    shown = document(given("a", {value: ("name", value)}), case_reference=value)
    body = told(room("csv").handler(visitor(shown)))
    for line in csv.reader(io.StringIO(body.removeprefix("\ufeff"))):
        for cell in line:
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "|"))
    assert body.startswith("\ufeff")


def test_one_person_a_record_in_followthemoney() -> None:
    """Required properties, ids that tell nothing, provenance; nothing is merged."""
    cells = {
        "name": ("name", "KABIR"),
        "dob": ("birth_date", "17-03-1984"),
        "sex": ("sex", "M"),
        "pass": ("passport", "Y1"),
        "addr": ("address", "Purulia"),
        "father": ("relative", "Madhav"),
    }
    shown = document(given("a", cells), given("b", cells), source("c"))
    made = json.loads(told(room("ftm.json").handler(visitor(shown))))
    kinds = sorted(one["schema"] for one in made)
    assert kinds == ["Address"] * 2 + ["Passport"] * 2 + ["Person"] * 2
    ids = {one["id"] for one in made}
    assert len(ids) == len(made)
    for one in made:
        assert all(
            isinstance(texts, list) and all(isinstance(t, str) for t in texts)
            for texts in one["properties"].values()
        )
        assert one["childgrid"]["disclosure"]
        if one["schema"] == "Passport":
            assert one["properties"]["holder"][0] in ids
            assert one["properties"]["number"] == ["Y1"]
        if one["schema"] == "Person":
            assert one["properties"]["birthDate"] == ["1984-03-17"]
            assert one["properties"]["gender"] == ["male"]
            assert one["properties"]["addressEntity"][0] in ids
            assert any("Madhav" in note for note in one["properties"]["notes"])
            assert any(NOTICE in note for note in one["properties"]["notes"])


def test_the_evidence_is_one_file_with_a_guide() -> None:
    """The node's files byte for byte; the same evidence is the same file."""
    made = [bytes(room("zip").handler(visitor(document())).body) for _ in range(2)]
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as found:
        assert found.namelist() == ["README.txt", *sorted(FILES)]
        assert found.read(f"records/{QUERY}.json") == b"{}"
        guide = found.read("README.txt").decode()
    for words in (NOTICE, "police/si-rao", CASE, "TRAINING", "childgrid-audit court"):
        assert words in guide


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", f"records/../{QUERY}.json", "records/x.json", "a\\b", ""]
)
def test_no_path_leaves_the_folder_in_which_it_is_opened(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gave it; nothing is handed out."""
    visit = visitor(document())
    monkeypatch.setitem(FILES, path, "e30=")
    with pytest.raises(Malformed, match=r"bundle\.path"):
        room("zip").handler(visit)


def test_a_page_of_many_sources_is_light() -> None:
    """Twenty records of ten values and thirty who know nobody: below 100 kB."""
    assert len(bytes(reading.profile(visitor(many(20))).body)) < 100_000


def packs(page: int) -> dict[str, Any]:
    """One page of packs."""
    line = {
        "hash": QUERY,
        "kind": "query",
        "by": "police/si-rao",
        "issued": NOW,
        "expires": NOW + DAY,
        "case_reference": EVIL,
        "disclosed": 2,
    }
    return {"lines": [line], "page": page, "more": page == 0}


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        *(({}, 0), ({"page": "1"}, 1), ({"page": "-1"}, 0), ({"page": "x"}, 0)),
        *(({"page": "9" * 12}, 0), ({"page": "९"}, 0)),
    ],
)
def test_a_prosecutors_packs(asked: dict[str, str], page: int) -> None:
    """Links by hash to the profiles; a page that is no number is the first."""
    visit = Visitor(lambda _, __, number: packs(number), query=asked)
    shown = Page(told(reading.packs(visit)))
    assert f"/profile/{QUERY}" in shown.targets
    assert ("/packs?page=1" in shown.targets) is (page == 0)
    assert "script" not in shown.tags
    assert "[U+202E]" in shown.said


def test_the_way_to_a_copy_is_not_taken_for_the_page() -> None:
    """Starlette takes the first path that fits: copies stand before the page."""

    def named(path: str) -> Callable[..., Response]:
        async def endpoint(_: object) -> Response:
            return Response(path)

        return endpoint

    app = Starlette(routes=[Route(one.path, named(one.path)) for one in reading.ROOMS])
    for ending in COPIES:
        scope = {"type": "http", "method": "GET", "path": f"/profile/{QUERY}.{ending}"}
        found = next(
            one
            for one in app.routes
            if one.matches({**scope, "root_path": ""})[0].value == 2
        )
        assert isinstance(found, Route)
        assert found.path == f"/profile/{{query}}.{ending}"


@pytest.mark.parametrize(
    ("value", "shown", "hides"),
    [
        ("Kabir", "Kabir", False),
        ("a\u202eb", "a[U+202E]b", True),
        ("a\u200bb\u00ad", "a[U+200B]b[U+00AD]", True),
        ("क्‍ष", "क्‍ष", False),
        ("a\u200db", "a[U+200D]b", True),
        ("\u200dक", "[U+200D]क", True),
        ("ab\r\ncd\te", "ab  cd e", False),
        ("\x00\x1b[31m", "[U+0000][U+001B][31m", True),
        ("\ue000\U000e0041\u3164", "[U+E000][U+E0041][U+3164]", True),
    ],
)
def test_what_hides_is_seen(value: str, shown: str, hides: bool) -> None:
    """Joiners stay between letters that need them, and only there."""
    assert (text.visible(value), text.hides(value)) == (shown, hides)


def test_an_unknown_state_is_shown_as_it_stands() -> None:
    """A newer node's word is not hidden, nor does it break the page."""
    shown = document(
        source("a", request("a", state="pending-court", reason="new-reason"))
    )
    assert model.read(shown).sources[0].requests[0].state == "pending-court"
    assert "new-reason" in Page(told(reading.profile(visitor(shown)))).said
