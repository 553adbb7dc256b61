"""Short ways to spellings and to names that are near give what the long ways give."""

from __future__ import annotations

import random
import re
from itertools import permutations

import pytest

from childgrid_node.normalise.lexicon import table
from childgrid_node.normalise.nearest import distance, nearest

LETTERS = "aeiouaeiouhnhnrkgjtdbsmpvcylwzxq"
NEAR = {a + b for one in ("kg", "tdr", "pbvf", "jsc", "nm") for a in one for b in one}
NEAR |= {
    a + b for one in ("ji", "bm", "vo", "vu", "iy", "aeiou") for a in one for b in one
}


def word(rng: random.Random, least: int = 0) -> str:
    """Letters as names have them."""
    return "".join(rng.choice(LETTERS) for _ in range(rng.randrange(least, 12)))


def slipped(rng: random.Random, name: str) -> str:
    """A name with up to four slips: a letter more, less, another, or out of place."""
    made = list(name)
    for _ in range(rng.randrange(5)):
        at = rng.randrange(len(made) + 1)
        kin = [pair[1] for pair in sorted(NEAR) if made[at : at + 1] == [pair[0]]]
        made[at : at + rng.randrange(3)] = rng.choice(
            [[], [rng.choice(kin or LETTERS)], made[at : at + 2][::-1]]
        )
    return "".join(made)


def weight(letter: str) -> int:
    """What a letter costs to put in or to take out."""
    return 3 if letter in "aeiouhn" else 10


def whole(one: str, other: str) -> int:
    """The distance by every cell of the table."""
    rows = [[sum(map(weight, other[:n])) for n in range(len(other) + 1)]]
    for at, a in enumerate(one):
        row = [rows[-1][0] + weight(a)]
        for place, b in enumerate(other):
            cost = rows[-1][place]
            if a != b:
                cost = min(
                    cost + (3 if a + b in NEAR else 10),
                    rows[-1][place + 1] + weight(a),
                    row[place] + weight(b),
                )
                if at and place and (a, b) == (other[place - 1], one[at - 1]):
                    cost = min(cost, rows[-2][place - 1] + 6)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def apart(one: str, other: str) -> tuple[str, str]:
    """Two words without the beginning and the end that they share."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return one, other


@pytest.mark.parametrize("most", [4, 6, 10, 20, 1000])
def test_cells_that_are_passed_over_change_no_distance(most: int) -> None:
    """Thousands of pairs, most of them slips of each other, within every bound."""
    rng = random.Random(most)
    for _ in range(1_500):
        one = word(rng)
        other = slipped(rng, one) if rng.random() < 0.8 else word(rng)
        right = whole(*apart(one, other))

        assert min(distance(one, other, most), most + 1) == min(right, most + 1)


@pytest.mark.parametrize(
    "pair", ["mkm almmk", "wlq xkwql", "wwqlw wlwkwl", "lqk kxlkq"]
)
def test_letters_that_changed_places_reach_over_a_row(pair: str) -> None:
    """Two letters in the wrong order join cells that lie two rows apart."""
    one, other = pair.split()

    assert distance(one, other, 26) == distance(one, other) <= 26


def test_the_order_of_names_does_not_say_which_are_near() -> None:
    """Names come as they lie in a set: each process has another order."""
    names = ["kql", "klqh", "klqi", "qlk"]
    for most in (6, 12, 20):
        found = [nearest("klq", order, most, 4) for order in permutations(names)]
        assert all(each == found[0] for each in found)
    assert nearest("klq", ["klqh", "kql"], 20, 4) == ["klqh", "kql"]


def measured(one: str, names: list[str], most: int, margin: int) -> list[str]:
    """The nearest names by measuring every one of them."""
    ranked = []
    for name in names:
        if (cost := distance(one, name, most)) <= most:
            ranked.append((cost, name))
            most = min(most, cost + margin - 1)
    return [name for cost, name in sorted(ranked) if cost <= most]


def test_no_name_that_is_near_is_left_out_at_a_glance() -> None:
    """The nearest of many names are those that measuring every one of them finds."""
    rng = random.Random(7)
    for _ in range(150):
        one = word(rng, 3)
        names = [slipped(rng, one) for _ in range(20)] + [word(rng) for _ in range(20)]
        names = [name for name in dict.fromkeys(names) if name != one]
        most, margin = rng.choice([4, 6, 10, 20]), rng.choice([3, 12])

        assert nearest(one, names, most, margin) == measured(one, names, most, margin)


@pytest.mark.parametrize(
    "rule", table("spelling")["fold"], ids=lambda rule: rule["from"]
)
def test_a_rule_changes_no_word_without_what_it_needs(rule: dict[str, str]) -> None:
    """What is passed over at a glance is what the rule would leave as it is."""
    rng = random.Random(rule["from"])
    pattern = re.compile(rule["from"])
    for _ in range(2_000):
        one = word(rng, 1).replace("ch", "C") if rng.random() < 0.5 else word(rng, 1)
        at = rng.randrange(len(one) + 1)
        one = f"{one[:at]}{rng.choice(PIECES)}{one[at:]}"
        if not any(need in one for need in rule.get("needs", ("",))):
            assert pattern.sub(rule["to"], one) == one


PIECES = [
    *("krishn", "krusan", "kirp", "parm", "park", "indra", "ender", "inder", "ntira"),
    *("uddin", "addeen", "owt", "aut", "svami", "ravu", "uva", "ayi", "ey", "yell"),
    *("kunhi", "gnan", "jna", "dnya", "zh", "ksh", "ckq", "tamana", "ah", "a", ""),
]
