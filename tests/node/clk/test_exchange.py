"""From a CSV file to anonlink's JSON: every row in its place, no cell in a message."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import typer
from clkhash import clk as package
from clkhash import schema as oracle
from clkhash.serialization import serialize_bitarray
from typer.testing import CliRunner

from childgrid_node.clk import Schema, SecretInvalid, table
from childgrid_node.clk.exchange import encode_file, read_secret
from childgrid_node.clk_command import clk

SCHEMA = {
    "version": 3,
    "clkConfig": {"l": 512, "xorFolds": 1, "kdf": {"type": "HKDF"}},
    "features": [
        {"identifier": "id", "ignored": True},
        {
            "identifier": "name",
            "format": {"type": "string"},
            "hashing": {
                "comparison": {"type": "ngram", "n": 2},
                "strategy": {"bitsPerFeature": 100},
            },
        },
        {
            "identifier": "born",
            "format": {"type": "date", "format": "%d/%m/%Y"},
            "hashing": {
                "comparison": {"type": "ngram", "n": 1, "positional": True},
                "strategy": {"bitsPerToken": 12},
                "missingValue": {"sentinel": ""},
            },
        },
    ],
}
PEOPLE = [
    ["1", "सुनीता देवी", "01/02/1990"],
    ["2", 'Das, "Babu"', ""],
    ["3", "محمد اسلم", "31/12/1971"],
]
GOOD = (
    'id,name,born\n1,सुनीता देवी,01/02/1990\n2,"Das, ""Babu""",\n3,محمد اسلم,31/12/1971\n'
)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a schema, a table and a secret."""
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "people.csv").write_text(GOOD, "utf-8")
    (tmp_path / "secret").write_text("correct horse\n")
    return tmp_path


def run(desk: Path, *more: str) -> tuple[int, str]:
    """Run the command; its exit status and everything it printed."""
    app = typer.Typer()
    app.command()(clk)
    names = [str(desk / name) for name in ("schema.json", "people.csv", "out.json")]
    options = ["--secret-file", str(desk / "secret"), *more]
    done = CliRunner().invoke(app, [*names, *options])
    return done.exit_code, done.output


def expected(folds_key: str) -> list[str]:
    """What clkhash writes for the same people."""
    made = json.loads(json.dumps(SCHEMA))
    made["clkConfig"][folds_key] = made["clkConfig"].pop("xorFolds")
    read = oracle.from_json_dict(made)
    found = package.generate_clks(PEOPLE, read, "correct horse", max_workers=1)
    return [serialize_bitarray(one) for one in found]


def test_a_table_becomes_what_clkhash_would_have_written(desk: Path) -> None:
    """The same base64 in the same order; the file is its owner's alone."""
    code, told = run(desk)
    out = desk / "out.json"

    assert code == 0
    assert json.loads(out.read_text()) == {"clks": expected("xor_folds")}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "3 rows, 3 encoded, 0 at fault" in told
    assert "honoured" in told
    assert not list(desk.glob(".out.json.*"))


def test_a_partner_with_clkhashs_silent_folds_gets_the_same(desk: Path) -> None:
    """With the switch, the documented key is ignored as clkhash ignores it."""
    code, told = run(desk, "--clkhash-folds")

    assert code == 0
    assert "ignored, as clkhash" in told
    assert json.loads((desk / "out.json").read_text())["clks"] == expected("xorFolds")


def test_bad_rows_are_named_and_the_others_encoded(desk: Path) -> None:
    """A bad date, a torn row and bad bytes stop nothing; no cell is printed."""
    bad = b"4,Ravi Verma,31/02/1990\n5,torn\n6,Ana\xff,01/01/1980\n\n7,Ravi Verma,\n"
    (desk / "people.csv").write_bytes(GOOD.encode() + bad)
    code, told = run(desk)
    clks = json.loads((desk / "out.json").read_text())["clks"]

    assert code == 1
    assert clks[:3] == expected("xor_folds")
    assert len(clks) == 8
    empty = {at for at, text in enumerate(clks) if set(text) <= {"A", "="}}
    assert empty == {3, 4, 5, 6}
    assert "8 rows, 4 encoded, 4 at fault" in told
    assert "row 4, born: not a date in the schema's format" in told
    assert "row 5, the whole row: another number of cells" in told
    assert "row 6, name: cannot be written in the field's encoding" in told
    assert not any(word in told for word in ("Ravi", "31/02", "Ana", "torn", "horse"))


def test_batches_are_counted_through(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are numbered over the whole file, however it is cut."""
    lines = [f"{at},name {at},{'x' if at % 5 == 0 else ''}\n" for at in range(1, 31)]
    lines[10] = "torn\n"
    (desk / "people.csv").write_text("id,name,born\n" + "".join(lines))
    schema = Schema.read(desk / "schema.json")
    whole = encode_file(schema, desk / "people.csv", desk / "whole.json", b"k")
    batches = table.batches
    monkeypatch.setattr(
        "childgrid_node.clk.exchange.batches",
        lambda path, schema, header: batches(path, schema, header=header, size=7),
    )
    cut = encode_file(schema, desk / "people.csv", desk / "cut.json", b"k")

    assert whole == cut
    assert [row for row, _, _ in cut[1].listed] == [4, 9, 10, 14, 19, 24, 29]
    assert (desk / "cut.json").read_text() == (desk / "whole.json").read_text()


def test_columns_in_another_order_are_refused_and_nothing_is_written(
    desk: Path,
) -> None:
    """Keys belong to places: a table with moved columns would match nobody."""
    (desk / "people.csv").write_text("id,born,name\n1,01/02/1990,Ravi\n")
    (desk / "out.json").write_text("the old one")
    code, told = run(desk)

    assert code == 2
    assert "column 2 must be named 'name'" in told
    assert "Ravi" not in told
    assert (desk / "out.json").read_text() == "the old one"
    assert not list(desk.glob(".out.json.*"))


def test_a_table_without_a_header_is_read_when_said_so(desk: Path) -> None:
    """The first row then is a person."""
    (desk / "people.csv").write_text(GOOD.partition("\n")[2], "utf-8")

    assert run(desk, "--no-header")[0] == 0
    assert json.loads((desk / "out.json").read_text())["clks"] == expected("xor_folds")


@pytest.mark.parametrize("raw", [b"", b"\n", b"\r\n"])
def test_an_empty_secret_is_no_secret(desk: Path, raw: bytes) -> None:
    """An empty line would give encodings that anybody can make."""
    (desk / "secret").write_bytes(raw)
    code, told = run(desk)

    assert code == 2
    assert "holds no secret" in told
    assert not (desk / "out.json").exists()


def test_only_the_line_end_is_taken_off_a_secret(desk: Path) -> None:
    """Spaces and inner line ends belong to it; an absent file is told by name."""
    (desk / "secret").write_bytes(b" two\nlines \r\n")

    assert read_secret(desk / "secret") == b" two\nlines "
    with pytest.raises(SecretInvalid, match="gone cannot be read"):
        read_secret(desk / "gone")


def test_an_invalid_schema_stops_before_the_table_is_read(desk: Path) -> None:
    """The key is named; nothing is written."""
    (desk / "schema.json").write_text(json.dumps({**SCHEMA, "version": 9}))
    (desk / "people.csv").unlink()
    code, told = run(desk)

    assert code == 2
    assert "linkage schema: version" in told
    assert not (desk / "out.json").exists()
