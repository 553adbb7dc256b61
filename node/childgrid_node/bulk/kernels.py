"""Compiled loops that put rows together from records.

Integers only; nothing here knows fields by name, texts or keys.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from childgrid_node.compiled import compiled

LOW = np.uint64(0xFFFFFFFF)
HIGH = np.uint64(32)
NAME, SKELETON, ALIAS, RELATIVE, CALLED, GIVEN = 0, 1, 2, 3, 4, 5
ROW, RECORD, WORDS = 0, 1, 2


@compiled("void(uint64[:, ::1], int64[::1], uint64[:, ::1], int64, int64, int64)")
def gather(
    rows: Any,  # noqa: ANN401
    numbers: Any,  # noqa: ANN401
    records: Any,  # noqa: ANN401
    first: int,
    words: int,
    start: int,
) -> None:
    """OR ``words`` words from ``first`` on of each row's record in, at ``start``."""
    for row in range(rows.shape[0]):
        number = numbers[row]
        if number != 0:
            for word in range(words):
                rows[row, start + word] |= records[number, first + word]


@compiled(
    "void(uint64[:, ::1], int64, int64[::1], uint64[:, ::1], int64[:, ::1], int64)"
)
def merge(
    rows: Any,  # noqa: ANN401
    row: int,
    numbers: Any,  # noqa: ANN401
    records: Any,  # noqa: ANN401
    places: Any,  # noqa: ANN401
    part: int,
) -> None:
    """OR one part of several records in; with a whole word in one, only of such.

    The flag of a part is bit ``part - ALIAS`` of the word after all parts.
    """
    bit = np.uint64(1 << (part - ALIAS))
    flags = places[GIVEN, RECORD]
    whole = False
    for at in range(numbers.shape[0]):
        whole = whole or records[numbers[at], flags] & bit != 0
    for at in range(numbers.shape[0]):
        number = numbers[at]
        if number != 0 and (not whole or records[number, flags] & bit != 0):
            for word in range(places[part, WORDS]):
                value = records[number, places[part, RECORD] + word]
                rows[row, places[part, ROW] + word] |= value


@compiled("boolean(int64[::1], uint64[:, ::1], uint64, int64, int64)")
def shared(numbers: Any, records: Any, bones: Any, first: int, room: int) -> bool:  # noqa: ANN401
    """Whether a relative in one of the records has these bones."""
    for at in range(numbers.shape[0]):
        for place in range(first, first + room):
            if records[numbers[at], place] == bones:
                return True
    return False


@compiled(
    "void(uint64[:, ::1], int64[:, ::1], uint64[:, ::1], uint64[:, ::1], "
    "int64[:, ::1], int64, int64)"
)
def unite_people(
    rows: Any,  # noqa: ANN401
    numbers: Any,  # noqa: ANN401
    records: Any,  # noqa: ANN401
    given: Any,  # noqa: ANN401
    places: Any,  # noqa: ANN401
    own: int,
    kin: int,
) -> None:
    """OR the names of each row in.

    Args:
        rows: encodings, ``uint64[n, words]``.
        numbers: records of each row's cells, ``int64[n, cells]``, the name's first.
        records: parts, flags, own words (number in ``given`` and bones), kin's bones.
        given: filters of given names by number.
        places: by part its first word in a row and in a record, and its words; the
            record's place of the last part, the given names, is that of the flags.
        own: own words that a record has room for; a 0 ends them.
        kin: room for kin's bones.
    """
    base = places[GIVEN, RECORD] + 1
    for row in range(rows.shape[0]):
        mine = numbers[row, 0]
        for part in (NAME, SKELETON):
            for word in range(places[part, WORDS]):
                value = records[mine, places[part, RECORD] + word]
                rows[row, places[part, ROW] + word] |= value
        merge(rows, row, numbers[row], records, places, ALIAS)
        merge(rows, row, numbers[row], records, places, RELATIVE)
        for at in range(numbers.shape[1]):
            for word in range(places[CALLED, WORDS]):
                value = records[numbers[row, at], places[CALLED, RECORD] + word]
                rows[row, places[CALLED, ROW] + word] |= value
        for place in range(base, base + own):
            entry = records[mine, place]
            if entry == 0:
                break
            if not shared(numbers[row], records, entry & LOW, base + own, kin):
                for word in range(places[GIVEN, WORDS]):
                    value = given[np.int64(entry >> HIGH), word]
                    rows[row, places[GIVEN, ROW] + word] |= value
