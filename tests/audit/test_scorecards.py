"""Quarters, scorecards and samples: the same logs give the same bytes, to anybody."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import year_bundle
from bench.year import Year, live
from bench.year_cast import NOW, START, signer
from bench.year_pen import sealed
from childgrid_audit.events import Event, Ledger, Place
from childgrid_audit.verify import Verdict, Verifier
from childgrid_audit.workbench import sample
from childgrid_audit.workbench.gather import gather
from childgrid_audit.workbench.limits import DAY
from childgrid_audit.workbench.patterns import find
from childgrid_audit.workbench.quarter import Quarter, prefix, within
from childgrid_audit.workbench.scorecard import scorecard
from childgrid_wire import canonical, declared, statement
from childgrid_wire.kinds import Kind

QUERIES = 230
Q1 = Quarter(2027, 1)


def verified(year: Year) -> Verdict:
    """The signed year, as an auditor reads it."""
    files = year_bundle.files(year.cast, year.pen)
    return Verifier(year.cast.root).verify(files)


@pytest.fixture(scope="module")
def year() -> Year:
    """A small year with all twenty abuses."""
    return live(QUERIES)


@pytest.fixture(scope="module")
def verdict(year: Year) -> Verdict:
    """The same, signed and verified."""
    return verified(year)


def test_the_year_is_one_that_verify_has_nothing_to_say_about(
    verdict: Verdict,
) -> None:
    """What is planted keeps every rule; only patterns can find it."""
    assert [str(one) for one in verdict.findings] == []
    assert verdict.ledger.of(Kind.DISCLOSURE)


def test_the_path_without_envelopes_gives_the_same(
    year: Year, verdict: Verdict
) -> None:
    """Casebook, flags and scorecards; only the logs' sizes and roots are missing."""
    short, full = year.ledger(), verdict.ledger
    assert gather(short) == gather(full)
    assert find(gather(short)) == find(gather(full))
    cards = [json.loads(scorecard(one, Q1)) for one in (short, full)]
    assert cards[0].pop("logs") == {}
    assert cards[1].pop("logs").keys() == full.copies.keys()
    assert cards[0] == cards[1]


def test_a_past_quarter_is_the_same_to_the_byte_a_year_later(
    verdict: Verdict,
) -> None:
    """Read in April and read in the next January: one scorecard, one sample."""
    early = verified(live(QUERIES, now=Q1.close + DAY)).ledger
    late = verdict.ledger
    assert len(early.events) < len(late.events)
    assert scorecard(early, Q1) == scorecard(late, Q1)
    assert json.loads(scorecard(late, Q1))["final"] is True
    seeds = {sample.seed(prefix(one, Q1), Q1) for one in (early, late)}
    assert len(seeds) == 1


def test_a_quarter_that_has_not_closed_is_provisional() -> None:
    """Its follow-ups may still come; the scorecard says so."""
    open_ = verified(live(60, now=Q1.close - DAY)).ledger
    assert json.loads(scorecard(open_, Q1))["final"] is False


def test_a_statement_dated_back_changes_no_closed_quarter(verdict: Verdict) -> None:
    """What was logged after the close isn't in the quarter, whatever its date says."""
    ledger = verdict.ledger
    before = scorecard(ledger, Q1)
    query = ledger.of(Kind.QUERY)[0].statement
    forged = replace(query, hash="f0" * 32)
    member, size = query.issuer, ledger.copies[query.issuer].size
    more = Ledger(ledger.law, ledger.copies, ledger.now, dict(ledger.events))
    more.events["f0" * 32] = Event(forged, {member: Place(size - 1, NOW - DAY, member)})
    more.index()
    assert len(gather(more).searches) == len(gather(ledger).searches) + 1
    assert scorecard(more, Q1) == before


def test_scorecards_add_up(verdict: Verdict) -> None:
    """Units make their agency; what was asked is what holders were asked."""
    card = json.loads(scorecard(verdict.ledger, Q1))
    for agency, sides in card["agencies"].items():
        own = [u for name, u in card["units"].items() if name.startswith(f"{agency}/")]
        for side in ("asker", "decider"):
            for name, count in sides[side].items():
                assert count == sum(unit[side][name] for unit in own)
    for name in ("answered", "refused", "late", "offline"):
        asked = sum(one["asker"][name] for one in card["agencies"].values())
        held = sum(one["holder"][name] for one in card["agencies"].values())
        assert asked == held
    queries = verdict.ledger.of(Kind.QUERY)
    inside = [q for q in queries if Q1.start <= q.statement.issued < Q1.end]
    assert inside
    counted = sum(one["asker"]["searches"] for one in card["agencies"].values())
    assert counted == len(inside)
    assert {"late", "offline", "refused"} <= {
        name
        for one in card["agencies"].values()
        for name, count in one["holder"].items()
        if count
    }


def test_units_are_known_without_the_coordinators_log(verdict: Verdict) -> None:
    """Where no log holds the staff lists, those of the board serve."""
    whole = verdict.ledger
    events = {
        name: one for name, one in whole.events.items() if set(one.places) != {"hub"}
    }
    part = Ledger(whole.law, whole.copies, whole.now, events)
    part.index()
    assert not part.of(Kind.STAFF)
    assert {one.unit for one in gather(part).searches} == {
        one.unit for one in gather(whole).searches
    }


