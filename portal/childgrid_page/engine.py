"""Rendering: Jinja templates of an application over the shared layout and parts.

Autoescaping is always on and an unknown name is an error, so that a misspelt one is
found by a test and not by a reader.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
"""The folder of the style sheet, to be served below `/static`."""

SHORT = 12


class Pages:
    """The pages of one application.

    Args:
        templates: the application's own templates; they extend `layout.html` and
            import `parts.html`.
        utc_offset: seconds that the readers' local time is ahead of UTC.
        shared: what every page gets, such as `service` (its name) and `links`.
    """

    def __init__(
        self, templates: Path, utc_offset: int, shared: Mapping[str, object]
    ) -> None:
        self._offset = utc_offset
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(templates), _shared_loader()]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(shared)
        self._environment.filters.update(
            short=lambda text: text[:SHORT],
            moment=self.moment,
            day=self.day,
            number=number,
            span=span,
        )

    def render(self, name: str, **values: Any) -> str:  # noqa: ANN401 - any template
        """Render a template to HTML."""
        return self._environment.get_template(name).render(**values)

    def moment(self, when: int) -> str:
        """A time (Unix seconds) in the readers' own: `2 Jan 2027, 14:05:09`."""
        return self._local(when).strftime("%-d %b %Y, %H:%M:%S")

    def day(self, when: int) -> str:
        """A day in the readers' own time: `2 Jan 2027`."""
        return self._local(when).strftime("%-d %b %Y")

    def _local(self, when: int) -> dt.datetime:
        return dt.datetime.fromtimestamp(when + self._offset, dt.UTC)


def _shared_loader() -> FileSystemLoader:
    return FileSystemLoader(_HERE / "templates")


def number(value: int) -> str:
    """A count with Indian grouping: 12,34,567."""
    head, tail = divmod(abs(value), 1_000)
    text = f"{tail:03d}" if head else str(tail)
    while head:
        head, pair = divmod(head, 100)
        text = f"{pair:02d},{text}" if head else f"{pair},{text}"
    return f"-{text}" if value < 0 else text


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def span(seconds: int) -> str:
    """A length of time in its two largest units: `1 h 5 min`."""
    parts: list[str] = []
    for size, name in _UNITS:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{count} {name}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part) or "0 s"
