"""Households and the people in them, all invented.

Siblings share surname, father, address and often the telephone, because those are
the strangers whom a search most easily mistakes for the suspect.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

from deploy.sample import numbers
from deploy.sample.lists import Lists, Place, Region, Token

Draw = Callable[[], float]
T = TypeVar("T")

TODAY = date(2026, 6, 1)
"""The day on which the sample is taken; ages and events are counted back from it."""

_YEAR = 365.2425


class Home(NamedTuple):
    """One household."""

    region: Region
    surname: Token
    father: Token
    place: Place
    house: int
    village: str
    pin: str
    phone: str


class Person(NamedTuple):
    """One invented person. `kin` is the father or husband, `born` an ordinal day."""

    number: int
    home: Home
    female: bool
    given: Token
    middle: Token
    kin: Token
    nickname: str
    born: int
    phone: str


def pick(items: Sequence[T], draw: Draw) -> T:
    """One item, all alike likely."""
    return items[int(draw() * len(items))]


def population(
    lists: Lists, rng: random.Random, adults: int, children: int
) -> tuple[list[Person], list[Person]]:
    """Two lists, at least as long as asked; numbers run on from one to the next."""
    draw = rng.random
    grown: list[Person] = []
    while len(grown) < adults:
        grown += household(lists, len(grown), draw, (20.5, 68))
    minors: list[Person] = []
    while len(minors) < children:
        minors += household(lists, len(grown) + len(minors), draw, (2, 16))
    return grown, minors


def household(
    lists: Lists, first: int, draw: Draw, ages: tuple[float, float]
) -> list[Person]:
    """One to three siblings between two ages in years, numbered from `first`."""
    home = _home(lists, first, draw)
    dice = draw()
    size = 1 if dice < 0.6 else 2 if dice < 0.88 else 3
    return [_person(lists, home, first + i, draw, ages) for i in range(size)]


def _home(lists: Lists, first: int, draw: Draw) -> Home:
    region = pick(lists.regions, draw)
    place = pick(region.places, draw)
    return Home(
        region=region,
        surname=pick(region.surname, draw),
        father=pick(region.male, draw),
        place=place,
        house=int(draw() * 240) + 1,
        village=pick(region.villages, draw),
        pin=f"{place.pin}{int(draw() * 120) + 1:03d}",
        phone=numbers.phone(2 * first + 1),
    )


def _person(
    lists: Lists, home: Home, number: int, draw: Draw, ages: tuple[float, float]
) -> Person:
    region = home.region
    female = draw() < 0.3
    married = female and ages[0] > 18 and draw() < 0.5
    low, high = ages
    age = low + (high - low) * draw() ** 1.4
    return Person(
        number=number,
        home=home,
        female=female,
        given=pick(region.female if female else region.male, draw),
        middle=pick(region.middle_female if female else region.middle, draw),
        kin=pick(region.male, draw) if married else home.father,
        nickname=pick(lists.nicknames, draw) if draw() < 0.12 else "",
        born=TODAY.toordinal() - int(age * _YEAR),
        phone=numbers.phone(2 * number),
    )
