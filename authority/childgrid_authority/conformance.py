"""The conformance report on which founders end a probation: read, judged, named.

A report is the JSON that `childgrid-conform run --json` writes. It counts only where
every check of the kit was made and passed, of this member. The directory names its
SHA-256, so that whoever is shown a report later can tell whether it is that one. It
carries no signature: founders run the kit themselves or know who did.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from childgrid_authority.errors import ReportRefused
from childgrid_wire import canonical
from childgrid_wire.errors import Malformed

KIT = 1
"""The report's format that is understood here."""

_MOST_BYTES = 4 * 2**20
_CHECK = re.compile(r"[a-z0-9.-]{1,60}")


def read(path: Path, member: str) -> str:
    """Hold a report against what it must say; returns its SHA-256, 64 hex digits.

    Raises:
        ReportRefused: it can't be read, is of another member, lacks a check, or has
            one that failed; says which.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReportRefused(f"cannot read {path.name}") from error
    _judge(_parsed(data, path.name), member)
    return hashlib.sha256(data).hexdigest()


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    try:
        if len(data) <= _MOST_BYTES and data.endswith(b"\n"):
            found = canonical.loads(data[:-1])
            if found.get("kit") == KIT:
                return dict(found)
    except Malformed:
        pass
    raise ReportRefused(f"{name} is no report that `childgrid-conform` wrote")


def _judge(report: dict[str, Any], member: str) -> None:
    verdicts = report.get("verdicts")
    if report.get("member") != member:
        raise ReportRefused(f"the report is not about {member}")
    if not isinstance(verdicts, list) or report.get("whole") is not True:
        raise ReportRefused("not every check was made; run the kit without --only")
    failed = [_name(one) for one in verdicts if not _is_passed(one)]
    if failed:
        raise ReportRefused(f"{len(failed)} checks failed, the first is {failed[0]}")
    counts = [report.get("checks"), report.get("passed"), len(verdicts)]
    if counts != [len(verdicts)] * 3 or not verdicts or report.get("failed") != []:
        raise ReportRefused("the report contradicts itself")


def _is_passed(verdict: object) -> bool:
    return isinstance(verdict, dict) and verdict.get("passed") is True


def _name(verdict: object) -> str:
    """What a check is called; the report may be a stranger's, and is shown to founders.

    Nothing of it but short words reaches their terminal.
    """
    name = verdict.get("id") if isinstance(verdict, dict) else None
    return name if isinstance(name, str) and _CHECK.fullmatch(name) else "unnamed"
