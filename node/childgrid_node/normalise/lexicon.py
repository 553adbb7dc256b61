"""The readable tables under `tables/`, read once.

Rules of the world (scripts, spellings, places, months) stand there and not in code.
The tables hold no personal data.
"""

from __future__ import annotations

import hashlib
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


@cache
def fingerprint() -> str:
    """SHA-256, in hex, over everything that decides which tokens a row gives.

    Two releases with the same one encode every row alike.
    """
    package = files(__package__)
    found = [*package.iterdir(), *package.joinpath("tables").iterdir()]
    rules = [one for one in found if one.name.endswith((".py", ".toml"))]
    whole = hashlib.sha256()
    for one in sorted(rules, key=lambda rule: rule.name):
        whole.update(hashlib.sha256(one.read_bytes()).digest())
    return whole.hexdigest()
