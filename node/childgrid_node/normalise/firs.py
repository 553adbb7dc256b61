"""First information reports: one token that two police stations never share.

A serial number counts within one year, one register and one police station. So the
token is "serial/year=station", with the part or the other register before it; what
names no station has no token, and a token agrees only where all of it does. Sections
of law, dates and labels are passed over. National numbers (ten digits and more, the
CBI's long form) stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from . import codes
from .codes import Canonical
from .lexicon import table
from .stations import is_common, key, phrases, words_of
from .text import ascii_digits, clean

_TABLE = table("firs")
_Phrases = dict[tuple[str, ...], tuple[str, str]]

_FORM = re.compile(r"(?:[a-z]+:)?\d+[a-z]?(?:p\d)?/\d{4}=[a-z0-9+]+")
_LONG = re.compile(r"(?<!\d)\d{10,20}(?!\d)")
_REGULAR = re.compile(
    r"(?<![a-z])rc[\s\-]*(\d{3})[\s/\-]*(\d{4})[\s/\-]*([aesn])[\s/\-]*(\d{4})(?!\d)"
)
_SHORT = re.compile(r"(?<=[\u0900-\u0dff])[0oο०॰ः](?!\d)")
_DATE = re.compile(
    r"(?<![\d/.\-])(0?[1-9]|[12]\d|3[01])\s?[./\-]\s?(0?[1-9]|1[0-2])\s?[./\-]\s?(\d{4}|\d{2})(?!\d)"
)
_ZERO = re.compile(r"(?<![\d/])0\s*/\s*(?=\d+\s*/)")
_LAW = re.compile(
    r"[\W_]*(?:\d+[^\W\d_]{0,2}(?![^\W\d_])[\W_]*|(?:r\s?/?\s?w|and|of|the|व|एवं|सपठित)(?!\w)[\W_]*)+"
)
_PARTED = re.compile(r"(?<![^\W\d_])(i{1,3}|iv|v|vi)[\s.\-/]*(?=\d|c\.?r\b)")
_LETTER = r"(?:\(\s*([a-z])\s*\)|/\s*([a-z])(?![a-z])|([a-z])(?![a-z]))"
_MONTH = r"\(\s*\d{1,2}\s*\)\s*"
"""What the northeast writes between serial number and year."""
_SERIAL = rf"(?<![\d/])(?:(?<![a-z])[a-z]-)?(\d{{1,6}})\s*(?:{_LETTER}|{_MONTH})?"
_BETWEEN = r"\s*(?:(?:/|\\|-|–|\bof\b|का|সালের|ऑफ)|(?<=\))|,?\s*(?=year|वर्ष|सन))\s*"
_NOUGHT = re.compile(r"(?<=\d)o(?=\d)")
_FULL = re.compile(
    _SERIAL + _BETWEEN + r"(?:(?:year|वर्ष|सन्?)[\s:\-]*)?((?:19|20)\d\d)(?!\d)"
)
_BRIEF = re.compile(
    # "2019/21" may be either way round, and is neither.
    r"(?<![\d/])(?!(?:19|20)\d\d\s*[/\-]\s*\d\d(?!\d))"
    + _SERIAL
    + _BETWEEN
    + r"(\d\d)(?![\d/])"
)
_COLUMNS = re.compile(_SERIAL + r"[\s,]+((?:19|20)\d\d)(?!\d)")
_TURNED = re.compile(r"(?<![\d/])((?:19|20)\d\d)\s*[/\-]\s*(\d{3,6}|\d)(?![\d/])")
_ALONE = re.compile(_SERIAL + r"(?!\d)")
_BREAK = re.compile(r"[,;()\[\]|\n]+")
_PIVOT = 40
_FAR = 4
"""Words that a law's name may have before "Act"."""


def _kinds() -> _Phrases:
    """What each phrase means: a kind, and the name of what it is."""
    plain = ("labels", "stations", "districts", "sections", "acts")
    found = {p: (kind, "") for kind in plain for p in phrases(_TABLE[kind]["phrases"])}
    for kind in ("registers", "agencies"):
        for name, forms in _TABLE[kind].items():
            found |= dict.fromkeys(phrases(forms), (kind, name))
    return found


_KIND = _kinds()
_LONGEST = max(map(len, _KIND))
_ACT = frozenset(clean(word) for word in _TABLE["acts"]["last"])
_PART_WORDS = "|".join(clean(word) for word in _TABLE["parts"]["words"])
_PARTS = {
    clean(form): str(number)
    for number, name in enumerate(("one", "two", "three", "four", "five", "six"), 1)
    for form in _TABLE["parts"][name]
}
_PART_NAMES = "|".join(sorted(_PARTS, key=len, reverse=True))
_NAMED_PART = re.compile(
    rf"(?<![^\W\d_])(?:{_PART_WORDS})[\s.\-:]*({_PART_NAMES})(?![^\W_]|[\u0900-\u0dff])"
    rf"|(?<![^\W_])({_PART_NAMES})[\s.\-]*(?:{_PART_WORDS})(?![^\W\d_])"
)
_BRANCHES = {code: city for city, names in _TABLE["branches"].items() for code in names}
_SECTION_MARKS = "|".join(
    sorted(
        (re.escape(clean(m)) for m in _TABLE["sections"]["phrases"]),
        key=len,
        reverse=True,
    )
)
_SECTIONS = re.compile(
    rf"(?<![^\W_])(?<![\u0900-\u0dff])(?:{_SECTION_MARKS})(?![^\W\d_]|[\u0900-\u0dff])"
)


