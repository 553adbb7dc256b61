"""Judging one event: what was not allowed is found, what nobody can decide is noted.

When exactly a document was hung up no log tells. What a rule forbids under every
version that can have been in force is a finding; what it forbids only if one hung as
early as can be is open. The rule: nobody is accused of what an honest
party may have done that had not heard of a document yet.
"""

from __future__ import annotations

from collections.abc import Callable

from childgrid_audit.events import Event, Ledger
from childgrid_audit.findings import UNDECIDED, Report
from childgrid_wire.errors import WireError

Check = Callable[[Ledger, Event], object]


def judge(
    ledger: Ledger,
    event: Event,
    report: Report,
    check: Check,
    *,
    member: str = "",
    certain: bool = True,
) -> None:
    """Report a `WireError` of `check`, at `member`'s log or where it is known best."""
    early = _fault(ledger.early, event, check)
    if not early:
        return
    where, fault = ledger.where(event, member), _fault(ledger, event, check)
    if fault:
        report.add(*where, f"was not allowed: {fault}", certain=certain)
    else:
        what = f"may not have been allowed: {early}; {UNDECIDED}"
        report.add(*where, what, certain=False)


def _fault(ledger: Ledger, event: Event, check: Check) -> str:
    try:
        check(ledger, event)
    except WireError as error:
        return f"{error.reason.value} {error.detail}".rstrip()
    return ""
