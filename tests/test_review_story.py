"""A clerical review and what follows: a band before it, a percentage while it stands.

Customs' people judge pairs of their own register, a custodian signs, and from the next
query on an asker reads a percentage; until the review expires or is void.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from childgrid_log.entry import parse_entry
from childgrid_node import config, match, review_desk, reviewing, reviews
from childgrid_node.__main__ import app
from childgrid_node.review import ReviewRefused
from childgrid_node.review_pairs import DIFFERENT, SAME, Session
from childgrid_node.reviewing import Kept, Review, Wish
from childgrid_wire import canonical, envelope, keyfile
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement, kept, make
from grid import DAY, Grid, officer_signer
from reviewed import person, refill, rows

ENTRIES = rows(250)
SOUGHT = {"name": [ENTRIES[0]["name"]], "birth_date": [ENTRIES[0]["dob"]]}


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid whose customs hold a register that can be reviewed."""
    grid = Grid(tmp_path / "grid")
    refill(grid.agency("customs"), ENTRIES, grid.now)
    return grid


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A session that was judged to its end, drawn once for all."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    refill(grid.agency("customs"), ENTRIES, grid.now)
    at = review_of(grid)
    session = at.session(Wish(pairs=320), lambda _: None)
    assert at.judge(session, truly)
    return session.dump()


def review_of(grid: Grid) -> Review:
    """The review of customs' register."""
    customs = grid.agency("customs")
    folder = customs.folder / "review"
    folder.mkdir(exist_ok=True)
    kept = Kept(folder / "rows.session", customs.office.journal.vault)
    return Review(customs.office, customs.holdings, customs.source, "rows", kept)


def truly(sheet: review_desk.Sheet) -> str:
    """Judge by the truth, which the keys tell."""
    same = person(sheet.pair.left) == person(sheet.pair.right)
    return SAME if same else DIFFERENT


def signed(grid: Grid, finished: bytes, officer: str = "cu-mehta") -> Statement:
    """A finished session, signed by an officer of customs."""
    session = Session.load(finished)
    signer = officer_signer("customs", officer)
    return review_of(grid).sign(session, signer, 365)


def best(grid: Grid) -> dict[str, Any]:
    """The best candidate that customs name for somebody whom they know."""
    asked = grid.ask(SOUGHT, targets=["customs"])
    found: dict[str, Any] = grid.candidates(asked)["customs"][0]
    return found


def test_a_band_before_and_a_percentage_after(grid: Grid, finished: bytes) -> None:
    """Before: the band's own number. After: whole per cent, and the desk says so."""
    before = best(grid)
    assert before["calibrated"] is False
    assert before["probability"] in (9_500, 5_000, 1_000)

    said = signed(grid, finished)
    asked = grid.ask(SOUGHT, targets=["customs"])
    after = grid.candidates(asked)["customs"][0]

    assert after["calibrated"] is True
    assert after["probability"] % 100 == 0
    assert after["probability"] not in (9_500, 5_000, 1_000)
    shown = grid.look("police", "si-rao", "answers", asked.hash)
    told = shown["targets"]["customs"]["candidates"][0]["likelihood"]
    assert f"about {after['probability'] // 100} %" in told
    assert "expect" in told
    assert (said.issuer, said.officer, said["subject"]) == (
        "customs", "cu-mehta", "register",
    )  # fmt: skip


def test_the_custodian_too_sees_a_band_first(grid: Grid, finished: bytes) -> None:
    """Nobody reads a percentage that no review stands behind."""
    told = []
    for _ in range(2):
        asked = grid.ask(SOUGHT, targets=["customs"])
        made = grid.request(asked, "customs", ["name"])
        grid.settle()
        told.append(grid.look("customs", "cu-mehta", "explanation", made.hash))
        signed(grid, finished)

    assert [one["calibrated"] for one in told] == [False, True]
    assert "%" not in told[0]["likelihood"]
    assert "%" in told[1]["likelihood"]
    assert told[0]["probability"] in (9_500, 5_000, 1_000)


def test_a_given_answer_stays(grid: Grid, finished: bytes) -> None:
    """A repeated query gets its stored answer, also after a review."""
    customs = grid.agency("customs")
    asked = grid.ask(SOUGHT, targets=["customs"])
    call = grid.call(asked, "customs")
    first = grid.relay.match(customs, call)
    signed(grid, finished)

    assert grid.relay.match(customs, call) == first


