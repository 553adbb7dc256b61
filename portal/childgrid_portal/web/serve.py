"""Listening: the portal's own TLS, or plain on loopback.

It refuses to start rather than guess: another member's desk, training passkeys on a
grid that is none, a desk that does not answer while it must be asked about those.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog
import uvicorn

from childgrid_portal.line import Greeting, Line, Pass
from childgrid_portal.web import signing
from childgrid_portal.web.accounts import Accounts
from childgrid_portal.web.app import application
from childgrid_portal.web.config import PortalConfig
from childgrid_portal.web.session import Session, Sessions
from childgrid_portal.web.site import Site
from childgrid_portal.web.training import Training
from childgrid_portal.web.visit import Room
from childgrid_wire import keyfile, logs
from childgrid_wire.ending import Ending
from childgrid_wire.errors import ConfigurationRefused

log = structlog.get_logger(__name__)
_WAITING = 128
_CONNECTIONS = 256
_STOP_SECONDS = 15.0
SWEEP_SECONDS = 60.0


def open_site(config: PortalConfig, rooms: Sequence[Room]) -> Site:
    """Open accounts and the line to the desk, and ask whose it is.

    Raises:
        ConfigurationRefused, Untrusted: this portal will not start as it stands.
        Unreachable: the node does not run.
    """
    line = Line(config.desk, Pass.read(config.desk_pass), config.member)
    greeting = line.greet()
    accounts = Accounts(config.state_dir)
    training = trainees(config, greeting)
    if training is not None:
        training.enrol(accounts)

    def over(session: Session) -> None:
        signing.close_desk(site, session)

    sessions = Sessions(
        config.idle_minutes * 60,
        config.session_hours * 3_600,
        over,
        draft_seconds=config.draft_minutes * 60,
    )
    site = Site(config, greeting, accounts, sessions, line, rooms, training)
    if config.language not in site.languages:
        raise ConfigurationRefused("language: there is no such file in web/locale")
    return site


def trainees(config: PortalConfig, greeting: Greeting) -> Training | None:
    """The software passkeys, where there are any.

    Raises:
        ConfigurationRefused: this grid is not for training.
    """
    if config.training is None:
        return None
    if not greeting.training:
        raise ConfigurationRefused(
            "training: this grid is for production; leave it out"
        )
    return Training(config.training, config.rp_id, config.origin)


def serve(
    config: PortalConfig, rooms: Sequence[Room], say: Callable[[str], None]
) -> None:
    """Serve until interrupted; `say` gets the address.

    Raises:
        ConfigurationRefused: this portal will not start as it is configured.
    """
    say_in(config.log_format)
    ending = Ending()
    bound = bind(config)
    site = open_site(config, rooms)
    web = server(config, application(site))
    thread = threading.Thread(target=web.run, kwargs={"sockets": [bound]}, name="web")
    thread.start()
    say(f"{config.member}: {config.origin}/")
    with sweeping(site):
        ending.wait(_STOP_SECONDS)
    web.should_exit = True
    thread.join()
    bound.close()
    close(site)


@contextmanager
def sweeping(site: Site, seconds: float = SWEEP_SECONDS) -> Iterator[None]:
    """Let what is over leave the memory, though nobody looks at the portal any more."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(seconds):
            for sweep in (site.sessions.sweep, site.drawer.sweep):
                _lasting(sweep)

    thread = threading.Thread(target=repeat, name="sweep")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _lasting(sweep: Callable[[], None]) -> None:
    """One round: no error ends the thread, nor shows what it says, only its name."""
    try:
        sweep()
    except Exception as fault:
        log.error("failed", work="sweep", error=type(fault).__name__)


def close(site: Site) -> None:
    """Close every open desk, then the line and the accounts."""
    site.sessions.clear()
    site.line.close()
    site.accounts.close()


def server(config: PortalConfig, app: object) -> uvicorn.Server:
    """The web server, not yet listening.

    Raises:
        ConfigurationRefused: certificate or key is none, or others can read the key.
    """
    if config.key is not None:
        keyfile.check_private(config.key)
    settings = uvicorn.Config(
        app,  # type: ignore[arg-type]
        access_log=False,
        # Its own handlers would show the messages of exceptions.
        log_config=None,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=3,
        limit_concurrency=_CONNECTIONS,
        h11_max_incomplete_event_size=16_384,
        lifespan="off",
        ssl_certfile=config.certificate,
        ssl_keyfile=config.key,
    )
    try:
        settings.load()
    except (OSError, ValueError) as error:
        raise ConfigurationRefused(
            "certificate, key: not a pair of PEM files"
        ) from error
    return uvicorn.Server(settings)


def bind(config: PortalConfig) -> socket.socket:
    """Take the port; raises `ConfigurationRefused` where it is taken."""
    host, port = config.bound
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(_WAITING)
    except OSError as error:
        bound.close()
        raise ConfigurationRefused(f"listen: port {port} is taken") from error
    return bound


def say_in(form: logs.Format) -> None:
    """Write log lines in one form; see `logs`."""
    logs.configure(form)
    structlog.configure(
        processors=[logs.hand_over],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
