"""Commands that move the linkage key from epoch to epoch; see `epochs`."""

from typing import TYPE_CHECKING, Annotated

import typer

from childgrid_authority.console import (
    HERE,
    By,
    Folder,
    Secrets,
    carry_out,
    now,
    opened,
    passphrases,
)

if TYPE_CHECKING:
    from childgrid_authority.epochs import Standing

app = typer.Typer()


@app.command()
def epoch(
    number: int,
    member: Annotated[list[str], typer.Option(help="Who took part; at least 3.")],
    folder: Folder = HERE,
    keep: Annotated[
        list[int] | None, typer.Option(help="An older epoch that stays accepted.")
    ] = None,
    scheme: Annotated[str, typer.Option(help="Hash of the new scheme.")] = "",
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Though an epoch is in force already.")
    ] = False,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Put a linkage key epoch in force at once; `accept` stops nobody."""
    from childgrid_authority import directory

    authority = opened(folder)
    change = directory.set_epoch(
        authority.book,
        number,
        member,
        now(),
        keep=keep or (),
        scheme=scheme,
        at_once=at_once,
    )
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command()
def accept(
    number: int,
    member: Annotated[list[str], typer.Option(help="Who took part; at least 3.")],
    folder: Folder = HERE,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Accept a new epoch beside the current one; nodes encode under it meanwhile."""
    from childgrid_authority import epochs

    authority = opened(folder)
    change = epochs.accept(authority.book, number, member, now())
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command()
def advance(
    number: int,
    folder: Folder = HERE,
    despite_laggards: Annotated[
        bool, typer.Option("--despite-laggards", help="Who lags refuses every query.")
    ] = False,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Make an accepted epoch current; what was asked before is still answered."""
    from childgrid_authority import epochs

    authority = opened(folder)
    change = epochs.advance(
        authority.book, number, now(), despite_laggards=despite_laggards
    )
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command()
def retire(
    number: int,
    folder: Folder = HERE,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Its queries and handles become void.")
    ] = False,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Accept an epoch no longer; at once where its key is compromised."""
    from childgrid_authority import epochs

    authority = opened(folder)
    change = epochs.retire(authority.book, number, now(), at_once=at_once)
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command("epochs")
def show(folder: Folder = HERE) -> None:
    """Say which epochs are accepted and who has not encoded; `publish` fetches that."""
    from childgrid_authority import epochs

    found = epochs.standing(opened(folder).book, now())
    for one in found:
        typer.echo(_line(one))
    if not found:
        typer.echo("no linkage key epoch is accepted")


def _line(one: "Standing") -> str:
    state = "current" if one.current else "accepted"
    late = f"not ready: {', '.join(one.providers)}" if one.providers else "all ready"
    users = f"; without the key: {', '.join(one.others)}" if one.others else ""
    return f"epoch {one.epoch} {state}; {late}{users}"
