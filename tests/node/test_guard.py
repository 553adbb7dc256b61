"""The minors' and victims' guard: who stays out of the suspect index, and why."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node.guard import CHILD_CATEGORIES, Guard, Reason, judge
from childgrid_node.mapping import Mapping

TODAY = date(2026, 6, 1)


def mapping(category: str = "police-record", event: bool = True) -> Mapping:
    """A source with every kind of evidence of age."""
    return Mapping.parse(
        f"""
        agency = "test"
        category = "{category}"
        source = "test.csv"
        key = "id"
        {'event = "seen"' if event else ""}
        role = {{ column = "part", victim = ["VICTIM"], suspect = ["ACCUSED"] }}
        [fields]
        birth_date = "dob"
        birth_year = "yob"
        age = {{ column = "age", as_of = "seen" }}
        """
    )


def row(**cells: str) -> dict[str, str]:
    """A row with blanks for what is not given; seen in 2025 by an accused."""
    blank = {"dob": "", "yob": "", "age": "", "seen": "01-06-2025", "part": "ACCUSED"}
    return {**blank, **cells}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"dob": "01-06-1990"}, Reason.ADMITTED),
        ({"dob": "01-06-2007"}, Reason.ADMITTED),
        ({"dob": "02-06-2007"}, Reason.MINOR_AT_EVENT),
        ({"dob": "01-01-2007"}, Reason.MINOR_AT_EVENT),
        ({"dob": "01-01-2006"}, Reason.ADMITTED),
        ({"yob": "2007"}, Reason.MINOR_AT_EVENT),
        ({"yob": "2006"}, Reason.ADMITTED),
        ({"age": "17"}, Reason.MINOR_AT_EVENT),
        ({"age": "18"}, Reason.ADMITTED),
        ({"age": "16-20"}, Reason.MINOR_AT_EVENT),
        ({"age": "0"}, Reason.MINOR_AT_EVENT),
        ({"age": "8 months"}, Reason.MINOR_AT_EVENT),
        ({"age": "juvenile"}, Reason.MINOR_AT_EVENT),
        ({"age": "नाबालिग"}, Reason.MINOR_AT_EVENT),
        ({"dob": "03/12/2006", "seen": "01-08-2024"}, Reason.MINOR_AT_EVENT),
        ({"dob": "01-06-1990", "age": "15"}, Reason.MINOR_AT_EVENT),
        ({"dob": "01-06-2007", "seen": "01-06-2015"}, Reason.MINOR_AT_EVENT),
        ({"dob": "01-06-2030"}, Reason.MINOR_AT_EVENT),
        ({"dob": "2 अक्टूबर 2009"}, Reason.MINOR_AT_EVENT),
        ({"dob": "2 October Nineteen Eighty"}, Reason.ADMITTED),
        ({"dob": "Second October Two Thousand Nine"}, Reason.MINOR_AT_EVENT),
        ({"dob": "2007-06-01T18:30:00Z"}, Reason.MINOR_AT_EVENT),
        ({"dob": "/Date(1254421800000)/"}, Reason.MINOR_AT_EVENT),
        ({"dob": "40088"}, Reason.MINOR_AT_EVENT),
        ({"dob": "10 आश्विन 1931 शक"}, Reason.MINOR_AT_EVENT),
        ({"dob": "10 आश्विन 1931"}, Reason.MINOR_AT_EVENT),
        ({"dob": "2063 B.S."}, Reason.MINOR_AT_EVENT),
        ({"dob": "2040/06/15 BS"}, Reason.ADMITTED),
        ({"dob": "2040 Asoj 15"}, Reason.ADMITTED),
        ({"dob": "2066 Asoj 15"}, Reason.MINOR_AT_EVENT),
        ({"dob": "31/02/2009"}, Reason.MINOR_AT_EVENT),
        ({"dob": "31/02/09"}, Reason.MINOR_AT_EVENT),
        ({"dob": "01/02/2007 (approx)"}, Reason.MINOR_AT_EVENT),
        # A spreadsheet shows March 2009 so, and March 1985 as Mar-85.
        ({"dob": "Mar-09"}, Reason.MINOR_AT_EVENT),
        ({"dob": "मार्च-०९"}, Reason.MINOR_AT_EVENT),
        ({"dob": "Mar '09", "age": "36"}, Reason.MINOR_AT_EVENT),
        ({"dob": "Mar-85"}, Reason.ADMITTED),
        ({"dob": "09-Mar", "age": "36"}, Reason.ADMITTED),
        ({"dob": "16 yrs"}, Reason.MINOR_AT_EVENT),
        ({"dob": "minor"}, Reason.MINOR_AT_EVENT),
        ({"dob": "36 yrs"}, Reason.ADMITTED),
        ({"age": "02/10/2009"}, Reason.MINOR_AT_EVENT),
        ({"age": "2009"}, Reason.MINOR_AT_EVENT),
        ({"age": "sixteen years"}, Reason.MINOR_AT_EVENT),
        ({"age": "17Y 11M"}, Reason.MINOR_AT_EVENT),
        ({"age": "18Y 1M"}, Reason.ADMITTED),
        ({"age": "5 दिन"}, Reason.MINOR_AT_EVENT),
        ({"age": "below 18"}, Reason.MINOR_AT_EVENT),
        ({"age": "U/18"}, Reason.MINOR_AT_EVENT),
        ({"age": "CCL"}, Reason.MINOR_AT_EVENT),
        ({"age": "9M"}, Reason.MINOR_AT_EVENT),
        ({"age": "19M"}, Reason.ADMITTED),
        ({"age": "नवजात"}, Reason.MINOR_AT_EVENT),
    ],
)
def test_every_doubt_about_age_is_read_for_the_child(
    cells: dict[str, str], reason: Reason
) -> None:
    """The youngest reading of date, year, age and their contradiction counts."""
    verdict = judge(row(**cells), mapping(), TODAY)

    assert verdict.reason is reason
    assert verdict.admitted is (reason is Reason.ADMITTED)
    assert verdict.byte is (
        Guard.ADULT_SUSPECT if verdict.admitted else Guard.MINOR_SUSPECT
    )


def test_day_and_month_in_doubt_are_read_for_the_child() -> None:
    """03/12/2006 may be the twelfth of March or the third of December: the latter."""
    cells = row(dob="12/03/2007", seen="01-06-2025")

    assert judge(cells, mapping(), TODAY).reason is Reason.MINOR_AT_EVENT


def test_who_is_a_minor_today_stays_out_whatever_the_event_says() -> None:
    """An event dated in the future by mistake does not make a child an adult."""
    verdict = judge(row(dob="01-06-2010", seen="01-06-2030"), mapping(), TODAY)

    assert verdict.reason is Reason.MINOR_TODAY
    assert not verdict.admitted


@pytest.mark.parametrize("category", sorted(CHILD_CATEGORIES))
@pytest.mark.threat("T20")
def test_where_children_are_held_an_unknown_age_is_a_minor(category: str) -> None:
    """In a register of children, nobody without an age is searchable."""
    verdict = judge(row(), mapping(category), TODAY)

    assert (verdict.reason, verdict.admitted) == (Reason.AGE_UNKNOWN, False)
    assert verdict.byte is Guard.UNKNOWN_SUSPECT


def test_an_empty_date_of_a_machine_makes_nobody_an_adult() -> None:
    """What a program writes for no date tells no age."""
    cells = row(dob="1970-01-01 05:30:00")

    assert judge(cells, mapping("missing-person"), TODAY).reason is Reason.AGE_UNKNOWN
    assert judge(cells | {"age": "12"}, mapping(), TODAY).reason is not Reason.ADMITTED


def test_elsewhere_an_unknown_age_is_admitted_and_marked() -> None:
    """A police record without any age is searchable, and its byte says so."""
    verdict = judge(row(), mapping(), TODAY)

    assert (verdict.reason, verdict.admitted) == (Reason.ADMITTED, True)
    assert verdict.byte is Guard.UNKNOWN_SUSPECT


@pytest.mark.parametrize("seen", ["", "31-02-2025", "last summer"])
def test_an_undated_event_leaves_the_age_at_it_unknown(seen: str) -> None:
    """An adult today may have been a child then: out where children are held."""
    cells = row(dob="01-06-2000", seen=seen)

    assert not judge(cells, mapping("child-protection"), TODAY).admitted
    assert judge(cells, mapping("police-record"), TODAY).admitted
    assert judge(cells, mapping("child-protection", event=False), TODAY).admitted


@pytest.mark.parametrize(
    ("cells", "byte"),
    [
        ({"dob": "01-06-1990"}, Guard.ADULT_VICTIM),
        ({"dob": "01-06-2015"}, Guard.MINOR_VICTIM),
        ({}, Guard.UNKNOWN_VICTIM),
    ],
)
@pytest.mark.threat("T20")
def test_a_victim_stays_out_at_any_age(cells: dict[str, str], byte: Guard) -> None:
    """Role decides before age."""
    verdict = judge(row(part="Victim ", **cells), mapping(), TODAY)

    assert (verdict.reason, verdict.admitted) == (Reason.VICTIM, False)
    assert verdict.byte is byte


@pytest.mark.parametrize("part", ["WITNESS", "STAFF", "GUARDIAN", "", "ACCUSED?"])
def test_whoever_the_role_column_does_not_name_a_suspect_stays_out(part: str) -> None:
    """Doubt about a role protects: staff, guardians and blanks are not searchable."""
    verdict = judge(row(part=part, dob="01-06-1990"), mapping(), TODAY)

    assert (verdict.reason, verdict.admitted) == (Reason.ROLE_NOT_NAMED, False)
    assert verdict.byte is Guard.ADULT_OTHER


def test_a_source_without_a_role_column_admits_adults_as_other() -> None:
    """A licence register says nothing of roles; its adults are searchable."""
    plain = Mapping.parse(
        """
        agency = "test"
        category = "vehicle"
        source = "test.csv"
        key = "id"
        [fields]
        birth_date = "dob"
        """
    )

    verdict = judge({"dob": "01-06-1990"}, plain, TODAY)

    assert (verdict.byte, verdict.admitted) == (Guard.ADULT_OTHER, True)


def test_a_minor_of_an_unnamed_role_is_counted_once() -> None:
    """The role decides first, so that each row has exactly one reason."""
    verdict = judge(row(part="GUARDIAN", dob="01-06-2015"), mapping(), TODAY)

    assert verdict.reason is Reason.ROLE_NOT_NAMED
    assert verdict.byte is Guard.MINOR_OTHER


def test_a_birth_on_the_29th_of_february_comes_of_age_in_march() -> None:
    """In a year without the day, adulthood begins the day after."""
    cells = row(dob="29-02-2008", seen="01-06-2026")
    born = mapping(event=False)

    assert judge(cells, born, date(2026, 2, 28)).reason is Reason.MINOR_TODAY
    assert judge(cells, born, date(2026, 3, 1)).reason is Reason.ADMITTED


@pytest.mark.parametrize(
    ("retain", "until", "kept"),
    [
        ('"until"', "2026-06-02", True),
        ('"until"', "2026-06-01", False),
        ('"until"', "03-06-2026", False),
        ('"until"', "", True),
        ('"until"', "for ever", False),
        ('{ column = "until", years = 10 }', "02-06-2016", False),
        ('{ column = "until", years = 10 }', "13-06-2016", True),
        ('{ column = "until", years = 4 }', "29-02-2020", False),
    ],
)
def test_what_is_past_its_retention_stays_out(
    retain: str, until: str, kept: bool
) -> None:
    """The earliest reading of a date counts, and what can't be read is over."""
    source = Mapping.parse(
        'agency = "test"\nsource = "test.csv"\nkey = "id"\n'
        f'retain = {retain}\n[fields]\nbirth_date = "dob"\n'
    )
    verdict = judge({"dob": "01-06-1990", "until": until}, source, TODAY)
    assert verdict.admitted is kept
    assert (verdict.reason is Reason.PAST_RETENTION) is not kept


