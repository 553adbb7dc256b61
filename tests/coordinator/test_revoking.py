"""`childgrid-node revoke`: an agency's own people and passes, over the real board."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from childgrid_coordinator.app import Coordinator
from childgrid_log.entry import parse_entry
from childgrid_node import joining
from childgrid_node.__main__ import app
from childgrid_wire import certificates, channel, envelope, keyfile, statement
from childgrid_wire.errors import (
    ConfigurationRefused,
    Reason,
    Refused,
    Unreachable,
    WireError,
)
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.shelf import Shelf
from coordinator.cast import ASKER, HOLDERS, PASSPHRASE
from coordinator.node import stubs
from coordinator.world import World
from verbs import leaves


class Office:
    """Agency IT at its own node's folder."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        keyfile.write_private(folder / "passphrase", PASSPHRASE)
        shelf = Shelf.create(folder / "state" / "documents", world.book.root)
        for paper in world.papers[:3]:
            shelf.add(paper)
        (folder / "node.toml").write_text(
            f'member = "{ASKER}"\ntitle = "Police"\nstate_dir = "state"\n'
            'passphrase_file = "passphrase"\n[coordinator]\nmember = "hub"\n'
            f'address = "127.0.0.1:{world.ports["hub"]}"\n'
        )

    def types(self, *words: str) -> Result:
        """One command."""
        line = ["revoke", *words, "--config", str(self.folder / "node.toml")]
        return CliRunner().invoke(app, line)


@pytest.fixture
def office(
    world: World,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """The asker's IT; its keys are those of the grid."""
    own = world.identities[ASKER]
    opened = joining.Identity.open

    def open_(folder: Path, passphrase: bytes) -> Identity:
        return own if folder.is_relative_to(here) else opened(folder, passphrase)

    here = tmp_path_factory.mktemp("node")
    monkeypatch.setattr(joining.Identity, "open", open_)
    return Office(world, here)


@pytest.fixture
def running(world: World) -> Iterator[Coordinator]:
    """A coordinator that listens."""
    with world.running() as hub:
        yield hub


@pytest.mark.threat("T27")
def test_an_agency_revokes_its_own_officer_on_the_board(
    office: Office, running: Coordinator
) -> None:
    """It counts at once and stands in the coordinator's log; nobody was asked."""
    before = running.log.size()
    files = sorted((office.folder / "state" / "documents").iterdir())

    done = office.types("officer", "io", "--cause", "lost")

    assert done.exit_code == 0, done.exception
    assert running.board.revoked().officers == {f"{ASKER}/io"}
    told = running.log.entries(before, running.log.size())
    assert {parse_entry(one).kind for one in told} == leaves("childgrid-node")["revoke"]
    with pytest.raises(WireError, match="revoked"):
        running.verbs.search.submit(ASKER, *office.world.submission().args())
    assert sorted((office.folder / "state" / "documents").iterdir()) == files
    (left,) = (office.folder / "state" / "spool").iterdir()
    assert Kind.REVOCATION is envelope.read(left.read_bytes()).kind
    assert office.types("officer", "sho", "--cause", "left").exit_code == 0
    assert running.board.revoked().officers == {f"{ASKER}/io", f"{ASKER}/sho"}


def signed_ahead(office: Office) -> bytes:
    """A revocation by the agency when its clock was years ahead."""
    signer, now = office.world.identities[ASKER].signer, int(time.time())
    return statement.make(
        Kind.REVOCATION, signer, issuer=ASKER, now=now + 10**8, seconds=10**9,
        number=1, target="officer", member=ASKER, subject="io", serial="",
        cause="lost",
    )  # fmt: skip


@pytest.mark.threat("T27")
def test_after_a_clock_was_years_ahead_an_agency_revokes_again(
    office: Office, running: Coordinator
) -> None:
    """What it had said then hangs beside it, of today; no date ahead is taken."""
    early = signed_ahead(office)
    Shelf.open(office.folder / "state" / "documents").add(early)
    with pytest.raises(Refused, match="not-yet"):
        running.board.publish(early)

    done = office.types("officer", "sho", "--cause", "left")

    assert done.exit_code == 0, done.exception
    assert running.board.revoked().officers == {f"{ASKER}/io", f"{ASKER}/sho"}
    left = (office.folder / "state" / "spool").iterdir()
    assert len(list(left)) == 2


@pytest.mark.threat("T27")
def test_a_coordinator_can_t_keep_an_officer_s_right_alive_at_home(
    office: Office, running: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes nothing that is said anew: what was revoked since holds all the same."""
    early = signed_ahead(office)
    Shelf.open(office.folder / "state" / "documents").add(early)

    def refuse(*_: object) -> None:
        raise Refused(Reason.BUDGET, "revocations")

    monkeypatch.setattr(joining._Post, "hang", refuse)
    done = office.types("officer", "sho", "--cause", "left")

    assert isinstance(done.exception, Refused)
    book = Shelf.open(office.folder / "state" / "documents").book
    left = sorted((office.folder / "state" / "spool").iterdir())
    said = [book.add(one.read_bytes()) for one in left]
    assert {one["subject"] for one in said} == {"io", "sho"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("officer", "oi"), "no such officer"),
        (("member", ASKER), "officer or a certificate"),
        (("officer", "io", "--cause", "expelled"), "cause"),
        (("certificate", "12"), "serial"),
    ],
)
@pytest.mark.threat("T27")
def test_a_slip_of_the_pen_revokes_nobody(
    office: Office, running: Coordinator, words: tuple[str, ...], said: str
) -> None:
    """An id that never was, another party, a cause or serial of no form: refused."""
    before = running.log.size()

    done = office.types(*words)

    assert isinstance(done.exception, ConfigurationRefused | WireError)
    assert said in str(done.exception)
    assert running.log.size() == before
    assert running.board.revoked().officers == set()


@pytest.mark.threat("T27")
def test_without_the_coordinator_it_says_so(office: Office) -> None:
    """Nothing was revoked, and nobody is left to believe that it was."""
    assert isinstance(office.types("officer", "io").exception, Unreachable)


@pytest.mark.threat("T27")
def test_a_desk_pass_is_revoked_by_its_serial_number(
    office: Office, running: Coordinator
) -> None:
    """The serial that was printed when it was issued."""
    own = office.world.identities[ASKER].issuer
    pair = certificates.issue_leaf(own, ASKER, "desk", int(time.time()))
    serial = certificates.serial_of(pair.certificate)

    assert office.types("certificate", serial, "--cause", "lost").exit_code == 0

    assert running.board.revoked().certificates == {f"{ASKER}/{serial}"}


@pytest.mark.threat("T27")
def test_an_expelled_agency_that_waits_for_mail_gets_none(
    world: World, running: Coordinator
) -> None:
    """The call that waited is answered with a refusal, and so is the next one."""
    with stubs(world, HOLDERS[0]) as holder, stubs(world, ASKER) as asker:
        waiting = holder.exchange.Receive.future(
            pb.ReceiveRequest(cursor=0, wait_ms=20_000), timeout=60
        )
        call = world.submission(targets=[HOLDERS[1]]).message()
        channel.call(asker.exchange.Submit, call, 20)
        running.board.publish(world.revocation("member", member=HOLDERS[0]))
        running.bell.ring(("mail", HOLDERS[0]))

        assert "revoked" in str(waiting.exception())
        poll = pb.ReceiveRequest(cursor=0, wait_ms=0)
        with pytest.raises(Refused, match="revoked"):
            channel.call(holder.exchange.Receive, poll, 20)
