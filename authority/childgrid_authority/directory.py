"""The next directory: every way in which the founders may change it.

Each function takes the verified book and returns the drafts to be signed; none signs,
stores or sends. Every draft is the whole directory again with one version more, and
is refused here already where it would break a rule of the grid: two parties with one
key, or witnesses of whom too few could be honest. An agency that comes into a grid
that runs already is on probation until `confirm`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from childgrid_authority.drafts import Draft
from childgrid_authority.errors import ChangeRefused
from childgrid_authority.keys import founder_entry
from childgrid_log.errors import QuorumRefused
from childgrid_log.quorum import Quorum
from childgrid_wire import canonical, closing, probation, statement
from childgrid_wire.book import Book
from childgrid_wire.kinds import Kind
from childgrid_wire.rotation import ceremony
from childgrid_wire.statement import FOUNDERS

DIRECTORY_SECONDS = 90 * 86_400
STANDING_SECONDS = 3_660 * 86_400
_HEADER = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")


@dataclass(frozen=True)
class Witnesses:
    """Who witnesses, how many must cosign, how many may be silent or dishonest."""

    members: Sequence[str]
    quorum: int
    faults: int

    @property
    def record(self) -> dict[str, Any]:
        """As the directory names them."""
        return {
            "members": sorted(self.members),
            "quorum": self.quorum,
            "faults": self.faults,
        }


def first(
    *,
    grid: Mapping[str, str],
    founders: Mapping[str, bytes],
    threshold: int,
    floor: str,
    scheme: str,
    root: str,
    now: int,
) -> Draft:
    """The directory with which a grid begins: founders and rules, no members.

    Args:
        grid: name, kind and id.
        founders: id to public key (32 bytes, or a token's in DER).
        floor, scheme: hashes of the two statements.
        root: fingerprint of the transport root.
        now: Unix seconds.
    """
    body = {
        "version": 1,
        "grid": dict(grid),
        "founders": _founders(founders, threshold),
        "members": [],
        "witnesses": Witnesses((), 0, 0).record,
        "floor": floor,
        "scheme": scheme,
        "epochs": {"current": 0, "accepted": []},
        "key_checks": {},
        "root": root,
        "previous": "",
        "previous_founders": "",
    }
    return _draft(body, now)


def _founders(founders: Mapping[str, bytes], threshold: int) -> dict[str, Any]:
    if not 1 <= threshold <= len(founders):
        raise ChangeRefused("the threshold must lie between 1 and all founders")
    keys = [founder_entry(one, founders[one]) for one in sorted(founders)]
    return {"threshold": threshold, "keys": keys}


def _draft(body: Mapping[str, Any], now: int) -> Draft:
    payload = statement.draft(
        Kind.DIRECTORY, issuer=FOUNDERS, now=now, seconds=DIRECTORY_SECONDS, **body
    )
    return Draft(Kind.DIRECTORY, payload)


def successor(book: Book, now: int, **changes: object) -> Draft:
    """The directory in force with `changes`, one version on.

    Raises:
        ChangeRefused: it would break a rule of the grid.
    """
    last = book.latest(now).directory
    body = {name: value for name, value in last.body.items() if name not in _HEADER}
    body |= {"version": last["version"] + 1, "previous": last.hash}
    body |= {"previous_founders": "", **changes}
    check(body)
    return _draft(body, now)


def check(body: Mapping[str, Any]) -> None:
    """Hold a directory's body against the rules that span its entries.

    Raises:
        ChangeRefused: two entries share a key, or the witnesses break the quorum
            rule for some member's log.
    """
    members = body["members"]
    keys = [key for entry in members for key in closing.keys(entry)]
    if len(set(keys)) != len(keys):
        raise ChangeRefused("two entries share a key; each key has one use")
    waiting = {one["id"] for one in members if probation.is_on(one)}
    if early := sorted(waiting.intersection(body["witnesses"]["members"])):
        raise ChangeRefused(f"{early[0]} is on probation and can't witness yet")
    _check_witnesses(body["witnesses"], {one["id"]: one["kind"] for one in members})


def _check_witnesses(witnesses: Mapping[str, Any], kinds: Mapping[str, str]) -> None:
    named, quorum = witnesses["members"], witnesses["quorum"]
    if not named and not quorum:
        return
    for witness in named:
        if kinds.get(witness, "coordinator") == "coordinator":
            raise ChangeRefused(f"{witness} is no member that may witness")
    for owner in sorted(kinds):
        others = [witness for witness in named if witness != owner]
        try:
            Quorum(len(others), quorum, witnesses["faults"])
        except QuorumRefused as error:
            raise ChangeRefused(f"witnesses of {owner}'s log: {error}") from error


def renew(book: Book, now: int) -> list[Draft]:
    """The same directory for another 90 days."""
    return [successor(book, now)]


def admit(book: Book, entries: Sequence[Mapping[str, Any]], now: int) -> list[Draft]:
    """Put members in, or put new entries in the place of their old ones.

    An agency that is new to a grid with a linkage key in force is put on probation,
    also where it has been something else; who renews its keys stays as it stands.
    """
    old = {one["id"]: one for one in _members(book, now)}
    runs = bool(book.latest(now).directory["epochs"]["current"])
    new = {
        one["id"]: {
            **_admitted(one, old.get(one["id"]), runs=runs),
            **_past(book, one["id"]),
        }
        for one in entries
    }
    members = sorted({**old, **new}.values(), key=lambda entry: str(entry["id"]))
    return [successor(book, now, members=members)]


def _admitted(
    entry: Mapping[str, Any], old: Mapping[str, Any] | None, *, runs: bool
) -> dict[str, Any]:
    standing = (probation.PROBATION, probation.REPORT)
    if old is not None and old["kind"] == entry["kind"]:
        return {**entry, **{name: old[name] for name in standing if name in old}}
    new = runs and entry["kind"] == "agency"
    return {**entry, probation.PROBATION: True} if new else dict(entry)


def _past(book: Book, member: str) -> dict[str, Any]:
    """The logs of a member that were closed stay so, whatever becomes of it."""
    past = closing.closed(book.entries.get(member, {}))
    return {closing.CLOSED: list(past)} if past else {}


def confirm(book: Book, member: str, report: str, now: int) -> list[Draft]:
    """End a member's probation, naming the conformance report (hex SHA-256).

    Raises:
        ChangeRefused: no such member, or it is not on probation.
    """
    entry = _entry(book, member, now)
    if not probation.is_on(entry):
        raise ChangeRefused(f"{member} is not on probation")
    ended = {name: value for name, value in entry.items() if name != "probation"}
    return [_with(book, {**ended, probation.REPORT: report}, now)]


def move(book: Book, member: str, address: str, now: int) -> list[Draft]:
    """Name another address (host:port) at which a member is called.

    Its keys, certificates and log stay: they are bound to its id, not to a host.

    Raises:
        ChangeRefused: no such member, or it is called there already.
        Malformed: no host:port.
    """
    entry = _entry(book, member, now)
    if entry["address"] == address:
        raise ChangeRefused(f"{member} is called at {address} already")
    return [_with(book, {**entry, "address": address}, now)]


def remove(
    book: Book, member: str, now: int, witnesses: Witnesses | None = None
) -> list[Draft]:
    """Take a member out, and out of the witnesses.

    Args:
        witnesses: needed where the remaining ones would break the quorum rule.

    Raises:
        ChangeRefused: no such member, or too few witnesses remain.
    """
    gone = _entry(book, member, now)
    members = [entry for entry in _members(book, now) if entry != gone]
    record = dict(book.latest(now).directory["witnesses"])
    record["members"] = [one for one in record["members"] if one != member]
    after = witnesses.record if witnesses else record
    return [successor(book, now, members=members, witnesses=after)]


def _members(book: Book, now: int) -> list[dict[str, Any]]:
    return list(book.latest(now).directory["members"])


def _entry(book: Book, member: str, now: int) -> dict[str, Any]:
    for entry in _members(book, now):
        if entry["id"] == member:
            return entry
    raise ChangeRefused(f"{member} does not stand in the directory")


def _with(book: Book, entry: Mapping[str, Any], now: int) -> Draft:
    """The directory in force with `entry` in the place of that member's."""
    members = [
        entry if one["id"] == entry["id"] else one for one in _members(book, now)
    ]
    return successor(book, now, members=members)


def set_witnesses(book: Book, witnesses: Witnesses, now: int) -> list[Draft]:
    """Name the witnesses, q and f; refused unless safe for every member's log."""
    if len(set(witnesses.members)) != len(witnesses.members):
        raise ChangeRefused("a witness is named twice")
    return [successor(book, now, witnesses=witnesses.record)]


def set_floor(book: Book, body: Mapping[str, Any], now: int) -> list[Draft]:
    """A new floor (the body that `floor.parse` gives) and the directory naming it."""
    floor = floor_draft(body, _next_version(book, Kind.FLOOR), now)
    return [floor, successor(book, now, floor=floor.hash)]


def set_scheme(book: Book, document: str, profile: str, now: int) -> list[Draft]:
    """A new scheme, by the SHA-256 (hex) of its document.

    Before the first linkage key the directory names it at once. Afterwards a key
    check belongs to the scheme it was made under, so the directory names a new
    scheme together with the epoch whose ceremony used it (`set_epoch`).
    """
    scheme = scheme_draft(document, profile, _next_version(book, Kind.SCHEME), now)
    if book.latest(now).directory["epochs"]["current"]:
        return [scheme]
    return [scheme, successor(book, now, scheme=scheme.hash)]


def floor_draft(body: Mapping[str, Any], version: int, now: int) -> Draft:
    """The `floor` statement of a body."""
    return _standing(Kind.FLOOR, now, {**body, "version": version})


def scheme_draft(document: str, profile: str, version: int, now: int) -> Draft:
    """The `scheme` statement that names a document by its SHA-256 (hex)."""
    body = {"version": version, "document": document, "profile": profile}
    return _standing(Kind.SCHEME, now, body)


def _standing(kind: Kind, now: int, body: Mapping[str, Any]) -> Draft:
    payload = statement.draft(
        kind, issuer=FOUNDERS, now=now, seconds=STANDING_SECONDS, **body
    )
    return Draft(kind, payload)


def _next_version(book: Book, kind: Kind) -> int:
    versions = [one["version"] for one in book.by_hash.values() if one.kind is kind]
    return max(versions, default=0) + 1


def set_epoch(
    book: Book,
    epoch: int,
    members: Collection[str],
    now: int,
    *,
    keep: Collection[int] = (),
    scheme: str = "",
    at_once: bool = False,
) -> list[Draft]:
    """Put a linkage key epoch in force at once, whoever has encoded under it.

    For the first epoch, one under a new scheme, and the one after a compromise; what
    runs meanwhile is refused `epoch` until its node has encoded. Without stopping
    anybody: `epochs.accept`.

    Args:
        members: those whom the founders named for the ceremony, at least three.
        keep: older epochs that stay accepted while nodes encode anew.
        scheme: hash of the scheme statement under which the key check was made;
            left out, the directory's stays.
        at_once: needed where an epoch is in force already and the scheme stays.

    Raises:
        ChangeRefused: the epoch would go back, would stop nodes unasked, or `keep`
            names one that isn't accepted now or belongs to another scheme.
        Refused: the transcripts are incomplete or disagree.
    """
    view = book.latest(now)
    epochs = view.directory["epochs"]
    check_next(book, epoch)
    check_value = ceremony(book, view, epoch, members).agreed()
    if not set(keep) <= set(epochs["accepted"]) | {epoch}:
        raise ChangeRefused("only an epoch that is accepted now can be kept")
    named = scheme or str(view.directory["scheme"])
    if named != view.directory["scheme"]:
        _check_new_scheme(book, named, set(keep) - {epoch})
    elif epochs["accepted"] and not at_once:
        raise ChangeRefused("an epoch is in force; `accept` the new one beside it")
    checks = {**view.directory["key_checks"], f"e{epoch}": check_value}
    return [name_epochs(book, now, epoch, {*keep, epoch}, checks, scheme=named)]


def check_next(book: Book, epoch: int) -> None:
    """Insist that an epoch is accepted now or newer than all that ever were.

    Raises:
        ChangeRefused: otherwise; a retired key never comes back.
    """
    last = book.directories[-1]["epochs"]["accepted"]
    ever = {one for said in book.directories for one in said["epochs"]["accepted"]}
    if epoch not in last and epoch <= max(ever, default=0):
        raise ChangeRefused("an epoch never goes back; name a later one")


def name_epochs(
    book: Book,
    now: int,
    current: int,
    accepted: Collection[int],
    checks: Mapping[str, str],
    **changes: object,
) -> Draft:
    """The directory in force with other epochs, and the key checks of just those."""
    return successor(
        book,
        now,
        epochs={"current": current, "accepted": sorted(accepted)},
        key_checks={f"e{one}": checks[f"e{one}"] for one in sorted(accepted)},
        **changes,
    )


def _check_new_scheme(book: Book, scheme: str, kept: Collection[int]) -> None:
    if book.document(scheme).kind is not Kind.SCHEME:
        raise ChangeRefused("name the new scheme by the hash of its statement")
    if kept:
        raise ChangeRefused("epochs of another scheme can't stay accepted beside it")


def rotate_founders(
    book: Book, founders: Mapping[str, bytes], threshold: int, now: int
) -> list[Draft]:
    """Another set of founders; enough of both sets must sign.

    Args:
        founders: id to public key of everyone who is a founder then, as in `first`.

    Raises:
        ChangeRefused: an id would get another key, or the threshold is no threshold.
    """
    last = book.latest(now).directory
    old = {entry["id"]: entry["key"] for entry in last["founders"]["keys"]}
    for one, public in founders.items():
        if old.get(one, canonical.to_b64(public)) != canonical.to_b64(public):
            raise ChangeRefused(f"founder {one} has another key; use a new id")
    record = _founders(founders, threshold)
    return [successor(book, now, founders=record, previous_founders=last.hash)]
