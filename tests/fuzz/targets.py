"""What is fuzzed: every parser that reads bytes which somebody else wrote.

A target hands bytes to a parser. The parser may accept them or raise its own package's
error; anything else is a crash, and so is a reader of a format with one spelling that
accepts bytes which do not encode back to themselves.
"""

from __future__ import annotations

import base64
import hmac
import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

from childgrid_audit.bundle import read_line
from childgrid_log import plea
from childgrid_log.backup import Manifest
from childgrid_log.checkpoint import Checkpoint, open_checkpoint
from childgrid_log.errors import LogError, PleaRefused
from childgrid_log.evidence import check_evidence
from childgrid_log.keys import COSIGNATURE, ED25519, Signer
from childgrid_log.note import Note
from childgrid_log.proof import LeafProof
from childgrid_node import index_file
from childgrid_node.clk.errors import ClkError
from childgrid_node.clk.load import load
from childgrid_node.clk.schema import Schema
from childgrid_node.index_errors import IndexFileError
from childgrid_node.index_file import HEAD_BYTES, MAC_AT, MAGIC, Keys
from childgrid_node.mapping import Mapping
from childgrid_node.register import Register
from childgrid_node.source_errors import SourceError
from childgrid_portal.web import passkeys
from childgrid_portal.web.accounts import Login
from childgrid_portal.web.config import PortalConfig
from childgrid_portal.web.passkeys import NotAccepted
from childgrid_portal.web.training import SoftKey
from childgrid_wire import (
    canonical,
    certificates,
    envelope,
    keyfile,
    keys,
    sealed_file,
    statement,
)
from childgrid_wire.book import Book
from childgrid_wire.envelope import Envelope
from childgrid_wire.errors import WireError
from childgrid_wire.keys import EnrolledKey
from childgrid_wire.kinds import Kind
from childgrid_wire.trust import View
from gridcast import START, documents

VECTORS = Path(__file__).parents[1] / "vectors"
CHALLENGE = bytes(range(32))
INDEX_KEY = bytes(range(32))
SEALING = bytes(range(32))
LOG = Signer("fuzz.childgrid.internal/log", ED25519, b"l" * 32)
WITNESS = Signer("eye.childgrid.internal/witness", COSIGNATURE, b"w" * 32)
ENTRY = b"an entry"
GAP = b"\0\0"
MAPPING = """
agency = "fuzz"
source = "rows.csv"
key = "id"
role = { column = "role", suspect = ["accused"] }
[fields]
name = ["given", "family"]
age = { column = "age", as_of = "date" }
identifier = { type = "kind", number = "number" }
[where]
state = { not_in = ["closed"] }
"""


class Ambiguous(AssertionError):
    """Bytes were accepted that are not the one spelling of what they say."""


@dataclass(frozen=True)
class Target:
    """A parser under its name, and the errors that are its own."""

    run: Callable[[bytes], None]
    refuses: tuple[type[Exception], ...]

    def accepts(self, data: bytes) -> bool:
        """Whether the parser takes `data`; whatever is no refusal comes out."""
        try:
            self.run(data)
        except self.refuses:
            return False
        return True


def _same(data: bytes, again: bytes) -> None:
    if again != data:
        raise Ambiguous


def _note(data: bytes) -> None:
    _same(data, Note.parse(data).encode())


def _checkpoint(data: bytes) -> None:
    _same(data, Checkpoint.parse(data).text)


def _opened(data: bytes) -> None:
    open_checkpoint(data, LOG.vkey, [WITNESS.vkey], 1, strict=True)


def _proof(data: bytes) -> None:
    proof = LeafProof.parse(data)
    _same(data, proof.encode())
    proof.verify(ENTRY, LOG.vkey, [WITNESS.vkey], 1)


def _evidence(data: bytes) -> None:
    check_evidence(data, LOG.vkey)


def _envelope(data: bytes) -> None:
    outer = envelope.read(data)
    _same(data, envelope.assemble(outer.kind, outer.payload, outer.signatures))


def _statement(data: bytes) -> None:
    """The first line names the kind, the rest is the payload."""
    name, _, payload = data.partition(b"\n")
    kind = {one.value.encode(): one for one in Kind}.get(name, Kind.QUERY)
    said = statement.parse(Envelope(kind, payload, (), b""))
    _same(payload, canonical.dumps(said.body))


def _line(data: bytes) -> None:
    _same(data + b"\n", read_line(data).encode())


@cache
def _assertions() -> list[tuple[EnrolledKey, bytes, dict[str, str]]]:
    """A right assertion of each algorithm: key, message, and the three parts."""
    known = {}
    for one in json.loads((VECTORS / "wire" / "webauthn.json").read_text()):
        if one["accepted"]:
            spki, sites = canonical.from_b64(one["key"]), tuple(one["origins"])
            key = EnrolledKey("police/io-7", "webauthn", spki, one["rp_id"], sites)
            found = key, bytes.fromhex(one["message"]), one["signature"]
            known.setdefault(one["algorithm"], found)
    return list(known.values())


def _webauthn(data: bytes) -> None:
    """The bytes as a whole assertion under each key; one of them must hold."""
    for key, message, _ in _assertions()[:-1]:
        try:
            keys.verify(key, message, data)
        except WireError:
            continue
        return
    key, message, _ = _assertions()[-1]
    keys.verify(key, message, data)


