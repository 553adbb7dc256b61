"""Parsers that accept exactly one spelling of a value.

They do not repair, trim or guess: Python's own `int` takes `" 1_0 "` and `"٣"`, and
its base64 decoder takes stray bits, so two texts could stand for one value.
The rule: whatever is accepted here encodes back to the same characters.
"""

from __future__ import annotations

import base64
import binascii
import re

MAX_INTEGER = 2**63 - 1

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_HEX = re.compile(r"(?:[0-9a-f]{2})*")


def decimal(text: str) -> int:
    """Return the integer 0..2^63-1 that ASCII `text` spells; ValueError otherwise."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_INTEGER:
        raise ValueError("want ASCII digits without leading zeros, at most 2^63-1")
    return int(text)


def unbase64(text: str) -> bytes:
    """Return the bytes of canonical padded base64 (RFC 4648 §4); else ValueError."""
    try:
        value = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("want standard base64 with padding") from None
    if enbase64(value) != text:
        raise ValueError("want the one canonical base64 spelling")
    return value


def enbase64(value: bytes) -> str:
    """Return the canonical padded base64 of `value` (RFC 4648 §4)."""
    return base64.b64encode(value).decode("ascii")


def unhex(text: str) -> bytes:
    """Return the bytes of lower-case hexadecimal `text`; ValueError otherwise."""
    if not _HEX.fullmatch(text):
        raise ValueError("want lower-case hexadecimal digits in pairs")
    return bytes.fromhex(text)
