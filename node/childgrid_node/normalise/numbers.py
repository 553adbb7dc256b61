"""Which reader takes a cell of which identifier, and what a type's name means.

Every reader takes a cell and returns the canonical forms it holds, none if it holds
nothing valid. What is formed like an identifier but cannot be one (a wrong check digit,
a repeated digit) is left out: a false equality would accuse the wrong person.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .cards import aadhaar, aadhaar4, cnr, epic, pan, passport
from .codes import LONGEST
from .codes import Canonical as Canonical
from .firs import fir
from .lexicon import table
from .online import LABELS, email, handle, upi
from .phones import phone
from .roads import driving_licence, vehicle, vehicle4
from .sexes import sex as sex
from .text import clean

Reader = Callable[[str], Canonical]

_TABLE = table("identifiers")
_MARKS = re.compile(r"[\W_]+")


def _plain(text: str) -> str:
    return _MARKS.sub("", clean(text))


_TYPES: dict[str, str] = {
    _plain(name): field for field, names in _TABLE["types"].items() for name in names
}
_TYPES |= {_plain(label): "handle" for label in LABELS} | _TYPES
_TYPE_WORDS = frozenset(_TABLE["type_words"])
NAMED_BY_TYPE = frozenset(("handle",))
"""Fields whose forms hold part of the type's name."""


def kind(text: str) -> str:
    """The grid field that an identifier's type text means, or nothing."""
    words = [word for word in _MARKS.split(clean(text)) if word]
    telling = [word for word in words if word not in _TYPE_WORDS]
    whole = _TYPES.get("".join(words)) or _TYPES.get("".join(telling))
    # "Aadhaar/UID" says one thing twice; "Aadhaar/PAN" does not say which.
    each = {_TYPES.get(word, "") for word in telling}
    return whole or (each.pop() if len(each) == 1 else "")


def typed(text: str) -> tuple[str, str]:
    """The grid field and the number of an identifier, "type: number".

    The field is empty where the type is unknown. Where the type says more than the
    field ("Instagram"), it stays with the number.
    """
    for told, _, number in (text.partition(":"), text.rpartition(":")):
        if field := kind(told):
            return field, text if field in NAMED_BY_TYPE else number
    return "", ""


def _bounded(reader: Reader) -> Reader:
    """The reader of a cell's beginning: a story of pages is no number."""

    def read(text: str) -> Canonical:
        return reader(text if len(text) <= LONGEST else text[:LONGEST])

    return read


_READERS: dict[str, Reader] = {
    "phone": phone,
    "aadhaar": aadhaar,
    "aadhaar4": aadhaar4,
    "pan": pan,
    "epic": epic,
    "passport": passport,
    "driving_licence": driving_licence,
    "vehicle": vehicle,
    "vehicle4": vehicle4,
    "email": email,
    "handle": handle,
    "upi": upi,
    "fir": fir,
    "cnr": cnr,
}
READERS = {name: _bounded(reader) for name, reader in _READERS.items()}
"""Reader of each exact field."""

DERIVED = {"aadhaar": ("aadhaar", "aadhaar4"), "vehicle": ("vehicle", "vehicle4")}
"""Grid fields that give more than one exact field."""
