"""What an officer's desk reads from disk: its settings, and who is sought."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from childgrid_wire import settings
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.kinds import DESCRIBED


@dataclass(frozen=True)
class DeskConfig:
    """Who sits here and where the own node's desk listens."""

    member: str
    """The agency's member id."""

    officer: str
    """The officer's id in the agency's staff list."""

    address: str
    """host:port of the node's desk, inside the agency."""

    desk_pass: Path
    """The desk pass that agency IT issued (`childgrid-node desk-pass`)."""

    key: Path
    """The officer's locked signing key, or the file that says on which token it lies
    (`childgrid-desk key`)."""

    passphrase_file: Path | None = None
    """A file of mode 600 with the key's passphrase or the token's PIN; asked for where
    left out."""


def load(path: Path) -> DeskConfig:
    """Read the settings; relative paths start at the file's folder.

    Raises:
        ConfigurationRefused: naming the setting at fault.
    """
    table = settings.read(path)
    known = {field.name for field in fields(DeskConfig)}
    if extra := sorted(table.keys() - known):
        raise ConfigurationRefused(f"{path.name}: unknown setting {extra[0]}")
    if any(not isinstance(value, str) for value in table.values()):
        raise ConfigurationRefused(f"{path.name}: every setting is a text")
    for name in ("desk_pass", "key", "passphrase_file"):
        if name in table:
            table[name] = path.parent.resolve() / table[name]
    try:
        return DeskConfig(**table)
    except TypeError as error:
        missing = sorted(known - table.keys() - {"passphrase_file"})
        raise ConfigurationRefused(f"{path.name}: {missing[0]} is missing") from error


def read_suspect(path: Path) -> dict[str, list[str]]:
    """Read what is known of a suspect: grid field = a value or a list of values.

    Raises:
        ConfigurationRefused: unreadable, no grid field, or a field holds a table.
    """
    known = {}
    for name, value in settings.read(path).items():
        if name not in DESCRIBED:
            known_ones = ", ".join(DESCRIBED)
            raise ConfigurationRefused(
                f"{path.name}: {name} is no grid field; there are: {known_ones}"
            )
        values = value if isinstance(value, list) else [value]
        if any(isinstance(one, dict | list) for one in values):
            raise ConfigurationRefused(f"{path.name}: {name} is a text or a list")
        known[name] = [str(one) for one in values]
    return known
