"""A text in one Unicode form, before anything is read from it."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def clean(text: str) -> str:
    """`text` in one Unicode form (NFKC), case-folded, without invisible characters."""
    if text.isascii():
        return text.casefold()
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return unicodedata.normalize("NFKC", text)


def ascii_digits(text: str) -> str:
    """`text` with the decimal digits of any script written 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in text)
