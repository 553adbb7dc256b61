"""What an officer asked within a day lies in memory as it lasts in the journal."""

from __future__ import annotations

import numpy as np

from childgrid_node.recent import Asked, Recent

_WEEK = 7 * 86_400


def asked(query: str, heard: int, *words: int) -> Asked:
    """A query with an encoding of these words."""
    return Asked(query, heard, np.array(words, np.uint64))


def test_a_query_is_held_against_the_others_of_its_officer() -> None:
    """The first finds what lasts; the next ones what was asked meanwhile, too."""
    recent, lasting = Recent(), [asked("a", 10, 1, 1)]
    reads: list[int] = []

    def read() -> list[Asked]:
        reads.append(1)
        return lasting

    first = recent.others("si", asked("b", 11, 2, 2), 0, read)
    second = recent.others("si", asked("c", 12, 3, 3), 0, read)
    stranger = recent.others("io", asked("d", 12, 4, 4), 0, list)

    assert first.tolist() == [[1, 1]]
    assert second.tolist() == [[1, 1], [2, 2]]
    assert stranger.shape == (0, 2)
    assert len(reads) == 1


def test_a_query_that_comes_again_is_not_held_against_itself() -> None:
    """A second delivery adds nothing, and what it finds is without itself."""
    recent = Recent()
    recent.others("si", asked("a", 10, 1, 1), 0, list)
    recent.others("si", asked("b", 11, 2, 2), 0, list)

    assert recent.others("si", asked("a", 12, 1, 1), 0, list).tolist() == [[2, 2]]
    assert recent.others("si", asked("c", 12, 3, 3), 0, list).tolist() == [
        [1, 1],
        [2, 2],
    ]


def test_what_is_older_than_asked_for_is_forgotten() -> None:
    """Only what was heard since then is returned, in whatever order it was heard."""
    recent = Recent()
    recent.others("si", asked("a", 20, 1, 1), 0, list)
    recent.others("si", asked("b", 10, 2, 2), 0, list)

    late = recent.others("si", asked("c", 21, 3, 3), 15, list)
    assert late.tolist() == [[1, 1]]
    assert recent.others("si", asked("d", _WEEK, 4, 4), _WEEK - 1, list).size == 0


def test_encodings_of_another_scheme_are_not_compared() -> None:
    """They come back with their scheme, since the day remembers them."""
    recent = Recent()
    recent.others("si", asked("a", 10, 1, 1), 0, list)
    wider = recent.others("si", asked("b", 11, 2, 2, 2), 0, list)
    again = recent.others("si", asked("c", 12, 3, 3), 0, list)

    assert wider.shape == (0, 3)
    assert again.tolist() == [[1, 1]]
