"""One process per state folder: two would log the same things twice.

The lock is the kernel's (flock), so it goes with the process however that ends.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from childgrid_wire.errors import ConfigurationRefused

_LOCKS = Path("/proc/locks")


class Claim:
    """A held claim on a folder."""

    def __init__(self, folder: Path) -> None:
        """Claim `folder`.

        Raises:
            ConfigurationRefused: another process has it, or it can't be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(self.file(folder), flags, 0o600)
        except OSError as error:
            raise ConfigurationRefused(f"state_dir cannot be written: {folder}") from (
                error
            )
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise ConfigurationRefused("another process uses this state_dir") from error

    @staticmethod
    def file(folder: Path) -> Path:
        """The lock file; it is there once the folder has ever been claimed."""
        return folder / "lock"

    @classmethod
    def is_held(cls, folder: Path) -> bool:
        """Whether a process has claimed `folder`, by the kernel's own list of locks.

        Nothing is locked to find out, so a program that starts just now is not
        hindered; only where the list is hidden the lock is tried for a moment.
        """
        try:
            wanted = str(cls.file(folder).stat().st_ino)
        except OSError:
            return False
        try:
            lines = _LOCKS.read_text("ascii").splitlines()
        except OSError:
            return cls._is_refused(folder)
        held = (line.split() for line in lines if " FLOCK " in line)
        return any(one[5].rpartition(":")[2] == wanted for one in held)

    @classmethod
    def _is_refused(cls, folder: Path) -> bool:
        with cls.file(folder).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def release(self) -> None:
        """Give the folder up."""
        os.close(self._file)