def test_the_leaf_holds_counts_and_nothing_of_a_person(
    grid: Grid, finished: bytes
) -> None:
    """One `review` in the log: pairs, how many the same, a hash."""
    office = grid.agency("customs").office
    said = signed(grid, finished)
    log = office.journal.log
    kinds = Counter(parse_entry(one).kind for one in log.entries(0, log.size()))
    written = said.data + envelope.read(said.data).payload
    document = office.journal.secret(f"review:{said.hash}")

    assert kinds["review"] == 1
    assert 300 <= said["pairs"] <= 320
    assert 0 < said["agreed"] < said["pairs"]
    assert document is not None
    for entry in ENTRIES:
        for column in ("id", "name", "phone"):
            if entry[column]:
                assert entry[column].encode() not in written + document
    assert not (grid.agency("customs").folder / "review" / "rows.session").exists()


def test_only_an_own_custodian_signs(grid: Grid, finished: bytes) -> None:
    """No investigator, nobody of another agency, nobody unknown; nothing is kept."""
    police = grid.agency("police").office
    at = review_of(grid)
    session = Session.load(finished)
    with pytest.raises(ConfigurationRefused):
        at.sign(session, officer_signer("police", "cu-police"), 365)
    with pytest.raises(Untrusted):
        at.sign(session, officer_signer("customs", "nobody"), 365)
    with pytest.raises(Refused) as caught:
        reviews.may_review(police, "si-rao")
    assert caught.value.reason is Reason.WRONG_ROLE
    document = session.document()
    payload = reviews.draft(police, "cu-police", document, 365)
    theirs = envelope.sign(
        Kind.REVIEW, payload, [officer_signer("police", "cu-police")]
    )
    with pytest.raises(Refused):
        reviews.take(at.office, at.holdings, theirs, document)

    assert best(grid)["calibrated"] is False


def test_what_was_signed_is_what_was_judged(grid: Grid, finished: bytes) -> None:
    """Another document beside the signature, or one for other ground, is refused."""
    at = review_of(grid)
    session = Session.load(finished)
    document = session.document()
    signer = officer_signer("customs", "cu-mehta")
    payload = reviews.draft(at.office, "cu-mehta", document, 365)
    good = envelope.sign(Kind.REVIEW, payload, [signer])
    table = canonical.loads(document)
    other = canonical.dumps({**table, "unsure": 7})
    elsewhere = canonical.dumps({**table, "rows": 10 * table["rows"]})
    payload = reviews.draft(at.office, "cu-mehta", elsewhere, 365)
    moved = envelope.sign(Kind.REVIEW, payload, [signer])

    for data, beside in ((good, other), (moved, elsewhere)):
        with pytest.raises(ReviewRefused):
            reviews.take(at.office, at.holdings, data, beside)
    assert reviews.curves(at.office, at.holdings) == {}


def test_a_review_ends(grid: Grid, finished: bytes) -> None:
    """At the time that its statement says; the documents are renewed meanwhile."""
    at = review_of(grid)
    session = Session.load(finished)
    said = at.sign(session, officer_signer("customs", "cu-mehta"), 1)
    assert said.expires == grid.now + DAY
    assert best(grid)["calibrated"] is True
    grid.now += DAY

    assert best(grid)["calibrated"] is False


