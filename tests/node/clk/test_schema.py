"""Linkage schemas are read strictly, and an error names the key to mend."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from clkhash import schema as oracle

from childgrid_node.clk import Schema, SchemaInvalid
from childgrid_node.clk.schema import (
    Exact,
    Feature,
    Hash,
    Ignored,
    Ngram,
    Numeric,
    Strategy,
)
from node.clk.documents import Document, document
from node.clk.identity import ours

FIRST: Document = {
    "version": 1,
    "clkConfig": {
        "l": 1024,
        "k": 20,
        "hash": {"type": "doubleHash", "prevent_singularity": True},
        "kdf": {"type": "HKDF"},
    },
    "features": [
        {"identifier": "row", "ignored": True},
        {
            "identifier": "name",
            "format": {"type": "string"},
            "hashing": {"ngram": 2, "weight": 0.5},
        },
        {
            "identifier": "sex",
            "format": {"type": "enum", "values": ["M", "F"]},
            "hashing": {"ngram": 1, "weight": 0},
        },
    ],
}
THIRD: Document = {
    "version": 3,
    "clkConfig": {"l": 1024, "kdf": {"type": "HKDF", "salt": "c2FsdA=="}},
    "features": [
        {
            "identifier": "age",
            "format": {"type": "integer", "minimum": 0},
            "hashing": {
                "comparison": {
                    "type": "numeric",
                    "thresholdDistance": 0.5,
                    "resolution": 2,
                    "fractional_precision": 1,
                },
                "strategy": {"bitsPerFeature": 100},
                "hash": {"type": "blakeHash"},
            },
        },
        {
            "identifier": "born",
            "format": {"type": "date", "format": "%Y-%m-%d"},
            "hashing": {
                "comparison": {"type": "exact"},
                "strategy": {"bitsPerToken": 30},
            },
        },
    ],
}


def parsed(made: Document, **how: Any) -> Schema:
    """The schema as we read it."""
    return Schema.parse(json.dumps(made), **how)


def changed(made: Document, path: str, value: Any) -> Document:
    """A copy with one key set, or removed if the value is `...`."""
    made = deepcopy(made)
    *inner, last = path.split("/")
    place: Any = made
    for key in inner:
        place = place[int(key) if key.isdigit() else key]
    if value is ...:
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = value
    return made


def test_three_versions_become_one_form() -> None:
    """Weights become insertions, a weight of nothing an ignored column."""
    first, third = parsed(FIRST), parsed(THIRD)

    row, name, sex = first.features
    assert row == Ignored("row")
    assert sex == Ignored("sex")
    assert isinstance(name, Feature)
    assert name.comparison == Ngram(2)
    assert name.strategy == Strategy(10, "token")
    assert name.hash == Hash("doubleHash", True)
    age, born = third.features
    assert isinstance(age, Feature)
    assert isinstance(born, Feature)
    assert age.comparison == Numeric(5, 2, 1)
    assert born.comparison == Exact()
    assert born.hash == Hash("blakeHash")
    assert third.kdf.salt == b"salt"


KDF = "clkConfig/kdf"
AGE = "features/0/hashing"


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("version", 4, "version"),
        ("version", True, "version"),
        ("clkConfig", ..., "clkConfig"),
        ("clkConfig/l", ..., "clkConfig/l"),
        ("clkConfig/l", 1000, "clkConfig/l"),
        ("clkConfig/l", 2**21, "clkConfig/l"),
        ("clkConfig/l", "1024", "clkConfig/l"),
        ("clkConfig/length", 3, "clkConfig/length"),
        ("clkConfig/xorFolds", -1, "clkConfig/xorFolds"),
        ("clkConfig/xorFolds", 12, "clkConfig/xorFolds"),
        ("clkConfig/xor_folds", 1.5, "clkConfig/xor_folds"),
        (f"{KDF}/type", "legacy", f"{KDF}/type"),
        (f"{KDF}/hash", "MD5", f"{KDF}/hash"),
        (f"{KDF}/salt", "no base64!", f"{KDF}/salt"),
        (f"{KDF}/keySize", 65, f"{KDF}/keySize"),
        (f"{KDF}/keySize", 2041, f"{KDF}/keySize"),
        ("features", [], "features"),
        ("features/1", "born", "features/1"),
        ("features/1/identifier", ..., "features/1/identifier"),
        ("features/1/format/format", "%Q", "features/1/format/format"),
        ("features/1/format/format", "%Y%Y", "features/1/format/format"),
        ("features/1/format/pattern", "x", "features/1/format/pattern"),
        ("features/0/format/minimum", "0", "features/0/format/minimum"),
        (f"{AGE}/hash/type", "sha1", f"{AGE}/hash/type"),
        (f"{AGE}/hash/prevent_singularity", True, f"{AGE}/hash/prevent_singularity"),
        (f"{AGE}/strategy", {}, f"{AGE}/strategy"),
        (f"{AGE}/strategy/bitsPerToken", 3, f"{AGE}/strategy"),
        (f"{AGE}/strategy/bitsPerFeature", 0, f"{AGE}/strategy/bitsPerFeature"),
        (f"{AGE}/comparison/n", 2, f"{AGE}/comparison/n"),
        (f"{AGE}/comparison/resolution", 0, f"{AGE}/comparison/resolution"),
        (
            f"{AGE}/comparison/thresholdDistance",
            0.01,
            f"{AGE}/comparison/thresholdDistance",
        ),
        (f"{AGE}/missingValue", {}, f"{AGE}/missingValue/sentinel"),
        (f"{AGE}/weight", 1, f"{AGE}/weight"),
    ],
)
def test_an_invalid_schema_names_the_key(path: str, value: Any, key: str) -> None:
    """Each mistake is told with the path of the key that has it."""
    with pytest.raises(SchemaInvalid) as caught:
        parsed(changed(THIRD, path, value))
    assert caught.value.key == key
    assert key in str(caught.value)


@pytest.mark.parametrize(
    "raw", ["", "[]", "{", '{"version": NaN}', '{"version": 3, "version": 3}', b"\xff"]
)
def test_what_is_no_json_object_is_refused(raw: str | bytes) -> None:
    """Neither a broken document nor one that says a thing twice is read."""
    with pytest.raises(SchemaInvalid):
        Schema.parse(raw)


def test_a_schema_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    """The message names the file, not its folder."""
    with pytest.raises(SchemaInvalid, match=r"gone\.json cannot be read"):
        Schema.read(tmp_path / "gone.json")


def test_the_most_features_are_those_hkdf_has_keys_for() -> None:
    """63 features fit SHA256 and 64-byte keys, 64 do not; SHA512 takes them."""
    one = THIRD["features"][0]
    most = changed(THIRD, "features", [one] * 63)
    more = changed(THIRD, "features", [one] * 64)

    assert len(parsed(most).features) == 63
    with pytest.raises(SchemaInvalid, match="keySize"):
        parsed(more)
    assert len(parsed(changed(more, f"{KDF}/hash", "SHA512")).features) == 64


def test_folds_count_under_either_name_unless_told_to_be_silent() -> None:
    """`xorFolds` folds and says so; clkhash's silence is there for who asks."""
    documented = changed(THIRD, "clkConfig/xorFolds", 1)
    read = changed(THIRD, "clkConfig/xor_folds", 1)
    both = changed(documented, "clkConfig/xor_folds", 2)

    assert parsed(documented).folds == 1
    assert "honoured" in parsed(documented).notes[0]
    assert (parsed(read).folds, parsed(read).notes) == (1, ())
    with pytest.raises(SchemaInvalid, match="xorFolds"):
        parsed(both)
    assert parsed(documented, folds="clkhash").folds == 0
    assert "ignored" in parsed(documented, folds="clkhash").notes[0]
    assert parsed(both, folds="clkhash").folds == 2
    row = [["30", "1990-12-31"]]
    folded = ours(parsed(documented), row, "key")
    assert folded.bitarrays() == ours(parsed(read), row, "key").bitarrays()
    assert folded.bitarrays() != ours(parsed(THIRD), row, "key").bitarrays()


