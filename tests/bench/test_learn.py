"""Learning: what ships is what the committed command gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bench import learn, unlabelled
from bench.linked import with_records
from bench.tables import Labelled, given_or_sample, load
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from pathlib import Path

TEST = Scheme.load("test-2")


@pytest.fixture(name="sample", scope="module")
def _sample() -> Labelled:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CHILDGRID_DATA", raising=False)
        with given_or_sample(None) as where:
            return with_records(load(where, TEST), where)


@pytest.fixture(autouse=True)
def _no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHILDGRID_DATA", raising=False)


def test_the_small_scheme_is_reproduced_to_the_byte(tmp_path: Path) -> None:
    """One command makes the shipped profile for tests from the project's own sample.

    Nothing of the base's weights remains: here they are turned upside down.
    """
    document = json.loads(TEST.raw)
    for name, values in document["weights"]["match"].items():
        document["weights"]["match"][name] = values[::-1]
    document["calibration"]["intercept"] = 77
    document["bands"]["strong"] = 9_999
    base, out = tmp_path / "base.json", tmp_path / "scheme.json"
    base.write_text(json.dumps(document), "ascii")

    learn.main(["--base", str(base), "--out", str(out)])

    assert out.read_bytes() == TEST.raw


def test_unlabelled_tables_move_the_weights_and_nothing_else(sample: Labelled) -> None:
    """Expectation maximisation reads no truth and leaves the second stage alone."""
    before = json.loads(TEST.raw)
    after = json.loads(unlabelled.adapted(sample.without_truth(), TEST, "here"))

    assert after["weights"] != before["weights"]
    assert after["calibration"] == before["calibration"]
    assert after["encoding"] == before["encoding"]
    top = {name: values[-1] for name, values in after["weights"]["match"].items()}
    chance = {name: values[-1] for name, values in after["weights"]["chance"].items()}
    assert all(top[name] > chance[name] for name in ("name", "dob", "phone"))


def test_without_labels_and_without_weights_agreement_is_told_apart(
    sample: Labelled,
) -> None:
    """From weights that know nothing, expectation maximisation finds what agrees."""
    start = unlabelled.blank(TEST)
    document = json.loads(unlabelled.adapted(sample.without_truth(), start, "here"))
    weights = {
        name: values[-1] - document["weights"]["chance"][name][-1]
        for name, values in document["weights"]["match"].items()
    }

    assert all(weights[name] > 2_000 for name in ("name", "dob", "phone"))
    assert weights["sex"] < weights["name"]


@pytest.mark.parametrize("name", ["childgrid-2", "test-2"])
def test_an_equal_number_counts_in_full(name: str) -> None:
    """Agreement of an identifier is not discounted for what else agrees."""
    assert Scheme.load(name).calibration.agreement["identifier"] >= 1_000
