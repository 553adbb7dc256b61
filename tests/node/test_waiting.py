"""`join --wait`: it waits for a coordinator that is away, says so, and ends in time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from childgrid_node.__main__ import main
from childgrid_node.join import JoinState, State
from childgrid_node.waiting import MOST_SECONDS, Wait
from childgrid_wire.errors import Reason, Refused, Unreachable, Untrusted, WireError
from deploy.processes import free_port
from founders import NOW, grid, make_token

AWAY = Unreachable("hub.example:7400, unavailable")
Step = Callable[[], JoinState]


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now, self.slept = float(NOW), list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.slept.append(seconds)
        self.now += seconds


def at(state: State, detail: str = "") -> JoinState:
    """A member that has come so far."""
    return JoinState(state, "delta", "3e5a", "9f01", detail)


def script(*steps: JoinState | WireError) -> Step:
    """Steps that come out so, one after the other; the last one again and again."""
    left = list(steps)

    def step() -> JoinState:
        one = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(one, WireError):
            raise one
        return one

    return step


def waited(seconds: float, step: Step) -> tuple[JoinState | None, list[str], Time]:
    """Where it ended, what it said, and how long it slept."""
    said: list[str] = []
    clock = Time()
    state = Wait(seconds, clock, said.append, clock.sleep).for_(step)
    return state, said, clock


def test_a_coordinator_that_is_away_is_waited_for() -> None:
    """It is said who is away since when and when it is tried again; then it joins."""
    steps = script(AWAY, AWAY, AWAY, at(State.PENDING, "founders"), at(State.JOINED))
    state, said, clock = waited(600, steps)
    assert state == at(State.JOINED)
    assert [line.rpartition(", ")[2] for line in said[:3]] == [
        "trying again in 1 s",
        "trying again in 2 s",
        "trying again in 4 s",
    ]
    since = {line.partition(" since ")[2].partition(",")[0] for line in said[:3]}
    assert len(since) == 1
    assert all(line.startswith("cannot reach hub.example:7400") for line in said[:3])
    assert said[3].startswith("the coordinator answers again, away since ")
    assert said[4] == "delta: pending founders"
    assert clock.slept[:3] == [1, 2, 4]


def test_tries_grow_apart_to_a_most() -> None:
    """A night's outage fills no log; none of it goes past the deadline."""
    state, said, clock = waited(3_600, script(AWAY))
    assert state is None
    assert max(clock.slept) == MOST_SECONDS
    assert sum(clock.slept) == 3_600
    assert len(said) < 130
    assert said[-1].startswith("not joined within 3600 s")


def test_what_waits_for_people_is_said_once() -> None:
    """The founders' answer is looked for again and again without a word."""
    state, said, clock = waited(60, script(at(State.PENDING, "the founders")))
    assert state == at(State.PENDING, "the founders")
    assert said[:2] == ["delta: pending the founders", "  our keys: 3e5a"]
    assert len(said) == 3
    assert clock.slept[0] == 0.5
    assert max(clock.slept) == 5


def test_a_busy_coordinator_is_one_that_is_away() -> None:
    """A refusal that the next minute may lift is no end; it is told as what it is."""
    for reason in (Reason.BUSY, Reason.STORAGE):
        passing = Refused(reason, "calls")
        state, said, _ = waited(60, script(passing, at(State.JOINED)))
        assert state == at(State.JOINED)
        assert said[0].startswith(
            f"the coordinator takes nothing in ({reason.value}) since "
        )
        assert said[0].endswith(", trying again in 1 s")


@pytest.mark.parametrize(
    "error", [Refused(Reason.EXPIRED, "token"), Untrusted(Reason.UNKNOWN_KEY, "root")]
)
def test_what_waiting_does_not_change_is_raised_at_once(error: WireError) -> None:
    """A token that ran out, an answer that does not verify."""
    with pytest.raises(type(error)):
        waited(3_600, script(error))


def test_without_time_it_takes_one_step() -> None:
    """It comes back with where it stands, or with what kept it from a step."""
    state, said, clock = waited(0, script(at(State.SUBMITTED)))
    assert (state, clock.slept) == (at(State.SUBMITTED), [])
    assert said[-1] == "  our keys: 3e5a"
    with pytest.raises(Unreachable):
        waited(0, script(AWAY))


SETTINGS = """
member = "delta"
title = "Delta"
state_dir = "state"
passphrase_file = "passphrase"
token = "token.json"
join_seconds = {seconds}

[coordinator]
member = "hub"
address = "{address}"
"""


def newcomer(folder: Path, seconds: int) -> str:
    """A folder from which `delta` would join; returns an address where nobody is."""
    address = f"127.0.0.1:{free_port()}"
    text = SETTINGS.format(seconds=seconds, address=address)
    (folder / "node.toml").write_text(text, "utf-8")
    (folder / "sources").mkdir()
    (folder / "passphrase").write_text("correct horse battery")
    (folder / "passphrase").chmod(0o600)
    now = int(time.time())
    authority = grid(folder / "authority", now)
    token = make_token(authority, "delta", now=now, coordinator=("hub", address))
    token.write(folder / "token.json")
    return address


def run(*words: str) -> int:
    """Run `childgrid-node join`, with nobody at the keyboard; returns its status."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["childgrid-node", "join", *words])
        patch.setattr(sys, "stdin", None)
        main()
    return int(ended.value.code or 0)


def test_the_command_ends_with_a_status_of_its_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """3 where the time is over, 2 where it took one step; flags go before settings."""
    monkeypatch.chdir(tmp_path)
    address = newcomer(tmp_path, 2)
    assert run() == 3
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"cannot reach {address}, unavailable since ")
    assert said[0].endswith("trying again in 1 s")
    assert said[-1].startswith("not joined within 2 s")
    assert run("--wait", "0", "--token", "token.json") == 2
    assert f"unreachable ({address}, unavailable)" in capsys.readouterr().err
