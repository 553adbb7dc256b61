"""The evidence behind a profile: what was disclosed is what the holder signed for."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from childgrid_log import names
from childgrid_log.entry import opens
from childgrid_log.keys import COSIGNATURE, ED25519, Verifier
from childgrid_log.proof import LeafProof
from childgrid_node import cases, receive
from childgrid_wire import canonical, envelope, seal, statement
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.seal import Binding
from childgrid_wire.statement import Statement
from grid import CASE, KABIR, Grid
from refusals import refused


@pytest.fixture
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A fresh grid."""
    return Grid(tmp_path_factory.mktemp("grid"))


def disclosed(grid: Grid) -> tuple[Statement, Statement]:
    """A query, and the disclosure of customs' record."""
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", ["name", "note"])
    denied = grid.request(asked, "prisons", ["name"])
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash, fields=["name"])
    grid.decide("prisons", "pr-singh", denied.hash, reason="legal-bar")
    grid.settle()
    journal = grid.agency("police").office.journal
    (given,) = journal.answers(request.hash, Kind.DISCLOSURE)
    return asked, given


def files(grid: Grid, asked: Statement, officer: str = "si-rao") -> dict[str, bytes]:
    """The bundle's files."""
    shown: dict[str, Any] = grid.look("police", officer, "bundle", asked.hash)
    return {path: canonical.from_b64(text) for path, text in shown["files"].items()}


def test_the_record_is_what_the_holder_signed_for(grid: Grid) -> None:
    """Its bytes' hash stands in the signed disclosure, salted against guessing."""
    asked, given = disclosed(grid)
    found = files(grid, asked)

    record = found[f"records/{given.hash}.json"]
    said = statement.parse(envelope.read(found[f"statements/{given.hash}.dsse"]))
    assert said["content"] == hashlib.sha256(record).hexdigest()
    told = canonical.loads(record)
    assert told["fields"] == {"name": ["VANKHEDE KABIR"]}
    assert len(told["salt"]) == 32
    bare = canonical.dumps({k: v for k, v in told.items() if k != "salt"})
    assert said["content"] != hashlib.sha256(bare).hexdigest()


def test_the_proof_holds_with_others_public_keys(grid: Grid) -> None:
    """The leaf opens to the disclosure, and a quorum of witnesses cosigned its log."""
    asked, given = disclosed(grid)
    found = files(grid, asked)
    beside = canonical.loads(found[f"proofs/{given.hash}.json"])
    leaf, salt = beside["leaf"].encode(), bytes.fromhex(beside["salt"])
    view = grid.agency("police").office.view
    log = Verifier(
        names.origin("customs"),
        ED25519,
        canonical.from_b64(view.member("customs")["log_key"]),
    )
    witnesses = [
        Verifier(
            names.witness(one["id"]),
            COSIGNATURE,
            canonical.from_b64(one["witness_key"]),
        ).vkey
        for one in view.witnesses("customs")
    ]

    proof = LeafProof.parse(found[f"proofs/{given.hash}.proof"])
    assert proof.verify(leaf, log.vkey, witnesses, 4).checkpoint.origin == log.name
    assert opens(leaf, salt, found[f"statements/{given.hash}.dsse"])


def test_all_that_was_said_is_there_and_listed(grid: Grid) -> None:
    """Both sides' decisions, the denied request too; the manifest names each file."""
    asked, _ = disclosed(grid)
    found = files(grid, asked)

    view = grid.agency("police").office.view
    data = found.pop("manifest.dsse")
    manifest = statement.verify(data, view.find_key, Kind.MANIFEST)
    assert (manifest.kind, manifest.issuer) == (Kind.MANIFEST, "police")
    assert manifest["files"] == {
        path: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for path, data in found.items()
    }
    kinds = sorted(
        envelope.read(data).kind.value
        for path, data in found.items()
        if path.startswith("statements/")
    )
    assert kinds == sorted(
        ["query", "case", "disclosure", "receipt", "refusal"]
        + ["approval"] * 4
        + ["answer"] * 3
        + ["request"] * 2
    )


@pytest.mark.threat("T3")
def test_it_is_for_who_may_read_the_profile(grid: Grid) -> None:
    """Not another investigator; and nobody once the case is over."""
    asked, _ = disclosed(grid)
    assert files(grid, asked, "sp-nair")
    with refused(grid, Reason.WRONG_ROLE):
        files(grid, asked, "si-joshi")
    path = grid.agency("police").folder / "cases.csv"
    path.write_text(",".join(cases.COLUMNS) + "\n")
    with refused(grid, Reason.CASE_OVER):
        files(grid, asked)
    assert CASE not in path.read_text()


def test_a_record_that_its_disclosure_did_not_commit_to_is_lost(grid: Grid) -> None:
    """A holder that signs for one record and seals another is not believed."""
    request = grid.request(grid.ask(KABIR), "customs", ["name"])
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash)
    grid.carry()
    customs, police = grid.agency("customs").office, grid.agency("police").office
    content = canonical.dumps({"fields": {"name": ["SOMEBODY ELSE"]}, "salt": ""})
    binding = Binding("disclosure", request.id, "customs", "police", 0)
    recipient = canonical.from_b64(request["recipient_key"])
    private = police.journal.secret(f"request:{request.hash}")
    assert private
    sealed = seal.seal(content, recipient, binding)
    assert grid.release("customs") == ["released"]
    (given,) = customs.journal.answers(request.hash, Kind.DISCLOSURE)

    assert receive._open(police, request, given, sealed, private) is None
    right = customs.journal.rows("SELECT ciphertext FROM spent")[0][0]
    assert receive._open(police, request, given, bytes(right), private)
