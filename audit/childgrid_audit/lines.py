"""Reading the files of one log: every entry in its place, or named as it isn't.

An entry belongs where its own index says. A line that can't be read stands for the
entry that was due there, so that one broken byte is one finding.
It does not judge hashes; `logs` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from childgrid_audit import bundle
from childgrid_audit.bundle import WIDTH, Files, Line
from childgrid_audit.findings import Report, event_name, span
from childgrid_audit.memo import Memo, content
from childgrid_log.errors import EntryError
from childgrid_wire.errors import Malformed

_HASH = re.compile(rb"[0-9a-f]{64}\Z")


@dataclass
class Placed:
    """The entries of a log by index, and the indices that can't be read."""

    lines: dict[int, Line] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)


def place_lines(
    files: Files, log: str, size: int | None, memo: Memo, report: Report
) -> Placed:
    """Read all entries of `log`; `size` is what the checkpoint says, if it holds."""
    placed, member = Placed(), bundle.member_of(log)
    for path, first in _bundles(files, f"logs/{log}/entries/"):
        data = files.get(path, b"")
        read = memo.once(("lines", content(data)), partial(_read, data))

        def say(index: int, what: str, path: str = path) -> None:
            report.add(path, member, event_name(index), what)

        _place(read, first, placed, say)
    highest = max((*placed.lines, *placed.broken), default=-1) + 1
    _check_ends(log, size, highest, placed, report)
    return placed


def read_lines(files: Files, log: str, memo: Memo) -> Iterator[Line]:
    """The entries of `log` that can be read, as they stand in its files."""
    for path, _ in _bundles(files, f"logs/{log}/entries/"):
        data = files.get(path, b"")
        read = memo.once(("lines", content(data)), partial(_read, data))
        yield from (one for one in read if isinstance(one, Line))


def _bundles(files: Files, folder: str) -> Iterator[tuple[str, int]]:
    for path in sorted(path for path in files if path.startswith(folder)):
        if bundle.is_known(path):
            number = path.removeprefix(folder).removesuffix(".jsonl")
            yield path, int(number) * WIDTH


def _read(data: bytes) -> tuple[Line | str, ...]:
    """Read the lines of a file; a text says what is wrong with one."""
    *pieces, rest = data.split(b"\n", WIDTH)
    read = [_read_line(piece) for piece in pieces]
    if rest:
        longer = b"\n" in rest or len(pieces) == WIDTH
        read.append("more than a file holds" if longer else "the line is not ended")
    return tuple(read)


def _read_line(piece: bytes) -> Line | str:
    try:
        return bundle.read_line(piece)
    except Malformed:
        return "the line is not one canonical entry"
    except EntryError as error:
        return str(error)


def _place(
    read: tuple[Line | str, ...],
    first: int,
    placed: Placed,
    say: Callable[[int, str], None],
) -> None:
    due = first
    for item in read:
        if isinstance(item, str):
            say(due, item)
            placed.broken.add(due)
            due += 1
        elif not _fits(item.index, first, due, placed):
            say(item.index, "is repeated or out of its place")
        else:
            placed.lines[item.index] = item
            placed.broken.discard(item.index)
            due = item.index + 1


def _fits(index: int, first: int, due: int, placed: Placed) -> bool:
    """Whether an entry belongs into this file and behind those before it."""
    if not first <= index < first + WIDTH or index in placed.lines:
        return False
    return index >= due or index in placed.broken


def _check_ends(
    log: str, size: int | None, highest: int, placed: Placed, report: Report
) -> None:
    """Entries below the checkpoint's size must be there, others must not."""
    member = bundle.member_of(log)
    end = highest if size is None else size
    if end > highest:
        path = bundle.entries(log, highest)
        report.add(path, member, span(highest, end), "missing from the file")
    for index in range(min(end, highest)):
        if index not in placed.lines and index not in placed.broken:
            path = bundle.entries(log, index)
            report.add(path, member, event_name(index), "missing from the file")
            placed.broken.add(index)
    beyond = [index for index in (*placed.lines, *placed.broken) if index >= end]
    if beyond:
        path = bundle.entries(log, min(beyond))
        report.add(
            path,
            member,
            span(min(beyond), max(beyond) + 1),
            "the checkpoint does not cover this",
        )
    for index in beyond:
        placed.lines.pop(index, None)
        placed.broken.discard(index)


def place_leaves(
    files: Files, log: str, size: int | None, report: Report
) -> dict[int, bytes]:
    """Read the leaf hashes of `log`; returns 32 bytes by index."""
    hashes: dict[int, bytes] = {}
    member = bundle.member_of(log)
    for path, first in _bundles(files, f"logs/{log}/leaves/"):
        pieces = files.get(path, b"").split(b"\n")
        if pieces.pop() or len(pieces) > WIDTH:
            report.add(path, member, event_name(first), "leaf hashes are misspelled")
        for index, piece in enumerate(pieces, first):
            if not _HASH.match(piece):
                report.add(path, member, event_name(index), "leaf hash is misspelled")
            elif size is not None and index >= size:
                what = "the checkpoint does not cover this leaf hash"
                report.add(path, member, event_name(index), what)
            else:
                hashes[index] = bytes.fromhex(piece.decode())
    return hashes
