"""A file of CLKs read back: ``{"clks": ["base64", …]}``, as ``export`` writes it.

All CLKs of a file have one length, for otherwise they came of two schemas. Other keys
of the object are anonlink's and are passed over. Errors name the file and the row, the
first being 1, and never hold what stands there. The whole file is in memory at once.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from childgrid_node.clk.errors import ClksInvalid

if TYPE_CHECKING:
    from pathlib import Path

Words = NDArray[np.uint64]

MOST_BYTES = (2**16 - 1) // 8
"""Of one CLK: ``search`` counts bits in 16 bits."""


def load(path: Path) -> tuple[Words, int]:
    """Return the CLKs of a file and the bytes of each.

    The array is ``uint64[rows, words]`` as ``Encoded.words``: bytes are read as
    little-endian words, and those that the last word has too many are 0.

    Raises:
        ClksInvalid: the file cannot be read, is no such file, holds no CLK or CLKs of
            several lengths, or a CLK is no base64, is empty or is too long.
    """
    name = path.name
    texts = _texts(path)
    if not texts:
        raise ClksInvalid(f"{name} holds no CLK; is it the right file?")
    size = len(_octets(name, 1, texts[0]))
    if not 0 < size <= MOST_BYTES:
        raise ClksInvalid(f"{name}: CLKs of {size} bytes; give 1 to {MOST_BYTES}")
    words = np.zeros((len(texts), -(-size // 8)), "<u8")
    octets = words.view(np.uint8)
    for at, text in enumerate(texts):
        raw = _octets(name, at + 1, text)
        if len(raw) != size:
            raise ClksInvalid(
                f"{name}: row {at + 1} has {len(raw)} bytes and row 1 has {size};"
                " encode all rows by one schema"
            )
        octets[at, :size] = np.frombuffer(raw, np.uint8)
    return words.astype(np.uint64, copy=False), size


def load_both(rows: Path, queries: Path) -> tuple[Words, Words]:
    """Return the CLKs of two files that are to be compared.

    Raises:
        ClksInvalid: as ``load``, or those of one are longer than those of the other.
    """
    (table, size), (asked, other) = load(rows), load(queries)
    if size != other:
        raise ClksInvalid(
            f"{rows.name} has CLKs of {size} bytes and {queries.name} of {other};"
            " encode both by one schema"
        )
    return table, asked


def without_bits(clks: Words) -> list[int]:
    """Return the rows that have no bit, the first row being 1: nothing is like them."""
    empty: list[int] = (np.flatnonzero(~clks.any(axis=1)) + 1).tolist()
    return empty


def _octets(name: str, row: int, text: Any) -> bytes:  # noqa: ANN401
    try:
        if isinstance(text, str):
            return base64.b64decode(text, validate=True)
    except ValueError:
        pass
    raise ClksInvalid(f"{name}: row {row} is no CLK in base64; encode the table again")


def _texts(path: Path) -> list[Any]:
    try:
        found = json.loads(path.read_bytes(), object_pairs_hook=_once)
    except OSError as error:
        reason = f"{path.name} cannot be read ({error.strerror})"
        raise ClksInvalid(reason) from None
    except json.JSONDecodeError as error:
        reason = f"{path.name} is not JSON from line {error.lineno} on; was it cut off?"
        raise ClksInvalid(reason) from None
    except (ValueError, RecursionError):
        raise ClksInvalid(f"{path.name} is not JSON in UTF-8, each key once") from None
    if not isinstance(found, dict) or not isinstance(found.get("clks"), list):
        reason = 'is not {"clks": ["…", …]}, which `childgrid-node clk` writes'
        raise ClksInvalid(f"{path.name} {reason}")
    texts: list[Any] = found["clks"]
    return texts


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: only one of them would be searched."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError
    return dict(pairs)
