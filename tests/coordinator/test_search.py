"""A query comes in: what is taken, what is refused, and that repeating is harmless."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from childgrid_coordinator import search
from childgrid_coordinator.app import Coordinator
from childgrid_coordinator.query import State
from childgrid_coordinator.settle import Word
from childgrid_coordinator.store import queries
from childgrid_wire import statement
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from coordinator.cast import ASKER, DAY, HOLDERS, HUB
from coordinator.sayings import Submission
from coordinator.world import World


def submit(hub: Coordinator, given: Submission, member: str = ASKER) -> str:
    """Hand a query in."""
    return hub.verbs.search.submit(member, *given.args())


def nothing_changed(hub: Coordinator, given: Submission, leaves: int) -> bool:
    """Whether a query left no trace: no leaf, no row, no sealed content."""
    with hub.store.read() as db:
        kept = queries.standing(db, given.hash), queries.parcel(db, given.hash)
    return hub.log.size() == leaves and kept == (None, None)


def test_a_query_is_logged_kept_and_asked_of_everyone(
    world: World, hub: Coordinator
) -> None:
    """Case, query and approval each get one leaf; every target has been asked."""
    leaves = hub.log.size()
    given = world.submission()
    submit(hub, given)
    assert hub.log.size() == leaves + 3
    outcome = hub.verbs.search.outcome(ASKER, given.hash, 0, 0)
    assert [shown.target.member for shown in outcome.targets] == sorted(HOLDERS)
    assert {shown.target.state for shown in outcome.targets} == {State.ASKED}
    assert not outcome.complete


def test_repeating_a_query_changes_nothing(world: World, hub: Coordinator) -> None:
    """The same bytes again are acknowledged, and nothing is logged twice."""
    given = world.submission()
    first = submit(hub, given)
    leaves, before = hub.log.size(), hub.verbs.search.outcome(ASKER, first, 0, 0)
    assert submit(hub, given) == first
    assert hub.log.size() == leaves
    assert hub.verbs.search.outcome(ASKER, first, 0, 0) == before


def test_a_crash_between_log_and_store_is_mended_by_repeating(
    world: World, hub: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was logged but not kept was not acknowledged; again, it has no new leaf."""
    given = world.submission()
    leaves = hub.log.size()
    with monkeypatch.context() as broken:
        broken.setattr(queries, "add", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            submit(hub, given)
    with pytest.raises(Refused, match="unknown"):
        hub.verbs.search.outcome(ASKER, given.hash, 0, 0)
    submit(hub, given)
    assert hub.log.size() == leaves + 3
    assert hub.verbs.search.outcome(ASKER, given.hash, 0, 0).revision == 1


def test_a_known_query_is_acknowledged_after_its_officer_was_revoked(
    world: World, hub: Coordinator
) -> None:
    """An acknowledgement that got lost can still be fetched."""
    given = world.submission()
    submit(hub, given)
    hub.board.publish(world.revocation("officer", member=ASKER, subject="io"))
    assert submit(hub, given) == given.hash


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"approver": f"{ASKER}/clerk"}, Reason.NOT_APPROVED),
        ({"approver": f"{ASKER}/io"}, Reason.OWN_REQUEST),
        ({"asker": f"{ASKER}/sho", "approver": f"{ASKER}/sho2"}, Reason.WRONG_ROLE),
        ({"purpose": "prevention"}, Reason.PURPOSE),
        ({"sections": ["BNS:1"]}, Reason.PURPOSE),
        ({"epoch": 2}, Reason.EPOCH),
        ({"scheme": "f" * 64}, Reason.SCHEME),
        ({"attestation": "f" * 64}, Reason.CASE),
        ({"seconds": 8 * DAY}, Reason.EXPIRED),
    ],
)
def test_what_no_node_would_answer_is_refused_at_once(
    world: World, hub: Coordinator, change: dict[str, object], reason: Reason
) -> None:
    """The wire's rules are applied here already, and nothing is kept."""
    leaves = hub.log.size()
    given = world.submission(**change)
    with pytest.raises(WireError) as refused:
        submit(hub, given)
    assert refused.value.reason is reason
    assert nothing_changed(hub, given, leaves)


