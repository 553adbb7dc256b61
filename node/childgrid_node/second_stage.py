"""The second stage's numbers as a scheme holds them: read, and refused where unsafe.

A logistic model and trees on top of it; ``calibration`` computes with them. Nothing
here may let an agreeing identifier lower a probability.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from childgrid_node import forest
from childgrid_node.forest import Forest
from childgrid_node.index_errors import SchemeError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from childgrid_node.scheme import Comparison
    from childgrid_node.scheme_parse import Part

FREE, RAISES, LOWERS = 0, 1, -1
OWN = ("name", "given", "skeleton", "alias")
BIRTH = ("dob", "yob", "aged", "declared")
PLACE = ("pin", "district", "address", "state")
KINDS = {"own": OWN, "birth": BIRTH, "place": PLACE}
"""Groups that speak of one thing: the person's own names, the birth, a place."""


@dataclass(frozen=True)
class Household:
    """How far a row that shares a household, and its birth, is told from the person.

    Brothers and sisters share a relative's name, an address, a telephone; twins, and
    those for whom a clerk wrote one date, their birth too. ``bound`` is what all that
    can say at most against them, in millinats; beyond it only the groups of ``own``
    say more. One that differs says ``differs`` against the person at most: who hides
    gives another name, and clerks err.
    """

    bound: int
    differs: int
    own: tuple[str, ...]


@dataclass(frozen=True)
class Once:
    """How much the one of several groups counts that says most, besides each of them.

    Whoever has moved differs in PIN, district, state and address, and has moved once.
    So the group that agrees most is weighed by ``agreement`` and the one that differs
    most by ``disagreement``, per 1,000 and never below 0.
    """

    agreement: int
    disagreement: int


@dataclass(frozen=True)
class Elsewhere:
    """What log-odds are worth at an agency whose records taught the model nothing.

    There it may be too sure or too cautious: other clerks, other columns. What it
    gives is multiplied by ``slope`` (per 1,000, above 0) and moved by ``shift``
    (millinats); and what a smaller table than the model was taught by adds to it, by
    ``size`` (per 1,000). Nothing was learned about larger ones.
    """

    shift: int
    slope: int
    size: int


@dataclass(frozen=True)
class Calibration:
    """The second stage: a logistic model over the parts of the first, then trees.

    Coefficients are per 1,000. ``agreement`` and ``disagreement`` weigh each group's
    positive and negative millinats and are never below 0. ``crowd`` weighs rivals in
    this table, ``shortfall`` how much the ``own`` comparison (the name) falls short
    of full agreement; ``relatives`` weighs the lesser of that and what the ``kin``
    groups share. These three are at most 0, and ``relatives`` never outweighs the
    agreement it discounts. ``joint`` weighs products of two ``bundles`` of
    comparisons, each kept within ``joint_cap`` millinats; no identifier is in a
    bundle. ``once`` weighs what groups of one kind say together. ``forest`` adds to the
    sum. ``elsewhere`` says what that is worth at agencies that taught nothing, and
    ``household`` keeps it from saying more than a household's other members allow; an
    early scheme has none of these three. ``intercept`` is in
    millinats, for a table of ``trained_rows`` rows; smaller tables than ``least_rows``
    count as that large, and larger than ``most_rows`` as that. ``rarity_rows`` is how
    many rows the scheme's own chance of a level counts for; ``asked`` how many of
    10,000 searches that taught the scheme were for somebody who was held.
    """

    trained_rows: int
    least_rows: int
    most_rows: int
    rarity_rows: int
    asked: int
    intercept: int
    agreement: Mapping[str, int]
    disagreement: Mapping[str, int]
    crowd: int
    own: str
    shortfall: int
    kin: tuple[str, ...]
    relatives: int
    bundles: Mapping[str, tuple[str, ...]]
    joint_cap: int
    joint: tuple[tuple[str, str, int], ...]
    forest: Forest
    once: Mapping[str, Once] = field(default_factory=dict)
    household: Household | None = None
    elsewhere: Elsewhere | None = None


def directions(
    comparisons: tuple[Comparison, ...], bound: Collection[str] = ()
) -> dict[str, int]:
    """Return every feature that trees may use, and which way each may act.

    ``part:g`` is the weight of group g; ``short:c`` how far comparison c falls short of
    full agreement; ``logit`` the logistic model's log-odds; the rest are described in
    ``calibration``. Whatever an agreeing tag moves, an identifier above all, may only
    make a person likelier, and so may the sums of what names, birth and places agree.
    Single fields that filters compare are free: a name, its sound and its first word
    say less together than each by itself, and trees take back what is too much; but for
    those that the scheme binds, since few records taught it.

    Raises:
        SchemeError: ``bound`` names none of these.
    """
    single = {f"part:{each.group}": RAISES for each in comparisons}
    single |= {f"short:{c.name}": LOWERS for c in comparisons if c.kind == "bloom"}
    if unknown := set(bound) - single.keys():
        raise SchemeError(f"calibration.forest.bound: unknown {sorted(unknown)}")
    tags = {f"part:{each.group}" for each in comparisons if each.kind == "tag"}
    held = {*tags, *bound}
    rivals = {"score": RAISES, "gap": RAISES, "crowd": LOWERS, "near": LOWERS}
    agreed = dict.fromkeys(
        ("own", "birth", "place", "own_birth", "own_place", "whole", "logit"), RAISES
    )
    rest = ("place_most", "place_least", "known", "asked", "family")
    free = (name for name in (*single, *rest) if name not in held)
    return single | rivals | agreed | dict.fromkeys(free, FREE)


