"""Rendering: Jinja templates of an application over the shared layout and parts.

Autoescaping is always on and an unknown name is an error, so that a misspelt one is
found by a test and not by a reader. Each language has an environment of its own, so
that a component imported into a page speaks the page's language.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from childgrid_page.languages import ENGLISH, SOURCE, Language, Languages

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
"""The folder of the style sheet, to be served below `/static`."""

TEMPLATES = _HERE / "templates"
SHORT = 12


class Pages:
    """The pages of one application.

    Args:
        templates: the application's own templates; they extend `layout.html` and
            import `parts.html`.
        utc_offset: seconds that the readers' local time is ahead of UTC.
        shared: what every page gets, such as `service` (its name) and `links`.
        languages: what it speaks, by code; English alone where left out.
    """

    def __init__(
        self,
        templates: Path,
        utc_offset: int,
        shared: Mapping[str, object],
        languages: Languages | None = None,
    ) -> None:
        self._offset = utc_offset
        self._zone = dt.timezone(dt.timedelta(seconds=utc_offset))
        self._loader = ChoiceLoader([FileSystemLoader(templates), _shared_loader()])
        self.languages = languages or {SOURCE: ENGLISH}
        self._environments = {
            code: self._environment(language, shared)
            for code, language in self.languages.items()
        }

    def _environment(
        self, language: Language, shared: Mapping[str, object]
    ) -> Environment:
        made = Environment(
            loader=self._loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        install_texts(made, language)
        made.globals.update(
            shared,
            lang=language.code,
            direction=language.direction,
            zone=zone(self._offset),
            pages=self,
        )
        made.filters.update(
            short=lambda text: text[:SHORT],
            moment=lambda when: self.moment(when, language),
            minute=lambda when: language.time(self._local(when), "d MMM y, HH:mm"),
            day=lambda when: self.day(when, language),
            number=number,
            span=language.span,
            visible=visible,
        )
        return made

    def render(self, name: str, lang: str = SOURCE, /, **values: Any) -> str:  # noqa: ANN401 - any template
        """Render a template to HTML, in English where `lang` isn't spoken."""
        spoken = self._environments.get(lang) or self._environments[SOURCE]
        return spoken.get_template(name).render(**values)

    def moment(self, when: int, language: Language = ENGLISH) -> str:
        """A time (Unix seconds) in the readers' own: `2 Jan 2027, 14:05:09`."""
        return language.time(self._local(when), "d MMM y, HH:mm:ss")

    def day(self, when: int, language: Language = ENGLISH) -> str:
        """A day in the readers' own time: `2 Jan 2027`."""
        return language.time(self._local(when), "d MMM y")

    def _local(self, when: int) -> dt.datetime:
        # Babel knows zones by name only; what it gets has been moved already.
        return dt.datetime.fromtimestamp(when, self._zone).replace(tzinfo=None)


def install_texts(environment: Environment, language: Language) -> None:
    """Let `_()` and `{% trans %}` of an environment speak a language."""
    texts = language.texts
    install = environment.install_gettext_callables  # type: ignore[attr-defined]
    install(
        texts.gettext,
        texts.ngettext,
        newstyle=True,
        pgettext=texts.pgettext,
        npgettext=texts.npgettext,
    )


_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160"
    "\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Characters that show nothing or turn the order of others, and halves of characters,
which no page can be sent with; not the joiners that Indian scripts are written with
(U+200C, U+200D)."""


_ODD = Markup('<span class="odd">U+{}</span>')


def visible(text: str) -> Markup:
    """A foreign text with what hides in it shown, set apart from its surroundings.

    A name must not turn the words beside it around, nor look like another name.
    """
    shown = _HIDDEN.split(str(text))
    found = _HIDDEN.findall(str(text))
    parts = [escape(shown[0])]
    for sign, rest in zip(found, shown[1:], strict=True):
        parts += [_ODD.format(f"{ord(sign):04X}"), escape(rest)]
    return Markup("<bdi>{}</bdi>").format(Markup("").join(parts))


def _shared_loader() -> FileSystemLoader:
    return FileSystemLoader(TEMPLATES)


def zone(utc_offset: int) -> str:
    """What local time is called beside a moment: `UTC+05:30`."""
    hours, minutes = divmod(abs(utc_offset) // 60, 60)
    return f"UTC{'-' if utc_offset < 0 else '+'}{hours:02}:{minutes:02}"


def number(value: int) -> str:
    """A count with Indian grouping: 12,34,567."""
    head, tail = divmod(abs(value), 1_000)
    text = f"{tail:03d}" if head else str(tail)
    while head:
        head, pair = divmod(head, 100)
        text = f"{pair:02d},{text}" if head else f"{pair},{text}"
    return f"-{text}" if value < 0 else text
