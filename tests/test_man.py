"""The manual pages: one a program, every command on it, and fresh."""

from __future__ import annotations

import shutil
import subprocess
import tomllib

import pytest

from man import PAGES, PROGRAMS, ROOT, Program, commands, escaped, page, pages, silent


def test_every_program_has_a_page_with_each_of_its_commands() -> None:
    """As many pages as the project installs programs; none of them says nothing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(PROGRAMS) == set(project["scripts"])
    for name, program in PROGRAMS.items():
        assert project["scripts"][name] == f"{program.module}:main"
        text = page(name, program)
        for command in commands(program):
            assert f'.SS "{escaped(command)}"' in text
    assert silent() == []


def test_the_pages_are_fresh() -> None:
    """What is committed is what `python -m tests.man` writes."""
    there = {one.name: one.read_text("utf-8") for one in (ROOT / PAGES).iterdir()}
    assert there == pages(), "run `python -m tests.man`"


def test_options_are_told_with_what_they_take() -> None:
    """A path, a number, a switch; what must be given, what may be repeated."""
    text = page("childgrid-node", PROGRAMS["childgrid-node"])
    wait = text[text.index('.SS "ceremony"') :]
    assert "\\fB\\-\\-wait\\fR \\fINUMBER\\fR" in wait
    assert "Each member that takes part. Must be given. May be repeated." in wait
    assert "\\fB\\-\\-config\\fR \\fIPATH\\fR" in wait
    audit = page("childgrid-audit", PROGRAMS["childgrid-audit"])
    assert "\\fB\\-\\-notes, \\-\\-no\\-notes\\fR\n" in audit
    assert "Also read from the variable CHILDGRID_ROOT." in audit


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not here")
def test_the_pages_are_clean_roff() -> None:
    """groff warns of nothing in them, and of an unclosed font in a broken one."""
    for text, clean in ((pages().values(), True), ([".SH X\n.ZZ bad\n"], False)):
        done = subprocess.run(
            ["groff", "-ww", "-man", "-Tutf8", "-Kutf8", "-z"],
            input="".join(text),
            capture_output=True,
            text=True,
        )
        assert (done.stderr == "") is clean, done.stderr


@pytest.mark.parametrize("text", [".SH evil", "'so /etc/passwd", "a\\fBb", "--x"])
def test_a_help_text_is_never_taken_for_a_command(text: str) -> None:
    """Dots, quotes, backslashes and dashes are text."""
    made = escaped(text)
    assert not made.startswith((".", "'"))
    assert "\\fB" not in made
    assert "--" not in made


def test_a_page_needs_a_program() -> None:
    """A module that is not there fails, and is not left out."""
    with pytest.raises(ModuleNotFoundError):
        page("childgrid-x", Program("childgrid_x.__main__", "x", {}))
