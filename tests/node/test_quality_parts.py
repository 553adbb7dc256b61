"""The parts of a data-quality report: twins, recall, scripts, words, dates, shares."""

from __future__ import annotations

import random
from datetime import date

import numpy as np
import pytest

from childgrid_node import score
from childgrid_node.mapping import Mapping
from childgrid_node.quality import Tally, births, cells, spoken
from childgrid_node.quality.recall import Drawn, Patterns, alone, recalls
from childgrid_node.quality.report import share
from childgrid_node.quality.twins import TwinCount
from childgrid_node.scheme import Scheme

MAPPING = """
agency = "ncrb"
category = "police-record"
source = "rows.csv"
key = "id"
[fields]
name = "naam"
"""


def test_rows_that_would_be_encoded_alike_are_counted() -> None:
    """Whatever their order and key; rows without anything to compare are apart."""
    twins = TwinCount()
    for tokens in (
        *[{"name": ("as", "sh")}] * 3,
        *[{"name": ("bi",), "phone": ("9",)}, {"phone": ("9",), "name": ("bi",)}],
        {"name": ("ch",)},
        {},
    ):
        twins.add(tokens)

    found = twins.counts()

    assert (found.rows, found.groups, found.largest) == (5, 2, 3)
    assert (found.blank, found.one_in) == (1, 1)


def test_very_many_rows_are_counted_in_bounded_memory() -> None:
    """A sample of encodings, each with all its rows, gives about the same counts."""
    twins = TwinCount(most=256)
    for number in range(4_000):
        for _ in range(1 + (number % 2)):
            twins.add({"name": (str(number),)})

    found = twins.counts()

    assert len(twins._found) <= 256
    assert found.one_in >= 16
    assert 2_500 < found.rows < 5_800
    assert found.largest == 2


SCHEME = Scheme.load("childgrid-2")


def test_a_lone_candidate_is_scored_as_a_search_scores_it() -> None:
    """The report's short way over many draws gives what the search gives one by one."""
    drawn = Drawn(SCHEME, 10_000)
    made = [
        c.name in ("name", "given", "yob", "dob", "phone") for c in SCHEME.comparisons
    ]
    levels = drawn.levels(made)[:25]
    at = [c.name for c in SCHEME.comparisons].index("yob")
    weights = [np.append(0, np.subtract(c.match, c.chance)) for c in SCHEME.comparisons]
    parts = np.array(
        [[w[level] for w, level in zip(weights, row, strict=True)] for row in levels]
    )

    each = [
        score.second(
            SCHEME, parts[n : n + 1], levels[n : n + 1], parts[n : n + 1].sum(axis=1), 5
        )[0]
        for n in range(len(levels))
    ]

    assert alone(SCHEME, levels, 5).tolist() == each
    assert not levels[:, at].any()  # a date of birth stands for its year


def filled(**fields: float) -> Patterns:
    """A thousand rows in which each field of the scheme is filled so often."""
    random_, found = random.Random(3), Patterns()
    for _ in range(1_000):
        found.add(name for name, often in fields.items() if random_.random() < often)
    return found


def test_recall_falls_with_the_fields_that_are_empty() -> None:
    """Nothing is lost where all is filled; gaps cost, and filling brings it back."""
    name = {"name": 1.0, "given": 1.0, "skeleton": 1.0}
    mapped = ("name", "birth_date", "phone")
    full = recalls(SCHEME, filled(**name, dob=1, yob=1, phone=1), mapped)
    gaps = recalls(SCHEME, filled(**name, dob=0.5, yob=0.5, phone=0.1), mapped)

    by = {one.query: one for one in gaps}
    assert all(one.loss == 0 for one in full)
    telephone = by["name, telephone"]
    assert telephone.loss > 800
    assert telephone.gains[0][0] == "phone"
    assert telephone.now + telephone.gains[0][1] == telephone.full
    year = by["name, sex, year of birth"]
    assert year.loss > 100
    assert year.gains[0][0] == "birth_date"
    assert "name, relative, district" in by  # the name alone is looked for
    assert all(one.covered == 10_000 for one in gaps)


