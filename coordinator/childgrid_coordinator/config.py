"""The coordinator's settings, read strictly from one TOML file.

Every setting says its meaning, unit and the danger of turning it. Unknown keys are
refused, so that a misspelt one can't be ignored. There is no setting that weakens a
check and none that holds a secret: the passphrase stands in a file of its own.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from childgrid_coordinator import dump
from childgrid_log.backing import Place
from childgrid_log.backup import Owner
from childgrid_log.retention import Retention
from childgrid_wire import settings as files
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.metrics import LOOPBACK
from childgrid_wire.probe import SOCKET
from childgrid_wire.schema import MEMBER

_LISTEN = rf"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):{files.PORT}$"


class Settings(BaseModel):
    """What one coordinator needs to know; immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    member: str = Field(
        pattern=rf"^{MEMBER}$",
        description="This coordinator's id in the directory. Danger: another id than "
        "the certificate's is refused at start.",
    )
    state_dir: Path = Field(
        description="Folder for keys, documents, log and database. Danger: two "
        "processes can't share it; losing it means that the log ends.",
    )
    listen: str = Field(
        pattern=_LISTEN,
        description="host:port to listen on; port 0 takes a free one. Danger: the "
        "door is mutual TLS, but keep the port off networks that need not reach it.",
    )
    passphrase_file: Path = Field(
        description="File with the passphrase of the keys, mode 600. Danger: whoever "
        "reads it and the key file can speak as this coordinator.",
    )
    database: str = Field(
        "",
        description="SQLAlchemy URL of PostgreSQL; empty: SQLite in state_dir. Danger: "
        "it must be this coordinator's alone and never lose a commit.",
    )
    match_seconds: float = Field(
        10.0,
        gt=0,
        le=120,
        description="Seconds that one node has to answer one query. Danger: too short "
        "shows busy nodes as timed out; they are asked again.",
    )
    retry_seconds: float = Field(
        1.0,
        gt=0,
        le=600,
        description="Seconds before an unreachable node is asked again; doubles each "
        "time. Danger: too short floods a node that is starting.",
    )
    retry_most_seconds: float = Field(
        60.0,
        gt=0,
        le=86_400,
        description="The longest such wait, in seconds. Danger: too long delays the "
        "answer of a node that came back.",
    )
    witness_seconds: float = Field(
        30.0,
        gt=0,
        le=86_400,
        description="Seconds between two rounds of cosignatures for this log. Danger: "
        "what was logged since the last round is not witnessed yet.",
    )
    sweep_seconds: float = Field(
        5.0,
        gt=0,
        le=3_600,
        description="Seconds between two looks for what has expired. Danger: sealed "
        "content outlives its expiry by at most so long.",
    )
    poll_seconds: float = Field(
        50.0,
        gt=0,
        le=240,
        description="The longest that a waiting call is held, in seconds. Danger: "
        "waiting calls occupy workers.",
    )
    drain_seconds: float = Field(
        10.0,
        gt=0,
        le=300,
        description="Seconds that calls have to finish when the process is stopped.",
    )
    workers: int = Field(
        256,
        ge=8,
        le=4_096,
        description="Threads that serve calls; at most half of them may wait, and one "
        "member gets an eighth (8 at least). Danger: "
        "fewer than twice the members makes their polls return early.",
    )
    hit_floor: int = Field(
        100,
        ge=0,
        le=10_000,
        description="Probability per 10,000 below which a candidate is no hit for the "
        "grid. Danger: raising it hides suspects that a holder found.",
    )
    possible_floor: int = Field(
        5_000,
        ge=0,
        le=10_000,
        description="Probability per 10,000 from which a calibrated candidate is "
        "shown as possible. Danger: too low makes weak leads look better.",
    )
    strong_floor: int = Field(
        9_000,
        ge=0,
        le=10_000,
        description="Probability per 10,000 from which a calibrated candidate is "
        "shown as strong. Danger: as above, and worse.",
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
    retention: Retention = Field(
        Retention(),
        description="How long what was said is kept, in days by kind of story; "
        "nothing is shredded where it is left out. Danger: what `shred` erased can't "
        "be brought back.",
    )

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database or f"sqlite:///{self.state_dir / 'state.db'}"

    @property
    def place(self) -> Place:
        """What is backed up: the database first, since the log is written before it."""
        owner = Owner("coordinator", self.member)
        make = partial(dump.write, self.url) if self.database else None
        return Place(self.state_dir, owner, self.passphrase_file, ("state.db",), make)

    @property
    def keys(self) -> Path:
        """The folder of this member's locked keys and its certificates."""
        return self.state_dir / "keys"

    @property
    def documents(self) -> Path:
        """The folder of the board's documents."""
        return self.state_dir / "documents"

    @property
    def log(self) -> Path:
        """The file of this member's log."""
        return self.state_dir / "log" / "log.db"


def load(path: Path) -> Settings:
    """Read a TOML file; relative paths in it start at its own folder.

    Raises:
        ConfigurationRefused: unreadable, or a setting is unknown, missing or out of
            range; names the setting, never its value.
    """
    table = files.read(path)
    for name in ("state_dir", "passphrase_file"):
        if isinstance(table.get(name), str):
            table[name] = str(path.parent / table[name])
    return check(table)


def check(table: dict[str, object]) -> Settings:
    """Hold a table of settings against `Settings`; raises as `load`."""
    try:
        settings = Settings.model_validate_json(files.as_json(table), strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise ConfigurationRefused(f"setting {files.told({**first})}") from None
    if not settings.hit_floor <= settings.possible_floor <= settings.strong_floor:
        raise ConfigurationRefused("hit_floor, possible_floor, strong_floor must rise")
    return settings
