"""What of a name is a family's, and what tells a person from brothers and sisters."""

from __future__ import annotations

import pytest

from childgrid_node.normalise import from_fields, tokens_of
from childgrid_node.normalise.lexicon import table
from childgrid_node.normalise.words import canonical, is_surname


@pytest.mark.parametrize(
    "given",
    [
        *("Shankar", "Govind", "Gobinda", "Gyanendra", "Basanti", "Vasant", "Usman"),
        *("Salman", "Mansoor", "Idris", "Chitra", "Indira", "Sudha", "Reena", "Tripti"),
    ],
)
def test_a_given_name_that_looks_like_a_familys_is_nobodys_family(given: str) -> None:
    """Shankar has the consonants of Sonkar, and Sudha folds to Sood."""
    assert not is_surname(canonical(given.lower()))
    assert _given(f"{given} Sharma") == _given(given) != ()


@pytest.mark.parametrize(
    "family",
    [
        *("Chutia", "D'Mello", "Colaco", "Kharkongor", "Khundrakpam", "Chhakchhuak"),
        *("Padvi", "Vekariya", "Vangapandu", "Hirapara", "Shrestha", "Sutradhar"),
        *("Purty", "Uikey", "Talawar", "Narvekar", "Timsina", "Bhalavi"),
    ],
)
def test_a_sister_does_not_share_a_given_name_by_the_familys(family: str) -> None:
    """Families of the North-East, of Goa, of hills and forests have names as well."""
    assert _given(f"Hemanta {family}") == _given("Hemanta")
    assert not set(_given(f"Hemanta {family}")) & set(_given(f"Rumi {family}"))


@pytest.mark.parametrize("name", ["Choudhury", "Chowdhury", "Kambale", "Mukharji"])
def test_a_family_known_to_many_is_one_in_any_spelling(name: str) -> None:
    """Its consonants tell it where the vowels are but little off."""
    assert is_surname(canonical(name.lower()))


def test_equal_consonants_alone_make_no_family() -> None:
    """Sampat stands in no table, and has the consonants of Senapati."""
    listed = {*table("given")["male"], *table("given")["female"]}

    assert "sampat" not in listed
    assert is_surname(canonical("senapati"))
    assert not is_surname(canonical("sampat"))


def test_no_familys_name_is_one_that_only_men_or_only_women_are_given() -> None:
    """A given name lost is a person lost among brothers and sisters."""
    given = {canonical(w) for sex in ("male", "female") for w in table("given")[sex]}
    rare = {canonical(w) for names in table("families").values() for w in names}

    assert rare & given == set()
    assert not any(is_surname(word) for word in given - _families())


def test_each_family_stands_in_one_table() -> None:
    """What many bear is compared more loosely: it can't be meant both ways."""
    rare = {canonical(w) for names in table("families").values() for w in names}

    assert rare & _families() == set()


def _families() -> set[str]:
    return {canonical(w) for names in table("surnames").values() for w in names}


def _given(name: str) -> tuple[str, ...]:
    return tuple(tokens_of(from_fields({"name": [name]})).get("given", ()))
