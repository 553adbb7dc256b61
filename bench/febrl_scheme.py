"""A scheme for FEBRL's columns, and the tokens that it encodes.

The node's normaliser is made for India; FEBRL's people are Australians. So the run
builds a scheme document of its own, with fields for these ten columns, and cuts tokens
with the node's own letter pieces. All else (encoder, comparisons, levels, learning,
second stage) is the node's and takes the document as it takes any other. Widths, cuts
and groups below are structure; every weight is learned in the run.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bench.document import render
from childgrid_node.normalise.spelling import fold, grams, skeleton
from childgrid_node.normalise.words import clean
from childgrid_node.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.febrl_data import Row

SOURCE = "bench.febrl: learned on one half of FEBRL4 within the run"

FINE = [2500, 3500, 4500, 5500, 6500, 7500, 8500, 9300, 9950]
COARSE = [3000, 4500, 6000, 7500, 9000, 9950]
LAP = [4000, 6000, 7500, 9000, 9950]

FIELDS: dict[str, tuple[int, int, str]] = {
    "name": (512, 5, "name"),
    "given": (256, 5, "given"),
    "surname": (256, 5, "given"),
    "sound": (128, 4, "sound"),
    "birth": (256, 6, "birth"),
    "number": (256, 6, "number"),
    "street": (512, 4, "street"),
    "place": (512, 4, "street"),
    "house": (64, 4, "house"),
    "suburb": (256, 5, "suburb"),
    "postcode": (128, 5, "postcode"),
    "state": (64, 6, "state"),
}
"""Name to bits, bits set per token, and the key that it hashes under."""

COMPARISONS: dict[str, tuple[list[tuple[str, str]], list[int], list[int], int, str]] = {
    "name": ([("name", "name")], FINE, LAP, 1, "name"),
    "given": ([("given", "given")], FINE, LAP, 1, "given"),
    "surname": ([("surname", "surname")], FINE, LAP, 1, "surname"),
    "crossed": ([("given", "surname"), ("surname", "given")], FINE, [], 1, "crossed"),
    "sound": ([("sound", "sound")], COARSE, [], 1, "sound"),
    "birth": ([("birth", "birth")], FINE, [], 0, "birth"),
    "number": ([("number", "number")], FINE, [], 0, "number"),
    "street": ([("street", "street")], FINE, LAP, 1, "address"),
    "place": ([("place", "place")], FINE, LAP, 1, "address"),
    "house": ([("house", "house")], COARSE, [], 1, "house"),
    "suburb": ([("suburb", "suburb")], FINE, LAP, 1, "suburb"),
    "postcode": ([("postcode", "postcode")], FINE, [], 1, "postcode"),
    "state": ([("state", "state")], [9950], [], 1, "state"),
}
"""Name to field pairs, cuts of Dice and of overlap, rarity, and group."""

BUNDLES = {
    "name": ["name", "given", "surname"],
    "birth": ["birth"],
    "place": ["suburb", "postcode", "street", "place"],
}
JOINT = [("name", "name"), ("name", "place"), ("name", "birth"), ("place", "place")]
# A group for which the tables teach nothing leans on this one, which says nothing.
UNTAUGHT = "contact"
DEPTH = 4

Tokens = dict[str, tuple[str, ...]]


def tokens(cells: Row) -> Tokens:
    """Return tokens by field, only for fields with evidence."""
    given, surname = _word(cells, "given_name"), _word(cells, "surname")
    both = [word for word in (given, surname) if word]
    found: dict[str, Iterable[str]] = {
        "name": [gram for word in both for gram in grams(word, 2)],
        "given": _grams(given),
        "surname": _grams(surname),
        "sound": [skeleton(fold(word)) for word in both],
        "birth": _digits(cells.get("date_of_birth", ""), {"y": 4, "ym": 6}),
        "number": _digits(cells.get("soc_sec_id", ""), {}),
        "street": _grams(_word(cells, "address_1")),
        "place": _grams(_word(cells, "address_2")),
        "house": _digits(cells.get("street_number", ""), {}),
        "suburb": _grams(_word(cells, "suburb")),
        "postcode": _digits(cells.get("postcode", ""), {"area": 2}),
        "state": [cells.get("state", "")],
    }
    distinct = ((f, tuple(dict.fromkeys(filter(None, t)))) for f, t in found.items())
    return {field: t for field, t in distinct if t}


def _word(cells: Row, column: str) -> str:
    """A cell as one word: a slip of the blank key costs two pieces, not the cell."""
    return "".join(c for c in clean(cells.get(column, "")) if c.isalnum())


def _grams(word: str) -> list[str]:
    return grams(word, 2) if word else []


def _digits(text: str, heads: dict[str, int]) -> list[str]:
    """Digits by place, neighbours in either order, and neighbours at any place."""
    if not text:
        return []
    pairs = [text[at : at + 2] for at in range(len(text) - 1)]
    found = [f"{at}:{digit}" for at, digit in enumerate(text)]
    found += [f"{at}={''.join(sorted(pair))}" for at, pair in enumerate(pairs)]
    found += [f"~{pair}" for pair in pairs]
    return found + [f"{name}{text[:length]}" for name, length in heads.items()]


@lru_cache(maxsize=1)
def base() -> Scheme:
    """Return the scheme before anything is learned: weights that say nothing."""
    return Scheme.parse(render(_document()))


def _document() -> dict[str, Any]:
    flat = {
        name: [-1] * _levels(dice, overlap)
        for name, (_, dice, overlap, _, _) in COMPARISONS.items()
    }
    return {
        "about": "Fields of FEBRL4, for measuring beside public matchers.",
        "name": "febrl-1",
        "profile": "test",
        "encoding": _cited("bits, bits per token", fields=_fields(), tags=[]),
        "comparing": _cited("cuts per 10,000", comparisons=_comparisons()),
        "weights": _cited("millinats", match=flat, chance=flat),
        "calibration": _cited("per 1,000; millinats; rows", **_calibration()),
        "bands": _cited("per 10,000", strong=9_900, possible=5_000, floor=100),
    }


def _cited(unit: str, **members: object) -> dict[str, object]:
    return {"source": SOURCE, "unit": unit, **members}


def _levels(dice: list[int], overlap: list[int]) -> int:
    return (len(dice) + 1) * (len(overlap) + 1)


def _fields() -> list[dict[str, object]]:
    return [
        {"name": name, "bits": bits, "hashes": hashes, "key": key}
        for name, (bits, hashes, key) in FIELDS.items()
    ]


def _comparisons() -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "kind": "bloom",
            "pairs": [list(pair) for pair in pairs],
            "dice": dice,
            "overlap": overlap,
            "unless": "",
            "rarity": rarity,
            "group": group,
        }
        for name, (pairs, dice, overlap, rarity, group) in COMPARISONS.items()
    ]


def _calibration() -> dict[str, object]:
    groups = dict.fromkeys([c[-1] for c in COMPARISONS.values()] + [UNTAUGHT], 0)
    return {
        "trained_rows": 1_000,
        "least_rows": 1_000,
        "most_rows": 10_000_000,
        "rarity_rows": 100,
        "asked": 5_000,
        "intercept": 0,
        "agreement": groups,
        "disagreement": groups,
        "crowd": 0,
        "own": "name",
        "shortfall": 0,
        "kin": ["address"],
        "relatives": 0,
        "bundles": BUNDLES,
        "joint_cap": 10_000,
        "joint": [{"of": list(pair), "coefficient": 0} for pair in JOINT],
        "forest": {
            "features": _looks(groups),
            "bound": _single(groups),
            "depth": DEPTH,
            "trees": [],
        },
    }


def _looks(groups: Iterable[str]) -> list[str]:
    """What the trees may look at."""
    rest = ("score", "crowd", "gap", "near", "known", "asked", "logit")
    return [*_single(groups), *rest]


def _single(groups: Iterable[str]) -> list[str]:
    """Likenesses one by one; 2,500 pairs are few to learn how they overlap from."""
    short = [f"short:{name}" for name in ("name", "given", "surname", "suburb")]
    return [f"part:{group}" for group in groups if group != UNTAUGHT] + short
