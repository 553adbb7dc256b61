"""What may cross between zones: fresh code, stable format, and nothing but envelopes.

The wall: in every service that leaves an agency, `bytes` are envelopes and sealed
content only, every text has a form that is written down here, and nothing that names
a person (`desk.proto`) can be reached. Each check is shown to fail on a file in which
the wall was broken on purpose.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from google.protobuf.descriptor_pool import DescriptorPool

ROOT = Path(__file__).parents[1]
PROTO = ROOT / "proto"
GENERATED = PROTO / "childgrid_wire" / "pb"
BASELINE = PROTO / "baseline.binpb"
BUF = Path(sys.executable).with_name("buf")
PACKAGE = "childgrid.v1."
FOLDER = "childgrid_wire/pb"

LEAVE_AN_AGENCY = {
    "NodeService",
    "WitnessService",
    "ExchangeService",
    "BoardService",
    "JoiningService",
    "LogService",
}
STAY_AT_HOME = {"DeskService"}
OPAQUE = {"Envelope.payload", "Sealed.ciphertext"}
TEXTS = {
    "CheckpointResponse.checkpoint": "a signed note",
    "CosignRequest.checkpoint": "a signed note",
    "CosignResponse.latest": "a signed note",
    "CosignRequest.log": "a member id",
    "CosignRequest.nonce": "hex of 16 bytes",
    "CosignRequest.proof": "base64 of a hash",
    "CosignResponse.cosignature": "one line of a signed note",
    "CosignResponse.refusal": "one of two words",
    "EnrolResponse.issuer": "a PEM certificate",
    "EnrolResponse.root": "a PEM certificate",
    "EnrolResponse.state": "one of two words",
    "LogEntry.leaf": "a canonical commitment",
    "LogEntry.salt": "hex of 32 bytes",
    "OutcomeRequest.query": "hex of a hash",
    "Proof.checkpoint": "a signed note",
    "Proof.hashes": "base64 of a hash",
    "Proof.leaf": "a canonical commitment",
    "Proof.salt": "hex of 32 bytes",
    "RankedCandidate.band": "one of three words",
    "RankedCandidate.handle": "hex of 16 bytes",
    "RankedCandidate.member": "a member id",
    "SubmitRequest.ContentsEntry.key": "a member id",
    "TargetOutcome.member": "a member id",
    "TargetOutcome.reason": "a word of the error table",
    "WelcomeRequest.enrolment": "hex of a hash",
    "WelcomeRequest.issuer": "a PEM certificate",
    "WelcomeRequest.root": "a PEM certificate",
    "WitnessRequest.CallsEntry.key": "a member id",
    "WitnessResponse.RepliesEntry.key": "a member id",
    "WitnessResponse.silent": "a member id",
}
NUMBERS = {
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_BOOL,
    FieldDescriptor.TYPE_ENUM,
}


def copied(folder: Path) -> Path:
    """The .proto files where they import each other, and buf's settings."""
    (folder / FOLDER).mkdir(parents=True)
    for path in PROTO.glob("*.proto"):
        shutil.copy(path, folder / FOLDER)
    shutil.copy(PROTO / "buf.yaml", folder)
    return folder


def edited(folder: Path, name: str, old: str, new: str) -> Path:
    """The copy with one thing changed."""
    path = folder / FOLDER / name
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")
    return folder


def protoc(folder: Path, *options: str) -> None:
    """Run the compiler over all files of a copy."""
    files = sorted(
        f"{FOLDER}/{path.name}" for path in (folder / FOLDER).glob("*.proto")
    )
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I.", *options, *files],
        cwd=folder,
        check=True,
    )


def stale(folder: Path) -> list[str]:
    """Names of generated files that the copy's .proto files would give otherwise."""
    out = folder / "out"
    out.mkdir()
    protoc(folder, "--python_out=out", "--pyi_out=out", "--grpc_python_out=out")
    fresh = {path.name: path.read_bytes() for path in (out / FOLDER).iterdir()}
    kept = {
        path.name: path.read_bytes()
        for path in GENERATED.glob("*_pb2*")
        if path.is_file()
    }
    return sorted(name for name in fresh | kept if fresh.get(name) != kept.get(name))


def buf(folder: Path, *command: str) -> str:
    """What buf has to say; empty where it is content."""
    done = subprocess.run(
        [str(BUF), *command], cwd=folder, capture_output=True, text=True
    )
    assert bool(done.returncode) is bool(done.stdout), done.stderr
    return done.stdout


def test_the_generated_code_is_fresh(tmp_path: Path) -> None:
    """Compiling again gives the committed files, byte for byte."""
    assert stale(copied(tmp_path)) == []


