"""What came to the board before its time waits in the outbox, and is not lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from childgrid_node import courier, receive, redating, spool
from childgrid_node.courier import Courier
from childgrid_node.office import Office
from childgrid_wire import breakglass, envelope, statement
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.statement import SKEW_SECONDS, Statement
from grid import HUB, KABIR, Grid

STATES = "SELECT state FROM outbox WHERE kind = 'revocation' ORDER BY place"


class Hung(Courier):
    """A courier of the police, to a board that goes by a clock of its own."""

    def __init__(self, grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
        office = grid.agency("police").office
        super().__init__(office, None, "", HUB)  # type: ignore[arg-type]
        self.clock, self.hung = grid.now, list[Statement]()
        self._board = self._exchange = lambda: self  # type: ignore[method-assign]
        monkeypatch.setattr(courier.channel, "call", lambda verb, *call: verb(*call))

    def Publish(self, call: pb.PublishRequest, _: float) -> None:  # noqa: N802
        """As the coordinator's board does."""
        said = statement.parse(envelope.read(call.document.payload))
        if said.issued > self.clock + SKEW_SECONDS:
            raise Refused(Reason.NOT_YET, said.kind.value)
        self.hung.append(said)

    def Submit(self, *_: object) -> None:  # noqa: N802
        """It takes any query."""


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid in which nothing waits."""
    made = Grid(tmp_path)
    made.carry()
    return made


def revoked(grid: Grid, subject: str, number: int) -> Statement:
    """The police's own word, as the command leaves it for the running node."""
    at = grid.agency("police")
    said = at.office.speak(
        Kind.REVOCATION, seconds=999, number=number, target="officer",
        member="police", subject=subject, serial="", cause="lost",
    )  # fmt: skip
    spool.leave(at.folder, said.data)
    spool.take(at.office, at.folder)
    return said


def states(grid: Grid) -> list[str]:
    """What became of the police's revocations."""
    return [str(one) for (one,) in grid.agency("police").office.journal.rows(STATES)]