def test_salts_secrets_and_places_change_every_bit_string() -> None:
    """Keys depend on salt, secret and the column's place, and never show."""
    moved = changed(THIRD, "features", THIRD["features"][::-1])
    row = [["30", "1990-12-31"]]
    one = ours(parsed(THIRD), row, "key").bytes()

    assert one != ours(parsed(THIRD), row, "another key").bytes()
    assert one != ours(parsed(changed(THIRD, f"{KDF}/salt", "")), row, "key").bytes()
    assert one != ours(parsed(moved), [row[0][::-1]], "key").bytes()


def mutations(rng: random.Random) -> list[Callable[[Any], None]]:
    """Ways to spoil an object or a list of a schema."""

    def remove(place: Any) -> None:
        if place:
            del place[rng.choice(keys(place))]

    def replace(place: Any) -> None:
        wrong = [None, True, -1, 0, 1.5, "", "x", [], {}, 10**30, "HKDF", 3]
        if place:
            place[rng.choice(keys(place))] = rng.choice(wrong)

    def add(place: Any) -> None:
        names = ["k", "n", "case", "pattern", "weight", "ngram", "ignored", "values"]
        if isinstance(place, dict):
            place[rng.choice(names)] = rng.choice([1, "x", True, None, {}])

    return [remove, replace, add]


def keys(place: Any) -> list[Any]:
    """Keys of an object or places of a list."""
    return list(place) if isinstance(place, dict) else list(range(len(place)))


def containers(value: Any) -> list[Any]:
    """Every object and list inside a document, itself included."""
    if not isinstance(value, dict | list):
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(found for one in inner for found in containers(one))]


def test_what_clkhash_refuses_we_refuse() -> None:
    """Of 600 spoilt schemas, all that the package refuses are refused by name."""
    rng = random.Random(11)
    refused = kept = 0
    for _ in range(600):
        made = document(rng)
        rng.choice(mutations(rng))(rng.choice(containers(made)))
        try:
            oracle.from_json_dict(deepcopy(made))
        except Exception:
            refused += 1
            with pytest.raises(SchemaInvalid):
                parsed(made)
            continue
        kept += 1
    assert refused > 200
    assert kept > 50


def test_whatever_clkhash_takes_from_our_generator_we_take() -> None:
    """Valid schemas of every version are read by both."""
    rng = random.Random(12)
    for _ in range(200):
        made = document(rng)
        oracle.from_json_dict(deepcopy(made))
        assert len(parsed(made).features) == len(made["features"])
