"""What programs write into cells that nobody filled is nobody's evidence."""

from __future__ import annotations

import pytest

from childgrid_node.normalise import dates, from_fields


@pytest.mark.parametrize(
    "text",
    [
        *("1970-01-01", "1970/1/1", "1970-01-01 05:30:00", "1970-01-01T00:00:00"),
        *("1970-01-01T00:00:00Z", "01/01/1970 05:30:00", "01-JAN-70 12.00.00 AM"),
        *("19700101", "/Date(0)/", "1901-01-01", "01/01/1901", "1904-01-01"),
        *("0001-01-01", "0001-01-01 00:00:00", "01/01/0001"),
    ],
)
def test_an_empty_date_of_a_machine_is_no_birth(text: str) -> None:
    """POSIX counts from 1970, MySQL's years from 1901, a Macintosh's from 1904."""
    assert dates.birth(text) == dates.Birth()


@pytest.mark.parametrize("text", ["01/01/1970", "1-1-70", "1 Jan 1970", "०१.०१.१९७०"])
def test_a_clerks_first_of_january_1970_is_a_year(text: str) -> None:
    """Whoever writes the day first writes what somebody said."""
    assert dates.birth(text) == dates.Birth(None, 1970, True)


@pytest.mark.parametrize(
    ("beside", "year", "years"),
    [
        ({"birth_year": ["1985"]}, 1985, None),
        ({"birth_year": ["1972"]}, 1970, None),
        ({"age": ["35"], "age_as_of": ["2020-03-01"]}, None, (1984, 1984)),
        ({"age": ["47-50"], "age_as_of": ["2020-03-01"]}, 1970, None),
        ({"age": ["35"]}, 1970, None),
    ],
)
def test_a_clerks_1970_gives_way_to_what_contradicts_it(
    beside: dict[str, list[str]], year: int | None, years: tuple[int, int] | None
) -> None:
    """A year or a dated age counts more, where they are more than two years apart."""
    person = from_fields({"birth_date": ["01/01/1970"], **beside})
    assert (person.year, person.years) == (year, years)
