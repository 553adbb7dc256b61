"""Deputies: who may name whom for how long, each rule broken alone; clocks that run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from childgrid_wire import deputies
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Revoked
from wire.story import VIEW, heard, refused_for
from wire.world import DAY, NOW, Json, altered

HOUR = 3_600


def named(**changes: Json) -> Statement:
    """A supervising officer names another one for a day."""
    body: dict[str, Json] = {
        "delegate": "sho-2",
        "role": "supervising-officer",
        "valid_from": NOW - 60,
        "valid_until": NOW - 60 + DAY,
    }
    return heard(Kind.DELEGATION, "police/sho-1", **(body | changes))


NAMED = named()


def test_a_colleague_of_the_same_role_may_be_named() -> None:
    """It counts from then on, until its time is over and not a second longer."""
    deputies.check_delegation(VIEW, NAMED, None)
    assert deputies.is_in_force(VIEW, NAMED)
    for now in (NOW - 61, NOW - 60 + DAY):
        assert not deputies.is_in_force(replace(VIEW, now=now), NAMED)


WRONGS: dict[str, tuple[dict[str, Json], Reason]] = {
    "oneself": ({"delegate": "sho-1"}, Reason.WRONG_ROLE),
    "an investigator": ({"delegate": "io-7"}, Reason.WRONG_ROLE),
    "somebody of another agency": ({"delegate": "nodal-1"}, Reason.UNKNOWN_KEY),
    "nobody": ({"delegate": "nobody"}, Reason.UNKNOWN_KEY),
    "for a role that is not theirs": ({"role": "custodian"}, Reason.WRONG_ROLE),
    "by an investigator": (
        {"officer": "io-7", "role": "investigator"},
        Reason.WRONG_ROLE,
    ),
    "for longer than its time": ({"valid_until": NOW + 2 * DAY}, Reason.EXPIRED),
    "for a time before": ({"valid_from": NOW - DAY}, Reason.EXPIRED),
    "for less than no time": ({"valid_until": NOW - 61}, Reason.EXPIRED),
    "beyond the own role": (
        {"valid_until": NOW + 31 * DAY, "expires": NOW + 31 * DAY},
        Reason.EXPIRED,
    ),
    "run out": ({"expires": NOW}, Reason.EXPIRED),
    "of another kind": ({"kind": "budget"}, Reason.UNKNOWN_KIND),
}


@pytest.mark.threat("T5")
@pytest.mark.parametrize("name", WRONGS)
def test_a_delegation_that_breaks_one_rule_is_refused(name: str) -> None:
    """Each for its own reason."""
    changes, reason = WRONGS[name]
    made = altered(NAMED, **changes)
    if name == "of another kind":
        made = replace(NAMED, kind=Kind.BUDGET)
    assert refused_for(lambda: deputies.check_delegation(VIEW, made, None)) is reason


def test_nobody_is_named_for_ever() -> None:
    """Ninety days at most, however long the role lasts."""
    officer = VIEW.officer("police", "sho-1")
    assert officer.valid_until < NOW + deputies.MOST_SECONDS
    body = VIEW.staff["police"].body
    lasting = [{**one, "valid_until": NOW + 300 * DAY} for one in body["officers"]]
    staff = altered(VIEW.staff["police"], officers=lasting, expires=NOW + 300 * DAY)
    view = replace(VIEW, staff={**VIEW.staff, "police": staff})
    for days, reason in ((90, None), (91, Reason.EXPIRED)):
        until = NOW - 60 + days * DAY
        made = altered(NAMED, valid_until=until, expires=until)
        if reason is None:
            deputies.check_delegation(view, made, None)
        else:
            found = refused_for(lambda: deputies.check_delegation(view, made, None))  # noqa: B023
            assert found is reason


def test_it_is_taken_back_by_whoever_gave_it_alone() -> None:
    """An empty time ends the one that it answers, and no other's, and not nothing."""
    back = altered(NAMED, answers=NAMED.hash, valid_until=NAMED["valid_from"])
    deputies.check_delegation(VIEW, back, NAMED)
    assert not deputies.is_in_force(VIEW, back)
    another = altered(NAMED, officer="sho-2", delegate="sho-1")
    for earlier, reason in (
        (None, Reason.UNKNOWN),
        (altered(NAMED, delegate="sho-3"), Reason.UNKNOWN),
        (another, Reason.WRONG_ROLE),
    ):
        found = refused_for(
            lambda: deputies.check_delegation(VIEW, back, earlier)  # noqa: B023
        )
        assert found is reason


@pytest.mark.threat("T5")
def test_it_ends_with_either_of_the_two() -> None:
    """Authority is judged when it is used: whoever is revoked has and is no deputy."""
    for person in ("police/sho-1", "police/sho-2"):
        view = replace(VIEW, revoked=Revoked(officers={person}))
        assert not deputies.is_in_force(view, NAMED)
    body = VIEW.staff["police"].body
    for moved in ("sho-1", "sho-2"):
        officers = [
            {**one, "role": "custodian"} if one["id"] == moved else one
            for one in body["officers"]
        ]
        staff = altered(VIEW.staff["police"], officers=officers)
        view = replace(VIEW, staff={**VIEW.staff, "police": staff})
        assert not deputies.is_in_force(view, NAMED)


@pytest.mark.parametrize(
    ("waited", "lives", "said"),
    [
        (0, 72, "fine"),
        (23.9, 72, "fine"),
        (24, 72, "half"),
        (35.9, 72, "half"),
        (36, 72, "soon"),
        (47.9, 72, "soon"),
        (48, 72, "over"),
        (0, 30, "fine"),
        (15, 30, "half"),
        (18, 30, "soon"),
        (0, 6, "soon"),
    ],
)
def test_a_clock_reminds_at_half_its_time(waited: float, lives: int, said: str) -> None:
    """Hours: half of 48, or of as long as the subject lives; then the last twelve."""
    now = NOW + int(waited * HOUR)
    assert deputies.clock(NOW, NOW + lives * HOUR, now) == said
