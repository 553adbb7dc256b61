"""The speed bench tells all its keys, with and without peers, on any data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench import speed, speed_peers
from bench.speed_peers import Call, Task, agreement
from bench.speed_rows import random_filters, total
from childgrid_node.clk.search import Filters, search

KEYS = {
    "rows",
    "bytes_per_row",
    "sum_ms",
    "scan_ms",
    "scan_over_sum",
    "batch_scan_ms",
    "batch_over_alone",
    "clk_scan_over_clk_sum",
    "batch_comparisons_per_s",
    "anonlink_api_ratio",
    "anonlink_kernel_ratio",
    "batch_over_anonlink_kernel",
    "threads2_speedup",
    "open_ms",
    "open_cold_ms",
    "load_s",
    "machine",
    "versions",
    "noise",
}


def absent(_task: Task) -> list[Call]:
    """A peer that is not installed."""
    raise ImportError


def test_all_keys_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed is what is written, and a peer that is absent is null."""
    monkeypatch.delenv("CHILDGRID_DATA", raising=False)
    monkeypatch.setattr(speed_peers, "PEERS", {"faiss-cpu": absent})
    out = tmp_path / "speed.json"
    arguments = ["--rows", "700", "--rounds", "2", "--threads-rows", "900"]

    assert speed.main([*arguments, "--json", str(out)]) == 0
    told = json.loads(out.read_text("utf-8"))
    assert json.loads(capsys.readouterr().out) == told
    assert told.keys() >= KEYS
    assert told["rows"] == told["clk_rows"] == 700
    assert told["threads_rows"] == 900
    assert told["anonlink_api_ratio"] is None
    assert (told["peers"], told["peers_missing"]) == ([], ["faiss-cpu"])
    assert told["bytes_per_row"] == 400


def test_each_search_of_a_peer_has_a_row_and_who_is_missing_a_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it computes, its time over ours, and how many of our rows it found."""

    def here(task: Task) -> list[Call]:
        best = [one.rows for one in search(Filters.of(task.rows), task.many, 10, 0.7)]
        far = [np.arange(700, 710)]
        return [
            Call("same", "batch", "Dice", lambda: best, list),
            Call("other", "scan", "Hamming", lambda: far, list),
        ]

    peers = {"numpy": here, "usearch": absent}
    monkeypatch.setattr(speed_peers, "PEERS", peers)
    told = speed.filters(random_filters(1_000, 3), 2)

    assert told["peers_missing"] == ["usearch"]
    assert told["usearch_ratio"] is None
    same, other = told["peers"]
    assert (same["peer"], same["computes"], same["queries"]) == ("same", "Dice", 100)
    assert (same["found"], other["queries"]) == (1.0, 1)
    assert other["found"] < 0.5
    assert same["version"] == np.__version__
    assert same.keys() >= {"ms", "ours_ms", "ratio", "ratio_range", "ratio_cpu"}


def test_numpy_is_a_peer_that_is_always_here() -> None:
    """By loops of our own that give the same rows."""
    rows = random_filters(600, 4)
    task = Task(rows, rows[7], rows[:3], 10, 0.0)
    calls, missing = speed_peers.installed(task)
    (call,) = [one for one, package in calls.items() if package == "numpy"]

    ours = search(Filters.of(rows), rows[7:8], 10)
    assert agreement(rows, rows[7:8], ours, call.rows(call.run())) == 1.0
    assert {*calls.values(), *missing} == set(speed_peers.PEERS)


def test_rows_as_similar_as_our_last_are_as_good() -> None:
    """Of equals anybody may choose; what is less similar does not count."""
    rows = np.array([[15], [7], [11], [13], [1]], np.uint64)
    query = np.array([[15]], np.uint64)
    ours = search(Filters.of(rows), query, 2)
    assert ours[0].rows.tolist() == [0, 1]

    for theirs, share in (([0, 3], 1.0), ([0, 4], 0.5), ([], 0.0), ([3, 2, 0], 1.0)):
        found = [np.array(theirs, np.int64)]
        assert agreement(rows, query, ours, found) == share


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
