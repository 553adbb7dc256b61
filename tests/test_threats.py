"""The threat table: fresh, complete, and made of tests that exist and run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from threats import ROOT, TABLE, BadThreats, check, listed, marked, table

ROW = '[[threat]]\nid = "{id}"\nthreat = "t"\ncontrol = "c"\ndefault = "d"\n'


def test_every_row_has_a_test_or_says_why_not() -> None:
    """No mark without a row, no row without a mark or a reason."""
    assert check(listed(), marked()) == []


def test_the_table_is_fresh() -> None:
    """What is committed is what `python -m tests.threats` writes."""
    told = (ROOT / TABLE).read_text("utf-8")
    assert told == table(listed(), marked()), "run `python -m tests.threats`"


def test_every_row_of_the_threat_model_is_in_it() -> None:
    """The prose can't name an attacker that the table forgets."""
    model = (ROOT / "docs/threat-model.md").read_text("utf-8")
    rows = {int(one) for one in re.findall(r"^\| ([0-9]+) \|", model, re.MULTILINE)}
    named = [one for threat in listed() for one in threat.model]
    assert rows
    assert sorted(named) == sorted(rows)


def tree(folder: Path, toml: str, test: str) -> Path:
    """A project of one test file."""
    for path, text in (
        ("docs/threats.toml", toml),
        ("tests/test_one.py", f"import pytest\n\n\n{test}\n"),
        ("tests/conftest.py", "from threats_ran import *  # noqa\n"),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
            'markers = ["threat(id): a row"]\n',
        ),
    ):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


def test_a_row_without_a_test_and_a_mark_without_a_row_are_named(
    tmp_path: Path,
) -> None:
    """The checks can fail, each for its own reason."""
    toml = ROW.format(id="T1") + ROW.format(id="T2") + 'open = "not yet"\n'
    folder = tree(tmp_path, toml, '@pytest.mark.threat("T9")\ndef test_x(): ...')
    faults = check(listed(folder), marked(folder))
    assert faults == [
        "no threat T9 is listed: tests/test_one.py::test_x",
        "T1 has no test and does not say why",
    ]
    assert "**open**: not yet" in table(listed(folder), marked(folder))
    tree(tmp_path, toml + ROW.format(id="T1"), "")
    with pytest.raises(BadThreats):
        listed(tmp_path)


@pytest.mark.parametrize(
    ("body", "words", "status"),
    [
        ("assert True", [], 0),
        ("assert True", ["-p", "xdist", "-n2"], 0),
        ("pytest.skip('not today')", [], 1),
        ("pytest.skip('not today')", ["-p", "xdist", "-n2"], 1),
        ("pytest.skip('not today')", ["-k", "test_x or other"], 0),
        ("pytest.skip('not today')", ["tests/test_one.py"], 0),
    ],
)
def test_a_whole_run_in_which_a_threat_was_not_tested_fails(
    tmp_path: Path, body: str, words: list[str], status: int
) -> None:
    """A test that is skipped proves nothing; a run of some tests promises nothing."""
    test = f'@pytest.mark.threat("T1")\ndef test_x():\n    {body}'
    folder = tree(tmp_path, ROW.format(id="T1"), test)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "tests"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
    )
    assert done.returncode == status, done.stdout
    assert ("no test of threat T1 ran" in done.stdout) == bool(status)
