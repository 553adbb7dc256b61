"""An export that lacks something, is too much, or writes on the reader's screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cast import HOUR, HUB, PRISON
from audit.ledger import World
from audit.parties import signed
from audit.second import found
from audit.wrongs import begin
from childgrid_audit import bundle
from childgrid_audit.findings import Finding
from childgrid_audit.verify import Verifier
from childgrid_wire.errors import ConfigurationRefused


def exported(world: World) -> dict[str, bytes]:
    """The files of an export two hours after a request."""
    begin(world)
    world.now += 2 * HOUR
    world.gather()
    return world.bundle()


@pytest.mark.parametrize("member", [HUB, PRISON])
def test_a_log_that_is_not_there_is_told(world: World, member: str) -> None:
    """Without the coordinator's nothing is shown; another's is named as absent."""
    files = exported(world)
    left = {path: one for path, one in files.items() if f"logs/{member}/" not in path}

    verdict = Verifier(world.root).verify(signed(left, world.now))

    what = "no log of this member is in the bundle"
    named = {
        one.party for one in (*verdict.findings, *verdict.notes) if one.what == what
    }
    assert member in named
    assert (what in {one.what for one in verdict.findings}) is (member == HUB)
    assert f"no log of {member}" in verdict.scope
    assert "exported by audit-north" in verdict.scope
    second = found(signed(left, world.now), world.root)
    assert any("coordinator" in one for one in second) is (member == HUB)


def test_a_log_s_file_of_too_many_lines_is_one_finding(world: World) -> None:
    """Nobody is kept busy by empty lines."""
    files = exported(world)
    path = bundle.entries(HUB, 0)
    longer = {**files, path: files[path] + b"\n" * 100_000}

    verdict = Verifier(world.root).verify(signed(longer, world.now))

    assert len(verdict.findings) < 300
    assert "more than a file holds" in {one.what for one in verdict.findings}


def test_what_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is listed, and read as absent."""
    monkeypatch.setattr(bundle, "LARGEST", 10)
    (tmp_path / "documents").mkdir()
    (tmp_path / bundle.document(1)).write_bytes(b"0" * 10)
    (tmp_path / bundle.document(2)).write_bytes(b"0" * 11)
    folder = bundle.Folder(tmp_path)

    assert list(folder) == [bundle.document(1), bundle.document(2)]
    assert folder[bundle.document(1)] == b"0" * 10
    assert bundle.document(2) not in folder


def test_a_name_can_not_write_on_the_reader_s_screen() -> None:
    """Control characters of a file's name are written out."""
    told = str(Finding("logs/\x1b[2Jx\ny", "board", "file", "is not in the manifest"))

    assert told.isprintable()
    assert told.startswith("logs/\\x1b[2Jx\\ny: board")


@pytest.mark.parametrize("root", ["abc", "AB" * 32, "ab" * 32 + "\n", ""])
def test_a_fingerprint_that_is_none_accuses_nobody(root: str) -> None:
    """It is said before anything is read."""
    with pytest.raises(ConfigurationRefused, match="64 hexadecimal digits"):
        Verifier(root)
