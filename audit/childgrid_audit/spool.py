"""What a station has signed for the board, until it hangs there.

The command that signs it may find nobody there, and the station shelves it all the
same: so it stays here as a file, and whoever runs the witness hangs it up with the next
round. The rule: it goes only when the board has it, or refuses it for good.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from childgrid_wire import envelope, keyfile
from childgrid_wire.errors import Reason, Refused

FOLDER = "spool"
_FOR_NOW = (Reason.NOT_YET, Reason.BUDGET, Reason.BUSY, Reason.STORAGE)

logger = logging.getLogger(__name__)


def leave(folder: Path, document: bytes) -> None:
    """Keep a document below a station's folder; durable when this returns."""
    place = _place(folder, document)
    place.parent.mkdir(exist_ok=True, mode=0o700)
    keyfile.write_private(place, document)


def forget(folder: Path, document: bytes) -> None:
    """The board has it."""
    _place(folder, document).unlink(missing_ok=True)


def hang(folder: Path, publish: Callable[[bytes], object]) -> None:
    """Hang up what waits; `publish` raises `WireError`.

    Raises:
        Unreachable: the coordinator is away; the rest waits.
    """
    for path in sorted((folder / FOLDER).glob("*.dsse")):
        document = path.read_bytes()
        try:
            publish(document)
        except Refused as refusal:
            logger.warning("a document was refused: %s", refusal.reason.value)
            if refusal.reason in _FOR_NOW:
                continue
        path.unlink(missing_ok=True)


def _place(folder: Path, document: bytes) -> Path:
    return folder / FOLDER / f"{envelope.read(document).hash}.dsse"
