"""The conformance kit: ours passes, and every broken node is found by the right check.

The full matrix, every check against every fault, is a soak.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from subprocess import Popen

import pytest

from childgrid_conformance import checks_log, kit
from childgrid_conformance.__main__ import main
from childgrid_conformance.check import CHECKS, Wrong, refused
from childgrid_conformance.door import Reply
from childgrid_wire.errors import Reason
from conformance import vectors
from conformance.broken import FAULTS
from conformance.stage import (
    SECONDS,
    Bench,
    agency,
    bench,
    command,
    listening,
    prepared,
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Our node and the kit in this process."""
    with bench(tmp_path_factory.mktemp("kit") / "grid") as made:
        yield made


def test_our_node_passes_every_check(tmp_path: Path) -> None:
    """Five commands of the agency and one of the kit, each a process: exit status 0.

    The report names every check that there is, and says that it passed.
    """
    folder, report = prepared(tmp_path / "grid"), tmp_path / "report.json"
    words = ("run", str(folder), "--wait", str(SECONDS), "--json", str(report))
    kit_ = command("childgrid_conformance", *words)
    node: Popen[bytes] | None = None
    try:
        assert listening(folder, kit_)
        agency(
            folder, "join", "--token", str(folder / "pack/token.json"), "--wait", "60"
        )
        agency(folder, "index")
        agency(folder, "desk-pass", str(folder / "pack" / "desk.pass"))
        config = str(folder / "pack" / "node.toml")
        node = command("childgrid_node", "serve", "--config", config)
        status = kit_.wait(2 * SECONDS)
    finally:
        for process in filter(None, (kit_, node)):
            process.terminate()
            process.wait(SECONDS)
    told = json.loads(report.read_text("ascii"))
    assert told["failed"] == []
    assert status == 0
    assert told["passed"] == told["checks"] == len(CHECKS)
    assert [one["id"] for one in told["verdicts"]] == [one.id for one in kit.chosen([])]


@pytest.mark.parametrize("what", FAULTS)
def test_a_broken_node_fails_the_right_check(
    stage: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    """One rule is taken out of the node: the checks of that rule fail, and only then.

    A query in order is answered all the while, so it is no broken connection that the
    kit takes for a fault.
    """
    fault = FAULTS[what]
    with monkeypatch.context() as patch, ExitStack() as ends:
        # What was never logged is not in the log after ten seconds either.
        patch.setattr(checks_log, "COVERED", 2.0)
        fault.patch(patch)
        at = ends.enter_context(bench(tmp_path / "grid")) if fault.anew else stage
        broken = at.tried(*fault.checks)
        assert at.tried("match.none")["match.none"].passed
    wrong = {name for name, one in broken.items() if not one.passed}
    assert wrong == set(fault.checks), broken
    assert not any("unreachable" in one.saw for one in broken.values()), broken
    mended = stage.tried(*fault.checks)
    assert all(one.passed for one in mended.values()), mended


def test_at_least_ten_faults_are_told_apart() -> None:
    """Each broken node is found by checks that are not those of all the others."""
    assert len({fault.checks for fault in FAULTS.values()}) >= 10
    assert all(kit.chosen(fault.checks) for fault in FAULTS.values())


@pytest.mark.parametrize(
    "reply",
    [
        Reply(object()),
        Reply(None, "UNAVAILABLE", "failed to connect"),
        Reply(None, "INTERNAL", "internal"),
        Reply(None, "DEADLINE_EXCEEDED", "Deadline Exceeded"),
        Reply(None, "FAILED_PRECONDITION", Reason.BUDGET.value),
    ],
)
def test_only_the_right_word_is_a_refusal(reply: Reply) -> None:
    """An answer, silence, a crash and another reason are not what a check asks for."""
    with pytest.raises(Wrong):
        refused(reply, Reason.EXPIRED.value)
    said = Reply(None, "FAILED_PRECONDITION", Reason.EXPIRED.value)
    assert refused(said, Reason.EXPIRED.value) == "refused: expired"


def test_the_published_encodings_are_those_of_our_encoder() -> None:
    """What is committed is what `python -m tests.conformance.vectors` writes."""
    assert vectors.PATH.read_text("ascii") == vectors.text()


def kit_ends(monkeypatch: pytest.MonkeyPatch, *words: object) -> object:
    """The exit status of the kit's command line, run in this process."""
    monkeypatch.setattr(sys, "argv", ["childgrid-conform", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_a_failed_check_is_the_exit_status_and_is_explained(
    stage: Bench,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Status 1 and what must have happened; 0 once the node is mended."""
    monkeypatch.setattr(kit, "opened", lambda *_: nullcontext(stage.scene))
    report = tmp_path / "report.json"
    words = ("run", stage.folder, "--only", "query.expired", "--json", report)
    with monkeypatch.context() as patch:
        FAULTS["accepts what has expired"].patch(patch)
        assert kit_ends(patch, *words) == 1
    assert json.loads(report.read_text("ascii"))["failed"] == ["query.expired"]
    told = capsys.readouterr().out
    assert "must: refused with `expired`" in told
    assert "was:  answered" in told
    assert kit_ends(monkeypatch, *words) == 0
    assert json.loads(report.read_text("ascii"))["failed"] == []


def test_what_was_not_prepared_is_not_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder, a used one, and checks that there are not: told, with status 2."""
    prepared(tmp_path / "grid")
    assert kit_ends(monkeypatch, "run", tmp_path) == 2
    assert kit_ends(monkeypatch, "prepare", tmp_path / "grid") == 2
    words = ("run", tmp_path / "grid", "--only", "match.nothing")
    assert kit_ends(monkeypatch, *words) == 2
