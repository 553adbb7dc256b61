"""Sweeping for a detail of one person stops after a few variants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from childgrid_node import sweep
from childgrid_node.encode import Encoder
from childgrid_node.journal import Writing
from childgrid_node.normalise.spelling import grams
from childgrid_node.recent import Recent
from childgrid_node.scheme import Scheme
from childgrid_wire.errors import Reason, Refused
from grid import KABIR, Grid


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid of its own."""
    return Grid(tmp_path / "grid")


def guess(grid: Grid, phone: str, **more: list[str]) -> object:
    """Ask customs for Kabir with a guessed phone; returns what leaves of the answer."""
    known = {"name": KABIR["name"], "phone": [phone], **more}
    asked = grid.ask(known, targets=["customs"])
    return [
        {k: v for k, v in one.items() if k not in ("handle", "as_of")}
        for one in grid.candidates(asked)["customs"]
    ]


@pytest.mark.threat("T13")
def test_a_hundred_phones_are_not_tried(grid: Grid) -> None:
    """After five variants of one person the target answers no more that day."""
    for number in range(sweep.VARIANTS):
        guess(grid, f"98765432{number:02d}")
    before = len(grid.agency("customs").office.journal.rows("SELECT 1 FROM handle"))
    for number in range(sweep.VARIANTS, 20):
        with pytest.raises(Refused) as refusal:
            guess(grid, f"98765432{number:02d}")
        assert refusal.value.reason is Reason.BUDGET
    rows = grid.agency("customs").office.journal.rows("SELECT 1 FROM handle")

    assert len(rows) == before


FATHERS = (
    "Ganesh Pawar", "Ramnath Tiwari", "Aloysius Dsouza", "Vitthal Kulkarni",
    "Suresh Yadav", "Mohan Lal", "Bhola Prasad", "Iqbal Ansari", "Jagdish Chand",
    "Kishore Biswas", "Narayan Nair", "Omkar Singh", "Pritam Gill", "Qasim Khan",
    "Rajat Bose",
)  # fmt: skip


@pytest.mark.threat("T13")
def test_invented_fathers_do_not_let_a_hundred_phones_be_tried(grid: Grid) -> None:
    """Each guess names another father: beyond ten of one name nothing is answered."""
    for number, father in enumerate(FATHERS[: sweep.NAMESAKES]):
        assert guess(grid, f"98765432{number:02d}", relative=[father]) == []
    before = grid.agency("customs").office.journal.rows("SELECT 1 FROM handle")
    for father in FATHERS[sweep.NAMESAKES :]:
        with pytest.raises(Refused) as refusal:
            guess(grid, KABIR["phone"][0], relative=[father])
        assert refusal.value.reason is Reason.BUDGET
    rows = grid.agency("customs").office.journal.rows("SELECT 1 FROM handle")

    assert rows == before


def test_ten_of_one_name_are_ten_people(grid: Grid) -> None:
    """Who asks for namesakes, each with a father, is not stopped as for one person."""
    for father in FATHERS[: sweep.NAMESAKES]:
        asked = {"name": ["Ramesh Kumar"], "relative": [father]}
        assert grid.candidates(grid.ask(asked, targets=["customs"]))["customs"] == []


@pytest.mark.threat("T13")
def test_variants_are_counted_over_a_restart(grid: Grid) -> None:
    """What was answered stands beside its answer, so that no restart forgets it."""
    customs = grid.agency("customs")
    for number in range(sweep.VARIANTS):
        guess(grid, f"98765432{number:02d}")
    customs.office = replace(customs.office, recent=Recent())
    with pytest.raises(Refused) as refusal:
        guess(grid, "9876543299")
    assert refusal.value.reason is Reason.BUDGET


def test_the_right_phone_adds_nothing_to_a_full_description(grid: Grid) -> None:
    """Who is well described is answered alike with a right and a wrong phone."""
    more = {name: KABIR[name] for name in ("relative", "birth_date")}

    assert guess(grid, "9999999990", **more) == guess(grid, KABIR["phone"][0], **more)


