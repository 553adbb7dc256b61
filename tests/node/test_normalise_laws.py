"""From any text to tokens: what holds of all input."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from childgrid_node.normalise import BLOOM, EXACT, from_fields, tokens_of
from childgrid_node.normalise.script import to_latin
from childgrid_node.normalise.spelling import fold, skeleton
from childgrid_node.normalise.words import clean
from childgrid_wire.kinds import FIELDS

SCRIPTS = st.text(
    st.sampled_from(
        [chr(code) for code in (*range(0x900, 0xD80), *range(0x620, 0x6D4))]
        + list("abcdefghiknoprstuwxyz@/.()< 0123456789-,'\u200d\x00")
    ),
    max_size=30,
)
ANY = st.one_of(st.text(max_size=40), SCRIPTS)


@settings(max_examples=300)
@given(
    st.dictionaries(st.sampled_from([*FIELDS, "age_as_of"]), st.lists(ANY, max_size=3))
)
def test_any_text_gives_tokens_of_known_fields(fields: dict[str, list[str]]) -> None:
    """No input raises; only scheme fields appear, never empty, never repeated."""
    found = tokens_of(from_fields(fields))

    assert set(found) <= {*BLOOM, *EXACT}
    for items in found.values():
        assert items
        assert all(items)
        assert len(set(items)) == len(items)


@settings(max_examples=300)
@given(ANY)
def test_folding_is_idempotent_and_latin(text: str) -> None:
    """A folded word stays as it is and holds lower-case Latin letters only."""
    for word in clean(text).split():
        folded = fold(to_latin(word))

        assert fold(folded) == folded
        assert re.fullmatch("[a-z]*", skeleton(folded))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["ram", "devi", "sunita", "xavier"]), min_size=1))
def test_name_tokens_do_not_depend_on_the_order_of_words(words: list[str]) -> None:
    """Surname first or last, the same tokens; but the sex is the first name's."""
    forward = tokens_of(from_fields({"name": [" ".join(words)]}))
    backward = tokens_of(from_fields({"name": [" ".join(reversed(words))]}))

    assert {k: set(v) for k, v in forward.items() if k != "named_sex"} == {
        k: set(v) for k, v in backward.items() if k != "named_sex"
    }
