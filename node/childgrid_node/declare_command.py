"""The command `declare`: whose searches are to be marked for auditors."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer


def declare(
    people: Annotated[
        Path | None,
        typer.Argument(help="a CSV of grid fields: name, relative, birth_date, phone"),
    ] = None,
    key: Annotated[
        Path, typer.Option(help="the custodian's locked signing key")
    ] = Path("custodian.key"),
    config: Annotated[Path, typer.Option(help="the node's settings file")] = Path(
        "node.toml"
    ),
    passphrase_file: Annotated[
        Path | None, typer.Option(help="that key's passphrase; asked for if left out")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="how long it holds")] = 365,
    nobody: Annotated[
        bool, typer.Option("--nobody", help="take the declaration back")
    ] = False,
) -> None:
    """Declare own staff and relatives: own searches about them are marked for auditors.

    Only encodings are kept, and no other agency's query is answered from them. Each
    declaration takes the place of the one before.
    """
    from childgrid_node.config import load
    from childgrid_node.declaring import run
    from childgrid_wire.errors import ConfigurationRefused
    from childgrid_wire.keyfile import read_passphrase
    from childgrid_wire.personal import open_key, secret_name

    if (people is None) is not nobody:
        raise ConfigurationRefused("name a file of people, or --nobody")
    if passphrase_file is not None:
        secret = read_passphrase(passphrase_file)
    else:
        secret = str(typer.prompt(secret_name(key), hide_input=True)).encode()
    run(load(config), people, open_key(key, secret), days, time.time, typer.echo)
