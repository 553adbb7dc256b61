"""Commands that change what the founders have signed: by a threshold of them.

Only `revoke` takes one founder, who may not be kept waiting for the others.
"""

from pathlib import Path
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
    public_keys,
    scheme_of,
)

if TYPE_CHECKING:
    from childgrid_authority.directory import Witnesses

app = typer.Typer()


@app.command()
def scheme(
    document: Path,
    folder: Folder = HERE,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Sign a scheme document; see `epoch` for a grid that has a linkage key."""
    from childgrid_authority import directory

    authority = opened(folder)
    change = directory.set_scheme(authority.book, *scheme_of(document), now())
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command()
def floor(
    file: Path,
    folder: Folder = HERE,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Sign a new floor policy from its TOML file."""
    from childgrid_authority import directory
    from childgrid_authority import floor as floors

    authority = opened(folder)
    change = directory.set_floor(authority.book, floors.load(file), now())
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command()
def witnesses(
    member: list[str],
    quorum: Annotated[int, typer.Option(help="How many must cosign.")],
    faults: Annotated[int, typer.Option(help="How many may fail.")],
    folder: Folder = HERE,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Name the witnesses; refused unless safe for every member's log."""
    from childgrid_authority import directory

    authority = opened(folder)
    named = directory.Witnesses(member, quorum, faults)
    change = directory.set_witnesses(authority.book, named, now())
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command()
def confirm(
    member: str,
    report: Annotated[
        Path, typer.Argument(help="what `childgrid-conform run --json` wrote")
    ],
    folder: Folder = HERE,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """End a member's probation by a conformance report that passed whole."""
    from childgrid_authority import conformance, directory

    authority = opened(folder)
    digest = conformance.read(report, member)
    change = directory.confirm(authority.book, member, digest, now())
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command()
def address(
    member: str,
    to: Annotated[str, typer.Argument(metavar="HOST:PORT", help="where it is called")],
    folder: Folder = HERE,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Name another address of a member that moves; its keys and its log stay."""
    from childgrid_authority import directory

    authority = opened(folder)
    change = directory.move(authority.book, member, to, now())
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command("close-log")
def close_log(
    plea: Annotated[
        Path,
        typer.Argument(help="what `childgrid-node succeed` wrote, at most a day old"),
    ],
    folder: Folder = HERE,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Close a member's log where its witnesses saw it last; name its successor."""
    from childgrid_authority import succession
    from childgrid_authority.errors import FolderRefused

    authority = opened(folder)
    try:
        data = plea.read_bytes()
    except OSError as error:
        raise FolderRefused(f"cannot read {plea.name}") from error
    change = succession.close_log(authority.book, data, now())
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command()
def remove(
    member: str,
    folder: Folder = HERE,
    witness: Annotated[list[str] | None, typer.Option()] = None,
    quorum: Annotated[int, typer.Option()] = 0,
    faults: Annotated[int, typer.Option()] = 0,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Take a member out of the directory; revoke it first where it is urgent."""
    from childgrid_authority import directory

    authority = opened(folder)
    named = _witnesses(witness, quorum, faults)
    change = directory.remove(authority.book, member, now(), named)
    carry_out(authority, change, passphrases(passphrase_file, by))


def _witnesses(
    members: list[str] | None, quorum: int, faults: int
) -> "Witnesses | None":
    from childgrid_authority.directory import Witnesses

    return Witnesses(members, quorum, faults) if members else None


@app.command()
def renew(
    folder: Folder = HERE, by: By = None, passphrase_file: Secrets = None
) -> None:
    """Sign the directory for another 90 days."""
    from childgrid_authority import directory

    authority = opened(folder)
    change = directory.renew(authority.book, now())
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command()
def founders(
    key: Annotated[list[str], typer.Option(help="ID=KEY of every founder from now.")],
    threshold: Annotated[int, typer.Option(help="How many must sign from now.")],
    folder: Folder = HERE,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Change the set of founders; enough of the old and of the new set must sign."""
    from childgrid_authority import directory

    authority = opened(folder)
    change = directory.rotate_founders(
        authority.book, public_keys(key), threshold, now()
    )
    carry_out(authority, change, passphrases(passphrase_file, by))


@app.command()
def revoke(
    target: Annotated[str, typer.Argument(help="member officer key certificate token")],
    founder: Annotated[str, typer.Option(help="Who revokes; one suffices.")],
    cause: Annotated[
        str, typer.Option(help="lost left compromised expelled replaced")
    ] = "compromised",
    member: Annotated[str, typer.Option(help="Whose.")] = "",
    subject: Annotated[str, typer.Option(help="The officer's id.")] = "",
    serial: Annotated[str, typer.Option(help="A certificate's serial, hex.")] = "",
    folder: Folder = HERE,
    passphrase_file: Secrets = None,
) -> None:
    """Revoke something at once; `token --member X` closes X's open tokens."""
    authority = opened(folder)
    secret = passphrases(passphrase_file, None, founder)[founder]
    if target == "token" and not serial:
        said = authority.revoke_tokens(member, founder, secret, now())
        typer.echo(f"{len(said) // 2} token(s) revoked; run `publish`")
        return
    authority.revoke(
        founder,
        secret,
        now(),
        target=target,
        cause=cause,
        member=member,
        subject=subject,
        serial=serial,
    )
    typer.echo("revoked here; run `publish`")
