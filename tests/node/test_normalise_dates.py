"""One day, however a register or a machine writes it; and what is no day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_node.normalise import dates, eras, from_fields, numerals, tokens_of
from childgrid_node.normalise.lexicon import table
from childgrid_node.normalise.text import clean

OCTOBER = [
    *("23 अक्टूबर 1986", "२३ अक्तूबर १९८६", "23 ऑक्टो. 1986", "23 अक्टोबर 1986"),
    *("২৩ অক্টোবর ১৯৮৬", "23 অক্টোবৰ 1986", "੨੩ ਅਕਤੂਬਰ ੧੯੮੬", "૨૩ ઑક્ટોબર ૧૯૮૬"),
    *("୨୩ ଅକ୍ଟୋବର ୧୯୮୬", "23 அக்டோபர் 1986", "౨౩ అక్టోబరు ౧౯౮౬", "೨೩ ಅಕ್ಟೋಬರ್ ೧೯೮೬"),
    *("23 ഒക്ടോബര്‍ 1986", "൨൩ ഒക്ടോബർ ൧൯൮൬", "۲۳ اکتوبر ۱۹۸۶", "23 Octobar 1986"),
]
CLERKS = [
    *(
        "Born on 23-10-1986",
        "23RD OCT., 86",
        "October 23, 1986",
        "1986 Oct 23",
        "23OCT86",
    ),
    *(
        "Twenty Third October Nineteen Eighty Six",
        "तेईस अक्टूबर उन्नीस सौ छियासी",
        "Twenty third October nineteen eighty six only",
    ),
    *("23/10/1986 (Twenty-third of October, Nineteen hundred and eighty-six)",),
    *(
        "23.10.1986 (Thursday)",
        "23 / 10 / 86 at 4.30 pm",
        "23-10-1986 1630 hrs",
        "231086",
        "23-X-1986",
        "23/x/86",
        "23/1O/l986",
        "86-10-23",
        "23 Octobre 1986",
    ),
]
MACHINES = [
    *("1986-10-23", "19861023", "23101986", "19861023143000", "31708", "31708.0"),
    *(
        "1986-10-22T18:30:00Z",
        "1986-10-22T18:30:00.000+00:00",
        "1986-10-23T05:00+05:30",
    ),
    *("Thu Oct 23 1986 00:00:00 GMT+0530 (India Standard Time)", "530389800"),
    *("Wed Oct 22 18:30:00 UTC 1986", "Thu Oct 23 00:00:00 IST 1986", "530389800000"),
    *("23-OCT-86 12.00.00.000000 AM", "Oct 23 1986 12:00AM", "/Date(530389800000)/"),
    *(
        "/Date(530389800000+0530)/",
        "1986-10-22 11:45 PM GMT",
        "1986-10-22 18:30:00+00",
        "19861022T183000Z",
    ),
]
NO_DAY = [
    *(
        "99999",
        "9876543210",
        "110092",
        "123456789012",
        "530389800001",
        "19860000",
        "01010",
    ),
    *("/Date(99999999999999)/", "30 Oct Nov 1986", "23 श्रावण 1908", "1 2 3 4 1986"),
]


@pytest.mark.parametrize("text", [*OCTOBER, *CLERKS, *MACHINES])
def test_one_day_in_every_script_and_form(text: str) -> None:
    """Month names, words, machines' instants and serial days mean the same day."""
    assert dates.birth(text).day == date(1986, 10, 23)


@pytest.mark.parametrize("text", NO_DAY)
def test_a_number_that_may_be_something_else_is_no_day(text: str) -> None:
    """A telephone number, a PIN code, an identity number, a month that is two."""
    assert dates.readings(text) == ()


def test_no_two_months_are_spelt_alike() -> None:
    """Whatever a name folds to, it is one month's alone, and every name is found."""
    for section, read in (("months", eras.month), ("national_months", eras.national)):
        for month, names in table("dates")[section].items():
            assert {name: read(clean(name)) for name in names} == dict.fromkeys(
                names, int(month)
            )


@given(st.dates(date(1921, 1, 1), date(2029, 12, 31)))
def test_every_day_is_read_in_words(day: date) -> None:
    """English as a school writes it, for any day."""
    ones = table("numerals")["english"]
    word = {int(value): names[0] for value, names in ones.items()}
    tens = {n: word[n] for n in (20, 30, 40, 50, 60, 70, 80, 90)}

    def spelt(n: int) -> str:
        return word.get(n) or f"{tens[n // 10 * 10]} {word[n % 10]}"

    century, rest = divmod(day.year, 100)
    head = "two thousand" if century == 20 else f"{spelt(century)} hundred"
    said = f"{head} and {spelt(rest)}" if rest else head
    months = ["", *eras._ENGLISH]

    assert dates.readings(f"{spelt(day.day)} {months[day.month]}, {said}") == (day,)


