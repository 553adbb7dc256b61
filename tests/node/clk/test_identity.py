"""Record-level encodings are clkhash's, bit for bit; so are its refusals of cells."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import numpy as np
import pyarrow as arrow
import pytest
from clkhash import clk
from clkhash import schema as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from childgrid_node.clk import (
    Encoder,
    Schema,
    TableInvalid,
    encoder,
    fields,
    filters,
    hashing,
    known,
    tokens,
)
from node.clk.documents import Document, document, rows
from node.clk.identity import for_clkhash, forget, ours, soak, theirs

SMITH = "41e7ca4d00656495930850deef9ed529b9ada1161bf7e6a8b75c2b9fba47c6be"


def single(
    kind: Document, comparison: Document, bits: Document, **hashing: Document
) -> Document:
    """A version 3 schema of one feature."""
    return {
        "version": 3,
        "clkConfig": {"l": 1024, "kdf": {"type": "HKDF"}},
        "features": [
            {
                "identifier": "field",
                "format": kind,
                "hashing": {"comparison": comparison, "strategy": bits, **hashing},
            }
        ],
    }


BIGRAMS = single({"type": "string"}, {"type": "ngram", "n": 2}, {"bitsPerToken": 15})


def parsed(made: Document) -> Schema:
    """The schema as we read it."""
    return Schema.parse(json.dumps(made))


def test_the_known_vector() -> None:
    """'smith' under the secret 'secret' has the 86 known bits."""
    (raw,) = ours(parsed(BIGRAMS), [["smith"]], "secret").bytes()

    assert sum(octet.bit_count() for octet in raw) == 86
    assert hashlib.sha256(raw).hexdigest() == SMITH


def test_thirty_random_schemas_and_ten_thousand_rows_differ_in_no_bit() -> None:
    """All versions, types, comparisons, strategies, hashes, folds and scripts."""
    found = soak(30, 10_000, seed=20_260_101)

    assert found["failures"] == 0
    assert found["records"] == 10_000
    assert found["set_bits"] > 1_000_000
    assert found["folded"] > 5
    assert all(found[f"version_{version}"] > 3 for version in (1, 2, 3))


def test_stretches_threads_and_full_stores_change_no_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is remembered, dropped, regrown or done at once never shows."""
    rng = random.Random(7)
    cases = []
    for _ in range(12):
        made = document(rng)
        table = rows(rng, made, 120)
        cases.append((made, table, theirs(for_clkhash(made), table, b"key")))
    monkeypatch.setattr(encoder, "STRETCH_ROWS", 17)
    monkeypatch.setattr(encoder, "PART_ROWS", 5)
    monkeypatch.setattr(tokens, "FIRST_KEYS", 64)
    monkeypatch.setattr(tokens, "BATCH_TOKENS", 200)
    monkeypatch.setattr(tokens, "MOST_TOKENS", 150)
    monkeypatch.setattr(filters, "FIRST_TOKENS", 8)
    monkeypatch.setattr(filters, "FIRST_MASKS", 1)
    monkeypatch.setattr(filters, "MASK_BYTES", 2_000)
    monkeypatch.setattr(filters, "SLOTS", 3)
    monkeypatch.setattr(fields, "REMEMBERED_BYTES", 0)
    monkeypatch.setattr(known, "FIRST_CELLS", 2)
    monkeypatch.setattr(known, "FIRST_CODES", 3)
    monkeypatch.setattr(known, "MOST_CODES", 60)
    for made, table, right in cases:
        for threads in (1, 4):
            mine = ours(parsed(made), table, b"key", threads)
            assert mine.bitarrays() == right


def test_an_encoder_goes_on_and_starts_anew_alike() -> None:
    """Batch after batch gives what one batch gives, and so it does after `clear`."""
    rng = random.Random(8)
    made = document(rng)
    table = rows(rng, made, 90)
    whole = ours(parsed(made), table, "key").words
    with Encoder(parsed(made), "key") as one:
        for _ in range(2):
            parts = [
                one.encode([list(c) for c in zip(*table[at : at + 30], strict=True)])
                for at in (0, 30, 60)
            ]
            assert np.array_equal(np.concatenate([p.words for p in parts]), whole)
            one.clear()


