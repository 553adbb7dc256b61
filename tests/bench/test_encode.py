"""The bench of the encoders: what it makes, measures and prints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from stdnum import verhoeff

from bench import encode
from bench.encode_rows import Sample, sample
from deploy.sample.make import make

KEYS = {"clkhash_ratio", "differing_bits", "grid_records_per_s", "grid_over_clkhash"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's own sample as tables."""
    place = tmp_path_factory.mktemp("sample")
    make(place, rows=200)
    return place / "bench"


@pytest.fixture(scope="module")
def made(folder: Path) -> Sample:
    """What rows are made of."""
    return sample(folder)


def test_figures_are_printed_and_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All keys, machine and versions; not a bit differs from clkhash or reference."""
    out = tmp_path / "encode.json"
    words = ["--rows", "60", "--grid-rows", "80", "--rounds", "2"]
    code = encode.main([*words, "--data", str(folder), "--json", str(out)])
    found = json.loads(out.read_text())

    assert code == 0
    assert json.loads(capsys.readouterr().out) == found
    assert {*KEYS, "peak_mib", "machine", "versions", "load"} <= found.keys()
    assert found["differing_bits"] == found["grid_differing_bits"] == 0
    assert found["compared_rows"] == 120
    assert min(found[key] for key in KEYS - {"differing_bits"}) > 0


def test_cells_are_drawn_apart_and_identifiers_are_fresh(made: Sample) -> None:
    """Columns come from the table, identifiers from nobody, check digits right."""
    rng = np.random.default_rng(1)
    for table in made.tables:
        drawn = table.drawn(rng, 300)
        assert {len(cells) for cells in drawn.values()} == {300}
        for name, cells in drawn.items():
            kind = table.kinds.get(name)
            assert kind or set(cells) <= set(table.columns[name])
            if kind == "aadhaar":
                assert all(verhoeff.is_valid(cell) for cell in cells if cell)
        assert table.rows(drawn)[7] == {name: c[7] for name, c in drawn.items()}


def test_the_same_seed_gives_the_same_six_columns(made: Sample) -> None:
    """Two encoders of one round see rows of the same kind, again and again."""
    assert made.six(3, 20) == made.six(3, 20)
    assert made.six(3, 20) != made.six(4, 20)


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    """The message says what to give."""
    with pytest.raises(SystemExit):
        encode.main(["--data", str(tmp_path), "--rows", "10"])
