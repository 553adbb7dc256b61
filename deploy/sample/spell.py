"""How a clerk writes down a person: spellings, scripts, order, slips, formats.

Every function takes `draw`, a source of uniform numbers in [0, 1), and gives text as
it would stand in one cell; an empty string is a gap.
"""

from __future__ import annotations

import unicodedata
from datetime import date

from deploy.sample.lists import Token
from deploy.sample.people import Draw, Person, pick

_HONORIFICS = ("Sh. ", "Shri ", "Mr. ")
_HONORIFICS_FEMALE = ("Smt. ", "Kum. ", "Mrs ")
_YEAR = 365.2425


def name(person: Person, draw: Draw, native: bool = False) -> str:
    """The full name in one of the styles of the person's region."""
    style = pick(person.home.region.styles, draw)
    parts = [_part(letter, person, draw, native) for letter in style if letter != " "]
    return " ".join(filter(None, parts))


def known_as(person: Person, text: str, draw: Draw) -> str:
    """`text` with the nickname in the same cell, if the person has one."""
    if not person.nickname or draw() < 0.3:
        return text
    return text + pick((" @ ", "@", " @", " urf ", " alias "), draw) + person.nickname


def courteous(person: Person, text: str, draw: Draw) -> str:
    """`text` with an honorific before it, one time in ten."""
    if draw() < 0.9:
        return text
    return pick(_HONORIFICS_FEMALE if person.female else _HONORIFICS, draw) + text


def with_kin(person: Person, text: str, draw: Draw) -> str:
    """`text` with `S/O` and the father's name in the same cell."""
    return f"{text} {'D/O' if person.female else 'S/O'} {relative(person, draw)}"


def relative(person: Person, draw: Draw, native: bool = False) -> str:
    """Father or husband, with or without the surname."""
    first = _write(person.kin, draw, native)
    if draw() < 0.5 or not _has_surname(person):
        return first
    return f"{first} {_write(person.home.surname, draw, native)}"


def machine_name(person: Person, draw: Draw) -> str:
    """As on the machine-readable line: capitals, surname first, 39 letters at most."""
    last = person.home.surname if _has_surname(person) else person.kin
    given = pick(person.given.latin, draw)
    if draw() < 0.2:
        given += " " + pick(person.middle.latin, draw)
    text = f"{pick(last.latin, draw)} {given}".upper()
    return "".join(c for c in text if c.isalpha() or c == " ")[:39]


def cased(text: str, draw: Draw) -> str:
    """Capitals, title case or small letters."""
    dice = draw()
    return text.upper() if dice < 0.45 else text if dice < 0.92 else text.lower()


def slip(text: str, draw: Draw, rate: float = 0.06) -> str:
    """Now and then one letter dropped, doubled or swapped with its neighbour."""
    if draw() >= rate or len(text) < 5:
        return text
    at = 1 + int(draw() * (len(text) - 3))
    a, b = text[at], text[at + 1]
    if not (a.isalnum() and b.isalnum()):
        return text
    middle = pick((b + a, b, a + a + b), draw)
    return text[:at] + middle + text[at + 2 :]


def telephone(person: Person, draw: Draw, known: float) -> str:
    """Own or household's number in one of six formats; a gap when not known."""
    if draw() >= known:
        return ""
    number = person.home.phone if draw() < 0.25 else person.phone
    dice = draw()
    if dice < 0.6:
        return number
    head, tail = number[:5], number[5:]
    forms = ("+91-", "+91 ", "0", "91")
    return f"{head} {tail}" if dice < 0.7 else pick(forms, draw) + number


def address(person: Person, draw: Draw, known: float) -> str:
    """The household's address, one time in ten an earlier one; or a gap."""
    if draw() >= known:
        return ""
    home = person.home
    moved = draw() < 0.1
    village = pick(home.region.villages, draw) if moved else home.village
    district, state = pick(home.place.district, draw), pick(home.place.state, draw)
    if home.house % 2:
        text = f"Vill. {village}, P.O. {village}, Dist. {district}, {state}"
    elif draw() < 0.5:
        text = f"H.No. {home.house}, {village}, {district}"
    else:
        text = f"{home.house}, Ward No {home.house % 19 + 1}, {village}, {district}"
    return f"{text} - {home.pin}" if not moved and draw() < 0.6 else text


def birth(person: Person, draw: Draw) -> int:
    """The ordinal day of birth as declared: one in twelve says the 1st of January."""
    if draw() >= 0.08:
        return person.born
    return date.fromordinal(person.born).replace(month=1, day=1).toordinal()


def age(person: Person, on: int, draw: Draw) -> str:
    """Whole years on an ordinal day, one time in four a year or two beside it."""
    years = int((on - person.born) / _YEAR)
    if draw() < 0.25:
        years += pick((-2, -1, 1, 2), draw)
    return str(max(years, 1))


def day(person: Person, draw: Draw, youngest: int, first: int, last: int) -> int:
    """An ordinal day between two, when the person had reached the `youngest` age."""
    first = min(max(first, person.born + int(youngest * _YEAR) + 1), last)
    return first + int(draw() * (last - first))


def _has_surname(person: Person) -> bool:
    return any("S" in style for style in person.home.region.styles)


def _part(letter: str, person: Person, draw: Draw, native: bool) -> str:
    home = person.home
    if letter == "G":
        return _write(person.given, draw, native)
    if letter == "S":
        return _write(home.surname, draw, native)
    if letter == "M":
        return _write(person.middle, draw, native)
    if letter == "F":
        return _write(person.kin, draw, native)
    if letter == "P":
        prefix = home.region.prefix
        return "" if person.female else _write(pick(prefix, draw), draw, native)
    return _initial(person.kin if letter == "i" else home.surname, native)


def _write(token: Token, draw: Draw, native: bool) -> str:
    return token.native if native else pick(token.latin, draw)


def _initial(token: Token, native: bool) -> str:
    if not native:
        return token.latin[0][0] + "."
    end = 1
    while end < len(token.native) and _is_mark(token.native[end]):
        end += 1
    return token.native[:end] + "."


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")
