"""The room of logs: is each copy exactly what its party signed and witnesses saw?

Leaf hashes must lead to the root of the newest checkpoint, whose log line and
cosignatures must all hold and reach the quorum; earlier notes must be prefixes of it.
It does not look into envelopes (`events` does). The rule: a log that is not what was
witnessed is in doubt as a whole, and the entries that differ are named.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate

from childgrid_audit import bundle
from childgrid_audit.bundle import Files, Line
from childgrid_audit.documents import Law
from childgrid_audit.findings import Report, event_name, span
from childgrid_audit.lines import place_leaves, place_lines
from childgrid_audit.memo import Memo, content
from childgrid_audit.tree import Tree
from childgrid_log.checkpoint import Checkpoint, open_checkpoint
from childgrid_log.errors import NoteError, QuorumMissed
from childgrid_log.gather import quorum_of
from childgrid_log.lineage import Generation
from childgrid_log.note import Note
from childgrid_log.service import witness_key
from childgrid_wire.errors import Reason, Untrusted, WireError

_TIME_BYTES = 8


@dataclass
class Copy:
    """One party's log as exported.

    `covered` is the time (Unix seconds) by which a quorum had cosigned the newest
    checkpoint: what was logged before is in it. `broken` are entries that cannot be
    read; each has been reported. `tree` gives the root of any number of leaves.
    `seen` are sizes of earlier checkpoints that fit, and when they were cosigned.
    `log` says which of the party's logs it is, and where the founders closed it.
    """

    log: Generation
    size: int = 0
    covered: int = 0
    lines: dict[int, Line] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    tree: Tree = field(default_factory=Tree)
    seen: list[tuple[int, int]] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)
    _latest: list[int] = field(default_factory=list)
    _first: list[int] = field(default_factory=list)

    @property
    def member(self) -> str:
        """Whose log it is."""
        return self.log.member

    @property
    def name(self) -> str:
        """The log's folder in a bundle."""
        return self.log.folder

    @property
    def vkey(self) -> str:
        """The log's public key as text."""
        return self.log.key.vkey

    def seen_without(self, index: int) -> int:
        """When a quorum last cosigned this log without entry `index`; 0 for never."""
        if len(self._sizes) != len(self.seen):
            self.seen.sort()
            self._sizes = [size for size, _ in self.seen]
            whens = [when for _, when in self.seen]
            self._latest = list(accumulate(whens, max))
            self._first = list(accumulate(reversed(whens), min))[::-1]
        at = bisect_right(self._sizes, index)
        return self._latest[at - 1] if at else 0

    def seen_with(self, index: int) -> int:
        """When a quorum had first cosigned this log with entry `index`."""
        self.seen_without(index)
        at = bisect_right(self._sizes, index)
        return self._first[at] if at < len(self._first) else self.covered


def read_logs(files: Files, law: Law, memo: Memo, report: Report) -> dict[str, Copy]:
    """Verify every log of a bundle; returns the copies by folder, in their order."""
    found = {path.split("/")[1] for path in files if path.startswith("logs/")}
    copies = {}
    for name in sorted(found, key=lambda one: (bundle.member_of(one), len(one), one)):
        member = bundle.member_of(name)
        known = law.logs(member)
        if name not in known:
            path = bundle.checkpoint(name)
            report.doubt(path, member, "log", "no directory knows this log")
            continue
        copies[name] = _read(files, known[name], law, memo, report)
    _check_absent(law, copies, report)
    return copies


def absent(law: Law, copies: Mapping[str, Copy]) -> tuple[str, ...]:
    """Members of the newest directory that stand, and of whom there is no log."""
    if not law.book.directories:
        return ()
    revoked, there = law.book.revoked().members, {one.member for one in copies.values()}
    names = {one["id"] for one in law.book.directories[-1]["members"]}
    return tuple(sorted(names - revoked - there))


def _check_absent(law: Law, copies: Mapping[str, Copy], report: Report) -> None:
    """Without the coordinator's log nothing is shown; who was away is only named.

    A member that has just joined may not have begun one, and others that have its
    statements tell what should stand in it.
    """
    for member in absent(law, copies):
        what = "no log of this member is in the bundle"
        certain = member in law.coordinators
        report.add(bundle.checkpoint(member), member, "log", what, certain=certain)


def _read(files: Files, log: Generation, law: Law, memo: Memo, report: Report) -> Copy:
    copy, member, name = Copy(log), log.member, log.folder
    path = bundle.checkpoint(name)
    signed, fault = _newest(files.get(path, b""), copy, law, memo)
    size = signed.size if signed else None
    placed = place_lines(files, name, size, memo, report)
    copy.lines, copy.broken = placed.lines, placed.broken
    copy.size = max((*copy.lines, *copy.broken), default=-1) + 1
    listed = place_leaves(files, name, size, report)
    _check_root(copy, signed, listed, report)
    _check_end(copy, report)
    firm = _check_history(files, copy, law, memo, report)
    if fault:
        report.doubt(path, member, span(firm, copy.size), fault)
    return copy


