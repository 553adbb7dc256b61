"""Reads clkhash linkage schemas strictly, each version by its own rules.

What clkhash 0.18.3 refuses is refused here, with the key's name. Beyond that, an
unknown or doubled key is refused, since it would be ignored without a word, and so are
values that no encoding could follow (a length BLAKE2 cannot use, keys HKDF cannot give)
or that would exhaust memory.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from childgrid_node.clk.errors import SchemaInvalid
from childgrid_node.clk.feature_parse import feature, hashing
from childgrid_node.clk.json_object import Reader
from childgrid_node.clk.schema import Feature, Hash, Ignored, Kdf, Schema

if TYPE_CHECKING:
    from pathlib import Path

    from childgrid_node.clk.schema import Folds

DOCUMENT = "document"
HKDF_BLOCKS = 255
DIGEST_BYTES = {"SHA256": 32, "SHA512": 64}
BLAKE_KEY_BYTES = 64
MOST_BITS = 2**20
MOST_FEATURES = 4096
_ABOUT = ("$schema", "$id", "id", "title", "description")


def parse(raw: bytes | str, *, folds: Folds = "declared") -> Schema:
    """Return the schema of a JSON document; see ``Schema.parse``."""
    document = Reader(_json(raw), "")
    document.allow(*_ABOUT)
    version = document.integer("version")
    if version not in (1, 2, 3):
        raise SchemaInvalid("version", "must be 1, 2 or 3")
    config = document.child("clkConfig")
    whole = _Config(config, version, folds)
    entries = document.array("features")
    features = tuple(
        feature(Reader(entry, f"features/{at}"), version, whole.bits, whole.hash)
        for at, entry in enumerate(entries)
    )
    document.done()
    schema = Schema(whole.length, whole.folds, whole.kdf, features, whole.notes)
    _check(schema)
    return schema


def parse_file(path: Path, *, folds: Folds = "declared") -> Schema:
    """Return the schema in a file; see ``Schema.read``."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = f"{path.name} cannot be read ({error.strerror})"
        raise SchemaInvalid(DOCUMENT, reason) from None
    return parse(raw, folds=folds)


def _json(raw: bytes | str) -> Any:  # noqa: ANN401
    try:
        return json.loads(
            raw, object_pairs_hook=_once, parse_constant=_no_constant, strict=True
        )
    except (ValueError, RecursionError):
        raise SchemaInvalid(DOCUMENT, "is not JSON in UTF-8") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise SchemaInvalid(key, "stands twice in one object; keep one")
        found[key] = value
    return found


def _no_constant(_: str) -> float:
    raise SchemaInvalid(DOCUMENT, "holds NaN or Infinity, which is not JSON")


class _Config:
    """The ``clkConfig`` of one document; ``bits`` and ``hash`` are version 1's."""

    def __init__(self, config: Reader, version: int, folds: Folds) -> None:
        config.allow("description")
        self.length = config.integer("l", least=1, most=MOST_BITS)
        self.folds, self.notes = _folds(config, folds)
        self.kdf = _kdf(config.child("kdf"))
        self.bits = config.integer("k", least=1) if version == 1 else 0
        self.hash = hashing(config.child("hash")) if version == 1 else Hash()
        config.done()


def _folds(config: Reader, folds: Folds) -> tuple[int, tuple[str, ...]]:
    documented = config.integer("xorFolds", 0, least=0, most=20)
    read = config.integer("xor_folds", 0, least=0, most=20)
    if folds == "clkhash":
        told = documented != read and "clkConfig/xorFolds is ignored, as clkhash does."
        return read, (told,) if told else ()
    if config.has("xorFolds") and config.has("xor_folds") and documented != read:
        reason = "differs from clkConfig/xor_folds; keep one of the two"
        raise SchemaInvalid("clkConfig/xorFolds", reason)
    if documented == read or not documented:
        return read, ()
    told = (
        "clkConfig/xorFolds is honoured; clkhash 0.18.3 would ignore it without a "
        "word and give other encodings, so agree on it with every partner."
    )
    return documented, (told,)


def _kdf(kdf: Reader) -> Kdf:
    kdf.allow("description")
    kdf.choice("type", ("HKDF",))
    digest: Literal["SHA256", "SHA512"] = (
        "SHA512"
        if kdf.choice("hash", ("SHA256", "SHA512"), "SHA256") != "SHA256"
        else "SHA256"
    )
    made = Kdf(
        digest,
        kdf.base64("salt"),
        kdf.base64("info"),
        kdf.integer("keySize", 64, least=1),
    )
    kdf.done()
    return made


def _check(schema: Schema) -> None:
    """Refuse what parses but cannot be encoded."""
    if not 1 <= len(schema.features) <= MOST_FEATURES:
        raise SchemaInvalid("features", f"must hold 1 to {MOST_FEATURES} features")
    if schema.filter_bits > MOST_BITS:
        reason = f"gives filters above {MOST_BITS} bits before folding"
        raise SchemaInvalid("clkConfig/xorFolds", reason)
    limit = HKDF_BLOCKS * DIGEST_BYTES[schema.kdf.hash]
    if 2 * schema.kdf.key_size * len(schema.features) > limit:
        reason = (
            f"HKDF with {schema.kdf.hash} gives {limit} bytes, and every feature takes "
            "two keys; use fewer features, shorter keys or SHA512"
        )
        raise SchemaInvalid("clkConfig/kdf/keySize", reason)
    for at, one in enumerate(schema.features):
        if not isinstance(one, Ignored):
            _check_hash(schema, one, f"features/{at}/hashing/hash")


def _check_hash(schema: Schema, one: Feature, key: str) -> None:
    if one.hash.kind == "blakeHash":
        if schema.filter_bits & (schema.filter_bits - 1):
            raise SchemaInvalid("clkConfig/l", f"must be a power of two for {key}")
        if schema.kdf.key_size > BLAKE_KEY_BYTES:
            reason = f"must be at most {BLAKE_KEY_BYTES} for {key}"
            raise SchemaInvalid("clkConfig/kdf/keySize", reason)
    elif one.hash.prevent_singularity and schema.filter_bits == 1:
        raise SchemaInvalid(f"{key}/prevent_singularity", "needs more than one bit")
