"""The sex that a name tells: only where it tells one, and never instead of a stated."""

import numpy as np
import pytest

from childgrid_node.encode import Encoder
from childgrid_node.explain import explain
from childgrid_node.index import Block, Index, Origin
from childgrid_node.normalise import from_fields, tokens_of
from childgrid_node.normalise.implied import _table, of_name
from childgrid_node.normalise.lexicon import table
from childgrid_node.normalise.words import Words
from childgrid_node.scheme import Scheme
from childgrid_node.score import match

GRID = Scheme.load("childgrid-2")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Sunita Sharma", "f"),
        ("सुनीता शर्मा", "f"),
        ("Dharmendra Yadav", "m"),
        ("Rajesh Devi", "f"),
        ("राजेश देवी", "f"),
        ("Devi Lal", ""),
        ("మహేశ్వర్ రెడ్డి", "m"),
        ("Kashibai Pawar", "f"),
        ("Smt. Rukmini", "f"),
        ("Gurpreet Kaur Gill", "f"),
        ("Gurpreet Singh Gill", "m"),
        ("Gurpreet Gill", ""),
        ("Priyanka Singh", "f"),
        ("Jasuben Patel", "f"),
        ("Rameshbhai Patel", "m"),
        ("Md. A. Qureshi", "m"),
        ("Nazma Khatun", "f"),
        ("Kavitha Murugan", "f"),
        ("Kiran", ""),
        ("Verma", ""),
        ("R. K.", ""),
        ("", ""),
    ],
)
def test_a_name_tells_a_sex_or_nothing(name: str, told: str) -> None:
    """What one sex bears tells it, by word or ending; what both bear tells nothing."""
    assert from_fields({"name": [name]}).implied == told


def test_a_mans_name_behind_an_unknown_one_tells_nothing() -> None:
    """It may be her father's or husband's."""
    assert of_name(["xaviqa", "ramesh"], Words()) == ""
    assert of_name(["xaviqa", "sunita"], Words()) == "f"
    assert of_name(["ramesh", "sunita"], Words()) == ""


def test_names_that_contradict_each_other_tell_nothing() -> None:
    """A cell may hold two names, and two cells a couple."""
    assert from_fields({"name": ["Ramesh", "Sunita"]}).implied == ""
    assert from_fields({"name": ["Md. Sunita Begum"]}).implied == ""


def test_what_is_stated_or_titled_comes_first() -> None:
    """A name is asked only where neither a column nor a title says anything."""
    for fields, sex in (
        ({"name": ["Sunita"], "sex": ["M"]}, "m"),
        ({"name": ["Smt. Mukesh"]}, "f"),
        ({"name": ["Sunita"]}, ""),
    ):
        found = tokens_of(from_fields(fields))
        assert found.get("sex", ("",)) == (sex,)
        assert found["named_sex"] == (sex or "f",)


def test_no_word_of_the_table_tells_both_sexes() -> None:
    """Names that come out alike once they are folded are dropped, and there are few."""
    read, kept = table("given"), _table()
    names = read["male"] + read["female"]
    assert len(names) == len(set(names))
    assert not set(read["male_words"]) & set(read["female_words"])
    assert len(kept.given) > 0.9 * len(names)


def test_a_wife_is_not_her_husband() -> None:
    """Where a register states no sex, the names' own lowers the other's probability."""
    asked = {"name": ["Sunita Rathore"], "relative": ["Mohan Rathore"], "sex": ["F"]}
    place = {"district": ["Kota"], "pin": ["324001"], "birth_date": ["04/07/1988"]}
    him = {"name": ["Sunil Rathore"], "relative": ["Mohan Rathore"]}
    row, query = (
        Encoder(GRID, bytes(32), 1).encode(tokens_of(from_fields(one | place)))
        for one in (him, asked)
    )
    block = Block(["1"], row[None], np.zeros(1, np.uint8))
    index = Index.of(GRID, Origin("a", "b", 0, 0), [block])
    (found,) = match(index, query, floor=0).candidates
    told = {one["field"]: one for one in explain(GRID, found.levels)}
    assert told["sex"]["verdict"] == "absent"
    assert told["named_sex"]["verdict"] == "differs"
    assert told["named_sex"]["weight"] < 0
