"""Whole columns give the rows that one person at a time gives, bit for bit."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Mapping as AnyMapping

import numpy as np
import pyarrow as arrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childgrid_node.bulk import BatchEncoder, Fault, batch, people
from childgrid_node.encode import Encoder
from childgrid_node.index_errors import EncodingError
from childgrid_node.mapping import Mapping
from childgrid_node.normalise import BLOOM, EXACT, Normaliser, tokens_of
from childgrid_node.scheme import Scheme

KEY = hashlib.sha256(b"a linkage key for tests").digest()
GRID, TINY = Scheme.load("childgrid-2"), Scheme.load("test-1")
WHOLE = Mapping.parse(
    """
    agency = "test"
    source = "test.csv"
    key = "id"
    [fields]
    name = ["given", "surname"]
    alias = ["alias", "nick"]
    relative = ["father", "mother"]
    birth_date = ["day", "month", "year"]
    birth_year = "yob"
    age = { column = "age", as_of = "seen" }
    sex = "sex"
    address = ["line1", "line2"]
    district = "district"
    state = "state"
    pin = "pin"
    phone = ["mobile", "other"]
    aadhaar = "uid"
    pan = "pan"
    vehicle = "vehicle"
    email = "email"
    fir = "fir"
    handle = ["handle", "page"]
    upi = "upi"
    cnr = "cnr"
    epic = "epic"
    identifier = { type = "doc", number = "doc_no" }
    """
)
PLAIN = Mapping.parse(
    """
    agency = "plain"
    source = "plain.csv"
    key = "id"
    [fields]
    name = "given"
    birth_date = "dob"
    passport = "passport"
    driving_licence = "licence"
    """
)
NAMES = [
    *("murugan", "Ramesh Kumar", "R. K. Singh", "K", "Ram", "SMT. SITA DEVI", "c"),
    *("Raju @ Rakesh s/o Mohan", "Anita d/o Ram Lal r/o Bhilwara", "Md. Aslam"),
    *("सुनीता देवी", "রহিম শেখ", "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "હસમુખભાઈ પટેલ", "ପ୍ରତିମା", "முருகன்"),
    *("వెంకటేశ్వర రావు", "ಮಂಜುನಾಥ", "ഉണ്ണിക്കൃഷ്ണൻ", "محمد اسلم", "unknown", "Ali(Bablu)"),
    *("Sita w/o Ram", "श्री राम पुत्र मोहन", "A B C D E F G H I J", "=x", "\ud800", "o/s"),
    *("Sunita Ramesh Patil", "Bharatbhai Keshavbhai", "Rama Rao", "Rina Akter"),
    "Arun Vijay Selva Kavi Mani Bala Guru Siva Mathi Ezhil Amudhan Nila",
    *(
        "W/o.Devaki",
        "c/oOm Prakash",
        "M. Devi F: Ram",
        "மாரி (எ) முத்து",
        "கோகிலா க/பெ. வேலு",
    ),
    *(
        "K. V. (L) Tomba",
        "ಕೆ.ವಿ. ಮಂಜುಳಾ",
        "SP Rana",
        "Noor ul Amin",
        "Nizam Uddin",
        "FNU PASANG",
    ),
    *(
        "عبد الغفور",
        "राम0 स्व० मोहन",
        "SURESHKUMARSHARMA",
        "de Souza",
        "Pandit Ram Ojha",
        "(name",
    ),
    *(
        "Khetaram @ Om Prakash bin Hari",
        "Baby",
        "Md Abdul Kader Ram Prasad Singh Om Lal Das",
    ),
]
PLACES = [
    *("Village Ekauni, District Buxar", "12/3 M.G. Road, Pune 411001", "कोटा, राजस्थान"),
    *("Buxar", "Bihar", "U.P.", "Yamuna Nagar", "Distt Cochin, KERALA", "110001"),
    *("560 001", "#16, LAKE ROAD, CHHANA, ALMORA, UK", "Meerut District", "சென்னை"),
    *("Aurangabad", "औरंगाबाद", "MH", "बिहार", "MP", "Bilaspur (C.G.)", "Vijsyapura"),
    *("Rampur", "24PGS(N)", "East District", "HR", "None"),
    *("Ranchi, Bihar", "Hamirpur", "Delhi-52", "21", "Kamrup (M)", "जि. बीड", "Other"),
    *("#7, 2nd Cross, II Main, Delhi - 110052", "Dist. Luhiana", "Punjab", "KA"),
]
DATES = [
    *("15/08/1984", "01-01-1952", "1984", "84", "8", "15 Aug 1984", "१५/०८/१९८४", "00"),
    *(
        "34 yrs",
        "30-35",
        "6 months",
        "1-1-99999999999999999999",
        "፩-5-1980",
        "20260101",
    ),
    "9" * 5000,
    *("3 ऑक्टोबर 1979", "1990-04-02T18:30:00Z", "31/02/88", "25Y 3M", "बहत्तर वर्ष"),
]
NUMBERS = [
    *("9812345670", "+91 98123-45670", "098123 45670 / 9812345671", "0000000000"),
    *(
        "2345 6789 0124",
        "XXXX XXXX 0124",
        "ABCPD1234E",
        "abcpd 1234 e",
        "DL 1 CAB 1234",
    ),
    *(
        "TS23LH0034",
        "22BH1234AA",
        "a@gmail.com, b.c+d@googlemail.com",
        "12/2020 PS Kota",
    ),
    *(
        "IND KA01AB0000",
        "यूपी 32 सीएम 5521 काली",
        "FB: mala.das",
        "0141-2567081/92",
        "A-1234568 dt 1/2/2011",
        "मु0अ0सं0 12/20 थाना कोटा",
        "wa.me/919812345670",
        "N4167078",
        "1111111111",
        "9812345670.0",
        "\ud800@x.in",
        "١٢٣",
    ),
]
KINDS = [
    "Aadhaar",
    "PAN Card",
    "Passport No",
    "Voter ID",
    "library card",
    "Telegram",
    "WhatsApp",
    "",
    "DL",
    "\n",
]


def column_cells(name: str) -> list[str]:
    """What may stand in a column."""
    if name in ("given", "surname", "alias", "nick", "father", "mother"):
        return NAMES
    if name in ("line1", "line2", "district", "state", "pin"):
        return PLACES
    if name in ("day", "month", "year", "dob", "yob", "age", "seen"):
        return DATES
    if name == "sex":
        return ["M", "female", "पुरुष", "1 - Male", "म०", "02", "?", *NAMES[:2]]
    return KINDS if name == "doc" else NUMBERS


BORN = Mapping.parse(
    """
    agency = "born"
    source = "born.csv"
    key = "id"
    [fields]
    birth_date = "dob"
    birth_year = "yob"
    age = { column = "age", as_of = "seen" }
    """
)
BIRTHS = [
    *("", "1984-08-14T18:30:00Z", "31/02/1984", "01/01/1984", "15 श्रावण 1906 शक", "NA"),
    *(
        "2041/03/12 BS",
        "35 yrs",
        "Aged 8 months",
        "5 days",
        "15/08/1984 approx",
        "30909",
    ),
    *("Fifteenth August Nineteen Eighty Four", "460319400000", "/Date(460319400000)/"),
    *(
        "/Date(99999999999999)/",
        "9999 saka",
        "31-12-2099T23:00:00Z",
        "1/1/1800",
        "Feb 84",
    ),
]
AGES = [
    *(
        "",
        "34",
        "0",
        "34Y 5M",
        "5 days",
        "8 months",
        "30-35",
        "18-60",
        "below 18",
        "9M",
    ),
    *(
        "15/08/1984",
        "1984",
        "seventy two",
        "01/01/1984",
        "01/01/1970",
        "1970-01-01",
        "99999 days",
        "1439 months",
        "x",
    ),
]


def test_every_writing_of_a_birth_is_read_alike() -> None:
    """A date or age in whichever column, with each other and a date of the record."""
    encoder = Encoder(GRID, KEY, 1)
    bulk = BatchEncoder(encoder, BORN)
    days = ["", "10/09/2022", "2022-09-09T20:00:00Z", "1/1/1800", "31/12/2099", "44814"]
    days += ["2020", "March 2020", "123/2020", "2019-20", "1985/2020"]
    rows = list(itertools.product(BIRTHS, ["", "1990", "BS 2047"], AGES, days))
    columns = dict(
        zip(
            ("dob", "yob", "age", "seen"),
            map(list, zip(*rows, strict=True)),
            strict=True,
        )
    )
    found = bulk.encode(columns, len(rows))

    assert not found.faults
    for row in range(0, len(rows), 5):
        expected = one_by_one(encoder, BORN, columns, row)
        assert np.array_equal(expected, found.encodings[row]), rows[row]


def drawn(
    rng: random.Random, columns: tuple[str, ...], count: int
) -> dict[str, list[str]]:
    """Return random columns, a third of their cells empty."""
    return {
        name: [
            rng.choice(column_cells(name)) if rng.random() < 0.67 else ""
            for _ in range(count)
        ]
        for name in columns
    }


def one_by_one(
    encoder: Encoder, mapping: Mapping, columns: AnyMapping[str, list[str]], row: int
) -> np.ndarray:
    """Return the reference's encoding of one row."""
    values = {name: cells[row] for name, cells in columns.items()}
    return encoder.encode(tokens_of(Normaliser().person(values, mapping)))


