"""The room of hours: when something was logged, as far as logs and witnesses tell.

A leaf carries the hour of its logging, and only its own party says so. Held against it:
the leaves before it, the witnesses that had cosigned the log without it, and what the
statement says of itself. The rule: nobody gains by a date that was put back: a leaf is
not older than a tree that lacks it, a word of one's own not older than its leaf, and a
document binds nobody before the coordinator's log has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from childgrid_audit import bundle
from childgrid_audit.bundle import Files, Line
from childgrid_audit.documents import LAG_SECONDS, Hung, Law
from childgrid_audit.findings import Report, event_name
from childgrid_audit.lines import read_lines
from childgrid_audit.logs import Copy
from childgrid_audit.memo import Memo, content
from childgrid_log.entry import HOUR
from childgrid_wire import canonical, envelope
from childgrid_wire.book import BOARD
from childgrid_wire.envelope import Envelope
from childgrid_wire.errors import Malformed, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import SKEW_SECONDS, Statement

SETTLE_SECONDS = 600
"""What was logged so long before a tree was cosigned is in that tree."""

_AT_ONCE = (
    Kind.CASE,
    Kind.ANSWER,
    Kind.DISCLOSURE,
    Kind.VOID,
    Kind.RECEIPT,
    Kind.SHRED,
)


def hung_up(
    files: Files, law: Law, memo: Memo, copies: Mapping[str, Copy] | None = None
) -> dict[str, Hung]:
    """Between which times each document was hung up, by its hash.

    As the coordinator's log says: not before its hour, and not before what stands in
    front of it there had been said; and not after its hour. Where `copies` are given,
    witnesses say more: not before a tree that lacks it, not after one that has it.
    Whether that log is what was witnessed is judged in `logs`.
    """
    found: dict[str, Hung] = {}
    for member in sorted(law.coordinators):
        said = 0
        for log in law.logs(member):
            copy = (copies or {}).get(log)
            for line in read_lines(files, log, memo):
                outer, issued = _form(line, memo)
                if outer and outer.kind in BOARD:
                    at = _between(line, said, copy)
                    old = found.get(outer.hash, at)
                    found[outer.hash] = Hung(*map(min, at, old))
                hour = line.entry.bucket + HOUR
                said = max(said, min(issued - SKEW_SECONDS, hour))
    return found


def _between(line: Line, said: int, copy: Copy | None) -> Hung:
    earliest, latest = max(line.entry.bucket, said), line.entry.bucket + HOUR
    if copy is not None and line.index in copy.lines:
        earliest = max(earliest, copy.seen_without(line.index) - SETTLE_SECONDS)
        latest = min(latest, copy.seen_with(line.index) or latest)
    return Hung(earliest, max(earliest, latest))


def _form(line: Line, memo: Memo) -> tuple[Envelope | None, int]:
    try:
        return form(line.envelope, memo)
    except WireError:  # shredded, or named where it is verified
        return None, 0


def form(data: bytes, memo: Memo) -> tuple[Envelope, int]:
    """An envelope and the time it claims, which only says where to look.

    Raises:
        WireError: it is none, or claims no time.
    """
    return memo.once(("form", content(data)), lambda: _read_form(data))


def _read_form(data: bytes) -> tuple[Envelope, int]:
    outer = envelope.read(data)
    issued = canonical.loads(outer.payload).get("issued")
    if type(issued) is not int:
        raise Malformed("issued")
    return outer, issued


def check_hours(copy: Copy, report: Report) -> None:
    """Hours do not go back, but for a clock that steps back over a boundary.

    Nor is a leaf of an hour at which witnesses had long seen the log without it, nor of
    one that began long after they had seen it there.
    """
    latest = 0
    for line in _in_order(copy):
        seen = copy.seen_with(line.index)
        if seen and line.entry.bucket > seen + SETTLE_SECONDS:
            path = bundle.entries(copy.name, line.index)
            event = event_name(line.index, line.entry.kind)
            report.add(path, copy.member, event, "is logged in an hour to come")
        if line.entry.bucket < latest - HOUR or _is_put_back(copy, line):
            path = bundle.entries(copy.name, line.index)
            event = event_name(line.index, line.entry.kind)
            report.add(path, copy.member, event, "is logged in an hour gone by")
        latest = max(latest, line.entry.bucket)


def _is_put_back(copy: Copy, line: Line) -> bool:
    seen = copy.seen_without(line.index)
    return line.entry.bucket + HOUR + SETTLE_SECONDS < seen


def _in_order(copy: Copy) -> Iterator[Line]:
    for index in sorted(copy.lines):
        yield copy.lines[index]


def is_late(said: Statement, bucket: int, since: int) -> bool:
    """Whether a member's own word was logged later than it can have been spoken.

    It is logged when it is made. `since` (Unix seconds) is from when on the log
    follows a closed one, which may have lost what was said before.
    """
    at_once = said.kind in _AT_ONCE and said.issued > since
    return at_once and bucket > said.issued + LAG_SECONDS
