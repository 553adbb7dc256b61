"""How far a source has been read, so that the next reading can begin there.

A mark is the greatest `updated` value of one snapshot, or the state of a file. What is
committed late carries an earlier time than what was read already; so a reader looks
back from the mark by more than the longest transaction takes, and takes twice what it
then meets twice. A time ahead of now is no mark: all that is written before it comes
would lie behind it. Numbers are refused: whether they count seconds or changes, nobody
can tell. Pure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from ..source_errors import RegisterError

_DATE_CHARACTERS = len("2026-01-31")
_MINUTE_CHARACTERS = len("2026-01-31 23:59")
_PLAIN = "2026-01-31 23:59:59"
_INDIA = timezone(timedelta(hours=5, minutes=30))


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a source: `kind` is time, date, text or file; `value` its text."""

    kind: str
    value: str

    @classmethod
    def of(cls, greatest: object, setting: str) -> Mark:
        """The mark at a greatest `updated` value, of whatever type the driver gave.

        Raises `RegisterError`, naming `setting`, for what is no time.
        """
        if isinstance(greatest, datetime):
            return cls("time", greatest.isoformat())
        if isinstance(greatest, date):
            return cls("date", greatest.isoformat())
        if isinstance(greatest, str) and _instant(greatest) is not None:
            return cls("text", greatest)
        raise RegisterError(
            f"{setting} holds no times; name a column of timestamps or dates, or of "
            "ISO 8601 text, or leave it out and have the source read whole"
        )

    def back(self, seconds: int) -> Any:  # noqa: ANN401 - typed as the column is
        """The value `seconds` before this mark, as the column writes it."""
        lag = timedelta(seconds=seconds)
        if self.kind == "time":
            return datetime.fromisoformat(self.value) - lag
        if self.kind == "date":
            return date.fromisoformat(self.value) - lag - timedelta(days=1)
        instant = _instant(self.value)
        if instant is None:
            raise ValueError(self.kind)
        return _like(self.value, instant - lag)

    def dump(self) -> str:
        """This mark as JSON."""
        return json.dumps([self.kind, self.value])

    @classmethod
    def load(cls, dumped: str) -> Mark | None:
        """Read what `dump` wrote; nothing where it is something else."""
        try:
            kind, value = json.loads(dumped)
        except (ValueError, TypeError):
            return None
        known = kind in ("time", "date", "text", "file") and isinstance(value, str)
        return cls(kind, value) if known else None


def bound(greatest: object, now: int, *, as_text: bool) -> object | None:
    """`now`, as a column holds it, where its greatest value is ahead of that.

    None where that is a time that has come. A text that is no time is taken to be
    ahead; times without a zone are India's.

    Args:
        greatest: the column's greatest value.
        now: Unix seconds.
        as_text: whether the database compares the column as text.
    """
    instant = moment(greatest)
    zone = (instant and instant.tzinfo) or _INDIA
    here = datetime.fromtimestamp(now, zone)
    if instant is not None and instant.replace(tzinfo=zone) <= here:
        return None
    if as_text:
        return _like(str(greatest) if instant else _PLAIN, here)
    return here if instant and instant.tzinfo else here.replace(tzinfo=None)


def moment(value: object) -> datetime | None:
    """The time that a value of a column tells; None where it tells none."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    return _instant(value) if isinstance(value, str) else None


def _instant(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        return None


def _like(pattern: str, moment: datetime) -> str:
    """A moment written as `pattern` is, so that texts compare as their times do.

    It is cut to seconds where the pattern has a fraction: that only looks back more.
    """
    if len(pattern) == _DATE_CHARACTERS:
        return moment.date().isoformat()
    separator = pattern[_DATE_CHARACTERS]
    seconds = moment.replace(microsecond=0, tzinfo=None)
    if moment.tzinfo is not None and pattern.endswith("Z"):
        seconds = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    precision = "minutes" if len(pattern) == _MINUTE_CHARACTERS else "seconds"
    return seconds.isoformat(separator, precision)
