"""The attack gate: what each party holds resists, and the gate can fail."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bench import (
    attack,
    attack_cases,
    attack_claims,
    attack_coordinator,
    attack_graph,
    attack_index,
    attack_pattern,
)
from bench.attack_cases import Cases
from bench.attack_data import Listed, Seen, Split, split
from childgrid_node.holdings import Holdings
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 240
"""Fewer plain names than this are found by luck as often as by their patterns."""

WHOLE = (100,)
"""The list that holds all attacked people: the hardest case, and the quickest."""

QUERIES = 12
SCHEME = Scheme.load("childgrid-2")


@pytest.fixture(name="people", scope="module")
def _people() -> Iterator[Split]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CHILDGRID_DATA", raising=False)
        with split(None, ROWS) as found:
            yield found


@pytest.fixture(name="cases", scope="module")
def _cases(people: Split) -> Iterator[Cases]:
    with tempfile.TemporaryDirectory(dir=attack.memory()) as made:
        yield attack_cases.play(Path(made) / "c", people.attacked, QUERIES)


@pytest.fixture(name="report", scope="module")
def _report(
    people: Split, cases: Cases, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    return attack.judged(people, cases, tmp_path_factory.mktemp("r"), WHOLE)


def unsealed(cases: Cases) -> Cases:
    """The same cases, had the asking node left out the sealing."""
    holdings = Holdings(SCHEME, 1, cases.encoder, {})
    opened = {
        (asked.query, target): holdings.pack(encoding)
        for asked in cases.asked
        for target, encoding in asked.received.items()
    }
    return dataclasses.replace(cases, transit=cases.transit | opened)


@pytest.mark.threat("T12")
def test_nobody_finds_more_than_is_stated(report: dict[str, Any]) -> None:
    """The coordinator re-identifies nobody, the keyless thief no more than stated."""
    assert report["gate"] == {"passed": True, "broken": []}
    found = report["coordinator"]
    assert found["queries"] == QUERIES
    assert found["attacks"] > 100
    assert {one["reidentified"] for one in found["lists"].values()} == {0.0}
    assert found["dictionary"]["reidentified"] == 0
    assert found["repetition"]["targets"] > 0
    assert found["repetition"]["reidentified"] == 0


@pytest.mark.threat("T12")
def test_the_attacks_succeed_on_plain_filters(report: dict[str, Any]) -> None:
    """The positive control: without a key names fall, or the gate would say so."""
    found = report["control"]
    assert found["graph"]["reidentified"] > 0.3
    assert found["dictionary"]["reidentified"] == 1
    for way in found:
        weak = {"reidentified": 0.0}
        told = attack.broken(report | {"control": found | {way: weak}})
        assert told
        assert all(way in one for one in told)


def test_a_node_that_is_asked_can_read_the_query(report: dict[str, Any]) -> None:
    """It holds the key: that is stated as a number and not claimed away."""
    found = report["node"]
    assert found["own_scan"]["share"] > 0.9
    assert found["pairs_of_letters"]["share"] > 0.5
    assert found["dictionary"]["100"]["name"]["share"] == 1


def test_unsealed_queries_break_the_gate(people: Split, cases: Cases) -> None:
    """A coordinator that sees encodings links searches, and the gate says so."""
    held = attack_coordinator.held(unsealed(cases))
    found = attack.coordinator(held, people, SCHEME, WHOLE)
    assert found["repetition"]["reidentified"] > 0.5


@pytest.mark.threat("T12")
def test_a_coordinator_that_is_given_encodings_breaks_the_gate(
    report: dict[str, Any], people: Split, cases: Cases
) -> None:
    """Pooled encodings are re-identified without the key, and the gate fails."""
    holdings = Holdings(SCHEME, 1, cases.encoder, {})
    packed = tuple(
        holdings.pack(holdings.encode(person.tokens)) for person in people.attacked
    )
    pooled = attack_coordinator.Held(people.attacked, {"all": packed}, {}, b"")
    found = attack.coordinator(pooled, people, SCHEME, WHOLE)
    assert found["lists"]["100"]["reidentified"] > 0.3
    told = attack.broken(report | {"coordinator": found})
    assert any(one.startswith("coordinator: list of 100 %") for one in told)


def test_an_index_in_the_clear_breaks_the_gate(report: dict[str, Any]) -> None:
    """Were the file not encrypted, its names would be found in it as it is written."""
    told = attack.broken(report | {"index_as_written": report["index_decrypted"]})
    assert any(one.startswith("index as written: name at 100 %") for one in told)


def test_an_identifier_that_is_found_breaks_the_gate(report: dict[str, Any]) -> None:
    """Numbers stay closed even in a decrypted index; one that is read is too many."""
    leaky = {"100": {"phone": {"frequency": {"reidentified": 0.01}}}}
    told = attack.broken(report | {"index_decrypted": leaky})
    assert told == ["index decrypted: phone at 100 %: 0.01 above 0.0"]


def test_names_in_the_files_are_found(cases: Cases) -> None:
    """The search for names in all that is held finds one that was put there."""
    held = attack_coordinator.held(cases)
    assert attack_coordinator.dictionary(held, SCHEME).right == 0
    name = held.people[0].fields["name"][0].upper().encode()
    leaky = dataclasses.replace(held, files=held.files + b"\0" + name)
    assert attack_coordinator.dictionary(leaky, SCHEME).right >= 1


def test_luck_is_not_skill() -> None:
    """Naming the commonest value for all is right often, and re-identifies nobody."""
    truth = [("a",)] * 30 + [(f"{n}",) for n in range(70)]
    lucky = attack_claims.score([("a",)] * 100, truth)
    assert lucky.share == 0.3
    assert lucky.reidentified == 0
    skilled = attack_claims.score([*truth[:60], *[None] * 40], truth)
    assert skilled.reidentified == 0.6


def test_nothing_seen_is_nothing_claimed() -> None:
    """Filters without any structure yield no claim from patterns."""
    table = np.eye(16, 64, dtype=np.uint8)
    listed = Listed((("x", "y"),), np.array([16]), np.ones((1, 384), np.uint8))
    seen = Seen.of(table)
    assert set(attack_pattern.attack(seen, listed, 5).tolist()) == {-1}
    assert len(attack_graph.attack(seen, listed)) == 16


def test_the_thief_reads_the_nodes_own_file(people: Split, tmp_path: Any) -> None:
    """What is attacked as written is the file's payload, and it is no row."""
    taken = attack_index.stolen(people, SCHEME, tmp_path / "rows.index")
    assert taken.written.shape == taken.decrypted.shape
    assert len(taken.written) == ROWS
    assert not (taken.written == taken.decrypted).all(axis=1).any()


def test_the_report_is_printed_and_written(
    report: dict[str, Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """JSON as the table says; the exit status is the gate's."""
    monkeypatch.delenv("CHILDGRID_DATA", raising=False)
    bad = report | {"gate": {"passed": False, "broken": ["coordinator: told"]}}
    monkeypatch.setattr(attack, "measure", lambda *_: dict(bad))
    out = tmp_path / "out.json"
    assert attack.main(["--rows", "100", "--json", str(out)]) == 1
    assert json.loads(out.read_text())["gate"] == bad["gate"]
    assert "coordinator: told" in capsys.readouterr().out
