"""The speed bench tells all its keys, with and without peers, on any data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench import speed, speed_peers
from bench.speed_rows import random_filters, total

KEYS = {
    "rows",
    "bytes_per_row",
    "sum_ms",
    "scan_ms",
    "scan_over_sum",
    "clk_scan_over_clk_sum",
    "batch_comparisons_per_s",
    "anonlink_api_ratio",
    "anonlink_kernel_ratio",
    "batch_over_anonlink_kernel",
    "threads2_speedup",
    "open_ms",
    "load_s",
    "machine",
    "versions",
    "noise",
}


def test_all_keys_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed is what is written, and a peer that is absent is null."""
    monkeypatch.delenv("CHILDGRID_DATA", raising=False)
    monkeypatch.setattr(speed_peers, "installed", lambda _task: {})
    out = tmp_path / "speed.json"
    arguments = ["--rows", "700", "--rounds", "2", "--threads-rows", "900"]

    assert speed.main([*arguments, "--json", str(out)]) == 0
    told = json.loads(out.read_text("utf-8"))
    assert json.loads(capsys.readouterr().out) == told
    assert told.keys() >= KEYS
    assert told["rows"] == told["clk_rows"] == 700
    assert told["threads_rows"] == 900
    assert told["anonlink_api_ratio"] is None
    assert told["bytes_per_row"] == 384


def test_a_library_that_is_missing_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Import errors of a peer are no error of the bench."""

    def absent(_task: speed_peers.Task) -> speed_peers.Calls:
        raise ImportError

    for name in ("_anonlink", "_faiss", "_usearch", "_fpsim2", "_duckdb"):
        monkeypatch.setattr(speed_peers, name, absent)
    rows = random_filters(10, 1)

    assert speed_peers.installed(speed_peers.Task(rows, rows[0], rows, 3, 0.7)) == {}


def test_the_sum_is_of_every_word() -> None:
    """The limit reads all bytes; it adds them up modulo 2**64."""
    rows = random_filters(500, 2)

    assert int(total(rows.reshape(-1))) == int(rows.sum(dtype=np.uint64))
    assert 0.4 < np.bitwise_count(rows).mean() / 64 < 0.48


def test_ratios_are_medians_over_rounds() -> None:
    """One noisy round does not move a ratio."""
    seconds = {"one": [2.0, 9.0, 2.0], "two": [1.0, 1.0, 1.0]}
    found = speed.Rounds(seconds, seconds)

    assert found.ratio("one", "two") == {"median": 2.0, "range": [2.0, 9.0], "cpu": 2.0}
    assert found.ratio("absent", "two")["median"] is None
    assert found.ms("one") == 2000
