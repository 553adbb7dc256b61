"""The systemd units as a service manager reads them: sections, keys, many values."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SYSTEMD = ROOT / "deploy" / "systemd"
SYSTEM = sorted(SYSTEMD.glob("childgrid-*.service"))
USER = sorted((SYSTEMD / "user").glob("*.service"))
PROGRAMS = {
    "childgrid-node@.service": "node",
    "childgrid-coordinator.service": "coordinator",
    "childgrid-station@.service": "station",
    "childgrid-mirror@.service": "station",
    "childgrid-node-backup@.service": "node",
    "childgrid-coordinator-backup.service": "coordinator",
    "childgrid-station-backup@.service": "station",
    "childgrid-portal@.service": "portal",
    "childgrid-workbench@.service": "workbench",
}

Unit = dict[str, list[str]]


def parsed(text: str) -> Unit:
    """`Section.Key` and every value that it was given, in order."""
    found: Unit = {}
    section = ""
    for line in text.splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            found.setdefault(f"{section}.{key}", []).append(value)
    return found


def read(path: Path) -> Unit:
    """A unit of the tree."""
    return parsed(path.read_text("utf-8"))


def here(text: str) -> str:
    """The unit with the programs of this environment, which systemd looks for."""
    return re.sub(r"/opt/childgrid/\w+/bin", str(Path(sys.executable).parent), text)
