"""The command line and its two lists, as an auditor uses them on a directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit.cast import CHILD, NORTH, POLICE, SECTIONS
from audit.late import settled
from audit.ledger import World
from audit.tamper import Ground
from childgrid_audit import bundle
from childgrid_audit.__main__ import app
from childgrid_audit.config import load
from childgrid_audit.disclosures import disclosures, searches
from childgrid_audit.errors import ExportRefused
from childgrid_audit.export import export
from childgrid_audit.station import Station
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.kinds import Kind

SETTINGS = """
member = "audit-north"
state_dir = "/var/lib/childgrid-audit"
passphrase_file = "/run/secrets/passphrase"
coordinator = "ncrb-hub"
coordinator_address = "hub.example:7400"
"""


@pytest.fixture
def folder(ground: Ground, tmp_path: Path) -> Path:
    """The exported story on disk."""
    for path, data in ground.files.items():
        target = tmp_path / "bundle" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return tmp_path / "bundle"


def run(*arguments: str) -> tuple[int, list[str]]:
    """Run the command line; returns its exit code and lines."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout.splitlines()


def test_verify_ends_with_nothing_to_say(ground: Ground, folder: Path) -> None:
    """No line and 0 for a bundle that holds; what is open is told when asked."""
    assert run("verify", str(folder), "--root", ground.root) == (0, [])
    code, lines = run("verify", str(folder), "--root", ground.root, "--notes")
    assert code == 0
    assert lines
    assert all(line.startswith("open: logs/") for line in lines)


