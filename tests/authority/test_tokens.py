"""Founders whose keys lie on tokens: at one table, on other machines, and impostors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pkcs11 import ObjectClass
from typer.testing import CliRunner, Result

from childgrid_authority import keys
from childgrid_authority.__main__ import app
from childgrid_authority.authority import Authority
from childgrid_wire import canonical, envelope
from childgrid_wire.book import Book
from childgrid_wire.errors import WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import fingerprint
from founders import PASSPHRASE, light_locks
from softhsm import LIBRARY, P256, PIN, RSA, Reader

KINDS = {"asha": RSA, "bilal": P256, "chitra": ""}
"""Two founders have tokens, the third a file."""


class Table:
    """Founders around one table, with their tokens and passphrase files."""

    def __init__(self, folder: Path, reader: Reader) -> None:
        self.folder, self.home, self.reader = folder, folder / "authority", reader
        (folder / "scheme.json").write_text('{"profile": "test"}')
        for name in (*KINDS, "root"):
            path = folder / name
            path.write_bytes(PIN.encode() if KINDS.get(name) else PASSPHRASE)
            path.chmod(0o600)

    def run(self, *words: str, by: tuple[str, ...] = (), at: str = "") -> Result:
        """One command, with the secrets of those who take part; `at` another desk."""
        given = [
            part
            for one in by
            for part in ("--passphrase-file", f"{one}={self.folder / one}")
        ]
        home = self.folder / (at or "authority")
        return CliRunner().invoke(app, [*words, "--folder", str(home), *given])

    def say(self, *words: str, by: tuple[str, ...] = (), at: str = "") -> str:
        """A command that must succeed."""
        result = self.run(*words, by=by, at=at)
        assert result.exit_code == 0, result.exception
        assert PIN not in result.output
        return result.output.strip()

    def take(self, name: str, at: str = "") -> str:
        """Take the key of a new token as a founder's own; returns ID=KEY."""
        serial = self.reader.token("dsc")
        self.reader.key(serial, 1, KINDS[name])
        more = ("--library", str(LIBRARY), "--token", serial)
        return self.say("founder", name, *more, by=(name,), at=at)

    def found(self, here: tuple[str, ...], absent: tuple[str, ...] = ()) -> str:
        """Found a grid, of which two founders of three must sign everything."""
        words = ["--name", "Grid", "--kind", "training", "--threshold", "2"]
        words += ["--scheme", str(self.folder / "scheme.json")]
        words += [part for one in here for part in ("--founder", one)]
        words += [part for one in absent for part in ("--absent", one)]
        return self.say("found", *words, by=(*here, "root"))

    @property
    def authority(self) -> Authority:
        """What the commands left behind."""
        return Authority(self.home)

    @property
    def newest(self) -> Statement:
        """The directory in force."""
        return self.authority.book.directories[-1]

    def entries(self) -> list[dict[str, Any]]:
        """The founders, as the directory in force has them."""
        return list(self.newest["founders"]["keys"])


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """A grid that was founded by two tokens and a file."""
    with pytest.MonkeyPatch.context() as patch:
        light_locks(patch)
        folder = tmp_path_factory.mktemp("table")
        table = Table(folder, Reader(folder / "reader", patch))
        told = [table.take(name) for name in ("asha", "bilal")]
        table.found(tuple(KINDS))
        assert told == [f"{one['id']}={one['key']}" for one in table.entries()[:2]]
        yield table


def test_a_grid_is_founded_and_changed_by_tokens(founded: Table) -> None:
    """The directory says by which algorithm; two tokens are enough for a change."""
    told = [one.get("algorithm", "") for one in founded.entries()]
    assert told == [*KINDS.values()]
    version = founded.newest["version"]

    assert "in force" in founded.say("renew", by=("asha", "bilal"))

    assert founded.newest["version"] == version + 1
    assert sorted(founded.newest.signed_by) == ["founder:asha", "founder:bilal"]


def test_a_founder_elsewhere_signs_the_first_directory_by_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public half is read out; the proposal travels, the token does not."""
    table = Table(tmp_path, Reader(tmp_path / "reader", monkeypatch))
    table.found(("chitra",), (table.take("bilal", at="elsewhere"),))
    (proposal,) = (table.home / "proposals").iterdir()
    assert table.authority.book.directories == []

    words = ("sign", str(proposal), "--founder", "bilal", "--yes")
    table.say(*words, by=("bilal",), at="elsewhere")
    table.say("adopt", str(proposal))

    assert sorted(table.newest.signed_by) == ["founder:bilal", "founder:chitra"]


def exchanged(table: Table) -> None:
    """Bilal's token holds another key under the old one's id."""
    path = table.home / "founders" / "bilal.token"
    serial = canonical.loads(path.read_bytes())["serial"]
    for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
        table.reader.remove(serial, kind, 1)
    table.reader.key(serial, 1, P256)


def taken_anew(table: Table) -> None:
    """Somebody takes another token as Bilal's own, with a PIN that they know."""
    (table.home / "founders" / "bilal.token").unlink()
    table.take("bilal")


def lent(table: Table) -> None:
    """Asha's own token is named as Bilal's: one person would count twice."""
    folder = table.home / "founders"
    (folder / "bilal.token").write_bytes((folder / "asha.token").read_bytes())


def guessed(table: Table) -> None:
    """Bilal is not there, and his PIN is guessed."""
    (table.folder / "bilal").write_bytes(b"0000")


@pytest.mark.parametrize(
    ("attack", "error"),
    [
        (exchanged, "another key than the one enrolled"),
        (taken_anew, "bad-signature"),
        (lent, "another one's"),
        (guessed, "wrong PIN, not tried again"),
    ],
    ids=["exchanged", "taken-anew", "lent", "guessed"],
)
@pytest.mark.threat("T22")
def test_nobody_signs_in_a_founder_s_place(
    founded: Table, attack: Callable[[Table], None], error: str
) -> None:
    """One of two signatures is missing, whatever stands on the machine."""
    kept, before = founded.folder / "kept", founded.authority.shelf.documents()
    for folder in ("authority", "reader"):
        shutil.copytree(founded.folder / folder, kept / folder)
    attack(founded)

    result = founded.run("renew", by=("asha", "bilal"))

    assert error in str(result.exception)
    assert founded.authority.shelf.documents() == before
    for folder in ("authority", "reader"):
        shutil.rmtree(founded.folder / folder)
        (kept / folder).rename(founded.folder / folder)
    (founded.folder / "bilal").write_bytes(PIN.encode())
    founded.say("renew", by=("asha", "bilal"))


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("name", ["", RSA, P256, "webauthn"])
def test_a_directory_names_a_founder_s_algorithm_truly(
    founded: Table, at: int, name: str
) -> None:
    """Under any other name no party takes the directory, whoever signed it."""
    first = envelope.read(founded.authority.shelf.documents()[0])
    body = canonical.loads(first.payload)
    entry = body["founders"]["keys"][at]
    right = entry.pop("algorithm", "")
    body["founders"]["keys"][at] = entry | ({"algorithm": name} if name else {})
    signers = [
        keys.open_founder(founded.home, one, (founded.folder / one).read_bytes())
        for one in KINDS
    ]
    data = envelope.sign(Kind.DIRECTORY, canonical.dumps(body), signers)
    book = Book(fingerprint(body))

    if name == right:
        assert book.add(data).kind is Kind.DIRECTORY
    else:
        with pytest.raises(WireError):
            book.add(data)
        assert book.directories == []
