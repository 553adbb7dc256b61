"""From grid fields to tokens: dates, ages, numbers, places."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node.mapping import Mapping
from childgrid_node.normalise import (
    Normaliser,
    Person,
    dates,
    from_fields,
    numbers,
    person,
    places,
    tokens,
    tokens_of,
)
from childgrid_node.source_errors import FieldError

MAPPING = Mapping.parse(
    """
    agency = "test"
    category = "police-record"
    source = "test.csv"
    key = "id"
    [fields]
    name = ["given", "surname"]
    relative = ["father", "mother"]
    birth_date = ["day", "month", "year"]
    age = { column = "age", as_of = "seen" }
    address = ["line1", "line2"]
    phone = ["mobile", "other"]
    identifier = { type = "doc", number = "doc_no" }
    """
)


def years(**fields: str) -> tuple[int, int] | None:
    """The birth-year window of a query's fields."""
    return from_fields({name: [text] for name, text in fields.items()}).years


@pytest.mark.parametrize(
    "text",
    [
        *("15/08/1984", "15-8-84", "15.08.1984", "1984-08-15", "15 Aug 1984"),
        *("Aug 15, 1984", "15-AUG-84", "19840815", "15081984", "1984/15/08"),
        *("1984-08-15T00:00:00", "1984-08-15 00:00:00", "१५/०८/१९८४", "15 अगस्त 1984"),
        *("08/15/1984", " 15 / 08 / 1984 "),
    ],
)
def test_one_date_in_every_order(text: str) -> None:
    """However it is written, the day is the same."""
    assert dates.birth(text).day == date(1984, 8, 15)


def test_first_of_january_says_the_year_only() -> None:
    """A declared 01-01 gives no day, its year, and that it was declared."""
    found = tokens_of(from_fields({"birth_date": ["01-01-1984"]}))

    assert "dob" not in found
    assert "1984" in found["yob"]
    assert found["declared"] == ("1984",)


@pytest.mark.parametrize("text", ["15-08-1984", "00/00/1984", "1984"])
def test_other_dates_declare_nothing(text: str) -> None:
    """Only a first of January is the habit of those who know the year alone."""
    assert "declared" not in tokens_of(from_fields({"birth_date": [text]}))


@pytest.mark.parametrize("text", ["31/02/2184", "99/99/9999", "unknown", "15/08", ""])
def test_an_impossible_date_is_nothing(text: str) -> None:
    """What cannot be a date gives no evidence."""
    assert from_fields({"birth_date": [text]}).is_empty()


def test_an_impossible_day_leaves_the_year() -> None:
    """ "00/00/1984" is how a register says that only the year is known."""
    assert dates.birth("00/00/1984") == dates.Birth(None, 1984)
    assert dates.birth("31/02/1984") == dates.Birth(None, 1984)


def test_a_slip_in_a_date_leaves_most_of_its_tokens() -> None:
    """Parts swapped, a wrong digit, a year beside: more stays than strangers share."""
    true, *slips, stranger = (
        set(tokens_of(from_fields({"birth_date": [text]}))["dob"])
        for text in (
            *("03/08/1984", "08/03/1984", "03/08/1985", "03/08/1982", "03/08/1974"),
            *("08/03/1985", "13/08/1984", "03/05/1984", "21/11/1962"),
        )
    )

    assert all(len(true & slip) > len(true & stranger) + 2 for slip in slips)


@pytest.mark.parametrize(
    ("age", "as_of", "window"),
    [
        ("34", "2026-11-01", (1992, 1992)),
        ("34 yrs", "01/02/2026", (1991, 1991)),
        ("30-35", "2026-11-01", (1991, 1996)),
        ("34.0", "2026-11-01", (1992, 1992)),
        ("३४", "2026-11-01", (1992, 1992)),
        ("34", "", None),
        ("0", "2026-11-01", None),
        ("340", "2026-11-01", None),
    ],
)
def test_an_age_is_dated(age: str, as_of: str, window: tuple[int, int] | None) -> None:
    """An age gives a birth year only with the day it was stated."""
    assert years(age=age, age_as_of=as_of) == window


def test_year_tokens_span_two_years_either_side() -> None:
    """The window of a birth year reaches from two before to two after."""
    found = tokens_of(from_fields({"birth_year": ["1990"]}))

    assert found["yob"] == tuple(map(str, range(1988, 1993)))


def test_a_year_that_an_age_gives_is_not_a_stated_one() -> None:
    """An age is rounded and grows old; a year that is stated outranks it."""
    age = {"age": ["34"], "age_as_of": ["2026-11-01"]}
    aged = tokens_of(from_fields(age))
    stated = tokens_of(from_fields({**age, "birth_year": ["1990"]}))

    assert aged["aged"] == tuple(map(str, range(1990, 1995)))
    assert "yob" not in aged
    assert "1990" in stated["yob"]
    assert "aged" not in stated


