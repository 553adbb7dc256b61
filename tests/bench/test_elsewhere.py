"""A scheme is no surer at agencies that it does not know than it turns out to be."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bench.document import render
from bench.elsewhere import fit, reading
from bench.learn import learn
from bench.tables import Labelled, given_or_sample, load
from childgrid_node.scheme import Scheme

SHIFT, SLOPE, SIZE = -0.4, 0.9, 1.2


def test_numbers_that_made_the_truth_are_found_again() -> None:
    """Of labels drawn by a shift and a slope, and by tables of three sizes."""
    random = np.random.default_rng(7)
    logits = random.normal(0, 3, 200_000)
    offsets = random.choice([-1.5, 0.0, 1.4], len(logits))
    counted = np.where(offsets > 0, SIZE, 1.0) * offsets
    chance = 1 / (1 + np.exp(-(counted + SHIFT + SLOPE * logits)))

    shift, slope, size = fit(logits, offsets, random.random(len(logits)) < chance)

    assert shift == pytest.approx(SHIFT, abs=0.02)
    assert slope == pytest.approx(SLOPE, abs=0.02)
    assert size == pytest.approx(SIZE, abs=0.03)


@pytest.fixture(name="sample", scope="module")
def _sample() -> Labelled:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CHILDGRID_DATA", raising=False)
        with given_or_sample(None) as where:
            return load(where, Scheme.load("test-2"))


def test_each_agency_is_asked_by_what_the_others_taught(
    sample: Labelled,
) -> None:
    """None is taught by the table that it is then asked about."""
    taught: list[frozenset[str]] = []
    whole = frozenset(table.agency for table in sample.tables)

    def teach(data: Labelled) -> Scheme:
        taught.append(frozenset(table.agency for table in data.tables))
        return sample_scheme(sample)

    found = reading(sample, teach)

    assert len(taught) == len(whole)
    assert {whole - others for others in taught} == {frozenset({a}) for a in whole}
    assert found["slope"] > 0


def sample_scheme(sample: Labelled) -> Scheme:
    """The scheme that the sample's tables were indexed under."""
    return sample.tables[0].index.scheme


def test_only_a_base_that_has_the_numbers_learns_them(sample: Labelled) -> None:
    """What was released before goes on as it was; two agencies tell too little."""
    old = sample_scheme(sample)
    document = json.loads(old.raw)
    document["calibration"]["elsewhere"] = {
        "source": "none yet",
        "unit": "millinats, per 1,000",
        "shift": 7,
        "slope": 1001,
        "size": 999,
    }
    new = Scheme.parse(render(document))
    few = replace(sample, queries=sample.queries[:40])

    before = json.loads(learn(few, old, "test"))
    after = json.loads(learn(few.under(new), new, "test"))
    two = json.loads(learn(replace(few.under(new), tables=few.tables[:2]), new, "test"))

    assert "elsewhere" not in before["calibration"]
    assert after["calibration"].pop("elsewhere")["source"] == "test"
    assert after["calibration"] == before["calibration"]
    assert after["weights"] == before["weights"]
    assert "elsewhere" not in two["calibration"]