def test_stale_code_would_be_noticed(tmp_path: Path) -> None:
    """A field that was never compiled shows in every file that it touches."""
    folder = edited(
        copied(tmp_path),
        "node.proto",
        "  Envelope answer = 1;",
        "  Envelope answer = 1;\n  uint32 extra = 2;",
    )
    assert stale(folder) == ["node_pb2.py", "node_pb2.pyi"]


def test_the_files_are_well_formed(tmp_path: Path) -> None:
    """buf's standard rules hold, and its complaint is seen when they don't."""
    folder = copied(tmp_path)
    assert buf(folder, "lint") == ""
    edited(folder, "log.proto", "string leaf = 2;", "string Leaf = 2;")
    assert "Leaf" in buf(folder, "lint")


@pytest.mark.parametrize(
    ("name", "old", "new", "named"),
    [
        ("values.proto", "bytes payload = 1;", "bytes payload = 2;", "payload"),
        ("values.proto", "bytes payload = 1;", "string payload = 1;", "payload"),
        ("node.proto", "  Sealed content = 4;", "", "content"),
        ("coordinator.proto", "STATE_HIT = 2;", "STATE_HIT = 9;", "TARGET_STATE_HIT"),
        ("log.proto", "  string leaf = 2;", "", "leaf"),
        ("log.proto", "rpc Entries(", "rpc Leaves(", "Entries"),
        ("log.proto", "service LogService", "service LeafService", "LogService"),
        ("desk.proto", "string verdict = 5;", "string verdict = 99;", "verdict"),
    ],
)
def test_what_was_agreed_is_not_taken_back(
    tmp_path: Path, name: str, old: str, new: str, named: str
) -> None:
    """Today's files go with those of the last release (`shapes` keeps them); what was
    removed, renumbered or retyped does not, and is named."""
    folder = copied(tmp_path)
    against = ("breaking", "--against", str(BASELINE))
    assert buf(folder, *against) == ""
    told = buf(edited(folder, name, old, new), *against)
    assert name in told
    assert f'"{named}"' in told


def reachable(start: Descriptor, seen: dict[str, Descriptor]) -> None:
    """Every message that a message can hold, into `seen`."""
    if start.full_name in seen:
        return
    seen[start.full_name] = start
    for field in start.fields:
        if field.message_type is not None:
            reachable(field.message_type, seen)


def field_faults(message: Descriptor) -> Iterator[str]:
    """Fields that could carry what must not cross."""
    for field in message.fields:
        name = field.full_name.removeprefix(PACKAGE)
        if field.type == FieldDescriptor.TYPE_BYTES:
            if name not in OPAQUE:
                yield f"bytes {name}"
        elif field.type == FieldDescriptor.TYPE_STRING:
            if name not in TEXTS:
                yield f"string {name}"
        elif field.type != FieldDescriptor.TYPE_MESSAGE and field.type not in NUMBERS:
            yield f"type of {name}"


