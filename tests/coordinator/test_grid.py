"""The coordinator among real nodes, over mutually authenticated connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import grpc
import pytest

from childgrid_coordinator import match
from childgrid_coordinator.app import Coordinator
from childgrid_coordinator.query import check_answer
from childgrid_wire import certificates, channel, envelope
from childgrid_wire.errors import Reason, Refused, Unreachable
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import log_pb2, node_pb2, values_pb2
from childgrid_wire.statement import Statement
from coordinator.cast import ASKER, AUDITOR, HOLDERS
from coordinator.node import (
    PATIENCE,
    ask,
    everyone,
    nodes,
    outcome,
    stubs,
    stubs_of,
)
from coordinator.world import World


def test_a_query_reaches_every_target_and_its_answers_come_back(world: World) -> None:
    """Nodes get the exact bytes and only their own content; answers are verbatim."""
    given = world.submission()
    with (
        nodes(world, *HOLDERS) as asked,
        world.running() as hub,
        stubs(world, ASKER) as asker,
    ):
        leaves = hub.log.size()
        ask(asker, given)
        found = outcome(asker, given.hash, everyone("HIT"))
        assert found.complete
        assert [one.rank for one in found.candidates] == [1, 2, 3]
        assert hub.log.size() == leaves + 3 + len(HOLDERS)
        for member, node in asked.items():
            (call,) = node.asked
            assert call.query.payload == given.query
            assert call.attestation.payload == given.attestation
            assert [one.payload for one in call.approvals] == given.approvals
            assert call.content.ciphertext == given.contents[member]
        ask(asker, given)
        assert outcome(asker, given.hash, everyone("HIT")) == found
        assert all(len(node.asked) == 1 for node in asked.values())


def test_an_offline_node_is_named_and_answers_when_it_is_back(world: World) -> None:
    """Silence is shown as such with its date, and ends by itself."""
    away = HOLDERS[0]
    given = world.submission()
    with nodes(world, *HOLDERS[1:]), world.running(), stubs(world, ASKER) as asker:
        ask(asker, given)
        wanted = {away: "OFFLINE"} | dict.fromkeys(HOLDERS[1:], "HIT")
        found = outcome(asker, given.hash, lambda seen: seen == wanted)
        assert not found.complete
        assert next(one for one in found.targets if one.member == away).since > 0
        with nodes(world, away):
            assert outcome(asker, given.hash, everyone("HIT")).complete


def test_a_slow_node_times_out_and_holds_nobody_up(world: World) -> None:
    """The others' answers are there before it; its own is taken when it comes."""
    slow = HOLDERS[0]
    hurry = threading.Event()
    given = world.submission()
    with nodes(world, *HOLDERS) as asked:

        def reply(request: node_pb2.MatchRequest) -> bytes:
            hurry.wait(PATIENCE)
            return asked[slow].hit(request)

        asked[slow].reply = reply
        with world.running(match_seconds=0.5) as _, stubs(world, ASKER) as asker:
            ask(asker, given)
            wanted = {slow: "TIMED_OUT"} | dict.fromkeys(HOLDERS[1:], "HIT")
            outcome(asker, given.hash, lambda seen: seen == wanted)
            hurry.set()
            assert outcome(asker, given.hash, everyone("HIT")).complete


def test_an_answer_that_could_not_be_judged_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong while one is read, the others are kept, and it comes."""
    struck = list[str]()

    def broken_once(answer: Statement, query: str, member: str) -> None:
        if member == HOLDERS[0] and not struck:
            struck.append(member)
            raise RuntimeError
        check_answer(answer, query, member)

    monkeypatch.setattr(match, "check_answer", broken_once)
    given = world.submission()
    with nodes(world, *HOLDERS) as asked, world.running(), stubs(world, ASKER) as asker:
        ask(asker, given)
        assert outcome(asker, given.hash, everyone("HIT")).complete
        assert [len(asked[name].asked) for name in HOLDERS] == [2, 1, 1]


@pytest.mark.parametrize(
    ("reason", "again"), [(Reason.BUSY, True), (Reason.WRONG_ROLE, False)]
)
def test_a_refusal_at_the_door_is_told_with_its_reason(
    world: World, reason: Reason, again: bool
) -> None:
    """What may pass is tried again, what won't is final; neither is `no hit`."""
    given = world.submission(targets=HOLDERS[:1])
    with (
        nodes(world, HOLDERS[0]) as asked,
        world.running(),
        stubs(world, ASKER) as asker,
    ):
        node = asked[HOLDERS[0]]

        def refuse(_: node_pb2.MatchRequest) -> bytes:
            node.reply = node.none
            raise Refused(reason)

        node.reply = refuse
        ask(asker, given)
        if again:
            assert outcome(asker, given.hash, everyone("NO_HIT")).complete
            assert len(node.asked) == 2
        else:
            found = outcome(asker, given.hash, everyone("REFUSED"))
            assert (found.complete, found.targets[0].reason) == (True, reason.value)
            assert not found.targets[0].HasField("answer")


