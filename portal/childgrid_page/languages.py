"""Languages of pages: texts out of .po files, and each language's dates and times.

English is the source and stands in the templates. A language is one file,
`LANGUAGE/LC_MESSAGES/DOMAIN.po`, read when the application starts; nothing is compiled
beforehand, so that a translator's file is what readers get. Names of months, units and
the direction of writing are Babel's. A text that a file lacks is shown in English.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale
from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.units import format_unit

SOURCE = "en"
"""The code of the language that stands in the templates."""

_UNITS = (
    (86_400, "day", "day"),
    (3_600, "hour", "h"),
    (60, "minute", "min"),
    (1, "second", "s"),
)


@dataclass(frozen=True)
class Language:
    """One language: its code (`hi`), its texts, and how it writes times."""

    code: str
    texts: NullTranslations = field(default_factory=NullTranslations)

    @property
    def locale(self) -> Locale:
        """Babel's data of the language."""
        return Locale.parse(self.code)

    @property
    def name(self) -> str:
        """What the language calls itself."""
        return self.locale.get_language_name() or self.code

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.locale.text_direction)

    def time(self, when: dt.datetime, pattern: str) -> str:
        """A time by a pattern of Unicode's, such as `d MMM y, HH:mm`."""
        return str(format_datetime(when, pattern, locale=self.locale))

    def span(self, seconds: int) -> str:
        """A length of time in its two largest units: `1 h 5 min`."""
        parts: list[str] = []
        for size, name, short in _UNITS:
            count, seconds = divmod(seconds, size)
            if count or parts:
                parts.append(self._unit(count, name, short) if count else "")
            if len(parts) == 2:
                break
        said = " ".join(part for part in parts if part)
        return said or self._unit(0, *_UNITS[-1][1:])

    def _unit(self, count: int, name: str, short: str) -> str:
        if self.code == SOURCE:
            return f"{count} {short}{'s' if short == name and count != 1 else ''}"
        return str(format_unit(count, f"duration-{name}", "short", locale=self.locale))


Languages = Mapping[str, Language]
ENGLISH = Language(SOURCE)


def read(folder: Path, domain: str) -> dict[str, Language]:
    """English, and every language of which `folder` holds a file of texts.

    Raises:
        PoFileError: a file is no catalogue.
        UnknownLocaleError, ValueError: its folder's name is no language.
    """
    found = {SOURCE: ENGLISH}
    for path in sorted(folder.glob(f"*/LC_MESSAGES/{domain}.po")):
        code = path.parents[1].name
        found[code] = Language(code, _texts(path, code))
    return found


def _texts(path: Path, code: str) -> GNUTranslations:
    packed = io.BytesIO()
    with path.open("rb") as file:
        write_mo(packed, read_po(file, locale=code, abort_invalid=True))
    packed.seek(0)
    return GNUTranslations(packed)
