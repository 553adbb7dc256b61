"""Parts of a register in this very process, for the programs beside a server.

`index`, `doctor` and `check` look at parts one after another and hold one at a time, so
that a machine that can't hold the register can still look after it. They don't search.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from nacl.public import PrivateKey

from childgrid_node.shards.shard import Shard, sealed


class Near:
    """Where parts are opened when they are called; at most `most` at a time."""

    def __init__(self, most: int = 1) -> None:
        """`most` is how many files may be open at a time."""
        self._most = most
        self._open: dict[Path, Shard] = {}
        self._lock = threading.RLock()

    def post(self, path: Path, scheme: bytes, secret: bytes) -> NearPost:
        """One part; nothing is read yet. `secret` is what `shard.handed` made."""
        return NearPost(self, path, scheme, secret)

    def call(self, post: NearPost, name: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
        """Call a part's method; opens its file, if need be in another's place."""
        with self._lock:
            found = self._open.pop(post.path, None) or self._opened(post)
            self._open[post.path] = found
            return getattr(found, name)(*arguments)

    def _opened(self, post: NearPost) -> Shard:
        while len(self._open) >= self._most:
            del self._open[next(iter(self._open))]
        made = Shard(str(post.path))
        made.open(sealed(post.secret, made.public()), post.scheme)
        return made

    def close(self) -> None:
        """Let go of what is open."""
        with self._lock:
            self._open.clear()


class NearPost:
    """One part; see `crew.Post`."""

    def __init__(self, near: Near, path: Path, scheme: bytes, secret: bytes) -> None:
        self._near, self.path, self.scheme, self.secret = near, path, scheme, secret

    def call(self, name: str, *arguments: Any) -> Future[Any]:  # noqa: ANN401
        """The result, which is there already; it has its key by itself."""
        done: Future[Any] = Future()
        try:
            if name == "public":
                done.set_result(bytes(PrivateKey.generate().public_key))
            elif name == "open":
                done.set_result(self._near.call(self, "told", ()))
            else:
                done.set_result(self._near.call(self, name, arguments))
        except Exception as error:
            done.set_exception(error)
        return done

    def end(self) -> None:
        """Nothing: what is open is let go of by itself."""
