"""Doubts agree with what every node reads: what is sound is not doubted, all else is.

The portal may not import the node; these tests hold its own readers to the node's.
"""

from __future__ import annotations

import datetime as dt

import pytest

from childgrid_node import guard
from childgrid_node.normalise import ages, dates
from childgrid_node.normalise import phones as node_phones
from childgrid_portal.web import checks, clock, days, phones
from childgrid_portal.web.forms import Sheet

DAYS = (
    *("27-3-1984", "27 March 1984", "27/3/84", "3/27/1984", "27031984", "19840327"),
    *("27 Mar 84", "March 27, 1984", "27th March 1984", "1984-03-27", "27 3 1984"),
    *("२७-३-१९८४", "27 मार्च 1984", "1-1-1984", "15-8-47", "5 sep 1990", "270384"),
    *("120512", "120512.0", "7031984"),
)
YEARS = ("31-02-1984", "31-02-84", "about 1984", "31/4/1990", "27-13-1984", "0-0-1984")
NO_DAYS = ("sometime", "99-99-9999", "27-3", "2703984", "010203", "150512")
ALONE = {
    "short": "{day:02}{month:02}{year:02}",
    "turned": "{year:02}{month:02}{day:02}",
    "long": "{day:02}{month:02}20{year:02}",
    "bare": "{day}{month:02}20{year:02}",
    "cell": "{day:02}{month:02}{year:02}.0",
    "marks": "{day}-{month}-{year:02}",
    "dots": "{day}.{month}.{year:02}",
}
"""Ways to write a birth in digits, with a short year or none between them."""

TODAY = dt.date(2026, 6, 1)
PHONES = (
    *("9812345670", "98123 45670, 9822211133", "98123 45670 9822211133"),
    *("9812345670/71", "+91 98123-45670", "0091 9812345670", "09812345670"),
    *("0 98123 45670", "+44 7700 900123", "00447700900123", "0361-2540917"),
    *("mob: 9812345670 (home)", "1) 9812345670 2) 9822211133", "९८१२३४५६७०"),
    *("9812345670 or 9822211133", "+91 0 9812345670", "919812345670"),
)
NO_PHONES = ("12345", "9999999999", "1212121212", "1800123456", "98123456701", "abc")


@pytest.mark.parametrize("text", [*DAYS, *YEARS, *NO_DAYS])
def test_a_date_is_doubted_where_the_node_reads_none(text: str) -> None:
    """The day is the node's; where it reads the year alone, that is said."""
    assert days.day(text) == dates.moment(text) or text in YEARS
    (doubt,) = checks.doubts(_sheet("birth_date", text)) or (None,)
    assert (doubt is None) == (text in DAYS)
    only_year = doubt is not None and doubt.text.startswith("Only the year")
    birth = dates.birth(text)
    assert only_year == (birth.day is None and birth.year is not None and bool(doubt))


