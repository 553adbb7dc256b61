"""Settings as they are shipped, and filled in for one installation.

The demo and the tests write their settings through `filled`, so what is shipped as an
example is what is tried. The rule: a key that the example doesn't have can't be filled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
Value = str | int | float | bool | list[str]


def filled(name: str, values: Mapping[str, Value | Mapping[str, Value]]) -> str:
    """The example `name` with other values; a table's values stand in a mapping.

    Raises:
        KeyError: the example has no such key.
    """
    text = (HERE / name).read_text("utf-8")
    head, *tables = re.split(r"^(?=\[)", text, flags=re.M)
    named = {table[1 : table.index("]")]: table for table in tables}
    for key, value in values.items():
        if isinstance(value, Mapping):
            for inner, one in value.items():
                named[key] = _put(named[key], inner, one)
        else:
            head = _put(head, key, value)
    return head + "".join(named.values())


def _put(table: str, key: str, value: Value) -> str:
    # TOML writes these values as JSON does.
    line = f"{key} = {json.dumps(value)}"
    made, count = re.subn(rf"^{key} = .*$", lambda _: line, table, count=1, flags=re.M)
    if not count:
        raise KeyError(key)
    return made
