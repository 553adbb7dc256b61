"""The coordinator never sees a name, a number, a key or an encoding, in any form.

A whole case is played on a grid whose coordinator records what its handlers see after
TLS, and between whose processes lie taps. Then everything that the coordinator has is
searched: files, output, memory, messages, wires. The same search finds the secrets in
the agency that has them, and in the same medium once they are planted there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from childgrid_node import ceremony, normalise
from childgrid_node.encode import Encoder
from childgrid_node.scheme import Scheme
from deploy.demo import PLANS
from deploy.processes import free_port
from deploy.sample import story
from deploy.yard import HUB
from process.canary import Search, of_bytes, of_text
from process.players import JUSTIFICATION, Case, Cast
from process.reckoning import await_receipts
from process.tap import Tap
from process.yardstick import AGENCIES, SCHEME, Grid

TESTS = Path(__file__).parents[1]
TEXTS = (
    "Nityananda Sarkhel",
    "Haradhan Sarkhel",
    "SARKHEL NITYANAND",
    "Nityananda",
    "नित्यानंद सरखेल",
    "Sumitra Kayal",
    "KUMARDUBI",
    "Y4182736",
    story.FIR,
    story.SUSPECT["phone"][0],
    JUSTIFICATION,
)
PUBLIC = PLANS["police"].title
"""Stands in the directory, so everybody has it: what a search must be able to find."""


@dataclass
class Watched:
    """A grid in which one whole case has been played, and all that was overheard."""

    grid: Grid
    transcript: bytes
    wires: bytes
    search: Search
    names: set[str]


def secrets_of(grid: Grid) -> dict[str, set[bytes]]:
    """Everything that must stay in its agency, in every spelling."""
    key = ceremony.unlock(
        grid.state("police") / "keys", 1, grid.yard.passphrase("police")
    )
    found = {f"text {number}": of_text(text) for number, text in enumerate(TEXTS)}
    found |= {
        f"record of {holder}": of_text(record)
        for holder, record in grid.sample.records.items()
    }
    found["linkage key"] = of_bytes(key)
    return found | dict(encodings(key))


def encodings(key: bytes) -> Iterator[tuple[str, set[bytes]]]:
    """The suspect's filters under the grid's key, where they have enough bits."""
    scheme = Scheme.load(SCHEME)
    fields = {name: list(values) for name, values in story.SUSPECT.items()}
    person = normalise.from_fields(fields)
    row = Encoder(scheme, key, 1).encode(normalise.tokens_of(person))
    for name, place in scheme.layout.places.items():
        words = row[place.start : place.stop]
        if int(np.bitwise_count(words).sum()) >= 8:
            yield f"encoding of {name}", of_bytes(words.astype("<u8").tobytes())


@pytest.fixture(scope="module")
def watched(still: Grid, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Play one case with two holders while everything is being watched."""
    grid, folder = still, tmp_path_factory.mktemp("overheard")
    transcript = folder / "transcript"
    grid.environments[HUB] = {
        "PYTHONPATH": f"{TESTS}:{TESTS.parent}",
        "CHILDGRID_TRANSCRIPT": str(transcript),
    }
    yard, announced = grid.yard, dict(grid.yard.ports)
    inner = {name: free_port() for name in (HUB, *AGENCIES)}
    for name in inner:
        settle_behind(grid, name, announced[name], inner[name])
    with ExitStack() as opened:
        taps = [opened.enter_context(Tap(announced[one], inner[one])) for one in inner]
        opened.callback(yard.stop)
        grid.launch(HUB, "process.recorder")
        grid.start()
        cast = Cast.of(grid)
        cases = [cast.play(Case("customs")), cast.play(Case("prisons", granted=False))]
        cast.asker.look("query", cases[0].query)
        await_receipts(grid, cases)
        wires = b"".join(tap.copied for tap in taps)
        found = secrets_of(grid)
        search = Search(found | {"public": of_text(PUBLIC)})
        yield Watched(grid, transcript.read_bytes(), wires, search, set(found))


def settle_behind(grid: Grid, name: str, announced: int, inner: int) -> None:
    """Let a process listen elsewhere, so that a tap can stand at its announced port."""
    kind = "coordinator" if name == HUB else "node"
    path = grid.folder / name / f"{kind}.toml"
    text = path.read_text("utf-8")
    old, new = (f'listen = "127.0.0.1:{port}"' for port in (announced, inner))
    assert old in text
    # Half of them speak to people, half to what collects lines.
    form = "json" if name in (HUB, "customs") else "text"
    new = f'{new}\nlog_format = "{form}"'
    path.write_text(text.replace(old, new), "utf-8")


