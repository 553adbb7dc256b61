"""What the agencies of a training grid are like: their people and their policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from childgrid_wire import canonical


@dataclass(frozen=True)
class Person:
    """An invented officer: id, role and rank."""

    id: str
    role: str
    rank: int


@dataclass(frozen=True)
class Plan:
    """What an agency of the yard is like."""

    member: str
    title: str
    category: str
    silent: bool
    fields: tuple[str, ...]
    staff: tuple[Person, ...]
    asks: bool = False
    holds: bool = True


def staff(plan: Plan, public: Mapping[str, str]) -> str:
    """The agency\'s `staff.toml`; `public` has each officer\'s key by id."""
    return "\n".join(
        f'[[officer]]\nid = "{one.id}"\nrole = "{one.role}"\nunit = "training"\n'
        f'rank = {one.rank}\ntraining = true\nkey = "{public[one.id]}"\n'
        for one in plan.staff
    )


def policy(plan: Plan) -> str:
    """The agency\'s `policy.toml`."""
    fields = canonical.dumps(list(plan.fields)).decode()
    return (
        f"# What {plan.title} lets go, for what, and who must sign.\n"
        f"[category.{plan.category}]\n"
        f"silent = {str(plan.silent).lower()}\n"
        'purposes = ["investigation"]\n'
        f"fields = {fields}\n"
    )
