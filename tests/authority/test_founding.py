"""Founding a grid, and what must be refused while it is founded."""

from pathlib import Path

import pytest

from childgrid_authority import drafts, keys
from childgrid_authority.authority import Authority, sign
from childgrid_authority.errors import (
    ChangeRefused,
    FolderRefused,
    TooFewFounders,
)
from childgrid_authority.founding import found
from childgrid_wire.errors import ConfigurationRefused, Malformed
from childgrid_wire.trust import fingerprint
from founders import ALL, NOW, ONE, PASSPHRASE, SCHEME, charter, files


def test_a_grid_begins_with_rules_and_no_members(authority: Authority) -> None:
    """The first directory names founders, floor and scheme; the book believes it."""
    view = authority.book.latest(NOW)
    assert view.directory["version"] == 1
    assert view.directory["members"] == []
    assert view.rules()["query_seconds"] == 7 * 86_400
    scheme = authority.book.document(view.directory["scheme"])
    assert (scheme["document"], scheme["profile"]) == (SCHEME, "test")
    assert authority.fingerprint == fingerprint(view.directory.body)
    assert view.training


def test_what_was_founded_is_there_when_the_folder_is_opened_again(
    authority: Authority,
) -> None:
    """Documents are verified again from the pinned fingerprint on."""
    again = Authority(authority.folder)
    assert again.fingerprint == authority.fingerprint
    assert again.shelf.documents() == authority.shelf.documents()


@pytest.mark.threat("T8")
def test_no_secret_lies_unlocked(authority: Authority) -> None:
    """Founders' and root's files open by their own passphrase only, mode 600."""
    for path in authority.folder.rglob("*.locked"):
        assert path.stat().st_mode & 0o077 == 0
        assert b"PRIVATE KEY" not in path.read_bytes()
    with pytest.raises(ConfigurationRefused, match="wrong passphrase"):
        keys.open_founder(authority.folder, "asha", b"another passphrase")
    with pytest.raises(FolderRefused, match="root"):
        keys.open_root(authority.folder, {"asha": PASSPHRASE})


def test_a_folder_is_founded_once(authority: Authority) -> None:
    """Founding again would replace what members pinned: refused, nothing changes."""
    before = files(authority.folder)
    with pytest.raises(FolderRefused, match="already"):
        found(authority.folder, charter(), ALL, NOW)
    assert files(authority.folder) == before


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"threshold": 4}, ChangeRefused),
        ({"threshold": 0}, ChangeRefused),
        ({"kind": "demo"}, Malformed),
        ({"name": "Kolkata\n"}, Malformed),
        ({"scheme": "none"}, Malformed),
        ({"founders": ("asha", "asha")}, FolderRefused),
        ({"founders": ("asha", "dara")}, FolderRefused),
        ({"absent": {"asha": bytes(32)}}, FolderRefused),
    ],
)
def test_a_faulty_charter_makes_no_key(
    tmp_path: Path, changes: dict[str, object], error: type[Exception]
) -> None:
    """A charter is tried before anything is written."""
    with pytest.raises(error):
        found(tmp_path / "new", charter(**changes), ALL, NOW)
    assert not (tmp_path / "new").exists()


def test_founders_on_other_machines_sign_the_first_directory(tmp_path: Path) -> None:
    """With too few founders at the desk the founding waits for the absent one."""
    here, there = tmp_path / "here", tmp_path / "there"
    public = keys.create_founder(there, "dara", PASSPHRASE)
    plan = charter(founders=("asha",), threshold=2, absent={"dara": public})
    authority = found(here, plan, ONE, NOW)
    assert authority.book.directories == []
    (proposal,) = (here / "proposals").iterdir()
    with pytest.raises(TooFewFounders):
        authority.adopt(drafts.read(proposal))

    sign(proposal, there, "dara", PASSPHRASE)

    authority.adopt(drafts.read(proposal))
    assert authority.book.latest(NOW).directory.signed_by == (
        "founder:asha",
        "founder:dara",
    )
