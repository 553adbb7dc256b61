"""What the pages say: catalogues of texts, and their upkeep.

English stands in the templates; every other language is one file below `locale`. To
add a language, copy `locale/hi` to its code and translate. `python -m
childgrid_portal.web.words` tells which texts a language lacks and which are stale;
with `--write` it puts the missing ones into each file, untranslated, and drops the
others. Nothing guesses a translation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from jinja2 import pass_context
from jinja2.runtime import Context

from childgrid_page.engine import TEMPLATES
from childgrid_page.languages import SOURCE, Language, read

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "portal"
LANGUAGE_COOKIE, LOOK_COOKIE = "language", "look"
LOOKS = ("", "large", "contrast", "large contrast")
"""How a page may look: larger text, white on black, or both."""

__all__ = ["N_", "SOURCE", "extract", "languages", "look", "spoken", "term_of"]
_HOME = Path(__file__).parents[1]
_METHODS = [("**.html", "jinja2"), ("**.py", "python")]
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(("_", "N_", "gettext")),
    "ngettext": (1, 2),
}
_OPTIONS = {"**.html": {"trimmed": "true", "silent": "false"}}


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark a text for the catalogues; a template translates it."""
    return text


def languages() -> dict[str, Language]:
    """Every language that the portal speaks, by code."""
    return read(LOCALE, DOMAIN)


def spoken(
    cookies: Mapping[str, str], accepted: str, known: Mapping[str, object]
) -> str:
    """The language of a request: its cookie's, else the first accepted, else English.

    `accepted` is the header `accept-language`.
    """
    wanted = [cookies.get(LANGUAGE_COOKIE, "")]
    wanted += [part.partition(";")[0].strip() for part in accepted.split(",")[:10]]
    for one in wanted:
        code = one.partition("-")[0].lower()
        if code in known:
            return code
    return SOURCE


def look(cookies: Mapping[str, str]) -> str:
    """How pages are to look, as classes of their root."""
    chosen = cookies.get(LOOK_COOKIE, "").replace("-", " ")
    return chosen if chosen in LOOKS else ""


Terms = Mapping[str, Mapping[str, str]]


def term_of(terms: Terms) -> Callable[[Context, str, str], str]:
    """A function for templates: the words for a code, in the page's language.

    A code that isn't known is shown as it is, never as trusted HTML.
    """

    @pass_context
    def term(context: Context, kind: str, code: str) -> str:
        text = terms[kind].get(code)
        if text is None:
            return code.replace("_", " ")
        return str(context.call(context["gettext"], text))

    return term


def extract() -> Catalog:
    """Every text of every template and module of the portal, and where it stands."""
    found = Catalog(domain=DOMAIN, project="childgrid", fuzzy=False)
    for folder in (TEMPLATES, _HOME):
        for name, _, text, _, context in extract_from_dir(
            folder, _METHODS, _OPTIONS, _KEYWORDS
        ):
            found.add(text, None, [(f"{folder.name}/{name}", 1)], context=context)
    return found


def files() -> Iterator[tuple[str, Path]]:
    """The code and file of each language."""
    for path in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        yield path.parents[1].name, path


def load(code: str, path: Path) -> Catalog:
    """Read a language's file; raises `ValueError` where it is none."""
    with path.open("rb") as file:
        return read_po(file, locale=code, domain=DOMAIN, abort_invalid=True)


def lacking(wanted: Catalog, have: Catalog) -> list[str]:
    """The texts that a language has not, or only as a guess, or not in every number."""
    return [_first(one.id) for one in wanted if one.id and not _is_said(have, one)]


def _first(text: object) -> str:
    """A message's text, of one with a plural the singular."""
    return text if isinstance(text, str) else str(next(iter(text)))  # type: ignore[call-overload]


def _is_said(have: Catalog, wanted: Message) -> bool:
    found = have.get(_first(wanted.id))
    if found is None or found.fuzzy or found.pluralizable != wanted.pluralizable:
        return False
    said = found.string
    return bool(said) and (isinstance(said, str) or all(said or ()))


def stale(wanted: Catalog, have: Catalog) -> list[str]:
    """The texts of a language that no page says any more."""
    return [str(one.id) for one in have if one.id and one.id not in wanted]


def write(wanted: Catalog, code: str, path: Path) -> None:
    """Put what is missing into a language's file, untranslated; drop what is stale."""
    have = load(code, path)
    have.update(wanted, no_fuzzy_matching=True)
    have.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, have, width=88, include_lineno=False, sort_output=True)


def main(words: list[str]) -> int:
    """Tell what each language lacks; returns how many texts that are."""
    wanted, missing = extract(), 0
    for code, path in files():
        if "--write" in words:
            write(wanted, code, path)
        have = load(code, path)
        lacks, old = lacking(wanted, have), stale(wanted, have)
        missing += len(lacks)
        print(f"{code}: {len(wanted)} texts, {len(lacks)} missing, {len(old)} stale")
        for text in lacks:
            print(f"  missing: {text}")
        for text in old:
            print(f"  stale: {text}")
    return missing


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
