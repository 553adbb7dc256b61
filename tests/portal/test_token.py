"""A case by tokens: officers take their keys, are listed by them, and sign with them.

The desk, the node and its command line are the product's own; the tokens are SoftHSM's.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pkcs11 import ObjectClass
from typer.testing import CliRunner, Result

from childgrid_portal.__main__ import app
from childgrid_wire import canonical, certificates, envelope, keyfile
from childgrid_wire.errors import (
    ConfigurationRefused,
    Reason,
    TokenRefused,
    WireError,
)
from childgrid_wire.kinds import Kind
from founders import light_locks
from grid import Grid
from portal.test_command_line import ASK, Station, asked
from softhsm import LIBRARY, P256, PIN, RSA, Reader

HELD = {("customs", "cu-mehta"): RSA, ("police", "sp-nair"): P256}
"""Who signs with a token here, and with which kind of key."""


@dataclass
class Tokens(Station):
    """Desks at which some officers sit with a token instead of a key file."""

    reader: Any = None

    def serial(self, officer: str) -> str:
        """The serial number of an officer's token."""
        table = canonical.loads((self.folder / f"{officer}.token").read_bytes())
        return str(table["serial"])

    @contextmanager
    def lent(self, officer: str) -> Iterator[str]:
        """An officer's token and file, which are afterwards as they were."""
        file, tokens = self.folder / f"{officer}.token", self.reader.folder / "tokens"
        serial, kept = self.serial(officer), file.read_bytes()
        shutil.copytree(tokens, self.folder / "drawer")
        file.unlink()
        try:
            yield serial
        finally:
            keyfile.write_private(file, kept)
            shutil.rmtree(tokens)
            (self.folder / "drawer").rename(tokens)

    def settings(self, member: str, officer: str, at: str = "") -> Path:
        """As the others', but for the key; the PIN is typed."""
        path = super().settings(member, officer, at)
        if (self.folder / f"{officer}.token").exists():
            text = path.read_text().replace(f"{officer}.key", f"{officer}.token")
            path.write_text(text.replace('passphrase_file = "passphrase"\n', ""))
        return path

    def say(self, member: str, officer: str, *words: str) -> str:
        """Type a command and, where a token asks for it, the PIN."""
        result = self.run(member, officer, *words, typed=f"{PIN}\n")
        assert result.exit_code == 0, result.exception
        assert PIN not in result.output
        return result.stdout.removeprefix("PIN of the token:").strip()

    def take(self, member: str, officer: str, *more: str) -> Result:
        """Take the key of a token as an officer's own."""
        words = ["key", member, officer, str(self.folder / f"{officer}.token")]
        return CliRunner().invoke(
            app, [*words, "--library", str(LIBRARY), *more], input=f"{PIN}\n"
        )

    def list_key(self, member: str, officer: str, printed: str) -> None:
        """The agency's IT puts the printed lines into staff.toml."""
        lines = re.findall(r'^(?:algorithm|key) = ".*"$', printed, flags=re.M)
        path = self.grid.agency(member).folder / "staff.toml"
        entries = path.read_text().split("[[officer]]\n")
        for at, one in enumerate(entries):
            if f'id = "{officer}"' in one:
                kept = [
                    line
                    for line in one.splitlines()
                    if not line.startswith(("key", "algorithm"))
                ]
                entries[at] = "\n".join([*kept, *lines, ""])
        path.write_text("[[officer]]\n".join(entries))
        self.grid.post(self.grid.agency(member).publish())


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tokens]:
    """Two officers have a token each, and are in force by it."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        light_locks(patch)
        folder = tmp_path_factory.mktemp("desk")
        root = certificates.new_root("test", int(time.time()))
        made = Tokens(Grid(tmp_path_factory.mktemp("grid")), folder, root)
        made.reader = Reader(folder / "reader", patch)
        for member in ("police", "customs"):
            made.serve(member, stack)
        for (member, officer), kind in HELD.items():
            made.reader.key(made.reader.token(officer), 1, kind)
            done = made.take(member, officer, "--token", officer)
            assert done.exit_code == 0, done.exception
            assert f'algorithm = "{kind}"' in done.stdout
            made.list_key(member, officer, done.stdout)
        yield made


def requested(desks: Tokens) -> str:
    """A request by si-rao, which sp-nair has approved for the police by a token."""
    query = asked(desks)
    targets = desks.read("police", "si-rao", "answers", query)["targets"]
    handle = targets["customs"]["candidates"][0]["handle"]
    request = desks.say(
        "police", "si-rao", "request", query, "customs", handle, "--field", "name",
        "--justification", "needed for the arrest", "--yes",
    )  # fmt: skip
    desks.say("police", "sp-nair", "approve", request, "--yes")
    desks.grid.settle()
    return request


def test_a_case_is_approved_and_disclosed_by_tokens(desks: Tokens) -> None:
    """P-256 at the police, RSA at customs; the record comes as by any other key."""
    request = requested(desks)
    inbox = desks.read("customs", "cu-mehta", "inbox")
    assert request in [one["hash"] for one in inbox["waiting"]]
    given = desks.say("customs", "cu-mehta", "approve", request, "--yes")
    desks.grid.settle()

    query = desks.statement("police", Kind.REQUEST, request)["query"]
    profile = desks.read("police", "si-rao", "profile", query)
    (source,) = [one for one in profile["sources"] if one["agency"] == "customs"]
    assert source["requests"][0]["record"]["fields"] == {"name": ["VANKHEDE KABIR"]}
    for (member, officer), kind in HELD.items():
        view = desks.grid.agency(member).office.view
        assert view.officer(member, officer).key.algorithm == kind
    signed = {len(one) for one in signatures(desks, request)}
    assert signed == {64, 256}
    assert desks.statement("customs", Kind.APPROVAL, given).officer == "cu-mehta"


def signatures(desks: Tokens, request: str) -> list[bytes]:
    """The signatures of all approvals of a request."""
    journal = desks.grid.agency("customs").office.journal
    said = journal.answers(request, Kind.APPROVAL)
    return [one.sig for each in said for one in envelope.read(each.data).signatures]


def waiting(desks: Tokens) -> str:
    """A query of si-rao's that waits for a supervising officer."""
    return desks.say("police", "si-rao", "ask", desks.suspect(), *ASK)


