"""What people say of candidates: kept, taken back, logged here, and of no effect."""

from __future__ import annotations

import pytest

from childgrid_node import clerical
from childgrid_node.clerical import Candidate, Word
from childgrid_wire import candidates, envelope, statement
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import KABIR, Grid, officer_signer
from refusals import refused


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid."""
    return Grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture
def asked(grid: Grid) -> Statement:
    """A query that customs and prisons know somebody for."""
    return grid.ask(KABIR)


def candidate(grid: Grid, asked: Statement, holder: str) -> Candidate:
    """The best candidate of a holder."""
    return Candidate(holder, grid.candidates(asked)[holder][0]["handle"])


def say(
    grid: Grid,
    asked: Statement,
    holder: str,
    verdict: str,
    other: str = "",
    officer: str = "si-rao",
) -> Statement:
    """An officer decides on a holder's best candidate."""
    word = Word(
        officer,
        asked.hash,
        candidate(grid, asked, holder),
        verdict,
        candidate(grid, asked, other) if other else None,
    )
    payload = clerical.draft(grid.agency("police").office, word)
    return grid.sign("police", officer, Kind.REVIEW, payload)


def shown(grid: Grid, asked: Statement, holder: str) -> list[dict[str, object]]:
    """What stands beside that candidate, in answers as in the profile."""
    answers = grid.look("police", "si-rao", "answers", asked.hash)
    beside = answers["targets"][holder]["candidates"][0]["clerical"]
    profile = grid.look("police", "si-rao", "profile", asked.hash)
    (source,) = [one for one in profile["sources"] if one["agency"] == holder]
    assert source["candidates"][0]["clerical"] == beside
    return list(beside)


def test_a_decision_stands_beside_the_machines_guess(
    grid: Grid, asked: Statement
) -> None:
    """The guess is as it was: band, probability and how many others fit."""
    before = grid.look("police", "si-rao", "answers", asked.hash)["targets"]
    said = say(grid, asked, "customs", "not-him")
    after = grid.look("police", "si-rao", "answers", asked.hash)["targets"]

    (word,) = shown(grid, asked, "customs")
    assert (word["verdict"], word["by"]) == ("not-him", "police/si-rao")
    assert (word["hash"], word["other"]) == (said.hash, {})
    for target in before:
        for one in (*before[target]["candidates"], *after[target]["candidates"]):
            one.pop("clerical")
    assert after == before


def test_it_can_be_taken_back_and_nothing_is_lost(grid: Grid, asked: Statement) -> None:
    """The last word comes first; the earlier ones stay, each by who said it."""
    say(grid, asked, "customs", "not-him")
    say(grid, asked, "customs", "withdrawn", officer="sp-nair")
    say(grid, asked, "customs", "same", other="prisons")

    words = shown(grid, asked, "customs")
    assert [(one["verdict"], one["by"]) for one in words] == [
        ("same", "police/si-rao"),
        ("withdrawn", "police/sp-nair"),
        ("not-him", "police/si-rao"),
    ]
    prisons = candidate(grid, asked, "prisons")
    assert words[0]["other"] == {"holder": "prisons", "handle": prisons.handle}
    assert shown(grid, asked, "prisons") == []


def test_it_goes_nowhere_and_changes_nothing(grid: Grid, asked: Statement) -> None:
    """One leaf at home; no mail, and a request for that record is as free as before."""
    others = {name: grid.state(name) for name in ("customs", "prisons", "childcare")}
    leaves = grid.agency("police").office.journal.log.size()
    say(grid, asked, "customs", "not-him")
    assert grid.agency("police").office.journal.log.size() == leaves + 1
    assert grid.carry() == 0
    assert {name: grid.state(name) for name in others} == others
    assert grid.request(asked, "customs", ["name"])["holder"] == "customs"


@pytest.mark.threat("T5")
@pytest.mark.parametrize("officer", ["si-joshi", "cu-police"])
def test_only_the_askers_side_says_it(
    grid: Grid, asked: Statement, officer: str
) -> None:
    """Not another investigator, not a custodian."""
    with refused(grid, Reason.WRONG_ROLE):
        say(grid, asked, "customs", "not-him", officer=officer)


def test_it_is_about_candidates_of_that_query(grid: Grid, asked: Statement) -> None:
    """Not a handle that nobody named, nor one of another query, nor itself."""
    other = grid.ask(KABIR)
    office = grid.agency("police").office
    customs = candidate(grid, asked, "customs")
    for which, same in (
        (Candidate("customs", "00" * 16), None),
        (Candidate("prisons", customs.handle), None),
        (candidate(grid, other, "customs"), None),
        (customs, candidate(grid, other, "prisons")),
    ):
        verdict = "same" if same else "not-him"
        with refused(grid, Reason.UNKNOWN):
            clerical.draft(office, Word("si-rao", asked.hash, which, verdict, same))
    for verdict, same in (("same", customs), ("same", None), ("not-him", customs)):
        with refused(grid, Reason.MALFORMED):
            clerical.draft(office, Word("si-rao", asked.hash, customs, verdict, same))
    with refused(grid, Reason.MALFORMED):
        clerical.draft(office, Word("si-rao", asked.hash, customs, "him", None))


def test_nothing_is_taken_that_was_not_drafted_here(
    grid: Grid, asked: Statement
) -> None:
    """A decision that an officer's key signed elsewhere, or another agency's mail."""
    customs = candidate(grid, asked, "customs")
    body = {
        "subject": candidates.SUBJECT,
        "pairs": 1,
        "agreed": 0,
        "result": customs.name,
        "verdict": "not-him",
    }
    made = statement.make(
        Kind.REVIEW,
        officer_signer("police", "si-rao"),
        issuer="police",
        officer="si-rao",
        now=grid.now,
        seconds=600,
        answers=asked.hash,
        **body,
    )
    with refused(grid, Reason.UNKNOWN):
        grid.agency("police").desk.sign(made)
    with refused(grid, Reason.WRONG_ROLE):
        grid.agency("customs").desk.sign(made)
    assert envelope.read(made).kind is Kind.REVIEW
    assert shown(grid, asked, "customs") == []
