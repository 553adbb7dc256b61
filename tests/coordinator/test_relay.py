"""Requests and all that follows: carried in order, once, and nothing out of order."""

from __future__ import annotations

import pytest

from childgrid_wire import canonical, rules
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import values_pb2
from coordinator.cast import ASKER, DAY, HOLDERS
from coordinator.story import HOLDER, Story


def test_a_request_is_carried_to_its_receipt(story: Story) -> None:
    """Each step is one leaf and lies in the other side's mailbox, in order."""
    leaves = story.hub.log.size()
    data, ciphertext = story.disclosed()
    receipt = story.world.receipt(data)
    items = story.hub.verbs.relay.receive(ASKER, 0, 0)
    assert items[-1].content == ciphertext
    assert items[-1].proof
    story.send(ASKER, receipt)
    assert story.hub.log.size() == leaves + 5
    kinds = [story.world.read(one).kind for one in story.box(HOLDER)]
    assert kinds == [Kind.REQUEST, Kind.APPROVAL, Kind.RECEIPT]
    kinds = [story.world.read(one).kind for one in story.box(ASKER)]
    assert kinds == [Kind.ANSWER, Kind.APPROVAL, Kind.DISCLOSURE]
    for other in HOLDERS[1:]:
        assert story.box(other) == []


def test_sealed_content_is_gone_after_the_receipt(story: Story) -> None:
    """The record and the justification are carried, then deleted; hashes stay."""
    data, _ = story.disclosed()
    (request, *_), (*_, disclosure) = (
        story.hub.verbs.relay.receive(member, 0, 0) for member in (HOLDER, ASKER)
    )
    assert request.content == story.justification
    assert disclosure.content
    story.send(ASKER, story.world.receipt(data))
    for member in (ASKER, HOLDER):
        for item in story.hub.verbs.relay.receive(member, 0, 0):
            assert item.content == b""


def test_repeating_any_step_changes_nothing(story: Story) -> None:
    """Every statement may be sent again, also after the end."""
    data, ciphertext = story.disclosed()
    receipt = story.world.receipt(data)
    story.send(ASKER, receipt)
    before = story.trace()
    assert story.send(ASKER, story.request, story.justification)
    assert story.send(HOLDER, data, ciphertext, story.world.prove(data))
    assert story.send(ASKER, receipt)
    for one in story.box(HOLDER) + story.box(ASKER):
        assert story.send(story.world.read(one).issuer, one)
    assert story.trace() == before


@pytest.mark.threat("T4")
def test_nobody_speaks_for_another(story: Story) -> None:
    """A statement is taken from its issuer only, also one that is known."""
    for member in (HOLDER, HOLDERS[1]):
        assert (
            story.refused(member, story.request, story.justification)
            is Reason.WRONG_ROLE
        )
    story.opened()
    assert (
        story.refused(HOLDER, story.request, story.justification) is Reason.WRONG_ROLE
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"handle": "f" * 32}, Reason.UNKNOWN),
        ({"answer": "f" * 64}, Reason.UNKNOWN),
        ({"query": "f" * 64}, Reason.UNKNOWN),
        ({"holder": HOLDERS[1]}, Reason.UNKNOWN),
        ({"fields": ["bank-account"]}, Reason.FIELDS),
        ({"purpose": "prosecution"}, Reason.CASE),
        ({"case": "f" * 64}, Reason.CASE),
        ({"policy": "f" * 64}, Reason.OLD_VERSION),
        ({"directory": 2}, Reason.OLD_VERSION),
        ({"who": f"{ASKER}/sho"}, Reason.WRONG_ROLE),
        ({"who": f"{HOLDERS[1]}/io"}, Reason.WRONG_ROLE),
        ({"seconds": 4 * DAY}, Reason.EXPIRED),
        ({"justification": "f" * 64}, Reason.MALFORMED),
    ],
)
def test_a_request_that_nobody_could_grant_is_refused(
    story: Story, change: dict[str, object], reason: Reason
) -> None:
    """It must name a hit of this query's holder and ask for what is granted."""
    request, justification = story.world.request(story.query, story.answer, **change)
    assert story.refused(ASKER, request, justification) is reason


@pytest.mark.threat("T14")
def test_requests_without_end_are_not_carried(story: Story) -> None:
    """Twenty on one query wait at one holder; there is room for more as they end."""
    every = [story.world.request(story.query, story.answer) for _ in range(22)]
    for request, justification in every[: rules.MOST_WAITING]:
        story.send(ASKER, request, justification)
    assert story.refused(ASKER, *every[20]) is Reason.BUDGET

    story.send(HOLDER, story.world.refusal(f"{HOLDER}/nodal", every[0][0]))

    story.send(ASKER, *every[20])
    assert story.refused(ASKER, *every[21]) is Reason.BUDGET


