"""Joining from the command line: the token, the waiting, the ceremony, the wrapping.

The verbs themselves are `join` and `ceremony`; here they get a node's settings and the
road to the coordinator. Every step may be repeated and goes on where it stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from childgrid_node import ceremony
from childgrid_node.config import NodeConfig
from childgrid_node.join import JoinState, join, scheme_digest, status
from childgrid_node.mapping import Mapping
from childgrid_node.source_errors import SourceError
from childgrid_node.waiting import Wait
from childgrid_wire import board, channel, keyfile
from childgrid_wire.book import Book
from childgrid_wire.certificates import Peer
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import (
    ConfigurationRefused,
    Reason,
    Refused,
    Unreachable,
)
from childgrid_wire.identity import Identity
from childgrid_wire.joining import Details
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import coordinator_pb2_grpc as rpc
from childgrid_wire.pb.values_pb2 import Envelope
from childgrid_wire.shelf import Shelf

Clock = Callable[[], float]
Say = Callable[[str], None]
_SECONDS = 20.0
_TOKEN = "token.json"  # noqa: S105 - a file's name


def details(config: NodeConfig) -> Details:
    """What this node says of itself in the directory."""
    categories = set()
    for path in sorted(config.sources.glob("*.toml")):
        try:
            categories.add(Mapping.read(path).category)
        except SourceError as error:
            raise ConfigurationRefused(str(error)) from error
    return Details(
        title=config.title,
        address=config.announce or config.listen,
        uses=tuple(config.uses),
        categories=tuple(sorted(categories)),
    )


def step(config: NodeConfig, token: Path | None, clock: Clock) -> JoinState:
    """Take the next step into the grid; see `join.join`.

    `token` is the file that somebody named just now, if so; else that of the settings.
    """
    passphrase = keyfile.read_passphrase(config.passphrase_file)
    config.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = config.state_dir / _TOKEN
    _take(token, config.token, kept, int(clock()))
    if not kept.exists():
        return status(config.state_dir, passphrase, clock)
    return join(config.state_dir, kept, passphrase, details(config), clock)


def _take(named: Path | None, standing: Path | None, kept: Path, now: int) -> None:
    """Keep a token that is to be used from now on, in the place of the one before.

    One that stands in the settings may be the first for years: it never takes the place
    of one that runs out later, nor of any once it has run out itself.
    """
    file, old = named or standing, _kept(kept)
    if file is None or (old and not named and not file.exists()):
        return
    new = Token.read(keyfile.placed(file))
    if new == old or (old and not named and new.expires <= max(old.expires, now)):
        return
    if old and (new.member, new.fingerprint) != (old.member, old.fingerprint):
        raise ConfigurationRefused(
            f"{file.name} is of another member or grid than the token before; it takes"
            " a state_dir of its own"
        )
    if new.expires <= now:
        raise Refused(Reason.EXPIRED, "token")
    new.write(kept)


def _kept(path: Path) -> Token | None:
    return Token.read(path) if path.exists() else None


def run(
    config: NodeConfig,
    token: Path | None,
    wait: int | None,
    clock: Clock,
    say: Say,
) -> JoinState | None:
    """Join, and wait for coordinator, founders and wrappers for `wait` seconds at most.

    What is None stands in the settings (`token`, `join_seconds`).

    Returns:
        Where we stand; None where the coordinator was out of reach at the end.
    """
    seconds = config.join_seconds if wait is None else wait
    return Wait(seconds, clock, say).for_(lambda: step(config, token, clock))


@contextmanager
def posted(config: NodeConfig, clock: Clock) -> Iterator[_Post]:
    """The board, as this node reaches it with its own certificate."""
    passphrase = keyfile.read_passphrase(config.passphrase_file)
    identity = Identity.open(config.state_dir / "keys", passphrase)
    shelf = Shelf.open(config.state_dir / "documents")
    pair, root = identity.credentials("node", clock)()
    at = config.coordinator
    peer = Peer(at.member, "coordinator")
    opened = channel.connect(at.address, peer, pair, root)
    try:
        yield _Post(rpc.BoardServiceStub(opened), identity, shelf, passphrase)
    finally:
        opened.close()


class _Post:
    """A board with our own papers at hand."""

    def __init__(
        self,
        stub: rpc.BoardServiceStub,
        identity: Identity,
        shelf: Shelf,
        passphrase: bytes,
    ) -> None:
        self._stub, self.identity, self.shelf = stub, identity, shelf
        self.passphrase = passphrase
        self._cursor = 0

    def look(self, book: Book) -> None:
        """Take over the board; nothing is kept on the disk: a node may be at work."""
        self._cursor = board.fetch(self._stub, book, self._cursor, _SECONDS)

    def hang(self, document: bytes) -> None:
        call = pb.PublishRequest(document=Envelope(payload=document))
        channel.call(self._stub.Publish, call, _SECONDS)


def hold_ceremony(
    config: NodeConfig,
    epoch: int,
    members: Sequence[str],
    wait: int,
    clock: Clock,
    say: Say,
) -> str:
    """Take part in making a linkage key; returns the last step that was taken.

    The board is looked at and nothing of it kept, so that a node may serve meanwhile.

    Raises:
        Unreachable: the others did not follow within `wait` seconds; repeat it.
    """
    until, pause, told = clock() + wait, threading.Event(), ""
    with posted(config, clock) as post:
        while True:
            post.look(post.shelf.book)
            progress = _ceremony_step(config, post, epoch, members, clock)
            for document in progress.publish:
                post.hang(document)
            if progress.step != told:
                say(f"{config.member}: {progress.step}")
                told = progress.step
            if progress.step == "key":
                return progress.step
            if clock() >= until:
                raise Unreachable(f"waiting for {', '.join(progress.waiting)}")
            pause.wait(0.1)


def _ceremony_step(
    config: NodeConfig,
    post: _Post,
    epoch: int,
    members: Sequence[str],
    clock: Clock,
) -> ceremony.Progress:
    view = post.shelf.book.latest(int(clock()))
    scheme = post.shelf.book.document(view.directory["scheme"]).body
    return ceremony.advance(
        config.state_dir / "keys",
        post.passphrase,
        post.identity,
        post.shelf.book,
        view,
        epoch,
        sorted(members),
        scheme_digest(scheme),
        int(clock()),
    )


def wrap_for(
    config: NodeConfig, member: str, fingerprint: str, clock: Clock
) -> list[int]:
    """Wrap the linkage keys for a member whose fingerprint was compared.

    Of every epoch that the directory accepts and whose key is here; returns which. The
    member is new, or was not in a ceremony. A node may serve meanwhile.

    Raises:
        Refused: the fingerprint is another one, or no key is here; nothing was
            published.
    """
    with posted(config, clock) as post:
        post.look(post.shelf.book)
        wraps = {
            epoch: _wrap(config, post, epoch, member, fingerprint, clock)
            for epoch in post.shelf.book.directories[-1]["epochs"]["accepted"]
            if ceremony.linkage_file(config.state_dir / "keys", epoch).exists()
        }
        if not wraps:
            raise Refused(Reason.CEREMONY, "no linkage key in force is here")
        for document in wraps.values():
            post.hang(document)
    return sorted(wraps)


def _wrap(
    config: NodeConfig,
    post: _Post,
    epoch: int,
    member: str,
    fingerprint: str,
    clock: Clock,
) -> bytes:
    view = post.shelf.book.latest(int(clock()))
    scheme = post.shelf.book.document(view.directory["scheme"]).body
    return ceremony.wrap(
        post.identity,
        ceremony.unlock(config.state_dir / "keys", epoch, post.passphrase),
        epoch,
        view,
        member,
        fingerprint,
        scheme_digest(scheme),
        int(clock()),
    )