@dataclass(frozen=True, slots=True)
class _Number:
    """A serial number with its letter and year, and where it stands in the text."""

    serial: int
    letter: str
    year: int
    start: int
    end: int


def fir(text: str) -> Canonical:
    """A first information report, or another case of a police station or agency."""
    if _FORM.fullmatch(text):
        return (text,)
    plain = _NOUGHT.sub("0", ascii_digits(_SHORT.sub(".", clean(text))))
    if found := _LONG.search(plain):
        return () if codes.unlikely(found[0]) else (found[0],)
    if regular := _REGULAR.search(plain):
        return (f"rc{''.join(regular.groups())}",)
    return codes.distinct([_placed(_ZERO.sub(" zero ", plain))])


def _placed(plain: str) -> str:
    """The token of a number that counts within a station."""
    plain, part = _parted(_lawless(plain))
    years = [_year(found[3]) for found in _DATE.finditer(plain)]
    plain = _DATE.sub(" , ", plain)
    number = _number(plain, years)
    if number is None or not number.serial:
        return ""
    around = f"{plain[: number.start]} | {plain[number.end :]}"
    register, station = _station(around)
    if not station or register == "none":
        return ""
    head = f"{register}:" if register else ""
    suffix = f"p{part}" if part not in ("", "1") else ""
    return f"{head}{number.serial}{number.letter}{suffix}/{number.year}={station}"


def _lawless(plain: str) -> str:
    """The text without its sections of law, up to the name of the law."""
    at = 0
    while mark := _SECTIONS.search(plain, at):
        law = _LAW.match(plain, mark.end())
        end = law.end() if law else mark.end()
        ahead = list(re.finditer(r"[^\W\d_]+", plain[end : end + 60]))[: _FAR + 1]
        acts = [word.end() for word in ahead if word[0] in _ACT]
        end += acts[0] if acts else 0
        plain = f"{plain[: mark.start()]} , {plain[end:]}"
        at = mark.start() + 3
    return plain


def _parted(plain: str) -> tuple[str, str]:
    """The part of the crime register, and the text without it."""
    if found := _NAMED_PART.search(plain):
        part = _PARTS[found[1] or found[2]]
        return f"{plain[: found.start()]} {plain[found.end() :]}", part
    if roman := _PARTED.search(plain):
        return f"{plain[: roman.start()]} {plain[roman.end() :]}", _PARTS[roman[1]]
    return plain, ""


def _number(plain: str, years: Sequence[int]) -> _Number | None:
    found = _FULL.search(plain) or _BRIEF.search(plain) or _COLUMNS.search(plain)
    if found:
        return _numbered(found, _year(found[5]))
    if turned := _TURNED.search(plain):
        return _Number(int(turned[2]), "", int(turned[1]), *turned.span())
    alone = _ALONE.search(plain)
    return _numbered(alone, years[0]) if alone and years else None


def _numbered(found: re.Match[str], year: int) -> _Number:
    letter = found[2] or found[3] or found[4] or ""
    return _Number(int(found[1]), letter, year, found.start(), found.end())


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) > 2 else year + (1900 if year >= _PIVOT else 2000)


def _station(around: str) -> tuple[str, str]:
    """The register and the station's key in what stands around the number."""
    read = [list(_read(words_of(part))) for part in _BREAK.split(around)]
    told = {name for part in read for kind, name in part if kind == "registers"}
    register = "none" if "none" in told else next(iter(sorted(told)), "")
    named = [n for part in read for kind, n in part if kind == "agencies"]
    if agency := next((name for name in named if name != "idle"), ""):
        words = [name for part in read for kind, name in part if kind == "word"]
        where = key([_BRANCHES.get(word, word) for word in words], ())
        return register, f"{agency}+{where}" if where else ""
    return register, key(*_named(_runs(read)))


def _read(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each word or phrase with its kind; the longest phrase counts."""
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            if known := _KIND.get(tuple(words[at : at + length])):
                yield known
                at += length
                break
        else:
            yield "word", words[at]
            at += 1


def _runs(read: list[list[tuple[str, str]]]) -> list[tuple[str, list[str]]]:
    """Words that stand together, with what marks them from before."""
    runs: list[tuple[str, list[str]]] = []
    for part in read:
        runs.append(("", []))
        for kind, name in part:
            if kind == "word":
                runs[-1][1].append(name)
            else:
                runs.append((kind, []))
    return runs


def _named(runs: list[tuple[str, list[str]]]) -> tuple[list[str], list[str]]:
    """The words of the station, and of the district, by their marks.

    A mark stands before a station ("PS Kotwali") or behind it ("Kotwali PS"); where
    there is none, the first words are the station's.
    """
    marked = [words for kind, words in runs if kind == "districts" and words]
    plain = [
        (at, words) for at, (kind, words) in enumerate(runs) if kind != "districts"
    ]
    at = next((at for at, words in plain if _is_station(runs, at)), -1)
    if at < 0:
        at = next((at for at, words in plain if words), -1)
    station = runs[at][1] if at >= 0 else []
    if at > 0 and runs[at][0] == "stations" and is_common(runs[at - 1][1]):
        # "All Women Police Station, Tambaram": half of the name on either side.
        station = runs[at - 1][1] + station
    others = [words for place, words in plain if place != at and words]
    return station, next(iter(marked + others), [])


def _is_station(runs: list[tuple[str, list[str]]], at: int) -> bool:
    kind, words = runs[at]
    followed = at + 1 < len(runs) and runs[at + 1] == ("stations", [])
    return bool(words) and (kind == "stations" or followed)
