"""What officers typed and have not signed yet: in memory alone, for a while.

A form that describes a person is laid here when it is sent, before anything is done
with it, so that neither a step back nor a session or a node that is gone loses it. The
rule: it is its officer's, at whatever browser they sign in; nobody else is shown it,
and it goes when it is signed or begun anew, when its officer signs out, and by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.datastructures import FormData

KEPT_SECONDS = 1_800
MOST_FORMS = 4
"""Of one officer; the oldest goes first, as among all."""

MOST_KEPT = 256
MOST_SIGNS = 64 * 1024
_UNTYPED = ("token", "answer", "back", "again", "language", "look")


@dataclass(frozen=True)
class Typed:
    """One form as it was sent. Holds personal data: never log it."""

    officer: str
    path: str
    form: FormData
    since: float
    moment: int
    """When it was sent: Unix seconds."""

    def __repr__(self) -> str:
        return "Typed(…)"

    def pairs(self) -> list[tuple[str, str]]:
        """Everything typed, for a form that carries it along unseen."""
        return typed_pairs(self.form)


def typed_pairs(form: FormData) -> list[tuple[str, str]]:
    """The fields of a form that its reader filled, those not empty."""
    return [
        (name, text)
        for name, text in form.multi_items()
        if isinstance(text, str) and text and name not in _UNTYPED
    ]


class Drawer:
    """The kept forms of all officers of a portal; threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds."""
        self.clock = clock
        self._turn = threading.Lock()
        self._all: dict[tuple[str, str], Typed] = {}

    def put(
        self, officer: str, path: str, form: FormData, names: Collection[str]
    ) -> Typed | None:
        """Keep the named fields in place of what was sent before.

        Returns None where they are too long to be kept.
        """
        pairs = [pair for pair in typed_pairs(form) if pair[0] in names]
        size = sum(len(name) + len(text) for name, text in pairs)
        made = Typed(officer, path, FormData([*pairs]), self.clock(), int(time.time()))
        with self._turn:
            self._all.pop((officer, path), None)
            self._make_room(officer)
            if size <= MOST_SIGNS:
                self._all[officer, path] = made
        return made if size <= MOST_SIGNS else None

    def _make_room(self, officer: str) -> None:
        self._sweep()
        own = [key for key in self._all if key[0] == officer]
        over = [*own[: 1 - MOST_FORMS], *list(self._all)[: 1 - MOST_KEPT]]
        for key in over:
            self._all.pop(key, None)

    def sweep(self) -> None:
        """Forget what has been kept long enough."""
        with self._turn:
            self._sweep()

    def _sweep(self) -> None:
        until = self.clock() - KEPT_SECONDS
        for key in [key for key, one in self._all.items() if one.since <= until]:
            del self._all[key]

    def find(self, officer: str, path: str) -> Typed | None:
        """What an officer sent last at an address and has not signed."""
        with self._turn:
            self._sweep()
            return self._all.get((officer, path))

    def latest(self, officer: str) -> Typed | None:
        """What an officer sent last, wherever."""
        with self._turn:
            self._sweep()
            own = [one for one in self._all.values() if one.officer == officer]
        return own[-1] if own else None

    def drop(self, typed: Typed | None) -> None:
        """Forget one form; one of the same address that says something else stays."""
        if typed is None:
            return
        key = typed.officer, typed.path
        with self._turn:
            kept = self._all.get(key)
            if kept and sorted(kept.pairs()) == sorted(typed.pairs()):
                del self._all[key]

    def forget(self, officer: str) -> None:
        """Forget all that an officer typed."""
        with self._turn:
            for key in [key for key in self._all if key[0] == officer]:
                del self._all[key]
