"""What tokens signed, before both verifiers; and auditors who have tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from audit import cast
from audit.cast import CHILD, HUB, NORTH, POLICE, quick_folder
from audit.ledger import World
from audit.second import found
from childgrid_audit.__main__ import app
from childgrid_audit.auditors import enlist, open_key
from childgrid_audit.verify import Verifier
from childgrid_audit.workbench.opener import Opener
from childgrid_audit.workbench.pen import Pen
from childgrid_wire import canonical, envelope, personal, statement
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.kinds import Kind
from childgrid_wire.personal import TokenSigner
from softhsm import LIBRARY, P256, PIN, RSA, Reader

FOUNDER = "founder:f1"
HELD = {f"{POLICE}/si-rao": P256, f"{POLICE}/sp-nair": P256, f"{CHILD}/cu-das": RSA}
SECRET = PIN.encode()


@dataclass(frozen=True)
class Holder:
    """A token's signer, and what the staff list says of its key."""

    signer: TokenSigner

    @property
    def keyid(self) -> str:
        """See `Signer`."""
        return self.signer.keyid

    @property
    def algorithm(self) -> str:
        """What the key was enrolled for."""
        return self.signer.enrolled.algorithm

    @property
    def public(self) -> bytes:
        """The public half, as it was enrolled."""
        return self.signer.enrolled.key

    def sign(self, message: bytes) -> bytes:
        """See `Signer`."""
        return self.signer.sign(message)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The tokens of a founder and three officers, in force in every world."""
    folder = tmp_path_factory.mktemp("tokens")
    with pytest.MonkeyPatch.context() as patch:
        made = Reader(folder / "reader", patch)
        held = {FOUNDER: RSA, **HELD}
        for number, (keyid, kind) in enumerate(held.items()):
            serial, path = made.token("dsc"), folder / f"{number}.token"
            made.key(serial, 1, kind)
            personal.enrol(path, keyid, LIBRARY, serial, "", SECRET)
            signer = personal.open_key(path, SECRET)
            patch.setitem(cast.TOKENS, keyid, Holder(signer))
        founders = [cast.TOKENS[FOUNDER], *cast.FOUNDERS[1:]]
        patch.setattr(cast, "FOUNDERS", founders)
        yield made


@pytest.fixture
def world(reader: Reader) -> Iterator[World]:
    """Asked, approved, disclosed and received, by three people with tokens."""
    with quick_folder() as place:
        made = World.found(place)
        made.ask("first", child="hit")
        made.request("given", "first", "child")
        made.release("given")
        made.end("given", Kind.RECEIPT)
        yield made
        made.close()


def findings(world: World) -> tuple[list[str], list[str]]:
    """What the first verifier finds in an export of now, and what the second does."""
    world.now += 7_200
    world.gather()
    files = world.bundle()
    first = Verifier(world.root).verify(files).findings
    return [str(one) for one in first], found(files, world.root)


def test_both_verifiers_take_what_tokens_signed(world: World) -> None:
    """A whole case: the two programs share no line, and neither finds anything."""
    assert findings(world) == ([], [])
    (directory,) = world.parties[HUB].shelf.book.directories
    assert directory["founders"]["keys"][0]["algorithm"] == RSA
    assert FOUNDER in directory.signed_by
    kinds = (Kind.QUERY, Kind.REQUEST, Kind.APPROVAL)
    by = {one.person for one in world.named.values() if one.kind in kinds}
    assert by == HELD.keys()


def high(signature: bytes) -> bytes:
    """The other spelling of a P-256 signature, which anybody can work out."""
    s = ec.SECP256R1().group_order - int.from_bytes(signature[32:], "big")
    return signature[:32] + s.to_bytes(32, "big")


@pytest.mark.threat("T27")
def test_both_verifiers_find_a_signature_in_another_form(world: World) -> None:
    """Logged by everybody as it is, so that nothing but the signature is wrong."""
    bent = {
        "first query approval": high,
        "first query": lambda sig: sig[:-1] + bytes([sig[-1] ^ 1]),
        "given approval": lambda sig: b"\0" + sig,
    }
    persons = {resaid(world, name, bend) for name, bend in bent.items()}

    first, second = findings(world)

    assert len([line for line in first if "bad-signature" in line]) == len(bent) * 3
    assert persons == HELD.keys()
    for person in persons:
        assert any(f"is not signed by {person}" in line for line in second), second


def resaid(world: World, name: str, bend: Callable[[bytes], bytes]) -> str:
    """Let everybody log it once more, under another id and with a bent signature.

    Returns:
        Whose signature it is.
    """
    said = envelope.read(world.named[name].data)
    (one,) = said.signatures
    payload = canonical.dumps(canonical.loads(said.payload) | {"id": "ab" * 16})
    honest = cast.TOKENS[one.keyid].sign(envelope.pae(said.kind.payload_type, payload))
    sig = envelope.Signature(one.keyid, bend(honest))
    other = envelope.read(envelope.assemble(said.kind, payload, [sig]))
    world.log(statement.parse(other), POLICE, HUB, CHILD)
    return one.keyid


@pytest.fixture
def auditor(world: World, reader: Reader, tmp_path: Path) -> Pen:
    """An auditor whose key was made known by the program's own verbs."""
    station = world.stations[NORTH]
    serial = reader.token("auditor")
    reader.key(serial, 1, P256)
    config, path = station.folder / "station.toml", tmp_path / "au.token"
    config.write_text(
        f'member = "{NORTH}"\nstate_dir = "{station.folder}"\ncoordinator = "{HUB}"\n'
        'coordinator_address = "127.0.0.1:1"\npassphrase_file = "passphrase"\n'
    )
    words = ["key", "--config", str(config), "--officer", "au-iyer", "--out", str(path)]
    more = ["--library", str(LIBRARY), "--token", serial]
    done = CliRunner().invoke(app, [*words, *more], input=f"{PIN}\n")
    assert done.exit_code == 0, done.output
    lines = [line for line in done.stdout.splitlines() if " = " in line]
    people = tmp_path / "people.toml"
    people.write_text("\n".join(['[[auditor]]\nid = "au-iyer"', *lines, ""]))
    world.post(enlist(station, people))
    signer = open_key(path, SECRET)
    return Pen(signer, station.shelf, station.log, world.clock, station.folder)


def test_an_auditor_signs_findings_with_a_token(world: World, auditor: Pen) -> None:
    """And both verifiers take them."""
    auditor.find("hasty", CHILD, world.named["first query"].hash, 14)
    assert findings(world) == ([], [])


def test_what_is_opened_is_not_read_by_a_token(world: World, auditor: Pen) -> None:
    """It signs and does nothing else; said before anything is signed or logged."""
    size = auditor.log.size()
    with pytest.raises(ConfigurationRefused, match="one on a token only signs"):
        Opener(auditor).ask(CHILD, world.named["first query"].hash, "random")
    assert auditor.log.size() == size
