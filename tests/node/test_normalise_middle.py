"""A father's or husband's given name in the middle of a person's own name."""

from __future__ import annotations

import pytest

from childgrid_node.normalise import from_fields, tokens_of
from childgrid_node.normalise.person import Person
from childgrid_node.normalise.tokens import Tokens


def own(cell: str) -> Person:
    """The person whom one cell of a name's column describes."""
    return from_fields({"name": [cell]})


def tokens(name: str, relative: str = "") -> Tokens:
    """The tokens of a name and, where one is stated, of a relative's."""
    return tokens_of(from_fields({"name": [name], "relative": [relative]}))


@pytest.mark.parametrize(
    ("cell", "kin"),
    [
        ("Sunita Ramesh Patil", "rames"),
        ("Patil Sunita Ramesh", "rames"),
        ("सुनीता रमेश पाटील", "rames"),
        ("Smt. Sunita Ramesh Jadhav", "rames"),
        ("Anandrao Madhavrao Jadhav", "madab"),
        ("Basavaraj Sunil Patil", "sunil"),
        ("Mahesh Keshavbhai Joshi", "kesab"),
        ("Bharatbhai Keshav Patel", "kesab"),
        ("Patel Bharat Bhai Keshav", "kesab"),
        ("Bharatbhai Keshavbhai", "kesab"),
        ("ભરતભાઈ કેશવભાઈ પટેલ", "kesab"),
        ("Kokilaben Keshavbhai Solanki", "kesab"),
    ],
)
def test_the_second_given_name_of_the_west_is_a_relatives(cell: str, kin: str) -> None:
    """Maharashtra and Gujarat write the father's or husband's name behind their own."""
    person = own(cell)

    assert [name[0] for name in person.relatives] == [kin]
    assert any(kin in name for name in person.names)


@pytest.mark.parametrize(
    "cell",
    [
        "Ram Kishan Joshi",
        "Brij Mohan Patel",
        "Maria Francisco Fernandes",
        "Shinde Chandrakant",
        "Jadhav Jagdish Rao",
        "Sunita R. Patil",
        "Sunita Kumari Patil",
        "Desai Ramesh Patil",
        "Ramesh Patil",
        "Murugan Selvam Nadar",
        "Ramesh Bhai Patel",
        "Asha Bai Jadhav",
    ],
)
def test_two_given_names_elsewhere_are_one_persons(cell: str) -> None:
    """What may be one person's compound name, or a title, is nobody else's."""
    assert own(cell).relatives == ()


def test_a_father_is_not_his_child() -> None:
    """The child's middle name is the father's own: their given names share nothing."""
    child, father = tokens("Bharatbhai Keshavbhai Patel"), tokens("Keshavbhai Patel")

    assert not {*child["given"]} & {*father["given"]}


def test_a_husband_in_the_middle_and_beside_the_name_are_one() -> None:
    """Both writings give the same own name and the same relative."""
    within, beside = tokens("Sunita Ramesh Patil"), tokens("Sunita Patil", "Ramesh")

    assert within["given"] == beside["given"]
    assert within["relative"] == beside["relative"]


def test_a_married_womans_stated_father_stands_beside_the_husband() -> None:
    """The middle name adds a relative and takes none away."""
    person = from_fields({"name": ["Sunita Ramesh Patil"], "relative": ["Suresh"]})

    assert person.relatives == (("sures",), ("rames",))
