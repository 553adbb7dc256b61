"""One search and one disclosure in order, and ways to break one rule at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from childgrid_wire import rules, statement
from childgrid_wire.errors import Reason, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Revoked, View
from wire import samples, world
from wire.world import Json, altered

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


def refused_for(action: Callable[[], object]) -> Reason | None:
    """The reason of a refusal, or none; other errors pass through."""
    try:
        action()
    except WireError as refusal:
        return refusal.reason
    return None
