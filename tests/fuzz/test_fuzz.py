"""The fuzz targets, shortly and the same each time; `make fuzz` runs them for long."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from childgrid_log.note import Note
from childgrid_node.index_errors import NotAnIndex
from childgrid_node.mapping import Mapping
from childgrid_node.source_errors import MappingError
from fuzz import targets
from fuzz.mutate import mutations
from fuzz.seeds import CORPUS, kept, seeds
from fuzz.targets import TARGETS, Ambiguous, Target, header

ROOT = Path(__file__).parents[2]
ROUNDS = 250


@pytest.mark.threat("T16")
def test_every_parser_of_foreign_bytes_has_a_target() -> None:
    """Notes, proofs, envelopes, statements, assertions, indexes, mappings, sheets."""
    named = {path.name for path in CORPUS.iterdir()}
    assert named == TARGETS.keys() == seeds().keys()
    assert named >= {
        "note", "checkpoint", "proof", "envelope", "statement", "webauthn",
        "client-data", "index", "mapping", "rows",
    }  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_the_kept_corpus_is_taken_or_refused(name: str) -> None:
    """Nothing but a refusal comes out; and something in it is taken."""
    taken = [TARGETS[name].accepts(data) for data in kept(name)]
    assert any(taken)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.threat("T16")
def test_changed_copies_are_taken_or_refused(name: str) -> None:
    """Some hundred mutations of the corpus, the same each time."""
    made = list(mutations(kept(name), ROUNDS, 7))
    assert made == list(mutations(kept(name), ROUNDS, 7))
    taken = sum(TARGETS[name].accepts(data) for data in made)
    assert taken < len(made)


def test_another_error_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that lets something else out is found, and one that is lax too."""

    def broken(data: bytes) -> Note:
        raise KeyError(data[:1])

    monkeypatch.setattr(Note, "parse", broken)
    with pytest.raises(KeyError):
        TARGETS["note"].accepts(b"")
    monkeypatch.undo()
    lax = Note.parse
    monkeypatch.setattr(Note, "parse", lambda data: lax(data.strip() + b"\n"))
    with pytest.raises(Ambiguous):
        TARGETS["note"].accepts(kept("note")[0] + b"\n")


@pytest.mark.parametrize(
    "text", ["a = " + "9" * 5_000, "a = " + "[" * 5_000, "a = 1979-13-40"]
)
def test_a_mapping_that_python_s_reader_chokes_on_is_refused(text: str) -> None:
    """Found by fuzzing: long numbers and deep lists came out as other errors."""
    with pytest.raises(MappingError):
        Mapping.parse(text)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 3_000, b'{"words":"8"}'],
)
def test_a_header_of_another_version_is_no_index_of_ours(text: bytes) -> None:
    """Found by fuzzing: under a right MAC, other words came out as other errors."""
    slot = header(text) + bytes(4096)
    mac = targets.Keys.derive(targets.INDEX_KEY, "").mac
    with pytest.raises(NotAnIndex):
        targets.index_file.read_header(memoryview(slot), mac)


def test_a_certificate_of_a_strange_version_is_nobody_s() -> None:
    """Found by fuzzing: two kinds of strange ones came out as other errors."""
    strange = 0
    for data in kept("certificate"):
        version = data.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x12", 1)
        assert version != data
        strange += not TARGETS["certificate"].accepts(version)
    assert strange == len(kept("certificate"))


def test_atheris_runs_a_target() -> None:
    """The long run's engine, for a moment; only where there is a wheel of it."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris has no wheel for this machine: the corpus was run")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.one", "note", "-runs=300", "-seed=1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "Done 300 runs" in done.stderr


def test_a_refusal_is_named_for_each_target() -> None:
    """No target may take a base that would hide a crash."""
    for name, target in TARGETS.items():
        assert isinstance(target, Target)
        for one in target.refuses:
            assert one.__module__.startswith("childgrid_"), name
