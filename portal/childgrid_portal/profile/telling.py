"""Text that can be read back: each run of a PDF says in Unicode what its glyphs spell.

What stands on every page, its marks and its number, is an artifact, as PDF/UA calls it:
readers of the screen pass it by, and it is in nobody's way where a value is copied. The
library numbers it like a value and leaves it out of the tree, which is neither.

A glyph of a shaped script may be half a syllable or two, so the table from glyphs to
letters that a PDF carries gives other words than were written: a copied or spoken name
would be wrong. PDF has `ActualText` for that, which the library that draws does not
write yet; here its page streams are told to. Latin and Arabic runs need none: there a
glyph is a letter, and readers turn `ActualText` from right to left the wrong way.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any

import pydyf
import weasyprint.pdf
from weasyprint.pdf.stream import Stream

_SHAPED = range(0x0900, 0x0E00)
"""Devanagari to Sinhala: where signs of a syllable change places and join."""


class Telling(Stream):  # type: ignore[misc]
    """A page's stream whose marked runs carry their text where it is shaped."""

    margins: frozenset[int] = frozenset()
    """The elements (`id`) that stand in the margins of each page."""

    @contextmanager
    def marked(self, box: Any, tag: str) -> Iterator[None]:  # noqa: ANN401 - a box of any kind
        """Begin and end a run; as the library does, with the text beside its number."""
        text = getattr(box, "text", None) or ""
        if self._tags is not None and self._is_margin(box):
            # The library looks each run up once more, by this entry.
            self._tags[box] = {"tag": tag, "mcid": len(self._tags)}
            with self.artifact():
                yield
            return
        if self._tags is None or not any(ord(sign) in _SHAPED for sign in text):
            with super().marked(box, tag):
                yield
            return
        number = len(self._tags)
        self._tags[box] = {"tag": tag, "mcid": number}
        said = {"MCID": number, "ActualText": pydyf.String(text)}
        self.begin_marked_content(tag, pydyf.Dictionary(said))
        yield
        self.end_marked_content()

    def _is_margin(self, box: Any) -> bool:  # noqa: ANN401 - a box of any kind
        """A running element, or what a margin counts, which comes of none."""
        return box.element is None or id(box.element) in self.margins


def install(root: Any, running: Container[str]) -> None:  # noqa: ANN401 - an XML element
    """Have the library draw a page on these streams.

    `running` are the classes of the elements that its style sheet puts into margins.
    """
    Telling.margins = frozenset(
        id(part)
        for one in root.iter()
        if one.get("class") in running
        for part in one.iter()
    )
    weasyprint.pdf.Stream = Telling