def test_verify_names_file_party_and_event(ground: Ground, folder: Path) -> None:
    """One line for each finding, and 1."""
    path = bundle.entries("child-b", 0)
    data = bytearray(ground.files[path])
    data[len(data) // 2] ^= 1
    (folder / path).write_bytes(bytes(data))
    index = data.count(b"\n", 0, len(data) // 2)

    code, lines = run("verify", str(folder), "--root", ground.root)

    assert code == 1
    assert f"{path}: child-b: file: is not what was exported" in lines
    assert [
        line for line in lines if line.startswith(f"{path}: child-b: event {index}")
    ]


def test_verify_needs_a_root_and_a_directory(folder: Path, tmp_path: Path) -> None:
    """There is no verification without a fingerprint to start from."""
    assert run("verify", str(folder))[0] == 2
    result = CliRunner().invoke(
        app, ["verify", str(tmp_path / "none"), "--root", "00" * 32]
    )
    assert isinstance(result.exception, ConfigurationRefused)


def test_disclosures_are_one_line_each(ground: Ground, folder: Path) -> None:
    """Who, why, on whose word, what, and what became of it; in order of time."""
    code, lines = run("disclosures", str(folder), "--root", ground.root)

    assert code == 0
    assert [line.rpartition("verdict=")[2] for line in lines] == [
        "proven",
        "void",
        "pending",
    ]
    first = dict(part.split("=", 1) for part in lines[0].split(" "))
    assert first["officer"] == "police-a/si-rao"
    assert first["purpose"] == "investigation"
    assert first["sections"] == "BNS:143"
    assert first["holder"] == "child-b"
    assert first["fields"] == "birth,name,photo"
    approvers = {one.partition("@")[0] for one in first["approved-by"].split(",")}
    assert approvers == {"police-a/sp-nair", "child-b/cu-das"}
    assert first["time"] < first["receipt"]
    assert lines == sorted(lines)


def test_searches_tell_what_came_of_them(ground: Ground, folder: Path) -> None:
    """Each target's outcome, and each request that followed."""
    code, lines = run("searches", str(folder), "--root", ground.root)

    assert code == 0
    found = [dict(part.split("=", 1) for part in line.split(" ")) for line in lines]
    assert [(one["targets"], one["follow-up"]) for one in found] == [
        ("child-b:hit,prison-c:hit", "child-b:disclosed,prison-c:refused"),
        ("child-b:none,prison-c:not-answered", "none"),
        ("prison-c:hit", "prison-c:void"),
        ("child-b:hit", "child-b:disclosed"),
    ]


def test_a_search_that_was_not_sent_says_so(world: World) -> None:
    """Nobody had to approve what never left: it is no search without approval."""
    target = {CHILD: {"ciphertext": "c1" * 32, "sealing_key": "d2" * 32}}
    case = {"case": "ab" * 32, "basis": "fir", "asker": "si-rao"}
    case |= {"capacity": "investigating-officer", "sections": SECTIONS}
    told = world.say("c", POLICE, Kind.CASE, POLICE, **case)
    query = {"officer": "si-rao", "purpose": "investigation", "sections": SECTIONS}
    query |= {"case": "ab" * 32, "attestation": told.hash, "targets": target}
    query |= {"scheme": "5c" * 32, "epoch": 1, "rehearsal": False, "hours": 48}
    world.say("q", POLICE, Kind.QUERY, POLICE, **query)

    verdict, _ = settled(world)

    assert verdict.findings == ()
    (line,) = searches(verdict)
    assert "approved-by=none targets=child-b:not-answered" in line
    assert line.endswith("verdict=not-sent")


def test_a_faulty_disclosure_says_so(ground: Ground) -> None:
    """A line never says `proven` of what did not verify."""
    path = bundle.entries("police-a", 0)
    index = next(
        line.index for line in ground.lines("police-a") if line.entry.kind == "receipt"
    )
    pieces = ground.files[path].splitlines(keepends=True)
    del pieces[index]
    files = {**ground.files, path: b"".join(pieces)}
    for member in ("ncrb-hub", "child-b"):
        log = bundle.entries(member, 0)
        kept = [
            piece
            for piece in ground.files[log].splitlines(keepends=True)
            if bundle.read_line(piece[:-1]).entry.kind != "receipt"
        ]
        files[log] = b"".join(kept)

    verdict = ground.verifier.verify(files)

    assert not verdict.holds
    first = next(iter(disclosures(verdict)))
    assert first.endswith("receipt=none verdict=faulty")
    assert list(searches(verdict))


def test_a_proof_is_filed_and_goes_into_the_export(
    ground: Ground, tmp_path: Path
) -> None:
    """Whoever was handed a proof gives it to the auditor; nonsense is refused."""
    path = next(one for one in ground.files if one.startswith("proofs/"))
    name = path.removeprefix("proofs/").removesuffix(".proof")
    (tmp_path / "passphrase").write_bytes(b"a passphrase for tests")
    (tmp_path / "passphrase").chmod(0o600)
    settings = SETTINGS.replace("/var/lib/childgrid-audit", str(tmp_path / "state"))
    settings = settings.replace("/run/secrets", str(tmp_path))
    (tmp_path / "audit.toml").write_text(settings)
    (tmp_path / "given.proof").write_bytes(ground.files[path])
    state, secret = tmp_path / "state", b"a passphrase for tests"
    Station.create(state, NORTH, secret, ground.root).close()
    given = str(tmp_path / "given.proof")
    config = ("--config", str(tmp_path / "audit.toml"))

    assert run("proof", name, given, *config) == (0, [])
    refused = CliRunner().invoke(app, ["proof", "../up", given, *config])

    assert isinstance(refused.exception, ConfigurationRefused)
    station = Station.open(state, secret)
    assert dict(station.store.files()) == {path: ground.files[path]}
    with pytest.raises(ExportRefused):
        export(station, tmp_path / "out")
    station.close()


def test_settings_are_strict(tmp_path: Path) -> None:
    """Unknown and missing settings are named, values never."""
    file = tmp_path / "audit.toml"
    file.write_text(SETTINGS)
    settings = load(file)
    assert (settings.member, settings.listen) == (NORTH, "0.0.0.0:7420")

    file.write_text(SETTINGS + 'secretly = "hunter2"\n')
    with pytest.raises(ConfigurationRefused, match="secretly") as caught:
        load(file)
    assert "hunter2" not in str(caught.value)
    file.write_text("member = 'x'\n")
    with pytest.raises(ConfigurationRefused, match="coordinator"):
        load(file)


def test_the_command_line_imports_late() -> None:
    """Asking for help loads no gRPC and no cryptography."""
    code = (
        "import sys, childgrid_audit.__main__ as m;"
        "print(sorted({'grpc', 'nacl', 'cryptography'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
