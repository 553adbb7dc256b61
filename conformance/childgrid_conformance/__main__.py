"""`childgrid-conform`: hold a node, whoever wrote it, against the test grid.

`prepare` founds a training grid around one node and writes what its agency needs; `run`
plays everybody else in that grid and makes every check. Exit status 0 means that every
check passed, 1 that one failed, 2 that it was not carried out.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from childgrid_log.errors import LogError
from childgrid_wire.errors import WireError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=__doc__,
)
Folder = Annotated[Path, typer.Argument(help="the test grid's folder")]


@app.command()
def prepare(
    folder: Folder,
    member: Annotated[str, typer.Option(help="the node's member id")] = "tested",
    listen: Annotated[
        str, typer.Option(help="host:port on which the kit's coordinator listens")
    ] = "127.0.0.1:7400",
    node: Annotated[
        str, typer.Option(help="host:port of the node's grid listener")
    ] = "127.0.0.1:7410",
    desk: Annotated[
        str, typer.Option(help="host:port of the node's desk")
    ] = "127.0.0.1:7411",
) -> None:
    """Found a test grid around one node; writes its agency's pack."""
    from childgrid_conformance.pack import Places, prepare

    pack = prepare(folder, member, Places(listen, node, desk), int(time.time()))
    typer.echo(f"give {pack} to the agency; then `childgrid-conform run {folder}`")


@app.command()
def run(
    folder: Folder,
    desk_pass: Annotated[
        Path | None, typer.Option(help="desk pass of the node; else pack/desk.pass")
    ] = None,
    wait: Annotated[
        int, typer.Option(min=1, help="seconds to wait for the node to join and serve")
    ] = 600,
    only: Annotated[
        list[str] | None, typer.Option(help="make checks whose ids begin so")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="write the report as JSON")] = None,
) -> None:
    """Wait for the node, make every check, and report."""
    from rich.console import Console

    from childgrid_conformance import kit, report
    from childgrid_wire import canonical

    checks = kit.chosen(only or [])
    with kit.opened(folder, desk_pass or folder / "pack" / "desk.pass") as scene:
        kit.ready(scene, wait, typer.echo)
        verdicts = list(kit.tried(scene, checks))
        report.show(verdicts, Console())
        if json:
            made = report.document(scene.member, verdicts, whole=not only)
            data = canonical.dumps(made) + b"\n"
            json.write_bytes(data)
            typer.echo(f"{json}: SHA-256 {hashlib.sha256(data).hexdigest()}")
    if not all(one.passed for one in verdicts):
        raise typer.Exit(1)


@app.command()
def checks() -> None:
    """List every check: its id, where it stands written, what is sent, what must be."""
    from childgrid_conformance import kit

    for one in kit.chosen([]):
        typer.echo(f"{one.id}  ({one.source})\n  {one.sent}\n  must: {one.must}")


def main() -> None:
    """Run the command line."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        app()
    except (WireError, LogError, OSError) as error:
        print(f"childgrid-conform: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