def test_every_guard_fits_one_byte_and_is_distinct() -> None:
    """Three roles by three ages, each its own small number."""
    assert len({int(guard) for guard in Guard}) == 9
    assert all(0 <= guard <= 255 for guard in Guard)


DAYS = st.dates(date(1930, 1, 2), TODAY)


@given(DAYS, st.dates(date(2000, 1, 1), TODAY))
@pytest.mark.threat("T20")
def test_no_minor_is_ever_admitted(born: date, seen: date) -> None:
    """Whoever has not lived 18 years at the event, or today, stays out."""
    cells = row(dob=f"{born:%d-%m-%Y}", seen=f"{seen:%d-%m-%Y}")

    verdict = judge(cells, mapping(), TODAY)

    if born > seen - timedelta(days=18 * 365):
        assert not verdict.admitted


@given(
    st.fixed_dictionaries(
        {name: st.text(max_size=12) for name in ("dob", "yob", "age", "seen", "part")}
    ),
    st.sampled_from(["police-record", "child-protection"]),
)
def test_any_text_gets_a_verdict(cells: dict[str, str], category: str) -> None:
    """No cell raises; a verdict admits exactly when its reason says so."""
    verdict = judge(cells, mapping(category), TODAY)

    assert verdict.admitted is (verdict.reason is Reason.ADMITTED)
