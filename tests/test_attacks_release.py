"""Attacks on a release: between the seal and the hand-over, and on the witnesses.

Every story is told on one recorded grid (`hostile.play`) through the nodes' own doors,
and ends by asserting that nothing changed, or that what changed gave nothing away.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from childgrid_wire.kinds import Kind
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse
from childgrid_wire.statement import Statement
from grid import (
    AUDITORS,
    HUB,
)
from hostile_enemy import Enemy
from hostile_releases import WITNESSES, lie, revocation
from hostile_stage import Stage, Tally
from hostile_words import (
    says,
    unchanged,
    voided,
)

pytest_plugins = ("hostile_fixtures",)
HOUR = 3_600


def sealed(stage: Stage) -> Statement:
    """The request that is sealed and waits for witnesses."""
    assert stage.state_of(stage.requests["sealed"].hash) == "sealed"
    return stage.requests["sealed"]


def dropping(*withheld: str) -> Callable[[WitnessRequest, WitnessResponse], None]:
    """A relay that leaves some witnesses' replies out."""

    def twist(_: WitnessRequest, response: WitnessResponse) -> None:
        for name in withheld:
            response.replies.pop(name, None)

    return twist


def test_it_is_released_where_all_is_well(stage: Stage) -> None:
    """The positive control of what follows: this very record may be handed over."""
    assert stage.release("customs", sealed(stage).hash) == "released"


def test_a_custodian_is_revoked_between(stage: Stage) -> None:
    """Authority is judged at the hand-over: what was sealed is void."""
    request = sealed(stage)
    made = revocation(stage.grid, "customs", "customs", "cu-mehta")
    stage.publish(made)
    assert stage.release("customs", request.hash) == "void"
    voided(stage, request)


def test_a_refusal_between(stage: Stage) -> None:
    """The other custodian refuses what waits for its witnesses: it is void."""
    request = sealed(stage)
    stage.grid.decide("customs", "cu-dias", request.hash, reason="legal-bar")
    assert stage.release("customs", request.hash) == "void"
    voided(stage, request)


def test_it_runs_out_between(stage: Stage) -> None:
    """Witnesses come back after the request has expired: it is void."""
    request = stage.requests["lapsed"]
    assert stage.state_of(request.hash) == "sealed"
    assert stage.release("customs", request.hash) == "void"
    voided(stage, request)


@pytest.mark.threat("T19")
def test_the_holder_is_kept_from_a_revocation(stage: Stage) -> None:
    """Two witnesses know of it, so one of any four says so: stale, and nothing goes."""
    request = sealed(stage)
    made = revocation(stage.grid, "founders", "police", "sp-nair")
    for name in AUDITORS:
        stage.hang(name, made)
    stage.before = Tally.of(stage)
    for withheld in ("", *WITNESSES):
        stage.spy.twist = dropping(withheld)
        assert stage.release("customs", request.hash).startswith("error:")
    unchanged(stage)


def test_only_the_asking_agency_knows_whom_it_revoked(stage: Stage) -> None:
    """The coordinator hangs up no revocation and withholds the one reply that tells.

    Four other witnesses are a quorum, and none of them knows. So the requester's own
    node must be among those the holder is level with.
    """
    request = sealed(stage)
    stage.hang("police", revocation(stage.grid, "police", "police", "sp-nair"))
    stage.before = Tally.of(stage)
    assert stage.release("customs", request.hash) == "error:stale"
    stage.spy.twist = dropping("police")
    assert stage.release("customs", request.hash) == "error:stale"
    unchanged(stage)


@pytest.mark.threat("T19")
def test_a_staff_list_is_withheld(stage: Stage) -> None:
    """An officer was struck off the list; a holder that wasn't told stops."""
    request = sealed(stage)
    office = stage.grid.agency("police").office
    left = [
        one for one in office.view.staff["police"]["officers"] if one["id"] != "sp-nair"
    ]
    made = says("police", Kind.STAFF, stage, version=2, officers=left)
    for name in ("police", "childcare"):
        stage.hang(name, made)
    stage.before = Tally.of(stage)
    assert stage.release("customs", request.hash) == "error:stale"
    unchanged(stage)


