"""Compiled loops of the scan, generated for one scheme's layout.

The first pass is Python source written for the scheme (``source``): each comparison
unrolled with its word offsets as constants. A pair's level is read from a table made
for the query, by the row's popcount and the common bits; an empty field has popcount 0
and so level 0.
Two queries go over the same block of rows before the next one is read; more are
compared together (``batch_pass``). Levels lie column by column, so that they are
counted 64 at a time. The sums are ``second_pass``'s.

It is compiled by numba without the GIL. The source is also put into a private cache
folder of this user, beside which numba keeps the machine code; what runs is always
the source made here, never a file's. Without a place for the cache it is compiled
anew in each process.

Decides nothing about meaning: levels come from tables, weights from the caller.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from childgrid_node import batch_pass, bitwise, second_pass
from childgrid_node.bitwise import BLOCK, LANES, Kernel, equals, popcount, prefetch
from childgrid_node.compiled import kept
from childgrid_node.plan import SEVERAL, shape_of
from childgrid_node.query_tables import QueryTables
from childgrid_node.scheme import FULL_MASK, Scheme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from childgrid_node.plan import Pair, Plan
    from childgrid_node.scheme import Comparison

PAGE = 4096
STEPS = np.uint64(BLOCK // LANES)
LINE = 8
AHEAD = 512

HEAD = f"""\
def survey(rows, filled, dead, many, pitch, base, out, counts, column, sought, words,
           table, offset, stride, unrank, tags):
    for low in range(0, many, {BLOCK}):
        high = min(low + {BLOCK}, many)
        living = 0
        for i in range(low, high):
            living += dead[i] == 0
        for q in range(column.shape[0]):
"""
TAIL = """\
            for c in range(column.shape[1]):
                if column[q, c] >= 0:
                    at = place(base[q], column[q, c], pitch)
                    if living < high - low:
                        bury(out, at, low, high, dead)
                    if sought[q, c, 0] != 0:
                        count(out, at, low, high, living, sought[q, c], counts[q, c])
"""


def source(scheme: Scheme) -> str:
    """Return the source of the first pass for ``scheme``."""
    starts, body = [], []
    pairs = list(enumerate(shape_of(scheme).pairs))
    for at in range(len(scheme.comparisons)):
        starts.append(f"c{at} = column[q, {at}] >= 0")
        starts.append(f"p{at} = place(base[q], column[q, {at}], pitch)")
        lines = _level(scheme, at, [one for one in pairs if one[1].comparison == at])
        body += [f"l{at} = ZERO", f"if c{at}:", *(f"    {line}" for line in lines)]
        body.append(f"    out[p{at} + i] = l{at}")
    for number, _ in pairs:
        starts.append(f"o{number} = offset[q, {number}]")
        starts.append(f"s{number} = stride[q, {number}]")
    lines = [*starts, *_loop(scheme), *(f"    {line}" for line in body)]
    text = "".join(f"            {line}\n" for line in lines)
    return f"# {_version()}\n{HEAD}{text}{TAIL}"


def _loop(scheme: Scheme) -> list[str]:
    """Return the head of the loop over rows; it calls for the rows that come soon."""
    words = scheme.layout.words
    soon = [AHEAD // words * words + at for at in range(0, words, LINE)]
    return [
        "for i in range(U(low), U(high)):",
        f"    r = i * U({words})",
        f"    f = i * U({len(scheme.fields)})",
        "    if q == 0:",
        *(f"        prefetch(rows, r + U({at}))" for at in soon),
    ]


def _level(scheme: Scheme, at: int, pairs: list[tuple[int, Pair]]) -> list[str]:
    comparison = scheme.comparisons[at]
    lines = _bloom(at, pairs) if pairs else _tag(scheme, at, comparison)
    if comparison.unless:
        names = [each.name for each in scheme.comparisons]
        lines.append(f"l{at} *= U(l{names.index(comparison.unless)} == ZERO)")
    return lines


@cache
def _version() -> str:
    """Return what changes with the functions that the source calls.

    Machine code is kept by the text of the source; it holds those functions too.
    """
    files = (Path(__file__), Path(bitwise.__file__))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _bloom(at: int, pairs: list[tuple[int, Pair]]) -> list[str]:
    lines = []
    for number, pair in pairs:
        size = f"min(U(filled[f + U({pair.field})]), U({64 * pair.words}))"
        if pair.folds > 1:
            size = " + ".join(f"popcount({word})" for word in _folded(pair))
        found = f"U(table[o{number} + ({size}) * s{number} + {_common(number, pair)}])"
        if len(pairs) > 1:
            lines += [f"if s{number} != ZERO:", f"    l{at} = max(l{at}, {found})"]
        else:
            lines.append(f"l{at} = {found}")
    if len(pairs) > 1:
        lines.append(f"l{at} = U(unrank[{at}, l{at}])")
    return lines


def _folded(pair: Pair) -> list[str]:
    """Return each word of the row's field, folded to the query's width."""
    return [
        " | ".join(
            f"rows[r + U({pair.start + fold * pair.words + word})]"
            for fold in range(pair.folds)
        )
        for word in range(pair.words)
    ]


def _common(number: int, pair: Pair) -> str:
    """Return an expression for the bits that query and row share."""
    return " + ".join(
        f"popcount(({word}) & words[q, {number}, {at}])"
        for at, word in enumerate(_folded(pair))
    )


def _tag(scheme: Scheme, at: int, comparison: Comparison) -> list[str]:
    place = scheme.layout[comparison.pairs[0][0]]
    mask = "" if place.mask == FULL_MASK else f" & U({place.mask})"
    lines = ["known = ZERO", "same = ZERO"]
    for word in range(place.start, place.stop):
        equal = " | ".join(f"U(x == tags[q, {at}, {t}])" for t in range(place.words))
        lines += [
            f"x = rows[r + U({word})]{mask}",
            "known |= U(x != ZERO)",
            f"same |= U(x != ZERO) & ({equal})",
        ]
    return [*lines, f"l{at} = known + same"]


def _cache_file(text: str) -> Path | None:
    """Return the private file that holds ``text``, or None where there's no place."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    folder = Path(home) / "childgrid" / "kernels"
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        about = folder.stat()
        if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o022:
            return None
        file = folder / f"survey_{name}.py"
        if not file.exists() or file.read_text("ascii") != text:
            temporary = folder / f".{name}.{os.getpid()}"
            temporary.write_text(text, "ascii")
            temporary.replace(file)
    except OSError:
        return None
    return file


