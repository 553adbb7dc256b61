"""What a change would do, in words: what a founder reads before signing.

It compares the exact payload that is to be signed with the documents in force. It
judges nothing; the book does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from childgrid_authority.drafts import Draft
from childgrid_wire import closing, probation
from childgrid_wire.book import Book
from childgrid_wire.enrolment import keys_fingerprint
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import fingerprint

_UNSAID = frozenset({"id", "kind", "issuer", "officer", "issued", "expires", "answers"})
_SAID_ELSEWHERE = frozenset({"version", "previous", "previous_founders", "members"})


def drafts(proposal: Sequence[Draft], book: Book | None) -> list[str]:
    """Say line by line what signing `proposal` means; `book` may be unknown yet."""
    lines = []
    for draft in proposal:
        last = _last(draft, book)
        lines.append(f"{draft.kind.value} version {draft.body['version']}")
        lines += [f"  {line}" for line in changes(last, draft)]
        lines.append(f"  signed by: {', '.join(draft.signed_by) or 'nobody yet'}")
    return lines


def _last(draft: Draft, book: Book | None) -> Mapping[str, Any]:
    known = book.by_hash.values() if book else ()
    same = [one for one in known if one.kind is draft.kind]
    return same[-1].body if same else {}


def changes(last: Mapping[str, Any], draft: Draft) -> list[str]:
    """Every field that differs, members one by one with their keys' fingerprint."""
    body = draft.body
    lines = []
    if draft.kind is Kind.DIRECTORY:
        if not last:
            lines.append(f"founds the grid {fingerprint(body)}")
        lines += _members(last.get("members", []), body["members"])
    for name in sorted(body.keys() - _UNSAID - _SAID_ELSEWHERE):
        if body[name] != last.get(name):
            lines.append(f"{name}: {_short(last.get(name))} -> {_short(body[name])}")
    return lines


def _members(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[str]:
    old = {entry["id"]: dict(entry) for entry in before}
    new = {entry["id"]: dict(entry) for entry in after}
    lines = [f"removes {member}" for member in sorted(old.keys() - new.keys())]
    for member, entry in sorted(new.items()):
        if entry != old.get(member):
            word = "changes" if member in old else "admits"
            lines.append(
                f"{word} {member} ({entry['kind']}, {entry['title']}, "
                f"{entry['address']}), keys {keys_fingerprint(entry)}"
            )
            lines += _standing(old.get(member, {}), entry)
    return lines


def _standing(before: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    return [*_closing(before, entry), *_probation(before, entry)]


def _closing(before: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    past = closing.closed(entry)
    if len(past) <= len(closing.closed(before)):
        return []
    return [
        f"closes the log of {entry['id']} at {past[-1]['size']} leaves, for good; what"
        " was asked before is void there"
    ]


def _probation(before: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    member = entry["id"]
    if probation.is_on(entry) and not probation.is_on(before):
        return [f"puts {member} on probation: it takes part in rehearsals only"]
    if probation.is_on(before) and not probation.is_on(entry):
        report = entry.get(probation.REPORT, "none")
        return [f"ends the probation of {member} by conformance report {report}"]
    return []


def _short(value: object) -> str:
    return str(value) if value not in (None, "", [], {}) else "none"


def enrolment(asked: Statement) -> list[str]:
    """Who asks to be admitted, and the fingerprint to compare by telephone."""
    entry = asked["member"]
    return [
        f"{asked.issuer}: {entry['title']} ({entry['kind']}) at {entry['address']}",
        f"  uses {', '.join(entry['uses']) or 'none'}; "
        f"holds {', '.join(entry['categories']) or 'none'}",
        f"  keys {keys_fingerprint(entry)}",
    ]