def test_a_break_glass_whose_record_never_left_owes_no_review(
    verdict: Verdict,
) -> None:
    """A notice about a release that was never fetched is not counted."""
    ledger = verdict.ledger
    notices = [
        one for one in ledger.of(Kind.NOTICE) if not declared.is_mark(one.statement)
    ]
    (void, *_), (fetched, *_) = ledger.of(Kind.VOID), ledger.of(Kind.RECEIPT)
    for ending, expected in ((void, len(notices) - 1), (fetched, len(notices))):
        given = ledger.events[ending.statement["disclosure"]].statement
        first = notices[0].statement
        body = {**first.body, "subject": given["request"]}
        events = {**ledger.events, first.hash: Event(replace(first, body=body))}
        told = Ledger(ledger.law, ledger.copies, ledger.now, events)
        told.index()
        assert len(gather(told).glasses) == expected


@pytest.mark.threat("T4")
@pytest.mark.parametrize("kind", [Kind.VOID, Kind.RECEIPT])
def test_nobody_else_s_word_ends_a_release(verdict: Verdict, kind: Kind) -> None:
    """An accomplice hides no broken glass, nor acknowledges for the asker.

    The same word by another agency is as none at all.
    """
    ledger = verdict.ledger
    ending = ledger.of(kind)[0]
    given = ledger.events[ending.statement["disclosure"]].statement
    others = {said.issuer for said in (e.statement for e in ledger.of(Kind.QUERY))}
    other = min(others - {given.issuer, given["requester"]})
    notice = next(
        one for one in ledger.of(Kind.NOTICE) if not declared.is_mark(one.statement)
    )
    body = {**notice.statement.body, "subject": given["request"]}
    glass = replace(notice.statement, body=body)
    stray = replace(ending.statement, body={**ending.statement.body, "issuer": other})
    books = []
    for said in (None, stray):
        events = {**ledger.events, glass.hash: replace(notice, statement=glass)}
        events.pop(ending.statement.hash)
        if said:
            events[said.hash] = replace(ending, statement=said)
        told = Ledger(ledger.law, ledger.copies, ledger.now, events)
        told.index()
        assert len(told.naming(given.hash, kind)) == bool(said)
        books.append(gather(told))
    assert given["request"] in {one.subject for one in books[0].glasses}
    assert books[1] == books[0]


def test_quarters_follow_the_local_calendar() -> None:
    """They meet, they begin at local midnight, and their names read back."""
    assert Q1.start == START
    assert Quarter.at(START - 1) == Quarter(2026, 4)
    assert Quarter.at(START) == Q1
    assert Quarter(2026, 4).next() == Q1
    assert Quarter(2026, 4).end == START
    assert Quarter.parse(str(Q1)) == Q1
    for wrong in ("2027-Q5", "2027-q1", "27-Q1", "2027-Q1 "):
        with pytest.raises(ValueError, match="2027-Q1"):
            Quarter.parse(wrong)


def test_only_what_a_prefix_holds_is_within_it(verdict: Verdict) -> None:
    """Every place lies below the prefix's size; later quarters hold what came later."""
    ledger = verdict.ledger
    part = prefix(ledger, Q1)
    cut = within(ledger, Q1, part)
    assert cut.now == Q1.close
    for event in cut.events.values():
        for member, place in event.places.items():
            assert place.index < part.sizes[member]
    assert all(q.statement.issued < Q1.close for q in cut.of(Kind.QUERY))


@pytest.mark.threat("T6")
def test_a_sample_is_what_its_description_says(verdict: Verdict) -> None:
    """Drawn again here from the README's words alone."""
    part = prefix(verdict.ledger, Q1)
    names = [one.statement.hash for one in verdict.ledger.of(Kind.QUERY)]
    table = {"logs": part.table(), "quarter": "2027-Q1"}
    fixed = hashlib.sha256(b"childgrid/v1 sample\x00" + canonical.dumps(table)).digest()
    by_order = {
        hashlib.sha256(fixed + b"searches\x00" + bytes.fromhex(name)).digest(): name
        for name in names
    }
    again = [by_order[key] for key in sorted(by_order)][:25]
    assert sample.draw(sample.seed(part, Q1), "searches", names) == again


digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(digests, st.lists(digests, max_size=30), st.integers(0, 10), st.randoms())
def test_a_sample_depends_on_nothing_but_seed_topic_and_names(
    fixed: str, names: list[str], count: int, rng: object
) -> None:
    """Order and repetition change nothing; a larger sample begins with the smaller."""
    seed = bytes.fromhex(fixed)
    shuffled = [*names, *names[:3]]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    drawn = sample.draw(seed, "searches", names, count)
    assert sample.draw(seed, "searches", shuffled, count) == drawn
    assert sample.draw(seed, "searches", names, count + 5)[: len(drawn)] == drawn
    assert len(drawn) == min(count, len(set(names)))
    assert set(drawn) <= set(names)


def test_another_leaf_draws_another_sample(verdict: Verdict) -> None:
    """Whoever changes anything in any log changes the seed."""
    part = prefix(verdict.ledger, Q1)
    other = replace(part, sizes={**part.sizes, "prisons": part.sizes["prisons"] + 1})
    assert sample.seed(part, Q1) != sample.seed(other, Q1)


def test_the_years_people_sign_with_their_own_keys(year: Year) -> None:
    """The same statement, signed, has the name that it had without a signature."""
    said, _ = next(one for one in year.pen.ordered() if one[0].kind is Kind.QUERY)
    data = sealed(said)
    view = year.cast.book().as_of(said.issued)
    again = statement.verify(data, view.find_key, Kind.QUERY)
    assert (again.hash, again.body) == (said.hash, said.body)
    assert signer(said.person).public == view.find_key(said.person).key