def _newest(
    note: bytes, copy: Copy, law: Law, memo: Memo
) -> tuple[Checkpoint | None, str]:
    """Read the newest note; returns it and what is wrong with it."""
    try:
        signed = memo.once(
            ("log note", content(note), copy.vkey),
            lambda: open_checkpoint(note, copy.vkey).checkpoint,
        )
    except NoteError as error:
        return None, f"the checkpoint does not hold: {error}"
    try:
        copy.covered = cosigned(note, copy.member, copy.vkey, law, memo)
    except (NoteError, WireError) as error:
        return signed, f"the checkpoint of size {signed.size} is not witnessed: {error}"
    return signed, ""


def cosigned(note: bytes, member: str, vkey: str, law: Law, memo: Memo) -> int:
    """Verify a note with all its lines; returns when a quorum had cosigned it.

    Raises:
        NoteError: a line does not verify or is nobody's, or the quorum is missed.
        Untrusted, Refused: no directory was in force, or its witnesses can't suffice.
    """
    newest = _newest_line(note)
    if not newest:
        raise QuorumMissed("no witness has cosigned this checkpoint")
    last: NoteError | None = None
    for view in law.around(newest):
        keys = tuple(
            witness_key(view, one["id"]).vkey for one in view.witnesses(member)
        )
        quorum = quorum_of(view, member).q
        try:
            return memo.once(
                ("cosigned", content(note), vkey, keys, quorum),
                partial(_covered, note, vkey, keys, quorum),
            )
        except NoteError as error:
            last = last or error
    raise last or Untrusted(Reason.OLD_VERSION, "directory")


def _covered(note: bytes, vkey: str, keys: Sequence[str], quorum: int) -> int:
    opened = open_checkpoint(note, vkey, keys, quorum, strict=True)
    times = sorted((time for _, time in opened.cosigned), reverse=True)
    return times[quorum - 1]


def _newest_line(note: bytes) -> int:
    """The latest time that any cosignature claims; says only where to look."""
    lines = Note.parse(note).signatures
    times = [
        int.from_bytes(line.signature[:_TIME_BYTES], "big")
        for line in lines
        if len(line.signature) > 64
    ]
    return max(times, default=0)


def _check_root(
    copy: Copy, signed: Checkpoint | None, listed: dict[int, bytes], report: Report
) -> None:
    """Hold entries, listed leaf hashes and the signed root against each other."""
    own = [copy.lines[i].hash if i in copy.lines else None for i in range(copy.size)]
    hashes = [mine or listed.get(i) for i, mine in enumerate(own)]
    copy.tree = Tree(hashes)
    differing = [i for i, mine in enumerate(own) if mine and listed.get(i) != mine]
    if signed is None or copy.size != signed.size or copy.tree.size < signed.size:
        return
    if copy.tree.root(signed.size) == signed.root:
        for index in differing:
            path = bundle.leaves(copy.name, index)
            what = "the leaf hash is not the entry's"
            report.add(path, copy.member, event_name(index), what)
        return
    as_listed = Tree(listed.get(i) for i in range(copy.size))
    if as_listed.root(signed.size) == signed.root:
        _drop_altered(copy, as_listed, differing, report)
        return
    report.doubt(
        bundle.checkpoint(copy.name),
        copy.member,
        span(0, copy.size),
        "the entries do not lead to the root that was signed",
    )


def _check_end(copy: Copy, report: Report) -> None:
    """A closed log ends where the founders closed it, or this copy is shorter."""
    end = copy.log.end
    if end is None or copy.size < end.size:
        return
    if copy.size > end.size or copy.tree.root(end.size) != end.root:
        what = f"is not what the founders have closed at {end.size}"
        path = bundle.checkpoint(copy.name)
        report.doubt(path, copy.member, span(end.size, copy.size), what)


def _drop_altered(copy: Copy, tree: Tree, differing: list[int], report: Report) -> None:
    for index in differing:
        path = bundle.entries(copy.name, index)
        what = "is not the entry that was signed for"
        report.add(path, copy.member, event_name(index), what)
        copy.lines.pop(index)
        copy.broken.add(index)
    copy.tree = tree


def _check_history(
    files: Files, copy: Copy, law: Law, memo: Memo, report: Report
) -> int:
    """Hold earlier notes against the log; returns the size of the last that fits."""
    path = bundle.history(copy.name)
    data = files.get(path, b"")
    if data and not data.endswith(b"\n"):
        report.add(path, copy.member, "checkpoint", "the last line is not ended")
    firm = 0
    for number, piece in enumerate(data.split(b"\n")[:-1], 1):
        event = f"checkpoint {number} of the history"
        try:
            note = bundle.read_note_line(piece)
            signed, when = _old_note(note, copy, law, memo)
        except (NoteError, WireError) as error:
            report.add(path, copy.member, event, f"does not hold: {error}")
            continue
        if copy.tree.root(signed.size) == signed.root:
            firm = max(firm, signed.size)
            copy.seen.append((signed.size, when))
        elif signed.size > copy.size or signed.size <= copy.tree.size:
            what = f"was seen at size {signed.size}, differs from this log"
            report.doubt(path, copy.member, span(firm, signed.size), what)
    return firm


def _old_note(note: bytes, copy: Copy, law: Law, memo: Memo) -> tuple[Checkpoint, int]:
    when = cosigned(note, copy.member, copy.vkey, law, memo)
    signed = memo.once(
        ("log note", content(note), copy.vkey),
        lambda: open_checkpoint(note, copy.vkey).checkpoint,
    )
    return signed, when
