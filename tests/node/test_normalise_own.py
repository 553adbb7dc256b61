"""What tells a person from the family: given names, and what only looks like one."""

from __future__ import annotations

import pytest

from childgrid_node.normalise import from_fields
from childgrid_node.normalise.tokens import own_words
from childgrid_node.normalise.words import is_surname


def own(cell: str) -> list[str]:
    """The words that are nobody's but the person's whom one cell names."""
    return own_words(from_fields({"name": [cell]}).names)


@pytest.mark.parametrize(
    "given",
    ["Govind", "Shankar", "Usman", "Vasant", "Chitra", "Salman", "Basanti", "Rina"],
)
def test_a_given_name_is_no_misspelt_family_name(given: str) -> None:
    """Govind is near Gawande, Shankar near Sonkar; neither is one."""
    assert len(own(f"{given} Das")) == 1


@pytest.mark.parametrize("family", ["Gawannde", "Usmaani", "Tripathee", "Sonkarr"])
def test_a_misspelt_family_name_is_still_the_familys(family: str) -> None:
    """Only names that people are given are taken out of what is merely near."""
    assert own(f"Kailash {family}") == own("Kailash")


@pytest.mark.parametrize(
    "family",
    [
        *("Laishram", "Ningthoujam", "Kharkongor", "Nongbri", "Chhangte", "Sitlhou"),
        *("Longkumer", "Zhimomi", "Pochury", "Teron", "Basumatary", "Borgohain"),
        *("Chakma", "Tanchangya", "Moktan", "Ghising", "Regmi", "Furtado", "D'Silva"),
        *("Ghuge", "Nagargoje", "Zalavadiya", "Chudasama", "Gottimukkala", "Khanday"),
    ],
)
@pytest.mark.parametrize("order", ["Ibomcha {}", "{} Ibomcha"])
def test_a_clans_name_is_not_a_persons_own(family: str, order: str) -> None:
    """Whichever comes first, brothers and sisters share no more than the family."""
    assert own(order.format(family)) == own("Ibomcha")


@pytest.mark.parametrize(
    ("cell", "given"),
    [
        ("Subba Rao", ["sub"]),
        ("Rama Rao Reddy", ["ram"]),
        ("Rama Reddy", ["ram"]),
        ("సుబ్బారావు", ["sub"]),
        ("Venkata Rama Rao", ["benkat"]),
        ("Dil Bahadur Subba", ["dil"]),
        ("Ram Yadav", []),
    ],
)
def test_subba_and_rama_are_given_names_before_rao(cell: str, given: list[str]) -> None:
    """Elsewhere Subba is a family of Sikkim's and Ram says little."""
    assert own(cell) == given


@pytest.mark.parametrize(
    ("cell", "given"),
    [
        ("Moyna Akter", "moyna"),
        ("Akter Moyna", "moyna"),
        ("Moyna Khanam", "moyna"),
        ("Memcha Chanu", "memcha"),
        ("Akhtar Ali", "akhtar"),
    ],
)
def test_a_second_name_is_own_where_no_other_is(cell: str, given: str) -> None:
    """Two women called Akter are not one by that; a man called Akhtar is himself."""
    assert own(cell) == own(given)


@pytest.mark.parametrize(
    ("cell", "same"),
    [
        ("Ka Daphisha Nongbri", "Daphisha Nongbri"),
        ("தமிழ்செல்வி", "Tamilselvi"),
        ("Bakkialakshmi", "Bhagyalakshmi"),
    ],
)
def test_two_writings_of_one_name_are_the_same_words(cell: str, same: str) -> None:
    """An article, a letter's sound and a habit of spelling change nothing."""
    assert from_fields({"name": [cell]}).names == from_fields({"name": [same]}).names


@pytest.mark.parametrize(
    ("cell", "sex"), [("Toshiwati Lotha", ""), ("Sana Ullah", "m")]
)
def test_wati_is_no_woman_among_the_ao_and_ullah_a_man(cell: str, sex: str) -> None:
    """What the north's endings tell is not true of every people."""
    assert from_fields({"name": [cell]}).implied == sex


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("Dineshparmar", "Dinesh Parmar"),
        ("rakeshyadav", "Rakesh Yadav"),
        ("SACHINDESHMUKH", "Sachin Deshmukh"),
        ("Salimsiddiqui", "Salim Siddiqui"),
    ],
)
def test_a_name_without_its_blank_is_two(written: str, parts: str) -> None:
    """A given name and a family's, both known: whoever typed it forgot the blank."""
    assert (
        from_fields({"name": [written]}).names == from_fields({"name": [parts]}).names
    )


@pytest.mark.parametrize("name", ["Manikchand", "Puranchand", "Kokilavani"])
def test_a_given_name_that_ends_like_a_familys_is_one_word(name: str) -> None:
    """Manikchand is a name of its own, and not Manik of the family Chand."""
    cut = from_fields({"name": [f"{name} Sharma"]}).names[0]

    assert cut[-1] == "sarm"
    assert not any(map(is_surname, cut[:-1]))
