"""How a coordinator comes into being: its enrolment, then what the founders return.

The keys are made at home and stay there. The enrolment answers the founders' token
and is carried to them as a file, since nothing runs yet that could take it; they
return a folder with certificates and the first documents. Those are believed once
they verify from the token's fingerprint on.
"""

from __future__ import annotations

from pathlib import Path

from childgrid_coordinator.config import Settings
from childgrid_wire import enrolment, keyfile
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import ConfigurationRefused, WireError
from childgrid_wire.identity import Identity
from childgrid_wire.shelf import Shelf

KIND = "coordinator"
_ENROLMENT = "enrolment.dsse"


def enrol(
    settings: Settings,
    passphrase: bytes,
    token: Token,
    title: str,
    address: str,
    now: int,
) -> tuple[bytes, str]:
    """Make the keys (or open them), pin the grid, and write the enrolment.

    Repeating it with the same token gives the same bytes.

    Returns:
        The envelope, and the fingerprint that the founders compare aloud.

    Raises:
        ConfigurationRefused: a short or wrong passphrase, or another grid's token.
        Refused: the token has run out, or is another member's.
        Malformed: title or address are not in form.
    """
    if (token.member, token.kind) != (settings.member, KIND):
        raise ConfigurationRefused("the token is not for this coordinator")
    own = Identity.create(settings.keys, settings.member, passphrase)
    Shelf.create(settings.documents, token.fingerprint)
    entry = own.entry(title=title, kind=KIND, uses=[], categories=[], address=address)
    kept = settings.state_dir / _ENROLMENT
    if not kept.exists() or enrolment.verify(kept.read_bytes())["member"] != entry:
        keyfile.write_private(kept, enrolment.make(own, token, entry, now))
    return kept.read_bytes(), enrolment.keys_fingerprint(entry)


def install_documents(settings: Settings, folder: Path) -> int:
    """Hang up the founders' documents (`*.dsse` in `folder`, in any order).

    Returns:
        How many hang now.

    Raises:
        ConfigurationRefused: nothing is pinned, or a file does not verify.
    """
    shelf = Shelf.open(settings.documents)
    waiting = sorted(folder.glob("*.dsse"))
    if not waiting:
        raise ConfigurationRefused(f"no documents (*.dsse) in {folder}")
    while waiting:
        left = [path for path in waiting if not _added(shelf, path)]
        if len(left) == len(waiting):
            raise ConfigurationRefused(f"{left[0].name} does not verify here")
        waiting = left
    return len(shelf.documents())


def _added(shelf: Shelf, path: Path) -> bool:
    try:
        shelf.add(path.read_bytes())
    except WireError:
        return False
    return True


def install(settings: Settings, passphrase: bytes, pack: Path, now: int) -> int:
    """Take the founders' answer: `documents/`, `issuer.pem` and `root.pem` in `pack`.

    Returns:
        How many documents hang now.

    Raises:
        ConfigurationRefused: a file is missing, or `join` has not been run.
        Untrusted: the certificates are not what the directory says of us.
    """
    hang = install_documents(settings, pack / "documents")
    try:
        asked = enrolment.verify((settings.state_dir / _ENROLMENT).read_bytes())
        issuer, root = ((pack / n).read_bytes() for n in ("issuer.pem", "root.pem"))
    except OSError as error:
        raise ConfigurationRefused(f"cannot read {error.filename}") from error
    own = Identity.open(settings.keys, passphrase)
    view = Shelf.open(settings.documents).book.latest(now)
    enrolment.install(settings.keys, own, asked, view, issuer, root)
    return hang
