"""Opening the workbench: which logs, which key, and then the pages.

Whatever is wrong with the settings is said before anything is verified, since that may
take minutes; the address is told at once.
"""

from __future__ import annotations

from pathlib import Path

from childgrid_audit.auditors import open_key
from childgrid_audit.bundle import Folder
from childgrid_audit.config import load
from childgrid_audit.workbench.desk import (
    Desk,
    Exported,
    Say,
    Source,
    open_mirror,
)
from childgrid_audit.workbench.pen import Pen
from childgrid_wire.errors import ConfigurationRefused


def open_workbench(
    directory: Path | None,
    config: Path | None,
    root: str,
    listen: str,
    key: Path | None,
    secret: bytes,
    say: Say,
) -> None:
    """Show the pages until interrupted, while the logs are verified.

    Args:
        directory: an exported directory, or None for the mirror of `config`.
        config: a station's settings, or None for a directory.
        root: fingerprint to verify a directory under.
        listen: `host:port` on loopback.
        key: a person's key to sign findings with, and
        secret: its passphrase.
        say: gets what the terminal shows.

    Raises:
        ConfigurationRefused: says which setting, file or package is wrong.
        Refused, Untrusted: the key is nobody's who may sign findings.
    """
    try:
        from childgrid_audit.workbench.web.serve import loopback, serve
    except ModuleNotFoundError as error:
        raise ConfigurationRefused("install childgrid[web] for the pages") from error
    loopback(listen)
    source, fingerprint, name = choose(directory, config, root)
    pen = pick_up(config, key, secret)
    say(f"verifying {source.title}")
    serve(Desk(source, fingerprint), name, listen, say, pen)


def choose(
    directory: Path | None, config: Path | None, root: str
) -> tuple[Source, str, str]:
    """What to show, under which root fingerprint, and the address's first label.

    Raises:
        ConfigurationRefused: not exactly one of the two, or the one isn't there.
    """
    if (directory is None) == (config is None):
        raise ConfigurationRefused("name an exported directory or a --config")
    if config is not None:
        identity, mirror = open_mirror(load(config))
        return mirror, mirror.root, identity.member
    if directory is None or not directory.is_dir() or not root:
        raise ConfigurationRefused("name a directory and its --root")
    return Exported(Folder(directory)), root, "workbench"


def pick_up(config: Path | None, key: Path | None, secret: bytes) -> Pen | None:
    """A person's key over the station's log; None without a key.

    Raises:
        ConfigurationRefused: no station, or another key than one of its people.
        Refused, Untrusted: this person may not sign findings.
    """
    if key is None:
        return None
    if config is None:
        raise ConfigurationRefused("findings go into a station's log: name --config")
    pen = Pen.open(load(config), open_key(key, secret))
    pen.check()
    return pen
