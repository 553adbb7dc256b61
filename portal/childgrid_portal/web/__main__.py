"""`childgrid-portal`: serve the officers' portal of one agency, invite its officers.

Reads `portal.toml` (`--config`). A code that `invite` prints enrols one officer once,
within the hour: hand it over in person.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from childgrid_wire.errors import ConfigurationRefused, WireError

if TYPE_CHECKING:
    from childgrid_portal.web.accounts import Accounts

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Config = Annotated[Path, typer.Option(help="the portal's settings file")]
_DEFAULT = Path("portal.toml")


def _accounts(config: Path) -> Accounts:
    from childgrid_portal.web.accounts import Accounts
    from childgrid_portal.web.config import load

    return Accounts(load(config).state_dir)


@app.command()
def serve(config: Config = _DEFAULT) -> None:
    """Serve the portal until interrupted."""
    from childgrid_portal.web import reading, rooms
    from childgrid_portal.web.config import load
    from childgrid_portal.web.serve import serve as run

    run(load(config), (*rooms.ROOMS, *reading.ROOMS), typer.echo)


@app.command()
def invite(
    officer: Annotated[str, typer.Argument(help="the officer's id in the staff list")],
    name: Annotated[str, typer.Option(help="as pages show it; stays in this agency")],
    config: Config = _DEFAULT,
) -> None:
    """Print a code by which an officer makes their passkeys; a new one ends the old."""
    from childgrid_portal.web.config import load

    accounts = _accounts(config)
    is_new = accounts.officer(officer) is None
    code = accounts.invite(officer, name)
    typer.echo(f"{load(config).origin}/enrol\n{officer}\n{code}")
    if is_new:
        # Beside what is handed over: the portal does not see the staff list.
        typer.echo(
            f"{officer} is new here. Nothing that they sign counts before staff.toml of"
            f" the node has an officer of this very id with the lines that the page"
            f" shows. If the id is a slip: childgrid-portal forget {officer}",
            err=True,
        )


@app.command()
def officers(config: Config = _DEFAULT) -> None:
    """List whom this portal knows, and who has enrolled."""
    for one, enrolled in _accounts(config).officers():
        typer.echo(f"{one.id}\t{one.name}\t{'enrolled' if enrolled else 'invited'}")


@app.command()
def forget(officer: str, config: Config = _DEFAULT) -> None:
    """Forget an officer's name and passkeys; revoke the signing key at the node."""
    if not _accounts(config).forget(officer):
        raise ConfigurationRefused(
            f"{officer} is not known here; `childgrid-portal officers` lists who is"
        )
    typer.echo(f"forgotten; now: childgrid-node revoke officer {officer}")


@app.command()
def migrate(
    config: Config = _DEFAULT,
    to: Annotated[str, typer.Option(help="an earlier schema, such as 0001")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="only look; status 1 if anything is due")
    ] = False,
) -> None:
    """Bring the databases to this release's schema, or back; stop the portal first."""
    from childgrid_migrate.command import run
    from childgrid_portal.web.config import load
    from childgrid_portal.web.migrating import bases

    if not run(bases(load(config)), to, check, typer.echo):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except WireError as error:
        print(f"childgrid-portal: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
