"""Personal names as they stand in one cell, taken apart.

One cell may hold a title, several names, aliases ("@", urf), a relative (s/o, d/o, w/o)
and a place of residence. `parse` separates them by the markers of `tables/names.toml`;
whether two names are alike is not its question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .lexicon import table
from .middle import parent
from .particulars import named
from .words import DROPPED, Words, clean, is_short_form

Name = tuple[str, ...]

_TABLE = table("names")
_QUOTES = re.compile("['`´’‘ʼ]")
_BREAKS = re.compile(r"[\s.,;:\"<>\[\]{}()|_+*&#!?=~“”।॥৺॰°/\\^%$…\-–—]+")
_BRACKETS = re.compile(r"\(([^()]*)\)?")
_NATION = "|".join(code.lower() for code in table("identifiers")["nations"]["codes"])
# The beginning of a machine-readable line (ICAO 9303). Without a filler behind its P it
# could be a surname's: then the nation has to exist, and the line to be as long as one.
_MACHINE = re.compile(
    r"^p(?:<(?:[a-z]{3}|[a-z]<<)(?=[a-z]+<<)"
    rf"|[a-z](?:{_NATION})(?=[a-z<]+<<[a-z<]*<$|.{{39}}$))"
)
# "s/o" also without a blank after it ("s/oRam"), but "s/Om Prakash" keeps its O; also
# "s/of", and with a nought for its O.
_SLASHED = re.compile(
    r"\b(wd|[sdwcfhmbrgn])\s*[/\\]\s*(?:of\b|0(?!\d)|o(?!m\b|m?prak)|(?=om))"
)
_KINSHIP = re.compile("(?:wd|[sdwcfhm])\0o")
"""A slashed marker, once `_marked` has been over it."""

_STATES = ("state", "राज्य", "सरकार")
_PROSECUTION = re.compile(
    r"^(?:the\s+)?state\s(?:.*?\s)?(?:v/s|vs?|versus)(?=[\s.])[\s.]*"
    r"|\s(?:v/s|vs?|versus)[\s.]+(?:the\s+)?state\b.*$"
    r"|^(?:राज्य|सरकार)\s(?:.*?\s)?बनाम\s+|\sबनाम\s+(?:राज्य|सरकार)(?:\s.*)?$"
)
"""The state as the other party of a case ("State of Bihar vs. Ramesh")."""

_FIRM = re.compile(r"\bm\s*/\s*s\b")
_TAMIL_SLASHED = re.compile("(தா?|க)\\s*/\\s*பெ")
_LABELLED = re.compile(r"\b[fhmg]\s*:")
# In Devanagari a nought stands where print has a sign of abbreviation ("स्व0", "मो०").
_ABBREVIATED = re.compile("(?<=[\u0900-\u0dff])[0०]")
_SHORTEST_WHOLE = 3
_ALIAS_SIGNS = frozenset(("எ", "a", "@", "@@", "urf", "alias"))


def _phrases(section: str) -> dict[str, str]:
    return {clean(phrase): section for phrase in _TABLE[section]}


_MARKS = {
    **_phrases("alias"),
    **_phrases("relation"),
    **_phrases("residence"),
    **_phrases("dwelling"),
    **_phrases("rest"),
    "@": "alias",
}
_GLUED = {
    **dict.fromkeys(_TABLE["glued_relation"], "relation"),
    **dict.fromkeys(_TABLE["glued_alias"], "alias"),
}
_INITIAL_MARKS = ("s o", "d o", "w o")
_LONGEST = max(phrase.count(" ") for phrase in _MARKS) + 1
# No marker begins with any other word.
_STARTS = frozenset(
    phrase.partition(" ")[0] for phrase in (*_MARKS, *_GLUED, *_INITIAL_MARKS)
)
_SEXES = {clean(word): sex for sex, words in _TABLE["sex"].items() for word in words}


@dataclass(frozen=True, slots=True)
class Names:
    """What cells say; each name is a tuple of canonical words.

    `residence` holds the cleaned text after "r/o", for the reader of addresses; `sex`
    is what a title or the word for the kinship says ("Smt.", "d/o"), else empty;
    `written` holds the words of the names as they stand, only cleaned.
    """

    names: tuple[Name, ...] = ()
    aliases: tuple[Name, ...] = ()
    relatives: tuple[Name, ...] = ()
    residence: str = ""
    sex: str = ""
    written: tuple[Name, ...] = ()


def parse(text: str, words: Words) -> Names:
    """Take apart one cell that holds a person's name; `words` cleans the words."""
    split = _split(text)
    if _STARTS.isdisjoint(split):
        own = named(split)
        names, within = _own([own], words)
        return Names(names, (), within, sex=_title(split), written=(tuple(own),))
    parts: dict[str, list[list[str]]] = {}
    for kind, segment in _segments(split):
        kept = segment if kind == "residence" else named(segment)
        parts.setdefault(kind, []).append(kept)
    names, within = _own(parts.get("name", ()), words)
    return Names(
        names=names,
        aliases=_names(parts.get("alias", ()), words),
        relatives=_names(parts.get("relation", ()), words) + within,
        residence=" ".join(w for part in parts.get("residence", ()) for w in part),
        sex=_sex(split),
        written=tuple(map(tuple, parts.get("name", ()))),
    )


