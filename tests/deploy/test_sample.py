"""The shipped sample: repeatable, valid in form, and with the story planted in it."""

from __future__ import annotations

import csv
import hashlib
import re
import sqlite3
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import verhoeff
from stdnum.in_ import aadhaar

from deploy.sample import lists, numbers
from deploy.sample.agencies import QUERIES, TABLES
from deploy.sample.make import LEAST, make
from deploy.sample.people import TODAY
from deploy.sample.story import Story

AGENCIES = [table.agency for table in TABLES]
Cells = dict[str, str]


@dataclass(frozen=True)
class Sample:
    """A sample on disk with its story."""

    out: Path
    story: Story

    def rows(self, name: str) -> list[Cells]:
        """Every row of one file in `bench/`."""
        path = self.out / "bench" / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def row(self, agency: str, key: str) -> Cells:
        """The one row with this key."""
        column = str(self.mapping(agency)["key"])
        [row] = [row for row in self.rows(agency) if row[column] == key]
        return row

    def mapping(self, agency: str, folder: str = "bench") -> dict[str, Any]:
        """An agency's mapping, parsed."""
        path = self.out / folder / f"{agency}.toml"
        return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A sample of the usual size."""
    out = tmp_path_factory.mktemp("sample")
    return Sample(out, make(out))


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _columns(mapping: dict[str, Any]) -> Iterator[str]:
    """Every column that a mapping names."""
    yield mapping["key"]
    yield from (mapping[at] for at in ("updated", "event") if at in mapping)
    yield from mapping.get("where", {})
    if "role" in mapping:
        yield mapping["role"]["column"]
    for cell in [*mapping["fields"].values(), *mapping.get("disclose", {}).values()]:
        named = (
            [cell[k] for k in ("column", "as_of") if k in cell]
            if isinstance(cell, dict)
            else cell
        )
        yield from [named] if isinstance(named, str) else named


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)[-10:]


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    """One seed gives one sample, byte for byte, also over an earlier one, where other
    files stay; another seed gives other people."""
    first, again, other = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    make(again, seed=8, rows=300)
    kept = again / "police" / "node.toml"
    kept.write_text("")
    assert make(first, seed=7, rows=200) == make(again, seed=7, rows=200)
    make(other, seed=8, rows=200)
    kept.unlink()
    assert _digests(first) == _digests(again)
    same = _digests(first).items() & _digests(other).items()
    assert {name.rsplit(".", 1)[1] for name, _ in same} == {"toml"}


def test_too_small_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """A table that cannot hold the story is not begun."""
    with pytest.raises(ValueError, match=str(LEAST)):
        make(tmp_path / "out", rows=LEAST - 1)
    assert not (tmp_path / "out").exists()


def test_size_and_keys(sample: Sample) -> None:
    """Every table has the size asked for, and no key stands twice in the grid."""
    sizes = {agency: len(sample.rows(agency)) for agency in AGENCIES}
    assert sizes == dict.fromkeys(AGENCIES, 1_500)
    keys = [
        row[sample.mapping(agency)["key"]]
        for agency in AGENCIES
        for row in sample.rows(agency)
    ]
    assert len(keys) == len(set(keys)) == 7_500


@pytest.mark.parametrize("agency", [*AGENCIES, QUERIES.agency])
def test_columns_match_the_mapping(sample: Sample, agency: str) -> None:
    """Each mapping names its agency and file, and only columns that are there."""
    mapping = sample.mapping(agency)
    assert (mapping["agency"], mapping["source"]) == (agency, f"{agency}.csv")
    assert set(_columns(mapping)) <= set(sample.rows(agency)[0])


@pytest.mark.parametrize("agency", AGENCIES)
def test_an_agencys_folder_is_complete(sample: Sample, agency: str) -> None:
    """An agency's folder holds its mapping and the source that the mapping names."""
    mapping = sample.mapping(agency, agency)
    source = str(mapping["source"]).removeprefix("sqlite:///")
    held = {path.name for path in (sample.out / agency).iterdir()}
    assert held == {f"{agency}.toml", source}


def test_prisons_give_a_view_without_visitors(sample: Sample) -> None:
    """The view has every mapped column and row, and no visitor's telephone."""
    mapping = sample.mapping("prisons", "prisons")
    base = sqlite3.connect(sample.out / "prisons" / "prisons.db")
    shown = base.execute(f"SELECT * FROM {mapping['relation']}")
    columns = [column[0] for column in shown.description]
    rows = [dict(zip(columns, row, strict=True)) for row in shown]
    visited = "SELECT count(mobile_of_visitor) FROM prisoners"
    [visitors] = base.execute(visited).fetchone()
    base.close()
    assert set(_columns(mapping)) <= set(columns)
    assert "mobile_of_visitor" not in columns
    assert visitors > 100
    listed = sample.rows("prisons")
    assert [row["pid"] for row in rows] == [row["pid"] for row in listed]
    assert [row["prisoner_name"] for row in rows] == [
        row["prisoner_name"] for row in listed
    ]


