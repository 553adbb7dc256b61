"""Attacks on break-glass: without leave, alone, again, too late, and unheard.

Each story ends by asserting that nothing was released and nothing changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from childgrid_node import breakglass
from childgrid_node.courier import Parcel
from childgrid_node.emergency import Standing
from childgrid_node.mailroom import open_parcel
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.breakglass import ENDED, REVIEW_SECONDS, USED
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse
from childgrid_wire.statement import Statement
from glass import FIELDS, broken, emergency, glass_grid, opt_out, review, reviewed
from grid import AGENCIES, DAY, KABIR, Grid, identity, officer_signer
from hostile_enemy import body_of
from hostile_spy import Spy, restart
from refusals import refused


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid where customs and prisons opted in."""
    return glass_grid(tmp_path, "customs", "prisons")


def spy(grid: Grid) -> Spy:
    """The coordinator."""
    assert isinstance(grid.relay, Spy)
    return grid.relay


@contextmanager
def nothing(grid: Grid, released: int = 0) -> Iterator[None]:
    """What happens inside releases nothing and leaves every agency as it was."""
    before = {name: grid.state(name) for name in AGENCIES}
    yield
    assert {name: grid.state(name) for name in AGENCIES} == before
    assert sum(grid.released(name) for name in AGENCIES) == released


def sealed_to(grid: Grid, request: Statement) -> Parcel:
    """The request as the police's node would mail it."""
    return grid.parcel("police", request)


def by(
    grid: Grid, keyid: str, request: Statement, slot: str = "break-glass", **more: Any
) -> bytes:
    """An approval of a request by anybody."""
    issuer, _, person = keyid.partition("/")
    side = "holder" if issuer == request["holder"] else "requester"
    body = {"subject": "request", "side": side, "slot": slot}
    body |= {"fields": request["fields"], "policy": request["policy"], **more}
    return statement.make(
        Kind.APPROVAL,
        officer_signer(issuer, person),
        issuer=issuer,
        officer=person,
        now=grid.now,
        seconds=DAY,
        answers=request.hash,
        **body,
    )


def mail(grid: Grid, name: str, data: bytes, content: bytes = b"") -> None:
    """Put something into an agency's mailbox."""
    open_parcel(grid.agency(name).office, Parcel(0, data, content, None), last=True)


@pytest.mark.threat("T17")
def test_without_opt_in_there_is_no_emergency(tmp_path: Path) -> None:
    """Not at the own desk, not by mail, and not with the custodian's own signature."""
    grid = glass_grid(tmp_path)
    asked = grid.ask(KABIR)
    with refused(grid, Reason.NOT_APPROVED):
        emergency(grid, asked)
    plain = grid.request(asked, "customs", list(FIELDS))
    parcel = sealed_to(grid, plain)
    forged = _declared(plain)
    with nothing(grid):
        mail(grid, "customs", forged.data, parcel.content)
        mail(grid, "customs", by(grid, "customs/cu-mehta", forged))
        assert grid.release("customs") == []


def _declared(plain: Statement) -> Statement:
    """The same request, declaring an emergency; signed by its own officer."""
    body = body_of(plain.data) | {"break_glass": True}
    signer = officer_signer(plain.issuer, plain.officer)
    made = envelope.sign(Kind.REQUEST, canonical.dumps(body), [signer])
    return statement.parse(envelope.read(made))


def test_the_opt_in_is_taken_back_before_the_release(grid: Grid) -> None:
    """Authority is judged at the release: what was sealed by then is void."""
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, slot="break-glass")
    opt_out(grid, "customs")
    with nothing(grid), pytest.raises(Refused):
        grid.release("customs")


@pytest.mark.parametrize(
    "who",
    ["police/si-rao", "police/sp-nair", "police/cu-police", "prisons/pr-singh"],
)
def test_whoever_is_no_custodian_of_the_holder_approves_nothing(
    grid: Grid, who: str
) -> None:
    """Least of all who asked."""
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    with nothing(grid):
        for side in ("holder", "requester"):
            for slot in ("break-glass", "custodian"):
                mail(grid, "customs", by(grid, who, request, slot, side=side))
        assert grid.release("customs") == ["waiting"]


def test_a_usual_approval_breaks_no_glass_and_the_other_way_round(grid: Grid) -> None:
    """What a custodian signed for the one counts for nothing in the other."""
    asked = grid.ask(KABIR)
    plain = grid.request(asked, "customs", list(FIELDS))
    urgent = emergency(grid, asked)
    grid.carry()
    journal = grid.agency("customs").office.journal
    for request, slot in ((urgent, "custodian"), (plain, "break-glass")):
        made = statement.parse(
            envelope.read(by(grid, "customs/cu-mehta", request, slot))
        )
        with journal.writing() as writing:
            writing.say(made)
    with nothing(grid):
        assert set(grid.release("customs")) == {"waiting"}


