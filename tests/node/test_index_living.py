"""How many rows an index says are living is how many are, whatever was committed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childgrid_node import segments
from childgrid_node.index import Block, Index
from index_commits import KEYS, TEST, build, opened

FEW = st.lists(st.sampled_from([*KEYS[:12], "new-1", "new-2", "new-3"]), max_size=8)
COMMITS = st.lists(st.tuples(FEW, FEW, st.booleans()), min_size=1, max_size=8)


def counted(index: Index) -> int:
    """Count the rows that no tombstone stands for, one by one."""
    return sum(int((part.dead == 0).sum()) for part in index.segments)


def block(keys: list[str], turn: int) -> Block:
    """Return rows of commit ``turn`` under these keys."""
    rows = np.full((len(keys), TEST.layout.words), turn + 100, np.uint64)
    return Block(keys, rows, np.zeros(len(keys), np.uint8))


@given(commits=COMMITS, clear=st.booleans())
@settings(max_examples=60, deadline=None)
def test_living_rows_are_told_as_they_are(
    tmp_path_factory: pytest.TempPathFactory,
    commits: list[tuple[list[str], list[str], bool]],
    clear: bool,
) -> None:
    """After any upserts, deletions and compactions, here, reopened, and in the past."""
    path = tmp_path_factory.mktemp("rows") / "rows.index"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "FRAME_ROWS", 20)
        build(path, clear=clear)
        found, alive = opened(path), set(KEYS)
        past = [(found, len(alive))]
        for turn, (put, gone, compact) in enumerate(commits):
            fresh = sorted(set(put))
            found = found.changed([block(fresh, turn)], gone)
            alive = alive - set(gone) | set(fresh)
            found = found.compacted() if compact else found
            again = opened(path)
            assert found.living == again.living == counted(found) == len(alive)
            past.append((found, len(alive)))
        for index, known in past:
            assert index.living == counted(index) == known
    assert not segments._NONE_DEAD.any()


def test_a_row_that_is_deleted_twice_counts_once() -> None:
    """A segment without rows leaves the one before as it was."""
    whole = segments.laid_out(
        TEST, (), segments.frames_of(TEST, [block(KEYS, 0)], b"marks")
    )[0]
    once = whole.without([3, 3, 5])

    assert once.without([5, 6]).living == len(KEYS) - 3
    assert (once.living, whole.living) == (len(KEYS) - 2, len(KEYS))
    assert not whole.dead.any()
