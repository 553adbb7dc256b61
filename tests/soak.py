"""The long versions of the same tests: `make soak`, or `python -m tests.soak NAME`.

Each part writes `.soak/NAME.json` when it is done and is left out the next time, so a
run that was cut short goes on where it stopped (`--again` starts anew). The counts are
printed as JSON; the exit status is 1 where a part found something.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).resolve().parent
_OUT = _TESTS.parent / ".soak"
_SEED = 20_260_101
_SHARES = 2

Part = Callable[[], Mapping[str, Any]]


def _hostile() -> Mapping[str, Any]:
    from soak_hostile import run

    return run(10_000, _SEED, 200)


def _tamper() -> Mapping[str, Any]:
    from audit.second import soak as again
    from audit.tamper import soak

    found, second = soak(100, _SEED), again(20, _SEED)
    failures = [*found["missed"], *second["failures"]]
    return {**found, "second": second, "failures": failures}


def _kill() -> Mapping[str, Any]:
    from soak_process import run_kill

    return run_kill(200, _SEED)


def _shim() -> Mapping[str, Any]:
    from soak_process import run_every

    return run_every(_SHARES)


def _clkhash() -> Mapping[str, Any]:
    from node.clk.identity import soak

    return soak(200, 100_000, _SEED)


def _year() -> Mapping[str, Any]:
    from bench.year import measure

    found = measure(100_000)
    return {**found, "failures": found["missed"]}


def _split() -> Mapping[str, Any]:
    from log.twofaced import soak

    return soak()


def _overload() -> Mapping[str, Any]:
    from soak_process import run_overload

    return run_overload(100, {"signatures": 10_000, "queries": 100_000})


def _revoked() -> Mapping[str, Any]:
    from soak_process import run_revoked

    return run_revoked()


def _rotation() -> Mapping[str, Any]:
    from soak_process import run_rotation

    return run_rotation(5, 4, 20_000)


def _rooms() -> Mapping[str, Any]:
    from portal.soak_rooms import soak

    return soak()


def _surface() -> Mapping[str, Any]:
    from portal.surface import soak

    return soak(200)


def _shards() -> Mapping[str, Any]:
    from soak_shards import run

    return run(200_000, 20, _SEED)


def _confined() -> Mapping[str, Any]:
    from confined import demo

    return demo()


def _conformance() -> Mapping[str, Any]:
    from conformance.soak import soak

    return soak()


def _archive() -> Mapping[str, Any]:
    from soak_archive import run

    return run()


def _stopwatch() -> Mapping[str, Any]:
    from soak_stopwatch import run_stopwatch

    return run_stopwatch()


def _upgrade() -> Mapping[str, Any]:
    from soak_process import run_upgrade

    return run_upgrade(2)


def _week() -> Mapping[str, Any]:
    from soak_week import run

    return run()


PARTS: Mapping[str, Part] = {
    "hostile": _hostile,
    "tamper": _tamper,
    "kill": _kill,
    "shim": _shim,
    "clkhash": _clkhash,
    "year": _year,
    "split": _split,
    "overload": _overload,
    "revoked": _revoked,
    "rotation": _rotation,
    "upgrade": _upgrade,
    "rooms": _rooms,
    "surface": _surface,
    "confined": _confined,
    "shards": _shards,
    "conformance": _conformance,
    "stopwatch": _stopwatch,
    "archive": _archive,
    "week": _week,
}


def run(name: str, again: bool) -> Mapping[str, Any]:
    """Run one part, or read what it found when it ran last."""
    path = _OUT / f"{name}.json"
    if path.exists() and not again:
        kept: Mapping[str, Any] = json.loads(path.read_text())
        return kept
    start = time.monotonic()
    found = {**PARTS[name](), "seconds": round(time.monotonic() - start, 1)}
    _OUT.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
    return found


def main() -> int:
    """Run the parts named, or all; returns the exit status."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--again", action="store_true", help="also what is done")
    arguments = parser.parse_args()
    sys.path.insert(0, str(_TESTS))
    failed = False
    for name in arguments.names or PARTS:
        found = run(name, arguments.again)
        failed = failed or bool(found.get("failures"))
        print(json.dumps({name: found}), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
