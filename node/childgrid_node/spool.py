"""What a command of the agency has signed, for the node that runs beside it.

A command is a process of its own, and the documents of a running node are the node's to
write. So it leaves what it signed here, and the node believes it, keeps it and sends it
within seconds. The rule: an agency's own word holds at its own node whatever becomes of
it at the coordinator, who may say that it hangs, and hang nothing.
"""

from __future__ import annotations

from pathlib import Path

from childgrid_node.office import Office
from childgrid_wire import envelope, keyfile
from childgrid_wire.errors import Malformed, Untrusted
from childgrid_wire.statement import Statement

_FOLDER = "spool"


def leave(state_dir: Path, data: bytes) -> None:
    """Keep an envelope until the node takes it; durable when this returns."""
    folder = state_dir / _FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    keyfile.write_private(folder / f"{envelope.read(data).hash}.dsse", data)


def take(office: Office, state_dir: Path) -> list[Statement]:
    """Believe, keep and queue what was left; returns it.

    What is not believed stays there and keeps nothing else from being taken: an earlier
    document may be under way.

    Raises:
        Malformed, Untrusted: the first that is not believed, after the others.
    """
    taken: list[Statement] = []
    faults: list[Malformed | Untrusted] = []
    for path in sorted((state_dir / _FOLDER).glob("*.dsse")):
        try:
            document = office.shelf.add(path.read_bytes())
        except (Malformed, Untrusted) as fault:
            faults.append(fault)
            continue
        with office.journal.writing() as writing:
            writing.send(document)
        path.unlink()
        taken.append(document)
    if faults:
        raise faults[0]
    return taken
