"""A source with planted defects: the report counts each, names its place, no value."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from stdnum import luhn, verhoeff

from childgrid_node.checking import Out, check_sources
from childgrid_node.config import CoordinatorConfig, NodeConfig
from childgrid_node.quality import Quality, page
from childgrid_wire.errors import ConfigurationRefused
from grid import START

MAPPING = """
agency = "ncrb"
category = "police-record"
source = "rows.csv"
key = "id"
event = "fir_date"
role = { column = "part", victim = ["VICTIM"], suspect = ["ACCUSED"] }
[fields]
name = "naam"
relative = "father"
birth_date = "dob"
age = { column = "umar", as_of = "fir_date" }
sex = "ling"
phone = "mobile"
aadhaar = "uid"
epic = "voter"
pan = "pan"
pin = "pin"
identifier = { type = "poi", number = "poi_no" }
"""
COLUMNS = (
    *("id", "naam", "father", "dob", "umar", "fir_date", "part", "ling"),
    *("mobile", "uid", "voter", "pan", "pin", "poi", "poi_no"),
)
FIRST = ("Asha", "Bina", "Chitra", "Dev", "Esha", "Farid", "Gita", "Hari")
LAST = ("Raut", "Solanki", "Toppo", "Uikey", "Vasava", "Wagh", "Xalxo", "Yadav")


def aadhaar(number: int) -> str:
    """A number with its check digit."""
    body = f"{20_000_000_000 + 7_654_321 * number}"
    return body + str(verhoeff.calc_check_digit(body))


def good(number: int) -> dict[str, str]:
    """A row in which nothing is wrong, unlike every other."""
    digits = f"{100_000 + 37 * number}"
    born = date(1960 + number % 40, 2 + number % 11, 2 + number % 27)
    return {
        "id": f"K{number:04}",
        "naam": f"{FIRST[number % 8]} {LAST[number // 8 % 8]}{'aeiou'[number % 5]}",
        "father": f"{LAST[number % 8]} {FIRST[number // 8 % 8]}",
        "dob": f"{born:%d-%m-%Y}",
        "umar": str(2023 - born.year - ((born.month, born.day) > (12, 15))),
        "fir_date": "15-12-2023",
        "part": "ACCUSED",
        "ling": "M",
        "mobile": f"98{20_000_000 + 104_729 * number}"[:10],
        "uid": aadhaar(number),
        "voter": f"ABC{digits}{luhn.calc_check_digit(digits)}",
        "pan": f"ABCPK{1_000 + number}Z",
        "pin": f"{400_001 + number}",
        "poi": "PASSPORT",
        "poi_no": f"K{1_200_000 + 991 * number}",
    }


PLANTED: dict[str, tuple[int, dict[str, str]]] = {
    "aadhaar: wrong check digit": (7, {"uid": "234123412347"}),
    "aadhaar: placeholder": (3, {"uid": "999999999999"}),
    "aadhaar: masked": (4, {"uid": "XXXX XXXX 1234"}),
    "aadhaar: wrong form": (2, {"uid": "12345"}),
    "epic: wrong check digit": (5, {"voter": "WKH1186263"}),
    "pan: not a person's": (6, {"pan": "ABCCK1234Z"}),
    "pan: wrong form": (2, {"pan": "ABCPK12"}),
    "phone: placeholder": (8, {"mobile": "9999999999"}),
    "phone: wrong form": (3, {"mobile": "12345"}),
    "pin: wrong form": (2, {"pin": "99"}),
    "sex: unknown word": (4, {"ling": "Q7"}),
    "identifier: unknown kind": (3, {"poi": "LIBRARY"}),
    "identifier: wrong form": (2, {"poi_no": "K1"}),
    "name: letters lost": (5, {"naam": "R????? K????"}),
    "relative: placeholder": (6, {"father": "UNKNOWN"}),
    "age: no age of anybody": (2, {"umar": "old"}),
    "dates: first of January": (9, {"dob": "01-01-1981", "umar": "42"}),
    "dates: date that stands for none": (4, {"dob": "01-01-1900"}),
    "dates: birth date unreadable": (3, {"dob": "99-99-99"}),
    "dates: born in the future": (2, {"dob": "05-05-2090", "umar": "", "fir_date": ""}),
    "dates: over 120 years": (2, {"dob": "05-05-1850", "umar": ""}),
    "dates: age against birth date": (5, {"dob": "05-05-1980", "umar": "25"}),
    "dates: event before birth": (
        3,
        {"dob": "05-05-1999", "fir_date": "05-05-1998", "umar": ""},
    ),
}
BASE = 60


def rows() -> tuple[list[dict[str, str]], Counter[str]]:
    """Good rows and planted ones in a fixed disorder, and how many of each defect."""
    found = [good(number) for number in range(BASE)]
    for kind, (count, change) in PLANTED.items():
        at = len(found)
        found += [good(at + n) | change for n in range(count)]
        assert kind
    random.Random(5).shuffle(found)
    return found, Counter({kind: count for kind, (count, _) in PLANTED.items()})


def configured(folder: Path) -> NodeConfig:
    """A provider with an empty folder of sources."""
    (folder / "sources").mkdir()
    return NodeConfig(
        member="ncrb",
        title="NCRB",
        state_dir=folder / "state",
        passphrase_file=folder / "passphrase",
        sources=folder / "sources",
        coordinator=CoordinatorConfig(member="hub", address="127.0.0.1:1"),
    )


@pytest.fixture
def config(tmp_path: Path) -> NodeConfig:
    """A provider of its own for one test."""
    return configured(tmp_path)


def table(config: NodeConfig, rows: list[dict[str, str]], tail: str = "") -> None:
    """Write a source and its mapping."""
    lines = [",".join(COLUMNS)] + [",".join(r[c] for c in COLUMNS) for r in rows]
    (config.sources / "rows.toml").write_text(MAPPING)
    (config.sources / "rows.csv").write_text("\n".join(lines) + "\n" + tail)


def checked(
    config: NodeConfig, rows: list[dict[str, str]], tail: str = ""
) -> tuple[bool, list[str], dict[str, object], str]:
    """What `check` answers, says, and writes as JSON and as a page."""
    table(config, rows, tail)
    out = Out(config.sources.parent / "r.html", config.sources.parent / "r.json")
    said: list[str] = []
    sound = check_sources(config, lambda: float(START), said.append, out)
    assert out.json is not None
    assert out.html is not None
    (source,) = json.loads(out.json.read_text())["sources"]
    return sound, said, source, out.html.read_text()


def planted(source: dict[str, object]) -> Counter[str]:
    """The defects that a report counts, in the names used above."""
    fields: dict[str, dict[str, dict[str, int]]] = source["fields"]  # type: ignore[assignment]
    dates: dict[str, int] = source["dates"]  # type: ignore[assignment]
    wrong = {
        f"{name}: {kind}": count
        for name, one in fields.items()
        for kind, count in one["wrong"].items()
    }
    return Counter(wrong | {f"dates: {kind}": n for kind, n in dates.items()})


@dataclass(frozen=True)
class Looked:
    """A table with planted defects, and all that `check` made of it."""

    table: list[dict[str, str]]
    expected: Counter[str]
    sound: bool
    said: list[str]
    source: dict[str, object]
    shown: str


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    """The planted table, more of one defect than are listed, and five twins."""
    table, expected = rows()
    table += [good(1_000 + n) | {"uid": "234123412347"} for n in range(30)]
    expected["aadhaar: wrong check digit"] += 30
    # Who is born in the future has no date of an event here.
    expected["dates: event holds no date"] += 2
    table += [good(n) | {"id": f"D{n}"} for n in range(5)]
    table[0]["id"] = "<script>alert(1)</script>"
    found = checked(configured(tmp_path_factory.mktemp("looked")), table)
    return Looked(table, expected, *found)


def test_every_planted_defect_is_counted_and_nothing_else(looked: Looked) -> None:
    """Exactly as many as were planted, each in its field, and no row is lost."""
    source = looked.source
    guarded: dict[str, int] = source["guarded"]  # type: ignore[assignment]

    assert looked.sound
    assert planted(source) == looked.expected
    assert source["rows"] == sum(guarded.values()) == len(looked.table)
    assert source["duplicates"] == {
        "rows": 10,
        "groups": 5,
        "largest": 2,
        "blank": 0,
        "one_in": 1,
    }


def test_defects_are_found_by_row_and_column(looked: Looked) -> None:
    """The places named are those planted; more than twenty of a kind are not listed."""
    listed: list[dict[str, object]] = looked.source["defects"]  # type: ignore[assignment]
    there = [n for n, r in enumerate(looked.table, 1) if r["pan"] == "ABCCK1234Z"]

    assert [d["row"] for d in listed if d["kind"] == "not a person's"] == there
    assert f"    row {there[0]}: not a person's, column pan" in looked.said
    assert sum(d["kind"] == "wrong check digit" for d in listed) == 20


def test_no_value_is_said_anywhere(looked: Looked) -> None:
    """Neither the terminal nor the files hold a key, a name, a number or a date."""
    told = "\n".join(looked.said) + json.dumps(looked.source) + looked.shown
    values = {value for row in looked.table for value in row.values()}
    kept = {"ACCUSED", "PASSPORT", "UNKNOWN", "LIBRARY"}

    assert not [v for v in values - kept if len(v) > 4 and v in told]


def test_unusable_rows_and_excluded_ones_are_told_with_their_reasons(
    config: NodeConfig,
) -> None:
    """Ragged, keyless, repeated and undecodable rows; victims, minors and others."""
    table = [good(n) for n in range(6)]
    table[1]["part"] = "VICTIM"
    table[2]["part"] = "GUARD"
    table[3] |= {"dob": "05-05-2015", "umar": "8"}
    table[4]["id"] = ""
    table[5]["id"] = "K0000"

    sound, said, source, _ = checked(config, table, tail="too,few\n")

    assert sound
    assert source["guarded"] == {
        "admitted": 1,
        "victim": 1,
        "role not named": 1,
        "minor at the event": 1,
    }
    assert source["unusable"] == {"missing key": 1, "duplicate key": 1, "ragged": 1}
    assert "    row 5: missing key, column id" in said
    assert "    row 6: duplicate key, column id" in said
    assert "    row 7: ragged" in said


def test_a_filter_that_keeps_nobody_out_is_told(config: NodeConfig) -> None:
    """An acquittal that the mapping spells otherwise leaves everybody in."""
    table(
        config, [good(n) | {"part": "ACCUSED" if n else "Acquitted"} for n in range(4)]
    )
    mapped = config.sources / "rows.toml"
    rules = '[where]\npart = { not_in = ["ACQUITTED"] }\nling = { not_in = [true] }\n'
    mapped.write_text(mapped.read_text() + rules)
    out = Out(config.sources.parent / "r.html", config.sources.parent / "r.json")
    said: list[str] = []
    assert check_sources(config, lambda: float(START), said.append, out)

    assert out.json is not None and out.html is not None
    (source,) = json.loads(out.json.read_text())["sources"]
    assert (source["rows"], source["filtered"]) == (3, {"part": 1, "ling": 0})
    assert "  filter: part: 1" in said
    (empty,) = (line for line in said if line.startswith("  filter: ling: 0"))
    assert "keeps nobody out" in empty
    assert "keeps nobody out" in out.html.read_text()


def test_how_a_table_can_be_followed_is_looked_at(config: NodeConfig) -> None:
    """Times missing or to come are counted; a column without any is refused."""
    base = config.sources / "rows.db"
    mapped = (config.sources / "rows.toml").write_text
    text = MAPPING.replace('"rows.csv"', '"sqlite:///rows.db"\nrelation = "rows"')
    text = text.replace('key = "id"', 'key = "id"\nupdated = "changed"')
    mapped(text)
    times = ["2024-01-01 10:00:00", "9999-12-31 00:00:00", None, "N/A"]
    with closing(sqlite3.connect(base)) as db:
        db.execute(f"CREATE TABLE rows ({', '.join((*COLUMNS, 'changed'))})")
        marks = ",".join("?" * (len(COLUMNS) + 1))
        for number, changed in enumerate(times):
            cells = [*good(number).values(), changed]
            db.execute(f"INSERT INTO rows VALUES ({marks})", cells)
        db.commit()
    said: list[str] = []
    assert check_sources(config, lambda: float(START), said.append)
    assert "  dates: updated holds no date: 2" in said
    assert "  dates: updated is still to come: 1" in said
    assert "    row 2: updated is still to come, column changed" in said

    mapped(text.replace('"changed"', '"naam"'))
    with pytest.raises(ConfigurationRefused, match="updated holds no times"):
        check_sources(config, lambda: float(START), said.append)


def test_one_source_that_cannot_be_read_does_not_hide_another(
    config: NodeConfig,
) -> None:
    """The other is reported, on the terminal and in the file, before it is refused."""
    broken = MAPPING.replace("rows.csv", "gone.csv")
    (config.sources / "broken.toml").write_text(broken)
    said: list[str] = []
    table(config, [good(1)])
    out = Out(json=config.sources.parent / "r.json")

    with pytest.raises(ConfigurationRefused, match=r"gone\.csv: cannot be opened"):
        check_sources(config, lambda: float(START), said.append, out)

    assert said[0].startswith("rows: 1 rows")
    assert out.json is not None
    (source,) = json.loads(out.json.read_text())["sources"]
    assert source["rows"] == 1


class Outline(HTMLParser):
    """What a screen reader meets: headings, tables with captions and heads."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.odd: list[str] = []
        self.language = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags[tag] += 1
        if tag == "html":
            self.language = given.get("lang") or ""
        if tag == "th" and "scope" not in given:
            self.odd.append("a head without scope")
        if tag == "svg" and given.get("aria-hidden") != "true":
            self.odd.append("a bar that is read out")
        self.odd += [n for n in given if n.startswith("on") or n in ("src", "href")]


def test_the_page_stands_alone_and_can_be_read_aloud(looked: Looked) -> None:
    """One language, one heading, captions and scopes; no script, link or picture."""
    found = Outline()
    found.feed(looked.shown)

    assert found.language == "en"
    assert found.tags["h1"] == found.tags["main"] == found.tags["title"] == 1
    assert found.tags["table"] == found.tags["caption"] >= 6
    assert found.tags["svg"] > 20
    assert not found.odd
    assert "187 (100 %)<svg" in looked.shown
    assert not found.tags["script"] | found.tags["img"] | found.tags["link"]


def test_a_column_called_like_html_is_text() -> None:
    """Names of columns and sources are an agency's own and are escaped."""
    found = Quality("<b>s</b>", "<i>", rows=1)
    found.unusable["<u>"] += 1

    shown = page.page([found], "2026-01-01")

    assert not re.search("<[biu]>", shown)
    assert "&lt;b&gt;s&lt;/b&gt;" in shown