@pytest.mark.parametrize(
    ("field", "text", "forms"),
    [
        ("phone", "+91-98200 12345", ("9820012345",)),
        ("phone", "09820012345 / 022-22661234", ("9820012345", "2222661234")),
        ("phone", "9820012345.0", ("9820012345",)),
        ("phone", "९८२००१२३४५", ("9820012345",)),
        ("phone", "+977 9812345678", ("+9779812345678",)),
        ("phone", "9999999999", ()),
        ("phone", "12345", ()),
        ("aadhaar", "2341 2341 2346", ("234123412346",)),
        ("aadhaar", "234123412347", ()),
        ("aadhaar", "111111111111", ()),
        ("aadhaar4", "XXXX-XXXX-1234", ("1234",)),
        ("aadhaar4", "1234", ("1234",)),
        ("aadhaar4", "123", ()),
        ("pan", "abcpk 1234 f", ("ABCPK1234F",)),
        ("pan", "ABCPKI234F", ("ABCPK1234F",)),
        ("pan", "ABCXK1234F", ()),
        ("epic", "wkh/1186253", ("WKH1186253",)),
        ("epic", "UP/12/345/678901", ("UP123450678901",)),
        ("epic", "WKH", ()),
        ("passport", "k-1234568", ("K1234568",)),
        ("passport", "0000000", ()),
        ("driving_licence", "MH-2 2011 0012345", ("MH0220110012345",)),
        ("vehicle", "DL 3C AB 123", ("DL03CAB0123",)),
        ("vehicle", "dl-03-cab-0123", ("DL03CAB0123",)),
        ("vehicle", "22 BH 1234 AA", ("22BH1234AA",)),
        ("vehicle", "NOT KNOWN", ()),
        ("vehicle4", "MH12AB12", ("0012",)),
        ("email", "R.Kumar+x@GMail.com", ("rkumar@gmail.com",)),
        ("email", "nobody", ()),
        ("handle", "https://www.instagram.com/Kalu_Bhai/", ("instagram:kalu_bhai",)),
        ("handle", "@Kalu_Bhai", ("kalu_bhai",)),
        ("upi", "Kalu@OKaxis", ("kalu@okaxis",)),
        ("cnr", "mhau01-001234-2024", ("MHAU010012342024",)),
        ("fir", "FIR No. 0123/2024 PS Kotwali", ("123/2024=kotwali",)),
        ("fir", "123/2024 Kotwali", ("123/2024=kotwali",)),
        ("fir", "123/2024", ()),
    ],
)
def test_canonical_number(field: str, text: str, forms: tuple[str, ...]) -> None:
    """Each identifier has one form, and what cannot be one has none."""
    assert numbers.READERS[field](text) == forms


@given(st.text(max_size=40), st.sampled_from(sorted(numbers.READERS)))
def test_canonical_numbers_are_fixed_points(text: str, field: str) -> None:
    """Reading a canonical form again gives the same form."""
    for form in numbers.READERS[field](text):
        assert numbers.READERS[field](form) == (form,)


@pytest.mark.parametrize(
    ("kind", "field", "number"),
    [
        ("Aadhaar Card", "aadhaar", "2341 2341 2346"),
        ("आधार", "aadhaar", "234123412346"),
        ("Voter ID", "epic", "WKH1186253"),
        ("PAN", "pan", "ABCPK1234F"),
        ("D.L.", "driving_licence", "MH0220110012345"),
        ("Passport No.", "passport", "K1234568"),
        ("RC", "vehicle", "MH12AB1234"),
        ("Copy of Indian Passport (Original)", "passport", "K1234568"),
    ],
)
def test_a_typed_identifier_goes_to_its_own_field(
    kind: str, field: str, number: str
) -> None:
    """The type written in the row decides which number it is."""
    found = tokens({"doc": kind, "doc_no": number}, MAPPING)

    assert field in found
    assert found == tokens_of(from_fields({field: [number]}))


def test_an_identifier_of_unknown_type_is_no_evidence() -> None:
    """A ration card number must not be compared with a voter's number."""
    assert tokens({"doc": "Ration Card", "doc_no": "1186253"}, MAPPING) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(("Allahabad", "Prayagraj"), ("Gurgaon", "Gurugram"), ("Poona", "Pune")),
        *(("Bangalore", "Bengaluru Urban"), ("Cuddapah", "Y.S.R.")),
        *(("East Champaran", "Purbi Champaran"), ("Kachchh", "Kutch")),
        ("Medinipur West", "Paschim Medinipur"),
        *(("Yamuna Nagar", "Yamunanagar"), ("Dist. Mysore", "Mysuru District")),
        ("SAS Nagar", "Mohali"),
    ],
)
def test_a_district_has_one_name(old: str, new: str) -> None:
    """Old and new names of a district are one."""
    found = places.settle(places.district(old), "")

    assert found == places.settle(places.district(new), "") != ((), "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("U.P.", "UP"), ("उत्तर प्रदेश", "UP"), ("ORISSA", "OD"), ("Tamilnadu", "TN")),
        *(("J & K", "JK"), ("NCT of Delhi", "DL"), ("Uttaranchal", "UK")),
        ("Ruritania", ""),
    ],
)
def test_a_state_has_one_code(text: str, code: str) -> None:
    """Spellings, scripts and abbreviations of a state are one code."""
    assert places.state(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "H.No. 12, Gali No 3, Adarsh Vihar, Dist. Meerut, U.P. - 250001",
        "HOUSE NO 12 ADARSH VIHAR, MEERUT, UTTAR PRADESH PIN 250 001",
        "Adarsh Vihar, Meerut District, UP, India 250001",
        "मकान नं 12, आदर्श विहार, जिला मेरठ, उत्तर प्रदेश 250001",
    ],
)
def test_an_address_gives_pin_district_state_and_telling_words(text: str) -> None:
    """Four writings of one address have the same parts."""
    found = places.place(text)

    assert (found.pin, found.state) == ("250001", "UP")
    assert set(found.words) - {"#12", "#street3"} == {"adars", "vihar"}
    assert found.district == places.district("Meerut")


