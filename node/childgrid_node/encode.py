"""Tokens to encodings: one row of 64-bit words per person.

Each Bloom field is a clkhash filter, bit for bit: clkhash's HKDF (two 64-byte keys,
the first is used) with the key epoch and the field whose key it takes (``Field.key``)
as info, and its BLAKE2b hashing (salt = block counter in decimal, padded with zero
bytes; little-endian shorts modulo the width; the first k of them). Filter bit 0 is the
top bit of byte 0, as in clkhash's bitarray; a row holds the filters' bytes as
little-endian words.
Exact identifiers become keyed BLAKE2b tags, never 0. A missing field is all zero.

It knows nothing of records: tokens come from ``normalise``. It keeps tokens in
memory only in its own bounded cache, until ``clear``. One person at a time, it is for
queries and the reference for ``bulk``, which gives the same rows for whole columns.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from childgrid_node.index_errors import EncodingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from childgrid_node.scheme import Field, Scheme, Tag

KEY_BYTES = 64
LINKAGE_KEY_BYTES = 32
MAX_EPOCH = 2**32 - 1
CACHE_TOKENS = 200_000
SHORTS = struct.Struct("<32H")
SALTS = (b"0", b"1")
LATER = frozenset(("called", "named_sex"))
"""Fields that the grid's first scheme lacks; under it they say nothing."""


def field_info(name: str, epoch: int) -> bytes:
    """Return the HKDF info of a Bloom field: its name and the key epoch."""
    return f"childgrid/v1/field/{name}/{epoch}".encode("ascii")


def derive(linkage_key: bytes, info: bytes, length: int) -> bytes:
    """Return ``length`` bytes of HKDF-SHA256 (RFC 5869) without salt.

    Raises:
        EncodingError: the linkage key has not 32 bytes.
    """
    if len(linkage_key) != LINKAGE_KEY_BYTES:
        raise EncodingError("the linkage key must have 32 bytes; run join again")
    return HKDF(SHA256(), length, None, info).derive(linkage_key)


def key_check(linkage_key: bytes, epoch: int, scheme_digest: bytes) -> bytes:
    """Return the key-check value: 32 bytes that tell keys apart and reveal none."""
    info = b"childgrid/v1/key-check/%d/" % _epoch(epoch)
    return derive(linkage_key, info + scheme_digest, 32)


def _epoch(epoch: int) -> int:
    if not 0 <= epoch <= MAX_EPOCH:
        raise EncodingError("the key epoch must be from 0 to 2**32 - 1")
    return epoch


