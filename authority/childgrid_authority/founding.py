"""Founding a grid: keys, root, floor, scheme and the first directory, in one go.

Everything that members will ever trust follows from the fingerprint that this prints.
The kind of the grid (training or production) is fixed here for good.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from childgrid_authority import directory, keys
from childgrid_authority.authority import Authority
from childgrid_authority.drafts import Draft
from childgrid_authority.errors import FolderRefused
from childgrid_authority.keys import Passphrases
from childgrid_wire import certificates
from childgrid_wire.certificates import Pair
from childgrid_wire.keys import SeedSigner
from childgrid_wire.shelf import Shelf
from childgrid_wire.trust import fingerprint


@dataclass(frozen=True)
class Charter:
    """What founders agree on before there is a grid.

    `founders` are ids whose keys are made or lie here; `absent` are ids with public
    keys (32 bytes, or a token's in DER) made elsewhere. `scheme` is the hex SHA-256 of
    the scheme document and `profile` its profile; `floor` is what `floor.parse` gives.
    """

    name: str
    kind: str
    founders: Sequence[str]
    threshold: int
    floor: Mapping[str, Any]
    scheme: str
    profile: str
    absent: Mapping[str, bytes] = field(default_factory=dict)


def found(
    folder: Path, charter: Charter, passphrases: Passphrases, now: int
) -> Authority:
    """Found a grid in `folder`.

    With enough founders here the first directory is in force at once; otherwise it
    waits in `proposals/` for the absent ones.

    Args:
        passphrases: one for each founder who is here, and the root's.

    Raises:
        FolderRefused: a grid was founded here already, or a passphrase is missing.
        ChangeRefused: the threshold is none.
        Malformed: a name, kind or digest is out of shape.
    """
    _check_folder(folder, charter, passphrases)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    public = {one: _key(folder, one, passphrases[one]) for one in charter.founders}
    root = keys.create_root(folder, charter.name, passphrases[keys.ROOT], now)
    change = _first(charter, {**public, **charter.absent}, root, now)
    Shelf.create(folder / "documents", fingerprint(change[0].body))
    authority = Authority(folder)
    if len(charter.founders) >= charter.threshold:
        authority.enact(change, passphrases)
    else:
        authority.propose(change, passphrases)
    return authority


def _check_folder(folder: Path, charter: Charter, passphrases: Passphrases) -> None:
    if (folder / "documents").exists():
        raise FolderRefused("a grid was founded in this folder already")
    for one in (keys.ROOT, *charter.founders):
        if one not in passphrases:
            raise FolderRefused(f"the passphrase of {one} is missing")
    if set(charter.founders) & set(charter.absent):
        raise FolderRefused("a founder is either here or absent")
    if len(set(charter.founders)) != len(charter.founders):
        raise FolderRefused("a founder is named twice")
    _first(charter, _placeholders(charter), None, 0)


def _placeholders(charter: Charter) -> dict[str, bytes]:
    """Keys that only serve to try the form of a charter before any key is made."""
    seeds = {one: bytes([n]) * 32 for n, one in enumerate(charter.founders)}
    made = {one: SeedSigner(one, seed).public for one, seed in seeds.items()}
    return made | dict(charter.absent)


def _key(folder: Path, founder: str, passphrase: bytes) -> bytes:
    if keys.has_key(folder, founder):
        return keys.open_founder(folder, founder, passphrase).public
    return keys.create_founder(folder, founder, passphrase)


def _first(
    charter: Charter, founders: Mapping[str, bytes], root: bytes | None, now: int
) -> list[Draft]:
    floor = directory.floor_draft(charter.floor, 1, now)
    scheme = directory.scheme_draft(charter.scheme, charter.profile, 1, now)
    grid = {
        "name": charter.name,
        "kind": charter.kind,
        "id": secrets.token_hex(16),
    }
    first = directory.first(
        grid=grid,
        founders=founders,
        threshold=charter.threshold,
        floor=floor.hash,
        scheme=scheme.hash,
        root=_root_digest(root),
        now=now,
    )
    return [first, floor, scheme]


def _root_digest(root: bytes | None) -> str:
    return certificates.fingerprint(Pair(b"", root).certificate) if root else "0" * 64
