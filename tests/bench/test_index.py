"""The bench of indexing: it indexes what it says, and prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import index
from deploy.sample.make import make

ROWS = 300


def test_a_whole_source_is_made_and_indexed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row is read, most are kept, and the figures say what it took."""
    make(tmp_path / "sample", rows=200)
    out = tmp_path / "index.json"
    words = ["--rows", str(ROWS), "--data", str(tmp_path / "sample" / "bench")]

    assert index.main([*words, "--json", str(out)]) == 0

    found = json.loads(out.read_text())
    assert json.loads(capsys.readouterr().out) == found
    assert found["rows"] == ROWS
    assert ROWS // 2 < found["indexed"] <= ROWS
    assert found["peak_mib"] <= found["peak_total_mib"]
    assert {"seconds", "records_per_s", "index_mib", "machine"} <= found.keys()


def test_an_agency_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with a sentence and not with a traceback."""
    make(tmp_path, rows=100)
    words = ["--data", str(tmp_path / "bench"), "--agency", "nobody"]

    with pytest.raises(SystemExit):
        index.main(words)

    assert "no table of nobody" in capsys.readouterr().err
