"""`childgrid-node`: join the grid, index the sources, serve, and say what is wrong.

Every command reads one settings file (`--config`, node.toml by default). Errors are
one line on standard error and exit status 2; a finding of `check` or `doctor` is 1.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from childgrid_log.errors import LogError
from childgrid_node.clk_command import clk, clk_search
from childgrid_node.declare_command import declare
from childgrid_node.index_errors import IndexingError
from childgrid_node.review_command import review
from childgrid_node.source_errors import SourceError
from childgrid_wire.errors import WireError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # A trace with local variables could show what must stay inside.
    pretty_exceptions_enable=False,
    help=__doc__,
)
Config = Annotated[Path, typer.Option(help="the node's settings file")]
_DEFAULT = Path("node.toml")


@app.command()
def join(
    config: Config = _DEFAULT,
    token: Annotated[
        Path | None, typer.Option(help="the founders' token file; else `token`")
    ] = None,
    wait: Annotated[
        int | None,
        typer.Option(min=0, help="seconds to wait at most; else `join_seconds`"),
    ] = None,
) -> None:
    """Make keys, ask the founders, take their certificates and the linkage key.

    Repeat it as often as you like: it goes on where it stopped. Where it was to wait
    and is not joined when the time is over, it ends with status 3.
    """
    from childgrid_node.config import load
    from childgrid_node.join import State
    from childgrid_node.joining import run

    settings = load(config)
    seconds = settings.join_seconds if wait is None else wait
    state = run(settings, token, seconds, time.time, typer.echo)
    if seconds and (state is None or state.state is not State.JOINED):
        raise typer.Exit(3)


@app.command()
def ceremony(
    member: Annotated[list[str], typer.Option(help="each member that takes part")],
    epoch: Annotated[int, typer.Option(min=1)] = 1,
    wait: Annotated[int, typer.Option(help="seconds to wait for the others")] = 600,
    config: Config = _DEFAULT,
) -> None:
    """Make the grid's linkage key together with at least two other members."""
    from childgrid_node.config import load
    from childgrid_node.joining import hold_ceremony

    hold_ceremony(load(config), epoch, member, wait, time.time, typer.echo)


@app.command()
def wrap(
    member: Annotated[str, typer.Argument(help="who needs them")],
    fingerprint: Annotated[
        str, typer.Option(help="its keys' fingerprint, as its people read it out")
    ],
    config: Config = _DEFAULT,
) -> None:
    """Wrap the linkage keys in force for a member whose fingerprint you compared."""
    from childgrid_node.config import load
    from childgrid_node.joining import wrap_for

    for epoch in wrap_for(load(config), member, fingerprint, time.time):
        typer.echo(f"the key of epoch {epoch} is wrapped for {member}")


@app.command()
def check(
    config: Config = _DEFAULT,
    html: Annotated[
        Path | None, typer.Option(help="write the report as a page")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="write the report as JSON")] = None,
) -> None:
    """Report on each source before it is indexed: gaps, faults, who is guarded.

    Counts, row numbers and columns; never a value.
    """
    from childgrid_node.checking import Out, check_sources
    from childgrid_node.config import load

    if not check_sources(load(config), time.time, typer.echo, Out(html, json)):
        raise typer.Exit(1)


@app.command()
def index(config: Config = _DEFAULT) -> None:
    """Encode every source; raw values are never copied."""
    from childgrid_node.checking import index_sources
    from childgrid_node.config import load

    index_sources(load(config), time.time, typer.echo)


@app.command()
def serve(config: Config = _DEFAULT) -> None:
    """Answer queries and serve the agency's officers until asked to stop."""
    from childgrid_node.config import load
    from childgrid_node.serving import serve_until_stopped

    serve_until_stopped(load(config), time.time, typer.echo)


@app.command("desk-pass")
def desk_pass(
    out: Annotated[Path, typer.Argument(help="the pass file to write, mode 600")],
    config: Config = _DEFAULT,
    days: Annotated[int, typer.Option(min=1, max=90)] = 30,
) -> None:
    """Issue a pass with which an officer's machine reaches the desk listener."""
    from childgrid_node.config import load
    from childgrid_node.passes import issue

    serial = issue(load(config), out, days, time.time)
    typer.echo(f"serial number {serial}")


