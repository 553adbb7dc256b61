"""A pair of records side by side, read live from the own register, and what is said.

The third door to the register, beside indexing and disclosure: whoever judges whether
two records are one person must see both. Only the agency's own people, at the agency's
own terminal, and only records that the index holds: a row that has changed since, is
gone, or may not be searched today (a victim, a child) is not shown. Mapped fields are
shown and nothing else of a row; nothing is written, copied or logged here.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from childgrid_node import guard, normalise
from childgrid_node.holdings import Holdings
from childgrid_node.index import encoding_digest
from childgrid_node.indexer import Source
from childgrid_node.normalise import Fields
from childgrid_node.register import Row
from childgrid_node.review import ReviewRefused
from childgrid_node.review_pairs import (
    DIFFERENT,
    GONE,
    OPEN,
    SAME,
    UNSURE,
    Pair,
    Session,
)
from childgrid_node.source_errors import AmbiguousKey

COLUMNS = ("left", "right", "verdict")
STOP, BACK = "stop", "back"
_JOINERS = "\u200c\u200d"
"""Part of how several Indian scripts are written; every other hidden sign is not."""


@dataclass(frozen=True)
class Sheet:
    """What a judge sees: a field's values in both records, line by line."""

    pair: Pair
    lines: tuple[tuple[str, str, str], ...]
    number: int
    total: int


Ask = Callable[[Sheet], str]
"""Answers with a verdict, `stop`, `back`, or nothing: this pair stays open."""


@dataclass(frozen=True)
class Reader:
    """Reads records of one source as they are now."""

    source: Source
    holdings: Holdings
    today: dt.date

    def sheet(self, pair: Pair, number: int, total: int) -> Sheet | None:
        """Both records side by side; None where one can't be shown any more."""
        left = self._fields(pair.left, pair.left_digest)
        right = self._fields(pair.right, pair.right_digest)
        if left is None or right is None:
            return None
        return Sheet(pair, tuple(_lines(left, right)), number, total)

    def _fields(self, key: str, digest: str) -> Fields | None:
        row = self._row(key)
        mapping = self.source.mapping
        if row is None or not guard.judge(row.values, mapping, self.today).admitted:
            return None
        tokens = normalise.tokens(row.values, mapping)
        if encoding_digest(self.holdings.encode(tokens)).hex() != digest:
            return None
        return normalise.fields_of(row.values, mapping)

    def _row(self, key: str) -> Row | None:
        try:
            return self.source.register.reread(key)
        except AmbiguousKey:
            return None


def judge(session: Session, reader: Reader, ask: Ask, save: Callable[[], None]) -> bool:
    """Put every open pair before a judge; returns whether none is left open.

    Each answer is saved before the next pair is shown, so that whoever stops, or is
    stopped, goes on where they were.
    """
    waiting = list(session.open())
    place = 0
    while place < len(waiting):
        at = waiting[place]
        sheet = reader.sheet(session.pairs[at], at + 1, len(session.pairs))
        answer = ask(sheet) if sheet else GONE
        if answer == STOP:
            break
        if answer == BACK:
            place = _back(session, waiting, place)
        elif answer != OPEN:
            session.judge(at, answer)
        save()
        place += answer != BACK
    return not any(True for _ in session.open())


def _back(session: Session, waiting: list[int], place: int) -> int:
    """Open the last pair again that was shown in this sitting."""
    while place > 0:
        place -= 1
        if session.pairs[waiting[place]].verdict != GONE:
            session.judge(waiting[place], OPEN)
            break
    return place


def _lines(left: Fields, right: Fields) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys((*left, *right)):
        pair = [_plain(fields.get(name, ())) for fields in (left, right)]
        if any(pair):
            yield name.replace("_", " "), pair[0], pair[1]


def _plain(values: tuple[str, ...] | list[str] | object) -> str:
    """Values as they may go to a terminal: a record must not steer it."""
    texts = values if isinstance(values, list | tuple) else ()
    joined = " · ".join(text for text in texts if text.strip())
    return "".join(
        sign if sign.isprintable() or sign in _JOINERS else "�" for sign in joined
    )


def shown(sheet: Sheet, console: Console) -> None:
    """Print a sheet; fields that read the same are marked, and so are missing ones."""
    table = Table(title=f"pair {sheet.number} of {sheet.total}", title_justify="left")
    for title in ("field", "one record", "the other", ""):
        table.add_column(title, overflow="fold")
    for name, left, right in sheet.lines:
        mark = "=" if left == right else "?" if not (left and right) else ""
        table.add_row(*(Text(cell) for cell in (name, left, right, mark)))
    console.print(table)


def asked(prompt: Callable[[], str], console: Console) -> Ask:
    """Return an `Ask` that shows each sheet and takes answers from `prompt`."""
    words = {"s": SAME, "d": DIFFERENT, "c": UNSURE, "b": BACK, "q": STOP}

    def ask(sheet: Sheet) -> str:
        shown(sheet, console)
        while (said := words.get(prompt().strip().lower()[:1])) is None:
            pass
        return said

    return ask


def from_file(path: Path, session: Session) -> Ask:
    """Return an `Ask` that finds its answers in a CSV of left, right, verdict.

    Pairs that the file does not name stay open.

    Raises:
        ReviewRefused: not such a file, or a line names no pair of this review; says
            which line, never a key.
    """
    known = {pair.ends for pair in session.pairs}
    said: dict[frozenset[str], str] = {}
    for number, (left, right, verdict) in enumerate(_read(path), 2):
        ends = frozenset((left, right))
        if ends not in known or verdict not in (SAME, DIFFERENT, UNSURE):
            raise ReviewRefused(
                f"{path.name}, line {number}: names no pair of this review, or a "
                f"verdict other than {SAME}, {DIFFERENT}, {UNSURE}; see --list"
            )
        said[ends] = verdict
    return lambda sheet: said.get(sheet.pair.ends, OPEN)


def _read(path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ReviewRefused(f"{path.name}: columns are {','.join(COLUMNS)}")
            for row in reader:
                if (row["verdict"] or "").strip():
                    left, right, verdict = (str(row[name]) for name in COLUMNS)
                    yield left, right, verdict.strip().lower()
    except (OSError, UnicodeDecodeError, csv.Error):
        raise ReviewRefused(f"cannot read {path.name} as a CSV in UTF-8") from None


def listed(session: Session) -> Iterator[list[str]]:
    """Rows of that CSV for the pairs that are open, to be judged elsewhere."""
    yield list(COLUMNS)
    for at in session.open():
        yield [session.pairs[at].left, session.pairs[at].right, ""]
