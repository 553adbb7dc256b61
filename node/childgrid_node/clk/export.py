"""CLKs as anonlink's JSON: ``{"clks": ["base64", …]}``, one for each row in order.

The file appears whole or not at all and is readable by its owner only: whoever holds
these encodings and a list of names can guess at people in them.
"""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from childgrid_node.clk.errors import TableInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from childgrid_node.clk.encoded import Encoded


def base64_of(encoded: Encoded) -> list[str]:
    """Return each CLK in base64, as clkhash's ``serialize_bitarray`` does."""
    return [base64.b64encode(raw).decode("ascii") for raw in encoded.bytes()]


def write_json(path: Path, parts: Iterable[Encoded]) -> int:
    """Write encodings part by part; return the number of rows.

    Raises:
        TableInvalid: the file cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            count = _write(file, parts)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        Path(temporary).unlink(missing_ok=True)
    return count


def _write(file: TextIO, parts: Iterable[Encoded]) -> int:
    count = 0
    file.write('{"clks": [')
    for part in parts:
        lines = [f'\n"{text}"' for text in base64_of(part)]
        file.write("," if count and lines else "")
        file.write(",".join(lines))
        count += len(lines)
    file.write("\n]}\n")
    return count


def _unwritable(path: Path, error: OSError) -> TableInvalid:
    return TableInvalid(f"{path.name} cannot be written ({error.strerror})")
