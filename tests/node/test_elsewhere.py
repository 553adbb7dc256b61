"""What a scheme's log-odds are worth at agencies that taught it nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node import score
from childgrid_node.calibration import elsewhere, size_offset
from childgrid_node.encode import Encoder
from childgrid_node.index import Block, Index, Origin
from childgrid_node.index_errors import SchemeError
from childgrid_node.normalise import from_fields, tokens_of
from childgrid_node.scheme import Scheme

GRID = Scheme.load("childgrid-2")


def with_numbers(**numbers: object) -> Scheme:
    """The grid's scheme with other numbers; raises `SchemeError`."""
    document = json.loads(GRID.raw)
    document["calibration"]["elsewhere"] |= numbers
    return Scheme.parse(json.dumps(document).encode())


def likely(scheme: Scheme) -> int:
    """The probability of a register's only row, per 10,000; it is the one sought."""
    person = {"name": ["Sunita Rathore"], "district": ["Kota"], "sex": ["F"]}
    encoded = Encoder(scheme, bytes(32), 1).encode(tokens_of(from_fields(person)))
    block = Block(["1"], encoded[None], np.zeros(1, np.uint8))
    index = Index.of(scheme, Origin("a", "b", 0, 0), [block])
    (found,) = score.match(index, encoded, floor=0).candidates
    return found.probability


def test_a_search_says_what_its_log_odds_are_worth() -> None:
    """Two nats less, and each probability is lower."""
    before = with_numbers(shift=0)
    after = with_numbers(shift=-2_000)

    assert 0 < likely(after) < likely(before)


@given(st.lists(st.integers(-40_000, 40_000), min_size=2, max_size=8))
def test_what_is_likelier_stays_so(logits: list[int]) -> None:
    """The order of rows is that of the model."""
    found = elsewhere(GRID.calibration, np.array(sorted(logits), np.int64))

    assert (np.diff(found) >= 0).all()


def test_shift_and_slope_are_applied_in_whole_millinats() -> None:
    """5 nats at nine tenths, four tenths lower, are 4.1."""
    scheme = with_numbers(shift=-400, slope=900)
    given_logits = np.array([5_000, 0, -5_000], np.int64)

    found = elsewhere(scheme.calibration, given_logits)

    assert found.tolist() == [4_100, -400, -4_900]


def test_a_smaller_table_adds_what_was_learned_and_a_larger_one_takes_all() -> None:
    """Only of smaller ones it was learned how much more they tell."""
    calibration = with_numbers(size=1_250).calibration
    rows = calibration.trained_rows

    assert size_offset(calibration, rows) == 0
    assert size_offset(calibration, rows // 2) == pytest.approx(1_250 * np.log(2), 0.01)
    assert size_offset(calibration, 2 * rows) == pytest.approx(-1_000 * np.log(2), 0.01)


def test_an_earlier_scheme_is_taken_at_its_word() -> None:
    """It was released without such numbers."""
    logits = np.array([5_000, -5_000], np.int64)

    found = elsewhere(Scheme.load("childgrid-1").calibration, logits)

    assert found.tolist() == [5_000, -5_000]


@pytest.mark.parametrize("numbers", [{"slope": 0}, {"slope": -5}, {"size": -1}])
def test_a_slope_that_would_turn_rows_over_is_refused(
    numbers: dict[str, object],
) -> None:
    """More agreement would make a person less likely."""
    with pytest.raises(SchemeError, match="elsewhere"):
        with_numbers(**numbers)
