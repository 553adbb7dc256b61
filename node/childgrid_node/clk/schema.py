"""A linkage schema: what is encoded, how, and under which derived keys.

One frozen form for clkhash's versions 1, 2 and 3. Reading JSON into it is the work of
``schema_parse``; a ``Schema`` that exists can be encoded. It holds no secret.

Lengths and widths are bits unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Folds = Literal["declared", "clkhash"]
"""Which key counts as the number of folds: either spelling, or clkhash's own only."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string: ``pattern`` (a full match), or case and length in code points."""

    encoding: str = "utf-8"
    pattern: str | None = None
    case: Literal["upper", "lower", "mixed"] = "mixed"
    shortest: int | None = None
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer in base 10 between two optional bounds, both included."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A date as ``strptime`` reads it."""

    layout: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a closed list of values."""

    values: frozenset[str]


Format = Text | Whole | Day | Choice


@dataclass(frozen=True, slots=True)
class Ngram:
    """Runs of ``n`` code points, with their place in front if ``positional``."""

    n: int
    positional: bool = False


@dataclass(frozen=True, slots=True)
class Exact:
    """The whole value as one token."""


@dataclass(frozen=True, slots=True)
class Numeric:
    """A number's neighbourhood (Vatsalan and Christen, 2015).

    ``step`` is the threshold distance in units of 10 to the minus ``precision``. A
    number has 2 × ``resolution`` + 1 tokens, which span that distance in equal parts.
    """

    step: int
    resolution: int
    precision: int = 0


Comparison = Ngram | Exact | Numeric


@dataclass(frozen=True, slots=True)
class Strategy:
    """How many insertions each token gets, or all tokens of a value share."""

    bits: int
    per: Literal["token", "feature"]


@dataclass(frozen=True, slots=True)
class Hash:
    """How a token becomes positions in the filter."""

    kind: Literal["blakeHash", "doubleHash"] = "blakeHash"
    prevent_singularity: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """The cell that stands for nothing, and what is encoded in its place."""

    sentinel: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Feature:
    """A column that is encoded."""

    identifier: str
    format: Format
    comparison: Comparison
    strategy: Strategy
    hash: Hash = field(default_factory=Hash)
    missing: Missing | None = None

    @property
    def encoding(self) -> str:
        """The encoding of tokens; only strings may have another than UTF-8."""
        return self.format.encoding if isinstance(self.format, Text) else "utf-8"


@dataclass(frozen=True, slots=True)
class Ignored:
    """A column that is skipped; it still takes its place in the key derivation."""

    identifier: str


@dataclass(frozen=True, slots=True)
class Kdf:
    """Parameters of HKDF (RFC 5869); ``key_size`` in bytes."""

    hash: Literal["SHA256", "SHA512"] = "SHA256"
    salt: bytes | None = None
    info: bytes | None = None
    key_size: int = 64


@dataclass(frozen=True, slots=True)
class Schema:
    """A linkage schema.

    Attributes:
        length: bits of a finished encoding.
        folds: how often the filter is halved by XOR; it starts ``2**folds`` longer.
        kdf: how keys come from the secret.
        features: the columns, in the order that binds their keys.
        notes: what a reader of the schema should be told, in sentences.
    """

    length: int
    folds: int
    kdf: Kdf
    features: tuple[Feature | Ignored, ...]
    notes: tuple[str, ...] = ()

    @property
    def filter_bits(self) -> int:
        """Bits of the filter before folding."""
        return int(self.length << self.folds)

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(feature.identifier for feature in self.features)

    @classmethod
    def parse(cls, raw: bytes | str, *, folds: Folds = "declared") -> Schema:
        """Read a linkage schema, version 1, 2 or 3, from JSON.

        Args:
            raw: the document.
            folds: clkhash 0.18.3 reads ``xor_folds`` and silently ignores
                ``xorFolds``, the name that its documents give. ``declared`` honours
                both; ``clkhash`` does as clkhash does.

        Raises:
            SchemaInvalid: the document breaks a rule; the error names the key.
        """
        from childgrid_node.clk.schema_parse import parse

        return parse(raw, folds=folds)

    @classmethod
    def read(cls, path: Path, *, folds: Folds = "declared") -> Schema:
        """Read a linkage schema from a file; see ``parse``.

        Raises:
            SchemaInvalid: the file cannot be read or breaks a rule.
        """
        from childgrid_node.clk.schema_parse import parse_file

        return parse_file(path, folds=folds)
