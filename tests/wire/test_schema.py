"""Shapes: what each takes, its very edges, and that refusals repeat no value."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_wire import schema as s
from childgrid_wire.errors import Malformed
from childgrid_wire.schema import Shape
from wire.world import Json

B32 = "A" * 43 + "="

TAKES = [
    (s.member, ["a", "ncrb-hub", "a" * 31], ["", "A", "1a", "a" * 32, "a.b", "a/b"]),
    (s.officer, ["7", "io-7", "0" * 31], ["", "-a", "IO", "a_b", "a" * 32, "é"]),
    (
        s.keyid,
        ["police", "police/7", "founder:asha", "joiner:police"],
        ["police/", "/7", "founder:", "founder:a/b", "root:a", "police/7/8", "a b"],
    ),
    (
        s.address,
        ["hub:1", "127.0.0.1:65535", "a.b-c:7443"],
        ["hub", "hub:", "hub:0", "hub:01", ":7443", "a b:1", "hub:123456", "[::1]:1"],
    ),
    (s.label, ["Police", "A - b (c)"], ["", "a" * 81, "é", "a\n", "a\tb", "\x7f"]),
    (s.name, ["a", "owner_name", "e1"], ["", "A", "1", "_a", "a" * 41, "a b", "a."]),
    (
        s.origin,
        ["https://desk.police.in", "https://a:7443", "http://police.localhost:8443"],
        [
            "http://a",
            "http://localhost.a",
            "http://a.localhost.b",
            "https://",
            "https://a/",
            "https://A",
            "https://a:1:2",
            "a",
        ],
    ),
    (s.domain, ["localhost", "a.b"], ["", "A.b", "a/b", "a:1"]),
    (
        s.section,
        ["BNS:143(4)", "POCSO:4", "ITA:66E", "BNS:1(2)(a)(iv)"],
        ["", "bns:1", "BNS", "BNS:", "BNS:12345", "B:1", "BNS:1()", "BNS:1 "],
    ),
    (s.digest, ["0" * 64], ["0" * 63, "0" * 65, "A" * 64, "g" * 64, "０" * 64]),
    (s.nonce, ["a" * 32], ["a" * 31, "a" * 64, ""]),
    (s.budgeted, ["7", "police", "0" * 64], ["", "a b", "A", "0" * 63]),
    (s.base64(32, 32), [B32], ["", "AAAA", "A" * 43, "A" * 44, "_" * 43 + "=", "é"]),
    (s.enum("a", "b"), ["a"], ["", "A", "a ", "ab"]),
    (s.optional(s.nonce), ["", "a" * 32], [" ", "a"]),
    (s.integer(1, 3), [1, 3], [0, 4, -1, True, "1", 2.0, None, "١"]),
    (s.integer(), [0, 2**53 - 1], [2**53, -1, False]),
    (s.time, [0, s.LAST_TIME], [s.LAST_TIME + 1, -1]),
    (s.version, [1], [0]),
    (s.boolean, [True, False], [0, 1, "true", None, ""]),
    (s.items(s.name, 2, 1), [["a"], ["a", "b"]], [[], ["a", "a"], ["a", "b", "c"]]),
    (s.items(s.name, 2, unique=False), [["a", "a"], []], [["A"], "ab", {"a": 1}]),
    (s.items(s.record(x=s.name), 3), [[{"x": "a"}]], [[{"x": "a"}, {"x": "a"}]]),
    (s.table(s.name, s.version, 1), [{}, {"a": 1}], [{"A": 1}, {"a": 0}, [], None]),
    (s.table(s.name, s.version, 1), [{"b": 1}], [{"a": 1, "b": 1}]),
    (s.record(x=s.name), [{"x": "a"}], [{}, {"x": "a", "y": "a"}, {"x": 1}, [], "x"]),
]
JUNK = [None, 1.5, object(), b"a", ["a"], {"a": "a"}, ("a",), float("nan")]


def test_every_time_has_a_date_wherever_it_is_read() -> None:
    """No statement of another agency's can stop a page that shows its time."""
    for hours in (-12, 14):
        zone = dt.timezone(dt.timedelta(hours=hours))
        assert dt.datetime.fromtimestamp(s.LAST_TIME, zone).year == 9999
    with pytest.raises(Malformed):
        s.time(2**40, "as_of")


@pytest.mark.parametrize(("shape", "good", "bad"), TAKES)
def test_each_shape_at_its_edges(
    shape: Shape, good: list[Json], bad: list[Json]
) -> None:
    """Every shape takes its edges and refuses what lies just beyond them."""
    for value in good:
        shape(value, "here")
        if isinstance(value, str) and value:
            with pytest.raises(Malformed):
                shape(value + "\n", "here")
    for value in bad:
        with pytest.raises(Malformed):
            shape(value, "here")


@pytest.mark.parametrize(
    "shape", [s.member, s.keyid, s.label, s.digest, s.enum("a"), s.base64(1, 9)]
)
@pytest.mark.parametrize("junk", JUNK)
def test_text_shapes_take_text_only(shape: Shape, junk: object) -> None:
    """Another type never passes for text, whatever it compares equal to."""
    with pytest.raises(Malformed):
        shape(junk, "here")


@given(st.text(min_size=1, max_size=60))
def test_no_refusal_repeats_what_was_sent(secret: str) -> None:
    """A refusal names the place, never the value or a made-up field's name."""
    shape = s.record(
        x=s.record(name=s.member, when=s.time, some=s.table(s.name, s.version, 2))
    )
    marked = f"Zoya {secret}"
    good = {"name": "a", "when": 1, "some": {}}
    for bad in (
        {**good, "name": marked},
        {**good, "when": marked},
        {**good, marked: 1},
        {**good, "some": {marked: 1}},
        {**good, "some": marked},
    ):
        with pytest.raises(Malformed) as refusal:
            shape({"x": bad}, "here")
        assert "Zoya" not in str(refusal.value)


class Counted(dict):
    """An entry that counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        """Compare, and count."""
        Counted.compared += 1
        return super().__eq__(other)

    __hash__ = None


def test_a_long_list_is_checked_without_comparing_all_pairs() -> None:
    """Finding repetitions grows with the list, not with its square."""
    entries = [Counted(id=f"o{number}") for number in range(2_000)]
    shape = s.items(s.record(id=s.officer), 2_000)
    shape(entries, "here")
    with pytest.raises(Malformed):
        shape([*entries[:-1], entries[0]], "here")
    assert Counted.compared <= 2 * len(entries)
