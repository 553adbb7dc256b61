"""Canonical bytes: one value, one spelling, and every other spelling refused."""

import json

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from childgrid_wire import canonical
from childgrid_wire.errors import Malformed
from wire.world import Json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=6), VALUES, max_size=4)


@given(OBJECTS)
def test_what_is_written_is_read_back(value: dict[str, Json]) -> None:
    """`loads` is the inverse of `dumps`, and the bytes are ASCII."""
    data = canonical.dumps(value)
    assert data.isascii()
    assert canonical.loads(data) == value


@given(OBJECTS, st.data())
def test_any_edit_is_refused_or_is_another_value(
    value: dict[str, Json], data: st.DataObject
) -> None:
    """No two byte strings read as the same value: every edit shows or is refused."""
    written = canonical.dumps(value)
    at = data.draw(st.integers(0, len(written)))
    cut = data.draw(st.integers(0, 2))
    put = data.draw(st.binary(max_size=2))
    edited = written[:at] + put + written[at + cut :]
    assume(edited != written)
    try:
        assert canonical.loads(edited) != value
    except Malformed:
        pass


@given(OBJECTS, st.sampled_from(["indent", "space", "order", "unicode"]))
@example({"b": 1, "a": "é"}, "order")
@example({"b": 1, "a": "é"}, "unicode")
def test_another_spelling_of_the_same_value_is_refused(
    value: dict[str, Json], how: str
) -> None:
    """White space, key order and raw Unicode are spelling, so they are refused."""
    options = {"separators": (",", ":"), "sort_keys": True}
    if how == "indent":
        text = json.dumps(value, **options, indent=1)
    elif how == "space":
        text = json.dumps(value, sort_keys=True) + " "
    elif how == "order":
        reverse = dict(sorted(value.items(), reverse=True))
        text = json.dumps(reverse, separators=(",", ":"))
    else:
        text = json.dumps(value, **options, ensure_ascii=False)
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return
    assume(data != canonical.dumps(value))
    with pytest.raises(Malformed):
        canonical.loads(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"1",
        b'"a"',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":1E3}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        '{"a":١}'.encode(),
        '{"a":"１"}'.encode(),
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u00E9"}',
        b'{"a":1}\n',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1}\x00',
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"a":' + b"[" * 100_000,
    ],
    ids=lambda data: repr(data[:24]),
)
@pytest.mark.threat("T16")
def test_what_other_parsers_forgive_is_refused(data: bytes) -> None:
    """Duplicate keys, floats, foreign digits, depth and size: all `Malformed`."""
    with pytest.raises(Malformed):
        canonical.loads(data)


@given(st.binary(max_size=64))
def test_base64_has_one_spelling(data: bytes) -> None:
    """Standard alphabet, padding, zero spare bits; nothing else is read."""
    text = canonical.to_b64(data)
    assert canonical.from_b64(text) == data
    assert bytes.fromhex(data.hex()) == canonical.from_hex(data.hex())


@pytest.mark.parametrize(
    "text", ["QQ", "QQ=", "QR==", "QQ==\n", " QQ==", "_-8=", "Q=Q=", "QQ==QQ==", "é"]
)
def test_other_base64_is_refused(text: str) -> None:
    """Missing padding, spare bits, white space and the URL alphabet are refused."""
    with pytest.raises(Malformed):
        canonical.from_b64(text)


@pytest.mark.parametrize("text", ["A0", "a", "0x", " 00", "00\n", "٠٠", "0g"])
def test_other_hex_is_refused(text: str) -> None:
    """Only whole bytes in lower-case ASCII digits are hex."""
    with pytest.raises(Malformed):
        canonical.from_hex(text)
