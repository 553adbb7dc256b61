"""What a node got right and wrong: a table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from childgrid_conformance.check import Verdict
from childgrid_conformance.founding import vectors


def document(
    member: str, verdicts: Sequence[Verdict], *, whole: bool
) -> dict[str, Any]:
    """The report as JSON: every check with what was sent, what must be, what was.

    `whole` says that every check of the kit was made. Founders end a probation by the
    SHA-256 of the file as it is written.
    """
    wrong = [one.check.id for one in verdicts if not one.passed]
    return {
        "kit": 1,
        "member": member,
        "scheme": vectors()["scheme"],
        "whole": whole,
        "checks": len(verdicts),
        "passed": len(verdicts) - len(wrong),
        "failed": wrong,
        "verdicts": [
            {
                "id": one.check.id,
                "source": one.check.source,
                "sent": one.check.sent,
                "must": one.check.must,
                "saw": one.saw,
                "passed": one.passed,
                "ms": one.ms,
            }
            for one in verdicts
        ],
    }


def show(verdicts: Sequence[Verdict], console: Console) -> None:
    """Print the table, and what must have happened for each check that failed."""
    table = Table("check", "written in", "verdict", "what happened", box=None)
    for one in verdicts:
        word = "passed" if one.passed else "FAILED"
        table.add_row(one.check.id, one.check.source, word, one.saw)
    console.print(table)
    wrong = [one for one in verdicts if not one.passed]
    for one in wrong:
        console.print(f"\n{one.check.id}: {one.check.sent}", markup=False)
        console.print(f"  must: {one.check.must}", markup=False)
        console.print(f"  was:  {one.saw}", markup=False)
    passed = len(verdicts) - len(wrong)
    console.print(f"\n{passed} of {len(verdicts)} checks passed", markup=False)
