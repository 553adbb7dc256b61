"""A two-faced log before real witnesses: it splits where the rule says so, only there.

Every configuration of up to nine witnesses is tried with the product's own logs,
witnesses, gatherers and directories, the honest witnesses divided as the owner would
like them best; `make soak` divides them in every way.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from audit.cast import START, identity, quick_folder
from childgrid_authority.directory import check
from childgrid_authority.errors import ChangeRefused
from childgrid_log import names
from childgrid_log.checkpoint import open_checkpoint
from childgrid_log.evidence import Evidence, check_evidence, write_evidence
from childgrid_log.gather import quorum_of
from childgrid_log.log import Log
from childgrid_log.service import keep_evidence
from childgrid_wire import canonical
from childgrid_wire.errors import Reason, Refused
from log.second import FILE, PROGRAM
from log.twofaced import (
    CONFIGURATIONS,
    FACES,
    MOST,
    OWNER,
    WITNESSES,
    Stage,
    book_of,
    evenly,
    lawless,
    possible,
)


def log_key(member: str) -> str:
    """The key of a member's log as the directory shows it."""
    entry = identity(member).entry(
        title=member, kind="agency", uses=[], categories=[], address="127.0.0.1:1"
    )
    return str(entry["log_key"])


KEY = log_key(OWNER)
Notes = Mapping[tuple[int, int, int], Mapping[str, bytes]]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Two faces, and nine witnesses who have seen the one, the other or both."""
    with quick_folder() as folder, Stage.set(folder) as made:
        yield made


@pytest.fixture(scope="module")
def lawless_notes(stage: Stage) -> Notes:
    """What the owner gets cosigned in each configuration, were the rule not there."""
    with lawless():
        return {
            one: stage.attack(book_of(*one), evenly(one[0], one[2]))
            for one in CONFIGURATIONS
        }


def of(n: int) -> list[tuple[int, int, int]]:
    """All configurations of n witnesses."""
    return [one for one in CONFIGURATIONS if one[0] == n]


@pytest.mark.parametrize("n", range(1, MOST + 1))
@pytest.mark.threat("T10")
def test_real_witnesses_can_be_split_exactly_where_the_rule_says(
    stage: Stage, lawless_notes: Notes, n: int
) -> None:
    """Were the rule not there: both faces get a quorum where 2q − n ≤ f, only there."""
    for _, q, f in of(n):
        cosigned = lawless_notes[n, q, f]
        assert (len(cosigned) == len(FACES)) is possible(n, q, f), (n, q, f)
        for face, note in cosigned.items():
            log = stage.logs[face]
            keys = [stage.vkeys[one] for one in WITNESSES[:n]]
            held = open_checkpoint(note, log.vkey, keys, q, strict=True).checkpoint
            assert held.root == log.root()


@pytest.mark.parametrize("n", range(1, MOST + 1))
@pytest.mark.threat("T10")
def test_configurations_that_can_be_split_are_refused(stage: Stage, n: int) -> None:
    """Founders can't sign them; a log under one gets no quorum, and keeps no note."""
    for _, q, f in of(n):
        book = book_of(n, q, f)
        if possible(n, q, f):
            with pytest.raises(ChangeRefused):
                check(book.latest(START).directory.body)
            with pytest.raises(Refused) as caught:
                quorum_of(book.latest(START), OWNER)
            assert caught.value.reason is Reason.NO_QUORUM
            assert not stage.attack(book, evenly(n, f))
        else:
            assert len(stage.attack(book, evenly(n, f))) <= 1


@pytest.mark.threat("T10")
def test_every_split_convicts_its_log_once_the_faces_meet(
    stage: Stage, lawless_notes: Notes
) -> None:
    """An honest witness shown the other face, or who holds both, keeps the evidence."""
    met = 0
    for n, q, f in CONFIGURATIONS:
        notes = lawless_notes[n, q, f]
        if len(notes) < len(FACES):
            continue
        met += 1
        folder = stage.evidence(WITNESSES[0], "A")
        if f < n:
            reply = stage.show(WITNESSES[0], "A", "B", stage.logs["A"].size())
            assert (reply.refusal, reply.cosignature) == ("split-view", "")
        else:
            keep_evidence(folder, OWNER, Evidence(notes["A"], notes["B"]))
        for path in folder.iterdir():
            assert_convicted(stage, path.read_bytes())
    assert met == sum(possible(*one) for one in CONFIGURATIONS)


def assert_convicted(stage: Stage, data: bytes) -> None:
    """Both programs read the same two roots from the file."""
    roots = {log.root() for log in stage.logs.values()}
    log = stage.logs["A"]
    first, second = check_evidence(data, log.vkey)
    told = PROGRAM.split(data, canonical.from_b64(KEY))
    assert {first.root, second.root} == roots
    assert told[:2] == (first.origin, first.size)
    assert {canonical.from_b64(one) for one in told[2:]} == roots


def test_the_second_reader_imports_nothing_of_ours() -> None:
    """The standard library, cryptography and one check of PyNaCl."""
    allowed = sys.stdlib_module_names | {"cryptography", "nacl"}
    imported = set()
    for node in ast.walk(ast.parse(FILE.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).split(".")[0])
    assert {"cryptography", "nacl"} <= imported <= allowed


def both(stage: Stage) -> tuple[bytes, bytes]:
    """The two notes that contradict each other."""
    return stage.logs["A"].checkpoint(), stage.logs["B"].checkpoint()


def test_the_second_reader_runs_by_itself(stage: Stage) -> None:
    """Exit codes: 0 convicted, 1 not, 2 not run; the line names log, size and roots."""
    path = stage.folder / "split.json"
    path.write_bytes(write_evidence(Evidence(*both(stage))))

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-I", str(FILE), *words], capture_output=True, text=True
        )
        return done.returncode, done.stdout

    code, line = run(str(path), "--key", KEY)
    roots = [canonical.to_b64(stage.logs[face].root()) for face in FACES]
    assert (code, line.split()) == (0, [f"{OWNER}.childgrid.internal/log", "5", *roots])
    path.write_bytes(b"[" * 99_999)
    code, line = run(str(path), "--key", KEY)
    assert code == 1
    assert line.startswith("no split view: ")
    assert run(str(path))[0] == run(str(path / "none"), "--key", KEY)[0] == 2


def test_what_is_no_split_view_convicts_nobody(stage: Stage) -> None:
    """One face twice, growth, a stranger's key, any byte changed: no conviction."""
    key, (one, other) = canonical.from_b64(KEY), both(stage)
    with Log.create(
        stage.folder / "short.db", names.origin(OWNER), identity(OWNER).log_key
    ) as short:
        earlier = short.checkpoint()
    assert PROGRAM.split(write_evidence(Evidence(one, other)), key)
    for pair, why in (
        ((one, one), "say the same"),
        ((earlier, one), "two sizes"),
        ((one, b"".join([one[:-1], b"\x0b"])), "not a note"),
    ):
        with pytest.raises(ValueError, match=why):
            PROGRAM.split(write_evidence(Evidence(*pair)), key)
    stranger = canonical.from_b64(log_key("x"))
    with pytest.raises(ValueError, match="not signed by this key"):
        PROGRAM.split(write_evidence(Evidence(one, other)), stranger)
    for at in range(len(one)):
        changed = one[:at] + bytes([one[at] ^ 1]) + one[at + 1 :]
        with pytest.raises(Exception):  # noqa: B017
            PROGRAM.split(write_evidence(Evidence(changed, other)), key)