def test_only_the_asking_member_can_hand_its_query_in(
    world: World, hub: Coordinator
) -> None:
    """Another member with the very same bytes is refused."""
    leaves = hub.log.size()
    given = world.submission()
    with pytest.raises(Refused, match="wrong-role"):
        submit(hub, given, member=HOLDERS[0])
    assert nothing_changed(hub, given, leaves)


@pytest.mark.parametrize("fault", ["altered", "missing", "extra"])
def test_contents_are_exactly_those_that_were_signed(
    world: World, hub: Coordinator, fault: str
) -> None:
    """A ciphertext more, less or other than the query names is refused."""
    leaves = hub.log.size()
    given = world.submission()
    contents = dict(given.contents)
    if fault == "altered":
        contents[HOLDERS[0]] = b"something else"
    elif fault == "missing":
        del contents[HOLDERS[0]]
    else:
        contents[HUB] = b"for the coordinator"
    with pytest.raises(Refused, match="target"):
        submit(hub, replace(given, contents=contents))
    assert nothing_changed(hub, given, leaves)


def test_a_target_must_be_a_member_with_its_own_sealing_key(
    world: World, hub: Coordinator
) -> None:
    """Sealed under another member's key, or to a relay, a query is refused."""
    leaves = hub.log.size()
    given = world.submission()
    targets = world.read(given.query)["targets"]
    swapped = {
        name: {**one, "sealing_key": world.sealing_key(ASKER)}
        for name, one in targets.items()
    }
    for wrong in (
        _with_targets(world, swapped),
        _with_targets(world, {HUB: targets[HOLDERS[0]]}, {HUB: HOLDERS[0]}),
    ):
        with pytest.raises(WireError):
            submit(hub, wrong)
        assert nothing_changed(hub, wrong, leaves)


def _with_targets(
    world: World, targets: dict[str, object], content: dict[str, str] | None = None
) -> Submission:
    given = world.submission()
    query = world.read(given.query)
    kept = {
        key: query[key]
        for key in query.body
        if key
        not in ("kind", "id", "issuer", "officer", "issued", "expires", "answers")
    }
    data = world.said(Kind.QUERY, f"{ASKER}/io", **(kept | {"targets": targets}))
    approval = world.said(
        Kind.APPROVAL,
        f"{ASKER}/sho",
        answers=world.read(data).hash,
        subject="query",
        side="requester",
        slot="supervisor",
        fields=[],
        policy="",
    )
    contents = {
        name: given.contents[(content or {}).get(name, name)] for name in targets
    }
    return Submission(data, given.attestation, [approval], contents)


def test_bytes_that_are_no_statement_are_refused(
    world: World, hub: Coordinator
) -> None:
    """Altered, misspelt or empty envelopes leave no trace."""
    leaves = hub.log.size()
    given = world.submission()
    for broken in (b"", b"{}", given.query[:-1], given.query.replace(b"sig", b"sog")):
        with pytest.raises(Malformed):
            submit(hub, replace(given, query=broken))
    forged = world.said(
        Kind.APPROVAL,
        f"{HOLDERS[0]}/sho",
        answers=given.hash,
        subject="query",
        side="requester",
        slot="supervisor",
        fields=[],
        policy="",
    )
    with pytest.raises(Refused):
        submit(hub, replace(given, approvals=[forged]))
    with pytest.raises(Refused):
        submit(hub, replace(given, approvals=given.approvals * 2))
    assert nothing_changed(hub, given, leaves)


def test_a_revoked_officer_asks_nothing(world: World, hub: Coordinator) -> None:
    """A revocation counts from the moment it hangs."""
    hub.board.publish(world.revocation("officer", member=ASKER, subject="io"))
    leaves = hub.log.size()
    given = world.submission()
    with pytest.raises(Untrusted, match="revoked"):
        submit(hub, given)
    assert nothing_changed(hub, given, leaves)


@pytest.mark.threat("T13")
def test_budgets_are_those_of_the_floor(tmp_path: Path, cheap_locks: None) -> None:
    """Officer, case and agency each have a number of queries a day, and no more."""
    tight = World(tmp_path, floor={"case_queries_day": 2})
    tight.install()
    with tight.coordinator() as hub:
        for _ in range(2):
            submit(hub, tight.submission())
        leaves = hub.log.size()
        third = tight.submission()
        with pytest.raises(Refused, match="budget"):
            submit(hub, third)
        assert nothing_changed(hub, third, leaves)
        submit(hub, tight.submission(case="cd" * 32))


