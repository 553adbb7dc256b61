"""A person as one row or one query describes them, in canonical parts.

`Normaliser` turns the columns of a row, or the grid fields of a query, into a `Person`;
both go through the same readers, so that the same facts give the same parts. It reads
nothing and keeps nothing beyond the words of its run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from childgrid_wire.kinds import DESCRIBED

from .. import mapping as sources
from ..source_errors import FieldError
from . import ages, dates, implied, numbers, places
from .names import Name, Names, parse
from .unsaid import states_nothing
from .words import COMMON, GENERIC, Words

Fields = Mapping[str, list[str]]

MOST_PHONES = 3
_FAR = 2
"""Years by which an age or a year of birth may be wrong."""

_WEAK_NUMBERS = frozenset(("aadhaar4", "vehicle4"))
_JOINED = frozenset(
    [
        *("name", "birth_date", "birth_year", "age", "sex"),
        *("address", "district", "state", "pin", "fir"),
    ]
)
_WORDED = frozenset(("name", "address", "district", "state"))
"""Fields of words, whose parts may say that there is nothing."""

_WHOLE = re.compile(r"\s*(\d+)\.0+\s*")
# An address's parts are apart: a number behind a city is its zone only in one cell.
_MARKS = {"birth_date": "-", "address": "; ", "fir": ", "}


@dataclass(frozen=True, slots=True)
class Person:
    """Canonical parts; everything may be missing.

    Names are tuples of folded words. `day` is the full date of birth, `year` the year
    that a register states, `declared` whether it wrote a first of January for it;
    `years` is the window (earliest, latest) that an age gives where no year stands;
    `implied` the sex that the names tell, whether or not one is stated.
    `numbers` maps exact fields (phone, aadhaar, pan, …) to canonical forms. Holds
    personal data: never log it.
    """

    names: tuple[Name, ...] = ()
    aliases: tuple[Name, ...] = ()
    relatives: tuple[Name, ...] = ()
    day: date | None = None
    year: int | None = None
    declared: bool = False
    years: tuple[int, int] | None = None
    sex: str = ""
    implied: str = ""
    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    address: tuple[str, ...] = ()
    district: tuple[str, ...] = ()
    state: str = ""
    pin: str = ""

    def __repr__(self) -> str:
        return "Person(…)"

    def is_empty(self) -> bool:
        """Whether nothing at all is known."""
        return self == Person()

    def too_common(self) -> bool:
        """Whether so little is known that thousands of people would fit.

        True for an empty person, for sex, state and age alone, for a place alone, and
        for a single everyday name ("Kumar", "Sunita") without any other evidence.
        """
        if any(kind not in _WEAK_NUMBERS for kind in self.numbers):
            return False
        words = {w for name in self.names + self.aliases for w in name if len(w) > 1}
        other = bool(self.relatives or self.day or self.numbers)
        if not words:
            return not (self.day and (self.relatives or self.numbers))
        placed = bool(self.address or self.pin or self.district)
        known = words - COMMON
        return not (known or other or placed or len(words - GENERIC) > 1)


@dataclass(slots=True)
class Normaliser:
    """Normalises rows and queries of one run.

    It remembers folded words, which are parts of personal names, up to a bound; call
    `clear` at the end of the run. Use one per thread.
    """

    words: Words = field(default_factory=Words)

    def clear(self) -> None:
        """Forget every remembered word."""
        self.words.clear()

    def person(self, values: Mapping[str, str], mapping: sources.Mapping) -> Person:
        """The person that a row's columns (`values`) describe under `mapping`."""
        return self._person(fields_of(values, mapping))

    def from_fields(self, fields: Fields) -> Person:
        """The person that grid fields describe, each with one or more values.

        Beside the fields of a mapping, `age_as_of` dates `age`; an `identifier` is
        written "type: number". Raises `FieldError` for a field that does not exist.
        """
        for name in fields:
            if name not in DESCRIBED:
                raise FieldError(
                    f"grid field {name!r} is unknown; use one of {', '.join(DESCRIBED)}"
                )
        return self._person(fields)

    def _person(self, fields: Fields) -> Person:
        names = self._names(fields)
        address = _text(fields, "address", ", ") + names.residence
        where = places.place(address, self.words.place)
        birth = _birth(fields)
        district = places.district(_text(fields, "district"), self.words.place)
        state = places.state(_text(fields, "state"), self.words.place)
        area, state = places.settle(district or where.district, state or where.state)
        return Person(
            names=names.names,
            aliases=names.aliases,
            relatives=names.relatives,
            day=birth.day,
            year=birth.year,
            declared=birth.declared,
            years=_years(fields) if birth.year is None else None,
            sex=numbers.sex(_text(fields, "sex")) or names.sex,
            implied=implied.sex(names.written, self.words),
            numbers=_numbers(fields),
            address=where.words,
            district=area,
            state=state,
            pin=places.pin(_text(fields, "pin")) or where.pin,
        )

    def _names(self, fields: Fields) -> Names:
        """The name, alias and relative fields and what stands inside each other."""
        own = [parse(text, self.words) for text in fields.get("name", ())]
        known = [parse(text, self.words) for text in fields.get("alias", ())]
        kin = [parse(text, self.words) for text in fields.get("relative", ())]
        return Names(
            names=_distinct(name for part in own for name in part.names),
            aliases=_distinct(
                [name for part in own for name in part.aliases]
                + [name for part in known for name in part.names + part.aliases]
            ),
            relatives=_distinct(
                [name for part in kin for name in part.names + part.relatives]
                + [name for part in own + known for name in part.relatives]
            ),
            residence="".join(f" , {p.residence}" for p in own if p.residence),
            sex=next((part.sex for part in own if part.sex), ""),
            written=tuple(name for part in own for name in part.written),
        )


