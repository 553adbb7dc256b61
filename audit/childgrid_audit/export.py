"""Exporting a mirror: one directory that anyone can verify offline.

The manifest is signed last, over the files as they were written, and logged at the
station: whoever takes statements out leaves a leaf. An export never overwrites.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from childgrid_audit import bundle
from childgrid_audit.bundle import MANIFEST, Files, Folder
from childgrid_audit.errors import ExportRefused
from childgrid_audit.station import Station
from childgrid_wire import statement
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind

YEARS_30 = 30 * 366 * 86_400


def export(station: Station, folder: Path) -> int:
    """Write the station's mirror to `folder`; returns the number of files.

    Raises:
        ExportRefused: something stands in `folder`, or nothing has been mirrored.
        StoreError: the station's own log refuses; the manifest is not written then.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ExportRefused(f"{folder} is not empty: name a new directory")
    store = station.store
    with store.locked():
        directories = store.board.book.directories
        if not directories:
            raise ExportRefused("nothing has been mirrored: run `mirror` first")
        files = dict(store.files())
        for path, data in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    now = int(station.clock())
    signer = station.identity.signer
    made = manifest(Folder(folder), signer, directories[-1].hash, now)
    known = station.shelf.book.latest(now)
    said = statement.verify(made, known.find_key, Kind.MANIFEST)
    station.say(said)
    (folder / MANIFEST).write_bytes(made)
    return len(files)


def manifest(files: Files, signer: Signer, directory: str, now: int) -> bytes:
    """Sign the list of `files`; `directory` is the newest directory's hash."""
    listed: Mapping[str, object] = {
        path: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for path in files
        if path != MANIFEST and bundle.is_known(path)
        for data in (files[path],)
    }
    return statement.make(
        Kind.MANIFEST,
        signer,
        issuer=signer.keyid,
        now=now,
        seconds=YEARS_30,
        files=listed,
        directory=directory,
    )
