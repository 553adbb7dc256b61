"""An agency's own documents: who its officers are and what it lets go, from TOML.

`staff.toml` lists officers by id, role, rank and public key; names stay elsewhere.
`policy.toml` says for each category what may be released, for which purposes, and
who must sign; it reads as a list of rules. Both are signed by the agency's node and
published only when they changed. Unknown settings are refused, and so is a policy
that would weaken the founders' floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from childgrid_node import acts
from childgrid_node.config import describe
from childgrid_node.journal import Writing
from childgrid_node.office import Office
from childgrid_wire import canonical, keys, settings
from childgrid_wire.errors import ConfigurationRefused, Refused, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.policy import slots_of, stricter
from childgrid_wire.statement import SKEW_SECONDS, Statement

_DAY = 86_400
_STAFF_SECONDS = 366 * _DAY
T = TypeVar("T", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Officer(_Strict):
    """One officer: what the grid may know of the person."""

    id: str
    """The officer's id, for life; no name, and never another person's."""

    role: str
    """What the officer may do: investigator, supervising-officer, custodian and the
    others that the floor names."""

    unit: str
    """Where the officer serves, as a word that names nobody."""

    rank: int
    """0 to 100, as the agencies agreed; a place to sign may demand a least one."""

    key: str
    """The public half of the signing key, as `childgrid-desk key` or the portal's
    enrolment prints it."""

    algorithm: str = "ed25519"
    """What kind of key it is; the program that made the key, or took it from a token,
    prints it where it is another one."""

    rp_id: str = ""
    """For a passkey: the domain that it belongs to, as in `portal.toml`."""

    origins: list[str] = []
    """For a passkey: the addresses of pages on which it may sign. DANGER: whoever
    serves one of them can show one thing and have another signed."""

    training: bool = False
    """An invented officer or a software passkey; refused on a production grid."""

    days: int = 365
    """For how many days the entry is valid, from when the list is signed."""


class _Staff(_Strict):
    officer: list[_Officer]


class _Slot(_Strict):
    """A place that distinct officers must fill before anything is released."""

    slot: str
    """What the place is called; inboxes and logs show it."""

    side: Literal["requester", "holder"]
    """Whose officers fill it: those of the agency that asks, or the own."""

    role: str
    """The role that they must have."""

    min_rank: int = 0
    """The least rank that they must have."""

    persons: int = 1
    """How many distinct persons must sign."""


class _Rule(_Strict):
    """What may leave in one category, for what, and who must sign."""

    silent: bool = False
    """Whether the category answers as no hit until a custodian speaks."""

    purposes: list[str]
    """For which purposes anything may be asked; the floor names those there are."""

    fields: list[str]
    """Labels of the mapping's `[disclose]` that may be released. DANGER: what stands
    here leaves the agency once its custodians have signed."""

    approval: list[_Slot] = []
    """Who must sign beside those whom the floor demands."""


class _Policy(_Strict):
    category: dict[str, _Rule]
    """One table a category; a category without one is silent and releases nothing."""

    query_approval: list[_Slot] = []
    """Who must sign a query of this agency beside those whom the floor demands."""

    break_glass: list[str] = []
    """Categories in which one custodian may release in an emergency. DANGER: an
    approval less; it is reviewed afterwards, and suspended where it is not."""


def staff_body(path: Path, now: int) -> dict[str, Any]:
    """The officers of a `staff` statement; raises `ConfigurationRefused`."""
    staff = _read(path, _Staff)
    officers = []
    for one in staff.officer:
        _check_key(path, one)
        entry = one.model_dump(exclude={"days"})
        start = now // _DAY * _DAY
        officers.append(
            {**entry, "valid_from": start, "valid_until": start + one.days * _DAY}
        )
    return {"officers": officers}


def _check_key(path: Path, officer: _Officer) -> None:
    try:
        keys.check_public_key(officer.algorithm, canonical.from_b64(officer.key))
    except WireError as error:
        raise ConfigurationRefused(
            f"{path.name}: the key of officer {officer.id} is none of algorithm"
            f" {officer.algorithm}; copy the line that made it anew"
        ) from error


def policy_body(path: Path) -> dict[str, Any]:
    """The rules of a `policy` statement; raises `ConfigurationRefused`."""
    policy = _read(path, _Policy)
    rules = []
    for category, rule in policy.category.items():
        body = rule.model_dump(exclude={"approval"})
        slots = [slot.model_dump() for slot in rule.approval]
        rules.append({"category": category, **body, "slots": slots})
    return {
        "rules": rules,
        "query_slots": [slot.model_dump() for slot in policy.query_approval],
        "break_glass": policy.break_glass,
    }


def _read(path: Path, model: type[T]) -> T:
    try:
        table = settings.as_json(settings.read(path))
        return model.model_validate_json(table, strict=True)
    except ValidationError as error:
        raise ConfigurationRefused(f"{path.name}: {describe(error)}") from error


def publish(office: Office, staff: Path, policy: Path) -> list[Statement]:
    """Sign and queue the documents that changed; returns those that are new.

    Raises:
        ConfigurationRefused: a file is wrong; names the file and the setting.
    """
    view = office.view
    wanted = [(Kind.STAFF, staff_body(staff, office.now), view.staff)]
    if policy.exists():
        body = policy_body(policy)
        _check_floor(office, policy, body)
        wanted.append((Kind.POLICY, body, view.policies))
    made = [
        _next(office, kind, body, current.get(office.member))
        for kind, body, current in wanted
        if _changed(body, current.get(office.member), office.now)
    ]
    for document in made:
        _shelve(office, document)
    _send_standing(office)
    return made


def _shelve(office: Office, document: Statement) -> None:
    try:
        office.shelf.add(document.data)
    except WireError as error:
        raise ConfigurationRefused(error.detail) from error


def _send_standing(office: Office) -> None:
    """Queue and note what stands, also what was shelved just before a stop."""
    view = office.view
    with office.journal.writing() as writing:
        for current in (view.staff, view.policies):
            if office.member in current:
                _send(writing, office, current[office.member])


def _send(writing: Writing, office: Office, document: Statement) -> None:
    """Queue a document once; the same transaction notes that it was put in force."""
    known = "SELECT 1 FROM outbox WHERE hash = ?"
    if not writing.rows(known, (document.hash,)):
        acts.note(writing, office, "policy", document.hash)
        writing.send(document)


def _changed(body: Mapping[str, Any], current: Statement | None, now: int) -> bool:
    if current is None or current.expires - now < 30 * _DAY:
        return True
    if current.issued > now + SKEW_SECONDS:  # the board takes it years from now only
        return True
    return any(_timeless(current[name]) != _timeless(body[name]) for name in body)


def _timeless(value: object) -> object:
    """Replace dates that move each day by how long they last: only that changes."""
    if isinstance(value, list):
        return [_timeless(entry) for entry in value]
    if isinstance(value, dict) and "valid_from" in value:
        rest = {
            k: v for k, v in value.items() if k not in ("valid_from", "valid_until")
        }
        return {**rest, "seconds": value["valid_until"] - value["valid_from"]}
    return value


def _next(
    office: Office, kind: Kind, body: dict[str, Any], current: Statement | None
) -> Statement:
    version = current["version"] + 1 if current else 1
    try:
        return office.speak(kind, seconds=_STAFF_SECONDS, version=version, **body)
    except WireError as error:
        raise ConfigurationRefused(error.detail) from error


def _check_floor(office: Office, path: Path, body: dict[str, Any]) -> None:
    floor = office.view.rules()
    try:
        stricter(slots_of(floor["query_slots"]), slots_of(body["query_slots"]))
        for rule in body["rules"]:
            stricter(slots_of(floor["release_slots"]), slots_of(rule["slots"]))
    except Refused as error:
        raise ConfigurationRefused(f"{path.name}: {error.detail}") from error
