"""The founders' command line; every command is one function of this package.

Whatever changes a document needs a threshold of founders. With enough passphrases a
change is in force at once; with fewer it is written as a proposal, which the others
`sign` and somebody `adopt`s. Nothing reaches the grid before `publish`.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from childgrid_authority import changes, rotating
from childgrid_authority.console import (
    HERE,
    By,
    Folder,
    Secrets,
    carry_out,
    connected,
    now,
    opened,
    passphrases,
    public_keys,
    root,
    scheme_of,
)

if TYPE_CHECKING:
    from childgrid_authority.authority import Authority
    from childgrid_authority.inbox import Inbox

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=__doc__,
)
app.registered_commands += changes.app.registered_commands
app.registered_commands += rotating.app.registered_commands


def main() -> None:
    """Run the command line; what was refused is one sentence and exit status 1."""
    from childgrid_authority.errors import AuthorityError
    from childgrid_wire.errors import WireError

    try:
        app()
    except (AuthorityError, WireError) as error:
        typer.echo(f"refused: {error}", err=True)
        sys.exit(1)


@app.command()
def founder(
    name: str,
    folder: Folder = HERE,
    passphrase_file: Secrets = None,
    library: Annotated[
        Path | None,
        typer.Option(help="PKCS#11 library of a token's maker: the key is on a token."),
    ] = None,
    token: Annotated[str, typer.Option(help="Its label or serial number.")] = "",
    token_key: Annotated[str, typer.Option(help="The key's label or id (hex).")] = "",
) -> None:
    """Make a founder's key on this machine, or take one on a token; prints it."""
    from childgrid_authority import keys
    from childgrid_wire import personal

    if library is None:
        personal.check_no_token(token, token_key)
    secret = passphrases(passphrase_file, None, name)[name]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    public = (
        keys.take_founder(folder, name, library, token, token_key, secret)
        if library
        else keys.create_founder(folder, name, secret)
    )
    typer.echo(f"{name}={keys.public_text(public)}")


@app.command()
def found(
    name: Annotated[str, typer.Option(help="The grid's name.")],
    kind: Annotated[str, typer.Option(help="training or production, for good.")],
    threshold: Annotated[int, typer.Option(help="How many founders must sign.")],
    scheme: Annotated[Path, typer.Option(help="The scheme document (JSON).")],
    folder: Folder = HERE,
    founder: Annotated[
        list[str] | None, typer.Option(help="A founder whose key is made here.")
    ] = None,
    absent: Annotated[
        list[str] | None, typer.Option(help="ID=KEY of a founder elsewhere.")
    ] = None,
    floor: Annotated[Path | None, typer.Option(help="Floor file (TOML).")] = None,
    passphrase_file: Secrets = None,
) -> None:
    """Found a grid; prints the fingerprint that everyone pins."""
    from childgrid_authority import floor as floors
    from childgrid_authority.founding import Charter
    from childgrid_authority.founding import found as found_grid

    digest, profile = scheme_of(scheme)
    charter = Charter(
        name=name,
        kind=kind,
        founders=founder or [],
        threshold=threshold,
        floor=floors.load(floor) if floor else floors.parse(floors.default()),
        scheme=digest,
        profile=profile,
        absent=public_keys(absent),
    )
    secrets = passphrases(passphrase_file, founder, "root")
    authority = found_grid(folder, charter, secrets, now())
    typer.echo(f"fingerprint {authority.fingerprint}")
    if not authority.book.directories:
        typer.echo("the absent founders must `sign` the proposal, then `adopt` it")


