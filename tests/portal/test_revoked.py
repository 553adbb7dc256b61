"""An open desk closes: a pass or an officer is revoked while the connection stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from types import SimpleNamespace
from typing import Any, cast

import pytest

from childgrid_node.app import Node
from childgrid_portal.desk import Desk, Pass
from childgrid_portal.keys import open_key
from childgrid_wire import certificates, statement
from childgrid_wire.certificates import Peer
from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from founders import light_locks
from grid import DAY, Grid, identity
from portal.test_command_line import PASSPHRASE, Station


class Kept(Station):
    """Desks behind the door that a node keeps."""

    def _admit(self, member: str) -> Callable[[Peer], None]:
        node: Any = SimpleNamespace(office=self.grid.agency(member).office)
        return lambda peer: Node._admit_desk(cast(Node, node), peer)

    def desk(self, member: str, officer: str) -> tuple[Desk, Pass]:
        """An officer who sits down and stays."""
        self.settings(member, officer)
        held = Pass.read(self.folder / f"{member}.pass")
        signer = open_key(self.folder / f"{officer}.key", PASSPHRASE.encode())
        return Desk(f"127.0.0.1:{self.ports[member]}", held, signer), held

    def revoke(self, target: str, **named: str) -> None:
        """The police revoke something of theirs."""
        body = {"subject": "", "serial": ""} | named
        made = statement.make(
            Kind.REVOCATION,
            identity("police").signer,
            issuer="police",
            now=self.grid.now,
            seconds=DAY,
            number=1,
            target=target,
            member="police",
            cause="lost",
            **body,
        )
        self.grid.post([made])


@pytest.fixture
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The police and customs at their desks."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        light_locks(patch)
        grid = Grid(tmp_path_factory.mktemp("grid"))
        root = certificates.new_root("test", grid.now)
        made = Kept(grid, tmp_path_factory.mktemp("desk"), root)
        for member in ("police", "customs"):
            made.serve(member, stack)
        yield made


@pytest.mark.threat("T7", "T27")
@pytest.mark.parametrize("target", ["officer", "certificate"])
def test_the_next_word_on_an_open_connection_is_refused(
    station: Kept, target: str
) -> None:
    """Whether the person or the machine: nothing is read, and nothing is logged."""
    desk, held = station.desk("police", "si-rao")
    with closing(desk):
        assert desk.look("inbox")
        serial = certificates.serial_of(held.pair.certificate)
        named = {"subject": "si-rao"} if target == "officer" else {"serial": serial}
        station.revoke(target, **named)
        before = station.state()

        for _ in range(2):
            with pytest.raises(Refused) as refusal:
                desk.look("inbox")
            assert refusal.value.reason is Reason.REVOKED
        assert station.state() == before


@pytest.mark.threat("T27")
def test_a_colleague_at_the_same_desk_goes_on(station: Kept) -> None:
    """Revoking a person closes no machine: the pass names none."""
    desk, _ = station.desk("police", "sp-nair")
    with closing(desk):
        station.revoke("officer", subject="si-rao")
        assert desk.look("inbox")["officer"] == "sp-nair"
