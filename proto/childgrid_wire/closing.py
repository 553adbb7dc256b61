"""Closed logs: what the directory says of a member whose log the founders have closed.

A log that fell behind what its witnesses saw can't be gone on with. The founders close
it at the size that was witnessed, and the member's entry names in order each log that
was closed (`size`, `root`, the `log_key` that signed it, and since when, `time`); the
entry's own `log_key` is that of the log in force. Queries that were asked before are
void there, on either side, and so is all that would follow from them.

Pure: it opens no log and knows no witness. The rule: the list only grows, by one
closing at a time, and no key of a log is ever used again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from childgrid_wire import canonical
from childgrid_wire.errors import Malformed, Reason, Refused
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

CLOSED = "closed"
"""The field of a member's entry; left out where no log was closed."""

_EMPTY = hashlib.sha256().digest()
_KEYS = ("key", "log_key", "witness_key", "wrap_key")


def closed(entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The logs of a member that were closed, the first one first."""
    return tuple(entry.get(CLOSED, ()))


def since(entry: Mapping[str, Any]) -> int:
    """When the log in force took over, Unix seconds; 0 where it is the first."""
    return max((int(one["time"]) for one in closed(entry)), default=0)


def keys(entry: Mapping[str, Any]) -> list[str]:
    """Every key that this entry names, base64, those of closed logs too."""
    return [entry[name] for name in _KEYS] + [one["log_key"] for one in closed(entry)]


def check_current(view: View, query: Statement, *members: str) -> None:
    """Insist that a query was asked under the logs that are in force.

    Args:
        view: the newest documents.
        query: the `query`, or the one on which something rests.
        members: its asker, and whoever holds or is asked.

    Raises:
        Refused: `closed`; a log of one of them was closed since.
    """
    for entry in view.directory["members"]:
        if entry["id"] in members and query.issued <= since(entry):
            raise Refused(Reason.CLOSED, "query: a log was closed since")


def check_directory(
    members: Iterable[Mapping[str, Any]],
    before: Mapping[str, Mapping[str, Any]],
    issued: int,
) -> None:
    """Insist that closings only grow, and that no log has two keys or a key two logs.

    Args:
        members: the entries of a directory.
        before: the last entry of each member that any directory has named.
        issued: when this one was issued, Unix seconds.

    Raises:
        Malformed: a closing was altered, dropped, or added without its key.
    """
    every = list(members)
    for one in every:
        _check_grown(one, before.get(one["id"]), issued)
    used = [key for one in every if closed(one) for key in keys(one)]
    rest = [key for one in every if not closed(one) for key in keys(one)]
    if len(set(used)) != len(used) or not set(used).isdisjoint(rest):
        raise Malformed("directory.members.closed: a key is used twice")


def _check_grown(
    entry: Mapping[str, Any], old: Mapping[str, Any] | None, issued: int
) -> None:
    now, then = list(closed(entry)), list(closed(old or {}))
    if now[: len(then)] != then or len(now) > len(then) + 1:
        raise Malformed("directory.members.closed: what was closed stays as it was")
    if len(now) == len(then):
        if now and old and entry["log_key"] != old["log_key"]:
            raise Malformed("directory.members.closed: a log in force has one key")
        return
    if old is None or now[-1]["log_key"] != old["log_key"]:
        raise Malformed("directory.members.closed: not the log that was in force")
    if not now[-1]["size"] and canonical.from_b64(now[-1]["root"]) != _EMPTY:
        raise Malformed("directory.members.closed: an empty log has one root")
    if not since(old) < now[-1]["time"] <= issued:
        raise Malformed("directory.members.closed: closed at no time")
