"""FEBRL's protocol: what is taken away and how methods are judged, on a tiny table."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench import febrl, febrl_data, febrl_ours, febrl_scheme, isotonic
from bench.febrl_data import COLUMNS, SCENARIOS, Febrl
from bench.febrl_figures import Pairs, best_threshold, f1, figures, top1
from bench.tables import BenchError

if TYPE_CHECKING:
    from pathlib import Path

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
PEOPLE = 180


def pairs(*found: tuple[int, int, int], known: int) -> Pairs:
    """Pairs of (score, query, row); queries 0 to ``known`` - 1 have a row."""
    score, query, row = np.array(found, np.int64).reshape(-1, 3).T
    return Pairs(score, query, row, frozenset(range(known)))


def write(folder: Path, people: int) -> Path:
    """Write both files in FEBRL's own manner; B's given names have lost a letter."""
    for side, name in febrl_data.FILES.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["rec_id", *(f" {column}" for column in COLUMNS)])
            for number in range(people):
                cells = _cells(number)
                cells[0] = cells[0][:-1] if side == "b" else cells[0]
                kind = "org" if side == "a" else "dup-0"
                lines.writerow([f"rec-{number}-{kind}", *(f" {c}" for c in cells)])
    return folder


def _cells(number: int) -> list[str]:
    drawn = np.random.default_rng(number)
    words = ["".join(drawn.choice(list("abdeiklmnorst"), 7)) for _ in range(5)]
    digits = [str(n) for n in drawn.integers(1_000, 9_999, 2)]
    day = f"19{drawn.integers(10, 99)}0{drawn.integers(1, 9)}1{drawn.integers(0, 9)}"
    one, two, three, four, five = words
    ssid = str(drawn.integers(1_000_000, 9_999_999))
    return [one, two, digits[0][:2], three, four, five, digits[1], "nsw", day, ssid]


@pytest.fixture(name="tiny", scope="module")
def _tiny(tmp_path_factory: pytest.TempPathFactory) -> Febrl:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(febrl_data, "ENTITIES", PEOPLE)
        return febrl_data.load(write(tmp_path_factory.mktemp("febrl"), PEOPLE))


def test_the_generator_is_pcg64_from_named_streams() -> None:
    """Its first numbers are fixed; another stream draws others."""
    first = febrl_data.uniform(0, 3)

    assert febrl_data.GENERATOR.startswith("PCG64")
    assert first.tolist() == febrl_data.uniform(0, 5)[:3].tolist()
    assert first.tolist() != febrl_data.uniform(1, 3).tolist()
    assert np.round(first, 6).tolist() == [0.625095, 0.897214, 0.775686]


def test_masks_take_whole_columns_and_shares_of_cells(tiny: Febrl) -> None:
    """What a scenario names is gone, in that table only, the same at every call."""
    thinned = tiny.under(BY_NAME["hetero2"])
    again = tiny.under(BY_NAME["hetero2"])
    left = [column for column in COLUMNS if any(column in r.cells for r in _b(thinned))]
    kept = {c: sum(c in r.cells for r in _b(thinned)) / PEOPLE for c in COLUMNS}

    assert thinned == again
    assert set(COLUMNS) - set(left) == {"suburb", "state"}
    assert 0.25 < kept["soc_sec_id"] < 0.55
    assert 0.55 < kept["surname"] < 0.85
    assert all("suburb" in record.cells for record in thinned.a.values())
    assert not any("address_1" in record.cells for record in thinned.a.values())
    assert tiny.under(BY_NAME["full"]) == tiny


def _b(data: Febrl) -> list[febrl_data.Record]:
    return list(data.b.values())


def test_columns_shared_are_those_that_neither_side_lost() -> None:
    """What a record-level filter may use of each scenario."""
    assert BY_NAME["full"].shared == COLUMNS
    assert BY_NAME["hetero_noid"].shared == (
        *("given_name", "surname", "suburb", "postcode", "state"),
    )


def test_what_is_measured_was_not_learned_from(tiny: Febrl) -> None:
    """Rows of the two halves are apart; half of the queries measured have no row."""
    taught, asked = tiny.searches()
    mine, theirs = ({r.entity for r in each.rows} for each in (taught, asked))

    assert mine and not mine & theirs
    assert len(theirs) == PEOPLE // 2
    assert len(asked.queries) == PEOPLE
    assert asked.known == theirs
    assert {r.entity for r in taught.queries} == tiny.taught
    assert taught.known < tiny.taught
    often = Counter(r.entity for rows in (taught.rows, *taught.more) for r in rows)
    assert often == dict.fromkeys(tiny.taught, febrl_data.PARTS - 1)


def test_figures_of_a_hand_made_case() -> None:
    """One of four is beaten, one unknown query hits, one row is never returned."""
    taught = pairs((90, 0, 0), (80, 1, 1), (40, 0, 1), known=2)
    asked = pairs(
        *((95, 0, 0), (70, 1, 1), (75, 1, 2), (65, 2, 2), (85, 9, 2)), known=4
    )

    assert best_threshold(taught) == 60
    assert f1(asked, 60) == pytest.approx(6 / 9)
    assert figures(taught, asked) == {
        "f1": 0.75,
        "f1_search": 0.6667,
        "recall_at_p999": 0.25,
        "top1": 0.5,
    }


def test_a_tie_with_a_wrong_row_is_no_first_place() -> None:
    """Nor does a tie leave precision whole."""
    asked = pairs((50, 0, 0), (50, 0, 1), known=1)

    assert top1(asked) == 0
    assert figures(asked, asked)["recall_at_p999"] == 0
    assert top1(pairs((50, 0, 0), (49, 0, 1), known=1)) == 1


def test_tokens_are_of_fields_that_the_scheme_has() -> None:
    """Empty cells give none; a slip of the blank key costs no whole name."""
    whole = dict(zip(COLUMNS, _cells(1), strict=True))
    tokens = febrl_scheme.tokens(whole)

    assert tokens.keys() == febrl_scheme.FIELDS.keys()
    assert febrl_scheme.tokens({}) == {}
    assert febrl_scheme.tokens({"given_name": "el ki"}) == (
        febrl_scheme.tokens({"given_name": "elki"})
    )


def test_the_nodes_own_code_learns_and_finds(
    tiny: Febrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On people who differ, nearly all are found first; weights come from the run."""
    # Rough weights will do here.
    monkeypatch.setattr(isotonic, "SWEEPS", 10)
    taught, asked = febrl_ours.pairs(tiny, BY_NAME["hetero_noid"])

    assert top1(asked) > 0.9
    assert not (set(asked.row.tolist()) & tiny.taught)
    assert set(taught.row.tolist()) <= tiny.taught
    assert set(taught.query.tolist()) == tiny.taught


