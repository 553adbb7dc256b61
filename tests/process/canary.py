"""Looking for what must not be there: every spelling of a secret, in any medium.

A secret is sought as UTF-8 and UTF-16 in several cases, in hexadecimal, and in base64
at each of its three alignments, so that it is found in the middle of something longer.
"""

from __future__ import annotations

import base64
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

SHORTEST = 8
"""Bytes; anything shorter would be found by accident."""

_CHUNK = 1 << 24


def of_text(text: str) -> set[bytes]:
    """Every way in which a text could stand somewhere."""
    found: set[bytes] = set()
    for one in {text, text.lower(), text.upper(), text.title(), text.replace(" ", "")}:
        found |= of_bytes(one.encode())
        found |= {one.encode("utf-16-le"), one.encode("utf-16-be")}
    return {one for one in found if len(one) >= SHORTEST}


def of_bytes(data: bytes) -> set[bytes]:
    """Raw, hexadecimal, and base64 (both alphabets) wherever it begins."""
    found = {data, data.hex().encode(), data.hex().upper().encode()}
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + data)
        whole = encoded[-(-shift * 8 // 6) : (shift + len(data)) * 8 // 6]
        found |= {whole, whole.translate(bytes.maketrans(b"+/", b"-_"))}
    return {one for one in found if len(one) >= SHORTEST}


@numba.njit  # type: ignore[untyped-decorator]
def _places(
    raw: NDArray[np.uint8], tables: NDArray[np.bool_], anchors: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Where one of the anchors stands: pair by pair first, then all eight bytes."""
    found = []
    for at in range(len(raw) - SHORTEST + 1):
        for place in range(4):
            pair = raw[at + 2 * place] | (np.int64(raw[at + 2 * place + 1]) << 8)
            if not tables[place, pair]:
                break
        else:
            word = np.uint64(0)
            for place in range(SHORTEST):
                word |= np.uint64(raw[at + place]) << np.uint64(8 * place)
            nearest = np.searchsorted(anchors, word)
            if nearest < len(anchors) and anchors[nearest] == word:
                found.append(at)
    return np.array(found, np.int64)


class Search:
    """A search for many secrets at once, each known by a name.

    Each spelling is found by eight of its bytes, those that are least alike: a filter
    has stretches of zeros, and so has every memory.
    """

    def __init__(self, secrets: dict[str, set[bytes]]) -> None:
        self._by_anchor: dict[bytes, list[tuple[bytes, int, str]]] = defaultdict(list)
        self._longest = 0
        self._tables = np.zeros((4, 1 << 16), bool)
        for name, spellings in secrets.items():
            for one in spellings:
                self._add(name, one)
        words = [np.frombuffer(one, "<u8")[0] for one in self._by_anchor]
        self._anchors = np.sort(np.array(words, np.uint64))

    def _add(self, name: str, spelling: bytes) -> None:
        if len(spelling) < SHORTEST:
            raise ValueError(f"a spelling of {name} is too short to be sought")
        starts = range(len(spelling) - SHORTEST + 1)
        start = max(starts, key=lambda at: len({*spelling[at : at + SHORTEST]}))
        anchor = spelling[start : start + SHORTEST]
        self._by_anchor[anchor].append((spelling, start, name))
        self._longest = max(self._longest, len(spelling))
        for table, pair in zip(self._tables, np.frombuffer(anchor, "<u2"), strict=True):
            table[pair] = True

    def __call__(self, data: bytes) -> set[str]:
        """The names of all secrets that stand in `data`."""
        found: set[str] = set()
        for start in range(0, len(data), _CHUNK):
            found |= self._within(data[start : start + _CHUNK + self._longest])
        return found

    def _within(self, data: bytes) -> set[str]:
        raw = np.frombuffer(data, np.uint8)
        return {
            name
            for at in _places(raw, self._tables, self._anchors).tolist()
            for spelling, start, name in self._by_anchor[data[at : at + SHORTEST]]
            if at >= start and data.startswith(spelling, at - start)
        }

    def files(self, folder: Path) -> dict[str, set[str]]:
        """What stands in the files below a folder, by file."""
        found = {
            str(path.relative_to(folder)): self(path.read_bytes())
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        return {path: names for path, names in found.items() if names}

    def memory(self, pid: int) -> set[str]:
        """What stands in the readable memory of a running process."""
        found: set[str] = set()
        for part in memory_of(pid):
            found |= self(part)
        return found


def memory_of(pid: int) -> Iterator[bytes]:
    """The readable memory of a process, region by region."""
    regions = Path(f"/proc/{pid}/maps").read_text("ascii").splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in regions:
            span, rights, *_, name = [*line.split(maxsplit=5), ""][:6]
            if not rights.startswith("r") or name.startswith("[v"):
                continue
            first, last = (int(one, 16) for one in span.split("-"))
            yield _region(memory.fileno(), first, last)


def _region(handle: int, first: int, last: int) -> bytes:
    parts = []
    while first < last:
        try:
            part = os.pread(handle, min(last - first, _CHUNK), first)
        except OSError:
            # A page of a mapped file that is shorter than its mapping.
            first += 4096
            continue
        if not part:
            break
        parts.append(part)
        first += len(part)
    return b"".join(parts)
