"""What programs write into cells that nobody filled is nobody's evidence."""

from __future__ import annotations

import numpy as np
import pytest

from childgrid_node.bulk import BatchEncoder
from childgrid_node.encode import Encoder
from childgrid_node.mapping import Mapping
from childgrid_node.normalise import dates, from_fields, places, tokens
from childgrid_node.scheme import Scheme


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


SCHEME = Scheme.load("childgrid-2")
ROW = Mapping.parse(
    """
    agency = "test"
    source = "test.csv"
    key = "id"
    [fields]
    name = ["first", "middle", "last"]
    birth_date = ["day", "month", "year"]
    address = ["house", "lane", "village", "post", "town"]
    district = ["district", "range"]
    """
)
NOTHING = [
    *("NA", "NULL", "Nil", "None", "nan", "N/A", "N.A", "N.A.", "Not Available"),
    *("unknown", "अज्ञात", "-", "--Select--", "0", "xxx", "#N/A"),
]


def same(given: dict[str, str], plain: dict[str, str]) -> bool:
    """Whether two rows give the same tokens, one at a time and as columns."""
    columns = [{name: [text] for name, text in row.items()} for row in (given, plain)]
    encoder = Encoder(SCHEME, bytes(32), 1)
    with BatchEncoder(encoder, ROW) as bulk:
        one, other = (bulk.encode(row, 1).encodings for row in columns)
    assert np.array_equal(one[0], encoder.encode(tokens(given, ROW)))
    return tokens(given, ROW) == tokens(plain, ROW) and np.array_equal(one, other)


@pytest.mark.parametrize("text", NOTHING)
def test_a_part_that_states_nothing_is_no_part(text: str) -> None:
    """A column among several is read like a column alone."""
    name = {"first": "Ramesh", "last": "Yadav"}
    address = {"house": "12", "village": "Rampur", "town": "Patna"}
    assert same(name | {"middle": text}, name)
    assert same(address | {"lane": text, "post": text}, address)
    assert same({"district": "Patna", "range": text}, {"district": "Patna"})
    assert same({"village": "Rampur", "town": text}, {"village": "Rampur"})


@pytest.mark.parametrize("text", ["Nil Ratan", "None Singh", "Na Devi", "D.B."])
def test_a_part_that_only_holds_such_a_word_stays(text: str) -> None:
    """Only a whole cell is an entry for nothing."""
    assert not same({"first": text, "last": "Yadav"}, {"last": "Yadav"})


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Rampur, Jaipur, None", "Rampur, Jaipur"),
        ("12, NULL, Rampur, Not Available, Patna", "12, Rampur, Patna"),
        ("H No 12, 0, Rampur, Unknown, N/A", "H No 12, Rampur"),
    ],
)
def test_a_part_of_an_address_that_states_nothing_is_no_part(
    text: str, plain: str
) -> None:
    """Programs join columns before we see them; "None" is no Noney in Manipur."""
    assert places.place(text) == places.place(plain)


def test_a_number_of_a_spreadsheet_is_whole() -> None:
    """Its columns of numbers come as "12.0"."""
    floats = {"day": "12.0", "month": "3.0", "year": "1985.0", "house": "12.0"}
    assert same(floats, {name: text[:-2] for name, text in floats.items()})
    assert same({"house": "12.5"}, {"house": "12.5"})
    assert tokens(floats, ROW)["address"] == ("#12",)
    assert "d12" in tokens(floats, ROW)["dob"]


def test_a_number_in_a_column_of_its_own_is_no_zone_of_a_city() -> None:
    """A state's code stands there, or a house; in one cell it is "Patna-10"."""
    row = {"village": "Rampur", "post": "Sadar"}
    assert "pin" not in tokens(row | {"house": "Patna", "town": "10"}, ROW)
    assert "6:800010" in tokens(row | {"town": "Patna-10"}, ROW)["pin"]
    assert "6:800001" in tokens(row | {"town": "800001"}, ROW)["pin"]


@pytest.mark.parametrize("text", ["Nill", "LAWARIS", "लावारिस"])
def test_nobodys_child_has_no_name(text: str) -> None:
    """What is written of whoever is unclaimed is shared by all who are."""
    assert from_fields({"name": [text]}).names == ()
    assert from_fields({"name": [f"{text} Singh"]}).names != ()


def test_a_house_of_nines_is_a_filler() -> None:
    """A number of three digits is a house."""
    assert places.place("H.No 9999, Rampur").words == places.place("Rampur").words
    assert places.place("H.No 999, Rampur").words[0] == "#999"
