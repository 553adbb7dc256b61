"""The synthetic year as an exported bundle: signed, logged, cosigned, verifiable.

The full path: every statement gets its envelope, every party's log its leaves, tree
and checkpoint, every witness signs, an auditor signs the manifest. `verify` has
nothing to say about it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable

from bench.year_cast import AUDITORS, HUB, MEMBERS, Cast, identity, secret
from bench.year_pen import Pen, board, sealed
from childgrid_audit import bundle
from childgrid_audit.bundle import WIDTH, Line
from childgrid_audit.export import manifest
from childgrid_audit.tree import Tree
from childgrid_log import names
from childgrid_log.checkpoint import Checkpoint
from childgrid_log.entry import HOUR, Entry
from childgrid_log.keys import COSIGNATURE, ED25519, Signer
from childgrid_log.leaves import labels_of
from childgrid_log.note import Note, cosign, sign
from childgrid_wire.statement import Statement


def files(cast: Cast, pen: Pen) -> dict[str, bytes]:
    """Every file of the bundle, by path."""
    hung = board(cast, pen).by_hash.values()
    made = {bundle.document(n): one.data for n, one in enumerate(hung, 1)}
    for member, said in _logs(cast, pen).items():
        lines = [_line(member, index, *one) for index, one in enumerate(said)]
        made |= _written(member, lines)
        made[bundle.checkpoint(member)] = _note(member, lines, pen.now)
    directory = cast.book().directories[-1].hash
    made[bundle.MANIFEST] = manifest(
        made, identity(AUDITORS[0]).signer, directory, pen.now
    )
    return made


def _logs(cast: Cast, pen: Pen) -> dict[str, list[tuple[Statement, bytes]]]:
    logs: dict[str, list[tuple[Statement, bytes]]] = defaultdict(list)
    posted = cast.book().by_hash.values()
    for said in posted:
        logs[HUB].append((said, said.data))
    for said, members in pen.ordered():
        data = sealed(said)
        for member in members:
            logs[member].append((said, data))
    for said_there in logs.values():
        said_there.sort(key=lambda one: one[0].issued)
    return {member: logs[member] for member in MEMBERS if logs[member]}


def _line(member: str, index: int, said: Statement, data: bytes) -> Line:
    purpose, sections, fields = labels_of(said)
    salt = secret("salt", member, index)
    entry = Entry(
        kind=said.kind.value,
        purpose=purpose,
        sections=sections,
        fields=fields,
        bucket=said.issued // HOUR * HOUR,
        sequence=index,
        commitment=_commitment(salt, data),
    )
    return bundle.make_line(index, entry.encode(), salt, data)


def _commitment(salt: bytes, data: bytes) -> bytes:
    return hashlib.sha256(salt + data).digest()


def _written(member: str, lines: list[Line]) -> Iterable[tuple[str, bytes]]:
    for first in range(0, len(lines), WIDTH):
        page = lines[first : first + WIDTH]
        entries = b"".join(line.encode() for line in page)
        leaves = b"".join(line.hash.hex().encode() + b"\n" for line in page)
        yield bundle.entries(member, first), entries
        yield bundle.leaves(member, first), leaves


def _note(member: str, lines: list[Line], now: int) -> bytes:
    """The checkpoint of a log with its own line and every witness's."""
    tree = Tree(line.hash for line in lines)
    origin = names.origin(member)
    text = Checkpoint(origin, tree.size, tree.root(tree.size)).text
    own = Signer(origin, ED25519, identity(member).log_key)
    witnesses = (
        Signer(names.witness(one), COSIGNATURE, identity(one).witness_key)
        for one in MEMBERS
        if one not in (member, HUB)
    )
    cosigned = (cosign(text, one, now) for one in witnesses)
    return Note(text, (sign(text, own), *cosigned)).encode()