@pytest.mark.threat("T27")
def test_a_revocation_that_came_early_hangs_once_its_time_has_come(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds at home meanwhile; nothing else waits for it, and it is said once."""
    board = Hung(grid, monkeypatch)
    board.clock = grid.now - 3_600
    said = revoked(grid, "si-joshi", 1)
    asked = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    grid.decide("police", "sp-nair", asked.hash)

    with capture_logs() as logs:
        assert [board.flush(), board.flush()] == [1, 0]

    assert (states(grid), board.hung) == (["waiting"], [])
    assert [one["reason"] for one in logs if one["event"] == "refused"] == ["not-yet"]
    assert grid.agency("police").office.view.revoked.officers == {"police/si-joshi"}
    board.clock = grid.now
    assert board.flush() == 1
    assert (states(grid), board.hung) == (["sent"], [said])


@pytest.mark.parametrize("reason", [Reason.NOT_YET, Reason.BUDGET])
def test_what_hangs_on_no_board_does_not_wait_for_it(
    grid: Grid, monkeypatch: pytest.MonkeyPatch, reason: Reason
) -> None:
    """A search beyond the day's budget is refused: sent again, it would count again."""
    board = Hung(grid, monkeypatch)
    asked = grid.sign("police", "si-rao", Kind.QUERY, grid.draft(KABIR))
    grid.decide("police", "sp-nair", asked.hash)
    tried = []

    def refuse(*_: object) -> None:
        tried.append(reason)
        raise Refused(reason, "query")

    monkeypatch.setattr(board, "Submit", refuse)

    assert [board.flush(), board.flush()] == [0, 0]

    state = "SELECT state FROM outbox WHERE hash = ?"
    found = grid.agency("police").office.journal.rows(state, (asked.hash,))
    assert found == [(f"refused:{reason.value}",)]
    assert tried == [reason]


@pytest.mark.threat("T27")
def test_later_revocations_wait_for_the_one_that_came_early(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are numbered: a later one alone would be refused for good."""
    board = Hung(grid, monkeypatch)
    board.clock -= 3_600
    first = revoked(grid, "si-joshi", 1)
    second = revoked(grid, "si-rao", 2)

    assert board.flush() == 0

    assert (states(grid), board.hung) == (["waiting"] * 2, [])
    board.clock += 3_600
    board.flush()
    assert board.hung == [first, second]


@pytest.mark.threat("T27")
def test_what_a_clock_years_ahead_had_revoked_is_dated_anew(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is right again: the same hangs, of now, and what was revoked since."""
    board, years = Hung(grid, monkeypatch), 5 * 366 * 86_400
    grid.now += years
    first = revoked(grid, "si-joshi", 1)
    assert (board.flush(), states(grid)) == (0, ["waiting"])
    grid.now -= years
    second = revoked(grid, "si-rao", 2)

    assert [board.flush(), board.flush(), board.flush()] == [0, 2, 0]

    again, later = board.hung
    assert (again.issued, again["number"], again["subject"]) == (
        grid.now, 1, first["subject"],
    )  # fmt: skip
    assert (later, states(grid)) == (second, ["sent", "sent"])
    grid.post([one.data for one in board.hung])
    for name in ("police", "customs"):
        book = grid.agency(name).office.shelf.book
        assert book.standing()["revocations"] == {"police": 2}
        assert book.revoked().officers == {"police/si-joshi", "police/si-rao"}


def test_what_is_dated_anew_hangs_once(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command had said it again before the node did; nothing else is said again."""
    board, years = Hung(grid, monkeypatch), 5 * 366 * 86_400
    at = grid.agency("police")
    grid.now += years
    first = revoked(grid, "si-joshi", 1)
    notice = at.office.speak(
        Kind.NOTICE, seconds=999, topic=breakglass.DECLARED, subject="ab" * 32
    )
    at.office.shelf.add(notice.data)
    with at.office.journal.writing() as writing:
        writing.send(notice)
    grid.now -= years
    spool.leave(at.folder, redating.anew(first, at.office.identity.signer, grid.now))
    (again,) = spool.take(at.office, at.folder)

    assert [board.flush(), board.flush(), board.flush()] == [0, 1, 0]

    assert (board.hung, states(grid)) == ([again], ["sent"])


def test_what_is_beyond_the_board_s_day_waits_for_the_next(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost by a limit: it hangs once the board takes it."""
    board, publish = Hung(grid, monkeypatch), Hung.Publish
    said = revoked(grid, "si-joshi", 1)

    def spent(*_: object) -> None:
        raise Refused(Reason.BUDGET, "revocations")

    monkeypatch.setattr(Hung, "Publish", spent)
    assert (board.flush(), states(grid)) == (0, ["waiting"])
    monkeypatch.setattr(Hung, "Publish", publish)
    board.flush()

    assert (states(grid), board.hung) == (["sent"], [said])


def test_an_approval_waits_with_its_request(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The register of cases is written anew in the middle of one round."""
    query = grid.ask(KABIR)
    grid.carry()
    grid.request(query, "customs", ["name"])
    at, goes = Hung(grid, monkeypatch), courier.still_goes

    def unreadable(office: Office, name: str, kind: Kind) -> bool:
        if kind is Kind.REQUEST:
            raise ConfigurationRefused("cases.csv")
        return goes(office, name, kind)

    monkeypatch.setattr(courier, "still_goes", unreadable)
    at.flush()

    waiting = "SELECT kind FROM outbox WHERE state = 'waiting' ORDER BY place"
    left = [kind for (kind,) in grid.agency("police").office.journal.rows(waiting)]
    assert left == ["request", "approval"]


def test_a_request_that_the_coordinator_refused_is_open_no_more(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many for its holder is not sent again, so its asker waits for nothing."""
    board, office = Hung(grid, monkeypatch), grid.agency("police").office
    request = grid.request(grid.ask(KABIR), "customs", ["name"])
    assert receive.state(office, request) == "open"

    def refuse(*_: object) -> None:
        raise Refused(Reason.BUDGET, "requests on one query")

    monkeypatch.setattr(board, "Send", refuse, raising=False)
    board.flush()

    assert receive.state(office, request) == "expired"
    assert grid.look("police", "si-rao", "docket")["lines"][0]["requests"] == 1
