"""Tampered bundles: every one is caught, and what was done is named."""

from __future__ import annotations

import random

import pytest

from audit import tamper
from audit.cast import (
    DAY,
    HOUR,
    MEMBERS,
    START,
)
from audit.ledger import World
from audit.parties import signed
from audit.tamper import Ground, Trial, dropped, flip, judge, rewrite
from childgrid_audit import bundle
from childgrid_audit.verify import Verifier
from childgrid_log.entry import Draft

PRIVATE = ("view", "manifest")


def test_the_trials_are_the_same_for_the_same_seed(ground: Ground) -> None:
    """A missed trial can be run again."""
    first, again = (list(tamper.trials(ground, 10, 7)) for _ in range(2))
    assert [one.what for one in first] == [one.what for one in again]


def test_a_judge_counts_what_is_not_named(ground: Ground) -> None:
    """An untouched bundle is neither caught nor named; the trials can fail."""
    untouched = Trial("nothing", ground.files, "manifest.dsse")
    result = judge(ground, iter([untouched]))
    assert result == {"trials": 1, "caught": 0, "missed": ["nothing"]}


@pytest.mark.threat("T10")
def test_a_thousand_trials_are_all_caught_and_named(ground: Ground) -> None:
    """Strangers, deceived exporters and rewriting parties, by a fixed seed."""
    result = judge(ground, tamper.trials(ground, 1_000, 2_026))
    assert result == {"trials": 1_000, "caught": 1_000, "missed": []}


def test_every_file_is_covered(ground: Ground) -> None:
    """A flipped bit in any file of the directory is found in that file."""
    made = tamper.every_file(ground, 3, 11)
    result = judge(ground, made)
    count = 3 * len(ground.files)
    assert result == {"trials": count, "caught": count, "missed": []}


@pytest.mark.parametrize("deceived", [False, True])
def test_every_deleted_entry_is_named(ground: Ground, deceived: bool) -> None:
    """Whichever line is cut from a log, the finding has its file and its index."""
    for member in MEMBERS:
        path = bundle.entries(member, 0)
        pieces = ground.files.get(path, b"").splitlines(keepends=True)
        for index in range(len(pieces)):
            left = b"".join(pieces[:index] + pieces[index + 1 :])
            files = {**ground.files, path: left}
            if deceived:
                files = signed(files, ground.now)
            findings = ground.verifier.verify(files).findings
            named = {(one.file, one.party, one.event) for one in findings}
            assert (path, member, f"event {index}") in named


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.threat("T10")
def test_every_rewriting_by_a_party_is_named(ground: Ground, member: str) -> None:
    """It drops, alters or moves any one event and signs all again, alone."""
    made = (
        how(ground, member, index)
        for how in (tamper.dropped, tamper.altered, tamper.reordered)
        for index in range(ground.size(member) - 1)
    )
    result = judge(ground, made)
    assert result["missed"] == []
    assert result["caught"] == result["trials"]


@pytest.mark.parametrize("member", MEMBERS)
def test_a_party_whose_witnesses_all_lie_is_named_by_the_other_logs(
    ground: Ground, member: str
) -> None:
    """Whatever was answered, released or received can't be dropped even then.

    What nobody else has (a view) and what led to nothing (an approval of a request
    that was refused) is protected by the witnesses alone.
    """
    ledger = ground.verdict.ledger
    led_to_something = {
        name
        for event in ledger.events.values()
        if event.statement.kind.value == "disclosure"
        for name in event.statement["approvals"]
    }
    for index, name in enumerate(ground.names(member)):
        (event,) = (one for one in ledger.events.values() if one.name == name)
        kind = event.statement.kind.value
        alone = event.places.keys() == {member}
        unused = kind == "approval" and event.statement["subject"] == "request"
        if kind in PRIVATE or (alone and kind == "disclosure"):
            continue
        if unused and event.statement.hash not in led_to_something:
            continue
        if event.statement.issued > START + DAY and event.statement.issuer != member:
            continue
        trial = dropped(ground, member, index, colluding=True)
        if kind == "approval" and unused and not _was_received(ground, event.name):
            continue
        assert judge(ground, iter([trial]))["missed"] == []


def _was_received(ground: Ground, approval: str) -> bool:
    """Whether the disclosure that rests on an approval has a receipt."""
    ledger = ground.verdict.ledger
    return any(
        approval.endswith(name[:12])
        for event in ledger.events.values()
        if event.statement.kind.value == "receipt"
        for name in ledger.events[event.statement["disclosure"]].statement["approvals"]
    )


def test_an_invented_event_is_named(ground: Ground) -> None:
    """A party that adds another's statement where it has no part is found out."""
    foreign = ground.lines("prison-c")[-1]

    def edit(drafts: list[Draft]) -> None:
        entry = foreign.entry
        drafts.append(Draft(entry.kind, entry.bucket, foreign.envelope))

    files = rewrite(ground, "child-b", edit, colluding=True)
    findings = ground.verifier.verify(files).findings
    name = ground.names("prison-c")[-1]
    assert any(
        one.party == "child-b" and name in one.event and "extra" in one.what
        for one in findings
    )


def test_history_tells_which_events_changed(ground: Ground) -> None:
    """An earlier checkpoint that was mirrored binds even a log without its quorum."""

    def edit(drafts: list[Draft]) -> None:
        drafts[2:4] = reversed(drafts[2:4])

    files = rewrite(ground, "police-a", edit, keep_history=True, colluding=True)
    findings = ground.verifier.verify(files).findings
    told = [one for one in findings if one.file == bundle.history("police-a")]
    assert told
    assert "differs from this log" in told[0].what


def test_flips_in_shredded_bundles_are_named_too(world: World) -> None:
    """Entries whose envelopes are gone are covered by leaf and root alone."""
    world.shredded_story()
    files = world.bundle()
    verifier = Verifier(world.root)
    verdict = verifier.verify(files)
    assert verdict.findings == ()
    shredded = Ground(world.root, world.now, files, verifier, verdict)
    rng = random.Random(3)
    path = bundle.entries("child-b", 0)
    made = (flip(shredded, rng, path) for _ in range(40))

    assert judge(shredded, made) == {"trials": 40, "caught": 40, "missed": []}


def test_time_alone_accuses_nobody(ground: Ground) -> None:
    """A month later only what was pending then has become a finding."""
    later = signed(ground.files, ground.now + 30 * DAY + HOUR)
    findings = ground.verifier.verify(later).findings
    pending = next(
        event.statement.hash[:12]
        for event in ground.verdict.ledger.events.values()
        if event.statement.kind.value == "disclosure"
        and event.statement.issued > START + DAY
    )
    assert findings
    assert all(pending in one.event for one in findings)
