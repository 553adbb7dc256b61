"""The profile as data: every source, every value's origin, and nothing merged away."""

from __future__ import annotations

from datetime import date

import pytest

from childgrid_portal.profile import ages, compare, dates, model, story, ties
from childgrid_portal.profile.compare import Conflict
from childgrid_portal.profile.model import Profile
from portal.profiles import CASE, DAY, NOW, Cells, document, given, request, source


def born(**births: str) -> Profile:
    """A profile in which each agency states a date of birth."""
    cells: list[tuple[str, Cells]] = [
        (agency, {"dob": ("birth_date", text)}) for agency, text in births.items()
    ]
    return model.read(document(*(given(name, cell) for name, cell in cells)))


def kinds(profile: Profile) -> list[str]:
    """The kinds of contradictions."""
    return [one.kind for one in compare.conflicts(profile)]


def test_every_source_says_how_far_it_came() -> None:
    """Given, partly withheld, denied, not decided, lost, silent: each by its word."""
    name: Cells = {"name": ("name", "KABIR")}
    read = model.read(
        document(
            given("a", name),
            given("b", name, asked=["name", "phone"]),
            source("c", request("c", state="denied", reason="legal-bar")),
            source("d", request("d")),
            source("e", request("e", state="expired")),
            source("f", request("f", state="lost")),
            source("g"),
            source("h", answer="none"),
            source("i", answer="refused"),
            source("j", answer="not answered"),
            source("k", request("k", name), request("k", state="denied")),
        )
    )
    assert [one.standing for one in read.sources] == [
        *("gave", "part", "denied", "open", "expired", "lost"),
        *("hit", "none", "refused", "unknown", "part"),
    ]
    (partly,) = read.sources[1].requests
    assert (partly.gave, partly.withheld) == (("name",), ("phone",))
    assert read.sources[2].requests[0].withheld == ()


def test_a_value_has_its_origin() -> None:
    """Agency, category, request, disclosure and the day of the row."""
    read = model.read(document(given("customs", {"dob": ("birth_date", "1984-03-17")})))
    (value,) = read.values
    made = request("customs", {})
    assert (value.field, value.label, value.text) == ("birth_date", "dob", "1984-03-17")
    assert (value.origin.agency, value.origin.category) == ("customs", "movement")
    assert value.origin.request == made["request"]
    assert value.origin.disclosure == made["disclosure"]
    assert value.origin.row_as_of == NOW - 2 * DAY
    assert (value.origin.mark, value.origin.number) == ("r1", "1")
    assert (read.case, read.asked[0].origin.mark) == (CASE, "asked")


def test_an_empty_field_is_not_a_withheld_one() -> None:
    """The holder gave it and nothing stands there; that too is said."""
    one = given("a", {"name": ("name", "K"), "phone": ("phone", "")})
    (outcome,) = model.read(document(one)).records
    assert (outcome.gave, outcome.empty, outcome.withheld) == (
        ("name",),
        ("phone",),
        (),
    )


def test_a_holder_that_says_no_meanings_is_read_by_its_labels() -> None:
    """Its own words that are the grid's, or near them; the others mean nothing."""
    one = given("a", {"dob": ("", "1984-03-17"), "phone": ("", "98"), "x": ("", "y")})
    del one["requests"][0]["record"]["meanings"]
    values = model.read(document(one)).values
    assert [value.field for value in values] == ["birth_date", "phone", ""]


def test_the_same_field_stands_side_by_side() -> None:
    """In the grid's order, the asker's own first, and with how far they agree."""
    read = model.read(
        document(
            given(
                "a", {"tel": ("phone", "+91 98123 45670"), "dob": ("birth_date", "x")}
            ),
            given("b", {"mobile": ("phone", "9812345670"), "cell": ("", "4")}),
            given("c", {"who": ("name", "कबीर")}),
        )
    )
    rows = compare.rows(read)
    assert [(row.field, row.label, row.agreement) for row in rows] == [
        ("name", "", "differ"),
        ("birth_date", "", "one"),
        ("phone", "", "same"),
        ("", "cell", "one"),
    ]
    assert [value.origin.mark for value in rows[2].values] == ["asked", "r1", "r2"]


