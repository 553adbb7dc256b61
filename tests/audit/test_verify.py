"""Verifying a bundle: an honest one holds, and each wrong is named with its party."""

from __future__ import annotations

import pytest

from audit.cast import (
    CHILD,
    DAY,
    FOUNDERS,
    HOUR,
    HUB,
    NORTH,
    POLICE,
    PRISON,
)
from audit.ledger import World
from audit.parties import signed
from audit.tamper import Ground
from audit.wrongs import WRONGS, Wrong, begin
from childgrid_audit import bundle
from childgrid_audit.findings import Finding
from childgrid_audit.verify import Verifier
from childgrid_wire import statement
from childgrid_wire.kinds import Kind


def test_an_honest_bundle_holds_and_says_what_is_open(ground: Ground) -> None:
    """A refusal, a void and a pending disclosure are no faults."""
    assert ground.verdict.findings == ()
    assert ground.verdict.holds
    open_ = {(note.party, note.event.split()[-2]) for note in ground.verdict.notes}
    assert open_ == {
        (CHILD, "(disclosure"),
        (POLICE, "disclosure"),
        (HUB, "disclosure"),
    }


def test_a_verifier_without_memory_says_the_same(ground: Ground) -> None:
    """What is remembered from an earlier run changes no verdict."""
    for member in (POLICE, HUB):
        path = bundle.entries(member, 0)
        files = {**ground.files, path: ground.files[path].replace(b"1", b"2", 3)}
        fresh = Verifier(ground.root).verify(files)
        assert fresh.findings == ground.verifier.verify(files).findings != ()


def test_another_root_believes_nothing(ground: Ground) -> None:
    """Without the founders' fingerprint there is no directory to go by."""
    verdict = Verifier("00" * 32).verify(ground.files)
    found = {(finding.file, finding.event) for finding in verdict.findings}
    assert ("documents/00000001.dsse", "document 1 (directory)") in found
    assert ("manifest.dsse", "manifest") in found
    assert verdict.scope.startswith("as of an unknown time, exported by nobody known")


def test_an_empty_directory_holds_nothing(ground: Ground) -> None:
    """No files is no proof."""
    verdict = ground.verifier.verify({})
    assert {finding.file for finding in verdict.findings} == {
        "documents",
        "manifest.dsse",
    }


def test_a_disclosure_without_a_receipt_is_pending_until_its_time_is_over(
    ground: Ground,
) -> None:
    """The floor gives a day; a manifest of a later time makes it a finding."""
    young = signed(ground.files, ground.now + DAY - 4 * HOUR)
    assert ground.verifier.verify(young).holds

    old = signed(ground.files, ground.now + DAY)
    findings = ground.verifier.verify(old).findings
    assert any(
        finding.what == f"has no receipt of {POLICE} and no void"
        and finding.party == CHILD
        for finding in findings
    )


def test_only_an_auditor_of_the_directory_may_sign_a_manifest(
    ground: Ground,
) -> None:
    """An agency that exports for itself proves nothing."""
    files = signed(ground.files, ground.now, POLICE)
    (finding,) = ground.verifier.verify(files).findings
    assert str(finding) == (
        f"manifest.dsse: {POLICE}: manifest: does not verify: "
        "wrong-role manifest.issuer"
    )


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.__name__)
def test_what_was_against_the_rules_is_named(world: World, wrong: Wrong) -> None:
    """Every party logged and cosigned it, and still it is found."""
    said = wrong(world)
    party, what = WRONGS[wrong]
    world.now += 2 * HOUR
    world.gather()

    findings = Verifier(world.root).verify(world.bundle()).findings

    about = [one for one in findings if one.party == party and what in one.what]
    assert about, [str(one) for one in findings]
    if what != "was not allowed: decided approval":
        assert any(said.hash[:12] in one.event for one in about)


def missing(world: World, *names: str) -> list[Finding]:
    """Export after a while; returns the findings, which all name an absence."""
    world.now += 2 * HOUR
    world.gather()
    findings = list(Verifier(world.root).verify(world.bundle()).findings)
    events = {one.event for one in findings}
    for name in names:
        said = world.named[name]
        assert f"{said.kind.value} {said.hash[:12]}" in events
    return findings


@pytest.mark.parametrize("absent", [POLICE, HUB, CHILD])
@pytest.mark.threat("T4")
def test_a_party_that_never_logged_a_disclosure_is_named(
    world: World, absent: str
) -> None:
    """All its witnesses signed the log without it; the others' logs tell."""
    begin(world)
    world.approve("a", world.named["r request"], CHILD, "cu-das", CHILD, HUB, POLICE)
    approvals = sorted(world.named[name].hash for name in ("a", "r own approval"))
    logs = [one for one in (CHILD, HUB, POLICE) if one != absent]
    world.disclose("r", *logs, approvals=approvals)
    world.end("r", Kind.RECEIPT)

    findings = missing(world, "r disclosure")

    assert {one.party for one in findings} == {absent}


@pytest.mark.threat("T4")
def test_a_receipt_must_be_at_both_ends(world: World) -> None:
    """Dropped by its own author, it is named; still on its way, it is not."""
    begin(world)
    world.release("r")
    receipt = world.end("r", Kind.RECEIPT)
    world.now += 2 * HOUR
    world.gather()
    assert not Verifier(world.root).verify(world.bundle()).findings

    world.request("r2", "q", "prison")
    world.release("r2")
    given = world.named["r2 disclosure"]
    world.say(
        "dropped",
        POLICE,
        Kind.RECEIPT,
        HUB,
        PRISON,
        answers=given.hash,
        disclosure=given.hash,
        ciphertext=given["ciphertext"],
        opened=True,
    )
    (finding,) = missing(world, "dropped")
    assert finding.party == POLICE
    assert receipt.hash[:12] not in finding.event


def test_an_answer_to_a_query_that_no_log_holds_is_named(world: World) -> None:
    """A party can't invent what it was asked."""
    world.say(
        "invented",
        CHILD,
        Kind.ANSWER,
        CHILD,
        answers="ab" * 32,
        outcome="none",
        reason="",
        candidates=[],
        as_of=world.now,
    )
    (finding,) = missing(world)
    assert (finding.party, finding.what) == (
        CHILD,
        "rests on abababababab, which is in no log",
    )


def test_a_proof_that_was_handed_over_binds_its_holder(ground: Ground) -> None:
    """A proof from another log's past, or for another statement, is no proof."""
    names = [path for path in ground.files if path.startswith("proofs/")]
    first, second = names[:2]
    files = {**ground.files, first: ground.files[second]}
    findings = ground.verifier.verify(signed(files, ground.now)).findings
    assert [one.file for one in findings] == [first]
    assert findings[0].what == "the proof is about another statement"


def test_a_revoked_auditor_s_export_is_refused(world: World) -> None:
    """Whoever was expelled vouches for nothing any more."""
    world.gather()
    world.mirror()
    world.post(
        statement.make(
            Kind.REVOCATION,
            FOUNDERS[0],
            issuer="founders",
            now=world.now,
            seconds=DAY,
            number=1,
            target="member",
            member=NORTH,
            subject="",
            serial="",
            cause="expelled",
        )
    )
    world.now += HOUR
    files = signed(dict(world.stations[NORTH].store.files()), world.now)

    findings = Verifier(world.root).verify(files).findings

    assert ("manifest.dsse", NORTH) in {(one.file, one.party) for one in findings}
