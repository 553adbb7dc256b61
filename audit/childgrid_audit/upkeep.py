"""What whoever runs a station does to its state: archive, backup, restore.

Beside `archive` the witness may be at work: both go by what the database says. The
mirror of others' logs lies in files anyway and is not touched by it.
"""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option(help="The station's TOML file.")]


def archive(
    config: Config,
    days: Annotated[int, typer.Option(min=1, help="Move what is older.")] = 365,
    compact: Annotated[
        bool, typer.Option(help="Also give the log's free room to the disk.")
    ] = False,
) -> None:
    """Move old leaves of the station's own log to files beside it."""
    from childgrid_audit.config import load
    from childgrid_audit.station import Station
    from childgrid_log import stowing
    from childgrid_wire.keyfile import read_passphrase

    settings = load(config)
    station = Station.open(
        settings.state_dir, read_passphrase(settings.passphrase_file)
    )
    try:
        now = int(station.clock())

        def tell(subject: str) -> None:
            station.say(stowing.notice(station.identity.signer, now, subject))

        before = stowing.before(now, days)
        stowing.stow(station.log, before, tell, compact, typer.echo)
    finally:
        station.close()


def backup(
    config: Config,
    out: Annotated[Path, typer.Argument(help="The file to write, mode 600.")],
) -> None:
    """Write keys, log, memory and mirror to one sealed file; it may run."""
    from childgrid_audit.config import load
    from childgrid_audit.store import Store
    from childgrid_log.backing import back_up
    from childgrid_wire.shelf import Shelf

    settings = load(config)
    root = Shelf.open(settings.state_dir / "documents").book.root
    with Store(settings.state_dir / "mirror", root).locked():
        back_up(settings.place, out, typer.echo)


def restore(
    config: Config,
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
) -> None:
    """Bring a backup back into an empty state_dir, and say what to do next."""
    from childgrid_audit.config import load
    from childgrid_log.backing import bring_back

    bring_back(load(config).place, file, typer.echo, "`childgrid-audit witness`.")
