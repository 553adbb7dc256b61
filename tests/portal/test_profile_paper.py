"""The profile on paper: its words, glyphs, tags and marks, and what it won't load."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader
from pypdf.generic import ContentStream
from starlette.responses import Response
from weasyprint.urls import FatalURLFetchingError

from childgrid_portal.profile import faces, pdf
from childgrid_portal.web import reading
from childgrid_wire.errors import Reason, Refused
from portal.profiles import CASE, NOTICE, QUERY, TEN_SCRIPTS, document, given
from portal.visitor import Visitor

LONG = "व" * 10_000
HOSTILE = "<img src='http://127.0.0.1:9/x'><b>bold</b>"
TURNED = "evil\u202etxt\u200b"


@pytest.fixture(scope="module")
def paper() -> PdfReader:
    """A profile of ten scripts, a hostile name, a turned one and a very long one."""
    sources = [
        given(f"agency-{script.lower()}", {"name": ("name", text)})
        for script, text in TEN_SCRIPTS.items()
    ]
    odd = {"name": ("name", HOSTILE), "alias": ("alias", TURNED), "note": ("", LONG)}
    shown = document(*sources, given("odd", odd))
    visit = Visitor(lambda *_: shown, {"query": QUERY})
    answer = reading.paper(visit)
    assert answer.media_type == "application/pdf"
    return PdfReader(io.BytesIO(bytes(answer.body)))


@pytest.fixture(scope="module")
def words(paper: PdfReader) -> str:
    """All its text: as runs say it themselves, and as glyphs are mapped."""
    return all_words(paper)


def all_words(paper: PdfReader) -> str:
    """As above, of any paper."""
    mapped = " ".join(page.extract_text() for page in paper.pages)
    return " ".join([*said(paper), " ".join(mapped.split())])


def said(paper: PdfReader) -> Iterator[str]:
    """What shaped runs say that they spell (`ActualText`)."""
    for page in paper.pages:
        stream = ContentStream(page["/Contents"].get_object(), paper)
        for operands, operator in stream.operations:
            if operator == b"BDC" and "/ActualText" in operands[1]:
                yield str(operands[1]["/ActualText"])


@pytest.mark.parametrize("script", TEN_SCRIPTS)
def test_every_script_can_be_read_back(words: str, script: str) -> None:
    """Copied or read aloud, a name is the name that was written."""
    assert TEN_SCRIPTS[script] in words


def test_no_glyph_is_missing(paper: PdfReader) -> None:
    """Each font is a shipped one that draws its own script's signs, and no box.

    Of two files under one name the library embeds one, and takes the other's numbers.
    """
    assert len(drawn(paper)) == len(TEN_SCRIPTS) + 1


def drawn(paper: PdfReader) -> set[str]:
    """The families that a paper is drawn in; insists that each draws all its signs."""
    families = set()
    for page in paper.pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            family = str(inner["/BaseFont"]).partition("+")[2].removesuffix("-Bold")
            families.add(family)
            (face,) = [
                one
                for one in faces.faces()
                if (one.family, one.weight) == (family, "400")
            ]
            table = font.get_object()["/ToUnicode"].get_object().get_data().decode()
            for sign in spelled(table):
                assert face.serves(frozenset({ord(sign)})), (family, hex(ord(sign)))
            file = inner["/FontDescriptor"]["/FontFile2"].get_object().get_data()
            assert TTFont(io.BytesIO(file))["maxp"].numGlyphs
        for codes in shown(ContentStream(page["/Contents"].get_object(), paper)):
            assert "0000" not in codes
    return families


def spelled(table: str) -> Iterator[str]:
    """The letters that a font's glyphs stand for, those of ASCII aside."""
    for _, code in re.findall(r"<([0-9a-f]+)>\s*<([0-9a-f]+)>", table):
        for sign in bytes.fromhex(code).decode("utf-16-be", "ignore"):
            if sign.isalpha() and not sign.isascii():
                yield sign


def shown(stream: ContentStream) -> Iterator[list[str]]:
    """The glyph numbers of each run, four hex digits each."""
    for operands, operator in stream.operations:
        if operator == b"TJ":
            for part in operands[0]:
                if isinstance(part, bytes | str):
                    raw = getattr(part, "original_bytes", part)
                    yield re.findall("....", bytes(raw).hex())


def test_every_page_says_who_took_it_for_what_and_when(paper: PdfReader) -> None:
    """Officer, case, time and the notice; and that all is invented on this grid."""
    assert len(paper.pages) > 2
    for page in paper.pages:
        text = " ".join(page.extract_text().split())
        for mark in (
            "police/si-rao",
            CASE,
            "30 May 2026, 01:56:40 UTC+05:30",
            "TRAINING",
        ):
            assert mark in text
        assert NOTICE.lower() in text.lower()


