"""`childgrid-coordinator`: join, install, serve, shred, archive, backup, restore.

Whatever keeps the program from starting is said in one line on stderr, with exit
code 2, or 75 where the database is only away: what starts us tries that again.
SIGTERM and SIGINT let calls finish and end with 0.
"""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The meeting point of a grid. It carries; it decides and opens nothing.",
)
_STOP_SECONDS = 20.0
"""Beyond the time that calls have to finish; then the process ends all the same."""

Config = Annotated[Path, typer.Option(help="The coordinator's TOML file.")]


@app.command()
def join(
    config: Config,
    token: Annotated[Path, typer.Option(help="The founders' token file.")],
    title: Annotated[str, typer.Option(help="What members see, as `NCRB hub`.")],
    address: Annotated[str, typer.Option(help="host:port that members dial.")],
    out: Annotated[Path, typer.Option(help="Where the enrolment is written.")],
) -> None:
    """Make this coordinator's keys and an enrolment file for the founders."""
    from childgrid_coordinator import join as verb
    from childgrid_coordinator.config import load
    from childgrid_wire.enrolment import Token
    from childgrid_wire.keyfile import read_passphrase, write_private

    settings = load(config)
    passphrase = read_passphrase(settings.passphrase_file)
    envelope, fingerprint = verb.enrol(
        settings, passphrase, Token.read(token), title, address, int(time.time())
    )
    write_private(out, envelope)
    typer.echo(f"{out} is for the founders; read this to them: {fingerprint}")


@app.command()
def install(
    config: Config,
    pack: Annotated[Path | None, typer.Option(help="The founders' answer.")] = None,
    documents: Annotated[Path | None, typer.Option(help="Folder of *.dsse.")] = None,
) -> None:
    """Install what the founders returned: their whole answer, or documents alone."""
    from childgrid_coordinator import join as verb
    from childgrid_coordinator.config import load
    from childgrid_wire.errors import ConfigurationRefused
    from childgrid_wire.keyfile import read_passphrase

    settings = load(config)
    if pack is None and documents is None:
        raise ConfigurationRefused("name --pack or --documents")
    if pack is not None:
        passphrase = read_passphrase(settings.passphrase_file)
        hang = verb.install(settings, passphrase, pack, int(time.time()))
        typer.echo(f"certificates installed; {hang} documents hang")
    if documents is not None:
        typer.echo(f"{verb.install_documents(settings, documents)} documents hang")


@app.command()
def shred(
    config: Config,
    export: Annotated[Path, typer.Option(help="An auditor's export of this log.")],
) -> None:
    """Shred what is past its retention; stop the coordinator first."""
    from childgrid_coordinator.app import Coordinator
    from childgrid_coordinator.config import load
    from childgrid_wire.keyfile import read_passphrase

    settings = load(config)
    coordinator = Coordinator(settings, read_passphrase(settings.passphrase_file))
    try:
        typer.echo(f"{coordinator.shred(export)} statements shredded")
    finally:
        coordinator.stop()


@app.command()
def archive(
    config: Config,
    days: Annotated[int, typer.Option(min=1, help="Move what is older.")] = 365,
    compact: Annotated[
        bool, typer.Option(help="Also give the log's free room to the disk.")
    ] = False,
) -> None:
    """Move old leaves of the log to files beside it; stop the coordinator first."""
    from childgrid_coordinator.app import Coordinator
    from childgrid_coordinator.config import load
    from childgrid_wire.keyfile import read_passphrase

    settings = load(config)
    coordinator = Coordinator(settings, read_passphrase(settings.passphrase_file))
    try:
        coordinator.archive(days, compact, typer.echo)
    finally:
        coordinator.stop()


@app.command()
def backup(
    config: Config,
    out: Annotated[Path, typer.Argument(help="The file to write, mode 600.")],
) -> None:
    """Write keys, log, documents and database to one sealed file; it may run."""
    from childgrid_coordinator.config import load
    from childgrid_log.backing import back_up

    back_up(load(config).place, out, typer.echo)


@app.command()
def restore(
    config: Config,
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
) -> None:
    """Bring a backup back into an empty state_dir, and say what to do next."""
    from childgrid_coordinator import dump
    from childgrid_coordinator.config import load
    from childgrid_log.backing import bring_back

    settings, start = load(config), "`childgrid-coordinator serve`."
    if settings.database:
        dump.insist_empty(settings.url)
    bring_back(settings.place, file, typer.echo, start)
    if settings.database:
        dump.bring_back(settings.url, settings.state_dir)


@app.command()
def migrate(
    config: Config,
    to: Annotated[str, typer.Option(help="An earlier schema, such as 0001.")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Only look; status 1 if anything is due.")
    ] = False,
) -> None:
    """Bring the databases to this release's schema, or back; stop it first."""
    from childgrid_coordinator.config import load
    from childgrid_coordinator.migrations.bases import bases
    from childgrid_migrate.command import run

    if not run(bases(load(config)), to, check, typer.echo):
        raise typer.Exit(1)


@app.command()
def serve(config: Config) -> None:
    """Serve until SIGTERM."""
    from childgrid_coordinator.app import Coordinator
    from childgrid_coordinator.config import load
    from childgrid_wire import logs
    from childgrid_wire.ending import Ending
    from childgrid_wire.keyfile import read_passphrase

    ending = Ending()
    settings = load(config)
    logs.configure(settings.log_format)
    coordinator = Coordinator(settings, read_passphrase(settings.passphrase_file))
    try:
        port = coordinator.start()
        host = settings.listen.rpartition(":")[0]
        typer.echo(f"{settings.member} listens on {host}:{port}")
        sys.stdout.flush()
        ending.wait(settings.drain_seconds + _STOP_SECONDS)
    finally:
        coordinator.stop()


def main() -> None:
    """Run the command line."""
    # What keeps us from starting is ours to say; grpc's own lines would bury it.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from childgrid_log.errors import LogError
    from childgrid_wire.errors import WireError

    try:
        app()
    except (WireError, LogError, OSError) as error:
        print(f"childgrid-coordinator: {error}", file=sys.stderr)
        sys.exit(_status(error))


def _status(error: Exception) -> int:
    from childgrid_coordinator.store.engine import Away

    return os.EX_TEMPFAIL if isinstance(error, Away) else 2


if __name__ == "__main__":
    main()
