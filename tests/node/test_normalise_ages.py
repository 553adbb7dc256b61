"""Ages in years, months and days, in words, as spans, in the wrong column."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from childgrid_node.bulk import BatchEncoder
from childgrid_node.encode import Encoder
from childgrid_node.mapping import Mapping
from childgrid_node.normalise import Normaliser, ages, from_fields, tokens_of
from childgrid_node.normalise.ages import Age
from childgrid_node.scheme import Scheme

ON = "10/09/2022"


@pytest.mark.parametrize(
    ("text", "age"),
    [
        *(("41", Age(41, 41)), ("41.0", Age(41, 41)), ("41/F", Age(41, 41))),
        *(("Aged about 41 yrs.", Age(41, 41)), ("Forty-one years", Age(41, 41))),
        *(
            ("इकतालीस साल", Age(41, 41)),
            ("৪১ বছর", Age(41, 41)),
            ("ವಯಸ್ಸು 41", Age(41, 41)),
        ),
        *(("41 (Sr. Citizen from 60)", Age(41, 41)), ("41M", Age(41, 41))),
        *(("between 41 and 45", Age(41, 45)), ("41 yrs to 45 yrs", Age(41, 45))),
        *(("45-41", Age(41, 45)), ("forty one to forty five", Age(41, 45))),
        *(("3Y 4M", Age(40, 40, "m")), ("3 वर्ष 4 माह", Age(40, 40, "m"))),
        *(
            ("P3Y4M", Age(40, 40, "m")),
            ("4 months", Age(4, 4, "m")),
            ("004M", Age(4, 4, "m")),
        ),
        *(("12 days", Age(12, 12, "d")), ("0Y 0M 12D", Age(12, 12, "d"))),
        *(("2 weeks", Age(14, 14, "d")), ("8-10 months", Age(8, 10, "m"))),
        *(
            ("under 16", Age(0, 16)),
            ("16 से कम", Age(0, 16)),
            ("17½ yrs", Age(17, 17)),
            ("17 1/2", Age(17, 17)),
            ("65+", Age(65, 120)),
        ),
        *(
            ("9M", Age(0, 9)),
            ("0Y 0M 0D", Age(0, 0)),
            ("121", None),
            ("NA", None),
            ("30s", Age(30, 39)),
            ("35 ± 5", Age(30, 40)),
            ("5/12", Age(0, 12)),
            ("11m 20d", Age(11, 11, "m")),
            ("99", None),
            ("डेढ़ वर्ष", Age(1, 1)),
        ),
        *(("1994", None), ("14/08/1994", None), ("14 Aug 1994", None), ("minor", None)),
    ],
)
def test_an_age_is_read(text: str, age: Age | None) -> None:
    """In any unit and script; a bare "9M" may be months; a date is no age."""
    assert ages.read(text) == age


@pytest.mark.parametrize(
    ("text", "window"),
    [
        *(("41", (1981, 1981)), ("40-45", (1977, 1982)), ("12 days", (2022, 2022))),
        *(
            ("8 months", (2021, 2022)),
            ("9 months", (2021, 2021)),
            ("3Y 4M", (2019, 2019)),
        ),
        *(("under 16", None), ("65+", None), ("18-60", None), ("0", None), ("", None)),
    ],
)
def test_a_dated_age_gives_the_years_of_birth(
    text: str, window: tuple[int, int] | None
) -> None:
    """What spans too much, or an unset column, tells nobody from others."""
    assert from_fields({"age": [text], "age_as_of": [ON]}).years == window


def test_an_age_in_the_column_of_dates_is_an_age() -> None:
    """Only with a word that says so; "84" may as well be a year."""
    assert ages.stated("35 yrs") == ages.stated("उम्र 35") == Age(35, 35)
    assert ages.stated("84") is ages.stated("1984 (35 yrs)") is ages.stated("") is None

    swapped = tokens_of(from_fields({"birth_date": ["35 yrs"], "age_as_of": [ON]}))
    assert swapped == tokens_of(from_fields({"age": ["35"], "age_as_of": [ON]}))


def test_a_date_in_the_column_of_ages_is_a_date() -> None:
    """It gives what it gives in its own column, and yields to what stands there."""
    swapped = from_fields({"age": ["14/08/1994"], "age_as_of": [ON]})

    assert tokens_of(swapped) == tokens_of(from_fields({"birth_date": ["14/08/1994"]}))
    both = from_fields({"birth_date": ["3/3/1990"], "age": ["14/08/1994"]})
    assert both.day == date(1990, 3, 3)


def test_a_minor_is_named_in_every_script() -> None:
    """The words that stand in place of an age."""
    for text in (
        "Minor",
        "NABALIG",
        "नवजात शिशु",
        "নাবালক",
        "ਨਾਬਾਲਿਗ",
        "സഗീർ മൈനർ",
        "نابالغ",
        "CCL",
        "JCL (male)",
        "विधि विवादित किशोर",
        "U/18",
        "u-16 yrs",
        "U १८",
    ):
        assert ages.says_minor(text)
    for text in ("Senior citizen", "U/A", "U-181", "Tau 18", "18"):
        assert not ages.says_minor(text)


@pytest.mark.parametrize(
    ("as_of", "window"),
    [
        ("2020", (1984, 1985)),
        ("123/2020", (1984, 1985)),
        ("March 2020", (1984, 1984)),
        ("अक्टूबर 2020", (1985, 1985)),
        ("Dec 2019", (1984, 1984)),
        ("2019-20", (1983, 1984)),
        ("2019-2020", (1983, 1984)),
        ("31/02/2020", (1984, 1985)),
        ("1985/2020", None),
        ("FIR 123", None),
        ("20", None),
    ],
)
def test_an_age_is_dated_by_a_month_or_a_year_too(
    as_of: str, window: tuple[int, int] | None
) -> None:
    """Whoever is 35 in 2020 was born in one of two years, whichever the day was."""
    person = from_fields({"age": ["35"], "age_as_of": [as_of]})
    assert person.years == window


def test_months_and_days_are_dated_by_a_year_too() -> None:
    """Of an infant the year of birth is this one or the last."""
    for age in ("8 months", "5 days"):
        person = from_fields({"age": [age], "age_as_of": ["2020"]})
        assert person.years == (2019, 2020)


def test_one_day_dates_the_ages_of_all_rows() -> None:
    """A day in the mapping stands where a column would, in rows and in columns."""
    mapping = Mapping.parse(
        """
        agency = "roll"
        source = "roll.csv"
        key = "id"
        [fields]
        age = { column = "age", as_of = 2024-01-01 }
        """
    )
    encoder = Encoder(Scheme.load("childgrid-2"), bytes(32), 1)
    texts = ["34", "8 months", "", "30-35"]
    people = [Normaliser().person({"age": text}, mapping) for text in texts]
    with BatchEncoder(encoder, mapping) as bulk:
        found = bulk.encode({"age": texts}, len(texts)).encodings

    assert [one.years for one in people] == [
        (1989, 1989),
        (2023, 2023),
        None,
        (1988, 1993),
    ]
    for row, one in zip(found, people, strict=True):
        assert np.array_equal(row, encoder.encode(tokens_of(one)))