def test_two_dates_of_birth_are_both_shown() -> None:
    """Neither wins, whatever the order of sources."""
    (conflict,) = compare.conflicts(
        born(a="17-03-1984", b="1984-03-18", c="17.03.1984")
    )
    assert isinstance(conflict, Conflict)
    assert conflict.kind == "birth-day"
    assert {one.text for one in conflict.values} == {
        "17-03-1984",
        "1984-03-18",
        "17.03.1984",
    }


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        ("17-03-1984", "1984-03-17", []),
        ("17-03-1984", "1984", []),
        ("17-03-1984", "01-01-1984", []),
        ("03-04-1984", "1984-03-04", []),
        ("१७-०३-१९८४", "17 Mar 1984", []),
        ("17-03-1984", "1985", ["birth-year"]),
        ("17-03-1984", "01-01-1985", ["birth-year"]),
        ("17-03-1984", "17-04-1984", ["birth-day"]),
        ("17-03-1984", "unknown", []),
        ("31-02-1984", "1990-01-02", []),
    ],
)
def test_births_contradict_only_where_no_reading_agrees(
    one: str, two: str, found: list[str]
) -> None:
    """A year agrees with its days; day and month may be read the other way round."""
    assert kinds(born(a=one, b=two)) == found


def test_an_age_is_held_against_a_birth_on_its_own_day() -> None:
    """33 in February 2019 is 1985 or 1986; another register says 1979."""
    prisons: Cells = {"age": ("age", "33"), "admitted": ("event", "2019-02-11")}
    for text, found in (("14.03.1985", []), ("14.03.1979", ["birth-age"])):
        read = model.read(
            document(
                given("prisons", prisons),
                given("customs", {"dob": ("birth_date", text)}),
            )
        )
        assert kinds(read) == found


def test_sexes_and_numbers_of_one_document_contradict() -> None:
    """`M` and `पुरुष` are one; two passports are both shown, two phones are not."""
    read = model.read(
        document(
            given("a", {"sex": ("sex", "M"), "p": ("passport", "Y 418-2736")}),
            given("b", {"sex": ("sex", "पुरुष"), "p": ("passport", "y4182736")}),
        )
    )
    assert kinds(read) == []
    other = model.read(
        document(
            given("a", {"sex": ("sex", "M"), "p": ("passport", "Y4182736")}),
            given("b", {"sex": ("sex", "Female"), "p": ("passport", "Z1111111")}),
            given("c", {"tel": ("phone", "9000000009")}),
        )
    )
    assert kinds(other) == ["sex", "number"]


def test_a_child_by_another_registers_birth_is_shown_above_all() -> None:
    """An event of 2001, a birth of 1984 beside one of 1979: minor and adult."""
    read = model.read(
        document(
            given("prisons", {"admitted": ("event", "2001-02-11")}),
            given("customs", {"dob": ("birth_date", "17-03-1984")}),
            given("transport", {"dob": ("birth_date", "17-03-1979")}),
        )
    )
    (check,) = ages.checks(read)
    assert (check.day, check.contradicts) == (date(2001, 2, 11), True)
    assert [one.origin.agency for one in check.events] == ["prisons"]
    assert [one.origin.agency for one in check.minor] == ["customs"]
    assert [one.origin.agency for one in check.adult] == ["transport"]


def test_a_child_on_the_day_of_the_case_by_the_register_of_cases() -> None:
    """Where no record dates anything: the case does, as its own agency wrote it."""
    shown = document(given("customs", {"dob": ("birth_date", "2007-06-01")}))
    assert ages.checks(model.read(shown)) == []

    read = model.read({**shown, "case_date": "2025-05-31"})

    (check,) = ages.checks(read)
    assert (check.day, len(check.minor)) == (date(2025, 5, 31), 1)
    (event,) = check.events
    assert (event.field, event.origin.agency) == ("case_date", "police")
    assert event.origin.number == ""
    assert story.steps(read)[0].value == event


def test_a_child_today_by_one_word_of_two() -> None:
    """Today is a day too; a year that leaves it open is told as such."""
    (check,) = ages.checks(born(a="2012-06-09", b="1984-03-17"))
    assert (check.events, check.contradicts) == ((), True)
    year = 2026 - 18
    (open_,) = ages.checks(born(a=str(year)))
    assert (len(open_.unsure), open_.minor, open_.adult) == (1, (), ())
    assert ages.checks(born(a="1984-03-17", b="1984")) == []


