"""What clerks write beside a name is no part of it, and takes no part of it along."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node.normalise import from_fields
from childgrid_node.normalise.particulars import named
from childgrid_node.normalise.person import Person


def own(cell: str) -> Person:
    """The person whom one cell of a name's column describes."""
    return from_fields({"name": [cell]})


RAMESH = own("Ramesh Meena").names


@pytest.mark.parametrize(
    "cell",
    [
        "Ramesh Meena aged about 30 yrs",
        "Ramesh Meena, aged abt. 30 years old",
        "Ramesh Meena (30)",
        "Ramesh Meena (30 yrs)",
        "Ramesh Meena 30yrs",
        "Ramesh Meena 30 y/o",
        "Ramesh Meena 30/M",
        "Ramesh Meena M/30",
        "Ramesh Meena, male, 30 yrs",
        "Ramesh Meena ३० वर्ष",
        "Ramesh Meena DOB 01/02/1990",
        "Ramesh Meena date of birth 01.02.1990",
        "Ramesh Meena Mob. No. +91 98765 43210",
        "Ramesh Meena Aadhaar no 2345 6789 0123",
        "A1 Ramesh Meena",
        "A-1. Ramesh Meena",
        "1) Ramesh Meena",
        "2nd Ramesh Meena",
        "Accused No. 1 Ramesh Meena",
        "Ramesh Meena (A-2)",
        "Ramesh Meena (absconding)",
        "Ramesh Meena (since arrested)",
        "आरोपी Ramesh Meena",
        "Ramesh caste Meena",
        "Ramesh jati Meena",
        "Ramesh Meena occupation labour",
        "Ramesh Meena, Nationality: Indian",
    ],
)
def test_an_age_a_number_or_a_trade_is_no_part_of_the_name(cell: str) -> None:
    """Nor an alias, where it stands in brackets."""
    person = own(cell)

    assert person.names == RAMESH
    assert not person.aliases


def test_each_part_of_a_charge_sheets_line_keeps_its_role() -> None:
    """The age between the father and the village belongs to neither."""
    cell = "A-1 रमेश पु० सुरेश उम्र 30 वर्ष जाति मीणा निवासी मकान नं 12 टोडाभीम"
    person = own(cell)

    assert person.names == own("रमेश").names
    assert person.relatives == own("रमेश पुत्र सुरेश मीणा").relatives


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("1 O P Sharma", "O P Sharma"),
        ("1. Y Reddy", "Y Reddy"),
        ("Mohd Umar 30", "Mohd Umar"),
        ("Ramesh A. Kumar 30", "Ramesh A. Kumar"),
        ("S0nia Gandh1", "Sonia Gandhi"),
    ],
)
def test_what_may_be_a_name_stays_beside_a_number(cell: str, name: str) -> None:
    """Initials behind a list's number, Umar before an age, a slip of the keyboard."""
    assert own(cell).names == own(name).names


@pytest.mark.parametrize("cell", ["Jati Ram", "Cast Iron", "Om Pan", "Anil Date"])
def test_a_name_like_a_label_stays_where_nothing_follows_it(cell: str) -> None:
    """Jati is a name too, unless a family's name stands behind it."""
    words = cell.casefold().split()

    assert named(words) == words


@pytest.mark.parametrize(
    "cell",
    ["Unknown driver of truck", "अज्ञात चोर", "Unidentified male aged 30", "9876543210"],
)
def test_who_is_unknown_has_no_name(cell: str) -> None:
    """Two unknown drivers must not look alike; a nickname beside it stays."""
    assert not own(cell).names
    assert own(f"{cell} @ Raju").aliases == own("Anil @ Raju").aliases


@given(st.lists(st.text("abdmyo", min_size=1, max_size=4), max_size=6))
def test_words_without_a_number_are_left_alone(words: list[str]) -> None:
    """Whatever they are."""
    assert named(words) == words


@given(st.lists(st.sampled_from(["ram", "30", "yrs", "aged", "a", "m", "caste", "by"])))
def test_what_is_left_has_no_number_and_was_there_in_that_order(
    words: list[str],
) -> None:
    """No number is left, nothing is added, and no name goes."""
    left = list(named(words))
    rest = iter(words)

    assert all(word in rest for word in left)
    assert "30" not in left
    assert left.count("ram") == words.count("ram")
