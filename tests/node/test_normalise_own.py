"""What tells a person from the family: given names, and what only looks like one."""

from __future__ import annotations

import pytest

from childgrid_node.normalise import from_fields
from childgrid_node.normalise.tokens import own_words


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
