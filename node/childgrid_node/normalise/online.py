"""Addresses on the net: e-mail, names on platforms, payment addresses.

A name on a platform stands as "platform:name", since the same name is another person
elsewhere; without a platform it is of none. Links are read by their host, labels
("insta:", "IG id") by a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from .codes import Canonical, distinct
from .lexicon import table
from .text import ascii_digits, clean
from .unsaid import states_nothing

_PLATFORMS = table("platforms")
_QUIET = frozenset(table("identifiers")["quiet"]["words"])

_EMAIL = re.compile(r"[\w.+\-]+@(?:[a-z0-9\-]+\.)+[a-z]{2,}")
_EMAIL_HERE = re.compile(
    r"[^\s@<>()\[\]{};:,|/\"'=&?]+@(?:[^\s@.;:,|/<>()]+\.)+[a-z]{2,}"
)
_AT = re.compile(
    r"\s*(?:[\[(]\s*(?:at|@)\s*[\])]|@)\s*|(?<=\w)\s+at\s+(?=\w+\s*(?:\.|\sdot\s|[\[(]))"
)
_DOT = re.compile(r"\s*[\[(]\s*(?:dot|\.)\s*[\])]\s*|(?<=\w)\s+dot\s+(?=\w)|\.{2,}")
_STOPPED = re.compile(
    r"(@[a-z0-9\-]+(?:\.[a-z0-9\-]+)*)\s*[.,]\s*,*(?=(?:com|in|net|org)\b)"
)
_GOOGLE = ("gmail.com", "googlemail.com")
_SHORTEST = 6
"""Letters that a name at Google has at least."""

_PAYS = re.compile(r"(?<![\w.@\-])([\w.\-]{2,})@([a-z][a-z0-9]+)(?![\w@\-]|\.\w)")
_LABELLED = re.compile(r"\A(?:vpa|upi(?:id)?)[.\-]+(?=\w)")
_FILLED = re.compile(r"(.)\1+")

_HOSTS: dict[str, str] = {
    host: name for name, one in _PLATFORMS.items() for host in one.get("hosts", ())
}
LABELS: dict[str, str] = {
    clean(label): name for name, one in _PLATFORMS.items() for label in one["labels"]
}
"""Platforms by what clerks call them."""

_PATHS = {name: frozenset(one.get("paths", ())) for name, one in _PLATFORMS.items()}
_OTHER = {name: frozenset(one.get("other", ())) for name, one in _PLATFORMS.items()}
_UNDOTTED = frozenset(n for n, one in _PLATFORMS.items() if one.get("undotted"))
_IDENT = re.compile(r"[_\-.]?(?:id|handle|account|acc)$")
_DASHED = re.compile(
    r"(insta|instagram|ig|fb|facebook|telegram|twitter|snapchat|youtube)-(?=\w)"
)
_ASKED = ("id=", "domain=", "user=", "username=")
_LINK = re.compile(
    r"(?:[a-z]+://)?(?:(?:www|m|mobile|web|in|en|mbasic)\.)*([a-z]+\.[a-z]{2,})(?:/|$)(.*)"
)
_PARTS = re.compile(r"[;,|\n]+|\s/\s|\s&\s|\band\b")
_TOKEN = re.compile(r"[^\s:()\[\]<>\"'=–—]+")
_NAME = re.compile(r"@?[^\W_](?:[\w.\-#]*\w)?_*|@?_+[\w.\-]*\w_*")
_BESIDE = frozenset(clean(word) for word in table("identifiers")["handle"]["beside"])


def email(text: str) -> Canonical:
    """E-mail addresses in lower case, Google's without dots and suffixes."""
    plain = clean(text).strip()
    if not _EMAIL.fullmatch(plain):
        plain = _STOPPED.sub(r"\1.", _AT.sub("@", _DOT.sub(".", plain)))
        if plain.endswith("@gmail"):
            plain += ".com"
        return distinct(map(_email, _EMAIL_HERE.findall(plain)))
    return distinct([_email(plain)])