def test_other_reviews_are_not_read_for_a_query(
    grid: Grid, finished: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcomes and verdicts come by the thousand; a query reads what it needs."""
    said = signed(grid, finished)
    customs = grid.agency("customs")
    fields = {key: said[key] for key in ("subject", "pairs", "agreed", "result")}
    custodian = officer_signer("customs", "cu-mehta")
    header = {"issuer": "customs", "officer": "cu-mehta", "now": grid.now}
    with customs.office.journal.writing() as writing:
        for _ in range(20):
            other = make(Kind.REVIEW, custodian, **header, seconds=DAY, **fields)
            assert writing.say(kept(other))
    read: list[bytes] = []
    monkeypatch.setattr(
        "childgrid_node.journal._parsed", lambda data: read.append(data) or kept(data)
    )

    assert reviews.curves(customs.office, customs.holdings).keys() == {"rows"}
    assert read == [said.data]


def test_a_register_that_grew_is_another_one(grid: Grid, finished: bytes) -> None:
    """Up to a quarter more rows the review stands, beyond it a band is shown."""
    signed(grid, finished)
    customs = grid.agency("customs")
    shown = []
    for more in (0.2, 0.3):
        new = {"name": "Walter Quandt", "phone": ""}
        grown = enumerate(ENTRIES[: int(more * len(ENTRIES))])
        extra = [{**one, **new, "id": f"N{n}"} for n, one in grown]
        refill(customs, [*ENTRIES, *extra], grid.now)
        shown.append(bool(reviews.curves(customs.office, customs.holdings)))

    assert shown == [True, False]


def test_a_revoked_signers_review_is_void(grid: Grid, finished: bytes) -> None:
    """Who judges no more, has judged nothing."""
    signed(grid, finished)
    office = grid.agency("customs").office
    revoked = office.speak(
        Kind.REVOCATION,
        seconds=DAY,
        number=1,
        target="officer",
        member="customs",
        subject="cu-mehta",
        serial="",
        cause="compromised",
    )
    grid.post([revoked.data])

    assert best(grid)["calibrated"] is False


def test_a_session_of_another_register_is_not_gone_on_with(
    grid: Grid, finished: bytes
) -> None:
    """Pairs that were drawn long ago are drawn anew."""
    at = review_of(grid)
    session = Session.load(finished)
    session.pairs = session.pairs[:5]
    at.kept.save(session)
    assert len(at.session(Wish(), lambda _: None).pairs) == 5
    refill(grid.agency("customs"), rows(500, 8), grid.now)

    with pytest.raises(ReviewRefused, match="--restart"):
        review_of(grid).session(Wish(), lambda _: None)


@pytest.fixture
def typed(grid: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command itself, over customs of the grid; returns what it printed."""

    @contextmanager
    def opened(_: object, source: str, __: object) -> Iterator[Review]:
        assert source == "rows"
        yield review_of(grid)

    monkeypatch.setattr(reviewing, "opened", opened)
    monkeypatch.setattr(config, "load", lambda _: None)
    monkeypatch.setattr(np.random, "default_rng", lambda: np.random.Generator(
        np.random.PCG64(5)))  # fmt: skip

    def run(*words: str, given: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(app, ["review", "rows", *words], input=given)
        return done.exit_code, done.output + str(done.exception or "")

    return run


def test_the_command_from_the_first_pair_to_the_signature(
    grid: Grid, tmp_path: Path, typed: Any
) -> None:
    """Some pairs at the terminal, the rest from a file, then a custodian's key."""
    code, told = typed("--pairs", "320", given="s\nd\nq\n")
    assert (code, "318 pairs are left" in told) == (1, True)
    code, told = typed("--list")
    pairs = [*csv.DictReader(io.StringIO(told))]
    assert (code, len(pairs)) == (0, 318)
    path = tmp_path / "said.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, review_desk.COLUMNS)
        writer.writeheader()
        for one in pairs:
            same = person(one["left"]) == person(one["right"])
            writer.writerow({**one, "verdict": "same" if same else "different"})
    key, secret = tmp_path / "cu-mehta.key", tmp_path / "secret"
    keyfile.write_private(secret, b"a long enough passphrase\n")
    signer = officer_signer("customs", "cu-mehta")
    keyfile.lock(
        {"keyid": signer.keyid, "seed": signer.seed.hex()},
        b"a long enough passphrase",
        key,
    )

    code, told = typed("--judgements", str(path))
    assert (code, "a custodian signs" in told) == (1, True)
    assert best(grid)["calibrated"] is False
    code, told = typed("--key", str(key), "--passphrase-file", str(secret), "--yes")

    assert code == 0, told
    assert "calibrated until" in told
    assert "are one person" in told
    assert best(grid)["calibrated"] is True
    office = grid.agency("customs").office
    assert match.stored(office, office.journal.all(Kind.QUERY)[-1].hash) is not None


def test_the_command_refuses_one_who_says_the_same_of_all(typed: Any) -> None:
    """Nothing can be signed; the message says what is needed."""
    code, told = typed("--pairs", "320", given="s\n" * 320)

    assert code == 1
    assert "at least 20 must be the same and 20 different" in told
    assert "calibrated until" not in told
