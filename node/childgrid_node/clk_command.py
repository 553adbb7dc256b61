"""`clk` and `clk-search`: encode a table for clkhash's users, search in such files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from childgrid_node.clk.encoded import Faults
    from childgrid_node.clk.load import Words
    from childgrid_node.clk.search import Similar

SHOWN = 20
"""Faulty rows that are named on the terminal."""

MOST_FOUND = 10_000
"""Rows that may be asked for by each query."""

AT_ONCE = 256
"""Queries searched before their answers are printed."""


def _dice(threshold: float) -> float:
    # Typer's own bounds let NaN pass, and every row would reach it.
    if not 0 <= threshold <= 1:
        raise typer.BadParameter("a Dice similarity is from 0 to 1")
    return threshold


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


def clk_search(
    rows: Annotated[
        Path, typer.Argument(help="the CLKs to search in, as anonlink's JSON")
    ],
    queries: Annotated[Path, typer.Argument(help="the CLKs to look for, likewise")],
    k: Annotated[
        int, typer.Option("-k", min=1, max=MOST_FOUND, help="most rows for a query")
    ] = 10,
    threshold: Annotated[
        float, typer.Option(callback=_dice, help="the least Dice, from 0 to 1")
    ] = 0.0,
) -> None:
    """Print for each query the rows with the highest Dice, as a line of JSON.

    Both files are of one schema and secret, as `clk` or clkhash writes them. Rows count
    from 1, and of equals the earlier comes first; a row without a common bit is none. A
    query without a bit, which is a row at fault when it was encoded, finds nothing: it
    is named, and the exit status is then 1.
    """
    from childgrid_node.clk.errors import ClkError
    from childgrid_node.clk.load import load_both, without_bits

    try:
        table, asked = load_both(rows, queries)
    except ClkError as error:
        typer.echo(f"childgrid-node: {error}", err=True)
        raise typer.Exit(2) from None
    for number, one in enumerate(_searched(table, asked, k, threshold), 1):
        typer.echo(_line(number, one))
    never = without_bits(table)
    if never:
        told = f"note: {len(never)} rows of {rows.name} have no bit and are not found"
        typer.echo(told, err=True)
    lost = without_bits(asked)
    for row in lost[:SHOWN]:
        typer.echo(f"{queries.name}: query {row} has no bit, finds nothing", err=True)
    if lost:
        typer.echo(
            f"{len(lost)} queries were not looked for; mend their rows", err=True
        )
        raise typer.Exit(1)


def _searched(
    table: Words, asked: Words, k: int, threshold: float
) -> Iterator[Similar]:
    from childgrid_node.clk.search import Filters, search
    from childgrid_node.scan import cores

    filters, k = Filters.of(table), min(k, len(table))
    for first in range(0, len(asked), AT_ONCE):
        part = asked[first : first + AT_ONCE]
        yield from search(filters, part, k, threshold, threads=cores())


def _line(query: int, similar: Similar) -> str:
    pairs = zip(similar.rows.tolist(), similar.dice.tolist(), strict=True)
    found = [{"row": row + 1, "dice": dice} for row, dice in pairs]
    return json.dumps({"query": query, "found": found})


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