def test_a_district_named_after_a_state_stays() -> None:
    """ "North Goa" is a district of Goa, not the direction of a state."""
    assert places.place("Mapusa, North Goa").district == places.district("North Goa")
    assert places.place("Mapusa, North Goa").state == "GA"


def test_columns_with_parts_are_read_in_order() -> None:
    """Parts of a name and of a date make one value; two phones stay two."""
    row = {
        "given": "Ramesh",
        "surname": "Sharma",
        "father": "Mohan",
        "mother": "Kamla",
        "day": "15",
        "month": "8",
        "year": "1984",
        "age": "",
        "seen": "",
        "line1": "Adarsh Vihar",
        "line2": "Dist Meerut",
        "mobile": "9820012345",
        "other": "9820012346",
    }

    found = person(row, MAPPING)

    assert found.names == (("rames", "sarm"),)
    assert found.relatives == (("mohan",), ("kaml",))
    assert found.day == date(1984, 8, 15)
    assert found.numbers["phone"] == ("9820012345", "9820012346")
    assert found.district == places.settle(places.district("Meerut"), "")[0]


def test_a_query_and_a_row_of_the_same_facts_give_the_same_tokens() -> None:
    """What the asker types and what a register holds meet in one form."""
    row = {"given": "रमेश", "surname": "शर्मा", "age": "34", "seen": "2026-11-01"}
    query = {"name": ["Ramesh Sharma"], "age": ["34 years"], "age_as_of": ["1.11.2026"]}

    assert tokens(row, MAPPING) == tokens_of(from_fields(query))


def test_an_unknown_field_is_refused_by_name() -> None:
    """A misspelt field is an error that lists the fields, not silence."""
    with pytest.raises(FieldError, match=r"'nmae'.*birth_date.*age_as_of"):
        from_fields({"nmae": ["Ramesh"]})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ["Kumar"]},
        {"name": ["Sunita Devi"], "sex": ["F"], "state": ["Bihar"]},
        {"name": ["Kumar"], "birth_year": ["1990"]},
        {"sex": ["M"], "state": ["UP"]},
        {"district": ["Meerut"], "pin": ["250001"]},
        {"name": ["K."]},
        {"aadhaar": ["XXXX XXXX 1234"]},
    ],
)
def test_a_query_that_fits_thousands_is_too_common(
    fields: dict[str, list[str]],
) -> None:
    """One everyday name, or no name and only common facts, may be refused."""
    assert from_fields(fields).too_common()


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ["Ramesh Chaturvedi"]},
        {"name": ["Kumar"], "birth_date": ["15/08/1984"]},
        {"name": ["Sunita"], "relative": ["Ram Avtar"]},
        {"phone": ["9820012345"]},
        {"vehicle": ["MH12AB1234"]},
        {"name": ["Ikramuddin"]},
    ],
)
def test_a_query_with_one_telling_fact_is_not_too_common(
    fields: dict[str, list[str]],
) -> None:
    """A rare name, a number, or a name with a relative or a birth date suffices."""
    assert not from_fields(fields).too_common()


def test_nothing_known_is_empty() -> None:
    """A query of blanks is recognised before it is sent."""
    assert from_fields({"name": ["  "], "phone": ["-"]}).is_empty()
    assert Person() == from_fields({})


def test_a_person_does_not_print_itself() -> None:
    """A stray log line shows no name."""
    found = from_fields({"name": ["Ramesh"], "phone": ["9820012345"]})

    assert "ames" not in repr(found)
    assert "9820012345" not in f"{found}"


def test_a_normaliser_forgets_and_stays_bounded() -> None:
    """Remembered words never exceed the bound and are gone after `clear`."""
    run = Normaliser()
    run.words.capacity = 10
    for number in range(100):
        run.from_fields({"name": [f"Name{'abcdefghij'[number % 10]}{number}"]})

    assert run.words.size() <= 20
    run.clear()
    assert run.words.size() == 0
