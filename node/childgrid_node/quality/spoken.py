"""The report as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .births import JANUARY
from .report import Quality, share

_DAYS = 365.25
_BEST = 3
NOBODY = "; keeps nobody out: look how its values are written in the source"
"""What is said of a filter that no row meets."""


def lines(found: Quality) -> Iterator[str]:
    """Everything that was counted, field by field; no value."""
    yield f"{found.source}: {found.rows} rows ({found.category or 'no category'})"
    for column, count in found.filtered.items():
        yield f"  filter: {column}: {count}{'' if count else NOBODY}"
    for reason, count in sorted(found.guarded.items()):
        yield f"  guard: {reason}: {count}"
    yield from _fields(found)
    for kind, count in sorted(found.dates.items()):
        chance = f" ({expected(found)} by chance)" if kind == JANUARY else ""
        yield f"  dates: {kind}: {count}{chance}"
    for name, scripts in found.scripts.items():
        if scripts:
            yield f"  scripts: {name}: {counted(scripts)}"
    yield f"  duplicates: {twins(found)}"
    yield from _recalls(found)
    yield from _defects(found)


def _fields(found: Quality) -> Iterator[str]:
    width = max(map(len, found.fields), default=0)
    for name, one in found.fields.items():
        filled, usable = share(one.filled, found.rows), share(one.usable, found.rows)
        wrong = f"; {counted(one.wrong)}" if one.wrong else ""
        yield f"  {name + ':':{width + 1}} filled {filled}, usable {usable}{wrong}"


def _recalls(found: Quality) -> Iterator[str]:
    for one in found.recall:
        best = [f"{n} +{percent(g)}" for n, g in one.gains[:_BEST] if g]
        would = f"; filled everywhere would bring: {', '.join(best)}" if best else ""
        yield (
            f"  recall by {one.query}: {percent(one.now)}, of {percent(one.full)} "
            f"if nothing were empty{would}"
        )


def _defects(found: Quality) -> Iterator[str]:
    if total := sum(found.unusable.values()):
        yield f"  {total} rows can't be used: {counted(found.unusable)}"
    for defect in found.defects:
        column = f", column {defect.column}" if defect.column else ""
        yield f"    row {defect.row}: {defect.kind}{column}"


def counted(counts: Mapping[str, int]) -> str:
    """Counts by kind, the most first."""
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{kind} {count}" for kind, count in ranked)


def twins(found: Quality) -> str:
    """How many rows are encoded alike, and how many not at all."""
    one = found.twins
    about = f", about (one in {one.one_in} looked at)" if one.one_in > 1 else ""
    return (
        f"{one.rows} rows share an encoding, in {one.groups} groups, at most "
        f"{one.largest}{about}; {one.blank} rows hold nothing to compare"
    )


def expected(found: Quality) -> int:
    """How many births on a first of January chance would give."""
    dated = found.fields.get("birth_date")
    return round(dated.filled / _DAYS) if dated else 0


def percent(per_10000: int) -> str:
    """A share per 10,000 in per cent."""
    return f"{per_10000 / 100:.1f} %"
