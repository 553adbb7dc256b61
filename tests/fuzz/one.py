"""One target under atheris, in a process of its own: `python -m tests.fuzz.one NAME …`.

What follows the name are libFuzzer's own arguments. atheris counts which lines of our
packages an input reaches, so the packages are imported under its eye, here and last.
Ends 0 if nothing was found; libFuzzer writes what was.
"""

from __future__ import annotations

import sys
from pathlib import Path

OURS = ["childgrid_wire", "childgrid_log", "childgrid_audit", "childgrid_node"]


def main() -> None:
    """Fuzz until libFuzzer's arguments say stop."""
    import atheris

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=OURS):
        from fuzz.targets import TARGETS
    target = TARGETS[name]
    atheris.Setup(sys.argv, target.accepts)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