def test_the_mark_stands_across_each_page_too(paper: PdfReader) -> None:
    """Turned and pale, over the middle: officer, case and time."""
    for page in paper.pages:
        turned: list[str] = []

        def visit(text: str, cm: list[float], *_: object) -> None:
            if abs(cm[1]) > 0.1:
                turned.append(text)  # noqa: B023 - called below, in this turn

        page.extract_text(visitor_text=visit)
        said = " ".join("".join(turned).split())
        for mark in (
            "police/si-rao",
            CASE,
            "30 May 2026, 01:56:40 UTC+05:30",
            "TRAINING",
        ):
            assert mark in said


def test_readers_of_the_screen_pass_by_what_stands_on_each_page(
    paper: PdfReader,
) -> None:
    """The marks are artifacts; every other run has its place in the tree."""
    for page in paper.pages:
        stream = ContentStream(page["/Contents"].get_object(), paper)
        runs = list(marked(stream))
        assert {kind for kind, turned in runs if turned} == {"/Artifact"}
        numbered = [kind for kind, _ in runs if kind in ("/Span", "/Figure")]
        assert len(numbered) > 3
        # The mark at the head, the one across, foot and number of the page.
        assert len(runs) - len(numbered) >= 4
        assert {kind for kind, _ in runs} <= {"/Artifact", "/Span", "/Figure"}


def marked(stream: ContentStream) -> Iterator[tuple[str, bool]]:
    """Each run of text: as what it is marked, and whether it is turned."""
    inside, turned, kept = "", False, []
    for operands, operator in stream.operations:
        if operator in (b"BDC", b"BMC"):
            inside = str(operands[0])
        elif operator == b"EMC":
            inside = ""
        elif operator == b"q":
            kept.append(turned)
        elif operator == b"Q":
            turned = kept.pop()
        elif operator == b"cm":
            turned = turned or abs(float(operands[1])) > 0.1
        elif operator == b"TJ":
            yield inside, turned


def test_it_is_tagged_for_readers_of_the_screen(paper: PdfReader) -> None:
    """PDF/UA-1: marked, with a language, a title, headings and tables as such."""
    root = paper.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert 'pdfuaid:part="1"' in root["/Metadata"].get_data().decode()
    kinds = kinds_of(root["/StructTreeRoot"])
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure"} <= kinds


def kinds_of(node: object) -> set[str]:
    """The kinds of structure at and below a node."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        one = getattr(waiting[-1], "get_object", lambda: None)()
        waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            found.add(str(one.get("/S")))
            waiting.append(one.get("/K"))
    return found


def test_no_value_stands_inside_of_a_drawing() -> None:
    """Where no script is shaped: a number stands for each thing, as in its table."""
    name = TEN_SCRIPTS["Devanagari"]
    shown = document(given("a", {"addr": ("address", name)}))
    drawn = []

    def page(template: str, status: int = 200, **values: object) -> Response:
        drawn.append(Visitor.page(visit, template, status, **values))
        return drawn[-1]

    visit = Visitor(lambda *_: shown, {"query": QUERY})
    visit.page = page  # type: ignore[method-assign]
    reading.paper(visit)
    html = bytes(drawn[0].body).decode()
    figures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert name in html
    assert len(figures) == 2
    labels = re.findall(r"<text[^>]*>(.*?)</text>", "".join(figures))
    assert labels
    assert all(label.isascii() for label in labels)


def test_what_is_hostile_is_shown_and_nothing_more(words: str) -> None:
    """Markup is text, a turned name lies open, a long value is there to its end."""
    assert HOSTILE in words
    assert "evil[U+202E]txt[U+200B]" in words
    assert "\u202e" not in words
    # Each of its runs says its own part, so that only the runs joined are the value.
    assert words.count("व") >= len(LONG)


def test_nothing_is_loaded() -> None:
    """A page that names anything but a shipped font is not drawn at all."""
    for url in ("http://127.0.0.1:9/x", "file:///etc/passwd"):
        with pytest.raises(FatalURLFetchingError):
            pdf.draw(f'<html lang="en"><title>t</title><img alt="" src="{url}">')
    with pytest.raises(FatalURLFetchingError):
        pdf.Shut().fetch(faces.folder() + "../x")
    style = '<style>@import "http://127.0.0.1:9/x.css";</style>'
    with pytest.raises(FatalURLFetchingError):
        pdf.draw(f'<html lang="en"><title>t</title>{style}')


def test_a_text_opens_the_fonts_that_it_needs() -> None:
    """Latin always; a script's own where a sign of it stands."""
    assert "devanagari" not in faces.sheet("Kabir \u200d")
    sheet = faces.sheet("कबीर")
    assert "noto-sans-devanagari-devanagari" in sheet
    assert "noto-sans-tamil" not in sheet


@pytest.mark.threat("T14")
def test_many_papers_at_a_time_leave_threads_for_others() -> None:
    """One too many is told to come again, and is drawn once there is room."""
    plain = '<html lang="en"><title>t</title><p>x'
    with ExitStack() as at_hand:
        for _ in range(pdf.MOST):
            at_hand.enter_context(pdf._INSIDE.entered("paper"))
        with pytest.raises(Refused) as caught:
            pdf.draw(plain)
    assert caught.value.reason is Reason.BUSY
    assert pdf.draw(plain).startswith(b"%PDF")
