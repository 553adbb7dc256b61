"""Who must approve, counted in persons: slots, floors and what a holder grants.

A slot is a place that one distinct person of a role must fill. Slots are filled by
bipartite matching: two keys of one person, or one person in two roles, never count
twice. The founders' floor is the least that any release needs; a holder's policy
may add to it and never take away.

No signatures and no clocks here: `rules` brings those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from childgrid_wire.errors import Reason, Refused
from childgrid_wire.statement import Statement


@dataclass(frozen=True)
class Slot:
    """`persons` distinct officers of `role`, of at least `min_rank`, on one side."""

    slot: str
    side: str
    role: str
    min_rank: int
    persons: int

    def takes(self, who: Approver) -> bool:
        """Whether `who` may fill this slot."""
        return (
            who.slot == self.slot
            and who.side == self.side
            and who.role == self.role
            and who.rank >= self.min_rank
        )


@dataclass(frozen=True)
class Approver:
    """One person's approval, with what the staff list says of the person."""

    person: str
    side: str
    role: str
    rank: int
    slot: str


@dataclass(frozen=True)
class Rule:
    """What a holder's policy says of one category of its data."""

    category: str
    silent: bool
    purposes: tuple[str, ...]
    fields: tuple[str, ...]
    slots: tuple[Slot, ...]


def slots_of(entries: Iterable[Mapping[str, Any]]) -> tuple[Slot, ...]:
    """Read the slots of a statement's body."""
    return tuple(Slot(**entry) for entry in entries)


def rule_for(policy: Statement, category: str) -> Rule:
    """The rule of `policy` for `category`.

    Raises:
        Refused: the policy grants nothing in this category.
    """
    for entry in policy["rules"]:
        if entry["category"] == category:
            return Rule(
                category=category,
                silent=entry["silent"],
                purposes=tuple(entry["purposes"]),
                fields=tuple(entry["fields"]),
                slots=slots_of(entry["slots"]),
            )
    raise Refused(Reason.FIELDS, category)


def stricter(floor: Sequence[Slot], own: Sequence[Slot]) -> tuple[Slot, ...]:
    """The floor's slots and a policy's, each at its stricter reading.

    Raises:
        Refused: a slot of the policy has a floor slot's name but another side or
            role, so that it would take the floor's place; or a name stands twice.
    """
    for side in (floor, own):
        if len({slot.slot for slot in side}) != len(side):
            raise Refused(Reason.CONFIGURATION, "a slot's name stands twice")
    merged = {slot.slot: slot for slot in floor}
    for slot in own:
        below = merged.get(slot.slot)
        if below is None:
            merged[slot.slot] = slot
            continue
        if (below.side, below.role) != (slot.side, slot.role):
            raise Refused(Reason.CONFIGURATION, f"slot {slot.slot}")
        merged[slot.slot] = replace(
            slot,
            min_rank=max(below.min_rank, slot.min_rank),
            persons=max(below.persons, slot.persons),
        )
    return tuple(merged.values())


def fill(slots: Sequence[Slot], approvers: Sequence[Approver]) -> dict[str, list[str]]:
    """Fill every slot with distinct persons; returns slot name to persons.

    Maximum bipartite matching by augmenting paths (Kuhn 1955).

    Raises:
        Refused: some slot stays empty; names the slots, not the persons.
    """
    places = [slot for slot in slots for _ in range(slot.persons)]
    persons = sorted({who.person for who in approvers})
    fits = [
        [p for p in persons if any(w.person == p and s.takes(w) for w in approvers)]
        for s in places
    ]
    taken: dict[str, int] = {}
    empty = [n for n in range(len(places)) if not _augment(n, fits, taken, set())]
    if empty:
        names = sorted({places[n].slot for n in empty})
        raise Refused(Reason.NOT_APPROVED, ", ".join(names))
    filled: dict[str, list[str]] = {slot.slot: [] for slot in slots}
    for person, place in sorted(taken.items()):
        filled[places[place].slot].append(person)
    return filled


def _augment(
    place: int, fits: list[list[str]], taken: dict[str, int], seen: set[str]
) -> bool:
    for person in fits[place]:
        if person in seen:
            continue
        seen.add(person)
        if person not in taken or _augment(taken[person], fits, taken, seen):
            taken[person] = place
            return True
    return False