def test_the_clock_of_the_node_stands_still(stage: Stage) -> None:
    """A node whose time is frozen, or runs ahead, learns it from its witnesses."""
    request = sealed(stage)
    for skew in (-HOUR, -121, 121, 30 * HOUR):
        assert stage.release("customs", request.hash, skew).startswith("error:")
    lapsed = stage.requests["lapsed"].hash
    assert stage.release("customs", lapsed, -2 * HOUR).startswith("error:")
    unchanged(stage)


def test_an_accomplice_swears_that_all_is_as_it_was(stage: Stage) -> None:
    """One lying witness can't move the median, nor hide what two others know."""
    request = sealed(stage)
    enemy = Enemy(stage, random.Random("liar"), "prisons")
    made = revocation(stage.grid, "founders", "police", "sp-nair")
    for name in ("audit-north", "police"):
        stage.hang(name, made)
    stage.before = Tally.of(stage)
    for withheld in ("audit-north", "audit-south", "childcare", "police"):

        def twist(
            call: WitnessRequest, response: WitnessResponse, out: str = withheld
        ) -> None:
            lie(enemy, call, response.replies["prisons"])
            response.replies.pop(out, None)

        stage.spy.twist = twist
        assert stage.release("customs", request.hash) in (
            "error:stale",
            "error:no-quorum",
        )
    unchanged(stage)


@pytest.mark.threat("T15")
def test_too_few_witnesses(stage: Stage) -> None:
    """No quorum, no record; and no switch that says otherwise."""
    request = sealed(stage)
    for withheld in (
        WITNESSES,
        ("prisons", "audit-north"),
        ("audit-north", "audit-south"),
    ):
        stage.spy.twist = dropping(*withheld)
        assert stage.release("customs", request.hash) == "error:no-quorum"
    unchanged(stage)


def test_one_witness_under_several_names(stage: Stage) -> None:
    """One reply that is handed over as everybody's counts for its own witness only."""
    request = sealed(stage)

    def twist(_: WitnessRequest, response: WitnessResponse) -> None:
        for name in sorted(response.replies):
            response.replies[name].CopyFrom(response.replies["police"])

    stage.spy.twist = twist
    assert stage.release("customs", request.hash) == "error:no-quorum"
    unchanged(stage)


@pytest.mark.threat("T19")
def test_words_of_an_earlier_time(stage: Stage) -> None:
    """Replies under another nonce are no replies, however genuine."""
    request = sealed(stage)
    old = WitnessResponse()
    old.CopyFrom(stage.spy.replies[-1])

    def twist(_: WitnessRequest, response: WitnessResponse) -> None:
        for name in sorted(response.replies):
            fresh = response.replies[name]
            if name in old.replies and not fresh.refusal:
                fresh.freshness.CopyFrom(old.replies[name].freshness)

    stage.spy.twist = twist
    assert stage.release("customs", request.hash) == "error:no-quorum"
    unchanged(stage)


def test_the_coordinator_is_no_witness(stage: Stage) -> None:
    """Its own cosignature, and a stranger's, are not counted."""
    request = sealed(stage)

    def twist(_: WitnessRequest, response: WitnessResponse) -> None:
        for name in ("audit-north", "prisons"):
            response.replies[HUB].CopyFrom(response.replies[name])
            del response.replies[name]

    stage.spy.twist = twist
    assert stage.release("customs", request.hash) == "error:no-quorum"
    unchanged(stage)


def test_a_witness_is_said_to_have_seen_more(stage: Stage) -> None:
    """The coordinator may stop a release by that lie; it can't cause one."""
    request = sealed(stage)

    def twist(_: WitnessRequest, response: WitnessResponse) -> None:
        response.replies["police"].refusal = "split-view"

    stage.spy.twist = twist
    assert stage.release("customs", request.hash) == "error:log-behind"
    unchanged(stage)