@pytest.mark.parametrize(
    ("text", "on", "status"),
    [
        ("17-03-1984", date(2002, 3, 16), "minor"),
        ("17-03-1984", date(2002, 3, 17), "adult"),
        ("29-02-1984", date(2002, 2, 28), "minor"),
        ("29-02-1984", date(2002, 3, 1), "adult"),
        ("1984", date(2002, 12, 30), "unsure"),
        ("1984", date(2002, 12, 31), "adult"),
        ("03-04-1984", date(2002, 3, 20), "unsure"),
    ],
)
def test_a_birthday_decides_to_the_day(text: str, on: date, status: str) -> None:
    """Sure only where every reading of the birth says the same."""
    birth = dates.birth(text)
    assert birth is not None
    assert birth.status(on) == status


def test_an_age_of_no_known_day_leaves_room() -> None:
    """It was true on some day until the row was written: only older is sure."""
    birth = dates.aged("30 yrs", None, date(2026, 5, 28))
    assert birth is not None
    assert birth.status(date(2026, 5, 28)) == "adult"
    assert birth.status(date(2010, 1, 1)) == "unsure"
    for text in ("", "old", "130", "35-30"):
        assert dates.aged(text, None, date(2026, 5, 28)) is None


def test_the_timeline_mixes_records_and_deeds_by_day() -> None:
    """A day of a record first as written; then what was asked, answered, given."""
    read = model.read(
        document(
            given("customs", {"arrival": ("event", "24-12-2025")}),
            source("prisons", request("prisons", state="denied", reason="legal-bar")),
        )
    )
    told = [(one.kind, one.agency) for one in story.steps(read)]
    assert told == [
        ("record", "customs"),
        ("asked", "police/si-rao"),
        ("hit", "customs"),
        ("hit", "prisons"),
        ("requested", "police/si-rao"),
        ("requested", "police/si-rao"),
        ("disclosed", "customs"),
        ("denied", "prisons"),
    ]


def test_ties_hold_what_several_records_share() -> None:
    """A phone by its digits, a number but for blanks; likeness ties nothing."""
    read = model.read(
        document(
            given(
                "a", {"tel": ("phone", "+91-98123 45670"), "f": ("relative", "Madhav")}
            ),
            given(
                "b",
                {"dl": ("driving_licence", "WB 55-2008"), "f": ("relative", "Madho")},
            ),
            given(
                "c", {"dl": ("driving_licence", "WB552008"), "pin": ("pin", "723128")}
            ),
        )
    )
    found = [(one.field, one.marks) for one in ties.ties(read)]
    assert found == [
        ("phone", ("asked", "r1")),
        ("driving_licence", ("r2", "r3")),
        ("relative", ("r1",)),
        ("relative", ("r2",)),
    ]
    assert [[one.text for one in part] for part in ties.places(read)] == [["723128"]]


@pytest.mark.parametrize(
    "text",
    [
        *("12-05-12", "12 May 12", "120512", "052012", "12.5.12"),
        *("27052012", "7052012"),
    ],
)
def test_a_child_by_a_birth_with_a_short_year_is_shown_too(text: str) -> None:
    """Registers write two digits of a year, or digits alone."""
    (check,) = ages.checks(born(a=text, b="17-03-84"))
    assert [one.text for one in check.minor] == [text]
    assert [one.text for one in check.adult] == ["17-03-84"]


def test_digits_alone_are_a_birth_and_nothing_else() -> None:
    """A PIN code or a number of an office is no day on which something happened."""
    told = given("a", {"pin": ("pin", "110005"), "desk": ("", "120512")})
    assert ages.events(model.read(document(told))) == []


def test_six_digits_contradict_only_where_no_reading_agrees() -> None:
    """They may be turned round, or a month of a year."""
    assert kinds(born(a="150512", b="2015-05-12")) == []
    assert kinds(born(a="150512", b="15-05-2012")) == []
    assert kinds(born(a="201205", b="17-05-2012")) == []
    assert kinds(born(a="150512", b="16-05-2012")) == ["birth-day"]
