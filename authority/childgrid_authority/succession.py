"""Closing a member's log, and naming the one that follows it.

The member asks by a file that proves how far its witnesses saw its log and that it has
the key of the next one (`childgrid_log.plea`); the founders read it, and sign the next
directory. No founder types a size or a root. The rule: a log is closed for good, and
never at less than a quorum of its witnesses vouches for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from childgrid_authority.directory import successor
from childgrid_authority.drafts import Draft
from childgrid_authority.errors import ChangeRefused
from childgrid_log import plea as pleas
from childgrid_log.errors import PleaRefused
from childgrid_wire import closing
from childgrid_wire.book import Book


def close_log(book: Book, plea: bytes, now: int) -> list[Draft]:
    """Close a log where its witnesses saw it last, and name the key of the next.

    Args:
        book: the verified documents.
        plea: the member's request.
        now: Unix seconds.

    Raises:
        ChangeRefused: it does not hold, names a key that is in use, or is no node's.
    """
    view = book.latest(now)
    try:
        asked = pleas.read(plea, view)
    except PleaRefused as error:
        raise ChangeRefused(str(error)) from error
    if view.member(asked.member)["kind"] != "agency":
        raise ChangeRefused(
            "only a node goes on with another log; see docs/operating.md"
        )
    members = [
        _succeeded(one, asked, now) if one["id"] == asked.member else one
        for one in view.directory["members"]
    ]
    return [successor(book, now, members=members)]


def _succeeded(
    entry: Mapping[str, Any], asked: pleas.Closing, now: int
) -> dict[str, Any]:
    past = [*closing.closed(entry), asked.record(entry["log_key"], now)]
    return {**entry, "log_key": asked.log_key, closing.CLOSED: past}
