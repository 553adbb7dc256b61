"""What happened in a case, in order, with how long each approver looked."""

from __future__ import annotations

from dataclasses import replace

from audit.casebooks import ANN, BOSS, DAY, HOUR, MONDAY, Told
from childgrid_audit.workbench.people import people
from childgrid_audit.workbench.timeline import timeline


def test_a_case_reads_from_the_search_to_the_receipt() -> None:
    """Who asked, who approved after how long, what each side did then."""
    told = Told()
    signed = told.decision(BOSS, MONDAY + 600, looked=45)
    given = told.decision("prison-c/cu", MONDAY + HOUR + 900, side="holder")
    out = told.released(MONDAY + 2 * HOUR, approvals=[given])
    asked = told.asked(when=MONDAY + HOUR, decisions=[given], releases=[out])
    told.search(decisions=[signed], outcome="hit", requests=[asked])

    steps = timeline(told.book().searches, told.now)

    assert [(one.who, one.deed, one.when - MONDAY) for one in steps] == [
        (ANN, "searched", 0),
        (BOSS, "approved", 600),
        ("prison-c", "hit", 700),
        (ANN, "requested", HOUR),
        ("prison-c/cu", "approved", HOUR + 900),
        ("prison-c", "released", 2 * HOUR),
        ("police-a", "received", 2 * HOUR + 60),
    ]
    assert (steps[1].looked, steps[1].waited) == (45, 300)
    assert [one.statement for one in steps[-2:]] == [out.hash, out.receipt]


def test_a_target_that_never_answered_is_said_once_its_time_is_over() -> None:
    """Silence is no answer: before the query runs out nothing is said."""
    for now, expected in ((MONDAY + 7 * DAY, ["offline"]), (MONDAY + DAY, [])):
        told = Told(now=now)
        search = told.search(outcome="none")
        two = replace(search, targets=("police-b", "prison-c"))
        steps = timeline([two], now)
        assert [s.deed for s in steps if s.who == "police-b"] == expected


def test_a_refusal_stands_in_the_timeline() -> None:
    """With the reason, which is a code."""
    told = Told()
    no = told.decision("prison-c/cu", MONDAY + HOUR, granted=False, side="holder")
    told.search(outcome="hit", requests=[told.asked(decisions=[no])])
    steps = timeline(told.book().searches, told.now)
    (refused,) = [one for one in steps if one.deed == "refused"]
    assert (refused.who, refused.detail) == ("prison-c/cu", "weak-basis")


def test_a_persons_counts_are_those_of_the_statements() -> None:
    """Hits without a request and requests without a decision, for each officer."""
    told = Told()
    told.search(outcome="hit")
    told.search(outcome="none")
    kept = told.asked(releases=[told.released(reported=False)])
    told.search(outcome="hit", requests=[told.asked(), kept])
    found = people(told.book())
    assert found[ANN].counts(told.now) == {
        "searches": 3,
        "hits": 2,
        "idle": 1,
        "requests": 2,
        "undecided": 1,
        "releases": 1,
        "unreported": 1,
        "granted": 0,
        "denied": 0,
    }
    assert found[BOSS].counts(told.now)["granted"] == 3
    assert found[BOSS].looked() == 60
