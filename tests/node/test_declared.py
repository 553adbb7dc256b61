"""Own staff and relatives: searches about them are marked, and nothing else happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from childgrid_audit.workbench.facts import Casebook, Search
from childgrid_audit.workbench.patterns import find
from childgrid_node import declared, declaring, match, query
from childgrid_node.config import CoordinatorConfig, NodeConfig
from childgrid_node.holdings import Holdings
from childgrid_wire import envelope
from childgrid_wire.errors import ConfigurationRefused, Malformed, Reason
from childgrid_wire.keys import EnrolledKey
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from childgrid_wire.trust import Officer
from grid import DAY, KABIR, STRANGER, Grid, officer_signer
from refusals import refused

KEY = EnrolledKey("police/cu-police", "ed25519", bytes(32))
PEOPLE = [
    {name: list(some) for name, some in KABIR.items()},
    {
        "name": ["Lalita Toppo"],
        "relative": ["Birsa Toppo"],
        "birth_date": ["11-02-1988"],
        "phone": ["9830012345"],
    },
]


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid whose police have declared Kabir and somebody else."""
    made = Grid(tmp_path)
    declare(made, PEOPLE)
    return made


def declare(
    grid: Grid, people: Any, officer: str = "cu-police", days: int = 365
) -> Statement:
    """An officer of the police declares people."""
    at = grid.agency("police")
    signer = officer_signer("police", officer)
    return declaring.declare(at.office, at.holdings, people, signer, days)


def marks(grid: Grid, member: str = "police") -> list[str]:
    """The queries that an agency's node has marked."""
    said = grid.agency(member).office.journal.all(Kind.NOTICE)
    return [one["subject"] for one in said if one["topic"] == "declared"]


@pytest.mark.threat("T5")
def test_a_search_about_a_declared_person_is_marked(grid: Grid) -> None:
    """In the own log alone, as the query is signed; another search is not."""
    other = grid.ask(STRANGER, targets=["customs"])
    assert marks(grid) == []
    asked = grid.ask(KABIR, targets=["customs"])
    assert marks(grid) == [asked.hash]
    assert marks(grid, "customs") == []
    assert other.hash not in marks(grid)


def test_the_asker_is_not_told(grid: Grid) -> None:
    """What is shown of the own query, and what leaves, says nothing of it."""
    asked = grid.ask(KABIR, targets=["customs"])
    shown = grid.look("police", "si-rao", "query", asked.hash)
    assert "marked" not in shown
    assert shown["suspect"]["name"] == list(KABIR["name"])
    plain = grid.ask(STRANGER, targets=["customs"])
    assert asked.body.keys() == plain.body.keys()
    journal = grid.agency("police").office.journal
    out = journal.rows("SELECT kind FROM outbox WHERE kind IN ('notice', 'review')")
    assert out == []


def test_nobody_is_answered_from_the_declared(grid: Grid) -> None:
    """A person who is declared and in no register stays unknown to every agency."""
    sought = {name: list(some) for name, some in PEOPLE[1].items()}
    asked = grid.ask(sought)
    answers = grid.agency("police").office.journal.answers(asked.hash, Kind.ANSWER)
    assert {one["outcome"] for one in answers} == {"none"}
    assert marks(grid) == [asked.hash]
    assert match.handles(grid.agency("police").office, asked.hash) == []


@pytest.mark.threat("T23")
def test_no_name_is_kept(grid: Grid) -> None:
    """Neither in the log's file nor in the vault: encodings alone."""
    office = grid.agency("police").office
    said = declared.in_force(office)
    assert said is not None
    kept = office.journal.secret(f"review:{said.hash}")
    assert kept is not None
    files = b"".join(
        one.read_bytes() for one in grid.members["police"].folder.glob("log.db*")
    )
    for word in (b"Toppo", b"toppo", b"Lalita"):
        assert word not in files
        assert word not in kept
    assert (said["pairs"], said["result"]) == (2, declared.digest(kept))


def test_a_later_declaration_takes_the_place(grid: Grid) -> None:
    """Of others, of nobody, and none once its time is over."""
    declare(grid, PEOPLE[1:])
    grid.ask(KABIR, targets=["customs"])
    declare(grid, [])
    grid.ask(dict(PEOPLE[1]), targets=["customs"])
    assert marks(grid) == []
    declare(grid, PEOPLE, days=2)
    grid.now += 3 * DAY
    assert declared.in_force(grid.agency("police").office) is None


def test_a_custodian_sees_whether_it_marks(grid: Grid) -> None:
    """Until its time is over; nobody else is told that anybody is declared."""
    at = grid.agency("police")
    shown = grid.look("police", "cu-police", "inbox")["declared"]
    assert (shown["people"], shown["marks"]) == (2, True)
    assert grid.look("police", "sp-nair", "inbox")["declared"] == {}
    grid.now = shown["until"]
    custodian = Officer("police", "cu-police", "custodian", "u", 1, KEY, 0, 0)
    assert declared.told(at.office, at.holdings, custodian)["marks"] is False


