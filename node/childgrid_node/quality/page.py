"""The report as one HTML page: tables with bars, no script, nothing from elsewhere.

Every bar repeats a number that stands beside it, so it is hidden from screen readers.
All text goes through `html.escape`: column names are an agency's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from . import spoken
from .births import JANUARY
from .report import Quality, share

_WIDTH = 120
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #0b0c0c; background: #fff;
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2rem; }
caption { text-align: left; font-weight: 700; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #b1b4b6;
  padding: .35rem .75rem .35rem 0; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { display: block; } rect.of { fill: #d8dadc; } rect.is { fill: #1d70b8; }
@media print { body { margin: 0; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_ABOUT = """<p>Counts only: no value of any row is on this page. Rows are named by their
number in the source, columns by their names.</p>
<p><strong>Recall</strong> is the share of true matches that a search would show as
possible or strong. It is computed from which fields are filled, by the weights of the
scheme: for each pattern of filled fields true matches are drawn by level, with the
scheme's probabilities, and scored as a search scores one candidate without rivals. What
is spelt badly is not seen in it, only what is empty or unusable.</p>"""

Cell = str | int


def page(reports: Sequence[Quality], made: str) -> str:
    """The whole page.

    Args:
        reports: one for each source.
        made: the day of the report, as text.
    """
    body = "".join(part for one in reports for part in _source(one))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Data quality, {escape(made)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main><h1>Data quality of the sources, {escape(made)}</h1>\n{_ABOUT}\n"
        f"{body}</main></body></html>\n"
    )


def _source(found: Quality) -> Iterator[str]:
    title = f"{found.source}: {found.rows} rows"
    yield f"<section><h2>{escape(title)}</h2>\n"
    yield f"<p>Category: {escape(found.category or 'none')}. "
    yield f"Scheme: {escape(found.scheme)}.</p>\n"
    yield _table("Fields", ("field", "columns", "filled", "usable", "wrong"), _f(found))
    guarded = ((why, *_bar(n, found.rows)) for why, n in _ranked(found.guarded))
    yield _table("Who may be searched", ("reason", "rows", "share"), guarded)
    filtered = (
        (column, f"{n}{'' if n else spoken.NOBODY}")
        for column, n in found.filtered.items()
    )
    yield _table("Left out by the mapping's filters", ("column", "rows"), filtered)
    yield _table("Dates", ("what", "rows", "by chance"), _dates(found))
    scripts = (
        (name, script, *_bar(n, sum(counts.values())))
        for name, counts in found.scripts.items()
        for script, n in _ranked(counts)
    )
    yield _table("Scripts", ("field", "script", "rows", "share"), scripts)
    yield f"<p>Duplicates: {escape(spoken.twins(found))}.</p>\n"
    yield _table(
        "Recall expected of the filled fields",
        ("a query by", "now", "nothing empty", "lost", "what would bring most"),
        _recalls(found),
    )
    unusable = ((kind, n) for kind, n in _ranked(found.unusable))
    yield _table("Rows that can't be used", ("why", "rows"), unusable)
    places = ((d.row, d.column, d.kind) for d in found.defects)
    yield _table("Where to look (the first of each)", ("row", "column", "what"), places)
    yield "</section>\n"


def _f(found: Quality) -> Iterator[Sequence[Cell | _Raw]]:
    for name, one in found.fields.items():
        filled, usable = (
            _drawn(n, found.rows).beside(f"{n} ({share(n, found.rows)})")
            for n in (one.filled, one.usable)
        )
        yield name, ", ".join(one.columns), filled, usable, spoken.counted(one.wrong)


def _dates(found: Quality) -> Iterator[Sequence[Cell]]:
    for kind, count in _ranked(found.dates):
        yield kind, count, spoken.expected(found) if kind == JANUARY else ""


def _recalls(found: Quality) -> Iterator[Sequence[Cell | _Raw]]:
    for one in found.recall:
        gains = ", ".join(
            f"{name} +{spoken.percent(gain)}" for name, gain in one.gains[:3] if gain
        )
        now = _drawn(one.now, 10_000).beside(spoken.percent(one.now))
        full = spoken.percent(one.full)
        yield one.query, now, full, spoken.percent(one.loss), gains


class _Raw(str):
    """HTML that is finished; everything else is escaped."""

    def beside(self, text: Cell) -> _Raw:
        """This behind a text."""
        return _Raw(f"{escape(str(text))}{self}")


def _bar(part: int, whole: int) -> tuple[int, _Raw]:
    return part, _drawn(part, whole).beside(share(part, whole))


def _drawn(part: int, whole: int) -> _Raw:
    """A bar of its share; a screen reader has the number beside it."""
    width = round(_WIDTH * part / whole) if whole else 0
    return _Raw(
        f'<svg aria-hidden="true" width="{_WIDTH}" height="8">'
        f'<rect class="of" width="{_WIDTH}" height="8"/>'
        f'<rect class="is" width="{width}" height="8"/></svg>'
    )


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[Cell | _Raw]]
) -> str:
    """A table, or one line where there is nothing to show."""
    body = "".join(f"<tr>{_row(row)}</tr>\n" for row in rows)
    if not body:
        return f"<p>{escape(caption)}: none.</p>\n"
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>\n"
        f"<tbody>{body}</tbody></table>\n"
    )


def _row(cells: Sequence[Cell | _Raw]) -> str:
    first, *rest = map(_cell, cells)
    return f'<th scope="row">{first}</th>' + "".join(
        f'<td class="n">{cell}</td>' if cell.isdecimal() else f"<td>{cell}</td>"
        for cell in rest
    )


def _cell(cell: Cell | _Raw) -> str:
    return cell if isinstance(cell, _Raw) else escape(str(cell))