def told(result: Result) -> WireError:
    """The error with which a command has ended."""
    assert isinstance(result.exception, WireError), result.output
    return result.exception


def exchanged(desks: Tokens, serial: str) -> None:
    """The key on the token is another one than is in the staff list."""
    for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
        desks.reader.remove(serial, kind, 1)
    desks.reader.key(serial, 1, P256)


def second(desks: Tokens, serial: str) -> None:
    """There is a key for logging in beside it, as cards have one, and it is taken."""
    desks.reader.key(serial, 2, P256)


def retyped(desks: Tokens, serial: str) -> None:
    """It signs by another algorithm than is in the staff list."""
    for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
        desks.reader.remove(serial, kind, 1)
    desks.reader.key(serial, 1, RSA)


@pytest.mark.parametrize(
    ("change", "key"), [(exchanged, "01"), (second, "02"), (retyped, "01")]
)
@pytest.mark.threat("T27")
def test_a_node_takes_no_key_of_a_token_but_the_enrolled_one(
    desks: Tokens, change: Callable[[Tokens, str], None], key: str
) -> None:
    """Even taken as one's own at the officer's machine, it is not in the staff list."""
    words = ("police", "sp-nair", "approve", waiting(desks), "--yes")
    with desks.lent("sp-nair") as serial:
        change(desks, serial)
        done = desks.take("police", "sp-nair", "--token", serial, "--token-key", key)
        assert done.exit_code == 0, done.exception
        before = desks.state()

        error = told(desks.run(*words, typed=f"{PIN}\n"))

        assert error.reason is Reason.BAD_SIGNATURE
        assert desks.state() == before
    desks.say(*words)


def test_a_wrong_pin_signs_nothing(desks: Tokens) -> None:
    """It is sent once, before anything is drafted; the right one still opens."""
    query = waiting(desks)
    before = desks.state()
    words = ("police", "sp-nair", "approve", query, "--yes")

    error = told(desks.run(*words, typed="0000\n0000\n"))

    assert isinstance(error, TokenRefused)
    assert "wrong PIN, not tried again: few tries may be left" in str(error)
    assert desks.state() == before
    desks.say(*words)


def test_a_token_is_no_other_officer_s(desks: Tokens) -> None:
    """Whose key it is stands in the file, and the desk is another's."""
    config = desks.settings("police", "sp-khan")
    config.write_text(config.read_text().replace("sp-khan.key", "sp-nair.token"))
    keyfile.write_private(desks.folder / "pin", PIN.encode())
    config.write_text(config.read_text().replace('"passphrase"', '"pin"'))
    before = desks.state()

    done = CliRunner().invoke(app, ["inbox", "--config", str(config)])

    assert "another officer's key" in str(told(done))
    assert desks.state() == before


@pytest.mark.parametrize(
    ("member", "officer", "name"),
    [
        ("customs", "cu-mehta", P256),
        ("customs", "cu-mehta", "ed25519"),
        ("customs", "cu-mehta", "webauthn"),
        ("police", "sp-nair", RSA),
        ("police", "sp-nair", "ed25519"),
        ("police", "sp-nair", "none"),
    ],
)
def test_a_key_is_not_listed_under_another_algorithm(
    desks: Tokens, member: str, officer: str, name: str
) -> None:
    """The agency's own node refuses such a list, and the one before stays in force."""
    at = desks.grid.agency(member)
    path, before = at.folder / "staff.toml", desks.state()
    kept = path.read_text()
    bent = kept.replace(f'"{HELD[member, officer]}"', f'"{name}"')
    assert bent != kept
    path.write_text(bent)

    with pytest.raises(ConfigurationRefused, match=f"the key of officer {officer}"):
        at.publish()

    path.write_text(kept)
    assert desks.state() == before


def test_a_token_wants_its_library(desks: Tokens) -> None:
    """Half a description makes no key, neither in a file nor on a token."""
    out = desks.folder / "none.key"
    words = ["key", "police", "si-joshi", str(out), "--token", "sp-nair"]
    assert "name the PKCS#11 library" in str(told(CliRunner().invoke(app, words)))
    assert not out.exists()


def test_a_token_s_pin_is_not_changed_here(desks: Tokens) -> None:
    """The command for passphrases says whose matter it is, and asks for nothing."""
    done = CliRunner().invoke(app, ["passphrase", str(desks.folder / "sp-nair.token")])
    assert "maker's tool" in str(told(done))
    assert done.output == ""