def test_after_a_rotation_it_is_declared_again(grid: Grid) -> None:
    """Encodings of another epoch mark nobody, and the custodian is told."""
    at = grid.agency("police")
    newer = Holdings(at.holdings.scheme, 2, at.holdings.encoder, at.holdings.indexes)
    encoding = query._encode(at.holdings, KABIR)
    assert declared.concerns(at.office, at.holdings, encoding)
    assert not declared.concerns(at.office, newer, encoding)
    custodian = Officer("police", "cu-police", "custodian", "u", 1, KEY, 0, 0)
    assert declared.told(at.office, newer, custodian)["marks"] is False


@pytest.mark.threat("T5")
def test_whoever_may_not_declare(grid: Grid) -> None:
    """A supervisor or investigator, another agency's key, or another document."""
    at = grid.agency("police")
    for officer in ("sp-nair", "si-rao"):
        with refused(grid, Reason.WRONG_ROLE):
            declare(grid, [], officer)
    signer = officer_signer("customs", "cu-mehta")
    with pytest.raises(ConfigurationRefused):
        declaring.declare(at.office, at.holdings, [], signer, 9)
    content = declared.document(at.holdings, PEOPLE, bytes(32))
    other = declared.document(at.holdings, PEOPLE[1:], bytes(32))
    before = grid.state("police")
    for people, wrong in ((2, other), (1, content)):
        payload = declared.draft(at.office, "cu-police", people, content, 9)
        own = officer_signer("police", "cu-police")
        signed = envelope.sign(Kind.REVIEW, payload, [own])
        with pytest.raises(Malformed):
            declared.take(at.office, at.holdings, signed, wrong)
    assert grid.state("police") == before
    grid.ask(KABIR, targets=["customs"])
    assert len(marks(grid)) == 1


def test_a_mark_is_set_with_the_query_or_not_at_all(grid: Grid) -> None:
    """A draft that nobody signs leaves nothing."""
    grid.draft(KABIR, targets=["customs"])
    assert marks(grid) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("name,colour\nRavi,red\n", "line 2"),
        ("name\nRavi,Kumar\n", "line 2"),
        ("name,sex\nRavi,M\n", "line 2: too many people fit"),
        ("name,relative\n,\n", "line 2"),
    ],
)
def test_a_file_of_people_that_is_wrong(tmp_path: Path, text: str, what: str) -> None:
    """Named by its line; a value is never quoted."""
    path = tmp_path / "people.csv"
    path.write_text(text)
    with pytest.raises(ConfigurationRefused, match=what) as refusal:
        declared.read(path)
    assert "Ravi" not in str(refusal.value)


def test_a_file_of_people(tmp_path: Path) -> None:
    """Grid fields as columns, empty cells left out; at most two thousand people."""
    path = tmp_path / "people.csv"
    path.write_text("name,relative,phone\nLalita Toppo,Birsa Toppo,\n")
    assert declared.read(path) == [
        {"name": ["Lalita Toppo"], "relative": ["Birsa Toppo"]}
    ]
    path.write_text("name,relative\n" + "Lalita Toppo,Birsa Toppo\n" * 2_001)
    with pytest.raises(ConfigurationRefused, match="more than 2000"):
        declared.read(path)


def test_the_workbench_flags_what_is_marked() -> None:
    """One search is enough; without a mark there is no flag."""
    common: Any = ("u", "c", "investigation", (), 0, 9, ("b",))
    marked = Search("11", "a/x", *common, mark="22")
    plain = Search("33", "a/y", *common)
    (flag,) = find(Casebook(10, (marked, plain)))
    assert (flag.pattern, flag.who, flag.events) == ("declared", "a/x", ("11", "22"))


@pytest.mark.parametrize("text", ["", "name,phone\n"])
def test_an_empty_file_takes_no_declaration_back(tmp_path: Path, text: str) -> None:
    """That is asked for by name; nothing of the node is even opened."""
    path = tmp_path / "people.csv"
    path.write_text(text)
    config = NodeConfig(
        member="police",
        title="Police",
        state_dir=tmp_path / "state",
        passphrase_file=tmp_path / "passphrase",
        coordinator=CoordinatorConfig(member="hub", address="127.0.0.1:1"),
    )
    signer = officer_signer("police", "cu-police")

    with pytest.raises(ConfigurationRefused, match="--nobody"):
        declaring.run(config, path, signer, 30, lambda: 0.0, print)

    assert [one.name for one in tmp_path.iterdir()] == ["people.csv"]
