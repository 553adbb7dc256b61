"""A member's request that its log be closed where its witnesses saw it last.

It is one file, and whoever carries it can change nothing: the member signs it with its
own key; the key of the log that is to follow signs an empty checkpoint of it, so that
nobody asks for a key that he hasn't got; and each witness in it has said anew, dated,
what it cosigned last. Two quorums share an honest witness, so among a quorum's words is
one that knows everything a quorum ever cosigned, whichever witnesses the member chose.
That a log was never seen at all takes the word of every witness: who is new to it knows
nothing, and doesn't count beside those who know.

It doesn't gather the words (`childgrid_node.succeed`) nor change a directory. The rule:
a log is closed at the largest size that any of those words names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from childgrid_log import lineage, names
from childgrid_log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from childgrid_log.errors import NoteError, PleaRefused
from childgrid_log.gather import quorum_of
from childgrid_log.keys import ED25519, Signer, Verifier
from childgrid_log.merkle import EMPTY_ROOT
from childgrid_log.note import Note, verify_note
from childgrid_log.service import witness_key
from childgrid_wire import canonical, keys
from childgrid_wire import schema as s
from childgrid_wire.errors import Malformed, WireError
from childgrid_wire.identity import Identity, public_of
from childgrid_wire.keys import EnrolledKey
from childgrid_wire.statement import SKEW_SECONDS
from childgrid_wire.trust import View

WORD_SECONDS = 86_400
"""How old a witness's word may be; its log could have grown since."""

_FORMAT = "childgrid-succession-1"
_DOMAIN = b"childgrid/v1 succession\x00"
_LONGEST = 65_536


def _note(value: object, at: str) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise Malformed(at)


_SHAPE = s.record(
    format=s.enum(_FORMAT),
    member=s.member,
    generation=s.integer(),
    log_key=s.base64(32, 32),
    first=_note,
    words=s.items(_note, 100),
    signature=s.base64(64, 64),
)


@dataclass(frozen=True)
class Closing:
    """What a plea proves: where to close whose log, and the key of the next.

    `words` are the sizes that the witnesses named, by member.
    """

    member: str
    end: Checkpoint
    log_key: str
    words: dict[str, int]

    def record(self, old: str, now: int) -> dict[str, Any]:
        """The entry for the directory; `old` is the present log key, base64."""
        return {
            "size": self.end.size,
            "root": canonical.to_b64(self.end.root),
            "log_key": old,
            "time": now,
        }


def make(own: Identity, generation: int, words: Sequence[bytes]) -> bytes:
    """Write and sign the request to close our log `generation`.

    `words` are notes of its log, each with the line of one witness (`Witness.vouch`);
    the key of the next log must have been prepared (`Identity.prepare_log`).
    """
    origin = names.origin(own.member, generation + 1)
    empty = Checkpoint(origin, 0, EMPTY_ROOT)
    first = sign_checkpoint(empty, Signer(origin, ED25519, own.next_log_key))
    table: dict[str, Any] = {
        "format": _FORMAT,
        "member": own.member,
        "generation": generation,
        "log_key": public_of(own.next_log_key),
        "first": first.decode(),
        "words": [one.decode() for one in words],
    }
    signature = own.signer.sign(_DOMAIN + canonical.dumps(table))
    return canonical.dumps({**table, "signature": canonical.to_b64(signature)})


def usable(view: View, log: lineage.Generation, notes: Sequence[bytes]) -> list[bytes]:
    """Those of `notes` that are a witness's word on this log; others spoil nothing."""
    found = []
    for note in notes:
        try:
            _word(view, log, Note.parse(note))
        except (PleaRefused, NoteError):
            continue
        found.append(note)
    return found


def read(data: bytes, view: View) -> Closing:
    """Verify a request under the newest documents and at their time.

    Raises:
        PleaRefused: it does not hold; says why, and what to do.
    """
    try:
        table = canonical.loads(data)
        _SHAPE(table, "succession")
        entry = view.member(table["member"])
        _check_own(table, entry)
        log = lineage.present(entry)
        if table["generation"] != log.number:
            raise PleaRefused("it asks to close another log than the one in force")
        end, words = _end(view, log, [one.encode() for one in table["words"]])
    except (WireError, NoteError) as error:
        raise PleaRefused(f"no request to close a log that holds: {error}") from error
    return Closing(log.member, end, table["log_key"], words)


def _check_own(table: dict[str, Any], entry: dict[str, Any]) -> None:
    """The member signed it, and has the key that it asks for."""
    said = {name: value for name, value in table.items() if name != "signature"}
    raw = canonical.from_b64(entry["key"])
    signature = canonical.from_b64(table["signature"])
    key_ = EnrolledKey(entry["id"], "ed25519", raw)
    keys.verify(key_, _DOMAIN + canonical.dumps(said), signature)
    origin = names.origin(entry["id"], table["generation"] + 1)
    key = Verifier(origin, ED25519, canonical.from_b64(table["log_key"]))
    if open_checkpoint(table["first"].encode(), key.vkey).checkpoint.size:
        raise PleaRefused("the log that is to follow has leaves already")


def _end(
    view: View, log: lineage.Generation, words: Sequence[bytes]
) -> tuple[Checkpoint, dict[str, int]]:
    """The largest checkpoint that a quorum's words name, and everybody's size."""
    named: dict[str, tuple[int, Checkpoint]] = {}
    unseen: dict[str, tuple[int, Checkpoint]] = {}
    for note in words:
        kept = Note.parse(note)
        who, when, seen = _word(view, log, kept)
        table = named if seen.origin == log.origin else unseen
        if who not in table or table[who][0] < when:
            table[who] = (when, seen)
    needed = quorum_of(view, log.member).q
    if not named:
        named, needed = unseen, len(view.witnesses(log.member))
    if len(named) < needed:
        raise PleaRefused(
            f"{len(named)} of {needed} witnesses have said lately what they saw: ask"
            " again by `childgrid-node succeed` once more of them can be reached"
        )
    ends = {seen for _, seen in named.values()}
    end = max(ends, key=lambda one: one.size)
    if len({one.size for one in ends}) != len(ends):
        raise PleaRefused(
            f"witnesses saw two roots of {log.origin} at one size: it was forked; keep"
            " the file as evidence and expel the member"
        )
    end = Checkpoint(log.origin, end.size, end.root)
    return end, {who: seen.size for who, (_, seen) in sorted(named.items())}


def _word(
    view: View, log: lineage.Generation, note: Note
) -> tuple[str, int, Checkpoint]:
    """Which witness said it, when (Unix seconds), and what it had seen last."""
    eyes = {
        one["id"]: witness_key(view, one["id"]) for one in view.witnesses(log.member)
    }
    seen = Checkpoint.parse(note.text)
    lines = verify_note(note, [log.key, *eyes.values()], strict=True)
    nothing = Checkpoint(names.unseen(log.origin), 0, EMPTY_ROOT)
    if seen != nothing and (seen.origin != log.origin or log.key not in lines):
        raise PleaRefused(f"a word in it is not of {log.origin}")
    said = [(who, lines[key][1]) for who, key in eyes.items() if key in lines]
    if len(said) != 1:
        raise PleaRefused("each word in it is of one witness alone")
    ((who, when),) = said
    if not view.now - WORD_SECONDS <= when <= view.now + SKEW_SECONDS:
        raise PleaRefused(
            f"the word of {who} is of another day: ask anew by `childgrid-node succeed`"
        )
    return who, when, seen
