"""Erasable yet verifiable: what was said is gone, and that it was said is proven."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from childgrid_log.entry import parse_entry
from childgrid_log.log import Log
from childgrid_log.merkle import leaf_hash, verify_inclusion
from childgrid_log.retention import Retention
from childgrid_node import match, shred
from childgrid_wire import canonical, envelope, statement
from childgrid_wire.errors import Reason
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import DAY, KABIR, Grid, identity
from hostile_spy import restart
from refusals import refused
from shredded import YEAR, copied, shredded

FIELDS = ["name", "note"]


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid where a record of customs was released, more than a year ago."""
    made = Grid(tmp_path)
    asked = made.ask(KABIR, targets=["customs"])
    request = made.request(asked, "customs", FIELDS)
    made.carry()
    made.decide("customs", "cu-mehta", request.hash)
    made.settle()
    made.now += 400 * DAY
    return made


def names(grid: Grid, name: str) -> set[str]:
    """The kinds of what an agency's log still opens."""
    rows = grid.agency(name).office.journal.rows("SELECT DISTINCT kind FROM said")
    return {str(kind) for (kind,) in rows}


def proven(log: Log) -> int:
    """Prove every leaf against the signed root; returns how many."""
    size, root = log.size(), log.root()
    for index, entry in enumerate(log.entries(0, size)):
        path = log.inclusion(index, size)
        verify_inclusion(leaf_hash(entry), index, size, path, root)
    return log.verify()


def test_the_story_is_gone_and_every_proof_holds(grid: Grid) -> None:
    """No envelope, no salt, no record; the same leaves, one more that tells of it."""
    log = grid.agency("customs").office.journal.log
    before = log.entries(0, log.size())

    said = shredded(grid, "customs")
    assert statement._small.cache_info().currsize == 0, "nor is it remembered"

    assert said is not None
    assert log.entries(0, len(before)) == before
    assert parse_entry(log.entries(len(before), len(before) + 1)[0]).kind == "shred"
    assert all(log.opening(index) is None for index in said["entries"])
    assert proven(log) == len(before) + 1
    assert names(grid, "customs") == {"notice", "shred"}


def test_nothing_of_it_is_left_on_the_disk(grid: Grid) -> None:
    """Sought as bytes in every file, where it was found before."""
    customs = grid.agency("customs")
    journal = customs.office.journal
    (payload,) = [envelope.read(one.data).payload for one in journal.all(Kind.REQUEST)]
    sealed = bytes(journal.rows("SELECT ciphertext FROM spent")[0][0])
    needles = (canonical.to_b64(payload).encode()[:100], sealed[:60])

    def found() -> list[bool]:
        files = [one.read_bytes() for one in customs.folder.glob("log.db*")]
        return [any(needle in data for data in files) for needle in needles]

    assert found() == [True, True]
    shredded(grid, "customs")
    assert found() == [False, False]


def test_a_dictionary_of_everybody_finds_it_with_the_salt_and_never_after(
    grid: Grid,
) -> None:
    """Whoever holds the agency's key and all that could have been said, but one bit of
    it, signs every candidate: 2,000 envelopes against every commitment."""
    police = grid.agency("police").office
    every = [
        _candidate(grid, f"si-{officer}", f"{case:064x}")
        for officer in range(40)
        for case in range(50)
    ]
    with police.journal.writing() as writing:
        writing.say(every[1234])
    log = police.journal.log
    index = log.size() - 1
    opening = log.opening(index)
    assert opening is not None
    grid.now += 400 * DAY
    commitment = parse_entry(log.entries(index, index + 1)[0]).commitment

    def matching(salts: list[bytes]) -> list[int]:
        return [
            n
            for n, one in enumerate(every)
            if any(
                hashlib.sha256(salt + one.data).digest() == commitment for salt in salts
            )
        ]

    assert matching([opening[0]]) == [1234]
    shredded(grid, "police")
    assert log.opening(index) is None
    left = [one[0] for n in range(log.size()) if (one := log.opening(n))]
    assert left
    assert matching([b"", bytes(32), *left]) == []


def _candidate(grid: Grid, officer: str, case: str) -> Statement:
    """A `case` statement of which all is known but the officer and the case."""
    made = statement.make(
        Kind.CASE,
        identity("police").signer,
        issuer="police",
        now=grid.now,
        seconds=DAY,
        id="ab" * 16,
        case=case,
        basis="fir",
        asker=officer,
        capacity="ahtu",
        sections=["BNS:143"],
    )
    return statement.parse(envelope.read(made))


def test_what_one_party_shredded_binds_the_others(grid: Grid) -> None:
    """The police keep for ever by their own setting; customs' shred binds them."""
    for_ever = Retention()
    assert shredded(grid, "police", for_ever) is None
    shredded(grid, "customs")
    grid.carry()

    said = shredded(grid, "police", for_ever)

    assert said is not None
    police = grid.agency("police").office
    assert police.journal.all(Kind.QUERY) == []
    assert police.journal.rows("SELECT 1 FROM secret WHERE name LIKE 'record:%'") == []
    assert police.journal.rows("SELECT 1 FROM secret WHERE name LIKE 'suspect:%'") == []
    assert proven(police.journal.log) == police.journal.log.size()


def test_a_retry_after_shredding_is_not_logged_again(grid: Grid) -> None:
    """What was known once stays known, by its hash alone."""
    journal = grid.agency("customs").office.journal
    every = [said for kind in Kind for said in journal.all(kind)]
    shredded(grid, "customs")
    size = journal.log.size()
    with journal.writing() as writing:
        fresh = [said.kind for said in every if writing.say(said)]

    assert fresh == []
    assert journal.log.size() == size


def test_a_young_story_stays_beside_an_old_one(grid: Grid) -> None:
    """Only what is over goes; a later search of another case is untouched."""
    grid.now -= 400 * DAY
    grid.now += 300 * DAY
    journal = grid.agency("prisons").office.journal
    assert journal.all(Kind.QUERY) == []
    customs = grid.agency("customs")
    with customs.office.journal.writing() as writing:
        writing.say(_candidate(grid, "si-rao", "11" * 32))
    grid.now += 100 * DAY
    shredded(grid, "customs")

    left = customs.office.journal.all(Kind.CASE)
    assert [one["case"] for one in left] == ["11" * 32]


def test_a_second_run_finds_nothing(grid: Grid) -> None:
    """The `shred` itself stays for ever."""
    assert shredded(grid, "customs") is not None
    before = grid.state("customs")
    assert shredded(grid, "customs") is None
    assert grid.state("customs") == before


def test_it_survives_a_restart(grid: Grid) -> None:
    """The log opens, verifies, and answers as before."""
    shredded(grid, "customs")
    restart(grid, "customs")

    office = grid.agency("customs").office
    assert office.journal.log.verify() == office.journal.log.size()
    assert match.stored(office, "00" * 32) is None


def test_a_copy_that_no_auditor_signed_shreds_nothing(grid: Grid) -> None:
    """Without an auditor's word there is no reconciliation, and no shredding."""
    copy = copied(grid, "customs", auditor="prisons")
    with refused(grid, Reason.WRONG_ROLE):
        shred.run(grid.agency("customs").office, YEAR, copy)
