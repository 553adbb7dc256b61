"""Every check against every fault, each fault in a node of its own, for the soak.

What fails beside the named checks is told: a fault may show in more than one way.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from childgrid_conformance import kit
from conformance.broken import FAULTS, Fault
from conformance.stage import bench
from hostile_spy import quiet


def soak() -> dict[str, Any]:
    """Failures: an honest node that fails, a fault that its checks do not find."""
    honest = failed(None)
    found = {what: failed(fault) for what, fault in FAULTS.items()}
    missed = {
        what: sorted(set(FAULTS[what].checks) - set(wrong))
        for what, wrong in found.items()
        if not set(FAULTS[what].checks) <= set(wrong)
    }
    return {
        "checks": len(kit.chosen([])),
        "faults": len(FAULTS),
        "honest": honest,
        "found": found,
        "missed": missed,
        "failures": len(honest) + len(missed),
    }


def failed(fault: Fault | None) -> list[str]:
    """The ids of all checks that a node fails which has this fault from its start.

    One without a fault is tried three times: a grid serves many runs.
    """
    with (
        tempfile.TemporaryDirectory(prefix="childgrid-soak-") as name,
        pytest.MonkeyPatch.context() as patch,
        quiet(),
    ):
        if fault is not None:
            fault.patch(patch)
        with bench(Path(name) / "grid") as made:
            verdicts = [made.tried() for _ in range(1 if fault else 3)]
    wrong = {id_ for some in verdicts for id_, one in some.items() if not one.passed}
    return sorted(wrong)
