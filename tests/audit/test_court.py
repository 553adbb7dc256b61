"""Evidence for a court: the right statements, proofs that hold, blanks to fill in."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit.cast import CHILD, HUB, POLICE, identity
from audit.tamper import Ground
from childgrid_audit import bundle
from childgrid_audit.__main__ import app
from childgrid_audit.bundle import Folder, read_line
from childgrid_audit.court import Docket, of_case, of_disclosure
from childgrid_audit.docket import SUMS, write
from childgrid_audit.errors import ExportRefused
from childgrid_audit.verify import Verifier
from childgrid_log import names
from childgrid_log.keys import COSIGNATURE, ED25519, Signer
from childgrid_log.proof import LeafProof
from childgrid_wire import envelope
from childgrid_wire.kinds import Kind

SECOND = Path(__file__).parents[2] / "audit" / "second" / "verify.py"


@pytest.fixture
def exported(ground: Ground, tmp_path: Path) -> Path:
    """The exported story on disk."""
    for path, data in ground.files.items():
        target = tmp_path / "exported" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return tmp_path / "exported"


@pytest.fixture
def given(ground: Ground) -> str:
    """The disclosure that was received."""
    ledger = ground.verdict.ledger
    return next(
        event.statement.hash
        for event in ledger.of(Kind.DISCLOSURE)
        if ledger.naming(event.statement.hash, Kind.RECEIPT)
    )


def made(ground: Ground, exported: Path, out: Path, *words: str) -> Path:
    """Run `court`; returns the folder."""
    arguments = ["court", str(exported), str(out), "--root", ground.root, *words]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return out


def kinds(folder: Path) -> list[str]:
    """The kinds of the statements in a folder, in their order."""
    return [
        json.loads((path / "statement.json").read_bytes())["kind"]
        for path in sorted((folder / "statements").iterdir())
    ]


def test_a_disclosure_comes_with_all_that_it_rests_on(
    ground: Ground, exported: Path, tmp_path: Path, given: str
) -> None:
    """Case, query, approval, answer, request, approvals, disclosure, receipt."""
    out = made(ground, exported, tmp_path / "out", "--disclosure", given[:12])
    assert kinds(out) == [
        "case", "query", "approval", "answer", "request", "approval", "approval",
        "disclosure", "receipt",
    ]  # fmt: skip
    documents = {path.name.rsplit("-", 1)[0] for path in (out / "documents").iterdir()}
    assert documents == {"directory", "floor", "policy", "staff"}
    for path in (out / "statements").rglob("envelope.dsse"):
        outer = envelope.read(path.read_bytes())
        assert outer.payload == (path.parent / "statement.json").read_bytes()
        assert outer.hash in ground.verdict.ledger.events
    assert given in (out / "README.md").read_text()


def test_a_case_comes_with_everything_said_under_it(
    ground: Ground, exported: Path, tmp_path: Path, given: str
) -> None:
    """Also what was refused; and of the other cases nothing."""
    ledger = ground.verdict.ledger
    request = ledger.events[ledger.events[given].statement["request"]].statement
    out = made(ground, exported, tmp_path / "out", "--case", request["case"])
    found = kinds(out)
    assert found.count("request") == 2
    assert {"refusal", "disclosure", "receipt"} <= set(found)
    cases = {
        body["case"]
        for path in (out / "statements").rglob("statement.json")
        if "case" in (body := json.loads(path.read_bytes()))
    }
    assert cases == {request["case"]}


def test_every_proof_holds_for_the_entry_beside_it(
    ground: Ground, exported: Path, tmp_path: Path, given: str
) -> None:
    """A C2SP proof with log key and quorum, and the entry opens to the statement."""
    out = made(ground, exported, tmp_path / "out", "--disclosure", given)
    view = ground.verdict.ledger.law.book.latest(ground.now)
    count = 0
    for path in (out / "statements").rglob("*.proof"):
        member = path.stem
        line = read_line(path.with_suffix(".entry").read_bytes()[:-1])
        log = Signer(names.origin(member), ED25519, identity(member).log_key).vkey
        witnesses = [
            Signer(names.witness(one), COSIGNATURE, identity(one).witness_key).vkey
            for one in (entry["id"] for entry in view.witnesses(member))
        ]
        LeafProof.parse(path.read_bytes()).verify(line.leaf, log, witnesses, 3)
        assert line.envelope == (path.parent / "envelope.dsse").read_bytes()
        count += 1
    chosen = of_disclosure(ground.verdict.ledger, given).events
    assert count == sum(len(event.places) for event in chosen)
    assert all({POLICE, HUB, CHILD} <= event.places.keys() for event in chosen)


def test_both_verifiers_take_the_bundle_in_it(
    ground: Ground, exported: Path, tmp_path: Path, given: str
) -> None:
    """What the court gets can be verified without whoever made it."""
    out = made(ground, exported, tmp_path / "out", "--disclosure", given)
    assert Verifier(ground.root).verify(Folder(out / "bundle")).holds
    command = [sys.executable, str(SECOND), str(out / "bundle"), "--root", ground.root]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_hash_report_covers_every_file(
    ground: Ground, exported: Path, tmp_path: Path, given: str
) -> None:
    """In the format of sha256sum; the certificate carries the report's own hash."""
    out = made(ground, exported, tmp_path / "out", "--disclosure", given)
    listed = dict(
        reversed(line.split("  ", 1)) for line in (out / SUMS).read_text().splitlines()
    )
    pages = {SUMS, "README.md", "README.html", "certificate.md", "certificate.html"}
    files = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert files - pages == listed.keys()
    for path, digest in listed.items():
        assert hashlib.sha256((out / path).read_bytes()).hexdigest() == digest
    total = hashlib.sha256((out / SUMS).read_bytes()).hexdigest()
    for page in ("certificate.md", "certificate.html"):
        assert (out / page).read_text().count(total) == 3


