"""Log lines: one shape in both forms, and nothing that somebody typed."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from childgrid_wire import logs

CANARY = "Nityananda Sarkhel"
OURS = "childgrid_node.courier"
KEYS = {"time", "level", "where", "event"}


class Written:
    """What was written, in one form."""

    def __init__(self, form: logs.Format) -> None:
        self.form = form
        self.stream = io.StringIO()
        logs.configure(form, self.stream)

    @property
    def lines(self) -> list[str]:
        """Line by line."""
        return self.stream.getvalue().splitlines()

    @property
    def last(self) -> str:
        """The newest line."""
        return self.lines[-1]

    @property
    def told(self) -> dict[str, Any]:
        """The newest line, as JSON."""
        found: dict[str, Any] = json.loads(self.last)
        return found


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest, kept: None) -> Written:
    """Logging as a server has it."""
    return Written(request.param)


@pytest.fixture
def kept() -> Iterator[None]:
    """Whatever a test does to logging is undone."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    yield
    root.handlers[:], root.level = before, level
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def hand_over() -> Any:
    """Structlog as a node has it."""
    structlog.configure(
        processors=[logs.hand_over],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return structlog.get_logger(OURS)


def test_both_ways_to_speak_make_the_same_keys(kept: None) -> None:
    """Structlog's events and the standard library's records; JSON has all of it."""
    written = Written("json")
    logging.getLogger(OURS).warning("refused")
    assert written.told.keys() == KEYS
    hand_over().warning("refused", kind="query", count=3)
    assert written.told.keys() == KEYS | {"kind", "count"}
    told = {name: written.told[name] for name in ("level", "where", "event", "kind")}
    assert told == {
        "level": "warning", "where": OURS, "event": "refused", "kind": "query",
    }  # fmt: skip
    assert written.told["count"] == 3
    assert written.told["time"].endswith("Z")


def test_text_is_read_by_people(kept: None) -> None:
    """Time, level, the event, and what it names as words."""
    written = Written("text")
    hand_over().error("restored log held", reason="log-behind", why="no room left")
    line = written.last.partition(" ")[2]
    assert line == (
        f'error restored log held reason=log-behind why="no room left" where={OURS}'
    )


def test_a_line_is_one_line(written: Written) -> None:
    """Whatever is put into a value, nobody writes a second line or another key."""
    hand_over().info("read", source='a\nlevel=error event="x" \x1b[31m', level="none")
    (line,) = written.lines
    assert "\x1b" not in line
    if written.form == "json":
        assert written.told["level"] == "info"
    else:
        assert " level=" not in line.replace('"a\\nlevel', "")
        assert line.split(" ")[1] == "info"


def test_an_exception_is_told_by_type_and_place(written: Written) -> None:
    """Its message may be what somebody typed, and is not told; nor is a cause's."""
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as cause:
            raise ValueError(f"no such name: {CANARY}") from cause
    except ValueError:
        hand_over().exception("failed", work="search")
        logging.getLogger("childgrid_log.service").exception("failed")
    assert len(written.lines) == 2
    for line in written.lines:
        assert "ValueError" in line
        assert "test_logs.py:" in line
        assert "Sarkhel" not in line


def test_values_that_are_no_words_are_told_by_type(written: Written) -> None:
    """A statement, a row or bytes by mistake: its class, never its content."""
    row = {"name": CANARY}
    hand_over().info("read", row=row, data=CANARY.encode(), fault=ValueError(CANARY))
    assert "Sarkhel" not in written.last
    assert "dict" in written.last
    assert "ValueError" in written.last


def test_another_package_is_told_by_its_place(written: Written) -> None:
    """Warnings and worse alone, and none of its words: they may quote a statement."""
    theirs = logging.getLogger("sqlalchemy.engine")
    theirs.info("INSERT INTO t VALUES (%s)", CANARY)
    assert written.lines == []
    theirs.warning("bad value %s", CANARY, exc_info=ValueError(CANARY))
    assert "test_logs.py:" in written.last
    assert "sqlalchemy.engine" in written.last
    warnings.warn(f"odd: {CANARY}", UserWarning, stacklevel=1)
    assert len(written.lines) == 2
    assert not [one for one in written.lines if "Sarkhel" in one or "bad value" in one]


@pytest.mark.parametrize("where", ["main", "thread"])
def test_a_crash_is_told_without_words(written: Written, where: str) -> None:
    """What nobody caught, in the main thread or another; a key press is no crash."""

    def crash() -> None:
        raise RuntimeError(CANARY)

    if where == "thread":
        thread = threading.Thread(target=crash)
        thread.start()
        thread.join()
    else:
        try:
            crash()
        except RuntimeError as error:
            sys.excepthook(RuntimeError, error, error.__traceback__)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    (line,) = written.lines
    assert "crashed" in line
    assert "RuntimeError" in line
    assert "crash" in line.partition("test_logs.py")[2]
    assert "Sarkhel" not in line


def test_long_values_are_cut(written: Written) -> None:
    """A line stays a line."""
    hand_over().info("read", why="x" * 10_000)
    assert len(written.last) < 600


@pytest.mark.usefixtures("kept")
def test_the_journal_is_told_how_bad_a_line_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where systemd reads stderr, and only there; see sd-daemon(3)."""
    with (tmp_path / "stderr").open("w") as stderr:
        about = os.fstat(stderr.fileno())
        monkeypatch.setattr(sys, "stderr", stderr)
        for stream in (f"{about.st_dev}:{about.st_ino}", "8:1"):
            monkeypatch.setenv("JOURNAL_STREAM", stream)
            logs.configure("text")
            logging.getLogger(OURS).warning("waiting")
    journal, other = (tmp_path / "stderr").read_text().splitlines()
    assert journal.startswith("<4>2")
    assert journal.removeprefix("<4>")[20:] == other[20:]
