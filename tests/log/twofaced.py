"""A log with two faces, and the witnesses whom its owner has or has not bought.

The owner signs two branches with one prefix and controls the relay, as a coordinator
in its pay would: each honest witness is shown one face, a bought one cosigns both from
two memories, and replies that do not help are dropped. Everything else is the
product's: logs, witnesses with their memories, gatherers, directories that founders
signed. A witness replies to the same call alike, so each is asked it once.
"""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from audit.cast import POLICE, START, founded, founding, identity, quick_folder
from childgrid_log import gather, names
from childgrid_log.entry import Draft
from childgrid_log.gather import Gatherer
from childgrid_log.log import Log
from childgrid_log.quorum import Quorum
from childgrid_log.service import WitnessServicer
from childgrid_log.witness import Witness
from childgrid_wire import canonical, envelope
from childgrid_wire.book import Book
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse
from childgrid_wire.pb.witness_pb2 import CosignRequest, CosignResponse
from childgrid_wire.trust import fingerprint

MOST = 9
OWNER = POLICE
WITNESSES = tuple(f"witness-{n}" for n in range(1, MOST + 1))
FACES = "AB"
CONFIGURATIONS = [
    (n, q, f) for n in range(1, MOST + 1) for q in range(1, n + 1) for f in range(n + 1)
]

Seen = Sequence[str]
"""The face that each honest witness is shown; the others are bought."""


def _clock() -> float:
    return float(START)


@functools.cache
def _founding() -> list[bytes]:
    return founding(START)


def directory_of(n: int, q: int, f: int) -> list[bytes]:
    """Documents in which `n` auditors witness the log of `OWNER`; q and f as given."""
    first, floor, scheme = _founding()
    body = canonical.loads(envelope.read(first).payload)
    for header in ("kind", "id", "issuer", "officer", "issued", "expires", "answers"):
        body.pop(header, None)
    owner = next(one for one in body["members"] if one["id"] == OWNER)
    stations = [
        identity(name).entry(
            title=name, kind="auditor", uses=[], categories=[], address="127.0.0.1:1"
        )
        for name in WITNESSES[:n]
    ]
    body["members"] = [owner, *stations]
    body["witnesses"] = {"members": list(WITNESSES[:n]), "quorum": q, "faults": f}
    return [founded(Kind.DIRECTORY, START, **body), floor, scheme]


@functools.cache
def book_of(n: int, q: int, f: int) -> Book:
    """A book that holds those documents."""
    documents = directory_of(n, q, f)
    book = Book(fingerprint(canonical.loads(envelope.read(documents[0]).payload)))
    for document in documents:
        book.add(document)
    return book


def _unchecked(view: Any, member: str) -> Quorum:
    """The directory's n, q and f without the rule: what would be, were it not there."""
    named = view.directory["witnesses"]
    made = object.__new__(Quorum)
    numbers = (len(view.witnesses(member)), named["quorum"], named["faults"])
    for name, value in zip("nqf", numbers, strict=True):
        object.__setattr__(made, name, value)
    return made


