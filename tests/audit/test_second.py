"""The second verifier: it shares no code, and finds what the first one finds.

What it leaves to the first is asserted here too, so that docs/bundle.md can't promise
more than it does.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit import tamper
from audit.cast import CHILD, DAY, FOUNDERS, HOUR, HUB, POLICE, identity
from audit.ledger import World
from audit.parties import signed
from audit.second import FILE, PROGRAM, found, missed
from audit.tamper import Ground, dropped
from audit.wrongs import (
    WRONGS,
    Wrong,
    after_refusal,
    another_query_s_answer,
    another_s_answer,
    answer_after_the_end,
    begin,
    contradiction,
    excused_none,
    extra,
    hit_without_a_candidate,
    old_policy,
    other_receipt,
    own_approval,
    refused_elsewhere,
    stranger_s_receipt,
)
from childgrid_audit import bundle
from childgrid_audit.verify import Verifier
from childgrid_log.entry import Draft, seal_entry
from childgrid_log.merkle import (
    Frontier,
    Nodes,
    inclusion_proof,
    leaf_hash,
    root_of,
)
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind

LEFT_TO_THE_FIRST = {
    after_refusal,
    refused_elsewhere,
    contradiction,
    own_approval,
    stranger_s_receipt,
    extra,
    old_policy,
    another_query_s_answer,
    another_s_answer,
    answer_after_the_end,
    excused_none,
    hit_without_a_candidate,
    other_receipt,
}
"""Wrongs outside of what the second verifier looks at, as docs/bundle.md says."""


def test_it_imports_nothing_of_ours() -> None:
    """The standard library, cryptography and one check of PyNaCl, at any depth."""
    allowed = sys.stdlib_module_names | {"cryptography", "nacl"}
    imported = set()
    for node in ast.walk(ast.parse(FILE.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).split(".")[0])
    assert {"cryptography", "nacl"} <= imported <= allowed
    names = {
        node.id
        for node in ast.walk(ast.parse(FILE.read_text()))
        if isinstance(node, ast.Name)
    }
    assert not names & {"__import__", "exec", "eval", "importlib"}


def test_it_can_be_read_in_one_sitting() -> None:
    """Some 300 lines, counted with everything."""
    assert len(FILE.read_text("utf-8").splitlines()) <= 330


def test_it_runs_where_nothing_of_ours_is_installed(
    ground: Ground, tmp_path: Path
) -> None:
    """Exit codes as those of `childgrid-audit verify`: 0 holds, 1 found, 2 not run."""
    for path, data in ground.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        code = (
            "import sys, runpy; sys.modules.update(dict.fromkeys("
            "['childgrid_wire', 'childgrid_log', 'childgrid_audit']));"
            f"sys.argv = {[str(FILE), *words]!r};"
            f"runpy.run_path({str(FILE)!r}, run_name='__main__')"
        )
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True
        )

    honest = run(str(tmp_path), "--root", ground.root)
    assert (honest.returncode, honest.stdout, honest.stderr) == (0, "", "")
    (tmp_path / "manifest.dsse").write_bytes(b"{}")
    assert run(str(tmp_path), "--root", ground.root).returncode == 1
    assert run(str(tmp_path)).returncode == 2
    assert run(str(tmp_path / "none"), "--root", ground.root).returncode == 2


def test_it_accepts_what_the_first_accepts(ground: Ground) -> None:
    """A refusal, a void and a pending disclosure are no faults."""
    assert ground.verdict.holds
    assert found(ground.files, ground.root) == []


def test_it_accepts_what_has_been_shredded(world: World) -> None:
    """Entries whose envelopes are gone stand by leaf, root and a `shred`."""
    world.shredded_story()
    assert found(world.bundle(), world.root) == []


def test_an_envelope_that_is_gone_without_a_shred_is_found(ground: Ground) -> None:
    """Nobody hides a statement by leaving its envelope and salt out."""
    path = bundle.entries(POLICE, 0)
    pieces = ground.files[path].splitlines(keepends=True)
    line = canonical.loads(pieces[0][:-1])
    pieces[0] = canonical.dumps({**line, "salt": "", "statement": ""}) + b"\n"
    files = signed({**ground.files, path: b"".join(pieces)}, ground.now)
    assert any("lacks entries" in one for one in found(files, ground.root))


def test_an_empty_directory_and_another_root_hold_nothing(ground: Ground) -> None:
    """No files is no proof, and without the fingerprint nobody is known."""
    assert found({}, ground.root)
    (first, *_) = found(ground.files, "00" * 32)
    assert first.startswith("documents/00000001.dsse: board: document: does not follow")


def test_a_log_that_was_rewritten_under_its_old_checkpoint_is_found(
    ground: Ground,
) -> None:
    """Entry, commitment and leaf fit each other; only the root that was signed not."""
    path, leaves = bundle.entries(POLICE, 0), bundle.leaves(POLICE, 0)
    pieces = ground.files[path].splitlines(keepends=True)
    hashes = ground.files[leaves].splitlines(keepends=True)
    old = bundle.read_line(pieces[-1][:-1])
    draft = Draft(old.entry.kind, old.entry.bucket, old.envelope)
    leaf, salt = seal_entry(draft, old.index)
    new = bundle.make_line(old.index, leaf, salt, old.envelope)
    pieces[-1], hashes[-1] = new.encode(), new.hash.hex().encode() + b"\n"
    files = {**ground.files, path: b"".join(pieces), leaves: b"".join(hashes)}
    (one, *_) = found(signed(files, ground.now), ground.root)
    assert one == f"logs/{POLICE}/: {POLICE}: log: no root"


def again(ground: Ground, number: int, *signers: SeedSigner) -> list[str]:
    """What is found where document `number` bears other signatures."""
    path = bundle.document(number)
    outer = envelope.read(ground.files[path])
    files = {**ground.files, path: envelope.sign(outer.kind, outer.payload, signers)}
    return [one for one in found(signed(files, ground.now), ground.root) if path in one]


@pytest.mark.parametrize("number", [1, 2, 3], ids=["directory", "floor", "scheme"])
def test_fewer_founders_than_agreed_found_nothing(ground: Ground, number: int) -> None:
    """Two of three must sign; one, or a stranger beside one, is not enough."""
    stranger = SeedSigner("founder:f2", b"x" * 32)
    other = SeedSigner("founder:f9", b"x" * 32)
    assert again(ground, number, *FOUNDERS[1:]) == []
    for signers in ([FOUNDERS[0]], [FOUNDERS[0], stranger], [FOUNDERS[0], other]):
        assert again(ground, number, *signers)


def test_a_staff_list_is_its_own_agency_s(ground: Ground) -> None:
    """Nobody enrols officers for somebody else."""
    number = 4
    assert envelope.read(ground.files[bundle.document(number)]).kind is Kind.STAFF
    assert again(ground, number, identity(POLICE).signer) == []
    assert again(ground, number, identity(CHILD).signer)


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.__name__)
def test_it_finds_each_wrong_but_those_it_leaves_to_the_first(
    world: World, wrong: Wrong
) -> None:
    """Every party logged and cosigned it; what is left to the first is stated."""
    said = wrong(world)
    world.now += 2 * HOUR
    world.gather()
    files = world.bundle()
    assert Verifier(world.root).verify(files).findings

    findings = found(files, world.root)

    assert bool(findings) == (wrong not in LEFT_TO_THE_FIRST), findings
    if findings and said.kind is Kind.DISCLOSURE:
        assert any(said.hash in one for one in findings)


@pytest.mark.parametrize("officer", ["sp-nair", "si-rao"])
def test_persons_are_counted_and_who_asked_is_not(world: World, officer: str) -> None:
    """The supervisor twice, or the asker beside the supervisor: not even as a spare."""
    begin(world)
    request, own = world.named["r request"], world.named["r own approval"]
    logs = (CHILD, HUB, POLICE)
    given = world.approve("given", request, CHILD, "cu-das", *logs)
    spare = world.approve("spare", request, POLICE, officer, *logs)
    approvals = sorted(one.hash for one in (own, given, spare))
    world.disclose("r", *logs, approvals=approvals)
    world.end("r", Kind.RECEIPT)
    world.now += 2 * HOUR
    world.gather()
    findings = found(world.bundle(), world.root)
    assert any("twice, or what they asked" in one for one in findings)


def test_an_officer_who_was_revoked_approves_nothing(world: World) -> None:
    """Authority is judged at the release, as the first verifier judges it."""
    begin_and_revoke(world)
    world.now += HOUR + 300
    world.release("r")
    world.end("r", Kind.RECEIPT)
    world.now += 2 * HOUR
    world.gather()
    assert any("lapsed" in one for one in found(world.bundle(), world.root))


def test_of_who_was_revoked_about_then_it_says_so(
    world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The coordinator's log tells an hour: that is open, and no finding."""
    begin_and_revoke(world)
    world.now += 1_200
    given = world.release("r", fetched=False)
    world.now += 2 * HOUR
    world.gather()
    for path, data in world.bundle().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)

    run = subprocess.run([sys.executable, FILE, tmp_path, "--root", world.root])

    told = f"open: disclosure {given.hash}: {POLICE}/sp-nair was revoked about then\n"
    assert (run.returncode, capfd.readouterr().out) == (0, told)


