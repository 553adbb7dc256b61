"""Compiled loops of the scan, generated for one scheme's layout.

The first pass is Python source written for the scheme (``source``): each comparison
unrolled with its word offsets as constants, so that the compiler sees straight code.
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
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from childgrid_node.levels import CUT_SCALE, SHIFT
from childgrid_node.plan import shape_of
from childgrid_node.scheme import FULL_MASK, Scheme

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from childgrid_node.plan import Pair, Plan
    from childgrid_node.scheme import Comparison

Kernel = Callable[..., Any]


def _popcount(_typing: Any, _value: Any) -> Any:  # noqa: ANN401
    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), codegen


popcount: Kernel = intrinsic(_popcount)

HEAD = """\
def survey(rows, filled, dead, column, used, words, by_dice, by_overlap,
           tags, tag_counts, dice, overlap, rank, out, counts):
    for i in range(rows.shape[0]):
        if dead[i] != 0:
            for c in range(out.shape[1]):
                out[i, c] = 0
            continue
"""


def source(scheme: Scheme) -> str:
    """Return the source of the first pass for ``scheme``."""
    lines = [HEAD]
    earlier = {c.name: at for at, c in enumerate(scheme.comparisons)}
    pairs = list(enumerate(shape_of(scheme).pairs))
    for at, comparison in enumerate(scheme.comparisons):
        guard = f"column[{at}] >= 0"
        if comparison.unless:
            guard += f" and l{earlier[comparison.unless]} == 0"
        mine = [(number, pair) for number, pair in pairs if pair.comparison == at]
        body = _tag(scheme, at, comparison) if not mine else _bloom(at, mine)
        lines += [f"        l{at} = 0", f"        if {guard}:", *body]
        lines += [
            f"        if column[{at}] >= 0:",
            f"            out[i, column[{at}]] = l{at}",
            f"            counts[column[{at}], l{at}] += 1",
        ]
    return "\n".join(lines) + "\n"


def _bloom(at: int, pairs: list[tuple[int, Pair]]) -> list[str]:
    lines = []
    for number, pair in pairs:
        lines += [
            f"            if used[{number}] != 0 and filled[i, {pair.field}] != 0:",
            *(f"                {line}" for line in _popcounts(number, pair)),
            f"                near = DICE * common * by_dice[{number}, size]",
            f"                over = OVER * common * by_overlap[{number}, size]",
            f"                level = np.int64(dice[{at}, near >> SHIFT])",
            f"                level += np.int64(overlap[{at}, over >> SHIFT])",
            f"                if rank[{at}, level] > rank[{at}, l{at}]:"
            if len(pairs) > 1
            else "                if True:",
            f"                    l{at} = level",
        ]
    return lines


def _popcounts(number: int, pair: Pair) -> list[str]:
    """Return lines that set ``common`` and ``size`` (both uint64)."""
    words = [
        " | ".join(
            f"rows[i, {pair.start + fold * pair.words + word}]"
            for fold in range(pair.folds)
        )
        for word in range(pair.words)
    ]
    common = " + ".join(
        f"popcount(({word}) & words[{number}, {at}])" for at, word in enumerate(words)
    )
    size = f"filled[i, {pair.field}]"
    if pair.folds > 1:
        size = " + ".join(f"popcount({word})" for word in words)
    return [f"common = {common}", f"size = {size}"]


def _tag(scheme: Scheme, at: int, comparison: Comparison) -> list[str]:
    place = scheme.layout[comparison.pairs[0][0]]
    mask = "" if place.mask == FULL_MASK else f" & np.uint64({place.mask})"
    lines = []
    for word in range(place.start, place.stop):
        lines += [
            f"            value = rows[i, {word}]{mask}",
            "            if value != ZERO:",
            f"                l{at} = max(l{at}, 1)",
            f"                for t in range(tag_counts[{at}]):",
            f"                    if tags[{at}, t] == value:",
            f"                        l{at} = 2",
        ]
    return lines


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
        np=np,
        DICE=np.uint64(2 * CUT_SCALE),
        OVER=np.uint64(CUT_SCALE),
        SHIFT=np.uint64(SHIFT),
        ZERO=np.uint64(0),
    )
    exec(compile(text, str(file or module.__name__), "exec"), vars(module))  # noqa: S102
    return _jit(vars(module)["survey"], cache=file is not None)


def _jit(function: Kernel, *, cache: bool) -> Kernel:
    try:
        compiled: Kernel = njit(nogil=True, cache=cache)(function)
    except RuntimeError:
        compiled = njit(nogil=True)(function)
    return compiled


_surveys: dict[Scheme, Kernel] = {}
_loading = Lock()


def _survey_of(plan: Plan, arguments: tuple[Any, ...]) -> Kernel:
    """Return the compiled first pass, tried once on no rows.

    A cache that was left damaged, or by another version, must not stop a search:
    then the source is compiled without it.
    """
    with _loading:
        if plan.scheme not in _surveys:
            text = source(plan.scheme)
            rows, filled, dead, *rest, out, counts = arguments
            nothing = (rows[:0], filled[:0], dead[:0], *rest, out[:0], counts)
            kernel = _load(text, cache=True)
            try:
                kernel(*nothing)
            except Exception:  # whatever a stale cache raises
                kernel = _load(text, cache=False)
            _surveys[plan.scheme] = kernel
        return _surveys[plan.scheme]


def survey(
    plan: Plan,
    rows: NDArray[np.uint64],
    filled: NDArray[np.uint16],
    dead: NDArray[np.uint8],
    counts: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """Return levels ``uint8[n, active]``; add how often each occurs to ``counts``."""
    out = np.empty((len(rows), len(plan.active)), np.uint8)
    shape = plan.shape
    arguments = (
        rows,
        filled,
        dead,
        plan.column,
        plan.used,
        plan.words,
        plan.by_dice,
        plan.by_overlap,
        plan.tags,
        plan.tag_counts,
        shape.dice,
        shape.overlap,
        shape.rank,
        out,
        counts,
    )
    _survey_of(plan, arguments)(*arguments)
    return out


def _best(levels, weights, dead, first, rows, scores):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    last = scores.shape[0] - 1
    for i in range(levels.shape[0]):
        if dead[i] != 0:
            continue
        total = 0
        for c in range(levels.shape[1]):
            total += weights[c, levels[i, c]]
        if total <= scores[last]:
            continue
        at = last
        while at > 0 and scores[at - 1] < total:
            scores[at] = scores[at - 1]
            rows[at] = rows[at - 1]
            at -= 1
        scores[at] = total
        rows[at] = first + i


_compiled_best = _jit(_best, cache=True)


def best(
    levels: NDArray[np.uint8],
    weights: NDArray[np.int64],
    dead: NDArray[np.uint8],
    first: int,
    rows: NDArray[np.int64],
    scores: NDArray[np.int64],
) -> None:
    """Sum ``weights`` over each row's levels and keep the best in ``rows``, ``scores``.

    ``scores`` falls; of equal sums the earlier row stays ahead. ``first`` is the
    number of the first row.
    """
    _compiled_best(levels, weights, dead, first, rows, scores)