def _email(text: str) -> str:
    name, _, host = text.strip(".").rpartition("@")
    if host.endswith(".con"):
        # There is no such domain; the keys are neighbours.
        host = f"{host[:-1]}m"
    if host in _GOOGLE:
        name, host = name.partition("+")[0].replace(".", ""), _GOOGLE[0]
        name = name if len(name) >= _SHORTEST else ""
    quiet = name in _QUIET or _FILLED.fullmatch(name)
    return "" if quiet or not name else f"{name}@{host}"


def upi(text: str) -> Canonical:
    """Payment addresses ("name@bank") in lower case, alone, labelled or in a link."""
    plain = _AT.sub("@", unquote(ascii_digits(clean(text))))
    plain = plain.replace("pa=", " ").replace("&", " ")
    found = _PAYS.findall(plain)
    return distinct(
        f"{_LABELLED.sub('', name).lstrip('.-')}@{bank}"
        for name, bank in found
        if name not in _QUIET and not _FILLED.fullmatch(name)
    )


def handle(text: str) -> Canonical:
    """Names on platforms: "instagram:kalu_bhai", or the name alone."""
    parts = [part for part in _PARTS.split(clean(text)) if part.strip()]
    return distinct(map(_handle, parts))


def _handle(part: str) -> str:
    platform, left = "", []
    for token in _tokens(part):
        found, name = _linked(token)
        if found and name:
            return _named(found, name)
        if found := found or _label(token):
            platform = platform or found
        elif any(map(str.isalnum, token)) and token.strip(".-") not in _BESIDE:
            left.append(token)
    marked = [token for token in left if token.startswith("@")]
    names = marked or left
    if len(names) != 1 or states_nothing(names[0]):
        return ""
    return _named(platform, names[0])


def _tokens(part: str) -> Iterator[str]:
    """Words and links of a part; a link keeps its colons and its question."""
    for word in part.split():
        before, _, after = word.partition(":")
        if after and not after.startswith("//") and "://" in after:
            yield before
            word = after
        if "://" in word or _LINK.fullmatch(word.strip("()<>.")):
            yield word.strip("()<>")
        else:
            yield from _TOKEN.findall(_DASHED.sub(r"\1 ", word))


def _linked(token: str) -> tuple[str, str]:
    """The platform and the name of a link; no name where it leads to something else."""
    scheme, _, rest = token.partition("://")
    if rest and scheme in LABELS:
        return LABELS[scheme], _asked(rest) or rest.rpartition("/")[2].partition("?")[0]
    label, _, name = token.partition("/")
    if label in LABELS and name:
        return LABELS[label], "" if name in LABELS else name.strip("/")
    found = _LINK.fullmatch(token)
    platform = _HOSTS.get(found[1], "") if found else ""
    if not (found and platform):
        return "", ""
    if name := _asked(found[2]):
        return platform, name
    path = [
        p for p in unquote(found[2]).partition("?")[0].partition("#")[0].split("/") if p
    ]
    if path and path[0] in _OTHER[platform]:
        return platform, ""
    while path and path[0] in _PATHS[platform]:
        # A number behind a name shown is the account's own.
        path = path[2:] if path[0] == "people" and len(path) > 2 else path[1:]
    return platform, path[0] if path else ""


def _label(token: str) -> str:
    bare = token.strip(".-@")
    return LABELS.get(bare, "") or LABELS.get(_IDENT.sub("", bare), "")


def _asked(rest: str) -> str:
    """The name in a link's question ("profile.php?id=1000")."""
    question = rest.partition("?")[2]
    for ask in question.split("&"):
        for key in _ASKED:
            if ask.startswith(key):
                return ask.removeprefix(key)
    return ""


def _named(platform: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        return ""
    name = name.lstrip("@")
    if platform in _UNDOTTED:
        name = name.replace(".", "")
    if len(name) < 3 or name in _QUIET:
        return ""
    return f"{platform}:{name}" if platform else name
