"""Writes a scheme document: readable JSON in ASCII, short lists on one line."""

from __future__ import annotations

import json

WIDTH = 88


def render(document: object) -> bytes:
    """Return ``document`` as JSON, one member a line where it doesn't fit one line."""
    return (_text(document, 0) + "\n").encode("ascii")


def _text(value: object, depth: int) -> str:
    flat = json.dumps(value)
    if not isinstance(value, dict | list) or len(flat) + 2 * depth <= WIDTH:
        return flat
    if isinstance(value, dict):
        members = [f"{json.dumps(k)}: {_text(v, depth + 1)}" for k, v in value.items()]
        return _lines("{", members, "}", depth)
    if all(isinstance(member, int) for member in value):
        return flat
    return _lines("[", [_text(member, depth + 1) for member in value], "]", depth)


def _lines(start: str, members: list[str], end: str, depth: int) -> str:
    inner, outer = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    return start + inner + ("," + inner).join(members) + outer + end
