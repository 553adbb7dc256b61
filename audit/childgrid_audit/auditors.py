"""The people of an auditor's station: their keys, and the list that says who they are.

A finding is a person's word, so it is signed with a person's key, and the key stands in
a staff list that the station signs and hangs on the board, as every agency does for its
officers. Names stay at home. The rule: a key is made by the person who holds it, and
only its public half goes into the list.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from childgrid_audit import spool
from childgrid_audit.config import described
from childgrid_audit.station import Station
from childgrid_wire import canonical, keys, personal, settings, statement
from childgrid_wire.errors import ConfigurationRefused, WireError
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.schema import OFFICER

ROLE = "auditor"
_DAY = 86_400
_LIST_SECONDS = 400 * _DAY


class _Auditor(BaseModel):
    """One person of the list; `key` is the public half, base64, of `algorithm`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=rf"^{OFFICER}$")
    key: str
    algorithm: Literal["ed25519", "rsa-pkcs1v15-sha256", "ecdsa-p256-sha256"] = (
        "ed25519"
    )
    unit: str = Field("audit", pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    days: int = Field(365, ge=1, le=400)
    training: bool = False


class _People(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    auditor: list[_Auditor]


def make_key(path: Path, member: str, officer: str, passphrase: bytes) -> str:
    """Make a person's key in a locked file; returns its public half (base64).

    Raises:
        ConfigurationRefused: there is a file already, or the passphrase is short.
    """
    return canonical.to_b64(personal.make(path, f"{member}/{officer}", passphrase))


def open_key(path: Path, secret: bytes) -> Signer:
    """A person's key, by its passphrase or PIN; raises `ConfigurationRefused`."""
    return personal.open_key(path, secret)


def enlist(station: Station, path: Path) -> bytes:
    """Sign the next version of the station's staff list, shelve it, and spool it.

    Args:
        station: an open station.
        path: TOML with one `[[auditor]]` for each person: `id`, `key`, and if wanted
            `algorithm`, `unit`, `days` (how long it is valid), `training`.

    Returns:
        The document, to be hung on the board.

    Raises:
        ConfigurationRefused: the file is wrong; names the setting.
        Untrusted: the station does not stand in the directory.
    """
    now = int(station.clock())
    view = station.shelf.book.latest(now)
    before = view.staff.get(station.member)
    made = statement.make(
        Kind.STAFF,
        station.identity.signer,
        issuer=station.member,
        now=now,
        seconds=_LIST_SECONDS,
        version=before["version"] + 1 if before else 1,
        officers=[_entry(one, now) for one in _read(path).auditor],
    )
    station.shelf.add(made)
    spool.leave(station.folder, made)
    return made


def _entry(one: _Auditor, now: int) -> dict[str, Any]:
    try:
        keys.check_public_key(one.algorithm, canonical.from_b64(one.key))
    except WireError as error:
        raise ConfigurationRefused(f"the key of auditor {one.id}") from error
    start = now // _DAY * _DAY
    return {
        "id": one.id,
        "role": ROLE,
        "unit": one.unit,
        "rank": 0,
        "algorithm": one.algorithm,
        "key": one.key,
        "rp_id": "",
        "origins": [],
        "training": one.training,
        "valid_from": start,
        "valid_until": start + one.days * _DAY,
    }


def _read(path: Path) -> _People:
    try:
        table = settings.as_json(settings.read(path))
        return _People.model_validate_json(table, strict=True)
    except ValidationError as error:
        raise ConfigurationRefused(f"{path.name}: {described(error)}") from error
