"""The portal's bench tells all its keys, and its profile is a whole one."""

from __future__ import annotations

from bench import portal


def test_the_bench_measures_page_and_paper() -> None:
    """Of a small profile: every figure is there and none is zero."""
    found = portal.measure(1, rounds=1)
    assert found["sources"] == 1
    assert set(found) >= {"page_bytes", "page_cpu_ms", "paper_bytes", "paper_cpu_s"}
    assert all(found.values())