@pytest.mark.parametrize("scheme", [GRID, TINY], ids=lambda one: one.name)
@pytest.mark.parametrize("mapping", [WHOLE, PLAIN], ids=lambda one: one.agency)
def test_columns_give_the_rows_of_one_at_a_time(
    scheme: Scheme, mapping: Mapping
) -> None:
    """Ten scripts, marks inside names, all fields, several batches, every row."""
    encoder = Encoder(scheme, KEY, 3)
    bulk = BatchEncoder(encoder, mapping)
    rng = random.Random(f"{scheme.name} {mapping.agency}")
    compared = 0
    for count in (1, 400, 0, 300):
        columns = drawn(rng, bulk.columns, count)
        found = bulk.encode(columns, count)
        faulty = {fault.row for fault in found.faults}
        for row in set(range(count)) - faulty:
            expected = one_by_one(encoder, mapping, columns, row)
            assert np.array_equal(expected, found.encodings[row]), row
            compared += 1

    assert compared > 250


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.text(max_size=24)] * 4), min_size=1, max_size=6))
def test_any_text_is_read_alike_or_is_a_fault(rows: list[tuple[str, ...]]) -> None:
    """No text stops a batch; what is no fault is what the reference gives."""
    encoder = Encoder(GRID, KEY, 1)
    bulk = BatchEncoder(encoder, PLAIN)
    columns = dict(zip(bulk.columns, map(list, zip(*rows, strict=True)), strict=True))
    found = bulk.encode(columns, len(rows))
    faulty = {fault.row for fault in found.faults}

    for row in set(range(len(rows))) - faulty:
        expected = one_by_one(encoder, PLAIN, columns, row)
        assert np.array_equal(expected, found.encodings[row])


