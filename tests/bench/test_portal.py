"""The portal's bench tells all its keys, and its profile is a whole one."""

from __future__ import annotations

from bench import portal


def test_the_bench_measures_page_and_paper() -> None:
    """Of a small profile: every figure is there and none is zero."""
    found = portal.measure(1, rounds=1)
    assert found["sources"] == 1
    assert set(found) >= {"page_bytes", "page_cpu_ms", "paper_bytes", "paper_cpu_s"}
    assert all(found.values())


def test_every_page_is_read_over_a_full_store() -> None:
    """Of a few cases: each page has its bytes and times, and no officer an error."""
    found = portal.over(40, 2, rounds=1)
    assert found["cases"] == 40
    assert {"inbox", "docket", "query and answers", "packs"} <= found["pages"].keys()
    assert all(
        one["bytes"] < 100_000 for one in found["pages"].values() if "bytes" in one
    )
    assert found["at_once"]["errors"] == 0
    assert found["at_once"]["pages"] > 0
