"""The wall clock of a whole grid, put forward by a test; the machine's own is not.

Every process that is started with `environment` reads the same clock, whatever
language it is written in: certificates run out, lists grow old, days begin. Pauses and
timeouts last as long as ever. The rule: it never goes back.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

from process.disk import compiled

HOUR, DAY = 3_600, 86_400
_AHEAD = struct.Struct("<q")
_VARIABLE = "CHILDGRID_CLOCK"


class Wall:
    """One clock, which lies in a file; whoever opens the file may put it forward."""

    def __init__(self, path: Path, shim: Path | None = None, ahead: int = 0) -> None:
        """Open the clock of that file; it is made, so far ahead, where there is none.

        The shim is compiled beside it where none is given.
        """
        if not path.exists():
            path.write_bytes(_AHEAD.pack(ahead))
        handle = os.open(path, os.O_RDWR)
        self._path, self._block = path, mmap.mmap(handle, _AHEAD.size)
        os.close(handle)
        self._shim = shim or compiled(path.parent, "clock")

    @classmethod
    def ours(cls) -> Wall:
        """The clock under which this process runs; `KeyError` where it has none."""
        return cls(Path(os.environ[_VARIABLE]), Path(os.environ["LD_PRELOAD"]))

    @property
    def environment(self) -> dict[str, str]:
        """What a process must be started with to run by it."""
        return {"LD_PRELOAD": str(self._shim), _VARIABLE: str(self._path)}

    @property
    def ahead(self) -> int:
        """By how many seconds it is ahead of the machine's."""
        return int(_AHEAD.unpack(self._block[:])[0])

    def forward(self, seconds: int) -> None:
        """Let so much time pass at once, for everybody."""
        if seconds < 0:
            raise ValueError("a clock never goes back")
        self._block[:] = _AHEAD.pack(self.ahead + seconds)
