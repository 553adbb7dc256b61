"""The second verifier as tests run it, and its long trials beside the first's."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audit import tamper
from audit.cast import quick_folder
from audit.tamper import Files, Ground, Trial

FILE = Path(__file__).parents[2] / "audit" / "second" / "verify.py"


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("second_verify", FILE)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PROGRAM = _load()
"""The program as a module; it is no package, so that it can be carried alone."""


def found(files: Files, root: str) -> list[str]:
    """What the second verifier has to say."""
    findings: list[str] = PROGRAM.Bundle(files, root).found
    return findings


def missed(ground: Ground, trials: Iterator[Trial]) -> tuple[int, list[str]]:
    """How many trials the first finds, and which of them the second does not."""
    count = 0
    silent = []
    for trial in trials:
        if ground.verifier.verify(trial.files).holds:
            continue
        count += 1
        if not found(trial.files, ground.root):
            silent.append(trial.what)
    return count, silent


def soak(per_file: int, seed: int) -> dict[str, Any]:
    """Flips in every file, each `per_file` times, and as many trials of all hands."""
    with quick_folder() as folder:
        ground = Ground.lay(folder)
        flips, silent = missed(ground, tamper.every_file(ground, per_file, seed))
        hands, unseen = missed(ground, tamper.trials(ground, flips, seed))
    return {"flips": flips, "hands": hands, "failures": silent + unseen}
