"""The scheme's parser: one spelling, integers only, everything cited."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from childgrid_node.index_errors import SchemeError
from childgrid_node.scheme import Scheme


@pytest.fixture(name="document")
def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Scheme.load("test-1").raw)
    return found


def raw(document: dict[str, Any]) -> bytes:
    """Return the document's bytes."""
    return json.dumps(document).encode("ascii")


@pytest.mark.parametrize("name", ["childgrid-1", "childgrid-2", "test-1", "test-2"])
def test_shipped_schemes_are_known_by_the_hash_of_their_bytes(name: str) -> None:
    """A shipped scheme loads, and its digest is SHA-256 of the exact bytes."""
    scheme = Scheme.load(name)

    assert name == scheme.name
    assert hashlib.sha256(scheme.raw).digest() == scheme.digest


def test_one_changed_blank_is_another_scheme(document: dict[str, Any]) -> None:
    """The digest is of bytes, not of meaning."""
    assert Scheme.parse(raw(document)).digest != Scheme.load("test-1").digest


def test_the_test_profile_says_so() -> None:
    """Only the profile for tests may be narrow."""
    assert Scheme.load("test-1").profile == "test"
    assert Scheme.load("childgrid-2").profile == "grid"


def test_a_scheme_that_does_not_ship_is_refused() -> None:
    """Names are names, not paths."""
    for name in ("nothing", "../scheme", ""):
        with pytest.raises(SchemeError):
            Scheme.load(name)


def test_the_layout_covers_a_row_without_overlap() -> None:
    """Fields, tags and half-word tags together fill each bit at most once."""
    scheme = Scheme.load("childgrid-2")
    taken = [0] * scheme.layout.words

    for place in scheme.layout.places.values():
        for word in range(place.start, place.stop):
            assert not taken[word] & place.mask
            taken[word] |= place.mask

    assert all(taken)
    assert scheme.layout.words == 50


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("encoding", "fields", 0, "bits"), 96),
        (("encoding", "fields", 0, "bits"), 32),
        (("encoding", "fields", 0, "bits"), 128.0),
        (("encoding", "fields", 0, "bits"), True),
        (("encoding", "fields", 0, "hashes"), 0),
        (("encoding", "fields", 0, "key"), "nowhere"),
        (("encoding", "fields", 1, "name"), "name"),
        (("encoding", "source"), ""),
        (("encoding", "unit"), ""),
        (("encoding", "tags", 0, "bits"), 16),
        (("comparing", "comparisons", 0, "pairs"), [["name", "dob"]]),
        (("comparing", "comparisons", 0, "pairs"), []),
        (("comparing", "comparisons", 0, "unless"), "address"),
        (("comparing", "comparisons", 0, "dice"), [8000, 5000, 9500]),
        (("comparing", "comparisons", 0, "dice"), [5000]),
        (("comparing", "comparisons", 0, "kind"), "tag"),
        (("weights", "match", "name", 0), 1),
        (("weights", "match", "name"), [-1]),
        (("calibration", "crowd"), 1),
        (("calibration", "relatives"), 1),
        (("calibration", "agreement", "name"), -1),
        (("calibration", "shortfall"), 1),
        (("calibration", "relatives"), -100_000),
        (("calibration", "own"), "phone"),
        (("calibration", "own"), "nowhere"),
        (("calibration", "bundles", "birth"), ["dob", "aadhaar"]),
        (("calibration", "joint", 0, "of"), ["name", "nowhere"]),
        (("calibration", "joint", 0, "of"), ["name"]),
        (("bands", "floor"), 10_000),
        (("profile",), "toy"),
        (("surprise",), 1),
    ],
)
def test_a_broken_rule_is_refused(
    document: dict[str, Any], path: tuple[Any, ...], value: object
) -> None:
    """Each rule of the format has a document that breaks only it."""
    at: Any = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value

    with pytest.raises(SchemeError):
        Scheme.parse(raw(document))


@pytest.mark.parametrize(
    "part", ["about", "encoding", "comparing", "weights", "calibration", "bands"]
)
def test_a_missing_part_is_refused(document: dict[str, Any], part: str) -> None:
    """No part has a default."""
    del document[part]

    with pytest.raises(SchemeError, match=part):
        Scheme.parse(raw(document))


def test_a_key_given_twice_is_refused() -> None:
    """Two readers could each believe another value."""
    twice = Scheme.load("test-1").raw.replace(b'"name":', b'"name": "x", "name":', 1)

    with pytest.raises(SchemeError, match="twice"):
        Scheme.parse(twice)


@pytest.mark.parametrize("junk", [b"", b"[]", b"null", b"{", b"\xff", b'{"a": NaN}'])
def test_junk_is_refused_as_a_scheme_error(junk: bytes) -> None:
    """Whatever comes in, one kind of error goes out."""
    with pytest.raises(SchemeError):
        Scheme.parse(junk)
