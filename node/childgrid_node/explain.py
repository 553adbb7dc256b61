"""Why the machine thinks so, in one plain sentence a field, for the custodian.

Levels say how closely two fields agree; a missing side says nothing either way. No
value is shown: the custodian has the record, and the asker's side is unknown here.
How likely it is, is said as a band until the register's own clerical review stands;
only then as a percentage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from childgrid_node.scheme import Comparison, Scheme

_LABELS = {
    "name": "name",
    "given": "given name",
    "skeleton": "sound of the name",
    "alias": "alias",
    "relative": "relative's name",
    "dob": "date of birth",
    "yob": "year of birth",
    "aged": "age",
    "pin": "PIN code",
    "district": "district",
    "address": "address",
    "named_sex": "sex, as far as the name tells it",
}

_ROUNDED = {"strong": 9_500, "possible": 5_000, "weak": 1_000}
"""What a band says where no clerical review has calibrated the register."""


def spoken(band: str, probability: int, calibrated: bool) -> int:
    """The probability per 10,000 that may be told: the band's own, if no review."""
    return probability if calibrated else _ROUNDED[band]


def likelihood(candidate: Mapping[str, Any]) -> str:
    """How likely a candidate is, in a plain sentence for officers."""
    head = f"{candidate['band']} lead"
    if candidate["calibrated"]:
        head += f", about {candidate['probability'] // 100} %"
    return f"{head}; {_others(candidate['band'], candidate['others'])}"


def _others(band: str, count: int) -> str:
    """No number of others, were it none, makes an identification of a lead."""
    if not count and band == "strong":
        return "few others here, if any, fit as well; still to be confirmed"
    if not count:
        return "it may well be somebody else"
    people = "person" if count == 1 else "people"
    fit = "fits" if count == 1 else "fit"
    return f"expect about {count} other {people} here who {fit} as well"


def explain(scheme: Scheme, levels: Sequence[int]) -> list[dict[str, Any]]:
    """One entry a comparison: `field`, `verdict`, a `sentence` and its `weight`.

    The weight is the scheme's own, in millinats, above zero where the field speaks for
    the same person; how rare the agreement is in this register is not in it.
    """
    return [
        _entry(comparison, level)
        for comparison, level in zip(scheme.comparisons, levels, strict=True)
    ]


def _entry(comparison: Comparison, level: int) -> dict[str, Any]:
    label = _LABELS.get(comparison.name, comparison.name.replace("_", " "))
    verdict = _verdict(comparison, level)
    return {
        "field": comparison.name,
        "verdict": verdict,
        "sentence": f"{label}: {_SENTENCES[verdict]}",
        "weight": _weight(comparison, level),
    }


_SENTENCES = {
    "absent": "missing on one side, says nothing",
    "differs": "differs",
    "partly": "agrees in part",
    "close": "agrees closely",
    "same": "agrees",
}


def _weight(comparison: Comparison, level: int) -> int:
    if level == 0:
        return 0
    return int(comparison.match[level - 1] - comparison.chance[level - 1])


def _verdict(comparison: Comparison, level: int) -> str:
    if level == 0:
        return "absent"
    if comparison.kind == "tag":
        return "same" if level == 2 else "differs"
    share = (level - 1) / max(comparison.levels - 1, 1)
    if _weight(comparison, level) <= 0:
        return "differs"
    return "same" if share > 0.9 else "close" if share > 0.5 else "partly"
