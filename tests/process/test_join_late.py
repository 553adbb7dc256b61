"""An agency with columns never seen before joins a running grid, by its commands."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from childgrid_wire.errors import Reason, Refused
from childgrid_wire.shelf import Shelf
from deploy.processes import until
from process.stopwatch import COMMANDS, NEWCOMER, PAGE, Stopwatch, typed
from process.yardstick import SECONDS, Grid

WORDS = typed(PAGE.read_text("utf-8"))


@pytest.fixture(scope="module")
def joined(grid: Grid) -> Iterator[Stopwatch]:
    """A newcomer that typed what the page says, and serves."""
    watch = Stopwatch(grid, [sys.executable, "-m", "childgrid_node"])
    with watch.run(WORDS):
        yield watch


def test_six_commands_from_nothing_to_an_answer(joined: Stopwatch) -> None:
    """Those of the page and no other; each ends well, and its node answers."""
    assert 0 < len(WORDS) <= COMMANDS
    assert [step.what for step in joined.steps] == [
        *(f"childgrid-node {' '.join(words)}" for words in WORDS),
        "until the first answer",
    ]
    assert f"{NEWCOMER}: joined" in joined.output["join"]
    assert "2 of 2 rows indexed" in joined.output["index"]
    assert "FAULT" not in joined.output["doctor"]


def test_it_answers_for_real_once_its_probation_is_over(joined: Stopwatch) -> None:
    """Until then a real question is refused at the asker's own desk."""
    grid = joined.grid
    known = {
        "name": ["Nityananda Sarkhel"],
        "phone": [grid.sample.suspect["phone"][0]],
    }
    with pytest.raises(Refused) as refusal:
        joined.ask(known)
    assert refusal.value.reason is Reason.PROBATION
    grid.yard.confirm(NEWCOMER, "c0" * 32)

    def told(member: str) -> bool:
        book = Shelf.open(grid.state(member) / "documents").book
        return "conformance" in book.latest(int(time.time())).member(NEWCOMER)

    for member in ("police", NEWCOMER):
        until(f"{member} knows", SECONDS, lambda member=member: told(member))
    assert joined.ask(known)["outcome"] == "hit"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("| 1 | agency | `childgrid-node check` : look |", [["check"]]),
        ("| 1 | founders | `childgrid-node check` : look |", []),
        (
            "| 2 | agency | `childgrid-node join --token t` |",
            [["join", "--token", "t"]],
        ),
    ],
)
def test_what_is_typed_is_what_the_page_says(page: str, words: list[list[str]]) -> None:
    """A row of the agency's is a command; nobody else's is."""
    assert typed(page) == words