def read_calibration(part: Part, comparisons: tuple[Comparison, ...]) -> Calibration:
    """Return the calibration in ``part``.

    Raises:
        SchemeError: a number out of range, or a tree that ``forest`` refuses.
    """
    calibration = Calibration(
        trained_rows=part.number("trained_rows", 1, 10**12),
        least_rows=part.number("least_rows", 1, 10**12),
        most_rows=part.number("most_rows", 1, 10**12),
        rarity_rows=part.number("rarity_rows", 1, 10**9),
        asked=part.number("asked", 1, 9_999),
        intercept=part.number("intercept", -(10**6), 10**6),
        agreement=part.table("agreement", 0, 10**5),
        disagreement=part.table("disagreement", 0, 10**5),
        crowd=part.number("crowd", -(10**5), 0),
        own=part.text("own"),
        shortfall=part.number("shortfall", -(10**5), 0),
        kin=part.texts("kin"),
        relatives=part.number("relatives", -(10**5), 0),
        bundles=_bundles(part.part("bundles", cited=False)),
        joint_cap=part.number("joint_cap", 1, 50_000),
        joint=tuple(_joint(product) for product in part.parts("joint")),
        forest=_forest(part.part("forest", cited=False), comparisons),
        once=_once(part.part("once", cited=False)) if "once" in part.names() else {},
        household=_household(part) if "household" in part.names() else None,
        elsewhere=_elsewhere(part) if "elsewhere" in part.names() else None,
    )
    part.close()
    return calibration


def _forest(part: Part, comparisons: tuple[Comparison, ...]) -> Forest:
    bound = part.texts("bound") if "bound" in part.names() else ()
    return forest.read(part, directions(comparisons, bound))


def _once(part: Part) -> dict[str, Once]:
    if unknown := set(part.names()) - KINDS.keys():
        raise SchemeError(f"{part.path}: {sorted(unknown)} is none of {[*KINDS]}")
    return {name: _of_once(part.part(name, cited=False)) for name in part.names()}


def _of_once(part: Part) -> Once:
    found = Once(
        part.number("agreement", 0, 10**5), part.number("disagreement", 0, 10**5)
    )
    part.close()
    return found


def _household(part: Part) -> Household:
    inside = part.part("household")
    found = Household(
        inside.number("bound", 0, 50_000),
        inside.number("differs", 0, 50_000),
        inside.texts("own"),
    )
    inside.close()
    return found


def _elsewhere(part: Part) -> Elsewhere:
    inside = part.part("elsewhere")
    found = Elsewhere(
        inside.number("shift", -50_000, 50_000),
        inside.number("slope", 1, 10_000),
        inside.number("size", 0, 10_000),
    )
    inside.close()
    return found


def _bundles(part: Part) -> dict[str, tuple[str, ...]]:
    return {name: part.texts(name) for name in part.names()}


def _joint(part: Part) -> tuple[str, str, int]:
    names = part.texts("of")
    if len(names) != 2:
        raise SchemeError(f"{part.path}: a product has two bundles")
    product = (*names, part.number("coefficient", -(10**5), 10**5))
    part.close()
    return product


def check_calibration(
    calibration: Calibration, comparisons: tuple[Comparison, ...]
) -> None:
    """Refuse a calibration by which an agreeing identifier could do harm.

    Raises:
        SchemeError: a name that is not there, or a discount above what it discounts.
    """
    bundled = {name for names in calibration.bundles.values() for name in names}
    fields = {c.name for c in comparisons if c.kind != "tag"}
    if not bundled | {calibration.own} <= fields:
        raise SchemeError("calibration: a bundle or own names no field compared")
    if not {name for a, b, _ in calibration.joint for name in (a, b)} <= set(
        calibration.bundles
    ):
        raise SchemeError("calibration: a product names an unknown bundle")
    household = calibration.household
    if household and not set(household.own) <= calibration.agreement.keys():
        raise SchemeError("calibration: household names an unknown group")
    for group in calibration.kin:
        if calibration.agreement.get(group, 0) < -calibration.relatives:
            raise SchemeError(f"calibration: relatives outweighs agreement of {group}")
    if calibration.least_rows > calibration.most_rows:
        raise SchemeError("calibration: least_rows must not be above most_rows")
