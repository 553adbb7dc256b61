"""The requester's side: check, open, answer for it, and list what didn't come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from childgrid_node import receive
from childgrid_node.courier import Parcel
from childgrid_node.disclose import Releaser
from childgrid_node.heard import Heard
from childgrid_wire import canonical
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import DAY, KABIR, STRANGER, Grid
from refusals import refused

FIELDS = ["name", "note"]


@pytest.fixture
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A fresh grid."""
    return Grid(tmp_path_factory.mktemp("grid"))


def released(grid: Grid, hours: int = 48) -> tuple[Statement, Parcel]:
    """A request, and the disclosure that waits in customs' outbox."""
    request = grid.request(grid.ask(KABIR), "customs", FIELDS, hours=hours)
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash)
    grid.carry()
    assert grid.release("customs") == ["released"]
    ((_, parcel),) = grid.outbox("customs")
    return request, parcel


def take(grid: Grid, parcel: Parcel, **changes: object) -> Statement:
    """The police takes a disclosure, with something beside it exchanged."""
    office = grid.agency("police").office
    given = {"ciphertext": parcel.content, "proof": parcel.proof} | changes
    return receive.take(office, office.hear(parcel.statement), **given)  # type: ignore[arg-type]


def states(grid: Grid, asked: Statement) -> dict[str, str]:
    """How each source of a profile stands: its answer, or its request's state."""
    return {
        one["agency"]: one["requests"][0]["state"] if one["requests"] else one["answer"]
        for one in grid.profile(asked)["sources"]
    }


def query_of(grid: Grid, request: Statement) -> Statement:
    """The query that a request follows."""
    return grid.agency("police").office.journal.get(request["query"], Kind.QUERY)


def test_taken_once_and_answered_with_the_same_receipt(grid: Grid) -> None:
    """The private key is gone after it; a retry gets the stored receipt."""
    request, parcel = released(grid)
    journal = grid.agency("police").office.journal
    assert journal.secret(f"request:{request.hash}")

    receipt = take(grid, parcel)
    before = grid.state("police")

    assert receipt["opened"] is True
    assert journal.secret(f"request:{request.hash}") is None
    assert take(grid, parcel).data == receipt.data
    assert grid.state("police") == before


@pytest.mark.threat("T8")
def test_a_record_is_kept_sealed(grid: Grid) -> None:
    """Nothing of it stands in the clear in the node's file."""
    request, parcel = released(grid)
    take(grid, parcel)
    journal = grid.agency("police").office.journal
    ((row,),) = journal.rows(
        "SELECT sealed FROM secret WHERE name = ?", (f"record:{request.hash}",)
    )

    assert b"AI-302" not in row
    record = receive.record(grid.agency("police").office, request.hash)
    assert record is not None
    assert record["fields"]["note"] == ["AI-302 to Dubai"]


def test_a_broken_proof_opens_nothing(grid: Grid) -> None:
    """The key stays, so that the right parcel can still be opened."""
    request, parcel = released(grid)
    assert parcel.proof is not None
    for broken in (
        {"index": 0},
        {"hashes": ()},
        {"leaf": b"{}"},
        {"salt": bytes(32)},
        {"checkpoint": b"nothing"},
    ):
        wrong = replace(parcel.proof, **broken)  # type: ignore[arg-type]

        with refused(grid, Reason.BAD_SIGNATURE):
            take(grid, parcel, proof=wrong)

    assert receive.record(grid.agency("police").office, request.hash) is None
    assert take(grid, parcel)["opened"] is True


def test_another_ciphertext_is_not_opened(grid: Grid) -> None:
    """The statement names the hash of what belongs to it."""
    _, parcel = released(grid)

    with refused(grid, Reason.BAD_SIGNATURE):
        take(grid, parcel, ciphertext=parcel.content + b"x")


