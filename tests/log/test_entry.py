"""Leaves: a commitment with one spelling that says nothing until it is opened."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_log.entry import Draft, Entry, opens, parse_entry, seal_entry
from childgrid_log.errors import EntryError

NOON = 1_700_000_000 // 3600 * 3600
DRAFT = Draft(
    "query", NOON + 1234, b"the signed bytes", "investigation", ("BNS 137(2)",)
)
ENTRY, SALT = seal_entry(DRAFT, 5)


def test_a_leaf_is_the_canonical_commitment() -> None:
    """The exact bytes are sorted JSON with the hour, the index and the salted hash."""
    commitment = hashlib.sha256(SALT + b"the signed bytes").hexdigest()
    assert (
        f'{{"bucket":{NOON},"commitment":"{commitment}","fields":[],"kind":"query",'
        f'"purpose":"investigation","sections":["BNS 137(2)"],"sequence":5}}'
    ).encode() == ENTRY
    assert parse_entry(ENTRY).sequence == 5
    assert parse_entry(ENTRY).encode() == ENTRY


def test_only_the_right_salt_and_envelope_open_a_leaf() -> None:
    """A guess of the envelope without the salt confirms nothing."""
    assert opens(ENTRY, SALT, b"the signed bytes")
    assert not opens(ENTRY, SALT, b"the signed byteS")
    assert not opens(ENTRY, bytes(32), b"the signed bytes")
    # Moving the border between salt and envelope would hash to the same value.
    assert not opens(ENTRY, SALT + b"the", b" signed bytes")
    assert not opens(ENTRY, SALT[:-1], SALT[-1:] + b"the signed bytes")


def test_each_leaf_has_a_fresh_salt() -> None:
    """The same statement sealed twice gives leaves that cannot be linked."""
    again, salt = seal_entry(DRAFT, 5)
    assert salt != SALT
    assert again != ENTRY


def test_names_are_sorted_and_single() -> None:
    """However a caller lists fields, the leaf spells them in one way."""
    drafts = [
        Draft("answer", 0, b"", fields=fields)
        for fields in (("name", "pin"), ("pin", "name"), ("pin", "name", "pin"))
    ]
    assert len({parse_entry(seal_entry(d, 0)[0]).fields for d in drafts}) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"bucket"', b'{ "bucket"'),
        (b'"sequence":5', b'"sequence":5.0'),
        (b'"sequence":5', b'"sequence":05'),
        (b'"sequence":5', b'"sequence":-5'),
        (b'"sequence":5', b'"sequence":true'),
        (b'"sequence":5', b'"sequence":"5"'),
        (b'"sequence":5', b'"sequence":5,"sequence":5'),
        (b'"sequence":5', b'"sequence":5,"note":"x"'),
        (b'"sequence":5', b'"sequence":1e400'),
        (b',"sequence":5', b""),
        (b'"kind":"query"', b'"kind":"Query"'),
        (b'"kind":"query"', b'"kind":""'),
        (b'"kind":"query"', b'"kind":["query"]'),
        (b'"kind":"query"', b'"kind":"\\u0071uery"'),
        (b'"fields":[]', b'"fields":""'),
        (b'"fields":[]', b'"fields":["b","a"]'),
        (b'"fields":[]', b'"fields":["a","a"]'),
        (b'"fields":[]', b'"fields":[1]'),
        (b'"fields":[]', b'"fields":[[]]'),
        (b'"fields":[]', b'"fields":null'),
        (b'"bucket":1', b'"bucket":2'),
        (b'"commitment":"', b'"commitment":"00'),
        (b"}", b"}\n"),
        (b"}", b""),
        (b"query", "qu€ry".encode()),
    ],
)
def test_a_misspelled_leaf_is_refused(old: bytes, new: bytes) -> None:
    """Whatever differs from the one spelling is not a leaf."""
    assert old in ENTRY
    with pytest.raises(EntryError):
        parse_entry(ENTRY.replace(old, new, 1))


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"7", b"[" * 100_000, b"\xff"])
def test_what_is_no_object_is_refused(data: bytes) -> None:
    """Other JSON, deep nesting and stray bytes are refused, not raised through."""
    with pytest.raises(EntryError):
        parse_entry(data)


@pytest.mark.parametrize(
    "prose",
    ["", "suspect: see annex, Ravi Kumar!", "x" * 65, "नाम", "a\nb", '"', " padded"],
)
@pytest.mark.threat("T23")
def test_a_leaf_has_no_room_for_prose(prose: str) -> None:
    """Sections and fields are short ASCII codes, and there are not many of them."""
    with pytest.raises(EntryError) as caught:
        Draft("query", 0, b"", sections=(prose,))
    assert not prose or prose not in str(caught.value)
    with pytest.raises(EntryError):
        Draft("query", 0, b"", fields=tuple(f"f{i}" for i in range(65)))


def test_a_draft_prints_without_its_envelope() -> None:
    """An exception that shows a draft shows no statement."""
    assert "signed bytes" not in repr(DRAFT)


NAMES = st.lists(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._/:()&-]{0,20}", fullmatch=True)
)


@given(NAMES, NAMES, st.integers(0, 2**62), st.integers(0, 2**62), st.binary())
def test_sealing_and_reading_agree(
    sections: list[str], fields: list[str], time: int, sequence: int, envelope: bytes
) -> None:
    """Every leaf that can be sealed reads back, opens, and is plain sorted JSON."""
    draft = Draft("receipt", time, envelope, "", tuple(sections), tuple(fields))
    data, salt = seal_entry(draft, sequence)
    entry = parse_entry(data)
    assert isinstance(entry, Entry)
    assert opens(data, salt, envelope)
    assert (entry.sequence, entry.bucket) == (sequence, time - time % 3600)
    assert json.loads(data)["fields"] == sorted(set(fields))
    assert len(data) <= 65_535
