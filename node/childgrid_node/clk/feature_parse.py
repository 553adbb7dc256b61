"""Reads one feature of a linkage schema: format, comparison, strategy and hash."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Literal

from childgrid_node.clk.errors import SchemaInvalid
from childgrid_node.clk.schema import (
    Choice,
    Comparison,
    Day,
    Exact,
    Feature,
    Format,
    Hash,
    Ignored,
    Missing,
    Ngram,
    Numeric,
    Strategy,
    Text,
    Whole,
)

if TYPE_CHECKING:
    from childgrid_node.clk.json_object import Reader

MOST_INSERTIONS = 2**20
MOST_N = 1024
MOST_RESOLUTION = 2**15
MOST_PRECISION = 300
ENCODINGS = ("ascii", "utf-8", "utf-16", "utf-32")
DIRECTIVES = re.compile(r"(?:[^%]|%[aAbBcdfGHIjmMpSuUVwWxXyYzZ%])*", re.DOTALL)
STRATEGIES: dict[int, dict[str, Literal["token", "feature"]]] = {
    2: {"k": "token", "numBits": "feature"},
    3: {"bitsPerToken": "token", "bitsPerFeature": "feature"},
}


def feature(
    entry: Reader, version: int, bits: int, fallback: Hash
) -> Feature | Ignored:
    """Return one feature.

    Args:
        entry: the object in ``features``.
        version: of the linkage schema.
        bits: version 1's ``k``, by which its weights are multiplied.
        fallback: version 1's hash, which all its features share.

    Raises:
        SchemaInvalid: a key is missing, unknown or wrong.
    """
    entry.allow("description")
    identifier = entry.text("identifier")
    ignored = entry.boolean("ignored")
    if ignored and not (version == 3 and entry.has("hashing")):
        entry.done()
        return Ignored(identifier)
    kind = _format(entry.child("format"))
    inner = entry.child("hashing")
    comparison = _comparison(inner, version)
    chosen = _strategy(inner, version, bits)
    hash_ = fallback if version == 1 else _hash(inner)
    missing = (
        _missing(inner.child("missingValue")) if inner.has("missingValue") else None
    )
    inner.done()
    entry.done()
    if ignored or chosen is None:
        return Ignored(identifier)
    return Feature(identifier, kind, comparison, chosen, hash_, missing)


def hashing(hash_: Reader) -> Hash:
    """Return a ``hash`` object."""
    hash_.allow("description")
    if hash_.choice("type", ("blakeHash", "doubleHash")) == "blakeHash":
        hash_.done()
        return Hash("blakeHash")
    made = Hash("doubleHash", hash_.boolean("prevent_singularity"))
    hash_.done()
    return made


def _hash(inner: Reader) -> Hash:
    return hashing(inner.child("hash")) if inner.has("hash") else Hash()


def _strategy(inner: Reader, version: int, bits: int) -> Strategy | None:
    """Return the strategy; None for a version 1 feature of no weight."""
    if version == 1:
        weight = inner.number("weight", 1)
        insertions = round(weight * bits)
        if weight and not 1 <= insertions <= MOST_INSERTIONS:
            reason = f"times clkConfig/k must round to 1 to {MOST_INSERTIONS}"
            raise SchemaInvalid(inner.path("weight"), reason)
        return Strategy(insertions, "token") if weight else None
    strategy = inner.child("strategy")
    known = STRATEGIES[version]
    given = [name for name in known if strategy.has(name)]
    if len(given) != 1:
        reason = f"must hold one of {' and '.join(known)}"
        raise SchemaInvalid(inner.path("strategy"), reason)
    insertions = strategy.integer(given[0], least=1, most=MOST_INSERTIONS)
    strategy.done()
    return Strategy(insertions, known[given[0]])


def _missing(missing: Reader) -> Missing:
    sentinel = missing.text("sentinel")
    replacement = missing.optional_text("replaceWith")
    missing.done()
    return Missing(sentinel, sentinel if replacement is None else replacement)


def _comparison(inner: Reader, version: int) -> Comparison:
    if version < 3:
        n = inner.integer("ngram", least=1, most=MOST_N)
        return Ngram(n, inner.boolean("positional"))
    comparison = inner.child("comparison")
    comparison.allow("description")
    kind = comparison.choice("type", ("ngram", "exact", "numeric"))
    made: Comparison = Exact()
    if kind == "ngram":
        n = comparison.integer("n", least=1, most=MOST_N)
        made = Ngram(n, comparison.boolean("positional"))
    elif kind == "numeric":
        made = _numeric(comparison)
    comparison.done()
    return made


def _numeric(comparison: Reader) -> Numeric:
    distance = comparison.number("thresholdDistance")
    resolution = comparison.integer("resolution", least=1, most=MOST_RESOLUTION)
    precision = comparison.integer(
        "fractional_precision", 0, least=0, most=MOST_PRECISION
    )
    key = comparison.path("thresholdDistance")
    if not distance > 0:
        raise SchemaInvalid(key, "must be above 0")
    try:
        step = round(distance * pow(10, precision))
    except OverflowError:
        raise SchemaInvalid(key, "is too large for this precision") from None
    if step == 0:
        reason = "rounds to 0; raise fractional_precision"
        raise SchemaInvalid(key, reason)
    return Numeric(step, resolution, precision)


def _format(entry: Reader) -> Format:
    entry.allow("description")
    kind = entry.choice("type", ("string", "integer", "date", "enum"))
    made: Format
    if kind == "string":
        made = _text(entry)
    elif kind == "integer":
        made = Whole(
            entry.optional_integer("minimum"), entry.optional_integer("maximum")
        )
    elif kind == "date":
        made = _day(entry)
    else:
        made = Choice(frozenset(entry.texts("values")))
    entry.done()
    return made


def _text(entry: Reader) -> Text:
    encoding = entry.choice("encoding", ENCODINGS, "utf-8")
    pattern = entry.optional_text("pattern")
    if pattern is not None:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError):
            reason = "is no regular expression that Python can read"
            raise SchemaInvalid(entry.path("pattern"), reason) from None
        return Text(encoding, pattern)
    given = entry.choice("case", ("upper", "lower", "mixed"), "mixed")
    case: Literal["upper", "lower", "mixed"] = "mixed"
    if given != "mixed":
        case = "upper" if given == "upper" else "lower"
    shortest = entry.optional_integer("minLength", least=0)
    return Text(
        encoding, None, case, shortest, entry.optional_integer("maxLength", least=1)
    )


def _day(entry: Reader) -> Day:
    layout = entry.text("format")
    try:
        known = DIRECTIVES.fullmatch(layout) is not None
        dt.datetime.strptime("", layout)  # noqa: DTZ007
    except ValueError:
        pass
    except re.error:
        known = False
    if not known:
        reason = "is no date format that Python's strptime can read"
        raise SchemaInvalid(entry.path("format"), reason)
    return Day(layout)
