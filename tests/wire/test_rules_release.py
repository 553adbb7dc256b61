"""The rules of releasing: each one broken alone gives exactly its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from childgrid_wire import rules
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View
from wire import samples, world
from wire.story import (
    STORY,
    VIEW,
    Change,
    at,
    both,
    custodian,
    directory,
    floor,
    having,
    heard,
    of_request,
    officer,
    policy,
    purposes,
    query,
    refused_for,
    request,
    revoked,
    rule,
)
from wire.world import DAY, NOW, Json, altered

SPAN = STORY.request.expires - STORY.request.issued
REQUESTS: dict[str, tuple[Change, Reason]] = {
    "expired": (at(STORY.request.expires), Reason.EXPIRED),
    "from the future": (request(issued=NOW + 121), Reason.NOT_YET),
    "lives too long": (floor(request_seconds=SPAN - 1), Reason.EXPIRED),
    "another kind": (having(request=STORY.query), Reason.UNKNOWN_KIND),
    "directory lapsed": (directory(expires=NOW), Reason.EXPIRED),
    "requester unknown": (request(officer="nobody"), Reason.UNKNOWN_KEY),
    "requester revoked": (revoked(officers={"police/io-7"}), Reason.REVOKED),
    "requester a supervisor": (request(officer="sho-2"), Reason.WRONG_ROLE),
    "another query": (request(query=samples.H), Reason.CASE),
    "another agency's query": (
        both(
            query(issuer="transport"),
            lambda story: request(query=story.query.hash)(story),
        ),
        Reason.CASE,
    ),
    "another purpose than the query's": (request(purpose="prevention"), Reason.CASE),
    "another case than the query's": (request(case=samples.H), Reason.CASE),
    "a section more": (request(sections=["BNS:143(4)", "POCSO:4"]), Reason.CASE),
    "a holder that wasn't asked": (request(holder="hub"), Reason.CASE),
    "a rehearsal": (
        both(
            query(rehearsal=True),
            lambda story: request(query=story.query.hash)(story),
        ),
        Reason.EXPIRED,
    ),
    "made after the query's end": (
        both(
            query(expires=STORY.request.issued),
            lambda story: request(query=story.query.hash)(story),
        ),
        Reason.EXPIRED,
    ),
    "a directory that isn't known here": (request(directory=2), Reason.OLD_VERSION),
    "another policy": (request(policy=samples.H), Reason.OLD_VERSION),
    "policy changed since": (policy(named=False, version=2), Reason.OLD_VERSION),
    "policy approved changed since": (
        of_request(1, policy=samples.H),
        Reason.OLD_VERSION,
    ),
    "custodian saw no policy": (of_request(1, policy=""), Reason.OLD_VERSION),
    "policy lapsed": (policy(expires=NOW), Reason.EXPIRED),
    "no policy": (
        lambda story: replace(story, view=replace(story.view, policies={})),
        Reason.OLD_VERSION,
    ),
    "category without a rule": (having(category="finance"), Reason.FIELDS),
    "policy forbids the purpose": (rule(purposes=["prosecution"]), Reason.PURPOSE),
    "floor forbids the category": (purposes(categories=["identity"]), Reason.PURPOSE),
    "floor lost the purpose": (
        floor(purposes=world.floor_body()["purposes"][1:]),
        Reason.PURPOSE,
    ),
    "a field that policy keeps": (
        request(fields=["owner", "photograph"]),
        Reason.FIELDS,
    ),
    "nothing in common": (of_request(1, fields=["registration"]), Reason.FIELDS),
    "custodian left nothing": (of_request(1, fields=[]), Reason.FIELDS),
    "supervisor left nothing": (of_request(0, fields=[]), Reason.FIELDS),
    "no approvals": (having(approvals=()), Reason.NOT_APPROVED),
    "no supervisor": (having(approvals=STORY.approvals[1:]), Reason.NOT_APPROVED),
    "no custodian": (having(approvals=STORY.approvals[:1]), Reason.NOT_APPROVED),
    "custodian answers another request": (
        of_request(1, answers=samples.H),
        Reason.NOT_APPROVED,
    ),
    "custodian approves the query": (
        of_request(1, subject="query"),
        Reason.NOT_APPROVED,
    ),
    "custodian from another agency": (
        of_request(1, issuer="police", officer="sho-2"),
        Reason.WRONG_ROLE,
    ),
    "custodian on the requester's side": (
        of_request(1, side="requester"),
        Reason.WRONG_ROLE,
    ),
    "custodian's approval expired": (of_request(1, expires=NOW), Reason.EXPIRED),
    "custodian's approval from the future": (
        of_request(1, issued=NOW + 121),
        Reason.NOT_YET,
    ),
    "custodian's approval older than the request": (
        of_request(1, issued=STORY.request.issued - 121),
        Reason.NOT_APPROVED,
    ),
    "custodian is no custodian": (
        of_request(1, officer="clerk-1"),
        Reason.NOT_APPROVED,
    ),
    "custodian revoked": (revoked(officers={"transport/nodal-1"}), Reason.REVOKED),
    "holder revoked": (revoked(members={"transport"}), Reason.REVOKED),
    "custodian's term over": (
        officer("transport/nodal-1", valid_until=NOW),
        Reason.EXPIRED,
    ),
    "custodian in training": (
        officer("transport/nodal-1", training=True),
        Reason.TRAINING,
    ),
    "custodian's rank too low": (
        officer("transport/nodal-1", rank=29),
        Reason.NOT_APPROVED,
    ),
    "approved by whoever asked": (of_request(0, officer="io-7"), Reason.OWN_REQUEST),
    "approved by whoever queried": (
        both(
            request(officer="io-8"),
            officer("police/it-1", id="io-8", role="investigator"),
            of_request(0, officer="io-7"),
        ),
        Reason.OWN_REQUEST,
    ),
    "one decides twice": (
        having(
            approvals=(
                *STORY.approvals,
                altered(STORY.approvals[1], fields=["owner", "address"]),
            )
        ),
        Reason.DECIDED,
    ),
    "one fills both slots": (
        having(
            approvals=(
                STORY.approvals[1],
                altered(STORY.approvals[1], slot="supervisor"),
            )
        ),
        Reason.DECIDED,
    ),
    "two custodians are needed": (
        rule(slots=[world.CUSTODIAN | {"persons": 2}]),
        Reason.NOT_APPROVED,
    ),
    "policy wants a slot more": (
        rule(slots=[world.slot("legal", "holder", "prosecutor")]),
        Reason.NOT_APPROVED,
    ),
    "policy takes the floor's slot away": (
        rule(slots=[world.CUSTODIAN | {"role": "agency-it"}]),
        Reason.CONFIGURATION,
    ),
    "floor names a slot twice": (
        floor(release_slots=[world.SUPERVISOR, world.SUPERVISOR | {"min_rank": 0}]),
        Reason.CONFIGURATION,
    ),
}


@pytest.mark.parametrize(("change", "reason"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_that_breaks_one_rule(change: Change, reason: Reason) -> None:
    """Nothing is granted, for exactly that reason, and the story still holds."""
    assert refused_for(change(STORY).granted) is reason
    assert refused_for(STORY.granted) is None


def test_a_custodian_may_narrow_and_nobody_may_widen() -> None:
    """What leaves is what was asked, granted by policy and left by every approval."""
    wide = of_request(1, fields=["address", "owner", "photograph", "registration"])
    assert wide(STORY).granted().fields == ("address", "owner")
    narrow = both(wide, of_request(0, fields=["address"]))
    assert narrow(STORY).granted().fields == ("address",)
    spare = custodian("transport/nodal-2", STORY.request, fields=["address"])
    more = replace(wide(STORY), approvals=(*wide(STORY).approvals, spare))
    assert more.granted().fields == ("address",)


def disclosure(**changes: Json) -> Statement:
    """The disclosure that the story leads to."""
    grant = STORY.granted()
    body = {
        "answers": STORY.request.hash,
        "request": STORY.request.hash,
        "ciphertext": samples.H,
        "directory": VIEW.directory.hash,
        "floor": VIEW.rules().hash,
        "staff": {name: VIEW.staff[name].hash for name in ("police", "transport")},
        "policy": grant.policy.hash,
        "approvals": list(grant.approvals),
        "fields": list(grant.fields),
        "recipient_key": STORY.request["recipient_key"],
        "requester": "police",
        "category": "vehicle",
        "row_as_of": NOW - DAY,
    }
    return altered(heard(Kind.DISCLOSURE, "transport", **body), **changes)


def judged(one: Statement, view: View = VIEW) -> Reason | None:
    """Why a disclosure isn't what the request allows, if so."""
    return refused_for(
        lambda: rules.check_disclosure(view, one, STORY.request, STORY.granted())
    )