@dataclass
class Stage:
    """Both faces, and every witness in the state after it cosigned either of them."""

    folder: Path
    logs: dict[str, Log] = field(default_factory=dict)
    memories: dict[tuple[str, str], WitnessServicer] = field(default_factory=dict)
    vkeys: dict[str, str] = field(default_factory=dict)
    said: dict[tuple[str, str, int], CosignResponse] = field(default_factory=dict)

    @classmethod
    @contextlib.contextmanager
    def set(cls, folder: Path) -> Iterator[Stage]:
        """Lay out the prefix, let all witnesses cosign it, and fork the log."""
        stage = cls(folder)
        with contextlib.ExitStack() as open_:
            stage._fork(open_)
            stage._remember(open_)
            yield stage

    def _fork(self, open_: contextlib.ExitStack) -> None:
        origin, seed = names.origin(OWNER), identity(OWNER).log_key
        prefix = self.folder / "A.db"
        with Log.create(prefix, origin, seed) as log:
            log.append([Draft("case", START, b"before") for _ in range(3)])
            log.query("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(prefix, self.folder / "B.db")
        for face in FACES:
            log = open_.enter_context(
                Log.open(self.folder / f"{face}.db", origin, seed)
            )
            log.append([Draft("case", START, face.encode())] * 2)
            self.logs[face] = log

    def _remember(self, open_: contextlib.ExitStack) -> None:
        book = book_of(MOST, MOST, 0)
        for name in WITNESSES:
            own = identity(name)
            for face in FACES:
                path = self.folder / f"{name}-{face}.db"
                key = names.witness(name), own.witness_key
                witness = open_.enter_context(Witness.create(path, *key))
                self.vkeys[name] = witness.vkey
                self.memories[name, face] = WitnessServicer(
                    witness, book, own.signer, self.evidence(name, face), _clock
                )
                self.show(name, face, face, 0)

    def evidence(self, name: str, face: str) -> Path:
        """Where a witness who saw `face` first keeps its evidence."""
        return self.folder / f"evidence-{name}-{face}"

    def show(self, name: str, memory: str, face: str, old: int) -> CosignResponse:
        """Show a face to the witness `name` who remembers the face `memory`."""
        log = self.logs[face]
        proof = [canonical.to_b64(one) for one in log.consistency(old, log.size())]
        call = CosignRequest(
            log=OWNER, old_size=old, proof=proof, checkpoint=log.checkpoint().decode()
        )
        return self.memories[name, memory].Cosign(call, None)  # type: ignore[arg-type]

    def ask(self, name: str, face: str, old: int) -> CosignResponse:
        """What a witness who remembers a face replies to it."""
        key = (name, face, old)
        if key not in self.said:
            self.said[key] = self.show(name, face, face, old)
        return self.said[key]

    def attempt(self, face: str, book: Book, seen: Seen) -> bytes | None:
        """Have a face cosigned by a quorum; None where there is none."""

        def relay(request: WitnessRequest) -> WitnessResponse:
            response = WitnessResponse()
            for name in self._shown(book, face, seen):
                call = request.calls.get(name, request.call)
                response.replies[name].CopyFrom(self.ask(name, face, call.old_size))
            return response

        gatherer = Gatherer(self.logs[face], OWNER, book, relay, _clock)
        try:
            return gatherer.cosigned().note
        except Refused as refusal:
            if refusal.reason is not Reason.NO_QUORUM:
                raise
            return None

    def _shown(self, book: Book, face: str, seen: Seen) -> list[str]:
        """Who is shown a face: the bought ones both, an honest one never the other."""
        named = {one["id"] for one in book.latest(START).witnesses(OWNER)}
        bought, kept = WITNESSES[len(seen) :], zip(WITNESSES, seen, strict=False)
        return sorted(
            named.intersection([*bought, *(w for w, at in kept if at == face)])
        )

    def attack(self, book: Book, seen: Seen) -> Mapping[str, bytes]:
        """Both faces before their witnesses; what a quorum cosigned, by face."""
        notes = {face: self.attempt(face, book, seen) for face in FACES}
        return {face: note for face, note in notes.items() if note is not None}


@contextlib.contextmanager
def lawless() -> Iterator[None]:
    """Gatherers take any n, q and f meanwhile."""
    kept = gather.quorum_of
    gather.quorum_of = _unchecked
    try:
        yield
    finally:
        gather.quorum_of = kept


def possible(n: int, q: int, f: int) -> bool:
    """What the formula says of a split."""
    return 2 * q - n <= f


def soak() -> dict[str, Any]:
    """Every configuration, with every way to divide the honest witnesses."""
    tried, wrong = 0, []
    with quick_folder() as folder, Stage.set(folder) as stage, lawless():
        for numbers in CONFIGURATIONS:
            book, (n, _, f) = book_of(*numbers), numbers
            ways = ["".join(way) for way in product(FACES, repeat=n - f)]
            won = {way for way in ways if len(stage.attack(book, way)) == len(FACES)}
            tried += len(ways)
            if bool(won) is not possible(*numbers):
                wrong.append(numbers)
    return {"configurations": len(CONFIGURATIONS), "tried": tried, "failures": wrong}


def evenly(n: int, f: int) -> str:
    """The best that the owner can do: as many honest witnesses for either face."""
    return "".join(FACES[place % 2] for place in range(n - f))
