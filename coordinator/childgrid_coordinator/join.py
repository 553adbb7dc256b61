"""How a coordinator comes into being: its enrolment, then what the founders return.

The keys are made at home and stay there. The enrolment is a file that is carried to
the founders by hand, who compare the fingerprint with the people who made it; they
return certificates and the first documents as files. There is no token: nothing is
running yet that could take one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from childgrid_coordinator.config import Settings
from childgrid_wire import canonical, identity, statement
from childgrid_wire.errors import ConfigurationRefused, WireError
from childgrid_wire.identity import Identity
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.shelf import Shelf

ENROLMENT_SECONDS = 30 * 86_400
_NO_TOKEN = "0" * 64


def enrol(
    settings: Settings, passphrase: bytes, title: str, address: str, now: int
) -> tuple[bytes, str]:
    """Make the keys (or open them) and write the enrolment.

    Returns:
        The envelope, and the fingerprint (hex SHA-256 of the directory entry) that
        the founders compare.

    Raises:
        ConfigurationRefused: a short or wrong passphrase.
        Malformed: title or address are not in form.
    """
    own = Identity.create(settings.keys, settings.member, passphrase)
    entry = own.entry(
        title=title, kind="coordinator", uses=[], categories=[], address=address
    )
    fingerprint = hashlib.sha256(canonical.dumps(entry)).hexdigest()
    envelope = statement.make(
        Kind.ENROLMENT,
        SeedSigner(f"joiner:{own.member}", own.key),
        issuer=own.member,
        now=now,
        seconds=ENROLMENT_SECONDS,
        member=entry,
        csr=canonical.to_b64(own.request()),
        token=_NO_TOKEN,
        proof=_NO_TOKEN,
        fingerprint=fingerprint,
    )
    return envelope, fingerprint


def install_certificates(settings: Settings, issuer: Path, root: Path) -> None:
    """Keep the founders' certificates (PEM files) beside the keys.

    Raises:
        ConfigurationRefused: a file can't be read.
        Untrusted: they aren't for this member.
    """
    try:
        chain, top = issuer.read_bytes(), root.read_bytes()
    except OSError as error:
        raise ConfigurationRefused(f"cannot read {error.filename}") from error
    identity.install(settings.keys, settings.member, chain, top)


def pin(settings: Settings, fingerprint: str) -> None:
    """Pin the grid's root fingerprint, from which every document is verified.

    Raises:
        ConfigurationRefused: no fingerprint, or another one is pinned already.
    """
    if len(fingerprint) != 64 or set(fingerprint) - set("0123456789abcdef"):
        raise ConfigurationRefused("a fingerprint is 64 hexadecimal digits")
    Shelf.create(settings.documents, fingerprint)


def install_documents(settings: Settings, folder: Path) -> int:
    """Hang up the founders' documents (`*.dsse` in `folder`, in any order).

    Returns:
        How many hang now.

    Raises:
        ConfigurationRefused: nothing is pinned, or a file does not verify.
    """
    shelf = Shelf.open(settings.documents)
    waiting = sorted(folder.glob("*.dsse"))
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