def faults(files: FileDescriptorSet) -> list[str]:
    """Everything in which the files break the wall."""
    pool = DescriptorPool()
    for file in files.file:
        pool.Add(file)
    found, seen = set[str](), dict[str, Descriptor]()
    for file in files.file:
        opened = pool.FindFileByName(file.name)
        for name, service in opened.services_by_name.items():
            if name in STAY_AT_HOME:
                continue
            if name not in LEAVE_AN_AGENCY:
                found.add(f"unknown service {name}")
            if any("desk" in imported for imported in file.dependency):
                found.add(f"{file.name} imports desk.proto")
            for method in service.methods:
                if method.client_streaming or method.server_streaming:
                    found.add(f"stream {name}.{method.name}")
                reachable(method.input_type, seen)
                reachable(method.output_type, seen)
    for message in seen.values():
        if message.file.name.endswith("desk.proto"):
            found.add(f"{message.name} of desk.proto")
        if not message.full_name.startswith(PACKAGE):
            found.add(f"foreign {message.full_name}")
        found.update(field_faults(message))
    return sorted(found)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The compiled descriptors of the files as they are."""
    folder = copied(tmp_path_factory.mktemp("described"))
    protoc(folder, "--descriptor_set_out=all.binpb", "--include_imports")
    return (folder / "all.binpb").read_bytes()


@pytest.mark.threat("T2")
def test_nothing_but_envelopes_and_sealed_content_leaves(described: bytes) -> None:
    """The files as they are keep the wall, and the lists here hold nothing unused."""
    files = FileDescriptorSet.FromString(described)
    assert faults(files) == []
    named = {
        f"{scope}.{field.name}"
        for file in files.file
        if not file.name.endswith("desk.proto")
        for scope, message in messages(file.message_type)
        for field in message.field
    }
    assert named >= set(TEXTS) | OPAQUE
    services = {service.name for file in files.file for service in file.service}
    assert services == LEAVE_AN_AGENCY | STAY_AT_HOME


def messages(
    nested: list[DescriptorProto], scope: str = ""
) -> Iterator[tuple[str, DescriptorProto]]:
    """Every message of a file with its name."""
    for message in nested:
        yield f"{scope}{message.name}", message
        yield from messages(message.nested_type, f"{scope}{message.name}.")


def added(
    file: str,
    message: str,
    kind: int,
    name: str,
    of: str = "",
) -> Callable[[FileDescriptorSet], None]:
    """One field more in one message."""

    def change(files: FileDescriptorSet) -> None:
        (chosen,) = [one for one in files.file if one.name.endswith(f"/{file}")]
        (target,) = [one for one in chosen.message_type if one.name == message]
        target.field.add(
            name=name,
            number=99,
            type=kind,
            label=FieldDescriptorProto.LABEL_OPTIONAL,
            type_name=of or None,
        )
        if of.startswith(".childgrid.v1.") and "Draft" in of:
            chosen.dependency.append(f"{FOLDER}/desk.proto")

    return change


def streaming(files: FileDescriptorSet) -> None:
    """One method becomes a stream."""
    (chosen,) = [one for one in files.file if one.name.endswith("/log.proto")]
    chosen.service[0].method[1].server_streaming = True


def another_service(files: FileDescriptorSet) -> None:
    """A service that nobody judged."""
    (chosen,) = [one for one in files.file if one.name.endswith("/node.proto")]
    service = chosen.service.add(name="PeopleService")
    method = service.method.add(name="Find")
    method.input_type = method.output_type = ".childgrid.v1.MatchRequest"


def foreign(files: FileDescriptorSet) -> None:
    """A message from another package, which can hold anything."""
    other = FileDescriptorProto(name="any.proto", package="other", syntax="proto3")
    other.message_type.add(name="Any")
    files.file.insert(0, other)
    (chosen,) = [one for one in files.file if one.name.endswith("/values.proto")]
    chosen.dependency.append("any.proto")
    kind = FieldDescriptorProto.TYPE_MESSAGE
    added("values.proto", "Envelope", kind, "extra", ".other.Any")(files)


BROKEN = [
    (
        added("node.proto", "MatchRequest", FieldDescriptorProto.TYPE_BYTES, "filter"),
        ["bytes MatchRequest.filter"],
    ),
    (
        added("values.proto", "Proof", FieldDescriptorProto.TYPE_BYTES, "photo"),
        ["bytes Proof.photo"],
    ),
    (
        added(
            "coordinator.proto",
            "TargetOutcome",
            FieldDescriptorProto.TYPE_STRING,
            "remarks",
        ),
        ["string TargetOutcome.remarks"],
    ),
    (
        added("log.proto", "LogEntry", FieldDescriptorProto.TYPE_DOUBLE, "score"),
        ["type of LogEntry.score"],
    ),
    (
        added(
            "node.proto",
            "MatchRequest",
            FieldDescriptorProto.TYPE_MESSAGE,
            "draft",
            ".childgrid.v1.ViewDraft",
        ),
        [
            "ViewDraft of desk.proto",
            f"{FOLDER}/node.proto imports desk.proto",
            "string ViewDraft.object",
            "string ViewDraft.officer",
            "string ViewDraft.subject",
        ],
    ),
    (streaming, ["stream LogService.Entries"]),
    (another_service, ["unknown service PeopleService"]),
    (foreign, ["foreign other.Any"]),
]


@pytest.mark.parametrize(("change", "expected"), BROKEN)
def test_a_broken_wall_is_named(
    described: bytes,
    change: Callable[[FileDescriptorSet], None],
    expected: list[str],
) -> None:
    """Raw bytes, free text, a float, a person, a stream, a stranger: each is found."""
    files = FileDescriptorSet.FromString(described)
    change(files)
    assert faults(in_order(files)) == expected


def in_order(files: FileDescriptorSet) -> FileDescriptorSet:
    """The same files, each after those that it imports."""
    waiting, done = list(files.file), FileDescriptorSet()
    while waiting:
        names = {one.name for one in done.file}
        ready = [one for one in waiting if names.issuperset(one.dependency)]
        done.file.extend(ready)
        waiting = [one for one in waiting if one not in ready]
    return done
