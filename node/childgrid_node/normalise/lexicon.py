"""The readable tables under `tables/`, read once.

Rules of the world (scripts, spellings, places, months) stand there and not in code.
The tables hold no personal data.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """The table `tables/<name>.toml`, which ships with the package."""
    path = files(__package__).joinpath("tables").joinpath(f"{name}.toml")
    loaded: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    return loaded
