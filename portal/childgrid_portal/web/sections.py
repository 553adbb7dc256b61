"""Sections of law as officers write them: act and section, in either order.

`BNS 143 (4)`, `143(4) BNS` and `u/s 143(4) of the BNS` are all `BNS:143(4)`. Several
stand on lines or with commas between, each with its own act: which act a number alone
belongs to is not guessed.
"""

from __future__ import annotations

import re

_BETWEEN = re.compile(r"[\n,;&]|\b(?:and|r\s?/\s?w|read with)\b", re.IGNORECASE)
_FILLER = re.compile(
    r"\bu\s?/\s?s\b\.?|\b(?:under|section|sections|sec|of|the|act)\b\.?|§|धारा",
    re.IGNORECASE,
)
_NUMBER = r"(?P<number>\d[0-9A-Za-z]*(?:\s*\([0-9A-Za-z]+\))*)"
_ACT = r"(?P<act>[^\W\d_][\w.\-]*)"
_FORMS = (
    re.compile(rf"{_ACT}(?:\s*:\s*|\s+){_NUMBER}"),
    re.compile(rf"(?P<act>[^\W\d_]+){_NUMBER}"),
    re.compile(rf"{_NUMBER}\s*:?\s+{_ACT}"),
)


def read(text: str) -> list[str]:
    """The sections of a text as statements write them; what is none stays as it is."""
    parts = (" ".join(part.split()) for part in _BETWEEN.split(text))
    return [_section(part) for part in parts if part]


def _section(part: str) -> str:
    plain = " ".join(_FILLER.sub(" ", part).split())
    found = next(filter(None, (form.fullmatch(plain) for form in _FORMS)), None)
    if found is None:
        return part
    return f"{found['act'].upper()}:{''.join(found['number'].split())}"
