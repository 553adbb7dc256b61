"""The command `clk`: encode a CSV file for partners who use clkhash."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from childgrid_node.clk.encoded import Faults

SHOWN = 20
"""Faulty rows that are named on the terminal."""


def clk(
    schema: Annotated[Path, typer.Argument(help="a clkhash linkage schema, v1 to v3")],
    csv: Annotated[Path, typer.Argument(help="the table, comma-separated, in UTF-8")],
    out: Annotated[Path, typer.Argument(help="the JSON file to write, for anonlink")],
    secret_file: Annotated[
        Path, typer.Option(help="holds the partners' secret on one line")
    ],
    header: Annotated[
        bool, typer.Option(help="whether the first row names the columns")
    ] = True,
    clkhash_folds: Annotated[
        bool, typer.Option(help="ignore xorFolds, as clkhash 0.18.3 does by mistake")
    ] = False,
) -> None:
    """Encode a table into record-level CLKs, bit for bit as clkhash does.

    Not for the grid itself: one filter per record finds less and hides less than the
    grid's own encodings. Rows that do not fit the schema get an empty encoding and are
    named; the exit status is then 1.
    """
    from childgrid_node.clk.errors import ClkError
    from childgrid_node.clk.exchange import encode_file, read_secret
    from childgrid_node.clk.schema import Schema

    try:
        parsed = Schema.read(schema, folds="clkhash" if clkhash_folds else "declared")
        for note in parsed.notes:
            typer.echo(f"note: {note}", err=True)
        secret = read_secret(secret_file)
        rows, faults = encode_file(parsed, csv, out, secret, header=header)
    except ClkError as error:
        typer.echo(f"childgrid-node: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{rows} rows, {rows - faults.rows} encoded, {faults.rows} at fault")
    for line in report(faults):
        typer.echo(line)
    if faults.rows:
        raise typer.Exit(1)


def report(faults: Faults) -> list[str]:
    """Return lines that name faults by field, kind and row, the first row being 1."""
    lines = [
        f"  {count} × {_where(name)}: {fault.value}"
        for (name, fault), count in faults.counts.most_common()
    ]
    lines += [
        f"  row {row + 1}, {_where(name)}: {fault.value}"
        for row, name, fault in faults.listed[:SHOWN]
    ]
    return lines


def _where(name: str) -> str:
    return name or "the whole row"
