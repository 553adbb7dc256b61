"""The lists that people are made of, read from `names.toml`.

A `Token` carries every Latin spelling a clerk may choose, the usual one more often,
so that one draw is one spelling. Nothing here is random.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

NAMES = Path(__file__).with_name("names.toml")

_USUAL = 6
_SLIPS = (
    ("sh", "s"),
    ("ee", "i"),
    ("oo", "u"),
    ("th", "t"),
    ("dh", "d"),
    ("bh", "b"),
    ("v", "w"),
    ("j", "z"),
    ("ar", "aar"),
)


class Token(NamedTuple):
    """One part of a name: its Latin spellings by frequency, and its own script."""

    latin: tuple[str, ...]
    native: str


class Place(NamedTuple):
    """A district with its spellings, PIN prefix, state spellings and state code."""

    district: tuple[str, ...]
    pin: str
    state: tuple[str, ...]
    code: str


class Region(NamedTuple):
    """What names and addresses look like in one part of the country."""

    script: str
    styles: tuple[str, ...]
    male: tuple[Token, ...]
    female: tuple[Token, ...]
    surname: tuple[Token, ...]
    middle: tuple[Token, ...]
    middle_female: tuple[Token, ...]
    prefix: tuple[Token, ...]
    villages: tuple[str, ...]
    places: tuple[Place, ...]


class Lists(NamedTuple):
    """All regions, each as often as its share, and nicknames of no region."""

    regions: tuple[Region, ...]
    nicknames: tuple[str, ...]


def load(path: Path = NAMES) -> Lists:
    """Read the lists; a malformed file raises `KeyError` or `TOMLDecodeError`."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    nicknames = tuple(tables.pop("nicknames"))
    regions = [
        region
        for table in tables.values()
        for region in [_region(table)] * table["share"]
    ]
    return Lists(tuple(regions), nicknames)


def _region(table: dict[str, Any]) -> Region:
    return Region(
        script=table["script"],
        styles=tuple(table["styles"]),
        male=_given(table, "male", "tails"),
        female=_given(table, "female", "female_tails"),
        surname=_tokens(table["surname"]),
        middle=_tokens(table["middle"]),
        middle_female=_tokens(table["middle_female"]),
        prefix=_tokens(table.get("prefix", [])),
        villages=tuple(
            head + tail
            for head in table["village_heads"]
            for tail in table["village_tails"]
        ),
        places=tuple(
            _place(district, state)
            for state in table["places"]
            for district in state["districts"]
        ),
    )


def _given(table: dict[str, Any], simple: str, tails: str) -> tuple[Token, ...]:
    joined = tuple(
        _token(
            [head + tail for head in _forms(first) for tail in _forms(last)],
            _native(first) + _native(last),
        )
        for first in table["heads"]
        for last in table[tails]
    )
    listed = _tokens(table[simple])
    # Whole names carry two thirds of the people, however many can be joined.
    return listed * max(1, 2 * len(joined) // len(listed)) + joined


def _tokens(entries: list[str]) -> tuple[Token, ...]:
    return tuple(_token(_forms(entry), _native(entry)) for entry in entries)


def _token(forms: list[str], native: str) -> Token:
    slips = [forms[0].replace(a, b) for a, b in _SLIPS if a in forms[0]]
    others = [form for form in dict.fromkeys([*forms[1:], *slips]) if form != forms[0]]
    return Token((forms[0],) * _USUAL + tuple(others), native)


def _forms(entry: str) -> list[str]:
    return entry.rsplit(" ", 1)[0].split("/")


def _native(entry: str) -> str:
    return entry.rsplit(" ", 1)[1]


def _place(entry: str, state: dict[str, Any]) -> Place:
    forms, pin = entry.rsplit(" ", 1)
    first, *others = forms.split("/")
    usual, *also = state["state"]
    return Place(
        (first,) * 5 + tuple(others), pin, (usual,) * 5 + tuple(also), state["code"]
    )
