"""The whole journey of one case: asked, matched, approved, disclosed, and audited.

Kabir Vankhede is known to customs (who disclose), to prisons (who refuse), and to a
child-protection register that answers as if it knew nobody until its custodian lets
the hit be said. Read from top to bottom; every chapter looks at the same story.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from childgrid_log.entry import opens, parse_entry
from childgrid_log.merkle import leaf_hash, verify_inclusion
from childgrid_node import match
from childgrid_wire import envelope
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import CASE, KABIR, SECTIONS, Grid


@dataclass
class Story:
    """What happened, for the chapters to look at."""

    grid: Grid
    asked: Statement
    first: dict[str, list[dict[str, Any]]]
    requests: dict[str, Statement]
    profile: dict[str, Any]

    def log(self, name: str) -> Counter[str]:
        """How many leaves of each kind stand in an agency's log."""
        log = self.grid.agency(name).office.journal.log
        leaves = log.entries(0, log.size())
        return Counter(parse_entry(leaf).kind for leaf in leaves)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Play it once."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    asked = grid.ask(KABIR)
    first = grid.candidates(asked)

    grid.look("childcare", "cc-das", "inbox")
    grid.decide("childcare", "cc-das", asked.hash, slot="silent-hit")
    said = match.stored(grid.agency("childcare").office, asked.hash)
    assert said is not None
    grid.bring("police", said.data)

    requests = {
        "customs": grid.request(asked, "customs", ["name", "phone", "note"]),
        "prisons": grid.request(asked, "prisons", ["name"]),
    }
    grid.settle()
    narrowed = ["name", "note"]
    grid.decide("customs", "cu-mehta", requests["customs"].hash, fields=narrowed)
    grid.decide("prisons", "pr-singh", requests["prisons"].hash, reason="legal-bar")
    grid.settle()
    profile = grid.look("police", "si-rao", "profile", asked.hash)
    return Story(grid, asked, first, requests, profile)


def test_the_question_names_nobody(story: Story) -> None:
    """What left the police: purpose, sections, commitment, targets; no name, no FIR."""
    said = envelope.read(story.asked.data).payload.decode("ascii").lower()

    assert "bns:143" in said
    assert story.asked["purpose"] == "investigation"
    assert story.asked["sections"] == SECTIONS
    assert sorted(story.asked["targets"]) == ["childcare", "customs", "prisons"]
    for secret in ("kabir", "vankhede", "9812345670", CASE.lower()):
        assert secret not in said


def test_three_agencies_know_him_and_one_keeps_it_to_itself(story: Story) -> None:
    """Customs and prisons answer with a strong hit first; childcare as for no hit."""
    assert story.first["customs"][0]["band"] == "strong"
    assert story.first["prisons"][0]["band"] == "strong"
    assert story.first["childcare"] == []


def test_a_released_silent_hit_is_heard(story: Story) -> None:
    """After its custodian's decision the asker sees the register's one candidate."""
    (source,) = [s for s in story.profile["sources"] if s["agency"] == "childcare"]

    assert source["answer"] == "hit"
    assert [one["category"] for one in source["candidates"]] == ["child-protection"]


def test_the_profile_lists_every_source(story: Story) -> None:
    """Given, denied and unasked stand side by side, under the warning."""
    states = {
        one["agency"]: [request["state"] for request in one["requests"]]
        for one in story.profile["sources"]
    }

    assert "not grounds for arrest" in story.profile["notice"]
    assert states == {"customs": ["disclosed"], "prisons": ["denied"], "childcare": []}


def test_exactly_the_approved_fields_left(story: Story) -> None:
    """The custodian left out the phone; the record says where each value is from."""
    (source,) = [s for s in story.profile["sources"] if s["agency"] == "customs"]
    (request,) = source["requests"]

    assert request["record"]["fields"] == {
        "name": ["VANKHEDE KABIR"],
        "note": ["AI-302 to Dubai"],
    }
    assert request["record"]["record"] == "CU-1"
    assert request["record"]["holder"] == "customs"
    assert request["record"]["category"] == "movement"


def test_a_denial_says_why(story: Story) -> None:
    """Prisons' custodian gave a reason, and nothing came from there."""
    (source,) = [s for s in story.profile["sources"] if s["agency"] == "prisons"]
    (request,) = source["requests"]

    assert (request["reason"], request["record"]) == ("legal-bar", {})
    assert story.grid.released("prisons") == 0


def test_double_entry(story: Story) -> None:
    """Each statement stands at both ends; a reading stands at its own node alone.

    And so do the two notes that staff list and policy were put in force.
    """
    both = Counter(case=1, query=1, notice=2)
    asker = Counter(answer=4, approval=4, request=2, refusal=1)
    handed = Counter(disclosure=1, receipt=1)

    assert story.log("police") == both + asker + handed + Counter(view=1)
    assert story.log("customs") == both + handed + Counter(
        answer=1, request=1, approval=3
    )
    assert story.log("prisons") == both + Counter(
        answer=1, request=1, approval=2, refusal=1
    )
    assert story.log("childcare") == both + Counter(answer=2, approval=2, view=1)


def test_both_ends_hold_the_same_bytes(story: Story) -> None:
    """The envelope that the police logged is the envelope that customs logged."""
    police = story.grid.agency("police").office.journal
    customs = story.grid.agency("customs").office.journal

    for kind in (Kind.QUERY, Kind.REQUEST, Kind.DISCLOSURE, Kind.RECEIPT):
        theirs = {one.data for one in customs.all(kind)}
        assert theirs and theirs <= {one.data for one in police.all(kind)}


@pytest.mark.parametrize("name", ["police", "customs", "prisons", "childcare"])
def test_every_leaf_can_be_proved_and_opened(story: Story, name: str) -> None:
    """An auditor finds each leaf under the root, numbered, opened by its envelope."""
    log = story.grid.agency(name).office.journal.log
    size = log.size()

    assert log.verify() == size
    for index, leaf in enumerate(log.entries(0, size)):
        path = log.inclusion(index, size)
        verify_inclusion(leaf_hash(leaf), index, size, path, log.root(size))
        assert parse_entry(leaf).sequence == index
        opening = log.opening(index)
        assert opening is not None
        assert opens(leaf, *opening)


@pytest.mark.parametrize("name", ["police", "customs", "prisons", "childcare"])
@pytest.mark.threat("T11")
def test_no_log_says_who_was_sought(story: Story, name: str) -> None:
    """Leaves and envelopes hold no name, number or value of a record."""
    log = story.grid.agency(name).office.journal.log
    kept = b"".join(log.entries(0, log.size())).lower()
    for index in range(log.size()):
        opening = log.opening(index)
        assert opening is not None
        kept += envelope.read(opening[1]).payload.lower()

    assert b"investigation" in kept
    for secret in (b"kabir", b"vankhede", b"9812345670", b"ai-302", b"kotwali"):
        assert secret not in kept


def test_the_labels_of_a_release_are_in_its_leaf(story: Story) -> None:
    """Without opening anything, the log shows which fields went out, and for what."""
    log = story.grid.agency("customs").office.journal.log
    leaves = [parse_entry(leaf) for leaf in log.entries(0, log.size())]

    (released,) = [leaf for leaf in leaves if leaf.kind == "disclosure"]
    (asked,) = [leaf for leaf in leaves if leaf.kind == "query"]
    assert released.fields == ("name", "note")
    assert (asked.purpose, asked.sections) == ("investigation", tuple(sorted(SECTIONS)))
