"""Drawing pairs, showing them, judging them: blind, resumable, and guarded."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from childgrid_node import review, review_desk, review_pairs
from childgrid_node.review import ReviewRefused
from childgrid_node.review_desk import BACK, STOP, Reader, Sheet
from childgrid_node.review_document import Ground
from childgrid_node.review_pairs import DIFFERENT, GONE, SAME, UNSURE, Pair, Session
from childgrid_node.reviewing import Kept
from childgrid_wire.errors import Malformed, Untrusted
from grid import START, Grid, scheme
from reviewed import person, refill, rows

TODAY = dt.datetime.fromtimestamp(START, dt.UTC).date()


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid whose customs hold a register that can be reviewed."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    refill(grid.agency("customs"), rows(250), START)
    return grid


@pytest.fixture(scope="module")
def drawn(grid: Grid) -> Session:
    """Pairs of it."""
    return draw(grid, 320)


def draw(grid: Grid, wanted: int, session: Session | None = None) -> Session:
    """Draw, always alike."""
    index = grid.agency("customs").holdings.indexes["rows"]
    ground = review_pairs.ground_of("rows", index)
    session = session or Session(ground, review.strata(scheme().bands))
    review_pairs.draw(session, index, wanted, np.random.default_rng(5))
    return session


@pytest.fixture
def session(drawn: Session) -> Session:
    """A copy that a test may judge."""
    return Session.load(drawn.dump())


@pytest.fixture
def reader(grid: Grid) -> Reader:
    """Reads customs' rows."""
    customs = grid.agency("customs")
    return Reader(customs.source, customs.holdings, TODAY)


def truly(sheet: Sheet) -> str:
    """Judge by the truth."""
    return SAME if person(sheet.pair.left) == person(sheet.pair.right) else DIFFERENT


def nothing() -> None:
    """Save nowhere."""


def test_pairs_of_every_probability_once_each(grid: Grid, drawn: Session) -> None:
    """Strata are as even as the register allows, no pair twice, nobody with himself."""
    places = Counter(review.stratum(drawn.edges, p.probability) for p in drawn.pairs)

    assert len(drawn.pairs) == 320
    assert min(places[at] for at in range(4)) >= review.LEAST_STRATUM
    assert len({pair.ends for pair in drawn.pairs}) == 320
    assert all(len(pair.ends) == 2 for pair in drawn.pairs)
    index = grid.agency("customs").holdings.indexes["rows"]
    assert index.living == len(index)
    assert 0 < max(drawn.met) <= drawn.sought <= len(index)


def test_the_order_tells_nothing(drawn: Session) -> None:
    """Pairs of a stratum don't stand together, whoever judges."""
    line = [review.stratum(drawn.edges, pair.probability) for pair in drawn.pairs]
    steps = sum(a != b for a, b in itertools.pairwise(line))

    assert steps > len(line) / 2


def test_drawing_more_keeps_what_there_is(grid: Grid, session: Session) -> None:
    """Judgements stay, new pairs come behind, none twice."""
    session.judge(0, SAME)
    before = list(session.pairs)

    draw(grid, 340, session)

    assert session.pairs[:320] == before
    assert len({pair.ends for pair in session.pairs}) == len(session.pairs) == 340


def test_a_register_without_enough_pairs(grid: Grid) -> None:
    """It stays without percentages, before anybody has judged anything."""
    index = grid.agency("prisons").holdings.indexes["rows"]
    ground = review_pairs.ground_of("rows", index)
    session = Session(ground, review.strata(scheme().bands))

    with pytest.raises(ReviewRefused, match="too few pairs to judge"):
        review_pairs.draw(session, index, 300, np.random.default_rng(1))


def test_a_judge_sees_both_records_and_no_number(
    session: Session, reader: Reader
) -> None:
    """Field by field, side by side; what the scheme thinks is not told."""
    sheet = reader.sheet(session.pairs[0], 1, 320)
    assert sheet is not None
    paper = io.StringIO()
    review_desk.shown(sheet, Console(file=paper, width=120))

    names = [name for name, _, _ in sheet.lines]
    assert names[:2] == ["name", "relative"]
    assert sheet.lines[0][1] in paper.getvalue()
    assert "%" not in paper.getvalue()
    assert str(session.pairs[0].probability) not in paper.getvalue()


def test_whoever_stops_goes_on_where_they_were(
    grid: Grid, tmp_path: Path, session: Session, reader: Reader
) -> None:
    """A sitting ends after ten pairs, another by a crash; nothing said is lost."""
    kept = Kept(tmp_path / "rows.session", grid.agency("customs").office.journal.vault)
    seen: list[frozenset[str]] = []

    def until(number: int, last: Callable[[], str]) -> review_desk.Ask:
        def ask(sheet: Sheet) -> str:
            if len(seen) == number:
                return last()
            seen.append(sheet.pair.ends)
            return truly(sheet)

        return ask

    def crash() -> str:
        raise KeyboardInterrupt

    save = lambda: kept.save(session)  # noqa: E731
    assert not review_desk.judge(session, reader, until(10, lambda: STOP), save)
    again = kept.load()
    assert again is not None
    with pytest.raises(KeyboardInterrupt):
        review_desk.judge(again, reader, until(25, crash), lambda: kept.save(again))
    last = kept.load()
    assert last is not None
    assert review_desk.judge(last, reader, until(-1, crash), nothing)

    assert len(seen) == len(set(seen)) == 320
    assert last.document() == Session.load(last.dump()).document()


