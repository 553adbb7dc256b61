"""Which number of an address counts what: the house, its lane, its ward."""

from __future__ import annotations

import pytest

from childgrid_node.normalise import places


@pytest.mark.parametrize(
    ("address", "numbers"),
    [
        ("H.No. 39 Ward No. 24", "#39 #ward24"),
        ("House 12 Sector 5", "#12 #sector5"),
        ("12 Sector 5", "#12 #sector5"),
        ("Plot No 7 Phase 2", "#7 #stage2"),
        ("Gali No 4 H No 12", "#street4 #12"),
        ("Q. No. 5 Street 12 Sector 4", "#5 #street12 #sector4"),
        ("Flat 3 Block B", "#3"),
        ("मकान नं. 39 वार्ड नं. 24", "#39 #ward24"),
    ],
)
def test_a_number_behind_a_word_is_what_the_word_counts(
    address: str, numbers: str
) -> None:
    """A house's number before the word "ward" is no ward's."""
    assert _numbers(address) == sorted(numbers.split())


@pytest.mark.parametrize(
    ("address", "numbers"),
    [
        ("5th Cross 3rd Main", "#cross5 #main3"),
        ("5 Cross 3 Main", "#cross5 #main3"),
        ("22 5th Main 3rd Cross", "#22 #main5 #cross3"),
        ("Gandhi Main 3rd Cross", "#cross3"),
        ("2nd Floor 4", "#floor2 #4"),
        ("No. 7 Cross", "#cross7"),
    ],
)
def test_an_ordinal_stands_before_what_it_counts(address: str, numbers: str) -> None:
    """So does a number that no other word could count."""
    assert _numbers(address) == sorted(numbers.split())


@pytest.mark.parametrize(
    "writings",
    [
        "H.No. 39 Ward No. 24|H.No. 39, Ward No. 24|Ward No. 24, H.No. 39|39, Ward-24",
        "House 12 Sector 5|Sector 5, House 12|#12, Sec 5|12 Sector 5",
        "Flat 3 Block 2|Block 2, Flat 3|3, Block 2",
    ],
)
def test_the_order_of_a_house_and_its_ward_does_not_matter(writings: str) -> None:
    """One clerk begins with the house, another with the ward; some set commas."""
    assert len({tuple(_numbers(one)) for one in writings.split("|")}) == 1


def _numbers(address: str) -> list[str]:
    return sorted(word for word in places.place(address).words if word[0] == "#")
