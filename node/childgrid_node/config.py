"""The settings of a node: one TOML file, read once, refused where in doubt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from childgrid_log.backing import Place
from childgrid_log.backup import Owner
from childgrid_log.retention import Retention
from childgrid_node.shards.settings import ShardsConfig
from childgrid_wire import settings
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.metrics import LOOPBACK
from childgrid_wire.probe import SOCKET

Member = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Address = Annotated[str, Field(pattern=rf"^[A-Za-z0-9.-]{{1,253}}:{settings.PORT}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CoordinatorConfig(_Strict):
    """Where the meeting point is."""

    member: Member
    """Its member id in the directory; its certificate must say so."""

    address: Address
    """host:port of its grid listener."""


class NodeConfig(_Strict):
    """Everything that a node is told; paths are relative to the file itself."""

    member: Member
    """This agency's member id. Fixed for life; another id is another member."""

    title: Annotated[str, Field(pattern=r"^[ -~]{1,80}$")]
    """The agency's name as the directory shows it."""

    uses: Annotated[tuple[Literal["provider", "user"], ...], Field(min_length=1)] = (
        "provider",
        "user",
    )
    """`provider` answers queries, `user` asks them. A provider-only agency's
    officers can't ask; a user-only agency needs no source."""

    state_dir: Path
    """Keys, index, log and documents. Back it up whole or not at all: a log restored
    alone is behind its witnesses and the node will refuse to release."""

    passphrase_file: Path
    """File of mode 600 with the passphrase that opens the keys. There is no default
    and no way to run without one."""

    listen: Address = "127.0.0.1:7410"
    """Grid listener, mutual TLS. Only the coordinator and auditors may call it."""

    announce: Address | None = None
    """host:port that joining tells the founders; `listen` if left out. A change counts
    once the directory says so: by `childgrid-authority address`, or joining anew."""

    desk: Address = "127.0.0.1:7411"
    """Officers' listener. DANGER: it names persons; keep it inside the agency."""

    coordinator: CoordinatorConfig

    token: Path | None = None
    """The founders' token, a file of mode 600, where `join` is not told by `--token`.
    It is read once; delete it afterwards. A later one may be put in its place."""

    join_seconds: Annotated[int, Field(ge=0, le=30 * 86_400)] = 0
    """How long `join` waits for the coordinator, the founders and the wrapped key, in
    seconds, where `--wait` does not say; 0 takes one step and ends."""

    sources: Path = Path("sources")
    """Folder of mapping files, one a source."""

    policy: Path = Path("policy.toml")
    """Who must approve what may be released, by category."""

    staff: Path = Path("staff.toml")
    """Officers' ids, roles, ranks and public keys; names stay elsewhere."""

    cases: Path = Path("cases.csv")
    """The agency's own register of FIRs and orders, against which it attests that a
    case exists and who investigates it. Without it nobody here can ask."""

    encrypted_disk: bool = False
    """Declare that `state_dir` lies on an encrypted disk. Only then is the index kept
    in the clear and memory-mapped. DANGER: a false declaration hands a thief the
    encodings."""

    witness_seconds: Annotated[int, Field(ge=1, le=3600)] = 30
    """How often a log that grew is shown to the witnesses, in seconds."""

    poll_seconds: Annotated[float, Field(gt=0, le=30)] = 20.0
    """How long one call waits at the coordinator for something new, in seconds."""

    refresh_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    """How often sources are looked at for what changed. A record that is inserted is
    found after this time at the latest, if its table has an `updated` column."""

    lag_seconds: Annotated[int, Field(ge=0, le=30 * 86_400)] = 3_600
    """How far each look goes back behind the last, in seconds. DANGER: less than the
    longest transaction at the source misses what was committed late."""

    reconcile_seconds: Annotated[int, Field(ge=60, le=7 * 86_400)] = 3_600
    """How often the keys of a source are compared with the index; a record that is
    deleted there is gone here after this time at the latest."""

    rebuild_seconds: Annotated[int, Field(ge=3_600, le=31 * 86_400)] = 86_400
    """How often a source is read whole. What is past its retention is gone, and who
    has come of age is found, after this time at the latest."""

    shards: ShardsConfig | None = None
    """Registers in several parts, searched by as many processes of a Ray cluster,
    on other hosts too: for a register that one machine can't hold."""

    retention: Retention = Retention()
    """How long what was said is kept, in days by kind of story; nothing is shredded
    where it is left out. `childgrid-node shred` shreds what is over."""

    release_seconds: Annotated[int, Field(ge=1, le=120)] = 10
    """How long one attempt to have the log cosigned, as for a release, waits for
    witnesses at most, in seconds: half of it in each of its two rounds."""

    metrics: Annotated[str, Field(pattern=rf"^$|{LOOPBACK}")] = ""
    """host:port on loopback where Prometheus reads figures, as `127.0.0.1:9400`;
    nothing listens where it is empty. Counts, times and sizes; no person, case or
    query."""

    probe: Annotated[str, Field(pattern=SOCKET)] = ""
    """Absolute path of a Unix socket, mode 600, where a supervisor on this machine asks
    by gRPC whether the node serves (`python -m childgrid_wire.probe`); nothing listens
    where it is empty."""

    log_format: Literal["text", "json"] = "text"
    """Log lines for people, or one JSON object a line for what collects them. Neither
    holds a person, a case or a query."""

    @property
    def place(self) -> Place:
        """What is backed up."""
        return Place(self.state_dir, Owner("node", self.member), self.passphrase_file)


def load(path: Path) -> NodeConfig:
    """Read a node's settings; relative paths start at the file's folder.

    Raises:
        ConfigurationRefused: naming the file and the setting at fault.
    """
    try:
        table = settings.as_json(settings.read(path))
        config = NodeConfig.model_validate_json(table, strict=True)
    except ValidationError as error:
        raise ConfigurationRefused(f"{path.name}: {describe(error)}") from error
    return _anchored(config, path.parent.resolve())


def describe(error: ValidationError) -> str:
    """Name the settings at fault and what is wrong, without their values."""
    faults = error.errors(include_input=False, include_url=False)
    return "; ".join(settings.told({**fault}) for fault in faults)


def _anchored(config: NodeConfig, base: Path) -> NodeConfig:
    paths: dict[str, Any] = {
        name: base / getattr(config, name)
        for name in (
            "state_dir",
            "passphrase_file",
            "sources",
            "policy",
            "staff",
            "cases",
        )
    }
    if config.token is not None:
        paths["token"] = base / config.token
    if config.shards is not None:
        paths["shards"] = config.shards.anchored(base)
    return config.model_copy(update=paths)