def test_truth_is_whole(sample: Sample) -> None:
    """Every row has one owner; each query finds exactly its person's rows, without
    those that never enter an index; half of the queries find nothing."""
    keyed = {(row["agency"], row["record_id"]): row for row in sample.rows("truth")}
    assert len(keyed) == len(sample.rows("truth")) == 7_500
    acquitted = {
        row["entry_no"] for row in sample.rows("police") if row["status"] == "ACQUITTED"
    }
    assert acquitted
    owned: dict[str, set[str]] = {}
    for (_, key), row in keyed.items():
        owned.setdefault(row["person_id"], set()).add(key)
    queries = sample.rows("queries_truth")
    for query in queries:
        found = set(query["record_ids"].split())
        assert found == owned.get(query["person_id"], set()) - acquitted
    assert len(queries) == len(sample.rows("queries")) == 150
    assert sum(1 for query in queries if query["record_ids"]) == 75
    assert len(max((q["record_ids"].split() for q in queries), key=len)) >= 3


def test_aadhaar_numbers_are_valid(sample: Sample) -> None:
    """Every full number passes Verhoeff and begins with the range kept for tests;
    a masked one shows four digits."""
    cells = [row["uid_no"] for row in sample.rows("police") if row["uid_no"]]
    cells += [row["aadhaar"] for row in sample.rows("queries") if row["aadhaar"]]
    masked = [cell for cell in cells if cell.startswith("X")]
    full = [aadhaar.validate(cell) for cell in cells if not cell.startswith("X")]
    assert len(full) > 100
    assert all(number.startswith("9999") for number in full)
    assert masked
    assert all(re.fullmatch(r"XXXX XXXX \d{4}", cell) for cell in masked)


@given(st.integers(0, 9_999_999))
def test_any_aadhaar_is_valid(n: int) -> None:
    """Our check digit is that of an independent implementation."""
    number = numbers.aadhaar(n)
    assert len(number) == 12
    assert number[:-1] + verhoeff.calc_check_digit(number[:-1]) == number


@given(st.integers(0, numbers.PHONES - 1), st.integers(0, numbers.PHONES - 1))
def test_telephone_numbers(m: int, n: int) -> None:
    """Ten digits, a mobile's first digit, a sum that ends in nought, no two alike."""
    number = numbers.phone(n)
    assert re.fullmatch(r"[6-9]\d{9}", number)
    assert sum(map(int, number)) % 10 == 0
    assert (numbers.phone(m) == number) == (m == n)


@given(st.integers(0, 8_000_000))
def test_documents_have_their_form(n: int) -> None:
    """Passports, licences and registrations look as the issuing offices write them."""
    assert re.fullmatch(r"Y[1-9]\d{5}[1-9]", numbers.passport(n))
    assert re.fullmatch(
        r"WB\d\d(199[89]|20[012]\d)\d{7}", numbers.driving_licence(n, "WB")
    )
    assert re.fullmatch(r"WB\d\d[A-Z]{2}\d{4}", numbers.vehicle(n, "WB"))


def test_every_telephone_shows_its_origin(sample: Sample) -> None:
    """No number in any table or query is another than the generator's."""
    columns = {
        "police": "mobile",
        "customs": "phone",
        "prisons": "mobile_of_visitor",
        "childcare": "contact_no",
        "transport": "rc_mobile_no",
        "queries": "mobile",
    }
    for name, column in columns.items():
        cells = [row[column] for row in sample.rows(name) if row[column]]
        assert len(cells) > 40
        assert all(sum(map(int, _digits(cell))) % 10 == 0 for cell in cells)


def test_scripts(sample: Sample) -> None:
    """Ten scripts are declared and written as declared; prisons use three of them,
    childcare all, customs none."""
    blocks = {
        "Devanagari": "\u0900-\u097f",
        "Bengali": "\u0980-\u09ff",
        "Gurmukhi": "\u0a00-\u0a7f",
        "Gujarati": "\u0a80-\u0aff",
        "Odia": "\u0b00-\u0b7f",
        "Tamil": "\u0b80-\u0bff",
        "Telugu": "\u0c00-\u0c7f",
        "Kannada": "\u0c80-\u0cff",
        "Malayalam": "\u0d00-\u0d7f",
        "Arabic": "\u0600-\u06ff",
    }
    regions = set(lists.load().regions)
    assert {region.script for region in regions} == set(blocks)
    for region in regions:
        for token in {*region.male, *region.female, *region.surname, *region.middle}:
            assert re.fullmatch(f"[{blocks[region.script]}]+", token.native)
            assert all(re.fullmatch(r"[A-Za-z. ]+", form) for form in token.latin)
    written = {
        agency: {
            script
            for script, block in blocks.items()
            if any(re.search(f"[{block}]", row[column]) for row in sample.rows(agency))
        }
        for agency, column in (
            ("prisons", "prisoner_name"),
            ("childcare", "person_name"),
            ("customs", "passenger_name"),
        )
    }
    assert written["prisons"] == {"Devanagari", "Bengali", "Tamil"}
    assert written["childcare"] == set(blocks)
    assert not written["customs"]


