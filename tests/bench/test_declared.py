"""The measure of marks: who is declared and sought is counted, and who is not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from bench import declared
from bench.tables import Labelled, load
from childgrid_node.scheme import Scheme
from deploy.sample.make import make


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    """A small sample with its queries."""
    folder: Path = tmp_path_factory.mktemp("sample")
    make(folder, rows=100)
    return load(folder / "bench", Scheme.load("childgrid-2"))


def test_every_query_is_about_somebody_declared_or_not(data: Labelled) -> None:
    """Both are counted, a seed draws the same people, nobody is marked wrongly."""
    found = declared.measure(data, 20)
    about, others = found["queries_about_them"], found["queries_about_others"]
    assert isinstance(about, int)
    assert isinstance(others, int)
    assert about >= 15
    assert about + others == len(data.queries)
    assert found["marked_falsely"] == 0
    drawn = [declared.drawn(data, 20, seed).keys() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_who_is_sought_as_declared_is_marked(data: Labelled) -> None:
    """Held against themselves, those who tell enough are; nobody else's row does it."""
    rows = declared.drawn(data, 20, 1)
    scheme = data.tables[0].index.scheme
    themselves = [declared.fits(scheme, one[None, :], one) for one in rows.values()]
    firsts = list(rows.values())
    others = [
        declared.fits(scheme, one[None, :], other) for one, other in pairwise(firsts)
    ]
    assert sum(themselves) > len(rows) // 2
    assert not any(others)
