"""Joining against the clock: an agency's commands as the page tells them, each timed.

What is typed is read from `docs/joining.md`, so the page and what is measured can't
part. Before the first command stand the agency's own files: settings, mapping, staff,
policy. Founders and wrappers act in a thread of their own while the agency waits: they
look into the inbox, compare the fingerprint that was read out, admit, and wrap.
"""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from childgrid_authority.authority import Authority
from childgrid_node import rehearsal
from childgrid_node.config import NodeConfig, load
from childgrid_wire import enrolment
from childgrid_wire.enrolment import keys_fingerprint
from deploy.demo import PLANS, SECTIONS
from deploy.processes import HOST, until
from deploy.sample.story import FIR
from process.yardstick import SECONDS, Grid

PAGE = Path(__file__).parents[2] / "docs" / "joining.md"
COMMANDS, LIMIT_SECONDS = 6, 600.0
"""The most that an agency should have to type, and the most that all of it may take."""

NEWCOMER = "transport"
WRAPPERS = ("police", "customs")
_ROW = re.compile(r"^\| \d+ \| agency \| `childgrid-node ([^`]+)`", re.M)

MAPPING = """
agency   = "transport"
category = "vehicle"
source   = "owners.csv"
key      = "folio"

[fields]
name    = ["vorname", "zuname"]
phone   = "ruf"
vehicle = "kennzeichen"

[disclose]
name            = { column = "zuname", category = "identity" }
relative        = { column = "vorname", category = "identity" }
address         = { column = "ort", category = "residence" }
driving_licence = { column = "schein", category = "identity" }
vehicle         = { column = "kennzeichen", category = "vehicle" }
"""
ROWS = (
    "folio,vorname,zuname,ruf,ort,schein,kennzeichen\n"
    "K-1,Nityananda,Sarkhel,{phone},Purulia,,WB11AB1234\n"
    "K-2,Gertrud,Meyer,,Bremen,,HB22CD5678\n"
)
"""A register whose columns nobody here has seen before."""


def typed(page: str) -> list[list[str]]:
    """The agency's commands in the order of the page: what follows `childgrid-node`."""
    return [shlex.split(one) for one in _ROW.findall(page)]


@dataclass(frozen=True)
class Step:
    """One command, or the wait for an answer, and how long it took."""

    what: str
    seconds: float


@dataclass
class Stopwatch:
    """A newcomer that joins `grid` by `program`, such as [".../childgrid-node"]."""

    grid: Grid
    program: Sequence[str]
    say: Callable[[str], None] = field(default=lambda _: None)
    steps: list[Step] = field(default_factory=list)
    output: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        yard = self.grid.yard
        yard.authority = Authority(self.grid.folder / "authority")
        source = self.grid.folder / "owners"
        source.mkdir()
        (source / "owners.toml").write_text(MAPPING, "utf-8")
        phone = self.grid.sample.suspect["phone"][0]
        (source / "owners.csv").write_text(ROWS.format(phone=phone), "utf-8")
        self.folder = yard.prepare(PLANS[NEWCOMER], source).state_dir.parent
        token = yard.token(NEWCOMER, "agency")
        (self.folder / "token.json").write_bytes(token.read_bytes())
        (self.folder / "token.json").chmod(0o600)
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> NodeConfig:
        """The newcomer's settings."""
        return load(self.folder / "node.toml")

    @property
    def seconds(self) -> float:
        """All steps together."""
        return sum(one.seconds for one in self.steps)

    @contextmanager
    def run(self, commands: Sequence[Sequence[str]]) -> Iterator[None]:
        """Type the commands and ask the newcomer its first question; it serves inside.

        Raises:
            AssertionError: a command did not end well.
            TimeoutError: founders, wrappers or the answer did not come.
        """
        with ThreadPoolExecutor(1) as others:
            read_out: Future[str] = Future()
            let_in = others.submit(self._let_in, read_out)
            try:
                for words in commands:
                    self._timed("childgrid-node " + " ".join(words), self._type, words)
                    said = self.output.get(words[0], "")
                    if "our keys: " in said and not read_out.done():
                        read_out.set_result(said.split("our keys: ")[1].splitlines()[0])
                let_in.result(SECONDS)
                self._timed("until the first answer", self._asked)
                yield
            finally:
                read_out.cancel()
                self.stop()

    def stop(self) -> None:
        """End the newcomer's node; it must end in order."""
        if self._server is not None:
            self._server.terminate()
            status, self._server = self._server.wait(SECONDS), None
            assert status == 0, status

    def _timed(self, what: str, work: Callable[..., object], *words: Any) -> None:
        begun = time.monotonic()
        work(*words)
        self.steps.append(Step(what, time.monotonic() - begun))
        self.say(f"{self.steps[-1].seconds:7.2f} s  {what}")

    def _type(self, words: Sequence[str]) -> None:
        """Run a command to its end; `serve` until it listens."""
        if words[0] == "serve":
            self._serve(words)
            return
        done = subprocess.run(
            [*self.program, *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        self.output[words[0]] = done.stdout

    def _serve(self, words: Sequence[str]) -> None:
        log = self.grid.folder / "output" / f"{NEWCOMER}.txt"
        with log.open("ab") as file:
            self._server = server = subprocess.Popen(
                [*self.program, *words],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

        def listens() -> bool:
            assert server.poll() is None, log.read_text("utf-8")
            with socket.socket() as probe:
                port = self.grid.yard.port(f"{NEWCOMER}-desk")
                return probe.connect_ex((HOST, port)) == 0

        until(f"{NEWCOMER} listens", SECONDS, listens)

    def _let_in(self, read_out: Future[str]) -> None:
        """What founders and two members do once the newcomer's people have rung."""
        fingerprint = read_out.result(LIMIT_SECONDS)
        yard = self.grid.yard
        with yard.inbox() as opened:
            waiting = [enrolment.verify(one) for one in opened.pending()]
        (asked,) = (one for one in waiting if one.issuer == NEWCOMER)
        assert keys_fingerprint(asked["member"]) == fingerprint
        assert yard.admit() == 1
        wrappers = [self.grid.configs[name] for name in WRAPPERS]
        yard.wrap(wrappers, self.config, fingerprint)

    def _asked(self) -> None:
        """The first question is a rehearsal: the newcomer is on probation."""
        self.grid.yard.await_documents("police", [NEWCOMER])
        answer = self.ask(rehearsal.PEOPLE[0], rehearsal=True)
        assert answer["outcome"] == "hit", answer

    def ask(self, suspect: Any, *, rehearsal: bool = False) -> dict[str, Any]:
        """The police ask the newcomer; returns its answer once it is there."""
        officer = self.grid.desk("police", "si-rao")
        query = officer.ask(
            suspect,
            purpose="investigation",
            sections=list(SECTIONS),
            case=FIR,
            targets=[NEWCOMER],
            rehearsal=rehearsal,
        )
        self.grid.desk("police", "sp-nair").approve(query)

        def answered(shown: dict[str, Any]) -> dict[str, Any] | None:
            answer: dict[str, Any] = shown["targets"][NEWCOMER]
            return answer if answer["outcome"] != "not answered" else None

        return officer.await_look("answers", query, answered)
