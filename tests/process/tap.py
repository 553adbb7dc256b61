"""A tap on a TCP connection: forwards everything and keeps a copy of both ways."""

from __future__ import annotations

import socket
import threading
from types import TracebackType

HOST = "127.0.0.1"


class Tap:
    """Listens on one port, forwards to another, and remembers each byte."""

    def __init__(self, port: int, to: int) -> None:
        self._to = to
        self._parts: list[bytes] = []
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((HOST, port))
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Tap:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closed alone, it would go on listening for as long as its thread accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            for one in self._sockets:
                one.close()

    @property
    def copied(self) -> bytes:
        """Everything so far, both ways, in the order of arrival."""
        with self._lock:
            return b"".join(self._parts)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection((HOST, self._to))
            except ConnectionRefusedError:
                near.close()
                continue
            except OSError:
                return
            with self._lock:
                self._sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(
                    target=self._forward, args=(source, sink), daemon=True
                ).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                with self._lock:
                    self._parts.append(data)
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