@pytest.mark.threat("T4")
@pytest.mark.parametrize(
    "changes",
    [
        {"fields": ["name", "note", "phone"]},
        {"fields": ["name"]},
        {"recipient_key": canonical.to_b64(bytes(range(32)))},
        {"requester": "prisons"},
    ],
    ids=["more", "fewer", "another key", "another agency"],
)
def test_what_was_not_granted_so_is_not_opened(
    grid: Grid, changes: dict[str, object]
) -> None:
    """The holder signs for other than what was approved: nothing of it is kept."""
    _, parcel = released(grid)
    office, holder = grid.agency("police").office, grid.agency("customs").office
    (given,) = holder.journal.all(Kind.DISCLOSURE)
    header = ("kind", "id", "issuer", "officer", "issued", "expires")
    body = {name: one for name, one in given.body.items() if name not in header}
    said = holder.speak(Kind.DISCLOSURE, seconds=DAY, **{**body, **changes})
    assert parcel.proof is not None

    with refused(grid, Reason.NOT_APPROVED):
        receive.take(office, said, parcel.content, parcel.proof)


def test_a_disclosure_for_somebody_else(grid: Grid) -> None:
    """Customs' own disclosure is no business of prisons, who know no such request."""
    _, parcel = released(grid)
    office = grid.agency("prisons").office
    assert parcel.proof is not None

    with refused(grid, Reason.UNKNOWN):
        said = office.hear(parcel.statement)
        receive.take(office, said, parcel.content, parcel.proof)


def test_the_keys_of_requests_that_ran_out_are_deleted(grid: Grid) -> None:
    """Only theirs, once, and the count says how many."""
    asked = grid.ask(KABIR)
    short = grid.request(asked, "customs", FIELDS, hours=1)
    long = grid.request(asked, "prisons", FIELDS, hours=48)
    office = grid.agency("police").office
    assert receive.forget(office) == 0
    grid.now += 3_600

    assert receive.forget(office) == 1
    assert receive.forget(office) == 0

    assert office.journal.secret(f"request:{short.hash}") is None
    assert office.journal.secret(f"request:{long.hash}")


def test_a_record_that_comes_after_its_key_is_lost(grid: Grid) -> None:
    """It is answered for as not opened, and the profile says `lost`."""
    request, parcel = released(grid, hours=1)
    grid.now += 3_600
    receive.forget(grid.agency("police").office)

    receipt = take(grid, parcel)

    assert receipt["opened"] is False
    assert states(grid, query_of(grid, request))["customs"] == "lost"


@pytest.mark.threat("T4")
@pytest.mark.parametrize(
    "bent",
    [
        {"fields": 5},
        {"fields": {"name": "x", "note": ["y"]}},
        {"fields": {"name": [1], "note": ["y"]}},
        {"read_at": "yesterday"},
        {"index_as_of": 10**15},
        {"meanings": {"name": ["name"], "note": ["", ""]}},
        {"meanings": ["name"]},
        {"category": "custody"},
        {"holder": "prisons"},
    ],
)
def test_a_holder_s_record_of_another_shape_is_lost_and_blocks_nothing(
    grid: Grid, monkeypatch: pytest.MonkeyPatch, bent: dict[str, object]
) -> None:
    """Answered for as not opened; the rest of the profile is read as ever."""
    made = Releaser._record

    def wrong(self: Releaser, *on: Any) -> bytes:
        return canonical.dumps({**canonical.loads(made(self, *on)), **bent})

    monkeypatch.setattr(Releaser, "_record", wrong)
    request, parcel = released(grid)

    assert take(grid, parcel)["opened"] is False
    assert states(grid, query_of(grid, request))["customs"] == "lost"


