"""Files of CLKs searched from the command line: the right rows, or what is wrong.

What is right is counted here bit by bit in numpy, and once more over bitarrays as
anonlink defines it; neither shares a line with the search.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import typer
from clkhash.serialization import deserialize_bitarray
from numpy.typing import NDArray
from typer.testing import CliRunner

from childgrid_node.clk import ClksInvalid, Encoded, Faults, load
from childgrid_node.clk.export import write_json
from childgrid_node.clk_command import AT_ONCE, clk, clk_search

SECRET = "QXNoYSBEZXZp"


def text(row: NDArray[np.bool_]) -> str:
    """One CLK as anonlink's JSON holds it."""
    return base64.b64encode(np.packbits(row).tobytes()).decode()


def made(rows: int, bits: int, seed: int) -> NDArray[np.bool_]:
    """Random filters, of which some are alike, some twice and one is empty."""
    random = np.random.default_rng(seed)
    found = random.random((rows, bits)) < random.uniform(0.2, 0.6, (rows, 1))
    found[rows // 2 :] = found[: rows - rows // 2]
    found[rows // 2 :] ^= random.random((rows - rows // 2, bits)) < 0.05
    found[rows - 2] = found[1]
    found[rows // 3] = False
    return found


def keep(path: Path, filters: NDArray[np.bool_]) -> Path:
    """Write a file of CLKs."""
    path.write_text(json.dumps({"clks": [text(row) for row in filters]}))
    return path


def run(rows: Path, queries: Path, *more: str) -> tuple[int, list[str], str]:
    """Run the command; its exit status, lines and what it said on standard error."""
    app = typer.Typer()
    app.command()(clk_search)
    done = CliRunner().invoke(app, [str(rows), str(queries), *more])
    return done.exit_code, done.stdout.splitlines(), done.stderr


def answers(lines: list[str]) -> list[list[tuple[int, float]]]:
    """Rows from 1 and Dice of each query; queries come in their order."""
    told = [json.loads(line) for line in lines]
    assert [one["query"] for one in told] == list(range(1, len(told) + 1))
    return [[(each["row"], each["dice"]) for each in one["found"]] for one in told]


def counted(
    rows: NDArray[np.bool_], query: NDArray[np.bool_], k: int, threshold: float
) -> list[tuple[int, float]]:
    """The same by a plain computation over every bit of every row."""
    common = (rows & query).sum(axis=1)
    dice = 2 * common / np.maximum(rows.sum(axis=1) + query.sum(), 1)
    order = np.lexsort((np.arange(len(rows)), -dice))
    kept = [at for at in order if common[at] and dice[at] >= threshold]
    return [(int(at) + 1, float(dice[at])) for at in kept[:k]]


def anonlinks(
    rows: Path, queries: Path, k: int, threshold: float
) -> list[list[tuple[int, float]]]:
    """The same by anonlink 0.15's `dice_coefficient_python`, over the files themselves.

    That also keeps rows without a common bit where the threshold is 0.
    """
    one, two = (
        [deserialize_bitarray(each) for each in json.loads(path.read_text())["clks"]]
        for path in (queries, rows)
    )
    found = []
    for f0 in one:
        count = f0.count()
        dice = [
            2 * (f0 & f1).count() / (count + f1.count()) if count else 0.0 for f1 in two
        ]
        near = [pair for pair in enumerate(dice, 1) if pair[1] >= threshold]
        found.append(sorted(near, key=lambda pair: -pair[1])[:k])
    return found


@pytest.mark.parametrize("bits", [8, 88, 512, 1_000])
@pytest.mark.parametrize("count", [3, 30])
def test_the_rows_are_those_of_a_plain_count_and_of_anonlink(
    tmp_path: Path, bits: int, count: int
) -> None:
    """Whole words and not, few queries and many: rows, order and Dice are the same."""
    table, asked = made(300, bits, 1), made(count, bits, 2)
    asked[0], asked[-1] = table[7], table[1]
    rows, queries = keep(tmp_path / "r.json", table), keep(tmp_path / "q.json", asked)
    for k, threshold in ((1, 0.0), (7, 0.5), (300, 2 / 3), (10_000, 1.0)):
        options = ("-k", str(k), "--threshold", repr(threshold))
        code, lines, _ = run(rows, queries, *options)
        found = answers(lines)

        assert code == 1, "one query is empty"
        assert found == [counted(table, one, k, threshold) for one in asked]
        if threshold:
            assert found == anonlinks(rows, queries, k, threshold)
        else:
            best = anonlinks(rows, queries, k, threshold)
            assert found == [[one for one in each if one[1]] for each in best]


def test_ten_rows_are_printed_where_nothing_is_said(tmp_path: Path) -> None:
    """More queries than are searched at once come in their order, each with its own."""
    table = made(40, 64, 3)
    asked = np.tile(table[1:4], (AT_ONCE // 3 + 10, 1))
    rows, queries = keep(tmp_path / "r.json", table), keep(tmp_path / "q.json", asked)
    code, lines, _ = run(rows, queries)

    assert code == 0
    assert len(lines) == len(asked) > AT_ONCE
    assert answers(lines) == [counted(table, one, 10, 0.0) for one in asked]


def test_what_clk_wrote_is_searched_and_a_row_at_fault_is_named(tmp_path: Path) -> None:
    """Each person finds itself first; one that was not encoded is not looked for."""
    feature = {
        "identifier": "name",
        "format": {"type": "string"},
        "hashing": {
            "comparison": {"type": "ngram", "n": 2},
            "strategy": {"bitsPerToken": 10},
        },
    }
    config = {"l": 256, "kdf": {"type": "HKDF"}}
    schema = {"version": 3, "clkConfig": config, "features": [feature]}
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    (tmp_path / "secret").write_text("correct horse\n")
    (tmp_path / "people.csv").write_text(
        "name\nAsha Devi\nto,rn\nUsha Devi\nRavi Das\n"
    )
    app = typer.Typer()
    app.command()(clk)
    names = [str(tmp_path / one) for one in ("schema.json", "people.csv", "out.json")]
    CliRunner().invoke(app, [*names, "--secret-file", str(tmp_path / "secret")])
    out = tmp_path / "out.json"
    code, lines, told = run(out, out, "-k", "2", "--threshold", "0.3")
    found = answers(lines)

    assert code == 1
    assert [one[:1] for one in found] == [[(1, 1.0)], [], [(3, 1.0)], [(4, 1.0)]]
    assert [row for row, _ in found[0]] == [1, 3]
    assert "1 rows of out.json have no bit" in told
    assert "out.json: query 2 has no bit" in told
    assert "1 queries were not looked for" in told


@pytest.mark.parametrize("bits", [8, 60, 64, 520])
def test_what_is_read_is_what_was_written(tmp_path: Path, bits: int) -> None:
    """The words of an encoding, with nothing in the bits that are too many."""
    octets = np.zeros((5, -(-bits // 64) * 8), np.uint8)
    octets[:, : -(-bits // 8)] = np.packbits(made(5, bits, 4), axis=1)
    words = octets.view("<u8").astype(np.uint64)
    write_json(tmp_path / "out.json", [Encoded(words, bits, Faults())])
    read, size = load.load(tmp_path / "out.json")

    assert size == -(-bits // 8)
    assert np.array_equal(read, words)


@pytest.mark.parametrize("threshold", ["-0.1", "1.01", "nan", "inf", "-inf"])
def test_a_threshold_that_is_no_dice_is_refused(tmp_path: Path, threshold: str) -> None:
    """NaN too, which every row would reach: it would make a hit of everybody."""
    rows = keep(tmp_path / "r.json", made(9, 64, 1))
    code, lines, told = run(rows, rows, "--threshold", threshold)

    assert (code, lines) == (2, [])
    assert "from 0 to 1" in told


@pytest.mark.parametrize("k", ["0", "-1", "10001"])
def test_rows_for_a_query_are_at_least_one_and_bounded(tmp_path: Path, k: str) -> None:
    """None asked for is a slip, and too many would fill the memory."""
    rows = keep(tmp_path / "r.json", made(9, 64, 1))
    code, lines, told = run(rows, rows, "-k", k)

    assert (code, lines) == (2, [])
    assert "-k" in told


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b'{"clks": ["%s",\n"%s"', "is not JSON from line 2 on"),
        (b"\xff\xfe\xfd", "is not JSON in UTF-8"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"clks": ["%s"], "clks": ["%s"]}', "each key once"),
        (b'["%s", "%s"]', 'is not {"clks": '),
        (b'{"clknblocks": [["%s", "1"], ["%s", "2"]]}', 'is not {"clks": '),
        (b'{"clks": {"%s": "%s"}}', 'is not {"clks": '),
        (b'{"clks": []}', "holds no CLK"),
        (b'{"clks": ["", ""]}', "CLKs of 0 bytes"),
        (b'{"clks": ["%s", "Asha!Devi"]}', "row 2 is no CLK in base64"),
        (b'{"clks": ["%s", "%s", "A"]}', "row 3 is no CLK in base64"),
        (b'{"clks": ["%s", null]}', "row 2 is no CLK in base64"),
        ('{"clks": ["%s", "आशा"]}'.encode(), "row 2 is no CLK in base64"),
        (b'{"clks": ["%s", "%s", "QXNoYQ=="]}', "row 3 has 4 bytes and row 1 has 9"),
    ],
)
@pytest.mark.parametrize("bad", ["rows.json", "queries.json"])
def test_a_file_that_is_none_is_named_with_its_row(
    tmp_path: Path, raw: bytes, says: str, bad: str
) -> None:
    """Either of the two: by its name and row, nothing printed, and no byte of it."""
    for name in ("rows.json", "queries.json"):
        (tmp_path / name).write_text(json.dumps({"clks": [SECRET]}))
    (tmp_path / bad).write_bytes(raw.replace(b"%s", SECRET.encode()))
    code, lines, told = run(tmp_path / "rows.json", tmp_path / "queries.json")

    assert (code, lines) == (2, [])
    assert told.startswith(f"childgrid-node: {bad}")
    assert says in told
    assert told.count("\n") == 1
    assert not any(word in told for word in (SECRET, "Asha", "QXNoYQ", "आशा"))


def test_files_of_two_schemas_are_not_compared(tmp_path: Path) -> None:
    """Their bits mean other things, and the common ones would be chance."""
    rows = keep(tmp_path / "rows.json", made(9, 64, 1))
    queries = keep(tmp_path / "queries.json", made(9, 72, 1))
    code, lines, told = run(rows, queries)

    assert (code, lines) == (2, [])
    assert "rows.json has CLKs of 8 bytes and queries.json of 9" in told


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """By its name alone."""
    rows = keep(tmp_path / "rows.json", made(9, 64, 1))
    code, _, told = run(rows, tmp_path / "gone.json")

    assert code == 2
    assert "gone.json cannot be read" in told
    assert str(tmp_path) not in told


def test_a_clk_may_be_as_long_as_its_bits_can_be_counted(tmp_path: Path) -> None:
    """65,528 bits are; those of one byte more would be counted wrongly."""
    most = np.ones((2, 8 * load.MOST_BYTES), np.bool_)
    rows = keep(tmp_path / "rows.json", most)
    code, lines, _ = run(rows, rows)
    assert code == 0
    assert answers(lines) == [[(1, 1.0), (2, 1.0)]] * 2

    keep(rows, np.ones((1, 8 * load.MOST_BYTES + 8), np.bool_))
    with pytest.raises(ClksInvalid, match="CLKs of 8192 bytes; give 1 to 8191"):
        load.load(rows)
