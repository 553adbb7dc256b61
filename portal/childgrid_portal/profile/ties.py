"""Addresses, identifiers and relations: what records hold, and which share it.

Two records that hold the same number are tied by it; that is all that is said. Writings
are held together only where they are the same number or word but for case and blanks,
never by likeness. Every tie is a row of a table; the drawing shows the first of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from childgrid_portal.profile.compare import key_of
from childgrid_portal.profile.model import Profile, Value

ADDRESSES = ("address", "district", "state", "pin")
RELATIONS = ("relative",)
IDENTIFIERS = (
    *("phone", "email", "handle", "aadhaar", "pan", "epic", "passport"),
    *("driving_licence", "upi", "vehicle", "identifier", "fir", "cnr"),
)
_DRAWN = ("address", *RELATIONS, *IDENTIFIERS)


@dataclass(frozen=True)
class Tie:
    """One thing, as records write it, and the marks of those that hold it."""

    field: str
    values: tuple[Value, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """Marks of the records, each once, in their order."""
        return tuple(dict.fromkeys(value.origin.mark for value in self.values))

    @property
    def shared(self) -> bool:
        """Whether more than one holds it."""
        return len(self.marks) > 1


def ties(profile: Profile, fields: Iterable[str] = _DRAWN) -> list[Tie]:
    """Each thing once, those that several hold first; the asker's own among them."""
    found: dict[tuple[str, str], list[Value]] = {}
    wanted = tuple(fields)
    for value in (*profile.asked, *profile.values):
        if value.field in wanted and (key := key_of(value)):
            found.setdefault((value.field, key), []).append(value)
    made = [Tie(field, tuple(values)) for (field, _), values in found.items()]
    return sorted(made, key=lambda one: (-len(one.marks), wanted.index(one.field)))


def places(profile: Profile) -> list[tuple[Value, ...]]:
    """Each record's address in its parts, in the order of records."""
    found: dict[str, list[Value]] = {}
    for value in (*profile.asked, *profile.values):
        if value.field in ADDRESSES:
            found.setdefault(value.origin.mark, []).append(value)
    return [
        tuple(sorted(parts, key=lambda one: ADDRESSES.index(one.field)))
        for parts in found.values()
    ]
