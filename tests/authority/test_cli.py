"""The founders' commands, from founding to a first member, without a prompt."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from childgrid_authority import console
from childgrid_authority.__main__ import app, main
from childgrid_authority.authority import Authority
from childgrid_authority.errors import FolderRefused
from childgrid_wire.enrolment import Token
from childgrid_wire.joining import Joiner
from founders import PASSPHRASE, details, unpack


class Desk:
    """A founders' folder and the passphrase files beside it."""

    def __init__(self, folder: Path) -> None:
        self.home, self.files = folder / "authority", folder / "secrets"
        self.files.mkdir()
        for name in ("asha", "bilal", "root"):
            path = self.files / name
            path.write_bytes(PASSPHRASE + b"\n")
            path.chmod(0o600)

    def run(self, *words: object, by: tuple[str, ...] = (), status: int = 0) -> str:
        """Run one command; `by` are those whose passphrase files are given."""
        given = [
            part
            for name in by
            for part in ("--passphrase-file", f"{name}={self.files / name}")
        ]
        line = [*map(str, words), "--folder", str(self.home), *given]
        result = CliRunner().invoke(app, line)
        assert result.exit_code == status, result.output + str(result.exception)
        return result.output

    @property
    def authority(self) -> Authority:
        """What the commands left behind."""
        return Authority(self.home)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A grid that was founded by command."""
    scheme = tmp_path / "scheme.json"
    scheme.write_text('{"profile": "test"}')
    desk = Desk(tmp_path)
    said = desk.run(
        *("found", "--name", "Grid", "--kind", "training", "--threshold", 2),
        *("--scheme", scheme, "--founder", "asha", "--founder", "bilal"),
        by=("asha", "bilal", "root"),
    )
    assert said == f"fingerprint {desk.authority.fingerprint}\n"
    return desk


def test_a_first_member_by_commands_alone(desk: Desk, tmp_path: Path) -> None:
    """token, enrolment, admit by one, sign by another, adopt, admit again: a pack."""
    path = tmp_path / "hub.token"
    desk.run("token", "hub", "--out", path, "--kind", "coordinator", by=("root",))
    token = Token.read(path)
    now = token.expires - 168 * 3_600
    party = Joiner.begin(tmp_path / "hub", token, PASSPHRASE, details("hub"), now)
    asked = tmp_path / "hub.enrolment"
    asked.write_bytes(party.asked.data)

    said = desk.run("admit", asked, by=("asha", "root"))
    assert "admits hub (coordinator" in said
    assert desk.authority.book.latest(now).members() == []
    (proposal,) = (desk.home / "proposals").iterdir()
    assert "signed by: founder:asha" in desk.run(
        "sign", proposal, "--founder", "bilal", "--yes", by=("bilal",)
    )
    assert "version 2 in force" in desk.run("adopt", proposal)

    desk.run("admit", asked, "--pack", tmp_path / "out", by=("root",))
    unpack(party, tmp_path / "out" / "hub", now)
    assert party.settled


def test_changes_by_commands(desk: Desk, tmp_path: Path) -> None:
    """A new floor and a renewed directory, with both founders at the desk."""
    from childgrid_authority import floor

    file = tmp_path / "floor.toml"
    file.write_text(floor.default().replace("officer = 20", "officer = 5"))
    said = desk.run("floor", file, by=("asha", "bilal"))
    assert "officer_queries_day: 20 -> 5" in said
    desk.run("renew", by=("asha", "bilal"))
    desk.run("revoke", "member", "--member", "x", "--founder", "asha", by=("asha",))
    standing = desk.authority.book.standing()
    assert (standing["directory"], standing["floor"]) == (3, 2)
    assert standing["revocations"] == {"founders": 1}


def test_epochs_by_commands(desk: Desk) -> None:
    """What there is to be seen, and what can't be moved yet; nothing is signed."""
    assert desk.run("epochs") == "no linkage key epoch is accepted\n"
    taking_part = [part for name in "abc" for part in ("--member", name)]
    for words in (
        ("accept", 1, *taking_part),
        ("advance", 1),
        ("retire", 1, "--at-once"),
        ("epoch", 1, *taking_part),
    ):
        desk.run(*words, by=("asha", "bilal"), status=1)
    assert desk.authority.book.standing()["directory"] == 1


def test_a_refusal_is_one_sentence(
    desk: Desk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No trace, exit status 1, nothing changed."""
    file = tmp_path / "floor.toml"
    file.write_text("[times]\n")
    line = ["childgrid-authority", "floor", str(file), "--folder", str(desk.home)]
    monkeypatch.setattr(sys, "argv", line)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    said = capsys.readouterr()
    assert said.err.startswith("refused: floor lacks the field")
    assert "Traceback" not in said.err
    assert desk.authority.book.standing()["floor"] == 1


@pytest.mark.parametrize("given", ["asha", "=asha", "asha="])
def test_a_passphrase_file_without_a_name_is_refused(given: str) -> None:
    """What the option takes is said, and no passphrase is asked for in its place."""
    with pytest.raises(FolderRefused, match="--passphrase-file is ID=PATH"):
        console.passphrases([given], ["asha"])


def test_a_scheme_that_is_not_there_is_not_called_another_document(
    tmp_path: Path,
) -> None:
    """Who mistyped the path looks for it, and not into the file."""
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(FolderRefused, match=r"cannot read gone\.json \(No such file"):
        console.scheme_of(tmp_path / "gone.json")
    with pytest.raises(FolderRefused, match=r"other\.json is no scheme document"):
        console.scheme_of(tmp_path / "other.json")
