"""The room of the manifest: an auditor vouches for exactly these files.

It says nothing about whether the files are true; the other rooms do. The rule: no file
is unknown, none is missing, and every byte of each is the one that was exported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from childgrid_audit import bundle
from childgrid_audit.bundle import MANIFEST, Files
from childgrid_audit.documents import Law
from childgrid_audit.findings import Report
from childgrid_audit.memo import Memo, content
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.errors import Reason, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View


def read_manifest(
    files: Files, law: Law, memo: Memo, report: Report
) -> Statement | None:
    """Verify the manifest and hold it against the files; None if it does not verify."""
    data = files.get(MANIFEST)
    if data is None:
        report.add(MANIFEST, "auditor", "manifest", "is missing")
        return None
    try:
        made = _verified(data, law, memo)
    except WireError as error:
        what = f"does not verify: {error.reason.value} {error.detail}".rstrip()
        report.add(MANIFEST, _claimed(data), "manifest", what)
        return None
    _check_files(files, made["files"], report)
    newest = law.book.directories[-1].hash if law.book.directories else ""
    if made["directory"] != newest:
        what = "names another directory than the newest of the documents"
        report.add(MANIFEST, made.issuer, "manifest", what)
    return made


def _verified(data: bytes, law: Law, memo: Memo) -> Statement:
    outer = envelope.read(data)
    issued = canonical.loads(outer.payload).get("issued")
    if type(issued) is not int:
        raise Untrusted(Reason.MALFORMED, "manifest.issued")

    def check(view: View) -> Statement:
        key = view.find_key(outer.signatures[0].keyid)
        made = memo.once(
            ("statement", content(data), key),
            lambda: statement.verify(data, lambda _: key, Kind.MANIFEST),
        )
        if view.member(made.issuer)["kind"] != "auditor":
            raise Untrusted(Reason.WRONG_ROLE, "manifest.issuer")
        return made

    return law.under(issued, check)


def _claimed(data: bytes) -> str:
    """Whoever the envelope names as its signer; believed in nothing else."""
    try:
        return envelope.read(data).signatures[0].keyid
    except WireError:
        return "auditor"


def _check_files(
    files: Files, named: Mapping[str, Mapping[str, Any]], report: Report
) -> None:
    present = set(files) - {MANIFEST}
    for path in sorted(present - named.keys()):
        report.add(path, party_of(path), "file", "is not in the manifest")
    for path in sorted(named.keys() - present):
        report.add(path, party_of(path), "file", "is missing")
    for path in sorted(present & named.keys()):
        if not bundle.is_known(path):
            report.add(path, party_of(path), "file", "has no place in a bundle")
            continue
        data = files.get(path)
        expected = named[path]["sha256"], named[path]["size"]
        if data is None or (hashlib.sha256(data).hexdigest(), len(data)) != expected:
            report.add(path, party_of(path), "file", "is not what was exported")


def party_of(path: str) -> str:
    """Whose file this is."""
    folder, _, rest = path.partition("/")
    return (
        bundle.member_of(rest.partition("/")[0])
        if folder == "logs" and rest
        else "board"
    ) or "unknown"