def secret_names(watched: Watched, found: set[str]) -> set[str]:
    """Which of the names found are secrets."""
    return found & watched.names


def test_every_spelling_is_found_wherever_it_begins(watched: Watched) -> None:
    """The search itself: each secret in each spelling, in the midst of other bytes."""
    for name, spellings in secrets_of(watched.grid).items():
        for one in spellings:
            assert name in watched.search(b"\x00ab" + one + b"cd\xff")


@pytest.mark.threat("T2")
def test_the_coordinators_handlers_see_no_secret(watched: Watched) -> None:
    """Nothing in any request or answer after TLS, sealed content included."""
    assert b"ExchangeService/Submit" in watched.transcript
    assert b"NodeService/Match" in watched.transcript
    assert watched.search(watched.transcript) == {"public"}
    planted = watched.transcript + story.SUSPECT["name"][0].encode()
    assert secret_names(watched, watched.search(planted))


@pytest.mark.threat("T2")
def test_the_coordinators_files_and_output_hold_no_secret(watched: Watched) -> None:
    """Its whole folder, its database and log included, and all that it printed."""
    folder = watched.grid.folder / HUB
    found = watched.search.files(folder)
    assert set().union(*found.values()) == {"public"}
    assert not watched.search(watched.grid.output(HUB).encode())
    planted = folder / "state" / "planted"
    planted.write_bytes(story.SUSPECT["phone"][0].encode("utf-16-le"))
    try:
        assert secret_names(watched, watched.search.files(folder)["state/planted"])
    finally:
        planted.unlink()


@pytest.mark.threat("T11")
def test_nobodys_output_holds_a_secret(watched: Watched) -> None:
    """Nodes know names; what they print does not."""
    assert not watched.search.files(watched.grid.folder / "output")


def test_lines_for_collectors_are_json_and_those_for_people_are_not(
    watched: Watched,
) -> None:
    """Beside the one line that says where a server listens."""
    shapes: dict[str, list[dict[str, object]]] = {"customs": [], "police": []}
    for name, found in shapes.items():
        for line in watched.grid.output(name).splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
    assert {one["event"] for one in shapes["customs"]} >= {"matched"}
    for told in shapes["customs"]:
        assert told.keys() >= {"time", "level", "where", "event"}
    assert shapes["police"] == []


@pytest.mark.threat("T2")
def test_the_coordinators_memory_holds_no_secret(watched: Watched) -> None:
    """The running process after a whole case; the title from the directory is there."""
    pid = watched.grid.process(HUB).pid
    assert watched.search.memory(pid) == {"public"}


@pytest.mark.threat("T2")
def test_the_same_search_finds_secrets_in_memories_that_have_them(
    watched: Watched,
) -> None:
    """A node holds the linkage key; a process that was told all secrets holds all."""
    found = watched.search.memory(watched.grid.process("police").pid)
    assert "linkage key" in found
    with told(secrets_of(watched.grid)) as pid:
        assert watched.search.memory(pid) >= watched.names


@contextmanager
def told(secrets: dict[str, set[bytes]]) -> Iterator[int]:
    """A process that was given one spelling of each secret, and keeps it."""
    script = (
        "import sys; kept = bytes.fromhex(sys.stdin.readline());"
        " print(len(kept), flush=True); sys.stdin.readline()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        pipe_in, pipe_out = process.stdin, process.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        content = b"|".join(min(spellings) for spellings in secrets.values())
        pipe_in.write(content.hex().encode() + b"\n")
        pipe_in.flush()
        assert int(pipe_out.readline()) == len(content)
        yield process.pid
    finally:
        process.kill()
        process.communicate()


@pytest.mark.threat("T2")
def test_the_wires_carry_no_secret(watched: Watched) -> None:
    """Not even the title that everybody may read crosses a wire in the clear."""
    assert len(watched.wires) > 100_000
    assert not watched.search(watched.wires)
    planted = watched.wires + PUBLIC.encode()
    assert watched.search(planted) == {"public"}


def test_the_sources_hold_what_is_sought(watched: Watched) -> None:
    """The secrets are real: the agencies' own folders hold every text of them."""
    found = watched.search.files(watched.grid.folder)
    texts = {name for name in watched.names if name.startswith(("text", "record"))}
    agencies = {
        name
        for path, names in found.items()
        if path.split("/")[0] in (*AGENCIES, "sample")
        for name in names
    }
    absent = texts - agencies
    assert absent <= {f"text {TEXTS.index(JUSTIFICATION)}"}