def fields_of(values: Mapping[str, str], mapping: sources.Mapping) -> Fields:
    """A row's values by grid field; fields made of parts become one value."""
    fields: dict[str, list[str]] = {}
    for name, source in mapping.fields.items():
        cells = [values.get(column, "") for column in source.names]
        if isinstance(source, sources.Aged):
            fields["age"] = cells[:1]
            fields["age_as_of"] = [str(source.on)] if source.on else cells[1:]
        elif isinstance(source, sources.Typed):
            fields[name] = [": ".join(cells)] if all(cells) else []
        elif name in _JOINED and len(cells) > 1:
            mark = _MARKS.get(name, " ")
            told = (part_of(name, cell) for cell in cells)
            fields[name] = [mark.join(filter(None, told))]
        else:
            fields[name] = cells
    return fields


def part_of(name: str, cell: str) -> str:
    """A cell as a part of a field: nothing where it states nothing, and "12.0" as 12.

    >>> part_of("address", "Not Available"), part_of("birth_date", "3.0")
    ('', '3')
    """
    if name in _WORDED and states_nothing(cell):
        return ""
    return found[1] if (found := _WHOLE.fullmatch(cell)) else cell


def _parts_of(name: str, cells: Sequence[str]) -> list[str]:
    """`part_of` each cell of a column, reading those that are alike once."""
    told = {cell: part_of(name, cell) for cell in set(cells)}
    return [told[cell] for cell in cells]


def columns_of(
    columns: Mapping[str, Sequence[str]], mapping: sources.Mapping
) -> dict[str, list[Sequence[str]]]:
    """Whole columns by grid field, as `fields_of` does it row by row.

    `columns` holds every column that the mapping's fields name. A field made of parts
    becomes one column.
    """
    found: dict[str, list[Sequence[str]]] = {}
    for name, source in mapping.fields.items():
        parts = [columns[column] for column in source.names]
        if isinstance(source, sources.Aged):
            found["age"] = parts[:1]
            always = [str(source.on)] * len(parts[0])
            found["age_as_of"] = [always] if source.on else parts[1:]
        elif isinstance(source, sources.Typed):
            pairs = zip(*parts, strict=True)
            found[name] = [[": ".join(pair) if all(pair) else "" for pair in pairs]]
        elif name in _JOINED and len(parts) > 1:
            mark = _MARKS.get(name, " ")
            rows = zip(*(_parts_of(name, cells) for cells in parts), strict=True)
            found[name] = [[mark.join(filter(None, row)) for row in rows]]
        else:
            found[name] = parts
    return found


def _text(fields: Fields, name: str, mark: str = " ") -> str:
    return mark.join(text for text in fields.get(name, ()) if text)


def _distinct(names: Iterable[Name]) -> tuple[Name, ...]:
    return tuple(dict.fromkeys(names))


def _birth(fields: Fields) -> dates.Birth:
    """What the date says, else the year, else a date or year in the age's column."""
    birth = dates.birth(_text(fields, "birth_date", "-"))
    year = dates.year(_text(fields, "birth_year"))
    epoch = birth.declared and birth.year == dates.EPOCH_YEAR
    if epoch and _contradicted(year, fields):
        birth = dates.Birth()
    if birth.year is None:
        birth = dates.Birth(None, year)
    return birth if birth.year else ages.misplaced(_text(fields, "age"))


def _contradicted(year: int | None, fields: Fields) -> bool:
    """Whether a stated year or age is far from the one from which machines count."""
    window = (year, year) if year else _years(fields)
    near = range(window[0] - _FAR, window[1] + _FAR + 1) if window else ()
    return window is not None and dates.EPOCH_YEAR not in near


def _years(fields: Fields) -> tuple[int, int] | None:
    """The window of the birth year that a dated age gives; it may stand as the date."""
    as_of = dates.days(_text(fields, "age_as_of"))
    if as_of is None:
        return None
    age = ages.read(_text(fields, "age"))
    window = ages.born_within(age, as_of) if age else None
    if window is None and (age := ages.stated(_text(fields, "birth_date", "-"))):
        window = ages.born_within(age, as_of)
    return window


def _numbers(fields: Fields) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for name, text in _number_texts(fields):
        for kind in numbers.DERIVED.get(name, (name,)):
            if canonical := numbers.READERS[kind](text):
                found.setdefault(kind, {}).update(dict.fromkeys(canonical))
    if "phone" in found:
        found["phone"] = dict.fromkeys(list(found["phone"])[:MOST_PHONES])
    return {kind: tuple(forms) for kind, forms in found.items()}


def _number_texts(fields: Fields) -> Iterable[tuple[str, str]]:
    for name, texts in fields.items():
        if name in numbers.READERS:
            yield from ((name, text) for text in texts if text)
    for text in fields.get("identifier", ()):
        name, number = numbers.typed(text)
        if name:
            yield name, number
