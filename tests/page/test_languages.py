"""Languages of the page engine: one file of texts, times in words, fonts by script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import PoFileError

from childgrid_page.engine import STATIC, Pages, visible
from childgrid_page.languages import ENGLISH, read

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: {}"\n'
PLURALS = "nplurals=2; plural=(n > 1);"
NOON = 1_799_038_800
INDIA = 19_800


def catalogue(folder: Path, code: str, *pairs: tuple[str, str]) -> None:
    """Write a language's one file."""
    path = folder / code / "LC_MESSAGES" / "test.po"
    path.parent.mkdir(parents=True)
    texts = "".join(f'\nmsgid "{a}"\nmsgstr "{b}"\n' for a, b in pairs)
    path.write_text(HEAD.format(PLURALS) + texts, "utf-8")


def pages(folder: Path, template: str) -> Pages:
    """One template, and whatever languages the folder holds."""
    (folder / "t.html").write_text(template, "utf-8")
    languages = read(folder, "test")
    return Pages(folder, INDIA, {"service": "Test", "links": []}, languages)


def test_a_third_language_is_one_file(tmp_path: Path) -> None:
    """Its texts, its direction of writing and its own name come with it."""
    catalogue(tmp_path, "hi", ("Nothing.", "कुछ नहीं।"))
    catalogue(tmp_path, "ur", ("Nothing.", "کچھ نہیں۔"))
    made = pages(tmp_path, "{{ lang }} {{ direction }} {{ _('Nothing.') }}")

    assert made.render("t.html", "hi") == "hi ltr कुछ नहीं।"
    assert made.render("t.html", "ur") == "ur rtl کچھ نہیں۔"
    assert [one.name for one in made.languages.values()] == ["English", "हिन्दी", "اردو"]


def test_what_is_not_translated_is_shown_in_english(tmp_path: Path) -> None:
    """And so is a page in a language that isn't there."""
    catalogue(tmp_path, "hi", ("Other", "अन्य"))
    made = pages(tmp_path, "{{ _('Nothing.') }}")

    assert made.render("t.html", "hi") == made.render("t.html", "xx") == "Nothing."


def test_a_component_speaks_the_language_of_its_page(tmp_path: Path) -> None:
    """Components are imported, and know nothing of the page's values."""
    catalogue(tmp_path, "hi", ("Previous page", "पिछला पृष्ठ"))
    made = pages(tmp_path, "{% import 'parts.html' as p %}{{ p.pager('/?', 2, 3) }}")

    assert "पिछला पृष्ठ" in made.render("t.html", "hi")
    assert "Previous page" in made.render("t.html", "en")


def test_times_are_written_as_the_language_does(tmp_path: Path) -> None:
    """Months and units in words, in the readers' own time; counts grouped alike."""
    catalogue(tmp_path, "hi")
    template = "{{ t|minute }}; {{ t|day }}; {{ 93600|span }}; {{ 1234567|number }}"
    made = pages(tmp_path, template)

    said = made.render("t.html", "en", t=NOON)
    assert said == "4 Jan 2027, 10:30; 4 Jan 2027; 1 day 2 h; 12,34,567"
    said = made.render("t.html", "hi", t=NOON)
    assert said == "4 जन॰ 2027, 10:30; 4 जन॰ 2027; 1 दिन 2 घं॰; 12,34,567"


def test_a_broken_catalogue_is_refused(tmp_path: Path) -> None:
    """An application doesn't start with half a language."""
    catalogue(tmp_path, "hi")
    (tmp_path / "hi" / "LC_MESSAGES" / "test.po").write_text('msgid "a"\n', "utf-8")
    with pytest.raises(PoFileError):
        read(tmp_path, "test")


def test_a_translation_is_escaped_where_it_takes_foreign_values(
    tmp_path: Path,
) -> None:
    """The text is a translator's and trusted, the value in it is not."""
    catalogue(tmp_path, "hi", ("for %(name)s", "<b>%(name)s</b> के लिए"))
    made = pages(tmp_path, "{{ _('for %(name)s', name=x) }}")

    assert made.render("t.html", "hi", x="<i>") == "<b>&lt;i&gt;</b> के लिए"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("कबीर", "<bdi>कबीर</bdi>"),
        ("क्‍ष", "<bdi>क्‍ष</bdi>"),
        ("a\u202eb", '<bdi>a<span class="odd">U+202E</span>b</bdi>'),
        ("\u200b", '<bdi><span class="odd">U+200B</span></bdi>'),
        ("<b>\u0000", '<bdi>&lt;b&gt;<span class="odd">U+0000</span></bdi>'),
    ],
)
def test_what_hides_in_a_foreign_text_is_shown(text: str, shown: str) -> None:
    """Marks that turn the reading order or show nothing; joiners of scripts stay."""
    assert str(visible(text)) == shown


def test_english_needs_no_file() -> None:
    """It stands in the templates."""
    assert ENGLISH.span(0) == "0 s"
    assert ENGLISH.direction == "ltr"


def test_every_font_is_there_under_its_licence() -> None:
    """Each rule names a file that is shipped; each file has a rule and a licence."""
    css = (STATIC / "fonts.css").read_text()
    named = set(re.findall(r'url\("fonts/([^"]+)"\)', css))
    shipped = {path.name for path in (STATIC / "fonts").glob("*.woff2")}

    assert named == shipped
    for name in shipped:
        package = re.sub(r"-[a-z]+(-ext)?-\d+-normal\.woff2$", "", name)
        licence = (STATIC / "fonts" / f"LICENSE-{package}.txt").read_text()
        assert "SIL OPEN FONT LICENSE Version 1.1" in licence


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Rao", "latin"),
        ("कबीर", "devanagari"),
        ("কবীর", "bengali"),
        ("ਕਬੀਰ", "gurmukhi"),
        ("કબીર", "gujarati"),
        ("କବୀର", "oriya"),
        ("கபீர்", "tamil"),
        ("కబీర్", "telugu"),
        ("ಕಬೀರ್", "kannada"),
        ("കബീർ", "malayalam"),
        ("کبیر", "arabic"),
    ],
)
def test_a_page_loads_the_scripts_that_it_holds(text: str, script: str) -> None:
    """Every letter of a name is in one script's range, and in no other's."""
    css = (STATIC / "fonts.css").read_text()
    loaded = set()
    for file, ranges in re.findall(
        r'"fonts/([^"]+)".*?unicode-range: ([^;]+);', css, re.S
    ):
        bounds = [one.removeprefix("U+").partition("-") for one in ranges.split(",")]
        for low, _, high in bounds:
            if any(int(low, 16) <= ord(sign) <= int(high or low, 16) for sign in text):
                loaded.add(re.sub(r"-\d+-normal.*", "", file).rpartition("-")[2])
    assert loaded == {script}
