"""`migrate`, as every program has it: look, or move, and say what was done.

It is run while the program is stopped; looking may be done beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from childgrid_migrate.base import Base
from childgrid_migrate.moving import Step, look, move
from childgrid_wire.stamp import WrongVersion

Say = Callable[[str], None]


def run(bases: Sequence[Base], to: str, check: bool, say: Say) -> bool:
    """Migrate databases to this release, or to an earlier one's schema `to`.

    With `check` nothing is changed; returns whether nothing is, or was left, to do.

    Raises:
        WrongVersion: a database has a newer release's schema, or there is no `to`.
        ConfigurationRefused: one is in use, or was left as it was.
    """
    known = {one for base in bases for chain in base.chains for one in chain.revisions}
    if to and to not in known:
        raise WrongVersion(
            f"there is no schema {to}; known: {', '.join(sorted(known))}"
        )
    there = [base for base in bases if base.there]
    # All are looked at before one is changed: a newer one stops the whole.
    before = [look(base, to) for base in there]
    due = any(step.due for steps in before for step in steps)
    for base, steps in zip(there, before, strict=True):
        if not check and any(step.due for step in steps):
            move(base, to)
        elif not check:
            base.tidy()
        say(_line(base, steps))
    return not (check and due)


def _line(base: Base, steps: Sequence[Step]) -> str:
    return f"{base.name}: {', '.join(map(str, steps))}"
