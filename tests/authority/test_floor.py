"""The floor file: what a lawyer reads is what the statement says."""

import pytest

from childgrid_authority import directory, floor
from childgrid_authority.authority import Authority
from childgrid_authority.errors import FloorRefused
from founders import NOW, TWO


def test_the_shipped_floor_says_what_the_grid_promises() -> None:
    """Two sides approve a release; prevention needs an order and a higher rank."""
    body = floor.parse(floor.default())
    sides = {(slot["side"], slot["role"]) for slot in body["release_slots"]}
    assert sides == {
        ("requester", "supervising-officer"),
        ("holder", "custodian"),
    }
    rules = {rule["purpose"]: rule for rule in body["purposes"]}
    assert set(rules) == {
        "investigation",
        "prosecution",
        "prevention",
        "child-recovery",
    }
    assert rules["prevention"]["needs"] == "order"
    assert rules["prevention"]["min_rank"] > rules["investigation"]["min_rank"]
    assert body["query_seconds"] == 7 * 86_400
    assert body["request_seconds"] == 72 * 3_600
    for section in ("ITPA:5", "POCSO:13", "JJ:81", "IPC:366A", "BNS:143(4)"):
        assert section in body["sections"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("query_hours = 168", "query_hours = 169", "floor.times.query_hours"),
        ("query_hours = 168", "query_days = 7", "query_days"),
        ("officer = 20", "officer = 2.5", "floor.budgets.officer"),
        ("officer = 20", "officer = true", "floor.budgets.officer"),
        ("case = 40", "", "case"),
        ('needs = "order"', 'needs = "hunch"', "floor.purposes.prevention.needs"),
        ("[purposes.prosecution]", "[purposes.curiosity]", "floor.purposes key"),
        ('"police-record"]', '"horoscope"]', "prosecution.categories[4]"),
        ('side = "holder"', 'side = "requester"', "floor.release_approval"),
        ('slot = "custodian"', 'slot = "supervising-officer"', "names a slot twice"),
        ('"63", "64"', '"63 to 64"', "floor.sections"),
        ('"63", "64"', '"63", "63"', "repeats"),
        ("[times]", "[times", "TOML"),
        ("[budgets]", "[extra]\na = 1\n[budgets]", "extra"),
    ],
)
def test_a_slip_of_the_pen_is_refused_by_name(old: str, new: str, key: str) -> None:
    """No rule is dropped or guessed: the key at fault is named."""
    text = floor.default()
    assert old in text
    with pytest.raises(FloorRefused) as caught:
        floor.parse(text.replace(old, new, 1))
    assert key in str(caught.value)


def test_a_new_floor_comes_with_the_directory_that_names_it(
    authority: Authority,
) -> None:
    """Founders sign both at once, so no moment exists without a floor."""
    text = floor.default().replace("officer = 20", "officer = 10", 1)
    change = directory.set_floor(authority.book, floor.parse(text), NOW)
    authority.enact(change, TWO)
    rules = authority.book.latest(NOW).rules()
    assert (rules["version"], rules["officer_queries_day"]) == (2, 10)


def test_break_glass_is_allowed_by_a_short_list_or_not_at_all() -> None:
    """The shipped floor allows none; a list of one to eight fields is its only form."""
    assert "break_glass" not in floor.parse(floor.default())
    text = floor.default() + '\n[break_glass]\nfields = ["name", "phone"]\n'
    assert floor.parse(text)["break_glass"] == ["name", "phone"]
    for wrong in ("[]", str([f"f{n}" for n in range(9)]), '["Name"]', '"name"'):
        with pytest.raises(FloorRefused, match="break_glass"):
            floor.parse(text.replace('["name", "phone"]', wrong))
