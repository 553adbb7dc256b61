"""The portal's languages: nothing that a page says is missing in one of them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from markupsafe import escape

from childgrid_audit.workbench.patterns import PATTERNS
from childgrid_audit.workbench.sample import TOPICS
from childgrid_page.engine import Pages
from childgrid_page.languages import ENGLISH, read
from childgrid_portal.web import display, words
from childgrid_portal.web.states import REASONS, STATES
from childgrid_portal.web.terms import GROUNDS, SHARED, TERMS
from childgrid_wire import kinds
from childgrid_wire.errors import Reason
from portal.visits import rendered

LANGUAGES = dict(words.files())
_PLACES = re.compile(r"%\([a-z_]+\)[sd]")


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_text_is_translated(code: str) -> None:
    """Every text of every template and module, and none that nobody says."""
    wanted, have = words.extract(), words.load(code, LANGUAGES[code])

    assert len(wanted) > 100
    assert words.lacking(wanted, have) == []
    assert words.stale(wanted, have) == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_has_the_places_of_its_text(code: str) -> None:
    """A misspelt place would break the page that says it."""
    for one in words.load(code, LANGUAGES[code]):
        texts = [one.id] if isinstance(one.id, str) else list(one.id)
        said = [one.string] if isinstance(one.string, str) else list(one.string)
        if texts != [""]:
            meant = {place for text in texts for place in _PLACES.findall(text)}
            for text in said:
                assert set(_PLACES.findall(text)) == meant, one.id


def test_a_text_that_is_missing_is_named(tmp_path: Path) -> None:
    """So that the two checks above can fail; the upkeep then adds and drops it."""
    path = tmp_path / "portal.po"
    shutil.copy(LANGUAGES["hi"], path)
    text = path.read_text("utf-8")
    path.write_text(text.replace('msgid "offline"', 'msgid "on line"'), "utf-8")
    wanted = words.extract()
    have = words.load("hi", path)
    assert words.lacking(wanted, have) == ["offline"]
    assert words.stale(wanted, have) == ["on line"]

    words.write(wanted, "hi", path)

    have = words.load("hi", path)
    assert words.lacking(wanted, have) == ["offline"]
    assert words.stale(wanted, have) == []


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("purpose", kinds.PURPOSES),
        ("category", kinds.CATEGORIES),
        ("role", kinds.ROLES),
        ("band", kinds.BANDS),
        ("denial", kinds.DENIALS),
        ("disposal", kinds.DISPOSALS),
        ("why", tuple(one.value for one in Reason)),
    ],
)
def test_every_code_of_the_wire_has_its_words(
    kind: str, codes: tuple[str, ...]
) -> None:
    """A new one is missed here, not by an officer."""
    assert set(codes) <= set(TERMS[kind])
    assert set(REASONS) == {one.value for one in Reason}


def test_whatever_an_auditor_asks_about_has_its_words() -> None:
    """A finding names a pattern or a sample; the agency reads what that looks for."""
    assert TERMS["topic"].keys() == {*PATTERNS, *TOPICS}


def test_a_refusal_is_told_in_the_reader_s_language() -> None:
    """Each reason that a node gives, on the page that says so."""
    have = words.load("hi", LANGUAGES["hi"])
    empty = {"person": None, "officer": "", "token": "", "look": "", "links": []}
    for one in Reason:
        page = rendered().render("problem.html", "hi", reason=one.value, **empty)
        said = have.get(REASONS[one.value])
        assert said is not None
        assert str(escape(said.string)) in page


@pytest.mark.parametrize(
    ("text", "says", "never"),
    [
        ("strong lead", "प्रबल", "पक्का"),
        ("Query", "प्रश्न", "पूछताछ"),
        ("Queries", "प्रश्न", "पूछताछ"),
        ("Alias", "उर्फ़", "उपनाम"),
        ("Somebody was cleared", "आरोप से मुक्त", "निर्दोष"),
        ("State or union territory", "राज्य", "स्थिति"),
    ],
)
def test_hindi_does_not_say_more_than_the_text(
    text: str, says: str, never: str
) -> None:
    """A lead isn't certain, a query no interrogation, a discharge no innocence."""
    have = words.load("hi", LANGUAGES["hi"])
    found = have.get(text)
    assert found is not None
    assert says in str(found.string)
    assert never not in str(found.string)


def test_hindi_points_double_the_odds_and_no_probability() -> None:
    """A probability can't be doubled without end."""
    have = words.load("hi", LANGUAGES["hi"])
    (said,) = [str(one.string) for one in have if "doubles the odds" in str(one.id)]
    assert "अनुपात को दोगुना" in said
    assert "संभावना" not in said


def test_no_list_of_words_takes_another_s_place() -> None:
    """Two lists of one name would leave the codes of the first without words."""
    lists = [name for name in TERMS if name not in STATES]
    assert len(lists) + len(STATES) == len(TERMS)
    assert set(GROUNDS) <= set(TERMS["ground"])
    for name, words_ in STATES.items():
        assert TERMS[name] is words_


def test_a_code_that_is_not_known_is_escaped(tmp_path: Path) -> None:
    """Translated texts are trusted; what a node says is not."""
    (tmp_path / "t.html").write_text("{{ term('band', x) }}", "utf-8")
    pages = Pages(tmp_path, 0, SHARED, words.languages())

    assert pages.render("t.html", "hi", x="strong") == "प्रबल सुराग"
    assert pages.render("t.html", "hi", x="<b>_") == "&lt;b&gt; "


@pytest.mark.parametrize(
    ("cookies", "accepted", "language"),
    [
        ({}, "", "en"),
        ({}, "hi-IN,en;q=0.8", "hi"),
        ({}, "de,hi;q=0.5", "hi"),
        ({"language": "en"}, "hi", "en"),
        ({"language": "../../etc"}, "fr", "en"),
    ],
)
def test_a_cookie_decides_before_the_browser(
    cookies: dict[str, str], accepted: str, language: str
) -> None:
    """And a language that isn't there never does."""
    assert words.spoken(cookies, accepted, {"en": ENGLISH, "hi": ENGLISH}) == language


def test_a_choice_is_kept_and_leads_back() -> None:
    """To a page of this site only, and only values that there are."""
    known = read(words.LOCALE, words.DOMAIN)
    kept = display.choose({"language": "hi", "back": "/ask"}, known, secure=True)
    assert kept.headers["location"] == "/ask"
    cookie = kept.headers["set-cookie"]
    assert cookie.startswith("language=hi;")
    assert "HttpOnly" in cookie
    assert "Secure" in cookie

    strange = (
        "//evil",
        "https://evil",
        "/\\evil",
        "/\t/evil",
        "/a//evil",
        "/A",
        "/?x=//y",
    )
    for back in strange:
        form = {"look": "evil", "language": "xx", "back": back}
        other = display.choose(form, known, secure=False)
        assert other.headers["location"] == "/"
        assert "set-cookie" not in other.headers


def test_looks_are_classes_that_the_style_sheet_knows() -> None:
    """What a cookie holds never reaches a page as it is."""
    assert words.look({"look": "large-contrast"}) == "large contrast"
    assert words.look({"look": 'x" onload="'}) == ""
    assert words.look({}) == ""