def test_the_same_question_again_is_no_variant(grid: Grid) -> None:
    """An officer who asks the same again and again is stopped by no sweep."""
    for _ in range(sweep.VARIANTS + 2):
        assert guess(grid, KABIR["phone"][0])


def test_other_people_are_no_variants(grid: Grid) -> None:
    """Other names and other fathers are other people."""
    encoder = grid.agency("customs").holdings
    one = encoder.encode({"name": ("_k", "ka"), "relative": ("_m", "ma", "ad")})
    two = encoder.encode({"name": ("_k", "ka"), "relative": ("_g", "gi", "ri")})

    assert not sweep.alike(encoder.scheme, one, two[None])[0]


@pytest.mark.parametrize("name", ["childgrid-1", "childgrid-2", "test-1", "test-2"])
def test_what_thousands_share_makes_no_variant(name: str) -> None:
    """Women of one state and year are not one woman; every number of a person's is."""
    scheme = Scheme.load(name)
    encoder = Encoder(scheme, bytes(32), 1)
    groups = {one.pairs[0][0]: one.group for one in scheme.comparisons}
    telling = {"contact", "identifier", "case"}
    for tag in scheme.tags:
        one, other = (
            encoder.encode({tag.name: ("f",), "name": tuple(grams(word, 2))})
            for word in ("sunita", "parmod")
        )
        assert sweep.variants(scheme, one, other[None]) == (groups[tag.name] in telling)


def test_only_other_descriptions_of_the_person_are_counted(grid: Grid) -> None:
    """Each of them once; the very same description is none."""
    encoder = grid.agency("customs").holdings
    one, two, three = (
        encoder.encode({"name": ("_k", "ka"), "phone": (number,)})
        for number in ("9812345670", "9812345671", "9812345672")
    )
    earlier = np.stack([one, two, two, one, three])

    assert sweep.variants(encoder.scheme, one, earlier) == 2


def test_an_equal_number_makes_a_variant_whatever_the_name(grid: Grid) -> None:
    """A hundred names for one telephone are a sweep too; an equal sex is none."""
    encoder = grid.agency("customs").holdings
    numbers = {"phone": ("9812345670",), "sex": ("M",)}
    one = encoder.encode({"name": ("_k", "ka"), **numbers})
    two = encoder.encode({"name": ("_s", "su"), **numbers})
    three = encoder.encode({"name": ("_s", "su"), "sex": ("M",)})

    same, other = sweep.alike(encoder.scheme, one, np.stack([two, three]))
    assert same
    assert not other


def test_numbers_that_share_a_word_are_told_apart(grid: Grid) -> None:
    """An equal FIR makes a variant whatever stands beside it, and only it does."""
    encoder = grid.agency("customs").holdings
    asked = {"fir": ("fir-1",), "cnr": ("cnr-1",), "vehicle4": ("1234",)}
    one = encoder.encode({"name": ("_k", "ka"), **asked})
    same = encoder.encode({"name": ("_s", "su"), **asked, "cnr": ("cnr-2",)})
    fragment = {"fir": ("fir-2",), "cnr": ("cnr-2",), "vehicle4": ("1234",)}
    other = encoder.encode({"name": ("_s", "su"), **fragment})

    found = sweep.alike(encoder.scheme, one, np.stack([same, other]))
    assert found.tolist() == [True, False]


def test_a_day_later_the_count_begins_anew(grid: Grid) -> None:
    """What was asked is forgotten after 24 hours."""
    for number in range(sweep.VARIANTS):
        guess(grid, f"98765432{number:02d}")
    grid.now += 86_401
    customs = grid.agency("customs").office.journal
    guess(grid, "9876543299")

    assert len(customs.rows("SELECT 1 FROM asked")) == 1


def test_what_is_too_old_is_looked_for_once_a_minute(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day of everybody's queries isn't gone through for each new one."""
    gone: list[str] = []
    run = Writing.run
    monkeypatch.setattr(
        Writing,
        "run",
        lambda self, sql, params=(): gone.append(sql[:17]) or run(self, sql, params),
    )
    for number, later in enumerate((0, 30, 29, 1)):
        grid.now += later
        guess(grid, f"98765432{number:02d}")

    assert gone.count("DELETE FROM asked") == 2