def test_a_request_needs_its_justification(story: Story) -> None:
    """Without content, with another content or with a proof it is malformed."""
    proof = values_pb2.Proof()
    for beside in ((), (b"other",), (story.justification, proof)):
        assert story.refused(ASKER, story.request, *beside) is Reason.MALFORMED


@pytest.mark.parametrize(
    ("who", "change", "reason"),
    [
        (f"{HOLDER}/clerk", {}, Reason.WRONG_ROLE),
        (f"{HOLDER}/sho", {}, Reason.WRONG_ROLE),
        (f"{ASKER}/io", {}, Reason.OWN_REQUEST),
        (f"{HOLDER}/nodal", {"slot": "supervisor"}, Reason.WRONG_ROLE),
        (f"{HOLDER}/nodal", {"side": "requester"}, Reason.WRONG_ROLE),
        (f"{HOLDER}/nodal", {"policy": "f" * 64}, Reason.OLD_VERSION),
        (f"{HOLDER}/nodal", {"fields": ["address"]}, Reason.FIELDS),
        (f"{HOLDER}/nodal", {"subject": "query"}, Reason.NOT_APPROVED),
        (f"{HOLDER}/nodal", {"answers": "f" * 64}, Reason.UNKNOWN),
        (f"{HOLDERS[1]}/nodal", {}, Reason.WRONG_ROLE),
    ],
)
def test_an_approval_that_fills_no_slot_is_refused(
    story: Story, who: str, change: dict[str, object], reason: Reason
) -> None:
    """Role, side, slot, policy and person must fit."""
    story.opened()
    approval = story.world.approval(who, story.request, **change)
    member = who.partition("/")[0]
    assert story.refused(member, approval) is reason


def test_a_person_decides_once(story: Story) -> None:
    """Neither a second approval nor a change of mind is taken."""
    story.approved()
    again = story.world.approval(f"{HOLDER}/nodal", story.request)
    assert story.refused(HOLDER, again) is Reason.DECIDED
    never = story.world.refusal(f"{HOLDER}/nodal", story.request)
    assert story.refused(HOLDER, never) is Reason.DECIDED


@pytest.mark.parametrize("who", [HOLDER, f"{HOLDER}/nodal", f"{ASKER}/sho"])
def test_a_refusal_closes_the_request(story: Story, who: str) -> None:
    """Of an officer or the node; the other side is told and no record can follow."""
    story.opened()
    member = who.partition("/")[0]
    refusal = story.world.refusal(who, story.request)
    story.send(member, refusal)
    other = ASKER if member == HOLDER else HOLDER
    assert story.box(other)[-1] == refusal
    assert story.refused(HOLDER, story.world.refusal(HOLDER, story.request)) is (
        Reason.CLOSED
    )
    (request,) = story.hub.verbs.relay.receive(HOLDER, 0, 0)[:1]
    assert request.content == b""


@pytest.mark.parametrize("end", ["refused", "disclosed"])
def test_a_decision_that_was_overtaken_is_logged_and_carried(
    story: Story, end: str
) -> None:
    """It stands in every log, as an audit expects, and moves nothing."""
    if end == "refused":
        story.opened()
        story.send(HOLDER, story.world.refusal(f"{HOLDER}/nodal", story.request))
    else:
        story.disclosed()
    before, leaves = story.phase(), story.hub.log.size()
    late = story.world.approval(f"{ASKER}/sho2", story.request)
    story.send(ASKER, late)
    assert story.box(HOLDER)[-1] == late
    assert story.hub.log.size() == leaves + 1
    assert story.phase() == before


def test_an_approval_after_a_refusal_lets_nothing_through(story: Story) -> None:
    """A record sent on the strength of a late approval is refused."""
    story.opened()
    story.send(HOLDER, story.world.refusal(HOLDER, story.request))
    late = story.world.approval(f"{HOLDER}/nodal", story.request)
    story.send(HOLDER, late)
    sent = story.world.disclosure(story.request, [late])
    assert story.refused(HOLDER, *sent) is Reason.CLOSED


def test_a_third_member_refuses_nothing(story: Story) -> None:
    """Only the two parties of a request have a say in it."""
    story.opened()
    refusal = story.world.refusal(HOLDERS[1], story.request)
    assert story.refused(HOLDERS[1], refusal) is Reason.WRONG_ROLE


def test_nothing_is_disclosed_before_it_was_approved(story: Story) -> None:
    """A disclosure without an approval of this request is refused."""
    story.opened()
    approval = story.world.approval(f"{HOLDER}/nodal", story.request)
    sent = story.world.disclosure(story.request, [approval])
    assert story.refused(HOLDER, *sent) is Reason.NOT_APPROVED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fields": ["address"]}, Reason.FIELDS),
        ({"recipient_key": canonical.to_b64(bytes(32))}, Reason.NOT_APPROVED),
        ({"requester": HOLDERS[1]}, Reason.NOT_APPROVED),
        ({"category": "health"}, Reason.NOT_APPROVED),
        ({"approvals": ["f" * 64]}, Reason.NOT_APPROVED),
        ({"ciphertext": "f" * 64}, Reason.MALFORMED),
    ],
)
def test_a_disclosure_is_what_was_asked_and_approved(
    story: Story, change: dict[str, object], reason: Reason
) -> None:
    """More fields, another reader or another content is not carried."""
    sent = story.world.disclosure(story.request, story.approved(), **change)
    assert story.refused(HOLDER, *sent) is reason


