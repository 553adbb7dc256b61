"""What a value may not do to its reader: hide signs, turn a line, run as a formula.

A value is another office's text and may be an attacker's. It is kept exactly; what is
shown of it lets every invisible sign be seen. Joiners stay where a script needs them:
between two letters of an Indic or Arabic word.
"""

from __future__ import annotations

import json
import unicodedata

PIECE = 300
_VIRAMA = 9
_JOINERS = "\u200c\u200d"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_BREAKS = "\r\n\t"
_BLANK = ("\u115f", "\u1160", "\u3164", "\uffa0", "\u2800")


def visible(text: str) -> str:
    """`text` in one line, with each invisible sign written as `[U+202E]`."""
    if not hides(text) and text.isprintable():
        return text
    return "".join(_shown(text, place) for place in range(len(text)))


def hides(text: str) -> bool:
    """Whether `text` holds signs that a reader would not see; breaks of lines aside."""
    return any(_hidden(text, place) for place in range(len(text)))


def escaped(text: str) -> str:
    """JSON that means the same, with each invisible sign as an escape."""
    if not hides(text):
        return text
    return "".join(
        json.dumps(sign)[1:-1] if _hidden(text, place) else sign
        for place, sign in enumerate(text)
    )


def _shown(text: str, place: int) -> str:
    if text[place] in _BREAKS:
        return " "
    return f"[U+{ord(text[place]):04X}]" if _hidden(text, place) else text[place]


def _hidden(text: str, place: int) -> bool:
    sign = text[place]
    if sign.isascii() and (sign.isprintable() or sign in _BREAKS):
        return False
    hidden = unicodedata.category(sign) in _HIDDEN or sign in _BLANK
    return hidden and not _joins(text, place)


def _joins(text: str, place: int) -> bool:
    """Whether a joiner stands between two letters that may need it."""
    if text[place] not in _JOINERS or place in (0, len(text) - 1):
        return False
    return all(_is_joinable(text[at]) for at in (place - 1, place + 1))


def _is_joinable(sign: str) -> bool:
    return "\u0600" <= sign <= "\u0dff" and unicodedata.category(sign)[0] in "LM"


def pieces(text: str) -> list[str]:
    """`text` cut after `PIECE` signs or a little earlier, never inside a syllable.

    To break a text into lines takes time with the square of its length.
    """
    found = []
    while len(text) > PIECE:
        place = text.rfind(" ", PIECE // 2, PIECE) + 1 or PIECE
        while place < len(text) and _clings(text, place):
            place += 1
        found.append(text[:place])
        text = text[place:]
    return [*found, text]


def _clings(text: str, place: int) -> bool:
    """Whether the sign at `place` belongs to the one before."""
    signs = (text[place - 1], text[place])
    marks = unicodedata.category(signs[1])[0] == "M" or signs[1] in _JOINERS
    return marks or signs[0] in _JOINERS or unicodedata.combining(signs[0]) == _VIRAMA


def cell(text: str) -> str:
    """A cell of a table that a spreadsheet can open and will not run.

    A quote before it makes text of what would be a formula, after blanks too.
    """
    shown = visible(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def file_name(query: str, ending: str) -> str:
    """The name of a download: of the query's hash alone, whatever else is known.

    Raises:
        ValueError: `query` is no hash.
    """
    if len(query) != 64 or set(query) - set("0123456789abcdef"):
        raise ValueError("a query is named by 64 hex digits")
    return f"childgrid-profile-{query[:16]}.{ending}"


def folded(text: str) -> str:
    """`text` for comparing: without case, width, marks of writing and blanks."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LMN")