@pytest.mark.threat("T17")
def test_no_second_before_the_first_is_reviewed(grid: Grid) -> None:
    """Another case, another record, the same agency: it waits for the review."""
    first = broken(grid)
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-dias", request.hash, slot="break-glass")
    grid.carry()
    with nothing(grid, released=1):
        assert grid.release("customs") == ["unreviewed"]
    review(grid, "police", "sp-nair", first)
    grid.carry()
    with nothing(grid, released=1):
        assert grid.release("customs") == ["unreviewed"]


def test_no_second_at_another_holder_either(grid: Grid) -> None:
    """The prisons know from the board that the police owe a review at customs."""
    broken(grid)
    request = emergency(grid, grid.ask(KABIR), "prisons")
    grid.carry()
    grid.decide("prisons", "pr-singh", request.hash, slot="break-glass")
    grid.carry()
    with nothing(grid, released=1):
        assert grid.release("prisons") == ["unreviewed"]


def test_two_at_once_release_one(grid: Grid) -> None:
    """Both sealed before either heard of the other: the earlier notice goes first."""
    asked = grid.ask(KABIR)
    requests = [emergency(grid, asked, name) for name in ("customs", "prisons")]
    grid.carry()
    for request, who in zip(requests, ("cu-mehta", "pr-singh"), strict=True):
        grid.decide(request["holder"], who, request.hash, slot="break-glass")
    for name in ("customs", "prisons"):
        assert grid.release(name) == ["sealed"]
        grid.now += 1
    grid.carry()
    for name in ("prisons", "customs"):
        grid.release(name)

    assert (grid.released("customs"), grid.released("prisons")) == (1, 0)


@pytest.mark.threat("T17")
def test_after_72_hours_nothing_is_released_before_all_is_done(grid: Grid) -> None:
    """Suspended by itself; reviewed late, it is suspended still."""
    first = broken(grid)
    grid.now += REVIEW_SECONDS
    grid.settle()
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-dias", request.hash, slot="break-glass")
    grid.carry()
    with nothing(grid, released=1):
        assert grid.release("customs") == ["unreviewed"]
    reviewed(grid, first)
    restart(grid, "customs")
    with nothing(grid, released=1):
        assert grid.release("customs") == ["unreviewed"]


class Deaf(Spy):
    """A coordinator that hangs up no notice, or shows it to some only."""

    shown: tuple[str, ...] = ()

    def hang(self, data: bytes) -> None:
        """Drop it, but for those it is shown to."""
        for name in self.shown:
            self.grid.members[name].shelf.add(data)


def deaf(grid: Grid, *shown: str) -> Deaf:
    """Let the coordinator drop notices from now on."""
    relay = Deaf(grid)
    relay.shown = shown
    grid.relay = relay
    return relay


@pytest.mark.parametrize(
    "shown",
    [
        (),
        ("customs",),
        ("customs", "police", "prisons", "childcare"),
        ("customs", "audit-north", "audit-south"),
        ("customs", "police", "audit-north"),
    ],
)
@pytest.mark.threat("T17")
def test_a_coordinator_that_drops_the_notices_gets_no_release(
    grid: Grid, shown: tuple[str, ...]
) -> None:
    """Unless a quorum has them, an auditor among them, nothing is handed over."""
    asked = grid.ask(KABIR)
    deaf(grid, *shown)
    request = emergency(grid, asked)
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, slot="break-glass")
    assert grid.release("customs") == ["sealed" if shown else "waiting"]
    grid.carry()
    with nothing(grid):
        for _ in range(2):
            if shown:
                with pytest.raises(WireError) as caught:
                    grid.release("customs")
                assert caught.value.reason is Reason.STALE
            else:
                assert grid.release("customs") == ["waiting"]


class Dark(Spy):
    """A coordinator that shows customs nothing of what the prisons say."""

    def hang(self, data: bytes) -> None:
        """Show it to everybody else."""
        for name, member in self.grid.members.items():
            if name != "customs" or body_of(data)["issuer"] != "prisons":
                member.shelf.add(data)


def test_a_holder_is_kept_in_the_dark_about_another_use(grid: Grid) -> None:
    """Customs does not know that a review is owed at the prisons; the witnesses do."""
    grid.relay = Dark(grid)
    broken(grid, "prisons", "pr-singh")
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, slot="break-glass")
    assert grid.release("customs") == ["sealed"]
    grid.carry()
    with nothing(grid, released=1), pytest.raises(Refused) as caught:
        grid.release("customs")
    assert caught.value.detail == "notices here"