def test_narrowed_fields_stay_narrow(story: Story) -> None:
    """What one approver left out can't be disclosed."""
    story.opened()
    given = [
        story.world.approval(f"{ASKER}/sho", story.request),
        story.world.approval(f"{HOLDER}/nodal", story.request, fields=["owner"]),
    ]
    story.send(ASKER, given[0])
    story.send(HOLDER, given[1])
    wide = story.world.disclosure(story.request, given)
    assert story.refused(HOLDER, *wide) is Reason.FIELDS
    story.send(HOLDER, *story.world.disclosure(story.request, given, fields=["owner"]))


@pytest.mark.parametrize("fault", ["none", "salt", "leaf", "path", "index", "padding"])
def test_a_disclosure_needs_a_proof_of_its_own_leaf(story: Story, fault: str) -> None:
    """A proof that is missing, another's, or has room for more is malformed."""
    approvals = story.approved()
    data, ciphertext, proof = story.world.disclosure(story.request, approvals)
    other = story.world.disclosure(story.request, approvals)[2]
    if fault == "salt":
        proof.salt = other.salt
    elif fault == "leaf":
        proof.leaf, proof.salt = other.leaf, other.salt
    elif fault == "path":
        proof.hashes.append(canonical.to_b64(bytes(32)))
    elif fault == "index":
        proof.index += 1
    elif fault == "padding":
        proof.checkpoint += f"— smuggler {canonical.to_b64(bytes(500))}\n"
    beside = None if fault == "none" else proof
    assert story.refused(HOLDER, data, ciphertext, beside) is Reason.MALFORMED
    story.send(HOLDER, data, ciphertext, story.world.prove(data))


def test_one_disclosure_per_request(story: Story) -> None:
    """A second one, however well approved, is a replay."""
    story.disclosed()
    given = story.box(HOLDER) + story.box(ASKER)
    approvals = [one for one in given if story.world.read(one).kind is Kind.APPROVAL]
    again = story.world.disclosure(story.request, approvals)
    assert story.refused(HOLDER, *again) is Reason.REPLAYED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ciphertext": "f" * 64}, Reason.UNKNOWN),
        ({"answers": "f" * 64}, Reason.UNKNOWN),
        ({"disclosure": "f" * 64}, Reason.UNKNOWN),
    ],
)
def test_a_receipt_names_what_was_disclosed(
    story: Story, change: dict[str, object], reason: Reason
) -> None:
    """A receipt for something else is refused, and the record stays readable."""
    data, ciphertext = story.disclosed()
    receipt = story.world.receipt(data, **change)
    assert story.refused(ASKER, receipt) is reason
    assert story.hub.verbs.relay.receive(ASKER, 0, 0)[-1].content == ciphertext


def test_what_expires_is_closed_and_wiped(story: Story) -> None:
    """After its time a request takes nothing more, and what was sealed is gone."""
    story.approved()
    story.world.clock.advance(DAY + 1)
    approval = story.world.approval(f"{ASKER}/sho2", story.request)
    assert story.refused(ASKER, approval) is Reason.EXPIRED
    story.hub.sweep()
    assert story.refused(ASKER, approval) is Reason.EXPIRED
    assert story.hub.verbs.relay.receive(HOLDER, 0, 0)[0].content == b""


@pytest.mark.parametrize("arrived", [True, False])
def test_a_disclosure_may_be_declared_void(story: Story, arrived: bool) -> None:
    """Whether or not it came by here; the requester is told, nothing follows."""
    approvals = story.approved()
    data, ciphertext, proof = story.world.disclosure(story.request, approvals)
    if arrived:
        story.send(HOLDER, data, ciphertext, proof)
    else:
        story.world.clock.advance(DAY + 1)
        story.hub.sweep()
    void = story.world.void(story.request, data)
    story.send(HOLDER, void)
    assert story.box(ASKER)[-1] == void
    receipt = story.world.receipt(data)
    assert story.refused(ASKER, receipt) in (Reason.CLOSED, Reason.UNKNOWN)


def test_a_receipt_and_a_void_exclude_each_other(story: Story) -> None:
    """What was receipted can't be declared void afterwards."""
    data, _ = story.disclosed()
    story.send(ASKER, story.world.receipt(data))
    void = story.world.void(story.request, data)
    assert story.refused(HOLDER, void) is Reason.CLOSED