def test_a_source_without_rows_has_no_recall() -> None:
    """Nothing is made up where nothing was counted."""
    assert recalls(SCHEME, Patterns(), ("name",)) == ()


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Asha", "Latin"),
        ("सुनीता देवी", "Devanagari"),
        ("রহিম", "Bengali"),
        ("محمد", "Arabic"),
        ("Sunita देवी", "mixed"),
        ("José", "Latin"),
        ("12/3-4", "no letters"),
        ("१२३", "no letters"),
    ],
)
def test_the_script_of_a_text(text: str, script: str) -> None:
    """By its letters; vowel signs, digits and marks have no say."""
    assert cells.script(text) == script


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Asha", ""),
        ("अशा", ""),
        ("What?", ""),
        ("R??? K???", cells.LOST),
        ("Ra\ufffdesh", cells.LOST),
        ("à¤°à¤®à¥‡à¤¶", cells.LOST),
        ("N/A", cells.PLACEHOLDER),
        ("xxxx", cells.PLACEHOLDER),
        ("--Select District--", cells.PLACEHOLDER),
        ("पता नहीं", cells.PLACEHOLDER),
        ("----", ""),
    ],
)
def test_words_that_say_nothing(text: str, wrong: str) -> None:
    """Lost letters and placeholders; a name with a question mark is none of them."""
    assert cells.words(text) == wrong


def test_dates_with_their_doubts() -> None:
    """An age a year off is no contradiction; a year of birth that differs is one."""

    def kinds(**fields: str) -> list[str]:
        given = {name: (text,) for name, text in fields.items()}
        return [kind for _, kind in births.doubts(given, "", date(2026, 1, 1))]

    born = "05-06-1980"
    assert kinds(birth_date=born, age="43", age_as_of="01-05-2023") == []
    assert kinds(birth_date=born, age="30-45", age_as_of="01-05-2023") == []
    assert kinds(birth_date=born, age="50", age_as_of="01-05-2023") == [births.AGE]
    assert kinds(birth_date=born, birth_year="1981") == [births.YEARS]
    assert kinds(birth_date="0000-00-00") == [births.NEVER]
    assert kinds(birth_date="not known") == [births.NEVER]
    assert kinds(birth_date="35 yrs") == kinds(birth_date="31/02/1980") == []
    assert kinds(birth_date="15/08") == [births.NOT_READ]
    assert kinds(birth_date="1980") == []
    assert kinds(birth_date="") == []


@pytest.mark.parametrize(
    "text", ["1970-01-01", "1904-01-01", "0001-01-01", "01/01/1970 05:30:00"]
)
def test_an_empty_date_of_a_machine_is_counted_and_not_usable(text: str) -> None:
    """Neither is it usable for the year that stands in the row's other column."""
    mapping = Mapping.parse(MAPPING + 'birth_date = "dob"\nbirth_year = "yob"')
    tally = Tally("rows", mapping, date(2026, 1, 1), Scheme.load("childgrid-2"))
    tally.add(1, {"naam": "Asha", "dob": text, "yob": "1985"})
    found = tally.close()

    assert dict(found.dates) == {births.NEVER: 1}
    assert (found.fields["birth_date"].filled, found.fields["birth_date"].usable) == (
        1,
        0,
    )
    assert found.fields["birth_year"].usable == 1


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "0 %"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (1, 100_000, "0.1 %"),
        (99_999, 100_000, "99.9 %"),
        (1, 3, "33.3 %"),
    ],
)
def test_a_share_is_none_or_all_only_where_it_is(
    part: int, whole: int, text: str
) -> None:
    """One gap in a hundred thousand is not 100 %."""
    assert share(part, whole) == text


def test_lines_of_an_empty_report() -> None:
    """A source without rows has a report as well."""
    tally = Tally("s", Mapping.parse(MAPPING), date(2026, 1, 1), SCHEME)
    assert next(iter(spoken.lines(tally.close()))) == "s: 0 rows (police-record)"


@pytest.mark.parametrize(
    ("cells", "doubted"),
    [
        (("Rampur, Patna 800001", "Karol Bagh, Delhi 110005"), 1),
        (("Rampur, Patna 800001", "800001"), 0),
        (("Rampur", "Patna 800001"), 0),
        (("Rampur, Patna 800001", ""), 0),
    ],
)
def test_two_whole_addresses_in_one_are_doubted(
    cells: tuple[str, str], doubted: int
) -> None:
    """A present and a permanent address have two PIN codes; parts of one have one."""
    mapping = Mapping.parse(MAPPING + 'address = ["now", "home"]')
    tally = Tally("rows", mapping, date(2026, 1, 1), Scheme.load("childgrid-2"))
    tally.add(1, dict(zip(("now", "home"), cells, strict=True)))
    found = tally.close()

    assert found.fields["address"].wrong["two addresses in one row"] == doubted
    assert len(found.defects) == doubted
