"""Encodings are clkhash filters bit for bit, and tags that keys keep apart."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from clkhash import clk, schema
from clkhash.bloomfilter import blake_encode_ngrams
from clkhash.key_derivation import generate_key_lists, hkdf
from hypothesis import given, settings
from hypothesis import strategies as st

from childgrid_node import encode
from childgrid_node.encode import Encoder, field_info, key_check
from childgrid_node.index_errors import EncodingError
from childgrid_node.scheme import Field, Scheme

GRID = Scheme.load("childgrid-2")
KEY = hashlib.sha256(b"a linkage key for tests").digest()
SMITH = "41e7ca4d00656495930850deef9ed529b9ada1161bf7e6a8b75c2b9fba47c6be"
SCRIPTS = {
    "Latin": "murugan",
    "Devanagari": "सुनीता देवी",
    "Bengali": "অনিতা দাস",
    "Gurmukhi": "ਗੁਰਪ੍ਰੀਤ",
    "Gujarati": "હસમુખ",
    "Odia": "ପ୍ରତିମା",
    "Tamil": "முருகன்",
    "Telugu": "వెంకటేశ్వర",
    "Kannada": "ಮಂಜುನಾಥ",
    "Malayalam": "ഉണ്ണിക്കൃഷ്ണൻ",
    "Urdu": "محمد اسلم",
}


def bigrams(word: str) -> tuple[str, ...]:
    """Return padded pairs of letters."""
    padded = f" {word} "
    return tuple(padded[at : at + 2] for at in range(len(padded) - 1))


def theirs(field: Field, epoch: int, tokens: tuple[str, ...]) -> bytes:
    """Return what clkhash makes of one field's tokens."""
    keys = hkdf(KEY, 2, info=field_info(field.key, epoch))
    hashes = [field.hashes] * len(tokens)
    return bytes(
        blake_encode_ngrams(tokens, keys, hashes, field.bits, "utf-8").tobytes()
    )


def ours(field: Field, epoch: int, tokens: tuple[str, ...]) -> bytes:
    """Return what we make of one field's tokens."""
    row = Encoder(GRID, KEY, epoch).encode({field.name: tokens})
    place = GRID.layout[field.name]
    return row[place.start : place.stop].astype("<u8").tobytes()


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_field_is_a_clkhash_filter_in_every_script(script: str) -> None:
    """All nine fields equal clkhash's filters for words in eleven scripts."""
    tokens = bigrams(SCRIPTS[script])

    for field in GRID.fields:
        assert theirs(field, 7, tokens) == ours(field, 7, tokens)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(GRID.fields),
    st.lists(st.text(max_size=6), min_size=1, max_size=30),
    st.integers(0, 2**32 - 1),
)
def test_any_tokens_give_clkhash_filters(
    field: Field, tokens: list[str], epoch: int
) -> None:
    """The law holds for any text, any epoch, repeated and empty tokens included."""
    tokens = [token.encode("utf-8", "replace").decode() for token in tokens]

    assert theirs(field, epoch, tuple(tokens)) == ours(field, epoch, tuple(tokens))


def test_more_than_32_hashes_take_a_second_block() -> None:
    """Beyond 32 hashes clkhash salts a second BLAKE2b block; so do we."""
    field = Field("name", 1024, 45, "name")
    bloom = encode.Filter(field, hkdf(KEY, 2)[0])
    expected = blake_encode_ngrams(("ab",), hkdf(KEY, 2), [45], 1024, "utf-8")

    assert expected.tobytes() == bloom.encode(["ab"])


def test_the_published_vector_holds_for_both() -> None:
    """One string field, bigrams, 15 hashes, 1,024 bits, secret and value 'smith'."""
    linkage = schema.from_json_dict(
        {
            "version": 3,
            "clkConfig": {"l": 1024, "kdf": {"type": "HKDF"}},
            "features": [
                {
                    "identifier": "name",
                    "format": {"type": "string", "encoding": "utf-8"},
                    "hashing": {
                        "comparison": {"type": "ngram", "n": 2},
                        "strategy": {"bitsPerToken": 15},
                        "hash": {"type": "blakeHash"},
                    },
                }
            ],
        }
    )
    keys = generate_key_lists("secret", 1)
    filters, _ = clk.hash_chunk([["smith"]], keys, linkage)
    mine = encode.Filter(Field("name", 1024, 15, "name"), keys[0][0])

    assert hashlib.sha256(filters[0].tobytes()).hexdigest() == SMITH
    assert filters[0].tobytes() == mine.encode(bigrams("smith"))
    assert filters[0].count() == 86


