"""The profile on paper: a tagged PDF (PDF/UA-1), drawn from HTML that loads nothing.

The HTML is the site's own, rendered with escaping always on; the style sheet and the
fonts are this project's files. Whatever else the HTML names ends the drawing, so that
no value of a record can make this process fetch anything or read a file.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from childgrid_portal.profile import faces, telling
from childgrid_wire.inside import Inside

PAPER = Path(__file__).with_name("paper.css")
_TURN = Lock()
"""One drawing at a time: each takes a processor for seconds."""

RUNNING = ("mark", "foot", "wash")
"""The classes of what the style sheet puts on every page."""

MOST = 8
"""Drawings that are asked for at a time, lest those who wait take every thread."""

_INSIDE = Inside(MOST)


class Shut(URLFetcher):  # type: ignore[misc]
    """Fetches the fonts that are shipped, and refuses everything else."""

    def fetch(
        self, url: str, headers: dict[str, str] | None = None
    ) -> URLFetcherResponse:
        """Open a shipped font; any other address ends the drawing."""
        home = faces.folder()
        if not url.startswith(home) or "/" in url.removeprefix(home):
            raise FatalURLFetchingError("a profile on paper loads nothing")
        return super().fetch(url, headers)


def draw(html: str) -> bytes:
    """Draw a page's HTML; returns the PDF.

    Raises:
        FatalURLFetchingError: the HTML names something to load.
        Refused: `busy`, too many wait.
    """
    with _INSIDE.entered("paper"), _TURN:
        return _drawn(html)


def _drawn(html: str) -> bytes:
    fonts = FontConfiguration()
    sheets = [
        CSS(string=text, font_config=fonts, url_fetcher=Shut())
        for text in (faces.sheet(html), PAPER.read_text("utf-8"))
    ]
    page = HTML(string=html, url_fetcher=Shut())
    telling.install(page.etree_element, RUNNING)
    made: bytes = page.write_pdf(
        stylesheets=sheets, font_config=fonts, pdf_variant="pdf/ua-1", pdf_tags=True
    )
    return made