@app.command()
def revoke(
    target: Annotated[str, typer.Argument(help="officer or certificate")],
    subject: Annotated[
        str, typer.Argument(help="the officer's id, or a desk pass's serial number")
    ],
    cause: Annotated[
        str, typer.Option(help="lost, left, compromised or replaced")
    ] = "compromised",
    config: Config = _DEFAULT,
) -> None:
    """Revoke an own officer or desk pass, at once and for good."""
    from childgrid_node.config import load
    from childgrid_node.revoking import revoke as verb

    verb(load(config), target, subject, cause, time.time)
    typer.echo(f"{target} {subject} is revoked")


@app.command()
def shred(
    export: Annotated[Path, typer.Argument(help="an auditor's export of this log")],
    config: Config = _DEFAULT,
) -> None:
    """Shred what is past its retention; stop the node first."""
    from childgrid_node.config import load
    from childgrid_node.shredding import shred_log

    shred_log(load(config), export, time.time, typer.echo)


@app.command()
def archive(
    days: Annotated[int, typer.Option(min=1, help="move what is older")] = 365,
    compact: Annotated[
        bool, typer.Option(help="also give the database's free room to the disk")
    ] = False,
    config: Config = _DEFAULT,
) -> None:
    """Move old leaves of the log to files beside it; stop the node first.

    Every proof stays as it is; what is to be shredded stays in the database.
    """
    from childgrid_node.archiving import archive_log
    from childgrid_node.config import load

    archive_log(load(config), days, compact, time.time, typer.echo)


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="the file to write, mode 600")],
    config: Config = _DEFAULT,
) -> None:
    """Write keys, log, documents and journal to one sealed file; the node may run."""
    from childgrid_log.backing import back_up
    from childgrid_node.config import load

    back_up(load(config).place, out, typer.echo)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="a file that `backup` wrote")],
    config: Config = _DEFAULT,
) -> None:
    """Bring a backup back into an empty state_dir, and say what to do next."""
    from childgrid_log.backing import bring_back
    from childgrid_node.config import load

    start = "`childgrid-node serve`, which encodes the sources anew by itself."
    bring_back(load(config).place, file, typer.echo, start)


@app.command()
def succeed(
    out: Annotated[Path, typer.Argument(help="the file to write, for the founders")],
    config: Config = _DEFAULT,
) -> None:
    """Ask the founders to close this log where its witnesses saw it, for another.

    For a log that is behind its witnesses or gone. The node may stand still meanwhile;
    once the directory names the successor, it goes on with that by itself.
    """
    from childgrid_node.config import load
    from childgrid_node.succeed import succeed as verb

    verb(load(config), out, time.time, typer.echo)


@app.command()
def migrate(
    config: Config = _DEFAULT,
    to: Annotated[str, typer.Option(help="an earlier schema, such as 0001")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="only look; status 1 if anything is due")
    ] = False,
) -> None:
    """Bring the databases to this release's schema, or back; stop the node first."""
    from childgrid_migrate.command import run
    from childgrid_node.config import load
    from childgrid_node.migrating import bases

    if not run(bases(load(config)), to, check, typer.echo):
        raise typer.Exit(1)


@app.command()
def doctor(config: Config = _DEFAULT) -> None:
    """Name what is wrong with this node, if anything is."""
    from childgrid_node.config import load
    from childgrid_node.doctor import examine

    sound = True
    for finding in examine(load(config), time.time):
        sound = sound and finding.ok
        typer.echo(str(finding))
    if not sound:
        raise typer.Exit(1)


app.command("review")(review)
app.command("declare")(declare)
app.command("clk")(clk)
app.command("clk-search")(clk_search)


def main() -> None:
    """Run the command line."""
    # What keeps us from starting is ours to say; grpc's own lines would bury it.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        app()
    except (WireError, SourceError, IndexingError, LogError, OSError) as error:
        print(f"childgrid-node: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
