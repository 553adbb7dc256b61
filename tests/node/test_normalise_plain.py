"""The short way to identifiers gives what the readers give, on anything like one."""

from __future__ import annotations

import random
import string

import pytest
from stdnum import verhoeff

from childgrid_node.normalise import plain
from childgrid_node.normalise.numbers import READERS

FORMS = {
    "phone": ["##########", "+91 #####-#####", "0##########", "91##########", "+##"],
    "aadhaar": ["#### #### ####", "############", "XXXX-XXXX-####", "###########"],
    "aadhaar4": ["#### #### ####", "XXXXXXXX####", "1111 1111 1111", "####"],
    "pan": ["@@@P@####@", "@@@@@####@", "@@@ p@ ####o", "@@@P@#####"],
    "epic": ["@@@#######", "@@@ 0000000", "@@/##/###/######", "@@@O######"],
    "passport": ["@#######", "@ #######", "@@######", "@1111111", "#######"],
    "driving_licence": ["@@## 20#########", "@@-#-19########", "@@##/####/20##"],
    "vehicle": ["@@##@@####", "@@ # @ ###", "IND@@##@####", "@@##@@0000", "##BH####@@"],
    "vehicle4": ["@@##@@####", "@@##@@0000", "@@#####", "####", "IND@@##@@#"],
    "email": ["@@@##.@@@", "a@gmail.com"],
}
NOISE = "0123456789 -+/.,()@XxOISB०५\n\x00&é"


def written(rng: random.Random, form: str) -> str:
    """Fill a form: # a digit, @ a letter; now and then with a slip."""
    digits = rng.choice(["0123456789", "01", "6789"])
    letters = rng.choice([string.ascii_uppercase, "OISBP", string.ascii_lowercase])
    made = [
        rng.choice(digits) if c == "#" else rng.choice(letters) if c == "@" else c
        for c in form
    ]
    if rng.random() < 0.3:
        made[rng.randrange(len(made))] = rng.choice(NOISE)
    if rng.random() < 0.2:
        made.insert(rng.randrange(len(made)), rng.choice(NOISE))
    return "".join(made)


@pytest.mark.parametrize("kind", FORMS)
def test_many_at_a_time_are_read_as_one_at_a_time(kind: str) -> None:
    """Thousands of well and badly written identifiers, in columns with a slip."""
    rng = random.Random(kind)
    reader = READERS[kind]
    for size in (0, 1, 2, 30, 3000):
        texts = [written(rng, rng.choice(FORMS[kind])) for _ in range(size)]

        assert plain.read(kind, texts) == [reader(text) for text in texts]


def test_the_check_digit_is_the_librarys() -> None:
    """Our table says of every number what python-stdnum says."""
    rng = random.Random(12)
    numbers = [f"{rng.randrange(10**12):012}" for _ in range(3000)]
    numbers += [
        stem + verhoeff.calc_check_digit(stem) for n in numbers if (stem := n[1:])
    ]
    found = plain.read("aadhaar", numbers)

    assert found == [READERS["aadhaar"](number) for number in numbers]
    assert sum(map(bool, found)) > 2000
