"""What an operator wrote: one TOML file, or one sentence that says what is wrong.

Every program of the grid reads its settings, lists and policies here. What `tomllib`
lets out (a list too deep for its recursion, a number with more digits than Python
converts) becomes the same refusal as a slip of the pen. The rule: a refusal names the
file and the place in it and never quotes it, for it may describe a person.

What the settings mean is for the reader who asked.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from childgrid_wire.errors import ConfigurationRefused

DEEPEST = 32
"""Tables and lists within each other; no file of ours needs more than 5."""

LARGEST = 2**63
"""TOML's integers are 64-bit signed; hexadecimal ones would else have no end."""

_PLACE = re.compile(r"\(at (line [0-9]+, column [0-9]+|end of document)\)$")


PORT = (
    "([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
)
"""The pattern of a port that there is; with a larger one another would be opened."""


_FORMS = (
    ("127\\.0\\.0\\.1", "write 127.0.0.1:PORT; it is for this machine alone"),
    ("https?://", "write https://HOST, in lower case"),
    (PORT, "write HOST:PORT, with a port up to 65535"),
    ("(/", "write an absolute path of at most 101 characters"),
    ("[ -~]{1,80}", "write up to 80 letters, digits and signs of English"),
    ("[a-z0-9-]", "write an id: lower-case letters, digits and -"),
)
"""What is told of a pattern, by a part of it; the first that fits."""


def told(fault: Mapping[str, Any]) -> str:
    """A setting at fault and what to write, from pydantic's account of it; no value."""
    name = ".".join(str(part) for part in fault["loc"])
    pattern = fault.get("ctx", {}).get("pattern")
    if pattern is None:
        return f"{name}: {fault['msg']}"
    form = next((words for part, words in _FORMS if part in pattern), "see its form")
    return f"{name}: {form} (docs/settings.md)"


def read(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigurationRefused: unreadable, not UTF-8, or as `parse`.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError:
        fault = f"cannot read {path.name}; is it there, and may this user read it?"
        raise ConfigurationRefused(fault) from None
    except UnicodeDecodeError:
        fault = f"cannot read {path.name}; save it as UTF-8"
        raise ConfigurationRefused(fault) from None
    return parse(text, path.name)


def parse(text: str, name: str) -> dict[str, Any]:
    """Read TOML; `name` is what the file is called in a refusal.

    Raises:
        ConfigurationRefused: not TOML, too deep, or a number out of bounds.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        at = f" ({place[1]})" if place else ""
        raise ConfigurationRefused(f"{name} is not TOML{at}; correct it") from None
    except (ValueError, RecursionError):  # which tomllib lets out
        raise ConfigurationRefused(_too_much(name)) from None
    if any(depth > DEEPEST or _endless(value) for value, depth in _values(table)):
        raise ConfigurationRefused(_too_much(name))
    return table


def as_json(table: dict[str, Any]) -> str:
    """Return what a file says as JSON, for a reader that takes each value as it stands.

    A text is no number and "no" is no truth value there, while a list may still be
    read as the tuple that is wanted. A date, which no setting is, becomes a table.
    """
    return json.dumps(table, default=lambda _: {})


def _too_much(name: str) -> str:
    return f"{name}: a number is too long or a list too deep; make it shorter"


def _endless(value: object) -> bool:
    return isinstance(value, int) and not -LARGEST <= value < LARGEST


def _values(table: dict[str, Any]) -> Iterator[tuple[object, int]]:
    """Every value with its depth, without recursion; not below what is too deep."""
    waiting: list[tuple[object, int]] = [(table, 1)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        if depth > DEEPEST:
            return
        inner: list[Any] = []
        if isinstance(value, dict):
            inner = list(value.values())
        elif isinstance(value, list):
            inner = value
        waiting += ((one, depth + 1) for one in inner)
