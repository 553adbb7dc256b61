"""The long run: `make fuzz`, or `python -m tests.fuzz [NAME …] [--seconds N]`.

Each target for so many seconds, with atheris where it is installed, with the plain
mutations otherwise. New inputs go to `.fuzz/NAME`, and what crashed to
`.fuzz/crash-NAME-…`; a crash that was repaired is kept by copying it into
`tests/fuzz/corpus/NAME`. Prints a line of JSON for each target; ends 1 if one crashed.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).resolve().parents[1]
_OUT = _TESTS.parent / ".fuzz"
_SEED = 20_260_101


def guided(name: str, seconds: int) -> dict[str, Any]:
    """Fuzz a target by coverage, in a process of its own."""
    from fuzz.seeds import CORPUS

    grown = _OUT / name
    grown.mkdir(parents=True, exist_ok=True)
    words = (
        f"-max_total_time={seconds}",
        f"-seed={_SEED}",
        "-max_len=8192",
        "-timeout=20",
        "-print_final_stats=1",
        f"-artifact_prefix={_OUT / 'crash-'}{name}-",
    )
    command = [sys.executable, "-m", "tests.fuzz.one", name, *words]
    done = subprocess.run(
        [*command, str(grown), str(CORPUS / name)],
        cwd=_TESTS.parent,
        capture_output=True,
        text=True,
        errors="replace",
    )
    runs = [line.split()[-1] for line in done.stderr.splitlines() if "_units:" in line]
    found = {"by": "atheris", "runs": int(runs[0]) if runs else 0}
    if done.returncode:
        (_OUT / f"{name}.log").write_text(done.stderr)
    return {**found, "crashes": int(done.returncode != 0)}


def plain(name: str, seconds: int) -> dict[str, Any]:
    """Fuzz a target by mutations alone."""
    from fuzz.mutate import mutations
    from fuzz.seeds import kept
    from fuzz.targets import TARGETS

    runs = crashes = 0
    end = time.monotonic() + seconds
    for seed in itertools.count(_SEED):
        for data in mutations(kept(name), 500, seed):
            runs += 1
            try:
                TARGETS[name].accepts(data)
            except Exception:
                crashes += 1
                (_OUT / f"crash-{name}-{seed}-{runs}").write_bytes(data)
        if time.monotonic() > end or crashes:
            break
    return {"by": "mutations", "runs": runs, "crashes": crashes}


def main() -> int:
    """Run the targets named, or all; returns the exit status."""
    sys.path.insert(0, str(_TESTS))
    from fuzz.seeds import CORPUS

    names = sorted(path.name for path in CORPUS.iterdir())
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*names, []], default=[])
    parser.add_argument("--seconds", type=int, default=120, help="for each target")
    arguments = parser.parse_args()
    _OUT.mkdir(exist_ok=True)
    fuzz = guided if importlib.util.find_spec("atheris") else plain
    failed = False
    for name in arguments.names or names:
        found = fuzz(name, arguments.seconds)
        failed = failed or bool(found["crashes"])
        print(json.dumps({name: found}), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
