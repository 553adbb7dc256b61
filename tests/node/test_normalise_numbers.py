"""Numbers and codes as clerks of all states write them, and what must stay apart."""

from __future__ import annotations

import csv
import string
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from childgrid_node.mapping import Mapping
from childgrid_node.normalise import from_fields, numbers, plain, tokens, tokens_of
from childgrid_node.normalise.codes import legible

GOLDEN = Path(__file__).with_name("golden_numbers.csv")
with GOLDEN.open(encoding="utf-8", newline="") as _stream:
    ROWS = list(csv.DictReader(_stream))


def forms(field: str, text: str) -> set[str]:
    """The canonical forms that a cell of a field holds."""
    if field == "sex":
        return {numbers.sex(text)} - {""}
    return set(numbers.READERS[field](text))


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row['field']}-{row['left']}-{row['right']}"
)
def test_golden_number(row: dict[str, str]) -> None:
    """Two writings of a number agree, two numbers do not, and a filler is nothing."""
    left, right = (forms(row["field"], row[side]) for side in ("left", "right"))

    if row["verdict"] == "nothing":
        assert not left
        assert not right
    else:
        assert bool(left & right) is (row["verdict"] == "agree")


def test_the_golden_numbers_speak_for_every_field_and_verdict() -> None:
    """Each kind of number has pairs that agree and pairs that state nothing."""
    agreeing = {row["field"] for row in ROWS if row["verdict"] == "agree"}
    empty = {row["field"] for row in ROWS if row["verdict"] == "nothing"}

    assert agreeing >= {*numbers.READERS, "sex"}
    assert empty >= {*numbers.READERS, "sex"} - {"cnr"}


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row["field"] in numbers.READERS],
    ids=lambda row: f"{row['field']}-{row['left']}",
)
def test_a_form_is_its_own_form_and_a_column_is_read_like_its_cells(
    row: dict[str, str],
) -> None:
    """Reading a canonical form gives it again, one at a time and many at a time."""
    field, texts = row["field"], [row["left"], row["right"]]
    found = [numbers.READERS[field](text) for text in texts]

    assert plain.read(field, texts) == found
    for form in {form for one in found for form in one}:
        assert numbers.READERS[field](form) == (form,)


@given(
    st.sampled_from(sorted(numbers.READERS)),
    st.text(alphabet=string.printable + "०१२३अकएसीনंথ।॰०மஎண்థ", max_size=40),
)
@example("fir", "मु0अ0सं0 1/20 थाना")
@example("fir", "1/20 ps -")
@example("handle", "fb://")
@example("upi", "%")
def test_no_text_stops_a_reader(field: str, text: str) -> None:
    """Whatever stands in a cell, reading it ends, and its forms are their own forms."""
    for form in numbers.READERS[field](text):
        assert numbers.READERS[field](form) == (form,)


@pytest.mark.parametrize("field", sorted(numbers.READERS))
@pytest.mark.parametrize(
    "text",
    [
        *("NA", "N.A.", "Nil", "nil", "None", "Not known", "Unknown", "-", "--", "0"),
        *("000000000000", "Applied for", "not available", "नहीं", "निरंक", "लागू नहीं"),
        *("नोट अवेलेबल", "জানা নেই", "ਨਹੀਂ", "નથી", "ନାହିଁ", "இல்லை", "లేదు", "ಇಲ್ಲ"),
        *("ഇല്ല", "نامعلوم", "XXXXXXXXXX", "?", "same as above", "lost"),
    ],
)
def test_what_says_nothing_is_no_number(field: str, text: str) -> None:
    """Two cells that say "none" must not agree."""
    assert numbers.READERS[field](text) == ()


@pytest.mark.parametrize(
    "text",
    [
        *("ಪುರುಷ", "male.", "M", "पुरुष (1)", "1-Male", "Purush", "ପୁଂ", "மரு", "மகன்"),
    ],
)
def test_a_sex_is_never_the_other(text: str) -> None:
    """A word for a man is never read as one for a woman."""
    assert numbers.sex(text) != "f"


