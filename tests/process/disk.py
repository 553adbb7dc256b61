"""The preloaded shim from the test's side: compiled at need, armed while it runs."""

from __future__ import annotations

import errno
import mmap
import os
import struct
import subprocess
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "shim"
_BLOCK = struct.Struct("<QQQqq")
_AT, _ERROR = 8, 24
ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC}


@cache
def compiled(folder: Path, name: str = "shim") -> Path:
    """A shim as a shared object in `folder`, made by gcc."""
    folder.mkdir(parents=True, exist_ok=True)
    made, source = folder / f"{name}.so", SOURCES / f"{name}.c"
    flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(
        ["gcc", *flags, "-o", str(made), str(source), "-ldl"], check=True, timeout=60
    )
    return made


class Disk:
    """The disk below one folder, as one process sees it."""

    def __init__(self, shim: Path, control: Path, below: Path) -> None:
        """`control` is a file to be made for the block that both sides share."""
        control.write_bytes(bytes(_BLOCK.size))
        self._control, self._shim, self._below = control, shim, below.resolve()
        handle = os.open(control, os.O_RDWR)
        self._block = mmap.mmap(handle, _BLOCK.size)
        os.close(handle)

    @property
    def environment(self) -> dict[str, str]:
        """What the process must be started with."""
        return {
            "LD_PRELOAD": str(self._shim),
            "CHILDGRID_SHIM_CONTROL": str(self._control),
            "CHILDGRID_SHIM_FOLDER": f"{self._below}/",
        }

    def _read(self) -> tuple[int, ...]:
        return tuple(map(int, _BLOCK.unpack(self._block[:])))

    @property
    def seen(self) -> int:
        """Writes and syncs so far."""
        return self._read()[0]

    @property
    def failed(self) -> bool:
        """Whether a call has failed since the disk was broken last."""
        return self._read()[2] > 0

    def break_at(self, call: int, error: str, *, lasting: bool) -> None:
        """Let the `call`-th call from now fail (1 is the next), perhaps all later."""
        self.mend()
        self._block[16:24] = bytes(8)
        self._block[_ERROR:40] = struct.pack("<qq", ERRORS[error], lasting)
        self._block[_AT:16] = struct.pack("<Q", self.seen + call)

    def mend(self) -> None:
        """Let every call through."""
        self._block[_AT:16] = bytes(8)
