"""The second reader of split views as tests run it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "audit" / "second" / "evidence.py"


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("second_evidence", FILE)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PROGRAM = _load()
"""The program as a module; it is no package, so that it can be carried alone."""
