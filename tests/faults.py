"""Who says what of a fault: the table in `docs/operating.md`, from what is planted.

`python -m tests.faults` writes it between its two marks. The rows are those that
`tests/process` plants into a node, so the page tells what was tried.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parent
PAGE = _TESTS.parent / "docs" / "operating.md"
BEGIN, END = "<!-- faults: made by python -m tests.faults -->\n", "<!-- /faults -->\n"
_HEAD = """| what is wrong | `doctor` says | a start | a node that runs | alarm |
| --- | --- | --- | --- | --- |
"""
_HANGS = (
    "| the process hangs | `serving`: does not answer | | answers nobody |"
    " `ChildgridGone` |\n"
)


def section() -> str:
    """The table with its marks."""
    from process.planted import FAULTS

    rows = "".join(
        f"| {one.what} | `{one.check}`: {_words(one.check, one.words)}"
        f" | {'ends' if one.start else ''} | {_running(one.health, one.alarm)}"
        f" | {_alarms(one.health, one.alarm)} |\n"
        for one in FAULTS.values()
    )
    return BEGIN + _HEAD + rows + _HANGS + END


def _words(check: str, words: str) -> str:
    return words.removeprefix(f"{check}: ").rstrip(": ")


def _running(health: str, alarm: str) -> str:
    return f"`NOT_SERVING`, `{health}`" if health else "serves" if alarm else ""


def _alarms(health: str, alarm: str) -> str:
    every = ["ChildgridNotServing"] * bool(health) + [alarm] * bool(alarm)
    return ", ".join(f"`{one}`" for one in every)


def main() -> int:
    """Write the table into the page."""
    sys.path.insert(0, str(_TESTS))
    sys.path.insert(0, str(_TESTS.parent))
    text = PAGE.read_text("utf-8")
    found = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), flags=re.S)
    PAGE.write_text(found.sub(lambda _: section(), text), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