class Filter:
    """The encoder of one Bloom field: masks of tokens as integers.

    Remembers at most ``CACHE_TOKENS`` tokens until ``clear``.
    """

    def __init__(self, field: Field, key: bytes) -> None:
        self.field = field
        self._blocks = [
            hashlib.blake2b(key=key, salt=salt)
            for salt in SALTS[: (field.hashes + 31) // 32]
        ]
        self._masks: dict[str, int] = {}

    def clear(self) -> None:
        """Forget every token."""
        self._masks.clear()

    def encode(self, tokens: Iterable[str]) -> bytes:
        """Return the filter of some tokens, ``bits / 8`` bytes."""
        return self.octets(self.mask(tokens))

    def octets(self, mask: int) -> bytes:
        """Return a mask as a filter's bytes."""
        return mask.to_bytes(self.field.bits // 8, "big")

    def mask(self, tokens: Iterable[str]) -> int:
        """Return the filter of some tokens as an integer, to be OR'd with others."""
        filled = 0
        for token in tokens:
            mask = self._masks.get(token)
            filled |= self._remember(token) if mask is None else mask
        return filled

    def _remember(self, token: str) -> int:
        if len(self._masks) >= CACHE_TOKENS:
            self._masks.clear()
        mask = self._masks[token] = self._mask(token.encode("utf-8"))
        return mask

    def _mask(self, token: bytes) -> int:
        top = self.field.bits - 1
        shorts: list[int] = []
        for block in self._blocks:
            state = block.copy()
            state.update(token)
            shorts += SHORTS.unpack(state.digest())
        mask = 0
        for short in shorts[: self.field.hashes]:
            mask |= 1 << (top - (short & top))
        return mask


class Tagger:
    """The encoder of one exact identifier."""

    def __init__(self, tag: Tag, key: bytes) -> None:
        self.tag = tag
        self._state = hashlib.blake2b(key=key, digest_size=tag.bits // 8)

    def encode(self, values: Sequence[str]) -> list[int]:
        """Return the tags of the values that the row has places for."""
        return [self.digest(value) for value in values[: self.tag.slots]]

    def digest(self, value: str) -> int:
        """Return the tag of one value, never 0."""
        state = self._state.copy()
        state.update(value.encode("utf-8"))
        return int.from_bytes(state.digest(), "little") or 1

    def digests(self, values: Iterable[str]) -> NDArray[np.uint64]:
        """Return the tags of many values, ``uint64[values]``."""
        raw = []
        begin = self._state.copy
        for octets in map(str.encode, values):
            state = begin()
            state.update(octets)
            raw.append(state.digest())
        tags = np.frombuffer(b"".join(raw), f"<u{self.tag.bits // 8}").astype(np.uint64)
        tags[tags == 0] = 1
        return tags


class Encoder:
    """Encodes tokens under one scheme, one linkage key and one key epoch.

    Args:
        scheme: decides fields, widths and hash counts.
        linkage_key: the grid's 32-byte secret.
        epoch: the key epoch, bound into every derived key.

    Raises:
        EncodingError: a key of another length or an epoch out of range.
    """

    def __init__(self, scheme: Scheme, linkage_key: bytes, epoch: int) -> None:
        self.scheme = scheme
        self.epoch = _epoch(epoch)
        self.key_check = key_check(linkage_key, epoch, scheme.digest)
        self._filters = [
            Filter(field, self._field_key(linkage_key, field.key))
            for field in scheme.fields
        ]
        self._taggers = [
            Tagger(tag, self._tag_key(linkage_key, tag.name)) for tag in scheme.tags
        ]

    @property
    def filters(self) -> dict[str, Filter]:
        """The encoders of Bloom fields by name."""
        return {one.field.name: one for one in self._filters}

    @property
    def taggers(self) -> dict[str, Tagger]:
        """The encoders of exact identifiers by name."""
        return {one.tag.name: one for one in self._taggers}

    def _field_key(self, linkage_key: bytes, name: str) -> bytes:
        info = field_info(name, self.epoch)
        return derive(linkage_key, info, 2 * KEY_BYTES)[:KEY_BYTES]

    def _tag_key(self, linkage_key: bytes, name: str) -> bytes:
        info = f"childgrid/v1/tag/{name}/{self.epoch}".encode("ascii")
        return derive(linkage_key, info, KEY_BYTES)

    def encode(self, tokens: Mapping[str, Sequence[str]]) -> NDArray[np.uint64]:
        """Return one encoding, ``uint64[words]``.

        Raises:
            EncodingError: the tokens hold a field that the scheme lacks.
        """
        row: NDArray[np.uint64] = self.encode_many([tokens])[0]
        return row

    def encode_many(
        self, people: Sequence[Mapping[str, Sequence[str]]]
    ) -> NDArray[np.uint64]:
        """Return encodings of many people, ``uint64[n, words]``.

        Raises:
            EncodingError: some tokens hold a field that the scheme lacks.
        """
        layout = self.scheme.layout
        rows = np.zeros((len(people), layout.words), dtype="<u8")
        octets = rows.view(np.uint8)
        for number, tokens in enumerate(people):
            if not tokens.keys() - LATER <= layout.places.keys():
                raise EncodingError("tokens hold a field that the scheme does not know")
            self._fill(octets[number], rows[number], tokens)
        return rows.astype(np.uint64, copy=False)

    def _fill(
        self,
        octets: NDArray[np.uint8],
        row: NDArray[np.uint64],
        tokens: Mapping[str, Sequence[str]],
    ) -> None:
        layout = self.scheme.layout
        for bloom in self._filters:
            if found := tokens.get(bloom.field.name):
                place = layout[bloom.field.name]
                octets[8 * place.start : 8 * place.stop] = np.frombuffer(
                    bloom.encode(found), np.uint8
                )
        for tagger in self._taggers:
            if found := tokens.get(tagger.tag.name):
                place = layout[tagger.tag.name]
                for slot, value in enumerate(tagger.encode(found)):
                    shift = 32 if place.mask & 1 == 0 else 0
                    row[place.start + slot] |= np.uint64(value << shift)

    def clear(self) -> None:
        """Forget every cached token; call it when a run or a query is done."""
        for bloom in self._filters:
            bloom.clear()