def test_a_signed_refusal_is_an_answer(world: World) -> None:
    """It is logged, final and shown with its reason and its envelope."""
    given = world.submission(targets=HOLDERS[:1])
    with (
        nodes(world, HOLDERS[0]) as asked,
        world.running(),
        stubs(world, ASKER) as asker,
    ):
        said = world.answer(HOLDERS[0], given.hash, "refused")
        asked[HOLDERS[0]].reply = lambda _: said
        ask(asker, given)
        found = outcome(asker, given.hash, everyone("REFUSED"))
        assert found.complete
        assert found.targets[0].reason == "budget"
        assert found.targets[0].answer.payload == said


@pytest.mark.parametrize(
    "forge",
    [
        lambda world, query: world.answer(HOLDERS[1], query),
        lambda world, _: world.answer(HOLDERS[0], "f" * 64),
        lambda world, query: world.answer(HOLDERS[0], query, "none", candidates=[])[
            :-9
        ],
        lambda world, query: world.answer(HOLDERS[0], query, candidates=[]),
        lambda world, query: world.answer(HOLDERS[0], query).replace(
            HOLDERS[0].encode(), HOLDERS[1].encode()
        ),
        lambda *_: b"",
    ],
    ids=["another's", "another-query", "cut", "contradiction", "renamed", "empty"],
)
def test_a_false_answer_is_not_taken(
    world: World, forge: Callable[[World, str], bytes]
) -> None:
    """It is neither logged nor shown; the target counts as having refused."""
    given = world.submission(targets=HOLDERS[:1])
    with (
        nodes(world, HOLDERS[0]) as asked,
        world.running() as hub,
        stubs(world, ASKER) as asker,
    ):
        asked[HOLDERS[0]].reply = lambda _: forge(world, given.hash)
        ask(asker, given)
        leaves = len(world.papers) + 3
        found = outcome(asker, given.hash, everyone("REFUSED"))
        assert found.targets[0].reason
        assert not found.targets[0].HasField("answer")
        assert not found.candidates
        assert hub.log.size() == leaves


def test_unfinished_targets_are_asked_again_after_a_restart(world: World) -> None:
    """Nothing acknowledged is lost, and nothing is logged twice."""
    given = world.submission()
    with nodes(world, HOLDERS[0]), world.running() as hub, stubs(world, ASKER) as asker:
        ask(asker, given)
        wanted = {HOLDERS[0]: "HIT"} | dict.fromkeys(HOLDERS[1:], "OFFLINE")
        before = outcome(asker, given.hash, lambda seen: seen == wanted)
        leaves = hub.log.size()
    with (
        nodes(world, *HOLDERS) as asked,
        world.running() as hub,
        stubs(world, ASKER) as asker,
    ):
        assert hub.log.size() >= leaves
        found = outcome(asker, given.hash, everyone("HIT"))
        assert found.revision > before.revision
        kept = {one.member: one.answer for one in before.targets}
        now = {one.member: one.answer for one in found.targets}
        assert now[HOLDERS[0]] == kept[HOLDERS[0]]
        assert asked[HOLDERS[0]].asked == []
        assert hub.log.size() == leaves + 2


def test_mail_arrives_while_its_reader_waits(world: World) -> None:
    """A long poll returns with the item; its cursor continues after it."""
    given = world.submission(targets=HOLDERS[:1])
    with (
        nodes(world, HOLDERS[0]),
        world.running(),
        stubs(world, ASKER) as asker,
        stubs(world, HOLDERS[0]) as holder,
    ):
        waiting = holder.exchange.Receive.future(
            pb.ReceiveRequest(cursor=0, wait_ms=20_000), timeout=PATIENCE
        )
        ask(asker, given)
        found = outcome(asker, given.hash, everyone("HIT"))
        request, justification = world.request(
            given.query, found.targets[0].answer.payload
        )
        sent = pb.SendRequest(
            statement=values_pb2.Envelope(payload=request),
            content=values_pb2.Sealed(ciphertext=justification),
        )
        channel.call(asker.exchange.Send, sent, 20)
        received = waiting.result()
        assert received.cursor == 1
        (item,) = received.items
        assert item.statement.payload == request
        assert item.content.ciphertext == justification
        assert not item.HasField("proof")
        again = pb.ReceiveRequest(cursor=received.cursor, wait_ms=0)
        assert not channel.call(holder.exchange.Receive, again, 20).items


def test_a_revoked_member_is_out_on_its_open_connection(world: World) -> None:
    """The next call on a connection that stands is refused."""
    poll = pb.ReceiveRequest(cursor=0, wait_ms=0)
    with world.running() as hub, stubs(world, HOLDERS[0]) as holder:
        channel.call(holder.exchange.Receive, poll, 20)
        hub.board.publish(world.revocation("member", member=HOLDERS[0]))
        with pytest.raises(Refused, match="revoked"):
            channel.call(holder.exchange.Receive, poll, 20)


