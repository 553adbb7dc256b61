"""Counts a source's rows one by one; keeps no value, and its memory does not grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta

from childgrid_node import guard
from childgrid_node import mapping as sources
from childgrid_node.normalise import (
    Fields,
    Normaliser,
    Person,
    ages,
    dates,
    fields_of,
    numbers,
    pins,
    tokens_of,
)
from childgrid_node.scheme import Scheme

from . import births, cells
from .recall import Patterns, recalls
from .report import Defect, Filling, Quality
from .twins import TwinCount

LISTED = 20
"""How many places of one kind of defect are named."""

_ZONES = timedelta(days=1)
"""How far a day may be ahead of ours without being a slip."""
_NAMES = ("name", "alias", "relative")
_PLACES = ("address", "district", "state")
_FEWEST_PARTS = 2
_TWO_PLACES = "two addresses in one row"
_NO_SEX, _NO_PIN, _NO_KIND = "unknown word", "wrong form", "unknown kind"
_NO_AGE, _NO_YEAR = "no age of anybody", "no year of anybody"

_USABLE: Mapping[str, Callable[[Person, Fields], object]] = {
    "name": lambda person, _: person.names,
    "alias": lambda person, _: person.aliases,
    "relative": lambda person, _: person.relatives,
    "birth_date": lambda person, fields: _is_dated(person, fields),
    "birth_year": lambda person, _: person.year,
    "age": lambda _, fields: next(filter(None, map(ages.years, fields["age"])), None),
    "sex": lambda person, _: person.sex,
    "address": lambda person, _: person.address or person.pin or person.district,
    "district": lambda person, _: person.district,
    "state": lambda person, _: person.state,
    "pin": lambda person, _: person.pin,
}


class Tally:
    """The report of one source in the making; see the package."""

    def __init__(
        self, source: str, mapping: sources.Mapping, today: date, scheme: Scheme
    ) -> None:
        self._mapping, self._today, self._scheme = mapping, today, scheme
        self._normaliser, self._listed = Normaliser(), Counter[str]()
        self._patterns, self._twins = Patterns(), TwinCount()
        self.found = Quality(source, mapping.category, scheme=scheme.name)
        for name, columns in mapping.fields.items():
            self.found.fields[name] = Filling(columns.names)
            if name in (*_NAMES, *_PLACES):
                self.found.scripts[name] = Counter()

    def add(self, number: int, values: Mapping[str, str]) -> None:
        """Count one row: its number, and its mapped columns as text."""
        self.found.rows += 1
        verdict = guard.judge(values, self._mapping, self._today)
        self.found.guarded[verdict.reason.value] += 1
        fields = fields_of(values, self._mapping)
        person = self._normaliser.person(values, self._mapping)
        for name in self._mapping.fields:
            self._field(number, name, fields, person)
        self._guarding(number, values)
        self._following(number, values)
        if self._addresses(values) > 1:
            self.found.fields["address"].wrong[_TWO_PLACES] += 1
            self._defect(number, "address", _TWO_PLACES)
        event = values.get(self._mapping.event or "", "")
        for name, kind in births.doubts(fields, event, self._today):
            self.found.dates[kind] += 1
            self._defect(number, name, kind)
        tokens = tokens_of(person)
        self._patterns.add(tokens)
        self._twins.add(tokens)

    def _addresses(self, values: Mapping[str, str]) -> int:
        """How many PIN codes the columns of the address hold, which should be one."""
        source = self._mapping.fields.get("address")
        columns = source.names if source else ()
        if len(columns) < _FEWEST_PARTS:
            return 0
        cells = (dates.ascii_digits(values.get(column, "")) for column in columns)
        return len({pin for cell in cells if (pin := pins.found_in(cell))})

    def _guarding(self, number: int, values: Mapping[str, str]) -> None:
        """Count where the guard finds no date: it knows no age then, or no end."""
        retain = self._mapping.retain
        columns = {"event": self._mapping.event, "retain": retain and retain.column}
        for setting, column in columns.items():
            if column and dates.moment(values.get(column, "")) is None:
                kind = f"{setting} holds no date"
                self.found.dates[kind] += 1
                self._list(Defect(number, column, kind))

    def _following(self, number: int, values: Mapping[str, str]) -> None:
        """Count rows that are read in every round: their time of change is no mark."""
        column = self._mapping.updated
        if column is None or "://" not in self._mapping.source:  # a file is read whole
            return
        written = _written(values.get(column, ""))
        if written is not None and written <= self._today + _ZONES:
            return
        kind = (
            "updated holds no date" if written is None else "updated is still to come"
        )
        self.found.dates[kind] += 1
        self._list(Defect(number, column, kind))

    def unusable(self, counts: Mapping[str, int], places: Iterable[Defect]) -> None:
        """Take over the rows that the source itself could not give."""
        self.found.unusable.update(counts)
        for place in places:
            self._list(place)

    def filtered(self, barred: Mapping[str, int]) -> None:
        """Take over how many rows each filter keeps out, those that keep none too."""
        columns = (rule.column for rule in self._mapping.where)
        self.found.filtered = {column: barred.get(column, 0) for column in columns}

    def close(self) -> Quality:
        """The finished report."""
        self._normaliser.clear()
        self.found.twins = self._twins.counts()
        self.found.recall = recalls(self._scheme, self._patterns, self._mapping.fields)
        return self.found

    def _field(self, number: int, name: str, fields: Fields, person: Person) -> None:
        texts = [text for text in fields.get(name, ()) if text.strip()]
        if not texts:
            return
        filling = self.found.fields[name]
        filling.filled += 1
        filling.usable += bool(_usable(name, texts, fields, person))
        if name in self.found.scripts:
            self.found.scripts[name][cells.script(" ".join(texts))] += 1
        wrongs = {_wrong(name, text, person) for text in texts}
        for wrong in sorted(wrongs - {""}):
            filling.wrong[wrong] += 1
            self._defect(number, name, wrong)

    def _defect(self, number: int, name: str, kind: str) -> None:
        columns = " + ".join(self.found.fields[name].columns)
        self._list(Defect(number, columns, kind))

    def _list(self, defect: Defect) -> None:
        self._listed[defect.kind] += 1
        if self._listed[defect.kind] <= LISTED:
            self.found.defects.append(defect)


def _written(text: str) -> date | None:
    """The day of a time of change, as a database writes it."""
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError:
        return None


def _is_dated(person: Person, fields: Fields) -> bool:
    """Whether a date of birth tells a day, a year or an age, by itself."""
    text = "-".join(filter(None, fields["birth_date"]))
    year = dates.birth(text).year
    return (year is not None and year == person.year) or bool(ages.stated(text))


def _usable(name: str, texts: list[str], fields: Fields, person: Person) -> object:
    if name in _USABLE:
        return _USABLE[name](person, fields)
    if name == "identifier":
        return any(kind and _holds(kind, text) for kind, text in map(_typed, texts))
    return any(_holds(name, text) for text in texts)


def _holds(name: str, text: str) -> bool:
    kinds = numbers.DERIVED.get(name, (name,))
    return any(numbers.READERS[kind](text) for kind in kinds)


def _wrong(name: str, text: str, person: Person) -> str:
    """What is wrong with one cell, or nothing; birth dates are `births`' affair."""
    if name in (*_NAMES, *_PLACES):
        return cells.words(text)
    if name in numbers.READERS:
        return cells.identifier(name, text)
    if name == "identifier":
        kind, number = _typed(text)
        return cells.identifier(kind, number) if kind else _NO_KIND
    if name == "age":
        return "" if ages.years(text) or ages.says_minor(text) else _NO_AGE
    if name == "birth_year":
        return "" if dates.year(text) else _NO_YEAR
    if name == "sex":
        return "" if numbers.sex(text) else _NO_SEX
    return "" if name != "pin" or person.pin else _NO_PIN


def _typed(text: str) -> tuple[str, str]:
    """An identifier's grid field, empty where its type is unknown, and its number."""
    return numbers.typed(text)
