"""A log, or a witness's memory, is made once and then only opened.

Whoever starts anew where one was would forget what it has signed and could be led to
sign something else. That there was one is therefore remembered beside the keys, away
from the file itself. The rule: what has begun and is gone is never made again here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from childgrid_log.errors import LogError
from childgrid_wire import keyfile
from childgrid_wire.errors import ConfigurationRefused


@contextmanager
def once(path: Path, keys: Path) -> Iterator[bool]:
    """Give whether the file at `path` is to be made now; remember it afterwards.

    `keys` is the folder with the keys that sign for the file.

    Raises:
        ConfigurationRefused: it was made before and is gone, or the block failed.
    """
    mark = keys / f"{path.name}.begun"
    fresh = not path.exists()
    if fresh and mark.exists():
        raise ConfigurationRefused(
            f"{path} is gone: bring it back from a backup that is not behind its"
            " witnesses, or ask the founders to close this log and name a successor"
        )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        yield fresh
    except LogError as error:
        raise ConfigurationRefused(f"{path.name}: {error}") from error
    if not mark.exists():
        keyfile.write_private(mark, b"1\n")