def begin_and_revoke(world: World) -> None:
    """A request with its own side's approval; then its approver's key is lost."""
    begin(world)
    world.post(
        statement.make(
            Kind.REVOCATION,
            identity(POLICE).signer,
            issuer=POLICE,
            now=world.now,
            seconds=DAY,
            number=1,
            target="officer",
            member=POLICE,
            subject="sp-nair",
            serial="",
            cause="lost",
        )
    )


@pytest.mark.threat("T10")
def test_tampering_that_the_first_finds_it_finds_too(ground: Ground) -> None:
    """All hands: strangers, deceived exporters, rewriting parties; by a fixed seed."""
    count, silent = missed(ground, tamper.trials(ground, 50, 1_963))
    assert (count, silent) == (50, [])


def test_a_flipped_bit_in_any_file_is_found(ground: Ground) -> None:
    """Every file once, with and without an exporter who signs what he was given."""
    count, silent = missed(ground, tamper.every_file(ground, 1, 77))
    assert (count, silent) == (len(ground.files), [])


def test_the_last_newlines_count(ground: Ground) -> None:
    """The byte that a lax reader would skip: the end of each file of lines."""
    for path in (one for one in ground.files if one.startswith("logs/")):
        for bit in (1, 2):
            data = bytearray(ground.files[path])
            data[-1] ^= bit
            files = signed({**ground.files, path: bytes(data)}, ground.now)
            assert found(files, ground.root), (path, bit)


