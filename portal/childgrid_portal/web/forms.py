"""Forms: what was typed, kept as it was typed, and what is wrong with it.

A fault names a field by its id and is a text of the catalogues, so that the summary at
the head of the page links to the field and speaks the reader's language. Nothing typed
is ever in a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData

Faults = dict[str, str]
"""Field to what is wrong with it; the summary lists them in this order."""

NO_FAULTS: Faults = {}
MOST_LINES, LONGEST_LINE, LONGEST_TEXT = 10, 200, 2_000
PAPER = "paper"
"""A hidden field: which sheet of paper a form is, whatever is corrected on it."""


@dataclass(frozen=True)
class Sheet:
    """The fields of a form by name, each as it was typed; a missing one is empty."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, form: FormData, names: Iterable[str]) -> Sheet:
        """Take the named fields out of what was posted; files are none."""
        return cls(
            {
                name: tuple(
                    text.replace("\r\n", "\n")
                    for text in form.getlist(name)
                    if isinstance(text, str)
                )
                for name in names
            }
        )

    def all(self, name: str) -> list[str]:
        """Every value of a field that is more than blanks, without its edges."""
        found = (text.strip() for text in self.values.get(name, ()))
        return [text for text in found if text]

    def one(self, name: str) -> str:
        """The first value of a field, without its edges."""
        return next(iter(self.all(name)), "")

    def lines(self, name: str) -> list[str]:
        """The lines of a field that holds one thing a line, each once."""
        lines = (line.strip() for text in self.all(name) for line in text.splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def holds(self, names: Iterable[str]) -> bool:
        """Whether any of these fields was filled."""
        return any(self.all(name) for name in names)

    def pairs(self) -> list[tuple[str, str]]:
        """Everything typed, for a form that carries it along unseen."""
        return [
            (name, text)
            for name, texts in self.values.items()
            for text in texts
            if text
        ]


EMPTY = Sheet({})


def said(form: FormData, name: str) -> str:
    """One value of a form; empty where there is none."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def step_of(form: FormData) -> str:
    """The button that sent a form, or what its page is to show in another language."""
    return said(form, "step") or said(form, "again")


def page_of(query: Mapping[str, str]) -> int:
    """The page of a list that an address asks for, from 0; no number is the first."""
    text = query.get("page", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
