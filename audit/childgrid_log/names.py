"""What a member's log and a member as a witness are called in notes.

Whose log is in force, and by which key, says the directory (`lineage`); nobody else
makes an origin out of a member's name.
"""

from __future__ import annotations


def origin(member: str, generation: int = 0) -> str:
    """The origin line of a member's log, of which so many were closed before it."""
    first = f"{member}.childgrid.internal/log"
    return f"{first}/{generation}" if generation else first


def member(origin_: str) -> str:
    """Whose log has this origin."""
    return origin_.partition(".")[0]


def generation(origin_: str) -> int:
    """How many logs of its member were closed before the one of this origin."""
    number = origin_.rpartition("/log/")[2]
    return int(number) if number.isdigit() else 0


def unseen(origin_: str) -> str:
    """Under what a witness says that it has seen nothing of a log; no log's origin."""
    return f"{origin_}/unseen"


def witness(member: str) -> str:
    """The key name of a member's cosignatures."""
    return f"{member}.childgrid.internal/witness"