def test_what_lying_witnesses_help_to_hide_is_left_to_the_first(
    ground: Ground,
) -> None:
    """Where all witnesses lie, only the other logs tell: the first compares them."""
    for index, name in enumerate(ground.names(CHILD)):
        trial = dropped(ground, CHILD, index, colluding=True)
        first = ground.verifier.verify(trial.files).findings
        if name.startswith("answer"):
            assert first
            assert found(trial.files, ground.root) == []
            return
    raise AssertionError("the story holds an answer")


WIRE = Path(__file__).parents[1] / "vectors" / "wire"


def test_it_reads_passkeys_as_the_vectors_say() -> None:
    """Thirty assertions, right and wrong: the same answers as the first reader's."""
    vectors = json.loads((WIRE / "webauthn.json").read_text("ascii"))
    told = {True: 0, False: 0}
    for one in vectors:
        key = {"algorithm": "webauthn", "key": one["key"], "rp_id": one["rp_id"]}
        signature = canonical.dumps(one["signature"])
        message = bytes.fromhex(one["message"])
        holds = PROGRAM._holds({**key, "origins": one["origins"]}, message, signature)
        assert holds == one["accepted"], one["name"]
        told[holds] += 1
    assert all(told.values())


def test_it_reads_tokens_as_the_vectors_say() -> None:
    """RSA and plain P-256, in the one form that each has, by a key that is strong."""
    vectors = json.loads((WIRE / "signatures.json").read_text("ascii"))
    for one in vectors:
        key = {"algorithm": one["algorithm"], "key": one["key"]}
        said = bytes.fromhex(one["message"]), canonical.from_b64(one["signature"])
        assert PROGRAM._holds(key, *said) == one["accepted"], one["name"]
    assert {one["accepted"] for one in vectors} == {True, False}


def test_a_key_of_small_order_signs_nothing() -> None:
    """OpenSSL alone would accept this signature over whatever one likes."""
    small = canonical.to_b64((1).to_bytes(32, "little"))
    forged = (1).to_bytes(32, "little") + bytes(32)
    assert not PROGRAM._holds({"key": small}, b"anything", forged)


def test_roots_and_paths_are_those_of_the_log() -> None:
    """Two programs for RFC 6962, one written as loops and one as the recursion."""
    for size in range(70):
        leaves = [leaf_hash(bytes([number])) for number in range(size)]
        nodes = nodes_over(leaves)
        assert PROGRAM._tree(leaves)[0] == root_of(leaves)
        for index in range(size):
            path = inclusion_proof(nodes, index, size)
            assert PROGRAM._tree(leaves, index)[1] == path


def nodes_over(leaves: list[bytes]) -> Nodes:
    """The perfect subtrees over some leaves."""
    frontier = Frontier()
    known = {
        (level, index): value
        for leaf in leaves
        for level, index, value in frontier.push(leaf)
    }
    return lambda level, index: known[level, index]