@pytest.mark.threat("T14")
def test_a_spent_agency_costs_no_signature(
    tmp_path: Path, cheap_locks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once its day is spent none of its queries is judged; what was taken stays so."""
    tight = World(tmp_path, floor={"agency_queries_day": 2})
    tight.install()
    with tight.coordinator() as hub:
        taken = [tight.submission() for _ in range(2)]
        for one in taken:
            submit(hub, one)
        leaves, more = hub.log.size(), tight.submission()

        def judged(*_: object) -> None:
            raise AssertionError("a signature was judged")

        monkeypatch.setattr(statement, "verify", judged)
        with pytest.raises(Refused, match="budget"):
            submit(hub, more)
        assert nothing_changed(hub, more, leaves)
        assert submit(hub, taken[0]) == taken[0].hash


@pytest.mark.threat("T13")
def test_what_was_taken_is_counted_over_restarts_and_failures(
    tmp_path: Path, cheap_locks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query that could not be kept costs nothing; one that was counts for the day."""
    tight = World(tmp_path, floor={"agency_queries_day": 2})
    tight.install()
    with tight.coordinator() as hub:
        with monkeypatch.context() as broken:
            broken.setattr(queries, "add", lambda *_: 1 / 0)
            for _ in range(3):
                with pytest.raises(ZeroDivisionError):
                    submit(hub, tight.submission())
        submit(hub, tight.submission())
    with tight.coordinator() as hub:
        submit(hub, tight.submission())
        with pytest.raises(Refused, match="budget"):
            submit(hub, tight.submission())
    tight.clock.advance(-DAY)
    with tight.coordinator() as hub, pytest.raises(Refused, match="budget"):
        submit(hub, tight.submission())


@pytest.mark.threat("T14")
def test_a_spent_agency_is_refused_without_waiting_for_its_turn(
    tmp_path: Path, cheap_locks: None
) -> None:
    """However many of its queries are being judged."""
    tight = World(tmp_path, floor={"agency_queries_day": 1})
    tight.install()
    with tight.coordinator() as hub, ExitStack() as busy:
        submit(hub, tight.submission())
        for _ in range(search._ABREAST):
            busy.enter_context(hub.verbs.search._lanes.entered(ASKER))
        with pytest.raises(Refused, match="budget"):
            submit(hub, tight.submission())


def test_nobody_reads_the_outcome_of_anothers_query(
    world: World, hub: Coordinator
) -> None:
    """A target, or anyone else, is told that no such query is known."""
    given = world.submission()
    submit(hub, given)
    for other in (*HOLDERS, "nobody"):
        with pytest.raises(Refused, match="unknown"):
            hub.verbs.search.outcome(other, given.hash, 0, 0)


def test_an_outcome_waits_for_news(world: World, hub: Coordinator) -> None:
    """A poll with the newest revision returns as soon as something changes."""
    given = world.submission()
    submit(hub, given)
    seen = hub.verbs.search.outcome(ASKER, given.hash, 0, 0).revision
    found = []
    reader = threading.Thread(
        target=lambda: found.append(
            hub.verbs.search.outcome(ASKER, given.hash, seen, 30)
        )
    )
    reader.start()
    answer = world.read(world.answer(HOLDERS[0], given.hash))
    hub.answers.settle([Word(given.hash, HOLDERS[0], answer)])
    reader.join(30)
    assert found[0].revision > seen
    assert found[0].candidates[0].member == HOLDERS[0]


def test_an_outcome_never_shows_silence_as_no_hit(
    world: World, hub: Coordinator
) -> None:
    """Each state is what was said: a hit, none, offline and timed out stay apart."""
    given = world.submission()
    submit(hub, given)
    first, second, third = sorted(HOLDERS)
    hit = world.read(world.answer(first, given.hash, probability=9_500))
    hub.answers.settle(
        [
            Word(given.hash, first, hit),
            Word(given.hash, second, State.OFFLINE),
            Word(given.hash, third, State.TIMED_OUT),
        ]
    )
    outcome = hub.verbs.search.outcome(ASKER, given.hash, 0, 0)
    states = [shown.target.state for shown in outcome.targets]
    assert states == [State.HIT, State.OFFLINE, State.TIMED_OUT]
    assert outcome.targets[0].answer == hit.data
    assert outcome.candidates[0].band == "strong"
    assert not outcome.complete