def test_a_disclosure_that_says_what_was_allowed_is_taken() -> None:
    """It names the request, the papers, the approvals and the fields."""
    assert judged(disclosure()) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"request": samples.H}, Reason.NOT_APPROVED),
        ({"answers": samples.H}, Reason.NOT_APPROVED),
        ({"directory": samples.H}, Reason.NOT_APPROVED),
        ({"floor": samples.H}, Reason.NOT_APPROVED),
        ({"policy": samples.H}, Reason.NOT_APPROVED),
        ({"approvals": [samples.H]}, Reason.NOT_APPROVED),
        ({"approvals": []}, Reason.NOT_APPROVED),
        ({"fields": ["address", "owner"]}, Reason.NOT_APPROVED),
        ({"fields": []}, Reason.NOT_APPROVED),
        ({"recipient_key": samples.B32}, Reason.NOT_APPROVED),
        ({"requester": "hub"}, Reason.NOT_APPROVED),
        ({"issuer": "police"}, Reason.NOT_APPROVED),
        ({"staff": {}}, Reason.OLD_VERSION),
        ({"staff": {"police": samples.H}}, Reason.OLD_VERSION),
        ({"issued": STORY.request.issued - 121}, Reason.EXPIRED),
        ({"issued": STORY.request.expires}, Reason.EXPIRED),
    ],
)
def test_a_disclosure_that_differs_is_not_opened(changes: Json, reason: Reason) -> None:
    """Each hash, each field and each time must be the one that was allowed."""
    original = STORY.request["recipient_key"]
    if changes.get("recipient_key") == original:
        changes = {"recipient_key": world.b64_key("somebody else")}
    assert judged(disclosure(**changes)) is reason


def test_a_disclosure_of_another_kind_or_without_papers_is_refused() -> None:
    """A receipt is no disclosure, and an unknown staff list is no ground."""
    assert judged(STORY.case) is Reason.UNKNOWN_KIND
    bare = replace(VIEW, staff={"transport": VIEW.staff["transport"]})
    assert judged(disclosure(), bare) is Reason.OLD_VERSION
