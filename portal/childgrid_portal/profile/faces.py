"""The shipped fonts that a text needs, each under a name of its own.

A browser takes all faces as one family and picks by `unicode-range`; the library that
draws paper knows no such ranges, and of two files under one name it embeds the glyphs
of the wrong one. So each file becomes a family here, and only those whose script the
text has are opened: unpacking one takes a good part of a second, and is done once.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

from childgrid_page.engine import STATIC

_RULE = re.compile(r"@font-face\s*{([^}]*)}")
_URL = re.compile(r'src:\s*url\("(fonts/[a-z0-9-]+\.woff2)"\)')
_WEIGHT = re.compile(r"font-weight:\s*(\d+)")
_RANGES = re.compile(r"unicode-range:\s*([^;]+);")
_BOLD = re.compile(r"<(h[1-3]|strong|th|caption|dt)\b[^>]*>(.*?)</\1>", re.DOTALL)
_UNPACKED = tempfile.TemporaryDirectory(prefix="childgrid-fonts-")


@dataclass(frozen=True)
class Face:
    """One font file: its weight, and the ranges of signs (both ends included)."""

    path: Path
    weight: str
    ranges: tuple[tuple[int, int], ...]

    @property
    def family(self) -> str:
        """The name of its family: the file's, without the weight."""
        return self.path.stem.replace(f"-{self.weight}-normal", "")

    def serves(self, signs: frozenset[int]) -> bool:
        """Whether any of these code points is its own."""
        return any(low <= sign <= high for low, high in self.ranges for sign in signs)


@cache
def faces() -> tuple[Face, ...]:
    """Every shipped face, in the order of the style sheet that browsers get."""
    sheet = (STATIC / "fonts.css").read_text("utf-8")
    return tuple(_faces(sheet))


def _faces(sheet: str) -> Iterator[Face]:
    for rule in _RULE.findall(sheet):
        url, weight, ranges = (
            found[1] if (found := pattern.search(rule)) else ""
            for pattern in (_URL, _WEIGHT, _RANGES)
        )
        yield Face(STATIC / url, weight, tuple(map(_range, ranges.split(","))))


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.strip().removeprefix("U+").partition("-")
    return int(low, 16), int(high or low, 16)


def sheet(html: str) -> str:
    """A style sheet with the faces that a page needs, Latin always among them."""
    bold = "".join(found[2] for found in _BOLD.finditer(html))
    wanted = [*_wanted(html, "400"), *_wanted(bold, "700")]
    families = dict.fromkeys(one.family for one in wanted)
    rules = [
        f'@font-face {{ font-family: "{one.family}"; font-weight: {one.weight}; '
        f'src: url("{unpacked(one.path).as_uri()}"); }}'
        for one in wanted
    ]
    names = ", ".join(f'"{name}"' for name in families)
    return "\n".join([*rules, f"html, svg {{ font-family: {names}, sans-serif; }}"])


def _wanted(text: str, weight: str) -> Iterator[Face]:
    # Blanks and joiners stand in most scripts' ranges, and call for none of them.
    signs = frozenset(map(ord, text)) - _COMMON | {ord("a")}
    return (one for one in faces() if one.weight == weight and one.serves(signs))


_COMMON = frozenset((0x200C, 0x200D, 0x25CC, 0x964, 0x965, 0x20B9, 0x0304, 0x0308))


@cache
def unpacked(path: Path) -> Path:
    """The same font as the library reads it quickest; kept while this process runs."""
    font = TTFont(path)
    font.flavor = None
    plain = Path(_UNPACKED.name) / f"{path.stem}.ttf"
    font.save(plain)
    return plain


def folder() -> str:
    """Where unpacked fonts lie, as an address."""
    return Path(_UNPACKED.name).as_uri() + "/"