def test_the_suspect_is_known_to_four(sample: Sample) -> None:
    """He stands in customs by passport, in prisons in Devanagari, in childcare as an
    accused adult in Bengali with the same telephone, in transport; never in police."""
    story = sample.story
    assert set(story.records) == {"customs", "prisons", "childcare", "transport"}
    row = {agency: sample.row(agency, key) for agency, key in story.records.items()}
    [phone] = story.suspect["phone"]
    assert re.fullmatch(r"[A-Z ]+", row["customs"]["passenger_name"])
    assert row["customs"]["passport"]
    assert _digits(row["customs"]["phone"]) == phone
    assert re.match("[\u0900-\u097f]", row["prisons"]["prisoner_name"])
    assert re.match("[\u0980-\u09ff]", row["childcare"]["person_name"])
    assert row["childcare"]["contact_no"] == phone
    assert row["childcare"]["person_role"] == "ACCUSED"
    assert int(row["childcare"]["age"]) >= 18
    born = row["transport"]["dob_yyyymmdd"]
    assert born == "".join(reversed(row["customs"]["birth_date"].split(".")))
    years = story.asked_on.year - int(born[:4])
    assert abs(years - int(story.suspect["age"][0])) <= 1
    truth = {
        (row["agency"], row["record_id"])
        for row in sample.rows("truth")
        if row["person_id"] == "suspect"
    }
    assert truth == set(story.records.items())


def test_the_decoys_are_planted(sample: Sample) -> None:
    """Brother, namesake, child and victim stand where the story says, each as near
    to the suspect as it says, and none of them is he."""
    story = sample.story
    row = {
        (one.who, one.agency): sample.row(one.agency, one.key) for one in story.decoys
    }
    his = {agency: sample.row(agency, key) for agency, key in story.records.items()}
    brother = row["brother", "transport"]
    assert brother["rc_present_address"] == his["transport"]["rc_present_address"]
    assert brother["rc_mobile_no"] == his["transport"]["rc_mobile_no"]
    assert row["brother", "prisons"]["father_name"] == his["prisons"]["father_name"]
    namesake = row["namesake", "police"]
    assert namesake["accused_name"].title() == story.suspect["name"][0]
    assert namesake["ps_district"] == story.suspect["district"][0]
    assert not {one.key for one in story.decoys} & set(story.records.values())


def test_the_protected_rows_are_planted(sample: Sample) -> None:
    """The child is a minor; the victim is a grown woman in the case's own FIR, kept
    out by her role alone although she gave the suspect's telephone."""
    story = sample.story
    child = sample.row("childcare", story.minor_record)
    assert child["person_role"] == "CHILD"
    assert int(child["age"]) < 17
    assert child["person_name"] == story.minor["name"][0]
    assert child["guardian_name"] == story.minor["relative"][0]
    victim = sample.row("police", story.victim_record)
    assert victim["role"] == "VICTIM"
    assert int(victim["age"]) >= 18
    assert victim["mobile"] == story.suspect["phone"][0]
    assert victim["accused_name"] == story.victim["name"][0]
    assert "phone" not in story.victim
    roles = [row["role"] for row in sample.rows("police") if row["fir_no"] == story.fir]
    assert sorted(roles) == ["ACCUSED", "VICTIM"]


def test_nobody_knows_the_unknown(sample: Sample) -> None:
    """No table holds the name, the father or the telephone of `unknown`; nor is the
    suspect's surname found outside what was planted."""
    cells = {
        agency: [" ".join(row.values()).casefold() for row in sample.rows(agency)]
        for agency in AGENCIES
    }
    everything = "\n".join(text for texts in cells.values() for text in texts)
    for field in ("name", "relative", "district", "phone"):
        assert sample.story.unknown[field][0].casefold() not in everything
    # Customs, transport (twice, each with the father's) and the police's namesake.
    assert sum("sarkhel" in text for texts in cells.values() for text in texts) == 4


def test_children_are_protected_by_role_or_age(sample: Sample) -> None:
    """Most rows of childcare are children or of unknown age; the roles are four, and
    police records hold both victims and a few accused minors."""
    rows = sample.rows("childcare")
    guarded = [row for row in rows if row["person_role"] == "CHILD" or not row["age"]]
    assert len(guarded) > len(rows) * 0.6
    assert {row["person_role"] for row in rows} == {
        "CHILD",
        "GUARDIAN",
        "STAFF",
        "ACCUSED",
    }
    police = sample.rows("police")
    young = [row for row in police if row["age"] and int(row["age"]) < 18]
    assert {row["role"] for row in young} == {"VICTIM", "ACCUSED"}


def test_nothing_happens_after_the_sample_was_taken(sample: Sample) -> None:
    """No event is later than the day of the sample."""
    for agency, order, separator in (
        ("police", "dmy", "-"),
        ("customs", "dmy", "."),
        ("prisons", "ymd", "-"),
        ("childcare", "dmy", "/"),
    ):
        column = sample.mapping(agency)["event"]
        for row in sample.rows(agency):
            part = dict(zip(order, map(int, row[column].split(separator)), strict=True))
            assert date(2017, 1, 1) <= date(part["y"], part["m"], part["d"]) <= TODAY
