"""Trials by fire: bundles that somebody tampered with, and what must be named.

Three hands tamper. A stranger flips a byte, drops, doubles or swaps lines, or moves
files: the manifest stays as it was. A deceived exporter signs a manifest over such a
bundle. A party that holds its own log key drops, alters or reorders an event, seals
every leaf anew and signs the checkpoint, without its witnesses or with all of them.
Every generator is seeded; `run` and `soak` return counts and the trials that were
missed.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.cast import (
    MEMBERS,
    NORTH,
    identity,
    quick_folder,
)
from audit.ledger import World, story
from childgrid_audit import bundle
from childgrid_audit.bundle import Line, make_line
from childgrid_audit.export import manifest
from childgrid_audit.findings import Finding
from childgrid_audit.verify import Verdict, Verifier
from childgrid_log import names
from childgrid_log.checkpoint import Checkpoint, sign_checkpoint
from childgrid_log.entry import Draft, seal_entry
from childgrid_log.keys import COSIGNATURE, ED25519, Signer
from childgrid_log.merkle import root_of
from childgrid_log.note import Note, cosign
from childgrid_wire import canonical, envelope
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind

Files = dict[str, bytes]


@dataclass(frozen=True)
class Trial:
    """A tampered bundle and the finding that it must lead to.

    `file`, `party` and `event` (a pattern) must all be named by one finding; empty
    ones may be anything.
    """

    what: str
    files: Files = field(repr=False)
    file: str = ""
    party: str = ""
    event: str = ""

    def named_by(self, finding: Finding) -> bool:
        """Whether a finding names what was done."""
        return (
            finding.file.startswith(self.file)
            and self.party in ("", finding.party)
            and re.search(self.event, finding.event) is not None
        )


@dataclass
class Ground:
    """An honest bundle and a verifier that has seen it."""

    root: str
    now: int
    files: Files
    verifier: Verifier
    verdict: Verdict

    @classmethod
    def lay(cls, folder: Path) -> Ground:
        """Tell the whole story in `folder` and export it."""
        world = story(World.found(folder))
        files = world.bundle()
        world.close()
        verifier = Verifier(world.root)
        return cls(world.root, world.now, files, verifier, verifier.verify(files))

    def lines(self, member: str) -> list[Line]:
        """The entries of a member's log."""
        pieces = self.files.get(bundle.entries(member, 0), b"").splitlines()
        return [bundle.read_line(piece) for piece in pieces]

    def size(self, member: str) -> int:
        """How many entries a member's log has."""
        return self.files.get(bundle.entries(member, 0), b"").count(b"\n")

    def names(self, member: str) -> list[str]:
        """Kind and hash of each entry of a log, as findings name them."""
        found = []
        for line in self.lines(member):
            outer = envelope.read(line.envelope)
            found.append(f"{outer.kind.value} {outer.hash[:12]}")
        return found

    def places(self, name: str) -> set[str]:
        """The members whose logs hold an event."""
        for event in self.verdict.ledger.events.values():
            if event.name == name:
                return set(event.places)
        raise LookupError(name)


def resigned(ground: Ground, files: Files) -> Files:
    """The files under a manifest that an honest but deceived auditor signs."""
    directory = ground.verdict.ledger.law.book.directories[-1].hash
    signer = identity(NORTH).signer
    return {**files, bundle.MANIFEST: manifest(files, signer, directory, ground.now)}


def any_byte(ground: Ground, rng: random.Random) -> Trial:
    """One bit of one byte of one file."""
    return flip(ground, rng, rng.choice(sorted(ground.files)))


def flip(ground: Ground, rng: random.Random, path: str) -> Trial:
    """One bit of one byte of `path`; half of the time the exporter signs it."""
    data = bytearray(ground.files[path])
    at = rng.randrange(len(data))
    data[at] ^= 1 << rng.randrange(8)
    files = {**ground.files, path: bytes(data)}
    deceived = path != bundle.MANIFEST and rng.random() < 0.5
    if deceived:
        files = resigned(ground, files)
    party = path.split("/")[1] if path.startswith("logs/") else ""
    event = ""
    if "/entries/" in path or "/leaves/" in path:
        index = ground.files[path].count(b"\n", 0, at)
        event = rf"^event {index}\b"
    elif path.startswith("documents/"):
        event = rf"^document {int(Path(path).stem)}\b|^file"
    return Trial(
        f"bit of {path} at {at}, deceived={deceived}", files, path, party, event
    )