def test_the_command_writes_the_figures_promised(
    tiny: Febrl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every scenario, for us and for each peer, and how it was measured."""
    scored = pairs((90, 0, 0), (40, 0, 1), known=1)
    peer = {"peer": lambda *_: (scored, scored)}
    monkeypatch.setattr(febrl_ours, "pairs", lambda *_: (scored, scored))
    monkeypatch.setattr(febrl, "_peers", lambda: (peer, {"peer": "1"}))
    monkeypatch.setattr(febrl_data, "ENTITIES", PEOPLE)
    out = tmp_path / "out.json"
    folder = write(tmp_path, PEOPLE)
    febrl.main(["--data", str(folder), "--peers", "--json", str(out)])
    found = json.loads(out.read_text("utf-8"))

    assert list(found) == [
        *(*BY_NAME, "peer", "protocol", "machine", "versions", "seconds"),
    ]
    assert list(found["peer"]) == list(BY_NAME)
    assert found["full"]["f1"] == found["peer"]["hetero2"]["top1"] == 1
    assert found["versions"]["peer"] == "1"
    assert capsys.readouterr().out.count("f1 1.0000") == 2 * len(BY_NAME)


def test_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No data and no peers: the message says which command brings them."""
    with pytest.raises(BenchError, match="make bench-install"):
        febrl_data.folder(str(tmp_path))
    with pytest.raises(BenchError, match="5,000"):
        febrl_data.load(write(tmp_path, 3))
    monkeypatch.setitem(sys.modules, "bench.peers_anonlink", None)
    with pytest.raises(BenchError, match="make bench-install"):
        febrl._peers()
