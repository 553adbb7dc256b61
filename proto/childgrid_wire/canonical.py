"""One spelling for every byte: canonical JSON, hex, base64 and decimal digits.

Readers here accept exactly what the writers here produce and nothing else, so two
parties can never read the same bytes differently. Floats, duplicate keys, escapes
that were not needed, white space and non-ASCII digits are all refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from childgrid_wire.errors import Malformed

_HEX = re.compile(r"[0-9a-f]*\Z")


def _refuse(_: str) -> object:
    raise ValueError("floats are not used")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
)
_DECODER = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse)


def dumps(value: object) -> bytes:
    """Write `value` as compact ASCII JSON with sorted keys.

    Raises:
        Malformed: nested deeper than can be written where the caller stands.
    """
    try:
        return _ENCODER.encode(value).encode("ascii")
    except RecursionError as error:
        raise Malformed("JSON") from error


def loads(data: bytes) -> dict[str, Any]:
    """Read one canonical JSON object.

    Raises:
        Malformed: the bytes are not what `dumps` would have written.
    """
    try:
        value = _DECODER.decode(data.decode("ascii"))
        # A key that stands twice comes back once, and so not as it was written.
        canonical = isinstance(value, dict) and dumps(value) == data
    except (ValueError, RecursionError) as error:
        raise Malformed("JSON") from error
    if not canonical:
        raise Malformed("JSON is not in canonical form")
    result: dict[str, Any] = value
    return result


def to_b64(data: bytes) -> str:
    """Write standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def from_b64(text: str) -> bytes:
    """Read standard base64; raises `Malformed` unless canonical."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("base64") from error
    if to_b64(data) != text:
        raise Malformed("base64 is not canonical")
    return data


def from_hex(text: str) -> bytes:
    """Read lower-case hex of whole bytes; raises `Malformed` otherwise."""
    if len(text) % 2 or not _HEX.match(text):
        raise Malformed("hex")
    return bytes.fromhex(text)