def any_line(ground: Ground, rng: random.Random) -> Trial:
    """One entry's line dropped, doubled or swapped with the next."""
    member = rng.choice([one for one in MEMBERS if ground.size(one) > 1])
    path = bundle.entries(member, 0)
    pieces = ground.files[path].splitlines(keepends=True)
    index = rng.randrange(len(pieces) - 1)
    how = rng.choice(["drop", "double", "swap"])
    if how == "drop":
        del pieces[index]
    elif how == "double":
        pieces.insert(index, pieces[index])
    else:
        pieces[index : index + 2] = reversed(pieces[index : index + 2])
    files = {**ground.files, path: b"".join(pieces)}
    if rng.random() < 0.5:
        files = resigned(ground, files)
    event = (
        rf"^event {index}\b" if how != "swap" else rf"^event ({index}|{index + 1})\b"
    )
    return Trial(f"{how} line {index} of {path}", files, path, member, event)


def any_file(ground: Ground, rng: random.Random) -> Trial:
    """One file removed, emptied, exchanged for another, or one added."""
    path = rng.choice(sorted(ground.files.keys() - {bundle.MANIFEST}))
    how = rng.choice(["remove", "empty", "exchange", "add"])
    files = dict(ground.files)
    if how == "remove":
        del files[path]
    elif how == "empty":
        files[path] = b""
    elif how == "exchange":
        other = rng.choice(sorted(files.keys() - {path}))
        files[path] = files[other] if files[other] != files[path] else b"x"
    else:
        path = rng.choice(["notes.txt", f"{path}.bak", "logs/ghost/checkpoint"])
        files[path] = b"x\n"
    return Trial(f"{how} {path}", files, path)


def rewrite(
    ground: Ground,
    member: str,
    edit: Callable[[list[Draft]], None],
    *,
    colluding: bool = False,
    keep_history: bool = False,
) -> Files:
    """Let a party write its log anew, sign it, and deceive an honest exporter.

    With `colluding` all its witnesses sign whatever it shows them.
    """
    drafts = [_draft_again(line) for line in ground.lines(member)]
    edit(drafts)
    lines = []
    for index, draft in enumerate(drafts):
        leaf, salt = seal_entry(draft, index)
        lines.append(make_line(index, leaf, salt, draft.envelope))
    own = identity(member)
    tree = Checkpoint(
        names.origin(member), len(lines), root_of(line.hash for line in lines)
    )
    note = sign_checkpoint(tree, Signer(tree.origin, ED25519, own.log_key))
    if colluding:
        note = _cosigned(ground, note, member)
    files = {
        **ground.files,
        bundle.entries(member, 0): b"".join(line.encode() for line in lines),
        bundle.leaves(member, 0): b"".join(
            line.hash.hex().encode() + b"\n" for line in lines
        ),
        bundle.checkpoint(member): note,
    }
    if not keep_history:
        files = {
            path: data
            for path, data in files.items()
            if path != bundle.history(member) and not path.startswith("proofs/")
        }
    return resigned(ground, files)


def _draft_again(line: Line) -> Draft:
    entry = line.entry
    return Draft(
        entry.kind, entry.bucket, line.envelope, entry.purpose, entry.sections,
        entry.fields,
    )  # fmt: skip


def _cosigned(ground: Ground, note: bytes, member: str) -> bytes:
    """The note with a line of every witness."""
    parsed = Note.parse(note)
    view = ground.verdict.ledger.law.book.latest(ground.now)
    lines = tuple(
        cosign(
            parsed.text,
            Signer(names.witness(one), COSIGNATURE, identity(one).witness_key),
            ground.now,
        )
        for one in (entry["id"] for entry in view.witnesses(member))
    )
    return Note(parsed.text, (*parsed.signatures, *lines)).encode()


def dropped(
    ground: Ground, member: str, index: int, *, colluding: bool = False
) -> Trial:
    """A party leaves an event out of its own log."""

    def edit(drafts: list[Draft]) -> None:
        del drafts[index]

    name = ground.names(member)[index]
    files = rewrite(ground, member, edit, colluding=colluding)
    shared = ground.places(name) - {member}
    event = name if shared or _is_document(name) else ""
    what = f"{member} drops {name}, colluding={colluding}"
    return Trial(what, files, f"logs/{member}/", member, event)