def test_each_distinct_token_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither rows that recur nor a token table that grows hash a token again."""
    monkeypatch.setattr(tokens, "FIRST_KEYS", 64)
    monkeypatch.setattr(encoder, "STRETCH_ROWS", 16)
    hashed: list[bytes] = []
    right = hashing._Blake.block

    def counted(self: Any, octets: Any, number: int) -> Any:
        hashed.extend(octets)
        return right(self, octets, number)

    monkeypatch.setattr(hashing._Blake, "block", counted)
    names = [f"name {at * at}" for at in range(400)]
    ours(parsed(BIGRAMS), [[name] for name in names], "key")

    padded = [f" {name} " for name in names]
    distinct = {p[at : at + 2].encode() for p in padded for at in range(len(p) - 1)}
    assert len(distinct) > 100
    assert sorted(hashed) == sorted(distinct)


def test_padding_is_a_space_and_like_no_other_character() -> None:
    """A gram at an end is that of a cell that has the space, and of no other."""
    table = [["b"], *([f"a{chr(code)}b"] for code in range(32, 127)), ["b b"]]
    for n in (1, 2, 3):
        made = single(
            {"type": "string"}, {"type": "ngram", "n": n}, {"bitsPerToken": 5}
        )
        assert ours(parsed(made), table, "key").bitarrays() == theirs(
            made, table, "key"
        )


def lone(made: Document, cell: str) -> Any:
    """What clkhash makes of one cell, or None if it raises."""
    try:
        return clk.generate_clks([[cell]], oracle.from_json_dict(made), "key")[0]
    except (ValueError, OverflowError):
        return None
    finally:
        forget()


def same_as_clkhash(made: Document, cell: str) -> None:
    """One cell is encoded alike, or refused by both and then left empty."""
    right = lone(made, cell)
    mine = ours(parsed(made), [[cell], [""]], "key")
    if right is None:
        assert mine.faults.rows >= 1
        assert mine.faults.listed[0][:2] == (0, "field")
        assert not mine.words[0].any()
    else:
        assert (0, "field") not in [one[:2] for one in mine.faults.listed]
        assert mine.bitarrays()[0] == right


ANY = st.text(max_size=12) | st.text("०१23 +-_.e", max_size=9)


@settings(max_examples=120, deadline=None)
@given(
    ANY | st.text(st.characters(), max_size=6),
    st.integers(1, 10),
    st.booleans(),
    st.sampled_from(["ascii", "utf-8", "utf-16", "utf-32"]),
    st.sampled_from([{"case": "upper"}, {"case": "lower"}, {"minLength": 2}, {}]),
    st.sampled_from([{}, {"missingValue": {"sentinel": "", "replaceWith": "é"}}]),
)
def test_any_string(
    cell: str,
    n: int,
    positional: bool,
    encoding: str,
    limits: Document,
    missing: Document,
) -> None:
    """Lone surrogates, the last plane, empty cells: as clkhash, or both refuse."""
    kind = {"type": "string", "encoding": encoding, **limits}
    comparison = {"type": "ngram", "n": n, "positional": positional}
    same_as_clkhash(single(kind, comparison, {"bitsPerFeature": 50}, **missing), cell)


@settings(max_examples=150, deadline=None)
@given(
    ANY | st.dates().map(str) | st.floats().map(str) | st.integers().map(str),
    st.sampled_from(
        [
            {"type": "integer"},
            {"type": "integer", "minimum": -3, "maximum": 900},
            {"type": "date", "format": "%Y-%m-%d"},
            {"type": "date", "format": "%d%m%Y"},
            {"type": "enum", "values": ["M", "0", "-"]},
            {"type": "string", "pattern": "[0-9.e-]*"},
            {"type": "string"},
        ]
    ),
    st.sampled_from(
        [
            {"type": "exact"},
            {"type": "ngram", "n": 1, "positional": True},
            {"type": "numeric", "thresholdDistance": 3, "resolution": 2},
            {
                "type": "numeric",
                "thresholdDistance": 0.7,
                "resolution": 5,
                "fractional_precision": 2,
            },
        ]
    ),
)
def test_any_cell_of_any_format(
    cell: str, kind: Document, comparison: Document
) -> None:
    """A cell is at fault exactly where clkhash stops at it."""
    same_as_clkhash(single(kind, comparison, {"bitsPerToken": 9}), cell)


def test_bad_rows_keep_their_place_and_stop_nothing() -> None:
    """Among good rows, bad ones are empty, counted and named without their cells."""
    made = single(
        {"type": "integer", "minimum": 0}, {"type": "exact"}, {"bitsPerToken": 9}
    )
    schema = parsed(made)
    cells: list[Any] = ["7", "seven", "-1", "7", None, 7]
    mine = Encoder(schema, "key").encode([cells])

    assert mine.bitarrays()[0] == mine.bitarrays()[3] == lone(made, "7")
    assert [bool(row.any()) for row in mine.words] == [1, 0, 0, 1, 0, 0]
    assert mine.faults.rows == 4
    assert [(row, fault.name) for row, _, fault in mine.faults.listed] == [
        (5, "TYPE"),
        (1, "INTEGER"),
        (2, "RANGE"),
        (4, "INTEGER"),
    ]
    assert "seven" not in repr(mine.faults)


def test_faulty_rows_are_named_in_every_stretch_and_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows are counted from the first of the table, whatever is done in one go."""
    monkeypatch.setattr(encoder, "PART_ROWS", 3)
    made = single({"type": "integer"}, {"type": "exact"}, {"bitsPerToken": 9})
    table = [["x" if row in {1, 7, 16, 29} else str(row)] for row in range(30)]
    for stretch in (16, 100):
        monkeypatch.setattr(encoder, "STRETCH_ROWS", stretch)
        mine = ours(parsed(made), table, "key")
        assert [row for row, _, _ in mine.faults.listed] == [1, 7, 16, 29]
        assert np.flatnonzero(~mine.words.any(axis=1)).tolist() == [1, 7, 16, 29]


