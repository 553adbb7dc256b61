"""What every command of the founders shares: options, passphrases, connections."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from childgrid_authority.authority import Authority
    from childgrid_authority.drafts import Draft
    from childgrid_authority.inbox import Inbox
    from childgrid_wire.certificates import Pair

Folder: TypeAlias = Annotated[
    Path, typer.Option("--folder", "-f", help="The founders' state folder.")
]
Secrets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--passphrase-file",
        help="ID=PATH, repeated: a founder's (or `root`) passphrase file, mode 600.",
    ),
]
By: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--by", help="Founders who sign now; asked for their passphrase."),
]
HERE = Path("authority")


def passphrases(
    files: list[str] | None, by: list[str] | None, *needed: str
) -> dict[str, bytes]:
    """Passphrases from files; those of `by` and `needed` are asked for otherwise.

    Raises:
        FolderRefused: one of `files` is not ID=PATH.
        ConfigurationRefused: a file is missing, empty, or readable by others.
    """
    from childgrid_authority.errors import FolderRefused
    from childgrid_wire.keyfile import read_passphrase

    given = {}
    for pair in files or []:
        name, _, path = pair.partition("=")
        if not (name and path):
            raise FolderRefused("--passphrase-file is ID=PATH: whose, and the file")
        given[name] = read_passphrase(Path(path))
    for name in (*(by or []), *needed):
        if name not in given:
            what = "Passphrase" if name == "root" else "Passphrase (or token's PIN)"
            typed = typer.prompt(f"{what} of {name}", hide_input=True)
            given[name] = typed.encode()
    return given


def now() -> int:
    """Unix seconds, from this machine's clock."""
    return int(time.time())


def opened(folder: Path) -> "Authority":
    """The founders' state in `folder`."""
    from childgrid_authority.authority import Authority

    return Authority(folder)


def carry_out(
    authority: "Authority", change: "list[Draft]", secrets: dict[str, bytes]
) -> None:
    """Put a change in force, or write it down for the founders who are missing."""
    from childgrid_authority import describe
    from childgrid_authority.errors import TooFewFounders

    for line in describe.drafts(change, authority.book):
        typer.echo(line)
    try:
        authority.enact(change, secrets)
        typer.echo("in force here; run `publish` to hang it on the board")
    except TooFewFounders:
        path = authority.propose(change, secrets)
        typer.echo(f"more founders must `sign`, then `adopt`: {path}")


def connected(
    folder: Path, root: "Pair", at: str, act: "Callable[[Authority, Inbox], None]"
) -> None:
    """Do `act` with a connection to the coordinator `at` MEMBER=HOST:PORT.

    Without `at` it is the directory's coordinator.

    Raises:
        FolderRefused: no coordinator is known.
    """
    from childgrid_authority.errors import FolderRefused
    from childgrid_authority.inbox import Inbox

    authority = opened(folder)
    member, _, address = at.partition("=")
    for entry in authority.book.latest(now()).members("coordinator"):
        if not at:
            member, address = entry["id"], entry["address"]
    if not address:
        raise FolderRefused("name the coordinator: --coordinator MEMBER=HOST:PORT")
    with Inbox(root, member, address, now()) as inbox:
        act(authority, inbox)


def root(folder: Path, files: list[str] | None) -> "Pair":
    """The transport root, unlocked."""
    from childgrid_authority import keys

    return keys.open_root(folder, passphrases(files, None, "root"))


def scheme_of(path: Path) -> tuple[str, str]:
    """Digest and profile of a scheme document; nodes read the rest of it.

    Raises:
        FolderRefused: the file can't be read, or is no scheme document.
    """
    import hashlib
    import json

    from childgrid_authority.errors import FolderRefused

    try:
        raw = path.read_bytes()
        return hashlib.sha256(raw).hexdigest(), str(json.loads(raw)["profile"])
    except OSError as error:
        raise FolderRefused(f"cannot read {path.name} ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise FolderRefused(f"{path.name} is no scheme document") from error


def public_keys(pairs: list[str] | None) -> dict[str, bytes]:
    """Founders' public keys from ID=KEY.

    Raises:
        Malformed: a key is no base64.
    """
    from childgrid_wire import canonical

    split = [pair.partition("=") for pair in pairs or []]
    return {name: canonical.from_b64(key) for name, _, key in split}
