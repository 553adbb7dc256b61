"""Between two steps of one act: what was taken in before a crash is acted on after it.

Killing at random seldom hits the moment between a transaction and what follows from it.
Here the process ends exactly there: what would come next raises instead, and the node
goes on as it would after a start.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node import agency, approve, match, query
from childgrid_wire import envelope
from childgrid_wire.kinds import Kind
from grid import KABIR, Grid, officer_signer


class Crash(Exception):
    """The process ends here."""


def crash(*_: object) -> None:
    """Stand in for a step that is never reached."""
    raise Crash


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A whole grid in one process."""
    return Grid(tmp_path)


def waiting(grid: Grid, name: str, kind: Kind) -> list[str]:
    """Statements of a kind that wait in an agency's outbox."""
    sql = "SELECT hash FROM outbox WHERE kind = ? AND state = 'waiting'"
    rows = grid.agency(name).office.journal.rows(sql, (kind.value,))
    return [name for (name,) in rows]


def approval(grid: Grid, subject: str) -> bytes:
    """The supervisor's signed approval of a query, not yet handed in."""
    decision = approve.Decision("sp-nair", subject, True, "", [], "")
    payload = approve.draft_decision(grid.agency("police").office, decision)
    signer = officer_signer("police", "sp-nair")
    return envelope.sign(Kind.APPROVAL, payload, [signer])


def test_an_approval_and_the_query_that_it_sends_are_kept_together(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction: after a crash neither stands; the same bytes again do both."""
    payload = grid.draft(KABIR)
    asked = grid.sign("police", "si-rao", Kind.QUERY, payload)
    data = approval(grid, asked.hash)
    desk = grid.agency("police").desk
    with monkeypatch.context() as patched:
        patched.setattr(query, "advance", crash)
        with pytest.raises(Crash):
            desk.sign(data)
    desk.resume()
    assert not grid.agency("police").office.journal.answers(asked.hash, Kind.APPROVAL)
    assert not waiting(grid, "police", Kind.QUERY)

    desk.sign(data)
    assert waiting(grid, "police", Kind.QUERY) == [asked.hash]


def test_a_silent_hit_is_said_with_its_custodians_approval_or_not_at_all(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash in between leaves neither; deciding again then says it."""
    asked = grid.ask(KABIR)
    before = grid.state("childcare")
    with monkeypatch.context() as patched:
        patched.setattr(match, "release_silent", crash)
        with pytest.raises(Crash):
            grid.decide("childcare", "cc-das", asked.hash, slot="silent-hit")
    assert grid.state("childcare") == before
    grid.decide("childcare", "cc-das", asked.hash, slot="silent-hit")
    assert waiting(grid, "childcare", Kind.ANSWER)


def test_a_shelved_document_is_published_after_a_crash(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new policy that reached the own shelf alone goes out at the next start."""
    office = grid.agency("police").office
    staff, policy = office_files(grid, "police")
    policy.write_text(
        policy.read_text("utf-8").replace("silent = false", "silent = true")
    )
    before = waiting(grid, "police", Kind.POLICY)
    with monkeypatch.context() as patched:
        patched.setattr(agency, "_send_standing", crash)
        with pytest.raises(Crash):
            agency.publish(office, staff, policy)
    assert waiting(grid, "police", Kind.POLICY) == before
    agency.publish(office, staff, policy)
    current = office.view.policies["police"]
    assert current["rules"][0]["silent"]
    assert waiting(grid, "police", Kind.POLICY) == [*before, current.hash]


def office_files(grid: Grid, name: str) -> tuple[Path, Path]:
    """An agency's staff and policy files."""
    folder = grid.agency(name).folder
    return folder / "staff.toml", folder / "policy.toml"