def test_a_session_is_sealed(grid: Grid, tmp_path: Path, session: Session) -> None:
    """Keys of records are not readable on the disk, and nobody else opens it."""
    kept = Kept(tmp_path / "rows.session", grid.agency("customs").office.journal.vault)
    kept.save(session)

    assert session.pairs[0].left.encode() not in kept.path.read_bytes()
    assert kept.path.stat().st_mode & 0o077 == 0
    other = Kept(kept.path, grid.agency("prisons").office.journal.vault)
    with pytest.raises(Untrusted):
        other.load()
    kept.drop()
    assert kept.load() is None


def test_a_slip_is_taken_back(session: Session, reader: Reader) -> None:
    """Back opens the last pair again; at the first one there is nothing behind."""
    answers = iter([BACK, SAME, BACK, DIFFERENT, UNSURE, STOP])

    review_desk.judge(session, reader, lambda _: next(answers), nothing)

    assert [pair.verdict for pair in session.pairs[:3]] == [DIFFERENT, UNSURE, ""]


@pytest.mark.parametrize(
    ("column", "value"),
    [("role", "VICTIM"), ("dob", "2011-05-05"), ("name", "Somebody Else"), ("id", "X")],
    ids=["victim", "child", "changed", "gone"],
)
def test_who_may_not_be_shown(
    grid: Grid, session: Session, column: str, value: str
) -> None:
    """A victim, a child, a row that changed or went is passed over and not counted."""
    customs = grid.agency("customs")
    pair = session.pairs[0]
    entries = [
        {**one, column: value} if one["id"] == pair.left else one for one in rows(250)
    ]
    other = Grid(customs.folder / f"other-{column}").agency("customs")
    refill(other, entries, START)
    seen: list[frozenset[str]] = []

    def ask(sheet: Sheet) -> str:
        seen.append(sheet.pair.ends)
        return STOP

    reader = Reader(other.source, customs.holdings, TODAY)
    review_desk.judge(session, reader, ask, nothing)

    assert session.pairs[0].verdict == GONE
    assert pair.ends not in seen
    assert session.sample().judged == ()


def test_a_record_does_not_steer_the_terminal(reader: Reader) -> None:
    """Escapes and hidden signs are shown as such; joiners of a script stay."""
    assert review_desk._plain(["a\x1b[2Jb\u202ec", "क्\u200dष"]) == "a�[2Jb�c · क्\u200dष"
    assert review_desk._plain([" ", ""]) == ""


def test_a_prompt_takes_words_and_asks_again(session: Session, reader: Reader) -> None:
    """The first letter counts; anything else is asked again."""
    answers = iter(["", "x", "Same", "d", "C", "quit"])
    ask = review_desk.asked(lambda: next(answers), Console(file=io.StringIO()))

    review_desk.judge(session, reader, ask, nothing)

    said = [pair.verdict for pair in session.pairs[:4]]
    assert said == [SAME, DIFFERENT, UNSURE, ""]


def test_judgements_from_a_file(
    tmp_path: Path, session: Session, reader: Reader
) -> None:
    """What a file says is taken, in either order of the two; the rest stays open."""
    path = tmp_path / "said.csv"
    _, first, second, *_ = review_desk.listed(session)
    lines = [review_desk.COLUMNS, [first[1], first[0], "Same"], [*second[:2], ""]]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)

    done = review_desk.judge(
        session, reader, review_desk.from_file(path, session), nothing
    )

    assert not done
    assert [pair.verdict for pair in session.pairs[:2]] == [SAME, ""]
    assert len([*review_desk.listed(session)]) == 320


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n", "left,right,verdict\nP1,P2,same\n", "left,right,verdict\n{},yes\n"],
)
def test_a_file_that_is_none(tmp_path: Path, session: Session, text: str) -> None:
    """Named by file and line, never by a key."""
    pair = session.pairs[0]
    path = tmp_path / "said.csv"
    path.write_text(text.format(f"{pair.left},{pair.right}"))

    with pytest.raises(ReviewRefused) as caught:
        review_desk.from_file(path, session)
    assert pair.left not in str(caught.value)
    with pytest.raises(ReviewRefused, match="cannot read"):
        review_desk.from_file(tmp_path / "absent.csv", session)


def test_a_session_that_is_none(session: Session) -> None:
    """Other bytes, or a verdict that nobody can give, are refused."""
    strange = replace(session.pairs[0], verdict="perhaps")
    odd = Session(session.ground, session.edges, [strange])

    for data in (b"{}", odd.dump()):
        with pytest.raises(Malformed):
            Session.load(data)


def test_what_cannot_be_told_is_not_judged() -> None:
    """It is counted beside the judgements."""
    pair = Pair("a", "b", "", "", 5_000)
    said = [replace(pair, verdict=one) for one in (SAME, UNSURE, GONE, DIFFERENT, "")]
    session = Session(Ground("rows", "", 1, 1, 2_000), (100,), said)

    assert [one.same for one in session.sample().judged] == [True, False]
    assert (session.count(UNSURE), list(session.open())) == (1, [4])
