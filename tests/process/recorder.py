"""A coordinator that writes down everything its handlers see, after TLS.

Runs as `python -m process.recorder serve --config …` with the file to write to in
`CHILDGRID_TRANSCRIPT`. The program is the coordinator's own; only the two places at
which messages come in and go out are wrapped. Every request and every answer is
recorded, of the services that it serves and of the calls that it makes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from childgrid_wire import channel  # before grpc, which reads its settings once
from childgrid_wire.certificates import Pair, Peer

import grpc  # isort: skip


class Transcript:
    """Appends messages to a file; threads may share it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()

    def add(self, method: str, message: Message) -> None:
        """Write one message behind its method's name."""
        data = message.SerializeToString()
        with self._lock:
            self._file.write(b"\n%s %d\n" % (method.encode(), len(data)) + data)


class Served(grpc.ServerInterceptor):
    """Records what handlers get and give."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript

    def intercept_service(
        self,
        continuation: Callable[[Any], Any],
        details: Any,
    ) -> Any:
        """Wrap a unary handler."""
        handler = continuation(details)
        if handler is None or handler.unary_unary is None:
            return handler

        def recorded(request: Message, context: grpc.ServicerContext) -> Message:
            self._transcript.add(details.method, request)
            answer: Message = handler.unary_unary(request, context)
            self._transcript.add(details.method, answer)
            return answer

        return grpc.unary_unary_rpc_method_handler(
            recorded, handler.request_deserializer, handler.response_serializer
        )


class Called(grpc.UnaryUnaryClientInterceptor):
    """Records the calls that go out and what comes back."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript

    def intercept_unary_unary(
        self,
        continuation: Callable[[Any, Any], Any],
        details: Any,
        request: Any,
    ) -> Any:
        """Record a call, and its answer once it is there."""
        self._transcript.add(details.method, request)
        future = continuation(details, request)
        future.add_done_callback(lambda done: self._answered(details.method, done))
        return future

    def _answered(self, method: str, done: Any) -> None:
        if not done.cancelled() and done.exception() is None:
            self._transcript.add(method, done.result())


def wrap(transcript: Transcript) -> None:
    """Put the recorder at both places."""
    server, connect = grpc.server, channel.connect

    def recording_server(*args: Any, **options: Any) -> grpc.Server:
        options["interceptors"] = [*options["interceptors"], Served(transcript)]
        return server(*args, **options)

    def recording_connect(
        address: str, peer: Peer, pair: Pair, roots: bytes
    ) -> grpc.Channel:
        opened = connect(address, peer, pair, roots)
        return grpc.intercept_channel(opened, Called(transcript))

    grpc.server = recording_server
    channel.connect = recording_connect


def main() -> None:
    """Run the coordinator with the recorder in place."""
    from childgrid_coordinator.__main__ import main as coordinator

    wrap(Transcript(Path(os.environ["CHILDGRID_TRANSCRIPT"])))
    coordinator()


if __name__ == "__main__":
    main()
