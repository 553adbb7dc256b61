"""What each zone's installation consists of: its own packages, and nobody else's.

`python -m deploy.zones` writes `deploy/locks/ZONE.lock`: of the locked requirements
those that the zone's packages import, with all that these need, versions and hashes
unchanged. So a coordinator's machine gets no linkage code, and no machine but a
workbench or a portal anything for pages.

What is imported is read from the sources; what a library needs, from the metadata of
this environment. The rule: a zone's folders are named here and nowhere else.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "deploy" / "locks"
_WIRE, _LOG = "proto/childgrid_wire", "audit/childgrid_log"
_MIGRATE = "audit/childgrid_migrate"
"""For whoever keeps a database; the founders keep none."""
_POSTGRES = ("psycopg", "psycopg-binary")
_DRIVERS = ("mysql", "mssql", "oracle", "files")
"""A node's machine may have no network: it gets every driver that a source may need."""
_TOKENS = ("pkcs11",)
"""Where persons sign at a command line: founders, officers, custodians, auditors."""

_MODULES = {"google": "protobuf"}


@dataclass(frozen=True)
class Zone:
    """One installation: the folders it is built from, and its command.

    `more` are distributions that no import names: SQLAlchemy loads its drivers by name.
    `extras` are those of the project that the zone has; of all others it has nothing.
    """

    folders: tuple[str, ...]
    command: str
    more: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()


ZONES: Mapping[str, Zone] = {
    "authority": Zone(
        (_WIRE, _LOG, "authority/childgrid_authority"),
        "childgrid-authority",
        extras=_TOKENS,
    ),
    "coordinator": Zone(
        (_WIRE, _LOG, _MIGRATE, "coordinator/childgrid_coordinator"),
        "childgrid-coordinator",
        _POSTGRES,
    ),
    "node": Zone(
        (_WIRE, _LOG, _MIGRATE, "node/childgrid_node"),
        "childgrid-node",
        _POSTGRES,
        (*_DRIVERS, *_TOKENS),
    ),
    "portal": Zone(
        (_WIRE, _MIGRATE, "portal/childgrid_page", "portal/childgrid_portal"),
        "childgrid-portal",
        extras=("web", *_TOKENS),
    ),
    "station": Zone(
        (_WIRE, _LOG, _MIGRATE, "audit/childgrid_audit"), "childgrid-audit"
    ),
    "workbench": Zone(
        (_WIRE, _LOG, _MIGRATE, "portal/childgrid_page", "audit/childgrid_audit"),
        "childgrid-audit",
        extras=("web", *_TOKENS),
    ),
    "kit": Zone(
        (_WIRE, _LOG, "conformance/childgrid_conformance"), "childgrid-conform"
    ),
}


@cache
def extras(root: Path = ROOT) -> Mapping[str, frozenset[str]]:
    """The extras that are for running, each with its distributions."""
    table = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    optional = table["project"]["optional-dependencies"]
    return {
        name: frozenset(canonicalize_name(Requirement(one).name) for one in lines)
        for name, lines in optional.items()
        if name not in ("bench", "dev")
    }


@cache
def imported(folder: Path) -> frozenset[str]:
    """The top-level modules of others that the files of a folder import."""
    named = {
        name.partition(".")[0]
        for path in folder.rglob("*.py")
        for name in _named(ast.parse(path.read_text("utf-8")))
    }
    ours = {name for name in named if name.startswith("childgrid")}
    return frozenset(named - ours - sys.stdlib_module_names)


def _named(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@cache
def _known() -> Mapping[str, list[str]]:
    """Module → the distributions of this environment that bring it."""
    return packages_distributions()


def roots(zone: Zone, root: Path = ROOT) -> set[str]:
    """The distributions that a zone asks for itself."""
    known = _known()
    modules = {name for folder in zone.folders for name in imported(root / folder)}
    found = {
        canonicalize_name(_MODULES.get(name) or known[name][0]) for name in modules
    }
    optional = extras(root)
    chosen = {name for one in zone.extras for name in optional[one]}
    return found - frozenset().union(*optional.values()) | chosen | set(zone.more)


def closure(names: Iterable[str]) -> set[str]:
    """These distributions and all that they need here, without extras."""
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        found.add(name)
        waiting |= _needs(name) - found
    return found


@cache
def _needs(name: str) -> frozenset[str]:
    wanted = (Requirement(line) for line in distribution(name).requires or ())
    return frozenset(
        canonicalize_name(one.name)
        for one in wanted
        if one.marker is None or one.marker.evaluate({"extra": ""})
    )


def entries(lock: str) -> dict[str, str]:
    """Distribution → its lines of a lock file, with hashes.

    One that is locked in another version for another Python has the lines of both.
    """
    found: dict[str, str] = {}
    for piece in re.split(r"^(?=[a-z0-9])", lock, flags=re.M | re.I):
        if piece.strip():
            name = canonicalize_name(re.split(r"[=\[ ;]", piece, maxsplit=1)[0])
            found[name] = found.get(name, "") + piece
    return found


def lock(zone: Zone, root: Path = ROOT) -> str:
    """The zone's lock; raises `KeyError` where something it needs is not locked."""
    whole = entries((root / "requirements.lock").read_text("utf-8"))
    return "".join(whole[name] for name in sorted(closure(roots(zone, root))))


def locks(root: Path = ROOT) -> dict[str, str]:
    """File name → content, of all zones and of what builds their wheels."""
    whole = entries((root / "requirements.lock").read_text("utf-8"))
    made = {f"{name}.lock": lock(zone, root) for name, zone in ZONES.items()}
    build = sorted(closure(["hatchling"]))
    return made | {"build.lock": "".join(whole[name] for name in build)}


def main() -> int:
    """Write every lock."""
    LOCKS.mkdir(exist_ok=True)
    for name, text in locks().items():
        (LOCKS / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
