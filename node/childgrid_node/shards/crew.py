"""The processes of a register's parts: asked all at once, and brought back when lost.

A part whose process ended is away until it has been handed its key again and has opened
its file; that goes on by itself in the background. While one is away nobody is asked:
an answer from some of the parts is none. This knows no scores and no rows.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from typing import Any, Protocol

import structlog

from childgrid_node.index_errors import IndexFileError, ShardLocked, ShardLost
from childgrid_node.shards.shard import Told, sealed

log = structlog.get_logger(__name__)
AGAIN_SECONDS = 0.5
BEGIN_SECONDS = 60.0
FIRST_SECONDS = 300.0
"""How long all processes together may take to begin, on a machine that is busy."""

OPEN_SECONDS = 3_600.0
"""How long a part may take to read and decrypt its file, or to write it anew."""


class Post(Protocol):
    """Where one part is: takes calls of `Shard`'s methods by name."""

    def call(self, name: str, *arguments: Any) -> Future[Any]:  # noqa: ANN401
        """The result to come; `ShardLost` where the process is not there."""


class Crew:
    """All parts of one register. For several threads at once."""

    def __init__(
        self, posts: Sequence[Post], secret: bytes, scheme: bytes, seconds: float
    ) -> None:
        """`secret` is what `shard.handed` made; `seconds` how long a call may take."""
        self._posts, self._seconds = posts, seconds
        self._secret, self._scheme = secret, scheme
        self._away: set[int] = set()
        self._news = threading.Condition()
        self._closed = threading.Event()

    def __len__(self) -> int:
        return len(self._posts)

    @property
    def away(self) -> int:
        """How many parts are not there now."""
        with self._news:
            return len(self._away)

    def open(self) -> list[Told]:
        """Hand every part its key; returns what they say when all are open.

        Raises:
            ShardLost: a process is not there.
            IndexFileError: a file can't be used.
        """
        try:
            keys = self.ask("public", [()] * len(self), FIRST_SECONDS)
        except ShardLost as error:
            raise ShardLost(
                "the processes of a register's parts did not begin: look whether all"
                " hosts are there, have room, and declare `shards.resource`"
            ) from error
        messages = [(sealed(self._secret, key), self._scheme) for key in keys]
        return list(self.ask("open", messages, OPEN_SECONDS))

    def ask(
        self,
        name: str,
        each: Sequence[tuple[Any, ...]],
        seconds: float | None = None,
    ) -> list[Any]:
        """Call one method of every part at once; returns results in their order.

        Raises:
            ShardLost: a part is away, or did not answer in time; there is no result.
            IndexFileError: what a part raised.
        """
        if away := self.away:
            raise _lost(away, len(self))
        calls = [
            post.call(name, *arguments)
            for post, arguments in zip(self._posts, each, strict=True)
        ]
        wait(calls, seconds or self._seconds)
        faults = [_fault(one) for one in calls]
        gone = [at for at, fault in enumerate(faults) if isinstance(fault, ShardLost)]
        for at in gone:
            if calls[at].done():
                self._lose(at)
        if gone:
            raise _lost(len(gone), len(self))
        for fault in faults:
            if fault is not None:
                raise fault
        return [one.result() for one in calls]

    def one(self, at: int, name: str, *arguments: Any) -> Any:  # noqa: ANN401
        """Call one method of one part; raises as `ask`."""
        if self.away:
            raise _lost(self.away, len(self))
        call = self._posts[at].call(name, *arguments)
        wait([call], OPEN_SECONDS)
        fault = _fault(call)
        if isinstance(fault, ShardLost):
            self._lose(at)
            raise _lost(1, len(self))
        if fault is not None:
            raise fault
        return call.result()

    def _lose(self, at: int) -> None:
        with self._news:
            if at in self._away or self._closed.is_set():
                return
            self._away.add(at)
        log.warning("part away", part=at)
        threading.Thread(
            target=self._bring_back, args=(at,), name="shard", daemon=True
        ).start()

    def _bring_back(self, at: int) -> None:
        told = ""
        while not self._closed.is_set():
            try:
                self._hand(at)
            except (IndexFileError, TimeoutError) as error:
                if type(error).__name__ != told:
                    told = type(error).__name__
                    log.info("part still away", part=at, why=told)
                self._closed.wait(AGAIN_SECONDS)
                continue
            with self._news:
                self._away.discard(at)
                self._news.notify_all()
            log.info("part back", part=at)
            return

    def _hand(self, at: int) -> None:
        post = self._posts[at]
        public = post.call("public").result(BEGIN_SECONDS)
        message = sealed(self._secret, public)
        post.call("open", message, self._scheme).result(OPEN_SECONDS)

    def settle(self, seconds: float) -> bool:
        """Wait until all parts are there, at most so long; whether they are."""
        with self._news:
            return self._news.wait_for(lambda: not self._away, seconds)

    def close(self) -> None:
        """Bring nobody back any more."""
        self._closed.set()


def _fault(call: Future[Any]) -> BaseException | None:
    """What went wrong with a call; a part that is late or locked counts as lost."""
    if not call.done():
        return ShardLost("a part of the register is late; look after its host")
    fault = call.exception()
    if isinstance(fault, ShardLocked):
        return ShardLost("a part of the register began anew")
    return fault


def _lost(gone: int, all_: int) -> ShardLost:
    return ShardLost(
        f"{gone} of {all_} parts of the register did not answer; they are brought back "
        "by themselves"
    )