def _load(text: str, *, cache: bool) -> Kernel:
    file = _cache_file(text) if cache else None
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    # numba loads machine code from its cache only for functions of a known module.
    module = ModuleType(f"childgrid_node.survey_{digest}")
    sys.modules[module.__name__] = module
    vars(module).update(
        popcount=popcount,
        prefetch=prefetch,
        bury=_bury,
        count=_count,
        U=np.uint64,
        ZERO=np.uint64(0),
        place=_place,
    )
    exec(compile(text, str(file or module.__name__), "exec"), vars(module))  # noqa: S102
    made: Kernel = vars(module)["survey"]
    return kept(made) if file else njit(nogil=True)(made)


@njit(nogil=True)
def _place(base, column, many):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return base + np.uint64(max(column, 0)) * np.uint64(many)


@njit(nogil=True)
def _bury(out, at, low, high, dead):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for i in range(low, high):
        if dead[i] != 0:
            out[at + np.uint64(i)] = 0


@njit(nogil=True)
def _count(out, at, low, high, living, sought, counts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add to ``counts`` how often each level stands; the dead have level 0."""
    known = np.int64(0)
    if high - low == BLOCK:
        for level in sought:
            if level == 0:
                break
            found = np.int64(equals(out, at + np.uint64(low), STEPS, level))
            counts[level] += found
            known += found
    else:
        for i in range(low, high):
            value = out[at + np.uint64(i)]
            if value != 0:
                counts[value] += 1
                known += 1
    counts[0] += living - known


_surveys: dict[Scheme, Kernel] = {}
_loading = Lock()


def _survey_of(scheme: Scheme, arguments: tuple[Any, ...]) -> Kernel:
    """Return the compiled first pass, tried once on no rows.

    A cache that was left damaged, or by another version, must not stop a search:
    then the source is compiled without it.
    """
    with _loading:
        if scheme not in _surveys:
            text = source(scheme)
            rows, filled, dead, _, *rest = arguments
            nothing = (rows[:0], filled[:0], dead[:0], 0, *rest)
            kernel = _load(text, cache=True)
            try:
                kernel(*nothing)
            except Exception:  # whatever a stale cache raises
                kernel = _load(text, cache=False)
            _surveys[scheme] = kernel
        return _surveys[scheme]


def prepare(plans: Sequence[Plan], counted: NDArray[np.bool_]) -> QueryTables:
    """Return what the first pass reads of these queries, all of one scheme.

    ``counted`` says of which comparisons levels are counted. Several queries go one by
    one as long as another thread compiles the loops for them.
    """
    many = len(plans) >= SEVERAL and batch_pass.ready(plans[0].scheme)
    return QueryTables.of(plans, counted, many=many)


def _pitch(many: int) -> int:
    # Columns a power of two apart would compete for the same lines of the cache.
    return -(-many // PAGE) * PAGE + 3 * LANES


def room(tables: QueryTables, many: int) -> int:
    """Return how many bytes ``survey`` needs for the levels of ``many`` rows."""
    return int(tables.starts[-1]) * _pitch(many)


def survey(
    tables: QueryTables,
    rows: NDArray[np.uint64],
    filled: NDArray[np.uint16],
    dead: NDArray[np.uint8],
    counts: NDArray[np.int64],
    space: NDArray[np.uint8],
) -> list[NDArray[np.uint8]]:
    """Return levels ``uint8[active, n or more]`` by query, in one pass over ``rows``.

    ``counts`` is ``int64[queries, comparisons, 256]``; to it is added how often each
    level occurs among living rows. The levels lie in ``space``, ``uint8[room(…)]``.
    """
    many, starts = len(rows), tables.starts
    pitch = _pitch(many)
    out = space.reshape(int(starts[-1]), pitch)
    if tables.many:
        column = tables.arguments[0]
        spot = np.where(column < 0, -1, (starts[:-1, None] + column) * pitch)
        batch_pass.survey(tables, spot, rows, filled, dead, counts, out.reshape(-1))
        return [out[low:high] for low, high in pairwise(starts)]
    arguments = (
        rows.reshape(-1),
        filled.reshape(-1),
        dead,
        many,
        pitch,
        (starts * pitch).astype(np.uint64),
        out.reshape(-1),
        counts,
        *tables.arguments,
    )
    _survey_of(tables.scheme, arguments)(*arguments)
    return [out[low:high] for low, high in pairwise(starts)]


best = second_pass.best
weigh = second_pass.weigh