def test_once_the_notices_hang_it_is_released(grid: Grid) -> None:
    """The same with the notices shown at last: nothing was lost by waiting."""
    asked = grid.ask(KABIR)
    deaf(grid, "customs")
    request = emergency(grid, asked)
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, slot="break-glass")
    with pytest.raises(Refused):
        grid.settle()
    grid.relay = Spy(grid)
    grid.post([one.data for one in grid.members["customs"].shelf.book.notices()])
    grid.settle()

    assert grid.released("customs") == 1


def test_a_witness_s_word_about_notices_can_t_be_forged(grid: Grid) -> None:
    """Replies are stripped of it, or said again from an earlier time: no release."""
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, slot="break-glass")

    def strip(_: WitnessRequest, response: WitnessResponse) -> None:
        for reply in response.replies.values():
            body = body_of(reply.freshness.payload)
            body["notices"] = ["ab" * 32]
            outer = envelope.read(reply.freshness.payload)
            reply.freshness.payload = envelope.assemble(
                Kind.FRESHNESS, canonical.dumps(body), outer.signatures
            )

    assert grid.release("customs") == ["sealed"]
    grid.carry()
    spy(grid).twist = strip
    with nothing(grid), pytest.raises(Refused):
        grid.release("customs")


@pytest.mark.threat("T17")
def test_without_the_witnesses_quorum_there_is_no_emergency(grid: Grid) -> None:
    """A child in danger doesn't make a log that nobody saw."""
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, slot="break-glass")
    for name in ("audit-north", "audit-south"):
        grid.members[name].online = False
    assert grid.release("customs") == ["sealed"]
    grid.carry()
    with nothing(grid), pytest.raises(Refused) as caught:
        grid.release("customs")
    assert caught.value.reason is Reason.NO_QUORUM


def test_notices_by_others_are_nobody_s(grid: Grid) -> None:
    """A third agency can neither declare an emergency nor say that one is over."""
    first = broken(grid)
    for member, topic in (("prisons", ENDED), ("police", ENDED), ("childcare", USED)):
        made = statement.make(
            Kind.NOTICE,
            identity(member).signer,
            issuer=member,
            now=grid.now,
            seconds=DAY,
            topic=topic,
            subject=first.hash,
        )
        grid.post([made])
    customs = grid.agency("customs").office
    assert breakglass.right(customs, "police").standing is Standing.OWED
    request = emergency(grid, grid.ask(KABIR))
    grid.carry()
    grid.decide("customs", "cu-dias", request.hash, slot="break-glass")
    grid.carry()
    with nothing(grid, released=1):
        assert grid.release("customs") == ["unreviewed"]


@pytest.mark.threat("T17")
def test_reviews_by_the_wrong_people_end_nothing(grid: Grid) -> None:
    """By mail, by whoever asked, approved, or has no place: the review is owed."""
    request = broken(grid)
    (notice,) = [
        one
        for one in grid.members["customs"].shelf.book.notices()
        if one["topic"] == USED
    ]
    with nothing(grid, released=1):
        for who in ("police/si-rao", "police/si-joshi", "prisons/pr-singh",
                    "police/cu-police"):  # fmt: skip
            issuer, _, person = who.partition("/")
            made = statement.make(
                Kind.REVIEW,
                officer_signer(issuer, person),
                issuer=issuer,
                officer=person,
                now=grid.now,
                seconds=DAY,
                answers=notice.hash,
                subject="break-glass",
                pairs=1,
                agreed=1,
                result=notice.answers,
            )
            mail(grid, "customs", made)
    customs = grid.agency("customs").office
    assert breakglass.right(customs, "police").owed == request.hash


@pytest.mark.threat("T14")
def test_a_notice_about_anything_shuts_no_inbox(grid: Grid) -> None:
    """A member hangs up that a glass was broken for what was no emergency of its own.

    A query, an answer, a usual request, another holder's emergency: every officer at
    whose node that is known goes on working, and has nothing of it to review.
    """
    asked = grid.ask(KABIR)
    usual = grid.request(asked, "customs", FIELDS)
    urgent = emergency(grid, asked, "prisons")
    grid.carry()
    answers = grid.agency("police").office.journal.answers(asked.hash, Kind.ANSWER)
    told = [("childcare", about) for about in (asked, answers[0], usual, urgent)]
    for member, about in (*told, ("customs", usual)):
        made = statement.make(
            Kind.NOTICE,
            identity(member).signer,
            issuer=member,
            now=grid.now,
            seconds=DAY,
            topic=USED,
            subject=about.hash,
        )
        grid.post([made])

    for member, officer in (("police", "sp-nair"), ("customs", "cu-dias"),
                            ("prisons", "pr-singh")):  # fmt: skip
        assert grid.look(member, officer, "inbox")["emergencies"] == []
