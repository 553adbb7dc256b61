"""News of the board come with the mail; who isn't told has to look."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node.courier import Courier
from childgrid_wire.errors import Unreachable
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import values_pb2
from grid import Grid

WAIT = 20.0


class Hub:
    """A coordinator with a board, and no mail; `tells` is False of an older one."""

    def __init__(self) -> None:
        self.documents: list[bytes] = []
        self.tells, self.away = True, False
        self.heard: list[int] = []

    def Receive(  # noqa: N802 - named in the service
        self, request: pb.ReceiveRequest, timeout: float
    ) -> pb.ReceiveResponse:
        assert timeout > WAIT
        if self.away:
            raise Unreachable("coordinator")
        self.heard.append(request.board)
        end = len(self.documents) if self.tells else None
        return pb.ReceiveResponse(cursor=request.cursor, board=end)

    def Fetch(  # noqa: N802 - named in the service
        self, request: pb.FetchRequest, timeout: float
    ) -> pb.FetchResponse:
        assert timeout > 0
        start = min(request.cursor, len(self.documents))
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


def test_a_board_from_a_backup_is_read_on_from_its_end(
    courier: Courier, hub: Hub
) -> None:
    """What is hung up after a restore is read, though the board has grown shorter."""
    hub.documents = [b"one", b"two", b"three"]
    courier.fetch_documents()
    hub.documents = [b"one"]
    assert mail(courier)[0]
    courier.fetch_documents()
    hub.documents.append(b"hung up anew")
    assert mail(courier)[0]
    courier.fetch_documents()
    assert mail(courier) == (False, True)
    assert hub.heard == [3, 1, 2]
