"""Half a character: JSON carries it, no page and no file in UTF-8 can.

No register of ours gives one, but a hostile agency may write what it likes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from childgrid_node import approve
from childgrid_node.disclose import Releaser
from childgrid_portal.__main__ import _show
from childgrid_portal.web import clock
from childgrid_wire.kinds import Kind
from grid import KABIR, Grid
from portal.visits import Officer

HALF = "\udcff"


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Grid:
    """A grid in which nothing was asked yet."""
    made = Grid(tmp_path)
    monkeypatch.setattr(clock, "now", lambda: made.now + 60)
    return made


@pytest.mark.threat("T4")
def test_a_custodian_reads_and_refuses_what_an_asker_wrote(grid: Grid) -> None:
    """The page of the request comes, with the sign named, and can be answered."""
    asked = grid.ask(KABIR)
    handle = grid.candidates(asked)["customs"][0]["handle"]
    why = f"he holds a child {HALF}"
    wish = approve.Wish("si-rao", asked.hash, "customs", handle, ["name"], why, 48)
    payload = approve.draft_request(grid.agency("police").office, wish)
    made = grid.sign("police", "si-rao", Kind.REQUEST, payload)
    grid.decide("police", "sp-nair", made.hash)
    grid.carry()
    custodian = Officer(grid, "customs", "cu-mehta")

    assert "U+DCFF" in custodian.get(f"/request/{made.hash}").text
    custodian.post(
        f"/request/{made.hash}", {"decision": "refuse", "reason": "weak-basis"}
    )
    (refusal,) = grid.agency("customs").office.journal.all(Kind.REFUSAL)
    assert refusal["reason"] == "weak-basis"


@pytest.mark.threat("T4")
def test_a_profile_with_such_a_value_is_shown_and_copied(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One holder's record keeps nobody from what the other sources gave."""
    made = Releaser._record

    def odd(self: Releaser, *on: Any) -> bytes:
        return made(self, *on).replace(b"AI-302 to", b"AI-302 \\udcff")

    monkeypatch.setattr(Releaser, "_record", odd)
    asked = grid.ask(KABIR)
    for holder, officer in (("customs", "cu-mehta"), ("prisons", "pr-singh")):
        request = grid.request(asked, holder, ["name", "note"])
        grid.carry()
        grid.decide(holder, officer, request.hash)
    grid.settle()
    asker = Officer(grid, "police", "si-rao")

    assert "[U+DCFF]" in asker.get(f"/profile/{asked.hash}").text
    assert "[U+DCFF]" in asker.get(f"/profile/{asked.hash}.csv").text
    for ending in ("json", "ftm.json"):
        copy = asker.get(f"/profile/{asked.hash}.{ending}").text
        told = json.dumps(json.loads(copy), ensure_ascii=False)
        assert f"AI-302 {HALF}" in told
        assert "ward 4" in told


def test_no_terminal_acts_on_another_agency_s_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What turns a line, commands a terminal or is half a sign is an escape there."""
    words = {"note": f"a\u202eb\x9b31m{HALF}\U000e0041", "name": "कबीर क्\u200dष"}

    _show(words)

    said = capsys.readouterr().out
    assert json.loads(said) == words
    assert "कबीर क्\u200dष" in said
    assert not set("\u202e\x9b\U000e0041" + HALF) & set(said)
