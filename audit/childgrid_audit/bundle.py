"""What an exported directory looks like: its paths and its lines.

    manifest.dsse                        signed: SHA-256 and size of every other file
    documents/00000001.dsse              the board's documents in their order
    logs/MEMBER/checkpoint               the newest cosigned note (C2SP)
    logs/MEMBER/history.jsonl            earlier notes, one on a line
    logs/MEMBER/entries/00000000.jsonl   256 entries to a file, one on a line
    logs/MEMBER/leaves/00000000          their leaf hashes in hex, one on a line
    proofs/STATEMENT.proof               proofs that were handed over (C2SP tlog-proof)

Where the founders have closed a member's log, the one that follows it is MEMBER.1, then
MEMBER.2, and so on. A mirror has the same layout without the manifest. A line is
canonical JSON, so it has one spelling; the leaf hashes say which entry is altered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from childgrid_log.entry import Entry, opens, parse_entry
from childgrid_log.errors import EntryError
from childgrid_log.merkle import leaf_hash
from childgrid_wire import canonical
from childgrid_wire.errors import Malformed

MANIFEST = "manifest.dsse"
WIDTH = 256
LARGEST = 2**29
"""Bytes of a file; none of a bundle is so large, and it is read into memory."""

_LOG = r"[a-z][a-z0-9-]{0,30}(?:\.[1-9][0-9]?)?"
_PATHS = re.compile(
    rf"documents/[0-9]{{8}}\.dsse"
    rf"|logs/{_LOG}/(?:checkpoint|history\.jsonl"
    rf"|entries/[0-9]{{8}}\.jsonl|leaves/[0-9]{{8}})"
    rf"|proofs/[0-9a-f]{{64}}\.proof"
)

Files = Mapping[str, bytes]
"""Relative path to content."""


class Folder(Files):
    """The files below a directory, read when asked for.

    Symbolic links, special files, what is too large and names that no bundle has are
    listed and read as absent, so nothing outside of the directory is ever read.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def __getitem__(self, name: str) -> bytes:
        path = self._root / name
        if not (name == MANIFEST or is_known(name)):
            raise KeyError(name)
        if not path.is_file() or path.is_symlink():
            raise KeyError(name)
        if path.stat().st_size > LARGEST:
            raise KeyError(name)
        return path.read_bytes()

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self._root.rglob("*")):
            if path.is_symlink() or not path.is_dir():
                yield path.relative_to(self._root).as_posix()

    def __len__(self) -> int:
        return sum(1 for _ in self)


def is_known(path: str) -> bool:
    """Whether a bundle may hold a file of this name, the manifest aside."""
    return _PATHS.fullmatch(path) is not None


def member_of(log: str) -> str:
    """Whose log it is, by the name of its folder."""
    return log.partition(".")[0]


def document(number: int) -> str:
    """The path of a document; `number` counts from 1."""
    return f"documents/{number:08d}.dsse"


def checkpoint(log: str) -> str:
    """The path of a log's newest cosigned note."""
    return f"logs/{log}/checkpoint"


def history(log: str) -> str:
    """The path of a log's earlier notes."""
    return f"logs/{log}/history.jsonl"


def entries(log: str, index: int) -> str:
    """The path of the file that holds entry `index`."""
    return f"logs/{log}/entries/{index // WIDTH:08d}.jsonl"


def leaves(log: str, index: int) -> str:
    """The path of the file that holds the leaf hash of entry `index`."""
    return f"logs/{log}/leaves/{index // WIDTH:08d}"


def proof(name: str) -> str:
    """The path of the proof that was handed over with the statement `name`."""
    return f"proofs/{name}.proof"


@dataclass(frozen=True)
class Line:
    """One entry as exported; `envelope` is empty once it has been shredded.

    `hash` is the leaf hash, 32 bytes.
    """

    index: int
    leaf: bytes
    entry: Entry
    salt: bytes
    envelope: bytes
    hash: bytes

    @property
    def shredded(self) -> bool:
        """Whether salt and envelope are gone."""
        return not self.envelope

    def encode(self) -> bytes:
        """The line, with its newline."""
        return (
            canonical.dumps(
                {
                    "index": self.index,
                    "leaf": self.leaf.decode("ascii"),
                    "salt": self.salt.hex(),
                    "statement": self.envelope.decode("ascii"),
                }
            )
            + b"\n"
        )


def make_line(index: int, leaf: bytes, salt: bytes, envelope: bytes) -> Line:
    """Put a line together from what a log serves.

    Raises:
        EntryError: the leaf is not canonical, not number `index`, or not opened by
            salt and envelope.
    """
    entry = parse_entry(leaf)
    if entry.sequence != index:
        raise EntryError("the leaf carries another sequence number")
    if bool(salt) != bool(envelope):
        raise EntryError("salt and envelope are shredded together or not at all")
    if envelope and not opens(leaf, salt, envelope):
        raise EntryError("salt and envelope do not open the leaf's commitment")
    return Line(index, leaf, entry, salt, envelope, leaf_hash(leaf))


def read_line(data: bytes) -> Line:
    """Read one line, without its newline.

    Raises:
        Malformed, EntryError: it is not exactly one entry.
    """
    table = canonical.loads(data)
    if table.keys() != {"index", "leaf", "salt", "statement"}:
        raise Malformed("entry")
    index, leaf, salt, envelope = (
        table[name] for name in ("index", "leaf", "salt", "statement")
    )
    if type(index) is not int:
        raise Malformed("entry.index")
    return make_line(
        index, _ascii(leaf), canonical.from_hex(_ascii(salt).decode()), _ascii(envelope)
    )


def _ascii(text: object) -> bytes:
    if not isinstance(text, str) or not text.isascii():
        raise Malformed("entry")
    return text.encode("ascii")


def note_line(note: bytes) -> bytes:
    """One line of a log's history."""
    return canonical.dumps({"note": note.decode()}) + b"\n"


def read_note_line(data: bytes) -> bytes:
    """Read one line of a history; raises `Malformed`."""
    table = canonical.loads(data)
    note = table.get("note")
    if table.keys() != {"note"} or not isinstance(note, str):
        raise Malformed("history")
    try:
        return note.encode()
    except UnicodeEncodeError as error:
        raise Malformed("history") from error