def test_today_is_the_day_in_india(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who turns 18 there is no child, though it is still yesterday in Greenwich."""
    evening = dt.datetime(2026, 5, 31, 18, 29, 59, tzinfo=dt.UTC)
    for seconds, day in ((0, TODAY - dt.timedelta(1)), (1, TODAY)):
        now = int(evening.timestamp()) + seconds
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        assert clock.today() == day


@pytest.mark.parametrize("way", ALONE.values(), ids=ALONE)
def test_whom_a_registers_guard_takes_for_a_child_is_noticed(way: str) -> None:
    """However the digits stand: the guard that keeps a row back reads them likewise."""
    days_ = [(1, 1), (1, 12), (5, 3), (12, 5), (12, 12), (20, 4), (31, 12)]
    texts = [
        way.format(day=day, month=month, year=year)
        for day, month in days_
        for year in range(30)
    ]
    kept_back = [text for text in texts if _is_minor(text)]
    assert kept_back
    for text in kept_back:
        assert checks.child(_sheet("birth_date", text), TODAY), text


def _is_minor(text: str) -> bool:
    born = max(guard._births({"birth_date": [text]}, TODAY), default=None)
    return born is not None and guard._age(born, TODAY) < 18


@pytest.mark.parametrize("text", ["41000", "41000.0"])
def test_a_spreadsheets_number_of_a_day_is_noticed_too(text: str) -> None:
    """A node reads it as that day; here it is doubted, since nobody writes it so."""
    assert _is_minor(text)
    assert checks.child(_sheet("birth_date", text), TODAY) == "minor"
    assert checks.doubts(_sheet("birth_date", text))


@pytest.mark.parametrize("text", [*PHONES, *NO_PHONES])
def test_a_number_is_doubted_where_the_node_reads_none(text: str) -> None:
    """Several on one line are all read."""
    assert phones.read(text).numbers == node_phones.phone(text)
    assert checks.is_doubtful("phone", text) == (text in NO_PHONES)


def test_a_line_that_is_only_half_read_is_named() -> None:
    """The sound lines beside it aren't."""
    (doubt,) = checks.doubts(_sheet("phone", "9812345670\n9822211133; 98222"))
    assert doubt.lines == ("9822211133; 98222",)


def test_more_numbers_than_are_searched_are_named() -> None:
    """A node takes the first three."""
    lines = "9812345670, 9822211133\n9822211134\n9822211135"
    (doubt,) = checks.doubts(_sheet("phone", lines))
    assert doubt.lines == ("9822211135",)
    assert "first three" in doubt.text


@pytest.mark.parametrize("text", ["1/2/9", "1-1-1", "0/0/0", "1 2 345", "1/2/"])
def test_a_date_that_is_none_is_a_doubt_and_no_fault(text: str) -> None:
    """Whatever is typed there, the page is shown."""
    for name in ("birth_date", "birth_year"):
        sheet = _sheet(name, text)
        assert checks.doubts(sheet)
        assert checks.child(sheet, dt.date(2026, 6, 1)) == ""


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"birth_date": "17-3-84", "birth_year": "1990"}, "birth_year"),
        ({"birth_date": "17-3-84", "age": "20", "age_as_of": "1-5-2026"}, "age"),
        ({"birth_year": "1984", "age": "20", "age_as_of": "1-5-2026"}, "age"),
        ({"birth_date": "17-3-84", "birth_year": "1984"}, ""),
        ({"birth_date": "1-1-1984", "age": "41", "age_as_of": "1-5-2026"}, ""),
        ({"birth_date": "3-4-84", "age": "42", "age_as_of": "3-4-2026"}, ""),
        ({"birth_date": "17-3-84", "age": "20", "age_as_of": "last year"}, ""),
    ],
)
def test_births_that_cannot_both_be_true_are_doubted(
    typed: dict[str, str], field: str
) -> None:
    """At the lower of the two; which of them is wrong nobody knows here."""
    sheet = Sheet({name: (text,) for name, text in typed.items()})
    found = [one for one in checks.doubts(sheet) if one.field != "age_as_of"]
    assert [one.field for one in found] == [field] * bool(field)
    assert all("one of the two is wrong" in one.text for one in found)


@pytest.mark.parametrize("age", ["about 40", "20 months", "under 18", "20 वर्ष"])
def test_an_age_beside_words_is_held_against_no_birth(age: str) -> None:
    """It is doubted for its form alone: nobody who estimates is told to be wrong."""
    typed = {"birth_date": "17-3-84", "age": age, "age_as_of": "1-5-2026"}
    (doubt,) = checks.doubts(Sheet({name: (text,) for name, text in typed.items()}))
    assert (doubt.field, doubt.lines) == ("age", (age,))
    assert "one of the two" not in doubt.text


@pytest.mark.parametrize("text", ["34", "30-35", "30 to 35", "34 yrs", "abc", "150"])
def test_an_age_is_doubted_where_the_node_reads_none(text: str) -> None:
    """What the form gives as an example is none."""
    assert checks.is_doubtful("age", text) == (ages.read(text) is None)


@pytest.mark.parametrize(
    "text", ["Kabir Vankhede @ Kallu s/o Madhav Rao Vankhede r/o Nagpur", "कबीर"]
)
def test_a_name_with_its_kin_is_no_doubt(text: str) -> None:
    """However long the line is."""
    assert not checks.is_doubtful("name", text)


def _sheet(field: str, text: str) -> Sheet:
    return Sheet({field: (text,)})
