"""The scheme: every number that two nodes must share to compare encodings.

One JSON document fixes fields, widths, hash counts, comparisons, level tables,
weights and calibration. It is identified by the SHA-256 of its exact bytes. The
parser is strict: closed key sets, no duplicate keys, integers only, each part with
the ``source`` of its numbers and their ``unit``. This module reads and checks; it
does not encode, compare or learn.

Units: probabilities per 10,000; Dice and overlap cuts per 10,000; log-probabilities
and weights in millinats (1,000 × natural log); coefficients per 1,000.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.index_errors import SchemeError
from childgrid_node.scheme_parse import Part, strict_json
from childgrid_node.second_stage import Calibration, check_calibration, read_calibration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

WORD_BITS = 64
FULL_MASK = 2**64 - 1
LOW_MASK = 2**32 - 1
MAX_BITS = 4096
MAX_LEVELS = 255
PROFILES = ("grid", "test")


@dataclass(frozen=True)
class Field:
    """A Bloom filter field.

    ``bits`` is a power of two, at least 64; ``hashes`` is k, the bits set per token;
    ``key`` names the field whose key it hashes under, so that two fields compare.
    """

    name: str
    bits: int
    hashes: int
    key: str

    @property
    def words(self) -> int:
        """Width in 64-bit words."""
        return self.bits // WORD_BITS


@dataclass(frozen=True)
class Tag:
    """An exact identifier: ``slots`` keyed tags of ``bits`` (64 or 32) bits each."""

    name: str
    slots: int
    bits: int


@dataclass(frozen=True)
class Place:
    """Where a field or tag lies in a row: first word, words, and mask per word."""

    start: int
    words: int
    mask: int = FULL_MASK

    @property
    def stop(self) -> int:
        """One past the last word."""
        return self.start + self.words


@dataclass(frozen=True)
class Comparison:
    """How one piece of evidence is compared, and what its levels weigh.

    ``pairs`` are (query field, row field); the best pair counts. A Bloom level is
    1 + dice step × (overlap cuts + 1) + overlap step; a tag has level 1 (differs)
    and 2 (agrees). Level 0 is always "missing on a side": no evidence. ``unless``
    names an earlier comparison whose evidence replaces this one. ``rarity`` says
    that the chance of a level is counted in the very table searched. ``group``
    shares calibration coefficients. ``match`` and ``chance`` are ln m and ln u in
    millinats for levels 1 and up.
    """

    name: str
    kind: str
    pairs: tuple[tuple[str, str], ...]
    dice: tuple[int, ...]
    overlap: tuple[int, ...]
    unless: str
    rarity: bool
    group: str
    match: tuple[int, ...]
    chance: tuple[int, ...]

    @property
    def levels(self) -> int:
        """Number of levels, without level 0."""
        if self.kind == "tag":
            return 2
        return (len(self.dice) + 1) * (len(self.overlap) + 1)


@dataclass(frozen=True)
class Bands:
    """Probability per 10,000 from which a candidate is strong, possible, shown."""

    strong: int
    possible: int
    floor: int


@dataclass(frozen=True)
class Layout:
    """Places of all fields and tags in a row of ``words`` 64-bit words."""

    places: Mapping[str, Place]
    words: int

    def __getitem__(self, name: str) -> Place:
        return self.places[name]


@dataclass(frozen=True, eq=False)
class Scheme:
    """A checked scheme; ``raw`` are the exact bytes that were signed."""

    raw: bytes
    name: str
    profile: str
    fields: tuple[Field, ...]
    tags: tuple[Tag, ...]
    comparisons: tuple[Comparison, ...]
    calibration: Calibration
    bands: Bands

    @classmethod
    def load(cls, name: str) -> Scheme:
        """Return a scheme that ships with the package, e.g. ``childgrid-1``.

        Raises:
            SchemeError: no such scheme ships, or it breaks a rule.
        """
        file = resources.files("childgrid_node") / "schemes" / f"{name}.json"
        if not name.replace("-", "").isalnum() or not file.is_file():
            raise SchemeError("no scheme of that name ships with this version")
        return cls.parse(file.read_bytes())

    @classmethod
    def parse(cls, raw: bytes) -> Scheme:
        """Return the scheme in the JSON document ``raw``.

        Raises:
            SchemeError: the document breaks a rule; the message names the place.
        """
        top = Part("scheme", strict_json(raw))
        encoding, comparing = top.part("encoding"), top.part("comparing")
        weights = top.part("weights")
        fields = tuple(_field(part) for part in encoding.parts("fields"))
        tags = tuple(_tag(part) for part in encoding.parts("tags"))
        comparisons = _comparisons(comparing, weights)
        scheme = cls(
            raw=raw,
            name=top.text("name"),
            profile=top.choice("profile", PROFILES),
            fields=fields,
            tags=tags,
            comparisons=comparisons,
            calibration=read_calibration(top.part("calibration"), comparisons),
            bands=_bands(top.part("bands")),
        )
        top.text("about")
        for part in (encoding, comparing, weights, top):
            part.close()
        _check(scheme)
        return scheme

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the exact bytes of the document (32 bytes)."""
        return hashlib.sha256(self.raw).digest()

    @cached_property
    def grouping(self) -> NDArray[np.int64]:
        """1 where a comparison is in a group: ``int64[comparisons, groups]``.

        Groups are in the order of ``calibration.agreement``.
        """
        groups = list(self.calibration.agreement)
        inside = [
            [each.group == group for group in groups] for each in self.comparisons
        ]
        return np.array(inside, np.int64)

    @cached_property
    def layout(self) -> Layout:
        """Fields side by side, then the 64-bit tags, then the 32-bit ones in pairs."""
        places: dict[str, Place] = {}
        start = 0
        for field in self.fields:
            places[field.name] = Place(start, field.words)
            start += field.words
        for tag in (tag for tag in self.tags if tag.bits == WORD_BITS):
            places[tag.name] = Place(start, tag.slots)
            start += tag.slots
        halves = [tag for tag in self.tags if tag.bits != WORD_BITS]
        for number, tag in enumerate(halves):
            mask = LOW_MASK << 32 * (number % 2)
            places[tag.name] = Place(start + number // 2, 1, mask)
        return Layout(places, start + (len(halves) + 1) // 2)


def _field(part: Part) -> Field:
    field = Field(
        name=part.text("name"),
        bits=part.number("bits", WORD_BITS, MAX_BITS),
        hashes=part.number("hashes", 1, 64),
        key=part.text("key"),
    )
    if field.bits & (field.bits - 1):
        raise SchemeError(f"{part.path}: bits must be a power of two")
    part.close()
    return field


def _tag(part: Part) -> Tag:
    bits = part.number("bits", 32, 64)
    tag = Tag(part.text("name"), part.number("slots", 1, 8), bits)
    if bits not in (32, 64) or (bits == 32 and tag.slots != 1):
        raise SchemeError(f"{part.path}: a tag has 64 bits, or 32 bits and one slot")
    part.close()
    return tag


def _comparisons(comparing: Part, weights: Part) -> tuple[Comparison, ...]:
    match, chance = (
        weights.part("match", cited=False),
        weights.part("chance", cited=False),
    )
    found = tuple(
        _comparison(part, match, chance) for part in comparing.parts("comparisons")
    )
    match.close()
    chance.close()
    return found


def _comparison(part: Part, match: Part, chance: Part) -> Comparison:
    name = part.text("name")
    comparison = Comparison(
        name=name,
        kind=part.choice("kind", ("bloom", "tag")),
        pairs=part.pairs("pairs"),
        dice=part.cuts("dice"),
        overlap=part.cuts("overlap"),
        unless=part.text("unless"),
        rarity=part.number("rarity", 0, 1) == 1,
        group=part.text("group"),
        match=match.logs(name),
        chance=chance.logs(name),
    )
    part.close()
    return comparison


def _bands(part: Part) -> Bands:
    bands = Bands(
        *(part.number(key, 1, 10_000) for key in ("strong", "possible", "floor"))
    )
    if not bands.strong >= bands.possible >= bands.floor:
        raise SchemeError("bands: strong, possible and floor must not increase")
    part.close()
    return bands


def _check(scheme: Scheme) -> None:
    """Refuse references to what is not there and tables of the wrong length."""
    fields = {field.name: field for field in scheme.fields}
    tags = {tag.name for tag in scheme.tags}
    if len(fields) + len(tags) != len(scheme.fields) + len(scheme.tags) or (
        fields.keys() & tags
    ):
        raise SchemeError("encoding: a field or tag is named twice")
    for field in scheme.fields:
        if field.key not in fields:
            raise SchemeError(f"encoding: field {field.name} has an unknown key")
    seen: set[str] = set()
    for comparison in scheme.comparisons:
        _check_comparison(comparison, fields, tags, seen)
        if comparison.group not in scheme.calibration.agreement or (
            comparison.group not in scheme.calibration.disagreement
        ):
            raise SchemeError(f"calibration: no coefficient for {comparison.group}")
        seen.add(comparison.name)
    check_calibration(scheme.calibration, scheme.comparisons)


def _check_comparison(
    comparison: Comparison, fields: Mapping[str, Field], tags: set[str], seen: set[str]
) -> None:
    name = comparison.name
    if name in seen or (comparison.unless and comparison.unless not in seen):
        raise SchemeError(f"comparing: {name} is twice there or defers to a later one")
    if not comparison.levels == len(comparison.match) == len(comparison.chance):
        raise SchemeError(f"weights: {name} needs one number for each level")
    if comparison.levels > MAX_LEVELS:
        raise SchemeError(f"comparing: {name} has more than {MAX_LEVELS} levels")
    if comparison.kind == "tag":
        if len(comparison.pairs) != 1 or any(
            set(pair) - tags for pair in comparison.pairs
        ):
            raise SchemeError(f"comparing: {name} must compare one tag with itself")
        if comparison.pairs[0][0] != comparison.pairs[0][1]:
            raise SchemeError(f"comparing: {name} must compare one tag with itself")
        return
    for query, row in comparison.pairs:
        if query not in fields or row not in fields:
            raise SchemeError(f"comparing: {name} names an unknown field")
        if fields[query].key != fields[row].key:
            raise SchemeError(f"comparing: {name} pairs fields with different keys")
