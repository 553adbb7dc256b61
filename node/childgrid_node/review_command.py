"""The command `review`: own staff judge pairs of own records, a custodian signs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from childgrid_wire.keys import Signer


def review(
    source: Annotated[
        str, typer.Argument(help="may be left out for a single one")
    ] = "",
    config: Annotated[Path, typer.Option(help="the node's settings file")] = Path(
        "node.toml"
    ),
    pairs: Annotated[
        int | None,
        typer.Option(min=300, max=5_000, help="to judge in all; 360 at first"),
    ] = None,
    judgements: Annotated[
        Path | None, typer.Option(help="a CSV of left,right,verdict instead of asking")
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="print the open pairs' keys as that CSV")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="forget what was judged; draw anew")
    ] = False,
    key: Annotated[
        Path | None, typer.Option(help="the custodian's locked signing key")
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="that key's passphrase; asked for if left out")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="how long it holds")] = 365,
    yes: Annotated[bool, typer.Option("--yes", help="sign without asking")] = False,
) -> None:
    """Judge pairs of this register; once signed, its percentages are shown.

    At each pair: s the same person, d different, c can't tell, b back, q stop. Stop
    whenever you like; the same command goes on. Exit status 1: not signed yet.
    """
    from rich.console import Console

    from childgrid_node.config import load
    from childgrid_node.reviewing import Terminal, Wish, run

    wish = Wish(source, pairs or 0, judgements, listing, restart, days)
    terminal = Terminal(
        say=typer.echo,
        note=lambda line: typer.echo(line, err=True),
        prompt=_prompt,
        confirm=(lambda: None) if yes else _confirm,
        signer=lambda: _signer(key, passphrase_file),
        console=Console(highlight=False, markup=False),
    )
    if not run(load(config), wish, terminal, time.time) and not listing:
        raise typer.Exit(1)


def _prompt() -> str:
    """Take one answer; whoever ends the input, stops."""
    try:
        return str(typer.prompt("same, different, can't tell, back, quit [s/d/c/b/q]"))
    except typer.Abort:
        return "q"


def _confirm() -> None:
    typer.confirm("Sign this review?", abort=True)


def _signer(key: Path | None, passphrase_file: Path | None) -> Signer | None:
    from childgrid_wire.keyfile import read_passphrase
    from childgrid_wire.personal import open_key, secret_name

    if key is None:
        return None
    if passphrase_file is not None:
        return open_key(key, read_passphrase(passphrase_file))
    said: str = typer.prompt(secret_name(key), hide_input=True)
    return open_key(key, said.encode())