@pytest.mark.parametrize(
    "column",
    [
        ("smith", "", "devi"),
        ["smith", None, "devi"],
        np.array(["smith", "", "devi"]),
        np.array(["smith", None, "devi"], object),
    ],
)
def test_any_sequence_of_strings_is_a_column(column: Any) -> None:
    """Lists, tuples and arrays are the same; None is an empty cell."""
    listed = ours(parsed(BIGRAMS), [["smith"], [""], ["devi"]], "key")
    mine = Encoder(parsed(BIGRAMS), "key").encode([column])

    assert np.array_equal(mine.words, listed.words)
    assert mine.faults.rows == 0


def test_arrow_columns_give_the_same_bits() -> None:
    """Chunks, slices, nulls and every script; read without making Python strings."""
    rng = random.Random(9)
    for _ in range(8):
        made = document(rng)
        table = rows(rng, made, 70)
        right = ours(parsed(made), table, "key")
        columns = [
            arrow.chunked_array([["left out", *c[:30]], [], c[30:]], kind).slice(1)
            for c, kind in zip(
                zip(*table, strict=True),
                [arrow.string(), arrow.large_string()] * 4,
                strict=False,
            )
        ]
        mine = Encoder(parsed(made), "key").encode(columns)
        assert np.array_equal(mine.words, right.words)
    nulls = [arrow.array(["smith", None, "devi"])]
    listed = ours(parsed(BIGRAMS), [["smith"], [""], ["devi"]], "key")
    mine = Encoder(parsed(BIGRAMS), "key").encode(nulls)
    assert np.array_equal(mine.words, listed.words)


@pytest.mark.parametrize("columns", [[], [["a"], ["b"]]])
def test_columns_must_be_the_schemas(columns: list[list[str]]) -> None:
    """Too few or too many columns are refused before anything is encoded."""
    with pytest.raises(TableInvalid, match="1 features but"):
        Encoder(parsed(BIGRAMS), "key").encode(columns)


def test_unequal_columns_are_refused() -> None:
    """A column that is shorter would shift its rows."""
    made = json.loads(json.dumps(BIGRAMS))
    made["features"] *= 2
    with pytest.raises(TableInvalid, match="unequal"):
        Encoder(parsed(made), "key").encode([["a", "b"], ["c"]])


def test_the_comparison_would_see_a_single_wrong_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wrong salt of the second block alone is counted as differing bits."""
    right = hashing._Blake.block

    def wrong(self: Any, octets: Any, number: int) -> Any:
        return right(self, octets, number * 2)

    monkeypatch.setattr(hashing._Blake, "block", wrong)
    assert soak(30, 300, seed=20_260_101)["differing_bits"] > 0