def _is_document(name: str) -> bool:
    return name.split()[0] in ("directory", "floor", "scheme", "staff", "policy")


def altered(ground: Ground, member: str, index: int) -> Trial:
    """A party replaces one of its own statements by another that it signs as well.

    Where the statement is not its own, it changes what the leaf says instead.
    """
    line = ground.lines(member)[index]
    outer = envelope.read(line.envelope)
    own = identity(member).signer
    name = ground.names(member)[index]
    forged = (
        _forged(outer.payload, own) if outer.signatures[0].keyid == member else None
    )

    def edit(drafts: list[Draft]) -> None:
        old = drafts[index]
        if forged is None:
            drafts[index] = Draft(old.kind, old.time, old.envelope, "prosecution")
        else:
            drafts[index] = Draft(
                old.kind, old.time, forged, old.purpose, old.sections, old.fields
            )

    files = rewrite(ground, member, edit)
    event = name if forged is None or ground.places(name) - {member} else ""
    return Trial(f"{member} alters {name}", files, f"logs/{member}/", member, event)


def _forged(payload: bytes, signer: SeedSigner) -> bytes:
    body = canonical.loads(payload)
    body["id"] = "0" * 32
    kind = next(k for k in Kind if k.value == body["kind"])
    return envelope.sign(kind, canonical.dumps(body), [signer])


def reordered(ground: Ground, member: str, index: int) -> Trial:
    """A party swaps an event with the next one."""

    def edit(drafts: list[Draft]) -> None:
        drafts[index : index + 2] = reversed(drafts[index : index + 2])

    known = ground.names(member)
    first, second = known[index : index + 2]
    files = rewrite(ground, member, edit)
    both = ground.places(first) & ground.places(second) - {member}
    event = f"{first}|{second}" if both else ""
    what = f"{member} swaps {first} and {second}"
    return Trial(what, files, f"logs/{member}/", member, event)


def any_rewriting(ground: Ground, rng: random.Random) -> Trial:
    """A party that holds its own log key rewrites its log."""
    member = rng.choice([one for one in MEMBERS if ground.size(one) > 1])
    index = rng.randrange(ground.size(member) - 1)
    how = rng.choice([dropped, altered, reordered])
    return how(ground, member, index)


HANDS: tuple[Callable[[Ground, random.Random], Trial], ...] = (
    any_byte,
    any_byte,
    any_line,
    any_file,
    any_rewriting,
)


def trials(ground: Ground, count: int, seed: int) -> Iterator[Trial]:
    """Trials of all hands, the same for the same seed."""
    rng = random.Random(seed)
    for number in range(count):
        yield HANDS[number % len(HANDS)](ground, rng)


def every_file(ground: Ground, per_file: int, seed: int) -> Iterator[Trial]:
    """Flips in every file, each `per_file` times."""
    rng = random.Random(seed)
    for path in sorted(ground.files):
        for _ in range(per_file):
            yield flip(ground, rng, path)


def judge(ground: Ground, made: Iterator[Trial]) -> dict[str, Any]:
    """Verify each trial; returns how many were caught and named, and the misses."""
    count = caught = 0
    missed: list[str] = []
    for trial in made:
        verdict = ground.verifier.verify(trial.files)
        count += 1
        caught += not verdict.holds
        if not any(trial.named_by(finding) for finding in verdict.findings):
            missed.append(trial.what)
    return {"trials": count, "caught": caught, "missed": missed}


def run(count: int = 1_000, seed: int = 1) -> dict[str, Any]:
    """Tell the story in a temporary folder and put it through `count` trials."""
    with quick_folder() as folder:
        ground = Ground.lay(folder)
        return judge(ground, trials(ground, count, seed))


def soak(per_file: int = 100, seed: int = 1) -> dict[str, Any]:
    """The same with every file `per_file` times."""
    with quick_folder() as folder:
        ground = Ground.lay(folder)
        return judge(ground, every_file(ground, per_file, seed))


if __name__ == "__main__":
    json.dump(soak(), sys.stdout)