def test_hindi_numbers_are_each_their_own() -> None:
    """No two of the hundred words are read alike."""
    for value, words in table("numerals")["hindi"].items():
        assert {numerals.digits(clean(word)) for word in words} == {value}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1 चैत्र 1879 शक", date(1957, 3, 22)),
        ("1 Chaitra, Saka 1910", date(1988, 3, 21)),
        ("30 फाल्गुन 1909 (शक संवत)", date(1988, 3, 20)),
        ("शके १९२२ पौष ११", date(2001, 1, 1)),
        ("11 Pausa 1922 S.E.", date(2001, 1, 1)),
        ("31 Bhadra 1905 Saka", date(1983, 9, 22)),
    ],
)
def test_a_saka_date_follows_the_rule_of_the_national_calendar(
    text: str, day: date
) -> None:
    """Its year begins on 22 March, in leap years on the 21st."""
    assert dates.readings(text) == (day,)


def test_saka_days_follow_each_other_without_gap() -> None:
    """Day by day through leap years and ends of years, nothing is left out or twice."""
    days = [
        eras.saka_day(year, month, day)
        for year in range(1905, 1916)
        for month in range(1, 13)
        for day in range(1, 32)
        if dates.readings(f"{day} {eras_name(month)} {year} saka")
    ]

    assert days == [days[0] + timedelta(n) for n in range(len(days))]
    assert len(days) == 365 * 11 + 3


def eras_name(month: int) -> str:
    """The first name of a national month."""
    name: str = table("dates")["national_months"][str(month)][0]
    return name


@pytest.mark.parametrize(
    ("text", "year"),
    [
        *(("2041/03/12 B.S.", 1984), ("वि.सं. २०४१ चैत १२", 1985), ("संवत् 2041", 1984)),
        *(("12 পৌষ 1391", 1984), ("20 Poush 1391", 1985), ("5 Falgun 1391", 1985)),
        *(
            ("31/02/1984", 1984),
            ("31.02.84", 1984),
            ("00/00/84", 1984),
            ("Feb-84", 1984),
        ),
        *(
            ("XX/XX/1984", 1984),
            ("15/08/1984 (approx.)", 1984),
            ("01/07/1984 (year only)", 1984),
            ("लगभग 1984", 1984),
            ("1406 हिजरी", 1985),
            ("2041 Kartik 3", 1984),
            ("1160 കൊല്ലവർഷം", 1985),
            ("1984-1985", 1984),
            ("2041।03।12 गते", 1984),
        ),
        *(("1984.0", 1984), ("Nineteen Eighty Four", 1984), ("सन् १९८४", 1984)),
    ],
)
def test_only_the_year_is_told(text: str, year: int) -> None:
    """Eras without a rule for days, days that do not exist, and guesses."""
    assert dates.birth(text) == dates.Birth(None, year)


@pytest.mark.parametrize(
    "text",
    [
        *("01/01/1900", "1900-01-01T00:00:00", "1899-12-30", "1/1/1753", "1900"),
        *(
            "00/00/0000",
            "00-00-00",
            "31/12/9999",
            "99/99/99",
            "NA",
            "not known",
            "19XX",
        ),
        *("dd/mm/yyyy", "12 श्रावण 1984", "श्रावण", "84", "31"),
    ],
)
def test_a_default_or_an_unclear_era_states_nothing(text: str) -> None:
    """No evidence rather than a wrong one."""
    assert dates.birth(text) == dates.Birth()


def test_a_year_of_an_era_is_a_year() -> None:
    """The column of years knows the eras too."""
    assert dates.year("वि.सं. 2047") == dates.year("BS 2047") == 1990
    assert (
        dates.year("शक 1912") == dates.year("1990 AD") == dates.year("nineteen ninety")
    )
    assert dates.year("1900") is dates.year("BS 2199") is None


def test_a_day_in_a_script_agrees_with_the_same_in_digits_only() -> None:
    """Whole tokens: an October is neither an August nor the year alone."""
    october, digits, august = (
        tokens_of(from_fields({"birth_date": [text]}))["dob"]
        for text in ("3 ऑक्टोबर 1979", "03/10/79", "3 ऑगस्ट 1979")
    )

    assert october == digits
    assert set(october) != set(august)


@given(st.text(max_size=30) | st.from_regex(r"[0-9/ :.+ZTa-z-]{1,24}", fullmatch=True))
def test_no_text_gives_a_year_beyond_births(text: str) -> None:
    """What is read lies from 1799 to 2100, and what is no date raises nothing."""
    found = dates.birth(text)

    assert found.year is None or 1799 <= found.year <= 2100
    assert all(1799 <= day.year <= 2100 for day in dates.readings(text))
    assert all(1800 <= year <= 2100 for year in dates.possible_years(text))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("12-Mar-2049", date(1949, 3, 12)),
        ("29-FEB-2048 00:00:00", date(1948, 2, 29)),
        ("12-Mar-2029", date(2029, 3, 12)),
        ("2049-03-12", date(2049, 3, 12)),
    ],
)
def test_oracles_short_year_is_of_the_last_century(text: str, day: date) -> None:
    """Its YY fills in the present one; digits alone may be Bikram Sambat and stay."""
    assert dates.birth(text).day == day
    assert dates.birth("12 March 2049 BS").year == 1992