@app.command()
def token(
    member: str,
    out: Annotated[Path, typer.Option(help="Where the token is written.")],
    kind: Annotated[str, typer.Option(help="agency, auditor, coordinator")] = "agency",
    folder: Folder = HERE,
    hours: Annotated[int, typer.Option(help="How long it is valid.")] = 168,
    coordinator: Annotated[str, typer.Option(help="MEMBER=HOST:PORT")] = "",
    replaces: Annotated[bool, typer.Option(help="Renews a member's keys.")] = False,
    passphrase_file: Secrets = None,
) -> None:
    """Make a join token for one future member; hand it over in person."""
    authority = opened(folder)
    at, _, address = coordinator.partition("=")
    secrets = passphrases(passphrase_file, None, "root")
    made = authority.token(
        member,
        kind,
        secrets,
        now(),
        coordinator=(at, address) if coordinator else None,
        seconds=hours * 3_600,
        replaces=replaces,
    )
    made.write(out)
    typer.echo(f"token for {member} in {out}; fingerprint {authority.fingerprint}")


@app.command()
def pending(
    folder: Folder = HERE,
    out: Annotated[Path | None, typer.Option(help="Folder for the files.")] = None,
    coordinator: Annotated[str, typer.Option(help="MEMBER=HOST:PORT")] = "",
    passphrase_file: Secrets = None,
) -> None:
    """List the enrolments that wait, with the fingerprints to compare by telephone."""
    from childgrid_authority import describe
    from childgrid_wire import enrolment, keyfile

    def act(authority: "Authority", inbox: "Inbox") -> None:
        for data in inbox.pending():
            asked = enrolment.verify(data)
            for line in describe.enrolment(asked):
                typer.echo(line)
            if out:
                out.mkdir(parents=True, exist_ok=True, mode=0o700)
                keyfile.write_private(out / f"{asked.issuer}.enrolment", data)
        for line in authority.tokens.warnings():
            typer.echo(f"WARNING {line}", err=True)

    connected(folder, root(folder, passphrase_file), coordinator, act)


@app.command()
def admit(
    enrolments: list[Path],
    folder: Folder = HERE,
    pack: Annotated[
        Path | None, typer.Option(help="Folder for answers that travel as files.")
    ] = None,
    by: By = None,
    passphrase_file: Secrets = None,
) -> None:
    """Check enrolments, issue certificates, and put the members into the directory."""
    authority = opened(folder)
    secrets = passphrases(passphrase_file, by, "root")
    asked = [path.read_bytes() for path in enrolments]
    admissions, change = authority.receive(asked, secrets, now())
    if change:
        carry_out(authority, change, secrets)
    for one in admissions:
        if pack and one.stands(authority.book):
            authority.pack(one, pack / one.member)
            typer.echo(f"answer for {one.member} in {pack / one.member}")


@app.command()
def sign(
    proposal: Path,
    founder: Annotated[str, typer.Option(help="Who signs.")],
    folder: Folder = HERE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    passphrase_file: Secrets = None,
) -> None:
    """Read a proposal and add one founder's signature to it."""
    from childgrid_authority import authority, describe, drafts

    book = opened(folder).book if (folder / "documents").exists() else None
    for line in describe.drafts(drafts.read(proposal), book):
        typer.echo(line)
    if not yes:
        typer.confirm("Sign this?", abort=True)
    secrets = passphrases(passphrase_file, None, founder)
    authority.sign(proposal, folder, founder, secrets[founder])
    typer.echo(f"signed by {founder}")


@app.command()
def adopt(proposal: Path, folder: Folder = HERE) -> None:
    """Put a proposal in force that enough founders have signed."""
    from childgrid_authority import drafts

    for document in opened(folder).adopt(drafts.read(proposal)):
        typer.echo(f"{document.kind.value} version {document['version']} in force")


@app.command()
def publish(
    folder: Folder = HERE,
    coordinator: Annotated[str, typer.Option(help="MEMBER=HOST:PORT")] = "",
    passphrase_file: Secrets = None,
) -> None:
    """Hang our documents on the board, fetch others', welcome who was admitted."""

    def act(authority: "Authority", inbox: "Inbox") -> None:
        from childgrid_authority import inbox as inboxes

        for one in inboxes.publish(authority, inbox):
            typer.echo(f"welcomed {one.member}")
        typer.echo("the board holds everything that was signed here")

    connected(folder, root(folder, passphrase_file), coordinator, act)


if __name__ == "__main__":
    main()
