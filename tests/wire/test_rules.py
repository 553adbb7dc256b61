"""The rules: each one broken alone gives exactly its reason, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from childgrid_wire import rules, statement
from childgrid_wire.errors import Reason, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Revoked, View
from wire import samples, world
from wire.world import DAY, NOW, Json, altered

CASE = "0c" * 32
VIEW = world.view()


def heard(kind: Kind, who: str, **body: Json) -> Statement:
    """A statement that was signed and verified."""
    return statement.verify(world.said(kind, who, **body), VIEW.find_key, kind)


def approval(who: str, subject: Statement, **changes: Json) -> Statement:
    """An approval of `subject` by an officer."""
    body = {
        "answers": subject.hash,
        "subject": subject.kind.value,
        "side": "requester",
        "slot": "supervisor",
        "fields": ["owner", "registration"],
        "policy": "",
    } | changes
    return heard(Kind.APPROVAL, who, **body)


def custodian(who: str, subject: Statement, **changes: Json) -> Statement:
    """The holder's approval of a request."""
    policy = VIEW.policy("transport").hash
    sides = {"side": "holder", "slot": "custodian", "policy": policy}
    return approval(who, subject, **(sides | changes))


@dataclass(frozen=True)
class Story:
    """One search and one disclosure, all in order; tests change one thing."""

    view: View
    query: Statement
    case: Statement
    query_approvals: tuple[Statement, ...]
    request: Statement
    approvals: tuple[Statement, ...]
    target: str = "transport"
    category: str = "vehicle"

    def asked(self) -> dict[str, list[str]]:
        """Judge the query."""
        return rules.check_query(
            self.view, self.query, self.case, self.query_approvals, target=self.target
        )

    def granted(self) -> rules.Grant:
        """Judge the request."""
        return rules.check_request(
            self.view, self.query, self.request, self.approvals, self.category
        )


def told() -> Story:
    """The story as it should be."""
    case = heard(
        Kind.CASE,
        "police",
        case=CASE,
        basis="fir",
        asker="io-7",
        capacity="investigating-officer",
        sections=["BNS:143(4)", "POCSO:4"],
    )
    query = heard(
        Kind.QUERY,
        "police/io-7",
        purpose="investigation",
        sections=["BNS:143(4)"],
        case=CASE,
        attestation=case.hash,
        targets={"transport": {"ciphertext": samples.H, "sealing_key": samples.H}},
        scheme=VIEW.directory["scheme"],
        epoch=1,
        rehearsal=False,
    )
    request = heard(
        Kind.REQUEST,
        "police/io-7",
        **samples.REQUEST
        | {
            "query": query.hash,
            "case": CASE,
            "fields": ["address", "owner"],
            "policy": VIEW.policy("transport").hash,
        },
    )
    return Story(
        VIEW,
        query,
        case,
        (approval("police/sho-1", query),),
        request,
        (
            approval("police/sho-1", request, fields=["address", "owner"]),
            custodian("transport/nodal-1", request, fields=["owner"]),
        ),
    )


STORY = told()
Change = Callable[[Story], Story]


def query(**changes: Json) -> Change:
    """Another query, approved and attested as before."""

    def change(story: Story) -> Story:
        new = altered(story.query, **changes)
        again = tuple(
            altered(one, answers=new.hash) if one.answers == story.query.hash else one
            for one in story.query_approvals
        )
        return replace(story, query=new, query_approvals=again)

    return change


def case(**changes: Json) -> Change:
    """Another attestation, which the query names."""

    def change(story: Story) -> Story:
        new = altered(story.case, **changes)
        return query(attestation=new.hash)(replace(story, case=new))

    return change


def request(**changes: Json) -> Change:
    """Another request, approved as before."""

    def change(story: Story) -> Story:
        new = altered(story.request, **changes)
        again = tuple(
            altered(one, answers=new.hash) if one.answers == story.request.hash else one
            for one in story.approvals
        )
        return replace(story, request=new, approvals=again)

    return change


def asked_by(name: str) -> Change:
    """A query by another officer, attested to them."""
    return lambda story: query(officer=name)(case(asker=name)(story))


def of_query(index: int = 0, **changes: Json) -> Change:
    """Another approval of the query."""

    def change(story: Story) -> Story:
        every = list(story.query_approvals)
        every[index] = altered(every[index], **changes)
        return replace(story, query_approvals=tuple(every))

    return change


def of_request(index: int, **changes: Json) -> Change:
    """Another approval of the request: 0 the supervisor's, 1 the custodian's."""

    def change(story: Story) -> Story:
        every = list(story.approvals)
        every[index] = altered(every[index], **changes)
        return replace(story, approvals=tuple(every))

    return change


def having(**changes: Json) -> Change:
    """Other parts of the story."""
    return lambda story: replace(story, **changes)


def at(now: int) -> Change:
    """The same at another time."""
    return lambda story: replace(story, view=replace(story.view, now=now))


def revoked(**changes: Json) -> Change:
    """The same after a revocation."""
    return lambda story: replace(
        story, view=replace(story.view, revoked=Revoked(**changes))
    )


def floor(**changes: Json) -> Change:
    """The same under another floor."""

    def change(story: Story) -> Story:
        new = altered(story.view.rules(), **changes)
        return replace(story, view=replace(story.view, floor=new))

    return change


def directory(**changes: Json) -> Change:
    """The same under another directory."""

    def change(story: Story) -> Story:
        new = altered(story.view.directory, **changes)
        return replace(story, view=replace(story.view, directory=new))

    return change


def officer(who: str, **changes: Json) -> Change:
    """The same where the staff list says something else of one person."""

    def change(story: Story) -> Story:
        member, name = who.split("/")
        staff = story.view.staff[member]
        officers = [
            entry | changes if entry["id"] == name else entry
            for entry in staff["officers"]
        ]
        new = {**story.view.staff, member: altered(staff, officers=officers)}
        return replace(story, view=replace(story.view, staff=new))

    return change


def policy(named: bool = True, **changes: Json) -> Change:
    """The same under another policy of the holder, which everyone has seen."""

    def change(story: Story) -> Story:
        new = altered(story.view.policy("transport"), **changes)
        story = replace(story, view=replace(story.view, policies={"transport": new}))
        if named:
            story = request(policy=new.hash)(story)
            story = of_request(1, policy=new.hash)(story)
        return story

    return change


def rule(**changes: Json) -> Change:
    """The same where the holder's rule for vehicles differs."""
    return policy(rules=[world.policy_body()["rules"][0] | changes])


def purposes(**changes: Json) -> Change:
    """The same where the floor says something else of investigations."""
    first = world.floor_body()["purposes"][0]
    return floor(purposes=[first | changes])


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(story: Story) -> Story:
        for one in changes:
            story = one(story)
        return story

    return change


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


def refused_for(action: Callable[[], object]) -> Reason | None:
    """The reason of a refusal, or none; other errors pass through."""
    try:
        action()
    except WireError as refusal:
        return refusal.reason
    return None


@pytest.mark.parametrize(("change", "reason"), QUERIES.values(), ids=QUERIES)
def test_a_query_that_breaks_one_rule(change: Change, reason: Reason) -> None:
    """It is refused for exactly that, and the story still holds afterwards."""
    assert refused_for(change(STORY).asked) is reason
    assert refused_for(STORY.asked) is None


@pytest.mark.parametrize(("change", "reason"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_that_breaks_one_rule(change: Change, reason: Reason) -> None:
    """Nothing is granted, for exactly that reason, and the story still holds."""
    assert refused_for(change(STORY).granted) is reason
    assert refused_for(STORY.granted) is None


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
