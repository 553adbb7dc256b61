"""The rules of asking: each one broken alone gives exactly its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from wire import samples, world
from wire.story import (
    STORY,
    Change,
    asked_by,
    at,
    both,
    case,
    directory,
    floor,
    having,
    of_query,
    officer,
    purposes,
    query,
    refused_for,
    revoked,
)
from wire.world import NOW, altered


def test_the_story_holds() -> None:
    """In order, the query is answered and exactly the common fields are granted."""
    assert STORY.asked() == {"supervisor": ["police/sho-1"]}
    grant = STORY.granted()
    assert grant.fields == ("owner",)
    assert grant.filled == {
        "supervisor": ["police/sho-1"],
        "custodian": ["transport/nodal-1"],
    }
    assert grant.approvals == tuple(sorted(one.hash for one in STORY.approvals))


LIFE = STORY.query.expires - STORY.query.issued
QUERIES: dict[str, tuple[Change, Reason]] = {
    "expired": (at(STORY.query.expires), Reason.EXPIRED),
    "from the future": (query(issued=NOW + 121), Reason.NOT_YET),
    "lives too long": (floor(query_seconds=LIFE - 1), Reason.EXPIRED),
    "another kind": (having(query=STORY.request), Reason.UNKNOWN_KIND),
    "asker unknown": (asked_by("nobody"), Reason.UNKNOWN_KEY),
    "asker revoked": (revoked(officers={"police/io-7"}), Reason.REVOKED),
    "asker's member revoked": (revoked(members={"police"}), Reason.REVOKED),
    "asker's term over": (officer("police/io-7", valid_until=NOW), Reason.EXPIRED),
    "asker's term not begun": (
        officer("police/io-7", valid_from=NOW + 1),
        Reason.EXPIRED,
    ),
    "asker in training": (officer("police/io-7", training=True), Reason.TRAINING),
    "asker a supervisor": (asked_by("sho-2"), Reason.WRONG_ROLE),
    "asker agency IT": (asked_by("it-1"), Reason.WRONG_ROLE),
    "member is no user": (
        directory(
            members=[
                world.member("police", uses=("provider",)),
                *world.directory_body()["members"][1:],
            ]
        ),
        Reason.WRONG_ROLE,
    ),
    "no floor": (
        lambda story: replace(story, view=replace(story.view, floor=None)),
        Reason.OLD_VERSION,
    ),
    "not a target": (having(target="customs"), Reason.TARGET),
    "no targets": (both(query(targets={}), having(target="")), Reason.TARGET),
    "another scheme": (query(scheme=samples.H), Reason.SCHEME),
    "grid without a scheme": (directory(scheme=""), Reason.SCHEME),
    "another epoch": (query(epoch=2), Reason.EPOCH),
    "epoch withdrawn": (
        directory(epochs={"current": 2, "accepted": [2]}),
        Reason.EPOCH,
    ),
    "purpose not in the floor": (query(purpose="prosecution"), Reason.PURPOSE),
    "section not in the floor": (floor(sections=["POCSO:4"]), Reason.PURPOSE),
    "purpose needs an order": (query(purpose="prevention"), Reason.CASE),
    "basis is an order": (case(basis="order"), Reason.CASE),
    "attestation of another kind": (
        lambda story: query(attestation=story.request.hash)(
            replace(
                story,
                case=replace(story.case, kind=Kind.RECEIPT, hash=story.request.hash),
            )
        ),
        Reason.UNKNOWN_KIND,
    ),
    "attestation not the one named": (
        having(case=altered(STORY.case, id="00" * 16)),
        Reason.CASE,
    ),
    "attested by another agency": (case(issuer="transport"), Reason.CASE),
    "attested to another officer": (case(asker="io-8"), Reason.CASE),
    "attested for another case": (case(case=samples.H), Reason.CASE),
    "section not attested": (case(sections=["POCSO:4"]), Reason.CASE),
    "attestation expired": (case(expires=NOW), Reason.EXPIRED),
    "attestation from the future": (case(issued=NOW + 121), Reason.NOT_YET),
    "no approval": (having(query_approvals=()), Reason.NOT_APPROVED),
    "approval of another query": (
        of_query(answers=samples.H),
        Reason.NOT_APPROVED,
    ),
    "approval of a request": (of_query(subject="request"), Reason.NOT_APPROVED),
    "approval of a silent hit": (
        of_query(subject="silent-hit"),
        Reason.NOT_APPROVED,
    ),
    "approval of another kind": (
        having(query_approvals=(STORY.case,)),
        Reason.UNKNOWN_KIND,
    ),
    "approval expired": (of_query(expires=NOW), Reason.EXPIRED),
    "approval from the future": (of_query(issued=NOW + 121), Reason.NOT_YET),
    "approval older than the query": (
        of_query(issued=STORY.query.issued - 121),
        Reason.NOT_APPROVED,
    ),
    "approved by the asker": (of_query(officer="io-7"), Reason.OWN_REQUEST),
    "approved for the holder": (of_query(side="holder"), Reason.WRONG_ROLE),
    "approved by the target's custodian": (
        of_query(issuer="transport", officer="nodal-1"),
        Reason.WRONG_ROLE,
    ),
    "approved by agency IT": (of_query(officer="it-1"), Reason.NOT_APPROVED),
    "approved in another slot": (of_query(slot="custodian"), Reason.NOT_APPROVED),
    "approver's rank too low": (
        officer("police/sho-1", rank=39),
        Reason.NOT_APPROVED,
    ),
    "rank too low for the purpose": (purposes(min_rank=51), Reason.NOT_APPROVED),
    "approver unknown": (of_query(officer="nobody"), Reason.UNKNOWN_KEY),
    "approver revoked": (revoked(officers={"police/sho-1"}), Reason.REVOKED),
    "approver's term over": (
        officer("police/sho-1", valid_until=NOW),
        Reason.EXPIRED,
    ),
    "approver in training": (officer("police/sho-1", training=True), Reason.TRAINING),
    "the same approval twice": (
        having(query_approvals=STORY.query_approvals * 2),
        Reason.DECIDED,
    ),
    "one approver twice": (
        having(
            query_approvals=(
                STORY.query_approvals[0],
                altered(STORY.query_approvals[0], id="00" * 16),
            )
        ),
        Reason.DECIDED,
    ),
    "two are needed": (
        floor(query_slots=[world.SUPERVISOR | {"persons": 2}]),
        Reason.NOT_APPROVED,
    ),
    "the agency's own policy wants more": (
        lambda story: replace(
            story,
            view=replace(
                story.view,
                policies={
                    **story.view.policies,
                    "police": altered(
                        story.view.policy("transport"),
                        query_slots=[world.SUPERVISOR | {"min_rank": 51}],
                    ),
                },
            ),
        ),
        Reason.NOT_APPROVED,
    ),
}


@pytest.mark.parametrize(("change", "reason"), QUERIES.values(), ids=QUERIES)
def test_a_query_that_breaks_one_rule(change: Change, reason: Reason) -> None:
    """It is refused for exactly that, and the story still holds afterwards."""
    assert refused_for(change(STORY).asked) is reason
    assert refused_for(STORY.asked) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda story: story,
        both(query(issued=NOW + 120), of_query(issued=NOW)),
        floor(query_seconds=LIFE),
        having(target=""),
        officer("police/sho-1", rank=40),
        purposes(min_rank=50),
        directory(expires=NOW),
        of_query(issued=STORY.query.issued - 120),
    ],
)
def test_a_query_at_the_edge_of_a_rule_is_answered(change: Change) -> None:
    """The edges belong to the asker; a lapsed directory stops releases only."""
    assert refused_for(change(STORY).asked) is None
