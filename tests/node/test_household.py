"""Twins and couples share all but what is their own, and no search may confuse them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childgrid_node import calibration, score
from childgrid_node.encode import Encoder
from childgrid_node.index import Block, Index, Origin
from childgrid_node.index_errors import SchemeError
from childgrid_node.normalise import from_fields, tokens_of
from childgrid_node.scheme import Scheme

GRID = Scheme.load("childgrid-2")
ENCODER = Encoder(GRID, bytes(32), 1)
HOME = {
    "relative": ["Mohan Rathore"],
    "birth_date": ["04/07/1988"],
    "phone": ["98290 41837"],
    "address": ["H.No. 17, Gali 4, Talwandi, Kota 324005"],
    "district": ["Kota"],
}
ASKED = {"name": ["Sunita Rathore"], "sex": ["F"], **HOME}
Fields = Mapping[str, list[str]]


def likely(row: Fields, asked: Fields = ASKED) -> int:
    """The probability of a register's only row, per 10,000."""
    encoded = [ENCODER.encode(tokens_of(from_fields(one))) for one in (row, asked)]
    block = Block(["1"], encoded[0][None], np.zeros(1, np.uint8))
    index = Index.of(GRID, Origin("a", "b", 0, 0), [block])
    (found,) = score.match(index, encoded[1], floor=0).candidates
    return found.probability


def test_the_person_herself_is_a_strong_lead() -> None:
    """Her own name agrees with her household's evidence."""
    assert likely(ASKED) >= GRID.bands.strong
    assert likely({"name": ["Suneeta Rathor"], **HOME}) >= GRID.bands.strong


@pytest.mark.parametrize("name", ["Vikram Rathore", "Pushpa Rathore"])
def test_a_twin_is_no_strong_lead(name: str) -> None:
    """Father, birth, address and telephone are the same, but not the name."""
    assert likely({"name": [name], **HOME}) < GRID.bands.strong


def test_a_twin_brother_is_hardly_a_lead() -> None:
    """The sex differs too, whether a register states it or the name tells it."""
    twin = {"name": ["Vikram Rathore"], **HOME}
    assert likely(twin) < GRID.bands.possible
    assert likely({**twin, "sex": ["M"]}) < GRID.bands.possible
    assert likely({"name": ["Pushpa Rathore"], **HOME}) > likely(twin)


def test_who_gives_another_name_is_still_found() -> None:
    """A number of the person's own outweighs a name that differs wholly."""
    number = {"passport": ["N4127764"]}
    liar = {"name": ["Pushpa Rathore"], **HOME, **number}
    assert likely(liar, ASKED | number) >= GRID.bands.strong
    assert likely({"name": ["Pushpa Rathore"], **HOME}) > GRID.bands.floor


PARTS = st.lists(
    st.integers(-12_000, 12_000),
    min_size=len(GRID.comparisons),
    max_size=len(GRID.comparisons),
)


@settings(deadline=None)
@given(PARTS, st.integers(-15_000, 15_000), st.integers(0, 5_000))
def test_it_only_lowers_and_agreement_never_does(
    parts: list[int], logit: int, more: int
) -> None:
    """Whatever agrees more, and however likely the rest says: never less likely."""

    def bounded(parts: list[int], logit: int) -> int:
        rows = np.array([parts], np.int64)
        return int(calibration.household(GRID, np.array([logit], np.int64), rows)[0])

    found = bounded(parts, logit)
    assert found <= logit
    assert bounded(parts, logit + more) >= found
    for at in range(len(parts)):
        raised = [*parts[:at], parts[at] + more, *parts[at + 1 :]]
        assert bounded(raised, logit) >= found


def changed(**household: Any) -> bytes:
    """The grid's scheme with another household."""
    document = json.loads(GRID.raw)
    document["calibration"]["household"] |= household
    return json.dumps(document).encode("ascii")


def test_a_household_that_is_not_understood_is_refused() -> None:
    """Groups that the scheme does not have, and numbers out of range."""
    assert Scheme.parse(changed()).calibration.household is not None
    for wrong in ({"own": ["nothing"]}, {"bound": -1}, {"differs": 1.5}, {"more": 1}):
        with pytest.raises(SchemeError):
            Scheme.parse(changed(**wrong))


def test_a_scheme_without_one_scores_as_it_did() -> None:
    """The bound came later: an earlier scheme knows none."""
    earlier = Scheme.load("childgrid-1")
    logits = np.array([9_000], np.int64)
    parts = np.zeros((1, len(earlier.comparisons)), np.int64)
    assert earlier.calibration.household is None
    assert calibration.household(earlier, logits, parts).tolist() == [9_000]
