"""News of the board come with the mail; who isn't told has to look."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from childgrid_node.app import Node
from childgrid_node.courier import Courier
from childgrid_wire.errors import Malformed, Unreachable
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import values_pb2
from grid import Grid

WAIT = 20.0


class Hub:
    """A coordinator with a board, and no mail; `tells` is False of an older one."""

    def __init__(self) -> None:
        self.documents: list[bytes] = []
        self.tells, self.away = True, False
        self.heard: list[int | None] = []
        self.served: list[bytes] = []
        self.fetches = 0

    def Receive(  # noqa: N802 - named in the service
        self, request: pb.ReceiveRequest, timeout: float
    ) -> pb.ReceiveResponse:
        assert timeout > WAIT
        if self.away:
            raise Unreachable("coordinator")
        self.heard.append(request.board if request.HasField("board") else None)
        end = len(self.documents) if self.tells else None
        return pb.ReceiveResponse(cursor=request.cursor, board=end)

    def Fetch(  # noqa: N802 - named in the service
        self, request: pb.FetchRequest, timeout: float
    ) -> pb.FetchResponse:
        assert timeout > 0
        self.fetches += 1
        if self.away:
            raise Unreachable("coordinator")
        start = min(request.cursor, len(self.documents))
        self.served += self.documents[start:]
        page = [values_pb2.Envelope(payload=one) for one in self.documents[start:]]
        return pb.FetchResponse(documents=page, cursor=len(self.documents))


class Carrying(Courier):
    """The police's courier, whose calls end at a `Hub`."""

    def __init__(self, grid: Grid, hub: Hub) -> None:
        super().__init__(grid.agency("police").office, None, "", "hub")  # type: ignore[arg-type]
        self._hub = hub

    def _exchange(self) -> Hub:
        return self._hub

    def _board(self) -> Hub:
        return self._hub


@pytest.fixture
def hub() -> Hub:
    """Nothing hangs on its board yet."""
    return Hub()


@pytest.fixture
def courier(tmp_path: Path, hub: Hub) -> Courier:
    """It has read nothing."""
    return Carrying(Grid(tmp_path / "grid"), hub)


def mail(courier: Courier) -> tuple[bool, bool]:
    """Whether the board has news, and whether such news are told, after asking."""
    assert list(courier.receive(WAIT)) == []
    return courier.behind, courier.told


def test_what_is_hung_up_is_told_until_it_is_read(courier: Courier, hub: Hub) -> None:
    """Each call says how much was read; after reading there is no news."""
    assert mail(courier) == (False, True)
    hub.documents = [b"no document", b"nor this"]
    assert mail(courier) == (True, True)
    courier.fetch_documents()
    assert mail(courier) == (False, True)
    assert hub.heard == [0, 0, 2]


def test_an_older_coordinator_is_looked_at(courier: Courier, hub: Hub) -> None:
    """Who doesn't say where its board ends is asked for it as before."""
    assert not courier.told
    hub.tells = False
    hub.documents = [b"no document"]
    assert mail(courier) == (False, False)


def test_who_cannot_be_reached_tells_nothing(courier: Courier, hub: Hub) -> None:
    """From the first call that fails on the board is looked for, until one answers."""
    assert mail(courier) == (False, True)
    hub.away = True
    with pytest.raises(Unreachable):
        list(courier.receive(WAIT))
    assert not courier.told
    hub.away = False
    assert mail(courier) == (False, True)


def test_a_call_that_never_comes_back_tells_nothing(
    courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When an answer is overdue nobody relies on it."""
    assert mail(courier) == (False, True)
    monkeypatch.setattr(
        "childgrid_node.courier.time.monotonic", lambda: courier._told_until
    )
    assert not courier.told


def test_a_moment_after_a_call_nobody_relies_on_it(
    courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While mail is taken in no call is out; if that lasts, the board is looked at."""
    began = time.monotonic()
    assert mail(courier) == (False, True)
    monkeypatch.setattr("childgrid_node.courier.time.monotonic", lambda: began + 5)
    assert not courier.told


def test_who_is_behind_is_not_told_again_and_again(courier: Courier, hub: Hub) -> None:
    """A call that begins before the news are read waits for mail alone."""
    hub.documents = [b"no document"]
    assert mail(courier)[0]
    assert mail(courier)[0]
    assert hub.heard == [0, None]


def test_what_was_not_read_to_its_end_is_read_again(courier: Courier, hub: Hub) -> None:
    """A reading that broke off after the last page leaves us behind all the same."""
    hub.documents = [b"no document"]
    take = courier._take_document

    def breaks_off(data: bytes) -> int:
        hub.away = True
        return take(data)

    courier._take_document = breaks_off  # type: ignore[method-assign]
    with pytest.raises(Unreachable):
        courier.fetch_documents()
    hub.away = False
    assert mail(courier) == (True, False)
    courier.fetch_documents()
    assert mail(courier) == (False, True)


def test_a_board_from_a_backup_is_read_from_its_beginning(
    courier: Courier, hub: Hub
) -> None:
    """What was hung up after a restore is read, also before we came back to it."""
    hub.documents = [b"one", b"two", b"three"]
    courier.fetch_documents()
    hub.documents = [b"one", b"hung up anew"]
    assert mail(courier)[0]
    courier.fetch_documents()
    assert hub.served[-1] == b"hung up anew"
    assert mail(courier) == (False, True)


def test_a_board_that_goes_back_and_forth_ends_the_reading(courier: Courier) -> None:
    """A coordinator can't keep a node reading: one that errs so is refused."""
    ends = iter([3, 1, 2, 1])
    board = SimpleNamespace(
        Fetch=lambda _, timeout: pb.FetchResponse(cursor=next(ends), now=int(timeout))
    )
    courier._board = lambda: board  # type: ignore[method-assign]
    with pytest.raises(Malformed):
        courier.fetch_documents()
    assert courier.behind


class Looking(SimpleNamespace):
    """What `Node` needs to look at the board."""

    def looked(self) -> list[str]:
        """What was done since the last time, in order."""
        done, self.did = self.did, []
        return done


@pytest.fixture
def node(courier: Courier) -> Looking:
    """A node's part that looks; what it wakes and reads is noted."""
    made = Looking(did=[], courier=courier)
    made.logs = SimpleNamespace(look=lambda: made.did.append("logs"))
    made._loops = {
        name: SimpleNamespace(wake=lambda name=name: made.did.append(name))
        for name in ("board", "rotate")
    }
    made._fetch = lambda: Node._fetch(made)
    made.config = SimpleNamespace(poll_seconds=WAIT)
    return made


def test_a_node_looks_where_it_is_not_told(node: Looking, hub: Hub) -> None:
    """At first itself; then not, until mail says that there is news."""
    Node._look_at_board(node)
    assert (node.looked(), hub.fetches) == (["logs"], 1)
    Node._collect(node)
    Node._look_at_board(node)
    assert (node.looked(), hub.fetches) == ([], 1)
    hub.documents = [b"no document"]
    Node._collect(node)
    assert node.looked() == ["board"]
    Node._look_at_board(node)
    assert (node.looked(), hub.served) == (["logs"], [b"no document"])


def test_a_reading_that_breaks_off_is_looked_at(node: Looking, hub: Hub) -> None:
    """What was read by then may have closed our log."""
    hub.away = True
    with pytest.raises(Unreachable):
        Node._look_at_board(node)
    assert node.looked() == ["logs"]
