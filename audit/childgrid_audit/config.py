"""A station's settings, read strictly from one TOML file.

Unknown keys are refused, so that a misspelt one can't be ignored. No setting weakens a
check and none holds a secret: the passphrase stands in a file of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from childgrid_log.backing import Place
from childgrid_log.backup import Owner
from childgrid_wire import settings
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.metrics import LOOPBACK
from childgrid_wire.probe import SOCKET
from childgrid_wire.schema import MEMBER

_LISTEN = rf"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):{settings.PORT}$"


class Settings(BaseModel):
    """What one auditor's station needs to know; immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    member: str = Field(
        pattern=rf"^{MEMBER}$",
        description="This auditor's id in the directory. Danger: another id than the "
        "keys' is refused at start.",
    )
    state_dir: Path = Field(
        description="Folder for keys, documents, logs and the mirror. Danger: losing "
        "it loses what this witness has seen; once restored to an earlier state it "
        "counts among the faulty witnesses for what it cosigned since.",
    )
    passphrase_file: Path = Field(
        description="File with the passphrase of the keys, mode 600. Danger: whoever "
        "reads it and the key file can witness as this auditor.",
    )
    coordinator: str = Field(
        pattern=rf"^{MEMBER}$",
        description="The coordinator's id; only this member is dialled for the board.",
    )
    coordinator_address: str = Field(
        pattern=_LISTEN,
        description="host:port of the coordinator.",
    )
    listen: str = Field(
        "0.0.0.0:7420",
        pattern=_LISTEN,
        description="host:port to listen on; port 0 takes a free one. Danger: the "
        "door is mutual TLS, but keep the port off networks that need not reach it.",
    )
    refresh_seconds: float = Field(
        30.0,
        gt=0,
        le=3_600,
        description="Seconds between two looks at the board, and between two rounds "
        "of cosignatures for this station's own log. Danger: too long makes freshness "
        "statements old, and releases wait.",
    )

    metrics: str = Field(
        "",
        pattern=rf"^$|{LOOPBACK}",
        description="host:port on loopback where Prometheus reads figures; nothing "
        "listens where it is empty. Counts, times and sizes, no officer or case.",
    )
    probe: str = Field(
        "",
        pattern=SOCKET,
        description="Absolute path of a Unix socket, mode 600, where a supervisor on "
        "this machine asks by gRPC whether it serves (`python -m "
        "childgrid_wire.probe`); nothing listens where it is empty.",
    )
    log_format: Literal["text", "json"] = Field(
        "text",
        description="Log lines for people, or one JSON object a line for what collects "
        "them. Neither holds a person, a case or a query.",
    )

    @property
    def place(self) -> Place:
        """What is backed up."""
        owner = Owner("station", self.member)
        return Place(self.state_dir, owner, self.passphrase_file)


def load(path: Path) -> Settings:
    """Read the settings.

    Raises:
        ConfigurationRefused: unreadable, or a setting is missing, unknown or out of
            form; names the setting, never its value.
    """
    try:
        table = settings.as_json(settings.read(path))
        return Settings.model_validate_json(table, strict=True)
    except ValidationError as error:
        raise ConfigurationRefused(f"{path.name}: {described(error)}") from error


def described(error: ValidationError) -> str:
    """Name the settings at fault and what is wrong, without their values."""
    faults = error.errors(include_input=False, include_url=False)
    return "; ".join(settings.told({**one}) for one in faults)
