"""What a member's log and a member as a witness are called in notes."""

from __future__ import annotations


def origin(member: str) -> str:
    """The origin line of a member's log."""
    return f"{member}.childgrid.internal/log"


def witness(member: str) -> str:
    """The key name of a member's cosignatures."""
    return f"{member}.childgrid.internal/witness"
