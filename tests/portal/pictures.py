"""Papers as pictures: what a reader sees of a line, held against another drawing of it.

A page is rasterised by poppler. Where its text says that a line stands, the picture is
cut out and compared with the same line set by Pillow (HarfBuzz) in the shipped font,
with other lines, and with as many of the font's boxes for what it lacks. Neither engine
had a hand in drawing the paper.
"""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from itertools import groupby

import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from childgrid_portal.profile import faces
from childgrid_portal.profile.faces import Face

DOTS = 200
"""Of the picture, an inch."""

POINTS = 9.5
"""Of the paper's text."""

LACKS = "\ue000"
"""A sign that no font has."""

LATIN = "noto-sans-latin"
Ink = NDArray[np.bool_]
"""Where a picture is darker than the middle: no rule, no mark across the page."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in points from the upper left."""

_WORD = re.compile(
    r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">'
    r"(.*?)</word>"
)
_GAP = 12.0
"""Points between two words of one line at most."""


@dataclass(frozen=True)
class Line:
    """A line of one cell: its page from 1, its box, and its signs without blanks."""

    page: int
    box: Box
    signs: str

    def joined(self, other: Line) -> Line:
        """Both as one."""
        (left, top, right, bottom), (x1, y1, x2, y2) = self.box, other.box
        box = (min(left, x1), min(top, y1), max(right, x2), max(bottom, y2))
        return Line(self.page, box, self.signs + other.signs)

    def is_beside(self, other: Line) -> bool:
        """Whether the other goes on where this one ends."""
        (left, top, right, bottom), (x1, y1, x2, y2) = self.box, other.box
        level = min(bottom, y2) - max(top, y1) > 0.6 * min(bottom - top, y2 - y1)
        gap = max(x1 - right, left - x2)
        return self.page == other.page and level and gap < _GAP


class Paper:
    """A PDF: its lines, and pictures of them."""

    def __init__(self, data: bytes) -> None:
        """Take the text of a PDF apart."""
        self._data = data
        self._pages: dict[int, Ink] = {}
        told = _poppler(data, "pdftotext", "-bbox", "-", "-").decode()
        self.lines = _lines(told)

    def find(self, text: str) -> Line:
        """The first line that has the signs of `text`, in whatever order of writing."""
        wanted = sorted("".join(text.split()))
        return next(one for one in self.lines if sorted(one.signs) == wanted)

    def cut(self, text: str) -> Ink:
        """The picture of a line: its own ink, without what is round about."""
        line = self.find(text)
        left, top, right, bottom = (round(one * DOTS / 72) for one in line.box)
        return trimmed(self._page(line.page)[top:bottom, left - 2 : right + 2])

    def _page(self, number: int) -> Ink:
        if number not in self._pages:
            at = ("-f", str(number), "-l", str(number), "-r", str(DOTS), "-gray")
            raw = _poppler(self._data, "pdftoppm", *at, "-")
            self._pages[number] = ink(Image.open(io.BytesIO(raw)))
        return self._pages[number]


def _poppler(data: bytes, *command: str) -> bytes:
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    return done.stdout


def _lines(told: str) -> list[Line]:
    """Words that go on from each other, put together."""
    found: list[Line] = []
    for word in _words(told):
        if found and found[-1].is_beside(word):
            found[-1] = found[-1].joined(word)
        else:
            found.append(word)
    return found


def _words(told: str) -> Iterator[Line]:
    for page, part in enumerate(told.split("<page ")[1:], 1):
        for *numbers, text in _WORD.findall(part):
            left, top, right, bottom = map(float, numbers)
            signs = "".join(unescape(text).split())
            yield Line(page, (left, top, right, bottom), signs)


def ink(image: Image.Image) -> Ink:
    """See `Ink`."""
    return np.asarray(np.asarray(image.convert("L")) < 128)


def trimmed(picture: Ink) -> Ink:
    """Without its blank edges; empty where nothing is drawn."""
    rows, columns = (np.flatnonzero(picture.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return np.zeros((0, 0), dtype=np.bool_)
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@cache
def set_in(text: str, face: Face) -> Ink:
    """`text` as Pillow sets it in a shipped font, what that lacks in the Latin one."""
    runs = [(font, "".join(signs)) for font, signs in groupby(text, _chooser(face))]
    width = sum(font.getlength(run) for font, run in runs)
    high = POINTS * DOTS / 72
    image = Image.new("L", (round(width + 4 * high), round(5 * high)), 255)
    draw, x = ImageDraw.Draw(image), 2 * high
    for font, run in runs:
        draw.text((x, 3 * high), run, font=font, fill=0, anchor="ls")
        x += font.getlength(run)
    return trimmed(ink(image))


def _chooser(face: Face) -> Callable[[str], ImageFont.FreeTypeFont]:
    own, latin = _signs(face), latin_face()
    has = _signs(latin)
    return lambda sign: _font(latin if sign in has - own else face)


@cache
def _signs(face: Face) -> frozenset[str]:
    return frozenset(map(chr, TTFont(faces.unpacked(face.path)).getBestCmap()))


@cache
def _font(face: Face) -> ImageFont.FreeTypeFont:
    size, raqm = POINTS * DOTS / 72, ImageFont.Layout.RAQM
    return ImageFont.truetype(faces.unpacked(face.path), size, layout_engine=raqm)


def latin_face() -> Face:
    """The regular font of Latin."""
    return next(one for one in faces.faces() if one.family == LATIN)


def face_of(text: str) -> Face:
    """The regular font of a line's own script."""
    wanted = frozenset(ord(sign) for sign in text if sign not in " ,")
    regular = [one for one in faces.faces() if one.weight == "400"]
    return next(one for one in regular if one.serves(wanted))


def likeness(one: Ink, other: Ink) -> float:
    """How alike two pictures are: 1 the same, 0 nothing in common, or one is blank."""
    if not one.size or not other.size:
        return 0.0
    wide = sorted((one.shape[1], other.shape[1]))
    if wide[1] > 1.5 * wide[0]:
        return 0.0
    size = (max(wide[0], 8), 40)
    pair = [_scaled(picture, size).ravel() for picture in (one, other)]
    return float(np.corrcoef(*pair)[0, 1])


def _scaled(picture: Ink, size: Sequence[int]) -> NDArray[np.float64]:
    image = Image.fromarray(picture.astype(np.uint8) * 255)
    made = image.resize((size[0], size[1]), Image.Resampling.BOX)
    return np.asarray(made, dtype=np.float64)


def judged(picture: Ink, text: str, others: Iterable[str]) -> str:
    """What a picture shows: `text`, one of `others`, `boxes`, or `nothing`."""
    if not picture.size:
        return "nothing"
    likely = {one: likeness(picture, set_in(one, face_of(one))) for one in others}
    boxes = set_in(LACKS * len(text), face_of(text))
    likely["boxes"] = likeness(picture, boxes)
    likely[text] = likeness(picture, set_in(text, face_of(text)))
    return max(likely, key=lambda one: likely[one])
