"""The profile on paper as its reader sees it: each script's letters, and no boxes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from childgrid_portal.profile import faces
from childgrid_portal.web import reading
from portal.pictures import LACKS, Paper, face_of, judged, latin_face, likeness, set_in
from portal.profiles import QUERY, TEN_SCRIPTS, document, given
from portal.visitor import Visitor

LINES = tuple(TEN_SCRIPTS.values())


def drawn(names: Mapping[str, str]) -> Paper:
    """A profile on paper of these names."""
    cells = {name: ("name", text) for name, text in names.items()}
    shown = document(given("agency", cells))
    answer = reading.paper(Visitor(lambda *_: shown, {"query": QUERY}))
    return Paper(bytes(answer.body))


@pytest.fixture(scope="module")
def paper() -> Paper:
    """A profile of ten scripts."""
    return drawn(TEN_SCRIPTS)


@pytest.mark.parametrize("script", TEN_SCRIPTS)
def test_each_script_is_drawn_in_its_own_letters(paper: Paper, script: str) -> None:
    """Like its line as another engine sets it; unlike the other nine and boxes."""
    line = TEN_SCRIPTS[script]
    picture = paper.cut(line)
    assert judged(picture, line, LINES) == line

    own = likeness(picture, set_in(line, face_of(line)))
    others = [set_in(one, face_of(one)) for one in LINES if one != line]
    others.append(set_in(LACKS * len(line), face_of(line)))
    assert own > 2 * max(likeness(picture, one) for one in others)


@pytest.mark.filterwarnings("ignore:No fonts configured")
def test_fonts_without_the_scripts_are_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of the paper says each line, and none is what the picture shows."""
    nothing = tmp_path / "fonts.conf"
    nothing.write_text("<fontconfig></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(nothing))
    monkeypatch.setattr(faces, "_wanted", lambda *_: iter((latin_face(),)))
    found = drawn(TEN_SCRIPTS)
    for line in LINES:
        assert judged(found.cut(line), line, LINES) in ("boxes", "nothing")


def test_letters_of_another_font_are_found_out(paper: Paper) -> None:
    """A line that says one script and shows another is not taken for what it says."""
    for script, line in TEN_SCRIPTS.items():
        wrong = next(one for one in LINES if one != line)
        assert judged(paper.cut(wrong), line, LINES) == wrong, script
