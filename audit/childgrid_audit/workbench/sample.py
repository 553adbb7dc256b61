"""Random samples that nobody can choose: fixed by the logs themselves.

The seed is SHA-256 over the sizes and roots of all logs at a quarter's close, so it
is known only when everything to choose from has been logged. The entries with the
smallest SHA-256 of seed and name are the sample:

    seed  = SHA-256("childgrid/v1 sample" ‖ 00 ‖ canonical JSON of {logs, quarter})
    order = SHA-256(seed ‖ topic ‖ 00 ‖ statement's hash as 32 bytes)

`logs` is the table of the quarter's scorecard. Anyone with the logs gets the same
sample in the same order. A party that writes the last leaf before a close can try out
leaves; with every log in the seed it must guess all others' roots to profit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from childgrid_audit.workbench.facts import Casebook
from childgrid_audit.workbench.quarter import Prefix, Quarter
from childgrid_wire import canonical

TOPICS = ("searches", "approvals", "releases", "break-glass")
COUNT = 25

_CONTEXT = b"childgrid/v1 sample\x00"


def seed(part: Prefix, quarter: Quarter) -> bytes:
    """The seed of a quarter's samples, 32 bytes; see the module."""
    fixed = {"logs": part.table(), "quarter": str(quarter)}
    return hashlib.sha256(_CONTEXT + canonical.dumps(fixed)).digest()


def draw(
    fixed: bytes, topic: str, names: Iterable[str], count: int = COUNT
) -> list[str]:
    """The sample of a topic: at most `count` of `names`, in the order of drawing.

    Args:
        fixed: the seed, 32 bytes.
        topic: one of `TOPICS`.
        names: hashes of statements, hex; their order and repetition don't matter.
        count: how many to draw.
    """

    def order(name: str) -> bytes:
        place = hashlib.sha256(fixed + topic.encode() + b"\x00" + bytes.fromhex(name))
        return place.digest()

    return sorted(set(names), key=order)[:count]


def population(book: Casebook, topic: str) -> list[str]:
    """What a topic draws from: hashes of the quarter's statements of that kind."""
    if topic == "searches":
        return [one.hash for one in book.searches]
    if topic == "break-glass":
        return [one.hash for one in book.glasses]
    if topic == "releases":
        requests = book.requests()
        return [release.hash for one in requests for release in one.releases]
    return [one.hash for subject in book.subjects() for one in subject.decisions]