def test_what_a_later_release_adds_to_a_record_loses_nothing(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What isn't known here is let through."""
    made = Releaser._record

    def more(self: Releaser, *on: Any) -> bytes:
        return canonical.dumps({**canonical.loads(made(self, *on)), "more": 1})

    monkeypatch.setattr(Releaser, "_record", more)
    _, parcel = released(grid)
    assert take(grid, parcel)["opened"] is True


def test_an_expired_request_releases_nothing(grid: Grid) -> None:
    """Nobody decided in time: the profile says `expired`, and no key is left."""
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", FIELDS, hours=1)
    grid.carry()
    assert states(grid, asked)["customs"] == "open"
    grid.now += 3_600
    grid.settle()
    receive.forget(grid.agency("police").office)

    assert states(grid, asked)["customs"] == "expired"
    assert grid.released("customs") == 0
    assert receive.record(grid.agency("police").office, request.hash) is None


def test_a_profile_lists_denied_and_offline_sources(grid: Grid) -> None:
    """A node that didn't answer is never shown as one that knows nobody."""
    grid.members["prisons"].online = False
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", FIELDS)
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, reason="legal-bar")
    grid.settle()

    assert states(grid, asked) == {
        "childcare": "none",
        "customs": "denied",
        "prisons": "not answered",
    }
    grid.members["prisons"].online = True
    grid.submit(asked)
    assert states(grid, asked)["prisons"] == "hit"


@pytest.mark.threat("T1")
@pytest.mark.parametrize("later", [60, 0, -30])
def test_an_earlier_answer_that_is_brought_later_hides_no_hit(
    grid: Grid, later: int
) -> None:
    """A coordinator that keeps back "no hit" until the silent hit was told.

    Both are kept, and everywhere what childcare said last is what it says: also within
    the same second, and where its clock was put back meanwhile.
    """
    grid.members["childcare"].online = False
    asked = grid.ask(KABIR, targets=["childcare"])
    grid.members["childcare"].online = True
    grid.now += 60
    held = grid.relay.match(grid.agency("childcare"), grid.call(asked, "childcare"))
    grid.now += later
    grid.decide("childcare", "cc-das", asked.hash, slot="silent-hit")
    told = grid.agency("childcare").office.journal.answers(asked.hash, Kind.ANSWER)[-1]
    grid.bring("police", told.data)

    grid.bring("police", held)

    office = grid.agency("police").office
    assert len(office.journal.answers(asked.hash, Kind.ANSWER)) == 2
    shown = grid.look("police", "si-rao", "answers", asked.hash)["targets"]["childcare"]
    assert (shown["outcome"], shown["answer"]) == ("hit", told.hash)
    assert states(grid, asked)["childcare"] == "hit"
    assert Heard(office, 0).of("childcare")["answered_at"] == told.issued


def test_a_profile_names_who_was_not_asked(grid: Grid) -> None:
    """Silence of somebody who was never asked says nothing."""
    asked = grid.ask(STRANGER, targets=["customs"])

    assert grid.profile(asked)["not_asked"] == ["childcare", "prisons"]


def test_a_stranger_has_a_profile_without_anybody(grid: Grid) -> None:
    """Every source is listed, with the date of its index and no candidate."""
    asked = grid.ask(STRANGER)

    sources = grid.profile(asked)["sources"]

    assert [one["answer"] for one in sources] == ["none"] * 3
    assert all(one["candidates"] == [] and one["as_of"] for one in sources)


def test_a_profile_of_others_is_refused(grid: Grid) -> None:
    """Customs heard the query and gets no profile of it."""
    asked = grid.ask(KABIR)

    with refused(grid, Reason.WRONG_ROLE):
        receive.profile(grid.agency("customs").office, asked)


def test_a_disclosure_is_judged_under_the_documents_that_it_names(grid: Grid) -> None:
    """A staff list that changed on the way does not spoil what was right when made."""
    request, parcel = released(grid)
    office = grid.agency("customs").office
    staff = office.view.staff["customs"]
    newer = office.speak(
        Kind.STAFF,
        seconds=DAY,
        version=staff["version"] + 1,
        officers=[one for one in staff["officers"] if one["id"] != "cu-mehta"],
    )
    grid.post([newer.data])

    assert take(grid, parcel)["opened"] is True
    assert receive.record(grid.agency("police").office, request.hash)
