"""The log lines of every server: one shape, as text or JSON, and nobody's data in it.

Each line has `time` (UTC), `level`, `where` (the module that speaks), `event` (fixed
words), and what the event names: kinds, reasons, members, counts. Text is for people:

    2026-11-29T12:40:00Z info waiting work=board reason=busy where=childgrid_node.app

JSON is one object a line, for whatever collects logs. Where systemd's journal reads
stderr (`JOURNAL_STREAM`), a line begins with its priority, as sd-daemon(3) has it, so
that `journalctl -p warning` finds what it should.

The rules: an exception is told by its type and the places that it passed, never by its
message, which may hold what somebody typed; what another package would say is told by
the place in its code, since its words are not ours to vouch for; a line is one line.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from types import TracebackType
from typing import Any, Literal, TextIO

Format = Literal["text", "json"]
Told = dict[str, Any]
_OURS = "childgrid_"
_LONGEST = 300
_PLACES = 12
_PRIORITIES = {
    logging.DEBUG: "<7>",
    logging.INFO: "<6>",
    logging.WARNING: "<4>",
    logging.ERROR: "<3>",
    logging.CRITICAL: "<2>",
}


def configure(form: Format, stream: TextIO | None = None) -> None:
    """Write every log line of this process in one form, by default to stderr."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines(form, journal=stream is None and _in_journal()))
    handler.addFilter(_is_heard)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed


def hand_over(
    _: object, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The last processor of structlog, where a zone has it: here the lines are made."""
    failed = event.pop("exc_info", None)
    said = {"msg": event.pop("event", ""), "extra": {"told": dict(event)}}
    return {**said, "exc_info": failed} if failed else said


class Lines(logging.Formatter):
    """Makes a line of a record."""

    def __init__(self, form: Format, *, journal: bool = False) -> None:
        super().__init__()
        self._priorities = _PRIORITIES if journal else {}
        self._write: Callable[[Told], str] = _json if form == "json" else _text

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        told = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "where": record.name,
            "event": _said(record),
        }
        named = {name: plain(one) for name, one in _named(record).items()}
        # What an event names never stands in for when, where and how bad it is.
        line = self._write({**named, **told})
        return f"{self._priorities.get(record.levelno, '')}{line}"


def _in_journal() -> bool:
    """Whether stderr is the stream that systemd says it reads; see systemd.exec(5)."""
    try:
        about = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{about.st_dev}:{about.st_ino}"


def plain(value: object) -> object:
    """A value as a line may show it: short words, numbers, or else its type alone."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    return type(value).__name__


def places(trace: TracebackType | None) -> list[str]:
    """The innermost places that an exception passed: `file:line function`."""
    found = traceback.extract_tb(trace)[-_PLACES:]
    return [
        f"{one.filename.rpartition('/')[2]}:{one.lineno} {one.name}" for one in found
    ]


def _is_heard(record: logging.LogRecord) -> bool:
    return _is_ours(record) or record.levelno >= logging.WARNING


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.startswith(_OURS)


def _said(record: logging.LogRecord) -> str:
    return record.getMessage() if _is_ours(record) else "another package spoke"


def _named(record: logging.LogRecord) -> Told:
    told: Told = dict(getattr(record, "told", {}))
    if not _is_ours(record):
        told["at"] = f"{record.filename}:{record.lineno}"
    if record.exc_info and record.exc_info[0] is not None:
        told["error"] = record.exc_info[0].__name__
        told["trace"] = " < ".join(reversed(places(record.exc_info[2])))
    return told


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def _text(told: Mapping[str, Any]) -> str:
    rest = {name: told[name] for name in told if name not in ("time", "level", "event")}
    named = "".join(f" {name}={_word(one)}" for name, one in rest.items())
    return f"{told['time']} {told['level']} {_line(told['event'])}{named}"


def _word(value: object) -> str:
    """One word, in quotes where it isn't one: so no value can look like a key."""
    said = value if isinstance(value, str) else json.dumps(value)
    simple = said.isprintable() and not set(said) & set(" =\"'\\")
    return said if said and simple else json.dumps(said)


def _line(event: str) -> str:
    return event if event.isprintable() else json.dumps(event)


def _crashed(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logger = logging.getLogger(__name__)
    logger.critical("crashed", exc_info=(kind, error, trace))


def _thread_crashed(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _crashed(args.exc_type, args.exc_value, args.exc_traceback)
