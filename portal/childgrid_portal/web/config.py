"""The settings of a portal: one TOML file, read once, refused where in doubt."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from childgrid_wire import settings
from childgrid_wire.errors import ConfigurationRefused

Address = Annotated[
    str, Field(pattern=rf"^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):{settings.PORT}$")
]


class PortalConfig(BaseModel):
    """Everything that a portal is told; paths are relative to the file itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    member: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    """The agency's member id."""

    title: Annotated[str, Field(min_length=1, max_length=80)]
    """The agency's name as its officers know it; stands on every page."""

    origin: Annotated[
        str,
        Field(pattern=rf"^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:{settings.PORT})?$"),
    ]
    """The address that officers type, such as `https://desk.police.example`. Requests
    under another name are refused, and passkeys are bound to it. Plain http only for
    `localhost` and `NAME.localhost` on this machine."""

    rp_id: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
    """The domain that passkeys belong to: the origin's host or a domain above it.
    DANGER: another one makes every passkey useless; any page of this domain can ask
    for a touch, so let nobody else serve pages there."""

    listen: Address = "127.0.0.1:8443"
    """Where the portal listens: IP address and port. Off loopback it needs
    `certificate` and `key`; on loopback a TLS proxy of this machine may stand before
    it, which passes the Host header on."""

    certificate: Path | None = None
    """The chain of the origin's TLS certificate (PEM), unless a proxy has it."""

    key: Path | None = None
    """Its private key (PEM, mode 600)."""

    desk: Address
    """host:port of the own node's desk. Inside the agency, best on this machine."""

    desk_pass: Path
    """The desk pass that agency IT issued (`childgrid-node desk-pass`), mode 600."""

    state_dir: Path
    """Officers' names, login passkeys' public keys and invitations. No case, no
    signing key and no session is kept in it."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"
    """What the pages speak until an officer chooses: a language of `web/locale`."""

    utc_offset: Annotated[int, Field(ge=-43_200, le=50_400)] = 19_800
    """How far the officers' clocks are ahead of UTC, in seconds."""

    idle_minutes: Annotated[int, Field(ge=2, le=120)] = 30
    """A session that nobody uses ends after this time."""

    session_hours: Annotated[int, Field(ge=1, le=12)] = 9
    """Every session ends after this time; then the officer signs in anew."""

    sitting_minutes: Annotated[int, Field(ge=5, le=480)] = 480
    """How long one touch of the signing passkey opens the desk for reading, at most.
    Whoever breaks into the portal can read what officers with an open desk can."""

    draft_minutes: Annotated[int, Field(ge=1, le=55)] = 15
    """For so long a statement waits on the page to be signed."""

    training: Path | None = None
    """A folder of software passkeys, for training grids only: whoever reaches the page
    signs in as whom they like. Refused where the directory says `production`."""

    log_format: Literal["text", "json"] = "json"
    """Log lines for people, or one JSON object a line for what collects them. Neither
    holds a person, a case or a query."""

    @property
    def host(self) -> str:
        """The Host header that browsers send."""
        return urlsplit(self.origin).netloc

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by https."""
        return self.origin.startswith("https:")

    @property
    def bound(self) -> tuple[str, int]:
        """The IP address and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


def load(path: Path) -> PortalConfig:
    """Read a portal's settings; relative paths start at the file's folder.

    Raises:
        ConfigurationRefused: naming the file and the setting at fault.
    """
    try:
        table = settings.as_json(settings.read(path))
        config = PortalConfig.model_validate_json(table, strict=True)
        _check(config)
    except ValidationError as error:
        raise ConfigurationRefused(f"{path.name}: {_described(error)}") from error
    except ConfigurationRefused as error:
        raise ConfigurationRefused(f"{path.name}: {error.detail}") from error
    return _anchored(config, path.parent.resolve())


def _check(config: PortalConfig) -> None:
    """Insist that passkeys work there and that nothing travels in the clear.

    Raises:
        ConfigurationRefused: naming the setting.
    """
    host = urlsplit(config.origin).hostname or ""
    if host != config.rp_id and not host.endswith(f".{config.rp_id}"):
        raise ConfigurationRefused("rp_id is not the origin's host or above it")
    if not config.secure and not _is_loopback_name(host):
        raise ConfigurationRefused("origin: http is for NAME.localhost only; use https")
    if (config.certificate is None) is not (config.key is None):
        raise ConfigurationRefused("certificate and key go together")
    if _is_loopback(config):
        return
    if not config.secure or config.certificate is None:
        raise ConfigurationRefused(
            "listen is off loopback: https, certificate and key are needed"
        )


def _is_loopback_name(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _is_loopback(config: PortalConfig) -> bool:
    try:
        host, port = config.bound
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise ConfigurationRefused("listen is an IP address and a port") from error
    if port > 65_535:
        raise ConfigurationRefused("listen: there is no such port")
    return address.is_loopback


def _described(error: ValidationError) -> str:
    """Name the settings at fault and what is wrong, without their values."""
    faults = error.errors(include_input=False, include_url=False)
    return "; ".join(settings.told({**fault}) for fault in faults)


def _anchored(config: PortalConfig, base: Path) -> PortalConfig:
    names = ("certificate", "key", "desk_pass", "state_dir", "training")
    paths = {name: getattr(config, name) for name in names}
    return config.model_copy(
        update={name: base / path for name, path in paths.items() if path is not None}
    )
