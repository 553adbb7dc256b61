"""A portal on its stage: the product's application on a real port, before a real desk.

The desk is the police's or customs' of the tests' grid, reached by mutual TLS; what
travels between agencies is carried by the test. Officers hold passkeys whose secrets
the test knows; their public halves stand in the staff list as agency IT would put
them there.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from childgrid_node import agency
from childgrid_portal.web import serve
from childgrid_portal.web.accounts import Login
from childgrid_portal.web.app import application
from childgrid_portal.web.config import PortalConfig, load
from childgrid_portal.web.site import Site
from childgrid_portal.web.training import SoftKey, SoftSigner
from childgrid_portal.web.visit import Room
from childgrid_wire import canonical, certificates, envelope
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from deploy.processes import free_port
from grid import AGENCIES, KABIR, Grid
from portal.test_command_line import Station

SETTINGS = """
member = "{member}"
title = "State Police, AHTU"
origin = "http://{member}.localhost:{port}"
rp_id = "{member}.localhost"
listen = "127.0.0.1:{port}"
desk = "127.0.0.1:{desk}"
desk_pass = "{member}.pass"
state_dir = "{member}-portal"
"""


@dataclass
class Stage:
    """A portal of one agency, and what is behind it."""

    station: Station
    site: Site
    config: PortalConfig
    passkeys: dict[str, tuple[SoftKey, SoftKey]] = field(default_factory=dict)

    @property
    def grid(self) -> Grid:
        """The grid behind the desk."""
        return self.station.grid

    @property
    def origin(self) -> str:
        """The portal's address."""
        return self.config.origin

    def key(self) -> SoftKey:
        """A passkey for this portal whose secret is known here."""
        return SoftKey(
            secrets.token_bytes(16),
            secrets.randbits(250) + 1,
            self.config.rp_id,
            self.origin,
        )

    def enrol(self, officer: str) -> tuple[SoftKey, SoftKey]:
        """An officer with a login and a signing passkey, in force everywhere."""
        accounts = self.site.accounts
        login, signing = self.passkeys[officer] = self.key(), self.key()
        accounts.enter(officer, accounts.invite(officer, f"Officer {officer}"))
        accounts.enrol(officer, Login(login.id, login.cose), signing.id)
        self.list_key(officer, signing.spki)
        return login, signing

    def list_key(self, officer: str, spki: bytes) -> None:
        """Agency IT puts a signing passkey into the staff list."""
        self.write_entry(
            officer,
            f'algorithm = "webauthn"\nkey = "{canonical.to_b64(spki)}"\n'
            f'rp_id = "{self.config.rp_id}"\norigins = ["{self.origin}"]\n',
        )

    def write_entry(self, officer: str, lines: str) -> None:
        """Put lines in place of an officer's key in staff.toml; the node takes it."""
        at = self.grid.agency(self.config.member)
        path = at.folder / "staff.toml"
        head, *entries = path.read_text().split("[[officer]]\n")
        kept = [_replaced(one, officer, lines) for one in entries]
        path.write_text("[[officer]]\n".join([head, *kept]))
        made = agency.publish(at.office, path, at.folder / "policy.toml")
        self.grid.post([one.data for one in made])

    def ask(self) -> Statement:
        """A query of si-rao's that waits for approval, signed by the passkey."""
        signer = SoftSigner("police/si-rao", self.passkeys["si-rao"][1])
        signed = envelope.sign(Kind.QUERY, self.grid.draft(KABIR), [signer])
        return self.grid.agency("police").desk.sign(signed)

    def state(self) -> list[tuple[Any, ...]]:
        """All that every agency has said and heard; for 'nothing changed'."""
        return [self.grid.state(name) for name in AGENCIES]


def _replaced(entry: str, officer: str, lines: str) -> str:
    if f'id = "{officer}"\n' not in entry:
        return entry
    dropped = ("algorithm", "key", "rp_id", "origins")
    kept = [one for one in entry.splitlines() if one.split(" ")[0] not in dropped]
    named = [one for one in lines.splitlines() if not one.startswith("id =")]
    return "\n".join([*kept, *named]) + "\n"


@contextmanager
def staged(folder: Path, rooms: Sequence[Room] = (), more: str = "") -> Iterator[Stage]:
    """The police's portal, served; `more` are lines for its settings."""
    grid = Grid(folder / "grid")
    root = certificates.new_root("test", grid.now)
    with joined(Station(grid, folder, root), "police", rooms, more) as made:
        yield made


@contextmanager
def joined(
    station: Station, member: str, rooms: Sequence[Room], more: str = ""
) -> Iterator[Stage]:
    """An agency's portal before its desk, on a grid that is there."""
    with ExitStack() as stack:
        station.serve(member, stack)
        station.pass_file(member)
        text = SETTINGS.format(
            member=member, port=free_port(), desk=station.ports[member]
        )
        path = station.folder / f"{member}-portal.toml"
        path.write_text(text + more)
        config = load(path)
        site = serve.open_site(config, rooms)
        stack.callback(serve.close, site)
        stack.enter_context(running(config, site))
        yield Stage(station, site, config)


@contextmanager
def running(config: PortalConfig, site: Site) -> Iterator[None]:
    """The portal's web server in a thread."""
    bound = serve.bind(config)
    server = serve.server(config, application(site))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
        bound.close()
