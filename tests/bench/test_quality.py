"""The measure's own arithmetic, checked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench import quality
from bench.quality import Returned, Run
from bench.strata import RULES, stratum
from bench.tables import BenchError, folder, load
from childgrid_node.scheme import Scheme
from deploy.sample.make import make

if TYPE_CHECKING:
    from childgrid_node.normalise import Fields

KEYS = [
    *("queries", "pairs", "top1", "recall_at_p99", "recall_at_p999"),
    *("recall_at_fh1", "best_f1", "ece", "ece_floor", "recall_frozen"),
    *("precision_frozen", "strata", "by_agency", "seconds"),
]


def returned(pairs: list[tuple[int, bool]]) -> Returned:
    """Pairs of (probability, whether true), each of a query of its own."""
    chance = np.array([p for p, _ in pairs], np.int64)
    true = np.array([t for _, t in pairs], bool)
    number = np.arange(len(pairs))
    return Returned(chance, true, number, 0 * number, np.where(true, 0, -1))


def test_ties_are_taken_whole() -> None:
    """A false pair with the same score as true ones spoils them all."""
    found = returned([(9_000, True), (8_000, True), (8_000, False), (7_000, True)])

    assert quality.recall_at_precision(found, 4, 1.0) == 0.25
    assert quality.recall_at_precision(found, 4, 0.66) == 0.75


def test_recall_is_the_greatest_over_thresholds() -> None:
    """Precision may fall and recover; what is missing counts against recall."""
    found = returned([(9_000, False), *[(8_000 - n, True) for n in range(99)]])

    assert quality.recall_at_precision(found, 198, 0.99) == 0.5
    assert quality.threshold_at(found, 0.99) == 8_000 - 98


def test_no_threshold_is_good_enough() -> None:
    """Only false pairs: nothing is recalled and nothing fails."""
    found = returned([(9_000, False)])

    assert quality.recall_at_precision(found, 1, 0.99) == 0
    assert quality.threshold_at(found, 0.99) > 10_000
    assert quality.best_f1(found, 1) == 0


def test_false_hits_are_counted_by_query() -> None:
    """Of 100 queries without a match one may hit, however often it does."""
    true = [(8_000, True)] * 10
    found = returned([(9_000, False), (8_500, False), *true])
    numbers = np.array([0, 0, *range(200, 210)])
    moved = Returned(found.probability, found.true, numbers, *(found.query * 0,) * 2)
    run = Run(moved, {}, {"a": 10}, {}, np.arange(100), 210, 0.0, 0.0)

    assert quality.recall_at_false_hits(run, 0.01) == 1
    assert quality.recall_at_false_hits(run, 0.001) == 0


def test_calibration_error_is_the_gap_by_bin() -> None:
    """Nine of ten at 90 % are right: no error; at 50 % they would be 40 % off."""
    right = [(True, True)] * 9 + [(True, False)]
    good = returned([(9_000, t) for _, t in right])
    shy = returned([(5_000, t) for _, t in right])
    unseen = returned([(499, True)] * 50)

    assert quality.calibration_error(good) == pytest.approx(0)
    assert quality.calibration_error(shy) == pytest.approx(0.4)
    assert quality.calibration_error(unseen) == 0
    assert 0 < quality.calibration_floor(good) < 0.3


@pytest.mark.parametrize(
    ("query", "row", "expected"),
    [
        ({"pan": ["abcpd 1234f"]}, {"identifier": ["PAN: ABCPD-1234-F"]}, "identifier"),
        ({"phone": ["+91 98123 45678"]}, {"phone": ["09812345678"]}, "phone"),
        ({"birth_date": ["01/02/1980"]}, {"birth_date": ["1980-02-02"]}, "birth_date"),
        (
            {"relative": ["Mohan"], "district": ["Gaya"]},
            {"relative": ["Sohan"], "pin": ["823001"]},
            "relative_place",
        ),
        (
            {"age": ["30"], "pin": ["823001"]},
            {"birth_year": ["1990"], "district": ["Gaya"]},
            "name_age_place",
        ),
        ({"name": ["Ram"]}, {"name": ["Ram"]}, "name_age"),
        ({"birth_date": ["1980"]}, {"birth_date": ["01/02/1980"]}, "name_age"),
    ],
)
def test_the_first_stratum_that_holds_wins(
    query: Fields, row: Fields, expected: str
) -> None:
    """By crude canonical forms, never by the node's normaliser."""
    assert stratum(query, row) == expected


@pytest.fixture(name="sample", scope="module")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample")
    make(path, rows=150)
    return path / "bench"


def test_the_command_writes_exactly_the_figures_promised(
    sample: Path, tmp_path: Path
) -> None:
    """All keys and no other; shares are shares; strata sum to the pairs."""
    out = tmp_path / "out.json"
    quality.main(["--data", str(sample), "--json", str(out)])
    found = json.loads(out.read_text("utf-8"))

    assert list(found) == KEYS
    assert list(found["strata"]) == list(RULES)
    assert sum(each["n"] for each in found["strata"].values()) == found["pairs"]
    assert sum(each["pairs"] for each in found["by_agency"].values()) == found["pairs"]
    assert 0.5 < found["top1"] <= 1


def test_only_some_agencies_are_measured(sample: Path, tmp_path: Path) -> None:
    """What was learned on some tables is measured on the others."""
    out = tmp_path / "out.json"
    quality.main(["--data", str(sample), "--only", "customs", "--json", str(out)])

    assert list(json.loads(out.read_text("utf-8"))["by_agency"]) == ["customs"]
    with pytest.raises(SystemExit):
        quality.main(["--data", str(sample), "--only", "nobody"])


def test_an_id_in_two_tables_is_refused(sample: Path, tmp_path: Path) -> None:
    """Truth names records by id: the same id twice could mean either."""
    for path in sample.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    police = (tmp_path / "police.csv").read_text("utf-8").splitlines()
    customs = (tmp_path / "customs.csv").read_text("utf-8").splitlines()
    taken = customs[1].split(",")[0]
    police[1] = ",".join([taken, *police[1].split(",")[1:]])
    (tmp_path / "police.csv").write_text("\n".join(police) + "\n", "utf-8")

    with pytest.raises(BenchError, match="two tables"):
        load(tmp_path, Scheme.load("test-1"))


def test_a_folder_without_queries_is_refused(tmp_path: Path) -> None:
    """The message says what to give."""
    with pytest.raises(BenchError, match=r"queries\.toml"):
        folder(str(tmp_path))


def test_a_folder_of_folders_is_measured_by_what_is_there_to_learn_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CHILDGRID_DATA may hold several folders; one that was named is that one."""
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "queries.toml").touch()
    monkeypatch.setenv("CHILDGRID_DATA", str(tmp_path))

    assert folder(None) == tmp_path / "train"
    with pytest.raises(BenchError, match=r"queries\.toml"):
        folder(str(tmp_path))
