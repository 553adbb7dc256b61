"""Cells with dates, ages and sex, as records, and what follows from them.

A sex of its own comes before one that a title tells; where a person is is read in
`where`. A year of birth comes from a date, else a year, else a dated age.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from childgrid_node.bulk import kernels
from childgrid_node.bulk.memo import Memo, Store
from childgrid_node.bulk.where import Where
from childgrid_node.normalise import ages, dates, numbers
from childgrid_node.normalise.sexes import SEXES
from childgrid_node.normalise.tokens import day_tokens, year_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from childgrid_node.encode import Encoder
    from childgrid_node.normalise.words import Words

    Numbers = NDArray[np.int64]
    Rows = NDArray[np.uint64]
    Cells = Sequence[str]

FIRST_YEAR, LAST_YEAR = 1800 - 121, 2100

_TELLING = ("birth_year", "age")
"""Fields that may contradict a date of birth."""

_UNITS = ("", "y", "m", "d")
"""Units of an age by the number that a record holds."""


class Facts:
    """Reads every column but those of names and exact identifiers.

    Args:
        encoder: makes the filters and tags.
        words: cleans and remembers words.
    """

    def __init__(self, encoder: Encoder, words: Words) -> None:
        self._words = words
        self._filters = encoder.filters
        self._taggers = encoder.taggers
        self._layout = encoder.scheme.layout
        self._where = Where(encoder, words, self.state_tag)
        size = {name: one.field.words for name, one in encoder.filters.items()}
        self._memos = {
            **self._where.memos,
            "sex": Memo(Store(1), self._read_sex),
            "birth_date": Memo(Store(size["dob"] + 5), self._read_birth),
            "birth_year": Memo(Store(1), self._read_year),
            "age": Memo(Store(size["dob"] + 5), self._read_age),
            "age_as_of": Memo(Store(4), self._read_as_of),
        }
        self._size = size
        self._windows = self._year_windows()

    def __len__(self) -> int:
        most = max(map(len, self._memos.values()))
        return max(most, len(self._where))

    def clear(self) -> None:
        """Forget every cell and word."""
        self._where.clear()
        for memo in self._memos.values():
            memo.clear()
            memo.store.clear()

    def fill(self, rows: Rows, columns: dict[str, Cells]) -> list[tuple[int, str]]:
        """OR facts into ``rows``; return cells that could not be read.

        Args:
            rows: encodings, ``uint64[n, words]``.
            columns: one column of ``n`` cells for each grid field that there is.
        """
        found = {}
        faults = []
        for name, memo in self._memos.items():
            if name in columns:
                found[name] = memo.numbers(columns[name])
                told = "age" if name == "age_as_of" else name
                faults += [(row, told) for row in memo.faults(found[name])]
        self._where.fill(rows, found)
        self._fill_births(rows, found)
        if "sex" in found:
            self._put(rows, "sex", self._records("sex", found["sex"])[:, 0])
        return faults

    def unsure(self, columns: dict[str, Cells]) -> list[int]:
        """Rows whose date of birth may be unset, which other cells of them tell."""
        if "birth_date" not in columns or columns.keys().isdisjoint(_TELLING):
            return []
        memo, size = self._memos["birth_date"], self._size["dob"]
        numbers = memo.numbers(columns["birth_date"])
        records = memo.store.rows
        epoch = records[:, size] == np.uint64(dates.EPOCH_YEAR)
        undated = ~records[:, :size].any(axis=1)
        return np.flatnonzero((epoch & undated)[numbers]).tolist()

    def state_tag(self, code: str) -> int:
        """The word that a state's code sets."""
        return self._tag("state", code)

    def sex_tag(self, sex: str) -> np.uint64:
        """The word that a sex sets."""
        return np.uint64(self._tag("sex", sex))

    def fill_named(self, rows: Rows, implied: Rows) -> None:
        """OR in the sex that is stated or, where none is, that the names imply.

        Args:
            rows: encodings, ``uint64[n, words]``, with the stated sex in them.
            implied: places in ``SEXES``, ``uint64[n]``.
        """
        if "named_sex" not in self._taggers:
            return
        place = self._layout["sex"]
        stated = rows[:, place.start] & np.uint64(place.mask)
        known = np.array([self._tag("sex", sex) for sex in SEXES], np.uint64)
        named = np.array([self._tag("named_sex", sex) for sex in SEXES], np.uint64)
        which = np.where(stated != 0, 0, implied).astype(np.intp)
        for at, tag in enumerate(known[1:], 1):
            which[stated == tag] = at
        self._put(rows, "named_sex", named[which])

    def _tag(self, name: str, value: str) -> int:
        if not value:
            return 0
        shift = 0 if self._layout[name].mask & 1 else 32
        return self._taggers[name].digest(value) << shift

    def _put(self, rows: Rows, name: str, values: Rows) -> None:
        rows[:, self._layout[name].start] |= values

    def _records(self, name: str, numbers: Numbers) -> Rows:
        return self._memos[name].store.rows[numbers]

    def _fill_births(self, rows: Rows, found: dict[str, Numbers]) -> None:
        years = np.zeros(len(rows), np.int64)
        if "birth_date" in found:
            years = self._fill_days(rows, "birth_date", found["birth_date"])
        if "birth_year" in found:
            told = self._records("birth_year", found["birth_year"])[:, 0]
            years = np.where(years != 0, years, told.astype(np.int64))
        if "age" in found:
            misplaced = np.where(years == 0, found["age"], 0)
            years = years + self._fill_days(rows, "age", misplaced)
        self._fill_years(rows, "yob", years, years)
        if "age_as_of" in found:
            self._fill_ages(rows, found, years == 0)

    def _fill_days(self, rows: Rows, name: str, numbers: Numbers) -> Numbers:
        """OR the days of a column in; return the years."""
        size, records = self._size["dob"], self._memos[name].store.rows
        kernels.gather(rows, numbers, records, 0, size, self._layout["dob"].start)
        self._put(rows, "declared", records[numbers, size + 1])
        years: Numbers = records[numbers, size].astype(np.int64)
        return years

    def _fill_ages(
        self, rows: Rows, found: dict[str, Numbers], unborn: NDArray[np.bool_]
    ) -> None:
        """OR in the years that dated ages give, where nothing else tells one."""
        told = np.zeros((len(rows), 3), np.int64)
        for name in ("birth_date", "age"):
            if name in found:
                own = self._records(name, found[name])[:, -3:].astype(np.int64)
                told = np.where(own[:, 2:] != 0, own, told)
        on = self._records("age_as_of", found["age_as_of"]).astype(np.int64)
        dated = unborn & (on[:, 0] != 0)
        usual = dated & (told[:, 2] == _UNITS.index("y"))
        low = np.where(usual, on[:, 0] - told[:, 1], 0)
        high = np.where(usual, on[:, 1] - told[:, 0], 0)
        for row in np.flatnonzero(dated & (told[:, 2] > _UNITS.index("y"))).tolist():
            age = ages.Age(int(told[row, 0]), int(told[row, 1]), _UNITS[told[row, 2]])
            first, last = map(date.fromordinal, on[row, 2:].tolist())
            window = ages.born_within(age, (first, last))
            low[row], high[row] = window or (0, 0)
        self._fill_years(rows, "aged", low, high)

    def _fill_years(self, rows: Rows, name: str, low: Numbers, high: Numbers) -> None:
        place = self._layout[name]
        wide = int((high - low).max(initial=0))
        for more in range(wide + 1):
            year = np.where((low > 0) & (low + more <= high), low + more, 0)
            numbers = np.where(year > 0, year - FIRST_YEAR, 0)
            kernels.gather(rows, numbers, self._windows, 0, place.words, place.start)

    def _year_windows(self) -> Rows:
        """Filters of each year with those around it; number 0 is no year's.

        Stated years and those from an age have one key, so that they can be compared.
        """
        bloom = self._filters["yob"]
        made = [b"\0" * (8 * bloom.field.words)]
        for year in range(FIRST_YEAR + 1, LAST_YEAR + 1):
            made.append(bloom.encode(year_tokens(year, year)))
        windows = np.frombuffer(b"".join(made), "<u8").astype(np.uint64)
        return windows.reshape(-1, bloom.field.words)

    def _read_sex(self, cell: str) -> bytes:
        return _word(self._tag("sex", numbers.sex(cell)))

    def _read_birth(self, cell: str) -> bytes:
        birth = dates.birth(cell)
        return self._birth(birth, None if birth.year else ages.stated(cell))

    def _read_age(self, cell: str) -> bytes:
        return self._birth(ages.misplaced(cell), ages.read(cell))

    def _birth(self, birth: dates.Birth, age: ages.Age | None) -> bytes:
        """A record: a day's filter, year, declared year, ages from and to, unit."""
        tokens = day_tokens(birth.day) if birth.day else ()
        declared = str(birth.year) if birth.declared else ""
        return (
            self._filters["dob"].encode(tokens)
            + _word(birth.year or 0)
            + _word(self._tag("declared", declared))
            + _aged(age)
        )

    def _read_year(self, cell: str) -> bytes:
        return _word(dates.year(cell) or 0)

    def _read_as_of(self, cell: str) -> bytes:
        """A record: years turned on the first and the last day, and these days."""
        span = dates.days(cell) or ()
        told = [*map(ages.turned_year, span), *map(date.toordinal, span)]
        return b"".join(map(_word, told))


def _word(number: int) -> bytes:
    return number.to_bytes(8, "little")


def _aged(age: ages.Age | None) -> bytes:
    """Lowest and highest age and the number of its unit; 0 where it tells nothing."""
    if age is None or (age.unit == "y" and not ages.says_years(age)):
        return bytes(24)
    return _word(age.low) + _word(age.high) + _word(_UNITS.index(age.unit))