def _names(segments: Iterable[list[str]], words: Words) -> tuple[Name, ...]:
    return tuple(name for segment in segments if (name := words.name(segment)))


def _own(
    segments: Iterable[list[str]], words: Words
) -> tuple[tuple[Name, ...], tuple[Name, ...]]:
    """The whole names in some segments, and the relatives' names within them."""
    found = [parts for segment in segments if (parts := words.parts(segment))]
    kin = [parts[at] for parts in found if (at := parent(parts))]
    return tuple(map(_whole, found)), tuple(map(_whole, kin))


def _whole(parts: Iterable[Name]) -> Name:
    return tuple(word for part in parts for word in part)


def _title(words: list[str]) -> str:
    """What the first telling title among words without a marker says."""
    return next((_SEXES[word] for word in words if word in _SEXES), "")


def _sex(words: list[str]) -> str:
    """What the first telling title or marker up to the first relative says."""
    for index in range(len(words)):
        kind, length = _mark(words, index)
        found = _SEXES.get(" ".join(words[index : index + length]))
        if found or kind == "relation":
            return found or ""
    return ""


def _segments(words: list[str]) -> list[tuple[str, list[str]]]:
    """Cut the words of a cell at their markers: pairs of (what they are, words).

    An address that begins without "r/o" keeps its first word, and follows somebody who
    was named: "Thana Ram" and "Village Singh" are people.
    """
    segments: list[tuple[str, list[str]]] = [("name", [])]
    index = 0
    while index < len(words):
        kind, length = _mark(words, index)
        phrase = words[index : index + length]
        if kind == "dwelling" and not DROPPED.issuperset(segments[-1][1]):
            segments.append(("residence", phrase))
        elif kind in ("", "dwelling"):
            segments[-1][1].extend(phrase)
        else:
            segments.append((kind, []))
        index += length
    return [(kind, segment) for kind, segment in segments if segment]


def _split(text: str) -> list[str]:
    text = clean(text)
    if any(word in text for word in _STATES):
        text = _PROSECUTION.sub("", text)
    if text.isascii() and text.replace(" ", "").isalpha():
        return text.split()
    text = _QUOTES.sub("", text)
    if "<<" in text:
        text = _MACHINE.sub("", text)
    text = _marked(text)
    # What stands in brackets is another name, wherever they stand.
    if "(" in text:
        bracketed = "".join(map(_aside, _BRACKETS.findall(text)))
        text = _BRACKETS.sub(_sign, text) + bracketed
    text = text.replace("@", " @ ")
    return [word.replace("\0", "/") for word in _BREAKS.split(text) if word]


def _marked(text: str) -> str:
    """`text` with its markers as words: "/" passes the breaks as a sign of its own."""
    if "/" in text or "\\" in text:
        text = _SLASHED.sub(" \\1\0o ", text)
        text = _TAMIL_SLASHED.sub(" \\1\0பெ ", _FIRM.sub(" m\0s ", text))
    if ":" in text:
        text = _LABELLED.sub(" c\0o ", text)
    if not text.isascii():
        text = _ABBREVIATED.sub(" ", text)
    return text.replace("a.k.a", "aka")


def _sign(bracket: re.Match[str]) -> str:
    """What stays where brackets stood: the marker ("(alias)", "(s/o)") they held."""
    inside = bracket[1].strip(" .")
    if inside in _ALIAS_SIGNS:
        return " @ "
    return f" {inside} " if _KINSHIP.fullmatch(inside) else " "


def _aside(inside: str) -> str:
    """What brackets held, as an alias; a marker or a single letter ("(L)") is none."""
    inside = inside.strip(" .")
    if len(inside) < 2 or inside in _ALIAS_SIGNS or _KINSHIP.fullmatch(inside):
        return ""
    return f" @ {inside}"


def _mark(words: list[str], index: int) -> tuple[str, int]:
    """The kind of marker at `index` and its length in words; ("", 1) if none."""
    word = words[index]
    if word not in _STARTS:
        return "", 1
    for length in range(_LONGEST, 0, -1):
        phrase = " ".join(words[index : index + length])
        if phrase in _MARKS and (length == 1 or " " in phrase):
            return _MARKS[phrase], length
    if word in _GLUED and _between(words, index, 1):
        return _GLUED[word], 1
    if " ".join(words[index : index + 2]) in _INITIAL_MARKS and _between(
        words, index, 2
    ):
        return "relation", 2
    return "", 1


def _between(words: list[str], index: int, length: int) -> bool:
    """Whether a whole word stands right before and right after a marker.

    After it a short form ("Md") or a title ("Sh") may come first.
    """
    before, after = words[max(0, index - 1) : index], words[index + length :][:2]
    if len(after) == 2 and is_short_form(after[0]):
        del after[0]
    sides = before + after[:1]
    return len(sides) == 2 and all(len(word) >= _SHORTEST_WHOLE for word in sides)