@pytest.mark.parametrize("field", sorted(numbers.READERS))
def test_a_story_of_pages_is_read_alike_and_only_at_its_beginning(field: str) -> None:
    """A number far behind in a long cell is left alone, in a column as in a row."""
    text = next(row["left"] for row in ROWS if row["field"] == field)
    cells = [f"{text}{' ' * 3000}", f"{' ' * 3000}{text}"]

    assert plain.read(field, cells) == [numbers.READERS[field](c) for c in cells]
    assert forms(field, cells[0])
    assert not forms(field, cells[1])


def test_letters_are_read_as_letters_only_where_a_word_is_made_of_them() -> None:
    """A name in Devanagari is no row of Latin letters."""
    assert legible("यूपी ३२ सीएम 5521") == "UP 32 CM 5521"
    assert legible("सीता देवी") == "सीता देवी"
    assert legible("केरल") == "केरल"


def test_a_case_without_its_station_agrees_with_none() -> None:
    """A number and a year alone are those of a thousand stations."""
    bare = from_fields({"fir": ["FIR No. 88/2019"]})
    placed = from_fields({"fir": ["FIR No. 88/2019 PS Bhosari"]})

    assert "fir" not in tokens_of(bare)
    assert tokens_of(placed)["fir"] == ("88/2019=bsri",)


@pytest.mark.parametrize(
    "cells",
    [
        {"no": "388/2019", "ps": "Bhosari", "district": "Pune"},
        {"no": "0388", "year": "2019", "ps": "भोसरी", "district": "पुणे"},
        {"no": "2019/388", "ps": "Bhosari PS", "district": "Dist. Pune"},
        {"no": "388", "year": "2019", "ps": "Bhosari"},
    ],
)
def test_a_case_in_columns_is_the_case_in_one_cell(cells: dict[str, str]) -> None:
    """Number, year, station and district in this order, however many columns."""
    mapping = Mapping.parse(
        'agency = "a"\ncategory = "police-record"\nsource = "a.csv"\nkey = "id"\n'
        f"[fields]\nfir = {list(cells)}"
    )
    whole = from_fields({"fir": ["CR No. I-388/2019 Bhosari P.S."]})

    assert tokens(cells, mapping) == tokens_of(whole) != {}


@pytest.mark.parametrize(
    ("text", "field", "form"),
    [
        ("Instagram: zo_rider.9", "handle", "instagram:zo_rider.9"),
        ("Facebook: https://fb.com/mala.das", "handle", "facebook:maladas"),
        ("WhatsApp: +91 94130 27756", "phone", "9413027756"),
        ("Aadhaar No:: 5921 4083 7767", "aadhaar", "592140837767"),
        ("ID: PAN: CKQPS5531L", "pan", "CKQPS5531L"),
        ("Driving Licence: DL-0820140061172", "driving_licence", "DL0820140061172"),
    ],
)
def test_a_type_says_the_field_and_the_platform(
    text: str, field: str, form: str
) -> None:
    """What the type's column knows of a name on a platform is not lost."""
    assert tokens_of(from_fields({"identifier": [text]}))[field] == (form,)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        *((t, "aadhaar") for t in ("Aadhaar/UID", "Aadhaar No. (UID)", "e-Aadhaar")),
        *((t, "aadhaar") for t in ("AdhaarCard", "UID / Aadhar Card No.")),
        *((t, "epic") for t in ("Voter ID/EPIC", "Voter's Identity Card")),
        *((t, "pan") for t in ("PAN/GIR", "Income Tax PAN Card", "e-PAN")),
        *((t, "driving_licence") for t in ("Drivers License", "Driver's Licence")),
        *((t, "") for t in ("Aadhaar/PAN", "PAN / Form 60", "GIR", "Passport or DL")),
    ],
)
def test_a_type_may_be_said_twice_but_not_be_two(text: str, field: str) -> None:
    """What might be either of two kinds is neither."""
    assert numbers.kind(text) == field
