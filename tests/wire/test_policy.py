"""Slots are filled by distinct persons, and the founders' floor can't be lowered."""

from itertools import permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from childgrid_wire.errors import Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.policy import (
    Approver,
    Slot,
    fill,
    rule_for,
    slots_of,
    stricter,
)
from wire import world

NAMES = st.sampled_from(["a", "b", "c"])
SIDES = st.sampled_from(["requester", "holder"])
ROLES = st.sampled_from(["custodian", "supervising-officer"])
RANKS = st.integers(0, 2)
SLOT = st.builds(Slot, NAMES, SIDES, ROLES, RANKS, st.integers(1, 2))
SLOTS = st.lists(SLOT, max_size=3, unique_by=lambda one: one.slot)
APPROVER = st.builds(
    Approver, st.sampled_from(["p/1", "p/2", "q/1", "q/2"]), SIDES, ROLES, RANKS, NAMES
)
APPROVERS = st.lists(APPROVER, max_size=6)


def filled(slots: list[Slot], approvers: list[Approver]) -> dict[str, list[str]] | None:
    """How the slots are filled; none where they can't be."""
    try:
        return fill(slots, approvers)
    except Refused as refusal:
        assert refusal.reason is Reason.NOT_APPROVED
        return None


def by_brute_force(slots: list[Slot], approvers: list[Approver]) -> bool:
    """Whether some assignment of distinct persons fills every place."""
    places = [slot for slot in slots for _ in range(slot.persons)]
    persons = sorted({who.person for who in approvers})
    return any(
        all(
            any(w.person == person and place.takes(w) for w in approvers)
            for person, place in zip(chosen, places, strict=True)
        )
        for chosen in permutations(persons, len(places))
    )


def signing(person: str, slot: str) -> Approver:
    """Someone who fits every slot of that name."""
    return Approver(person, "holder", "custodian", 9, slot)


TWO = [Slot(name, "holder", "custodian", 0, 1) for name in ("a", "b")]


@settings(max_examples=300)
@given(SLOTS, APPROVERS)
@example(TWO, [signing("p/1", "a"), signing("p/1", "b"), signing("p/2", "a")])
@example(TWO[::-1], [signing("p/1", "a"), signing("p/1", "b"), signing("p/2", "a")])
@example(TWO, [signing("p/1", "a"), signing("p/1", "b")])
@pytest.mark.threat("T6")
def test_filling_equals_trying_everything(
    slots: list[Slot], approvers: list[Approver]
) -> None:
    """The matching finds an assignment exactly where there is one."""
    assert (filled(slots, approvers) is not None) is by_brute_force(slots, approvers)


@settings(max_examples=300)
@given(SLOTS, APPROVERS)
def test_no_person_counts_twice(slots: list[Slot], approvers: list[Approver]) -> None:
    """Each place has a person of its own, who fits it."""
    result = filled(slots, approvers)
    if result is None:
        return
    persons = [person for names in result.values() for person in names]
    assert len(persons) == len(set(persons))
    for slot in slots:
        assert len(result[slot.slot]) == slot.persons
        for person in result[slot.slot]:
            assert any(w.person == person and slot.takes(w) for w in approvers)


@given(SLOTS, APPROVERS, st.randoms())
def test_the_order_of_approvals_does_not_matter(
    slots: list[Slot], approvers: list[Approver], random: st.DataObject
) -> None:
    """Nobody gains by presenting approvals in another order, or twice."""
    shuffled = approvers * 2
    random.shuffle(shuffled)
    assert filled(slots, shuffled) == filled(slots, approvers)


@settings(max_examples=300)
@given(SLOTS, SLOTS, APPROVERS)
@pytest.mark.threat("T6")
def test_a_policy_can_only_add_to_the_floor(
    floor: list[Slot], own: list[Slot], approvers: list[Approver]
) -> None:
    """Whoever fills the merged slots fills the floor's, and the policy's too."""
    try:
        merged = list(stricter(floor, own))
    except Refused as refusal:
        assert refusal.reason is Reason.CONFIGURATION
        return
    assert len({slot.slot for slot in merged}) == len(merged)
    if filled(merged, approvers) is not None:
        assert filled(floor, approvers) is not None
        assert filled(own, approvers) is not None


def test_the_floor_stands_alone_where_a_policy_says_nothing() -> None:
    """An empty policy neither adds nor takes away."""
    floor = slots_of([world.SUPERVISOR, world.CUSTODIAN])
    assert stricter(floor, ()) == floor


def test_a_slot_cannot_take_the_floors_place() -> None:
    """The same name with another role or side is refused, not merged."""
    floor = slots_of([world.CUSTODIAN])
    for change in ({"role": "agency-it"}, {"side": "requester"}):
        with pytest.raises(Refused) as refusal:
            stricter(floor, slots_of([world.CUSTODIAN | change]))
        assert refusal.value.reason is Reason.CONFIGURATION


def test_a_name_that_stands_twice_is_refused() -> None:
    """Otherwise the later of two slots would silently replace the earlier."""
    other = world.SUPERVISOR | {"slot": "custodian"}
    twice = slots_of([world.CUSTODIAN, other])
    for floor, own in ((twice, ()), ((), twice)):
        with pytest.raises(Refused) as refusal:
            stricter(floor, own)
        assert refusal.value.reason is Reason.CONFIGURATION


def test_a_refusal_names_slots_and_no_persons() -> None:
    """The asker learns what is missing, not who has signed."""
    slots = slots_of([world.CUSTODIAN, world.SUPERVISOR])
    signed = Approver("transport/nodal-1", "holder", "custodian", 40, "custodian")
    with pytest.raises(Refused) as refusal:
        fill(slots, [signed])
    assert refusal.value.detail == "supervisor"
    assert "nodal" not in str(refusal.value)


def test_two_approvals_of_one_person_fill_one_place() -> None:
    """A slot for two persons isn't filled by one with two keys or two roles."""
    slots = slots_of([world.CUSTODIAN | {"persons": 2}])
    one = Approver("transport/nodal-1", "holder", "custodian", 40, "custodian")
    higher = Approver("transport/nodal-1", "holder", "custodian", 90, "custodian")
    with pytest.raises(Refused):
        fill(slots, [one, one, higher])
    other = Approver("transport/nodal-2", "holder", "custodian", 40, "custodian")
    assert fill(slots, [one, other])["custodian"] == [
        "transport/nodal-1",
        "transport/nodal-2",
    ]


def test_a_category_without_a_rule_grants_nothing() -> None:
    """What a holder's policy doesn't name is not given."""
    policy = world.view().policy("transport")
    assert rule_for(policy, "vehicle").fields == ("address", "owner", "registration")
    with pytest.raises(Refused) as refusal:
        rule_for(policy, "health")
    assert refusal.value.reason is Reason.FIELDS


def test_a_policy_out_of_its_time_grants_nothing() -> None:
    """A holder that lets its policy lapse stops releasing."""
    view = world.view()
    assert view.policy("transport").kind is Kind.POLICY
    lapsed = world.book().latest(view.policy("transport").expires)
    with pytest.raises(Untrusted) as refusal:
        lapsed.policy("transport")
    assert refusal.value.reason is Reason.EXPIRED