def test_each_service_is_open_to_its_own_callers_only(world: World) -> None:
    """Nodes have no inbox, auditors ask nothing, joiners have nothing but their own.

    An auditor's mailbox is for openings alone, and empty without one.
    """
    joiner = certificates.issue_leaf(world.root, "newcomer", "joiner", world.now)
    founder = certificates.issue_leaf(world.root, "founders", "founder", world.now)
    with (
        world.running(),
        stubs(world, ASKER) as node,
        stubs(world, AUDITOR, "auditor") as auditor,
        stubs_of(world, joiner, world.root.chain) as new,
        stubs_of(world, founder, world.root.chain) as founders,
    ):
        refused = [
            (node.joining.Pending, pb.PendingRequest()),
            (node.log.Entries, log_pb2.EntriesRequest(start=0, count=9)),
            (auditor.exchange.Submit, world.submission().message()),
            (new.exchange.Receive, pb.ReceiveRequest()),
            (new.joining.Pending, pb.PendingRequest()),
            (founders.exchange.Submit, world.submission().message()),
        ]
        for method, message in refused:
            with pytest.raises(Refused, match="wrong-role"):
                channel.call(method, message, 20)
        mail = channel.call(auditor.exchange.Receive, pb.ReceiveRequest(), 20)
        assert not mail.items
        for party in (node, auditor, new, founders):
            page = channel.call(party.board.Fetch, pb.FetchRequest(cursor=0), 20)
            assert [one.payload for one in page.documents] == world.papers
        assert not channel.call(
            founders.joining.Pending, pb.PendingRequest(), 20
        ).enrolments


def test_without_the_grids_certificate_nobody_gets_an_answer(world: World) -> None:
    """A certificate of another root doesn't even reach the door."""
    strange = certificates.new_root("strange", world.now)
    leaf = certificates.issue_leaf(strange, ASKER, "node", world.now)
    with (
        world.running(),
        stubs_of(world, leaf, world.root.chain) as caller,
        pytest.raises(Unreachable),
    ):
        channel.call(caller.board.Fetch, pb.FetchRequest(cursor=0), 10)


def test_a_call_without_a_deadline_is_refused(world: World) -> None:
    """No call can occupy a worker for ever."""
    with world.running(), stubs(world, ASKER) as node:
        with pytest.raises(grpc.RpcError) as refused:
            node.board.Fetch(pb.FetchRequest(cursor=0))
        assert refused.value.details() == "deadline"


def test_auditors_read_the_log_leaf_by_leaf(world: World) -> None:
    """Every leaf opens to its envelope, in the order in which things were taken."""
    given = world.submission(targets=HOLDERS[:1])
    with (
        world.running() as hub,
        stubs(world, ASKER) as asker,
        stubs(world, AUDITOR, "auditor") as auditor,
    ):
        ask(asker, given)
        size = hub.log.size()
        call = log_pb2.EntriesRequest(start=len(world.papers), count=100)
        entries = channel.call(auditor.log.Entries, call, 20).entries
        said = [one.statement.payload for one in entries]
        assert said == [given.attestation, given.query, *given.approvals]
        assert [one.index for one in entries] == list(range(len(world.papers), size))


def test_a_log_that_cannot_be_written_acknowledges_nothing(world: World) -> None:
    """The caller is told `storage`, nothing is kept, and later it goes through."""
    given = world.submission(targets=HOLDERS[:1])
    path = world.folder / "hub" / "log" / "log.db"
    with world.running() as hub, stubs(world, ASKER) as asker:
        leaves = hub.log.size()
        path.rename(path.with_suffix(".away"))
        with pytest.raises(Refused, match="storage"):
            ask(asker, given)
        path.with_suffix(".away").rename(path)
        poll = pb.OutcomeRequest(query=given.hash, revision=0, wait_ms=0)
        with pytest.raises(Refused, match="unknown"):
            channel.call(asker.exchange.Outcome, poll, 20)
        assert hub.log.size() == leaves
        ask(asker, given)
        assert channel.call(asker.exchange.Outcome, poll, 20).revision >= 1


def test_a_stop_lets_waiting_calls_end_well(world: World) -> None:
    """A long poll is answered, not cut, when the process is told to stop."""
    with world.coordinator() as hub, stubs(world, ASKER) as asker:
        hub.start()
        channel.call(asker.board.Fetch, pb.FetchRequest(cursor=0), 20)
        waiting = asker.exchange.Receive.future(
            pb.ReceiveRequest(cursor=0, wait_ms=20_000), timeout=PATIENCE
        )
        while ("mail", ASKER) not in hub.bell._listening:
            time.sleep(0.01)
        hub.stop()
        assert list(waiting.result().items) == []


def test_envelopes_are_named_alike_everywhere(world: World) -> None:
    """The hash that submit returns is the statement's own."""
    given = world.submission()
    with world.coordinator() as hub:
        assert isinstance(hub, Coordinator)
        name = hub.verbs.search.submit(ASKER, *given.args())
    assert name == envelope.read(given.query).hash
