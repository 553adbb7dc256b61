"""Whether the bytes behind an opened index are those that were written.

A sealed file is authenticated as it is decrypted. One in the clear is only mapped when
it is opened; reading it whole takes a second or two a gigabyte and is done afterwards,
once for each mapping. All states of an index that lie over one mapping share what was
found, and what was found damaged stays damaged: rows are never believed again because a
later commit is whole. This module knows bytes; who is refused is ``match``'s affair.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from childgrid_node.index_errors import Damaged
from childgrid_node.index_file import Header, verify_frames

Stopped = Callable[[], bool]


class Soundness:
    """What is known of one mapping. For several threads at once."""

    def __init__(self, view: memoryview, header: Header) -> None:
        """``view`` is a whole file in the clear, with ``header`` in force."""
        self._view, self._header = view, header
        self._lock = threading.Lock()
        self._unread = True
        self._fault = ""

    @property
    def damaged(self) -> bool:
        """Whether damage was found; False also where nobody has looked yet."""
        return bool(self._fault)

    def verify(self, stopped: Stopped) -> None:
        """Read the mapping, unless that was done; waits for who is at it.

        Args:
            stopped: asked between frames; where it says so, nothing is known yet.

        Raises:
            Damaged: a byte was altered since it was written.
        """
        with self._lock:
            if self._unread and not self._fault:
                self._read(stopped)
        if self._fault:
            raise Damaged(self._fault)

    def _read(self, stopped: Stopped) -> None:
        try:
            self._unread = not verify_frames(self._view, self._header, stopped)
        except Damaged as error:
            self._fault = str(error)