class _Words(HTMLParser):
    """The words of a page and the addresses that it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [str(v) for name, v in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_certificate_is_a_template_and_says_so(
    ground: Ground, exported: Path, tmp_path: Path, given: str
) -> None:
    """Both parts, blanks for what a person vouches for, hashes filled in."""
    record = tmp_path / "profile.pdf"
    record.write_bytes(b"the record as the party holds it")
    out = made(
        ground, exported, tmp_path / "out", "--disclosure", given,
        "--record", str(record),
    )  # fmt: skip
    digest = hashlib.sha256(record.read_bytes()).hexdigest()
    page = _Words()
    page.feed((out / "certificate.html").read_text())
    printed = " ".join(page.words)
    for text in (printed, (out / "certificate.md").read_text()):
        assert text.count("TEMPLATE, TO BE CHECKED BY A LAWYER") == 2
        assert "Part A" in text
        assert "Part B" in text
        assert "section 63(4)" in text
        assert text.count(digest) == 3
        assert "profile.pdf" in text
        assert "SHA-256" in text
    assert not (out / "profile.pdf").exists()
    assert not page.fetched
    assert page.tags.isdisjoint({"script", "img", "link", "iframe"})
    assert len(re.findall(r": _{40}$", (out / "certificate.md").read_text(), re.M)) > 20


def test_no_text_becomes_markup(ground: Ground, given: str, tmp_path: Path) -> None:
    """A file's name can't end a cell or start a tag."""
    from childgrid_audit.certificate import Record

    exhibits = of_disclosure(ground.verdict.ledger, given)
    bad = Record("a|b\n<script>x</script>", "produced", "00" * 32)
    docket = Docket(ground.files, ground.verdict, ground.root, exhibits, (bad,))
    write(docket, tmp_path / "out")
    page = (tmp_path / "out" / "certificate.html").read_text()
    assert "<script>" not in page
    assert (
        "| a\\|b <script>x</script> |"
        in (tmp_path / "out" / "certificate.md").read_text()
    )


def test_a_bundle_that_does_not_hold_is_no_evidence(
    ground: Ground, tmp_path: Path, given: str
) -> None:
    """Nothing is written where the verifier has something to say."""
    path = bundle.entries(CHILD, 0)
    files = {**ground.files, path: ground.files[path].replace(b"1", b"2", 1)}
    verdict = ground.verifier.verify(files)
    exhibits = of_disclosure(ground.verdict.ledger, given)
    with pytest.raises(ExportRefused, match="holds"):
        write(Docket(files, verdict, ground.root, exhibits), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(ground: Ground, tmp_path: Path, given: str) -> None:
    """A folder in which something stands is left as it is."""
    (tmp_path / "notes").write_text("mine")
    exhibits = of_disclosure(ground.verdict.ledger, given)
    with pytest.raises(ExportRefused, match="empty"):
        write(Docket(ground.files, ground.verdict, ground.root, exhibits), tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["notes"]


@pytest.mark.parametrize("name", ["", "ab", "0" * 64])
def test_what_is_asked_for_must_be_one_thing(ground: Ground, name: str) -> None:
    """Too short a hash could be another case's; an unknown one is nothing."""
    with pytest.raises(ExportRefused):
        of_disclosure(ground.verdict.ledger, name)
    with pytest.raises(ExportRefused):
        of_case(ground.verdict.ledger, name)