def test_a_cell_that_cannot_be_read_counts_as_empty_and_is_told() -> None:
    """The row keeps its place and its other evidence; the fault names no value."""
    bulk = BatchEncoder(Encoder(GRID, KEY, 1), WHOLE)
    names = ["Anita Das", "Anita Das", "Anita Das", "Anita Das"]
    columns = {"given": names, "email": ["", "\ud800@x.in", "", ""]}
    columns["yob"] = ["", "", 7, None]  # type: ignore[list-item]
    found = bulk.encode(columns, 4)

    assert found.faults == [Fault(1, "email"), Fault(2, "birth_year")]
    assert (found.encodings == found.encodings[0]).all()
    assert found.encodings[0].any()


def test_what_is_remembered_is_bounded_and_forgetting_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Past the bound everything is forgotten between batches; clear leaves nothing."""
    monkeypatch.setattr(batch, "MOST_CELLS", 40)
    encoder = Encoder(GRID, KEY, 1)
    small, fresh = BatchEncoder(encoder, WHOLE), BatchEncoder(encoder, WHOLE)
    rng = random.Random(5)
    for _ in range(12):
        columns = drawn(rng, small.columns, 12)
        found = small.encode(columns, 12)
        fresh.clear()
        assert np.array_equal(found.encodings, fresh.encode(columns, 12).encodings)
        assert small.remembered() < 400
    small.clear()

    assert small.remembered() <= 1


def test_more_words_than_a_record_holds_are_not_lost() -> None:
    """A crowded row goes the reference's way."""
    encoder = Encoder(GRID, KEY, 1)
    bulk = BatchEncoder(encoder, WHOLE)
    kin = " ".join(f"{a}{b}ndro" for a in "bdgklmp" for b in "aiu")
    columns = {name: [""] * 2 for name in bulk.columns} | {
        "given": [NAMES[-1], "Anita"],
        "father": ["Nila", kin],
    }
    found = bulk.encode(columns, 2).encodings

    assert len(NAMES[-1].split()) > people.OWN
    for row in range(2):
        expected = one_by_one(encoder, WHOLE, columns, row)
        assert np.array_equal(expected, found[row])


def test_absent_columns_and_nulls_are_empty() -> None:
    """A source without a mapped column, or with nulls, gives less evidence."""
    bulk = BatchEncoder(Encoder(GRID, KEY, 1), PLAIN)

    assert not bulk.encode({"given": [None, ""]}, 2).encodings.any()
    assert not bulk.encode({}, 2).encodings.any()


def test_arrow_columns_give_what_lists_give() -> None:
    """Arrow arrays, with nulls and chunks, are columns too."""
    encoder = Encoder(GRID, KEY, 1)
    columns = {"given": ["Anita Das", "", "मोहन"], "passport": ["N4167078", "", ""]}
    arrays = {name: arrow.array([c or None for c in x]) for name, x in columns.items()}
    arrays["given"] = arrow.chunked_array([arrays["given"][:1], arrays["given"][1:]])
    one, two = (BatchEncoder(encoder, PLAIN).encode(x, 3) for x in (columns, arrays))

    assert np.array_equal(one.encodings, two.encodings)


def test_a_scheme_without_one_of_our_fields_is_refused() -> None:
    """Silent loss of evidence would be a wrong answer later."""
    raw = GRID.raw.replace(b'"cnr"', b'"crn"')
    encoder = Encoder(Scheme.parse(raw), KEY, 1)

    with pytest.raises(EncodingError, match="cnr"):
        BatchEncoder(encoder, PLAIN)
    assert {*BLOOM, *EXACT} == set(GRID.layout.places)
