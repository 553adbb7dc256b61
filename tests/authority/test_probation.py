"""Who comes into a running grid is on probation until the founders have a report."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from childgrid_authority import conformance, describe, directory
from childgrid_authority.authority import Authority
from childgrid_authority.directory import Witnesses
from childgrid_authority.drafts import Draft
from childgrid_authority.errors import ChangeRefused, ReportRefused, TooFewFounders
from childgrid_conformance import kit, report
from childgrid_conformance.check import Verdict
from childgrid_wire import canonical, statement
from childgrid_wire.errors import Malformed, Untrusted
from childgrid_wire.identity import Identity
from childgrid_wire.kinds import Kind
from childgrid_wire.rotation import ceremony
from founders import NOW, ONE, PASSPHRASE, TWO, admit, amended, files

THREE = ("alpha", "bravo", "charlie")
BOX = canonical.to_b64(bytes(80))


@pytest.fixture
def running(authority: Authority, tmp_path: Path) -> Authority:
    """A grid of three agencies that has a linkage key in force, and then `delta`."""
    members = admit(authority, tmp_path / "first", dict.fromkeys(THREE, "agency"))
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("commit", {"commitment": "ab" * 32}),
        ("reveal", {"shares": dict.fromkeys(THREE, BOX)}),
        ("transcript", {"key_check": "01" * 32}),
    )
    for step, body in steps:
        if step == "transcript":
            view = authority.book.latest(NOW)
            body["transcript"] = ceremony(authority.book, view, 1, THREE).transcript
        for name in THREE:
            given = dict.fromkeys(
                ("member", "commitment", "transcript", "key_check"), ""
            )
            said = statement.make(
                Kind.ROTATION,
                members[name].signer,
                issuer=name,
                now=NOW,
                seconds=86_400,
                epoch=1,
                step=step,
                **{**given, "shares": {}, **body},
            )
            authority.shelf.add(said)
    authority.enact(directory.set_epoch(authority.book, 1, THREE, NOW), TWO)
    admit(authority, tmp_path / "late", {"delta": "agency", "eye": "auditor"})
    return authority


def entry(authority: Authority, member: str) -> dict[str, Any]:
    """What the directory in force says of a member."""
    return authority.book.latest(NOW).member(member)


def written(path: Path, **changes: Any) -> Path:
    """A report of `delta` that passed whole, as the kit writes it, with changes."""
    made = report.document("delta", passed(), whole=True) | changes
    path.write_bytes(canonical.dumps(made) + b"\n")
    return path


def test_only_a_newcomer_to_a_running_grid_is_on_probation(running: Authority) -> None:
    """Those who founded it, and auditors, are not; the founders read it beforehand."""
    assert entry(running, "delta")["probation"] is True
    for name in (*THREE, "eye"):
        assert "probation" not in entry(running, name)
    before, after = (one.body for one in running.book.directories[-2:])
    told = describe.changes(before, Draft(Kind.DIRECTORY, canonical.dumps(after)))
    assert "puts delta on probation: it takes part in rehearsals only" in told


def test_a_probation_ends_by_a_report_that_passed(
    running: Authority, tmp_path: Path
) -> None:
    """The directory names its SHA-256, and the founders read that before they sign."""
    path = written(tmp_path / "report.json")
    digest = conformance.read(path, "delta")
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    (draft,) = directory.confirm(running.book, "delta", digest, NOW)
    told = describe.changes(running.book.directories[-1].body, draft)
    assert f"ends the probation of delta by conformance report {digest}" in told
    running.enact([draft], TWO)
    assert entry(running, "delta")["conformance"] == digest
    assert "probation" not in entry(running, "delta")
    with pytest.raises(ChangeRefused, match="not on probation"):
        directory.confirm(running.book, "delta", digest, NOW)


def passed() -> list[Verdict]:
    """Every check of the kit, passed."""
    return [Verdict(one, True, "as it must be", 3) for one in kit.chosen([])]


def failing(**changes: object) -> list[dict[str, object]]:
    """The verdicts of a report, of which the last is different."""
    made = report.document("delta", passed(), whole=True)["verdicts"]
    return [*made[:-1], {**made[-1], **changes}]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"member": "echo"}, "not about delta"),
        ({"whole": False}, "not every check"),
        ({"verdicts": failing(passed=False)}, "1 checks failed, the first is revoked."),
        ({"verdicts": failing(passed=1)}, "1 checks failed"),
        ({"failed": ["match.hit"]}, "contradicts itself"),
        ({"passed": 3}, "contradicts itself"),
        ({"passed": [3]}, "contradicts itself"),
        ({"verdicts": [1]}, "1 checks failed, the first is unnamed"),
        ({"verdicts": failing(passed=0, id="\x1b[2J")}, "the first is unnamed"),
        ({"checks": 0, "passed": 0, "verdicts": []}, "contradicts itself"),
        ({"kit": 2}, "no report"),
    ],
)
@pytest.mark.threat("T22")
def test_any_other_report_ends_nothing(
    running: Authority, tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    """Of another member, in part, with a failure hidden or told: nothing is signed."""
    before = files(running.folder)
    with pytest.raises(ReportRefused, match=why):
        conformance.read(written(tmp_path / "report.json", **changes), "delta")
    assert files(running.folder) == before


@pytest.mark.parametrize(
    "text", ["", "{}\n", "[]\n", '{"kit":1}', '{"kit":1,"kit":1}\n']
)
def test_what_is_no_report_is_named(tmp_path: Path, text: str) -> None:
    """Another file, half a file, and no file at all."""
    path = tmp_path / "report.json"
    path.write_text(text, "utf-8")
    for one in (path, tmp_path / "nowhere.json"):
        with pytest.raises(ReportRefused, match=r"no report|cannot read"):
            conformance.read(one, "delta")


@pytest.mark.threat("T22")
def test_a_forged_end_changes_nothing(running: Authority) -> None:
    """One founder alone, two without a report, the member itself: all refused."""
    before = files(running.folder)
    (good,) = directory.confirm(running.book, "delta", "ab" * 32, NOW)
    with pytest.raises(TooFewFounders):
        running.enact([good], ONE)
    members = [
        {name: value for name, value in one.items() if name != "conformance"}
        for one in good.body["members"]
    ]
    bare = Draft(Kind.DIRECTORY, canonical.dumps({**good.body, "members": members}))
    with pytest.raises(Malformed):
        running.enact([bare], TWO)
    keys = running.folder.parent / "late" / "delta" / "keys"
    own = good.signed(Identity.open(keys, PASSPHRASE).signer)
    with pytest.raises(Untrusted):
        running.adopt([own])
    assert files(running.folder) == before
    assert entry(running, "delta")["probation"] is True


def test_renewed_keys_and_another_title_leave_it_as_it_stands(
    running: Authority,
) -> None:
    """Neither a replacing enrolment nor another title ends it, or begins it."""
    for name in ("delta", "alpha"):
        was = entry(running, name)
        (draft,) = amended(running.book, name, NOW, title="Renamed")
        bare = {one: was[one] for one in was if one != "probation"}
        (again,) = directory.admit(running.book, [{**bare, "title": "Renewed"}], NOW)
        for made in (draft, again):
            (now,) = (one for one in made.body["members"] if one["id"] == name)
            assert now.get("probation") == was.get("probation")


def test_who_becomes_an_agency_is_on_probation(running: Authority) -> None:
    """An auditor's entry that is put in anew as an agency's has shown nothing yet."""
    (draft,) = directory.admit(
        running.book, [{**entry(running, "eye"), "kind": "agency"}], NOW
    )
    (now,) = (one for one in draft.body["members"] if one["id"] == "eye")
    assert now["probation"] is True


def test_who_was_removed_comes_back_on_probation(running: Authority) -> None:
    """A report of an earlier membership counts for nothing."""
    running.enact(directory.confirm(running.book, "delta", "ab" * 32, NOW), TWO)
    was = entry(running, "delta")
    running.enact(directory.remove(running.book, "delta", NOW), TWO)
    bare = {one: was[one] for one in was if one != "conformance"}
    (draft,) = directory.admit(running.book, [bare], NOW)
    (now,) = (one for one in draft.body["members"] if one["id"] == "delta")
    assert now["probation"] is True
    assert "conformance" not in now


def test_a_newcomer_is_no_witness_yet(running: Authority) -> None:
    """Nobody's release may rest on it."""
    named = Witnesses([*THREE, "delta", "eye"], 3, 0)
    with pytest.raises(ChangeRefused, match="delta is on probation"):
        directory.set_witnesses(running.book, named, NOW)
    running.enact(directory.confirm(running.book, "delta", "ab" * 32, NOW), TWO)
    assert directory.set_witnesses(running.book, named, NOW)