def test_alias_and_name_of_one_person_can_be_compared() -> None:
    """The alias hashes under the name's key: folded to one width they are equal."""
    tokens = bigrams("raju")
    row = Encoder(GRID, KEY, 1).encode({"name": tokens, "alias": tokens})
    name, alias = GRID.layout["name"], GRID.layout["alias"]
    halves = row[name.start : name.stop].reshape(2, alias.words)

    assert np.array_equal(halves[0] | halves[1], row[alias.start : alias.stop])


def test_an_absent_field_is_all_zero() -> None:
    """Nothing known is no evidence: no bit is set."""
    assert not Encoder(GRID, KEY, 1).encode({}).any()


def test_a_tag_stands_in_its_own_words_only() -> None:
    """Each identifier touches the bits of its place and no others."""
    encoder = Encoder(GRID, KEY, 1)

    for tag in GRID.tags:
        row = encoder.encode({tag.name: ("ABC123",)})
        place = GRID.layout[tag.name]
        inside = row[place.start] & np.uint64(place.mask)
        row[place.start] ^= inside

        assert inside
        assert not row.any()


def test_equal_values_of_different_kinds_have_different_tags() -> None:
    """A PAN that reads like a passport number must not agree with it."""
    encoder = Encoder(GRID, KEY, 1)
    tags = {
        int(encoder.encode({tag.name: ("X1",)})[GRID.layout[tag.name].start])
        for tag in GRID.tags
        if tag.bits == 64
    }

    assert sum(tag.bits == 64 for tag in GRID.tags) == len(tags)


def test_three_phones_are_kept_and_a_fourth_is_not() -> None:
    """A row has three places for phones."""
    encoder = Encoder(GRID, KEY, 1)
    place = GRID.layout["phone"]
    three = encoder.encode({"phone": ("1", "2", "3")})
    four = encoder.encode({"phone": ("1", "2", "3", "4")})

    assert len(set(three[place.start : place.stop].tolist())) == 3
    assert np.array_equal(three, four)


@pytest.mark.parametrize("change", ["key", "epoch"])
def test_another_key_or_epoch_shares_nothing(change: str) -> None:
    """Filters and tags of two keys, or of two epochs, have no relation."""
    tokens = {"name": bigrams("murugan"), "pan": ("ABCDE1234F",), "sex": ("m",)}
    other = bytes(32) if change == "key" else KEY
    first = Encoder(GRID, KEY, 1).encode(tokens)
    second = Encoder(GRID, other, 2 if change == "epoch" else 1).encode(tokens)

    assert not np.array_equal(first, second)
    for name in ("pan", "sex"):
        assert first[GRID.layout[name].start] != second[GRID.layout[name].start]


def test_the_key_check_tells_key_epoch_and_scheme_apart() -> None:
    """Any change of the three gives another 32 bytes; the same three the same."""
    digest = GRID.digest
    values = {
        key_check(KEY, 1, digest),
        key_check(bytes(32), 1, digest),
        key_check(KEY, 2, digest),
        key_check(KEY, 1, bytes(32)),
    }

    assert len(values) == 4
    assert {32} == {len(value) for value in values}
    assert Encoder(GRID, KEY, 1).key_check in values


def test_many_rows_equal_single_rows_and_forgetting_changes_nothing() -> None:
    """The cache is only a cache."""
    encoder = Encoder(GRID, KEY, 1)
    people = [{"name": bigrams(word), "sex": ("f",)} for word in SCRIPTS.values()]
    many = encoder.encode_many(people)
    encoder.clear()

    assert np.array_equal(many, np.stack([encoder.encode(one) for one in people]))


def test_the_token_cache_is_bounded_and_can_be_emptied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Plaintext tokens do not pile up, and none is left after clear."""
    monkeypatch.setattr(encode, "CACHE_TOKENS", 10)
    bloom = encode.Filter(GRID.fields[0], KEY)
    for number in range(100):
        bloom.encode([str(number)])
        assert len(bloom._masks) <= 10
    bloom.clear()

    assert not bloom._masks


def test_unknown_fields_and_bad_keys_are_refused() -> None:
    """A silent loss of evidence would be a wrong answer later."""
    with pytest.raises(EncodingError, match="does not know"):
        Encoder(GRID, KEY, 1).encode({"shoe size": ("43",)})
    with pytest.raises(EncodingError, match="32 bytes"):
        Encoder(GRID, KEY[:31], 1)
    for epoch in (-1, 2**32):
        with pytest.raises(EncodingError, match="epoch"):
            Encoder(GRID, KEY, epoch)
