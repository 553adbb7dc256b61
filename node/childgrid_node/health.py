"""How this node is, for agency IT: counts and dates, nothing of a case or a person.

The same figures whoever asks: indexes and their age, what waits, what runs out.
"""

from __future__ import annotations

from typing import Any

from childgrid_log import outlook
from childgrid_node.holdings import Holdings
from childgrid_node.office import Office
from childgrid_wire.errors import Untrusted


def read(office: Office, holdings: Holdings) -> dict[str, Any]:
    """Plain data for a page; times are Unix seconds, 0 where there is none."""
    log_ = office.journal.log
    return {
        "sources": _sources(holdings),
        "missing": list(holdings.missing),
        "log": {
            "entries": log_.size(),
            "cosigned": outlook.cosigned(log_),
        },
        "waiting": _count(office, "SELECT count(*) FROM outbox WHERE state='waiting'"),
        "drafts": _count(office, "SELECT count(*) FROM draft"),
        "sittings": _count(office, "SELECT count(*) FROM sitting"),
        "expires": _expiries(office),
    }


def _sources(holdings: Holdings) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "rows": index.living,
            "as_of": index.header.as_of,
            "damaged": index.damaged,
        }
        for name, index in sorted(holdings.indexes.items())
    ]


def _count(office: Office, sql: str) -> int:
    return int(office.journal.rows(sql)[0][0])


def _expiries(office: Office) -> dict[str, int]:
    view = office.view
    found = {"directory": view.directory.expires}
    if office.member in view.staff:
        found["staff"] = view.staff[office.member].expires
    if office.member in view.policies:
        found["policy"] = view.policies[office.member].expires
    try:
        found["sealing-key"] = int(
            office.shelf.book.sealing_key(office.member, office.now)["valid_until"]
        )
    except Untrusted:
        found["sealing-key"] = 0
    return found
