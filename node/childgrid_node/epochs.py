"""The linkage keys that this node holds: one for each epoch that the directory accepts.

A key comes from a ceremony, which leaves its file in the keys folder, or from two
wrappers on the board, and is believed only where the directory's key check says so.
What an epoch has left behind when it is no longer accepted is destroyed: the key, index
files and how far they were. An epoch that was never accepted is left alone: its
ceremony may be over before the founders announce it.
"""

from __future__ import annotations

import hashlib
import shutil
from functools import cache
from importlib import resources
from pathlib import Path

from childgrid_node import ceremony, indexer
from childgrid_node.config import NodeConfig
from childgrid_node.encode import key_check
from childgrid_node.index import epoch_of
from childgrid_node.index_errors import IndexFileError
from childgrid_node.indexer import Keyring
from childgrid_node.office import Office
from childgrid_node.scheme import Scheme
from childgrid_node.vault import derive
from childgrid_wire.book import Book
from childgrid_wire.errors import ConfigurationRefused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.rotation import READY

_YEAR = 366 * 86_400


def accepted(book: Book) -> tuple[int, ...]:
    """The epochs whose queries are answered, the one to ask under first.

    Raises:
        ConfigurationRefused: no directory is known yet.
    """
    if not book.directories:
        raise ConfigurationRefused(
            "this agency has not joined the grid yet; run `childgrid-node join`"
        )
    epochs = book.directories[-1]["epochs"]
    newest_first = sorted(epochs["accepted"], reverse=True)
    return tuple(sorted(newest_first, key=lambda one: one != epochs["current"]))


def seen(book: Book) -> set[int]:
    """Every epoch that the grid has ever accepted."""
    return {one for said in book.directories for one in said["epochs"]["accepted"]}


def retired(book: Book) -> set[int]:
    """The epochs that were accepted once and are no longer."""
    return seen(book) - set(accepted(book))


def keyrings(
    config: NodeConfig, office: Office, passphrase: bytes
) -> dict[int, Keyring]:
    """The keyring of every accepted epoch whose key is here.

    None at all only where the founders have retired the last epoch and its successor
    is still to be made.

    Raises:
        ConfigurationRefused: no key is here, or one is another than the grid's.
    """
    book, folder = office.shelf.book, config.state_dir / "keys"
    found = {
        epoch: keyring(config, office, passphrase, epoch)
        for epoch in accepted(book)
        if ceremony.linkage_file(folder, epoch).exists()
    }
    if not found and not (seen(book) and not accepted(book)):
        raise ConfigurationRefused("no linkage key yet; run `childgrid-node join`")
    return found


def keyring(
    config: NodeConfig, office: Office, passphrase: bytes, epoch: int
) -> Keyring:
    """Scheme, epoch and linkage key as the directory names them.

    Raises:
        ConfigurationRefused: the key is missing or another one than the grid's.
    """
    scheme = scheme_named(office)
    key = ceremony.unlock(config.state_dir / "keys", epoch, passphrase)
    check = key_check(key, epoch, scheme.digest)
    if office.view.directory["key_checks"].get(f"e{epoch}") != check.hex():
        raise ConfigurationRefused("this linkage key is not the grid's")
    index_key = derive(office.identity.key, b"index")
    return Keyring(scheme, key, check, epoch, index_key, config.encrypted_disk)


def take(config: NodeConfig, office: Office, passphrase: bytes, epoch: int) -> Keyring:
    """As `keyring`; where the key is not here, from two wrappers on the board.

    Raises:
        Refused: too few have wrapped it.
        ConfigurationRefused: it is another one than the grid's.
    """
    keys = config.state_dir / "keys"
    if not ceremony.linkage_file(keys, epoch).exists():
        digest = scheme_named(office).digest
        book, view = office.shelf.book, office.view
        key = ceremony.open_wraps(book, view, office.identity, epoch, digest)
        ceremony.keep(keys, epoch, key, passphrase)
    return keyring(config, office, passphrase, epoch)


def destroy(config: NodeConfig, epoch: int) -> bool:
    """Delete key, share and index files of a retired epoch; whether any was there."""
    keys, indexes = config.state_dir / "keys", config.state_dir / "index" / f"e{epoch}"
    secrets = (ceremony.linkage_file(keys, epoch), ceremony.share_file(keys, epoch))
    there = [path for path in (*secrets, indexes) if path.exists()]
    for path in secrets:
        path.unlink(missing_ok=True)
    shutil.rmtree(indexes, ignore_errors=True)
    return bool(there)


def adopt(folder: Path, source: str, index_key: bytes, *, rebuilding: bool) -> None:
    """Move an index file of an earlier release to the folder of its epoch.

    It was named by its source only. With `rebuilding`, one that can't be read goes.

    Raises:
        ConfigurationRefused: it can't be read.
    """
    old = folder / f"{source}.index"
    if not old.exists():
        return
    try:
        new = indexer.path_of(folder, source, epoch_of(old, index_key))
    except IndexFileError as error:
        if not rebuilding:
            raise ConfigurationRefused(f"{old.name}: {error}") from error
        old.unlink()
        return
    progress = old.with_suffix(".progress")
    if progress.exists():
        progress.replace(new.with_suffix(".progress"))
    old.replace(new)


def say_ready(office: Office, ring: Keyring) -> bool:
    """Tell the founders on the board that we have encoded anew; whether it was new.

    Of the grid's first epoch there is nothing to say: nobody waits for it.
    """
    book, check = office.shelf.book, ring.key_check.hex()
    if ring.epoch <= min(seen(book)):
        return False
    for one in book.rotations(ring.epoch):
        if (one.issuer, one["step"], one["key_check"]) == (office.member, READY, check):
            return False
    made = office.speak(
        Kind.ROTATION,
        seconds=_YEAR,
        epoch=ring.epoch,
        step=READY,
        member="",
        commitment="",
        transcript="",
        key_check=check,
        shares={},
    )
    with office.journal.writing() as writing:
        writing.send(made)
    office.shelf.add(made.data)
    return True


def scheme_named(office: Office) -> Scheme:
    """The shipped scheme document that the directory names.

    Raises:
        ConfigurationRefused: this release does not ship it.
    """
    name = office.view.directory["scheme"]
    try:
        wanted = office.shelf.book.document(name)["document"]
    except Untrusted as error:
        raise ConfigurationRefused("the directory names no scheme") from error
    training = office.view.training
    for file in (resources.files("childgrid_node") / "schemes").iterdir():
        if hashlib.sha256(file.read_bytes()).hexdigest() != wanted:
            continue
        scheme = _shipped(file.name.removesuffix(".json"))
        if training or scheme.profile != "test":
            return scheme
    raise ConfigurationRefused("upgrade: the grid's scheme is not in this release")


@cache
def _shipped(name: str) -> Scheme:
    """A scheme document of this release; its forest takes a while to be read."""
    return Scheme.load(name)