def _client_data(data: bytes) -> None:
    """The bytes as the browser's and as the authenticator's part of an assertion."""
    for part in ("authenticatorData", "clientDataJSON"):
        for key, message, parts in _assertions():
            told = canonical.dumps({**parts, part: canonical.to_b64(data)})
            try:
                keys.verify(key, message, told)
            except WireError:
                continue
            return
    raise WireError(keys.Reason.BAD_SIGNATURE)


def header(text: bytes) -> bytes:
    """A header slot whose MAC holds, whatever it says."""
    body = MAGIC + len(text).to_bytes(4, "little") + text
    body = body[:MAC_AT].ljust(MAC_AT, b"\0")
    mac = Keys.derive(INDEX_KEY, "").mac
    return body + hmac.digest(mac, body, "sha256")


def _index(data: bytes) -> None:
    """As a file; else as a header's text under a right MAC, with frames behind it."""
    mac = Keys.derive(INDEX_KEY, "").mac
    try:
        index_file.read_header(memoryview(data), mac)
    except IndexFileError:
        text, _, frames = data.partition(GAP)
        data = header(text) + bytes(HEAD_BYTES) + frames
    view = memoryview(data)
    found = index_file.read_header(view, mac)
    index_file.verify_frames(view, found)
    index_file.read_frames(view, found, Keys.derive(INDEX_KEY, found.file_id))


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    memory = "/dev/shm"  # noqa: S108 - a fresh folder inside is made
    return tempfile.TemporaryDirectory(
        dir=memory if os.access(memory, os.W_OK) else None
    )


def _certificate(data: bytes) -> None:
    """As the DER of whatever a caller shows at the door."""
    body = base64.encodebytes(data)
    pem = b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"
    certificates.peer_of(pem)


def _schema(data: bytes) -> None:
    Schema.parse(data, folds="declared")


def _clks(data: bytes) -> None:
    path = Path(_folder().name) / "clks.json"
    path.write_bytes(data)
    load(path)


def _mapping(data: bytes) -> None:
    path = Path(_folder().name) / "source.toml"
    path.write_bytes(data)
    tuple(Mapping.read(path).columns())


def _rows(data: bytes) -> None:
    folder = Path(_folder().name)
    (folder / "rows.csv").write_bytes(data)
    with Register.open(Mapping.parse(MAPPING), folder) as register:
        found = [row for batch in register.rows() for row in batch]
        for row in found[:3]:
            again = register.reread(row.key)
            if again is None or dict(again.values) != dict(row.values):
                raise Ambiguous


@cache
def portal() -> tuple[PortalConfig, SoftKey, Login]:
    """A portal, a passkey and what the portal knows of it."""
    where = {"desk_pass": Path("desk.pass"), "state_dir": Path("state")}
    config = PortalConfig(
        member="fuzz",
        title="Fuzz",
        origin="http://fuzz.localhost:1",
        rp_id="fuzz.localhost",
        desk="127.0.0.1:1",
        **where,
    )
    key = SoftKey(b"passkey", 7**80, config.rp_id, config.origin)
    return config, key, Login(key.id, key.cose)


def _passkey(data: bytes) -> None:
    """What a browser posts, as a login, as a new passkey and as a signature."""
    config, _, login = portal()
    text = data.decode("utf-8", "replace")
    for judge in (
        lambda: passkeys.entered(config, text, CHALLENGE, [login]),
        lambda: passkeys.made(config, text, CHALLENGE).spki,
    ):
        try:
            judge()
        except NotAccepted:
            continue
    passkeys.touched(text)


def sealed(content: bytes) -> bytes:
    """A sealed file of that content, under a key that is no passphrase's."""
    file = io.BytesIO()
    with mock.patch.object(keyfile, "stretch", lambda *_: SEALING):
        writer = sealed_file.Writer(file, b"")
    writer.write(content)
    writer.finish()
    return file.getvalue()


def _sealed(data: bytes) -> None:
    with mock.patch.object(keyfile, "stretch", lambda *_: SEALING):
        reader = sealed_file.Reader(io.BytesIO(data), b"", "fuzz.backup")
    while reader.read(1_000):
        pass
    reader.finish()


def _manifest(data: bytes) -> None:
    if Manifest.read(data).dump() != data:
        raise Ambiguous


@cache
def witnessed() -> View:
    """What the founders of the tests' grid know when a request comes to them."""
    root, board, _ = documents(START)
    book = Book(root)
    for data in board:
        book.add(data)
    return book.latest(START + 60)


def _plea(data: bytes) -> None:
    plea.read(data, witnessed())
    _same(data, canonical.dumps(canonical.loads(data)))


TARGETS = {
    "plea": Target(_plea, (PleaRefused,)),
    "sealed": Target(_sealed, (WireError,)),
    "manifest": Target(_manifest, (WireError,)),
    "note": Target(_note, (LogError,)),
    "checkpoint": Target(_checkpoint, (LogError,)),
    "opened": Target(_opened, (LogError,)),
    "proof": Target(_proof, (LogError,)),
    "evidence": Target(_evidence, (LogError,)),
    "envelope": Target(_envelope, (WireError,)),
    "statement": Target(_statement, (WireError,)),
    "line": Target(_line, (LogError, WireError)),
    "webauthn": Target(_webauthn, (WireError,)),
    "client-data": Target(_client_data, (WireError,)),
    "passkey": Target(_passkey, (NotAccepted,)),
    "index": Target(_index, (IndexFileError,)),
    "certificate": Target(_certificate, (WireError,)),
    "schema": Target(_schema, (ClkError,)),
    "clks": Target(_clks, (ClkError,)),
    "mapping": Target(_mapping, (SourceError,)),
    "rows": Target(_rows, (SourceError,)),
}
