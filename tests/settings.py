"""Every key of every settings file, from the types that read them: `docs/settings.md`.

`python -m tests.settings` writes the page. Meaning and danger are what stands beside
the key in the program: the text below it, or its description. The rule: a key without
a meaning fails the test, and so does a page that is not what the types say today.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from childgrid_audit.config import Settings as Station
from childgrid_coordinator.config import Settings as Coordinator
from childgrid_node import agency
from childgrid_node.config import NodeConfig
from childgrid_portal.config import DeskConfig
from childgrid_portal.web.config import PortalConfig

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/settings.md"
FILES: Mapping[str, tuple[type, str]] = {
    "node.toml": (NodeConfig, "An agency's node; an example: `deploy/etc/node.toml`."),
    "policy.toml": (
        agency._Policy,
        "What an agency lets go; see [approvals](approvals.md).",
    ),
    "staff.toml": (agency._Staff, "An agency's officers; see [keys](keys.md)."),
    "portal.toml": (
        PortalConfig,
        "An agency's portal; an example: `deploy/etc/portal.toml`.",
    ),
    "desk.toml": (
        DeskConfig,
        "An officer's command line; an example: `deploy/etc/desk.toml`.",
    ),
    "coordinator.toml": (
        Coordinator,
        "The meeting point; an example: `deploy/etc/coordinator.toml`.",
    ),
    "station.toml": (
        Station,
        "An auditor's station; an example: `deploy/etc/station.toml`.",
    ),
}
_HEAD = """# Every setting

Made by `python -m tests.settings` from the types that read the files; a test fails
where this page is not what they say. A file is TOML. An unknown key, a wrong type or a
value out of bounds is refused at the start by name; the program ends with status 2.

Paths are relative to the file they stand in, except in `station.toml`, whose paths are
best absolute. `passphrase_file` may begin with `$CREDENTIALS_DIRECTORY`, the folder in
which systemd lays a service's credentials; nothing else is replaced in a value, and
none of these is ever read from the environment. A secret's file has mode 600, or is
root's with mode 440 and handed to the service alone, as systemd and Kubernetes do.
Sources' mapping files: [joining](joining.md).
"""
_UNITS = {
    "seconds": "seconds",
    "minutes": "minutes",
    "hours": "hours",
    "days": "days",
    "offset": "seconds",
    "floor": "per 10,000",
}
_WORDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "Path": "path",
}


@dataclass(frozen=True)
class Key:
    """One row: dotted name, meaning, kind with bounds, default, danger."""

    name: str
    meaning: str
    kind: str
    default: str
    danger: str = ""


def keys(kind: type, prefix: str = "") -> Iterator[Key]:
    """The keys of a type, those of its tables included, in their order."""
    told = texts(kind)
    for name, hint in _hints(kind).items():
        meaning, danger = split(_description(kind, name) or told.get(name, ""))
        inner, repeated = _table(hint)
        if inner is not None:
            if meaning:
                yield Key(f"{prefix}{name}{repeated}", meaning, "table", "–", danger)
            yield from keys(inner, f"{prefix}{name}{repeated}.")
            continue
        bounds = _bounds(kind, name)
        said = ", ".join(one for one in (_kind(hint), _unit(name), *bounds) if one)
        yield Key(prefix + name, meaning, said, _default(kind, name), danger)


def _hints(kind: type) -> dict[str, Any]:
    if issubclass(kind, BaseModel):
        return {name: one.annotation for name, one in kind.model_fields.items()}
    return typing.get_type_hints(kind)


def _table(hint: Any) -> tuple[type | None, str]:
    """The type of an inner table, and how its name is written."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if type(None) in inner:
        return _table(inner[0])
    if inspect.isclass(hint) and issubclass(hint, BaseModel):
        return hint, ""
    if inner and inspect.isclass(inner[-1]) and issubclass(inner[-1], BaseModel):
        return inner[-1], "[]" if origin is list else ".NAME"
    return None, ""


def texts(kind: type) -> dict[str, str]:
    """Attribute → the text that stands below it in the source."""
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(found, ast.ClassDef)
    told = {}
    for one, after in zip(found.body, found.body[1:], strict=False):
        if isinstance(one, ast.AnnAssign) and isinstance(after, ast.Expr):
            name, text = ast.unparse(one.target), ast.literal_eval(after.value)
            told[name] = " ".join(text.split())
    return told


def split(text: str) -> tuple[str, str]:
    """Meaning and danger."""
    meaning, _, danger = re.sub(r"\s+", " ", text).partition("anger: ")
    if not danger:
        meaning, _, danger = meaning.partition("DANGER: ")
    return meaning.removesuffix("D").strip(), danger.strip()


def _description(kind: type, name: str) -> str:
    if issubclass(kind, BaseModel):
        return kind.model_fields[name].description or ""
    return ""


def _kind(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in (list, tuple):
        return f"list of {_kind(inner[0])}"
    if inner:
        return _kind(next(one for one in inner if one is not type(None)))
    return _WORDS[hint.__name__]


def _unit(name: str) -> str:
    return _UNITS.get(name.rpartition("_")[2], "")


def _bounds(kind: type, name: str) -> list[str]:
    if not issubclass(kind, BaseModel):
        return []
    found = []
    for one in kind.model_fields[name].metadata:
        for sign, attribute in (("≥", "ge"), (">", "gt"), ("≤", "le")):
            if (bound := getattr(one, attribute, None)) is not None:
                found.append(f"{sign} {bound:,}")
    return found


def _default(kind: type, name: str) -> str:
    if issubclass(kind, BaseModel):
        value = kind.model_fields[name].default
    else:
        value = {one.name: one.default for one in dataclasses.fields(kind)}[name]
    if value in (PydanticUndefined, dataclasses.MISSING):
        return "must be given"
    if value is None or value in ("", [], ()):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{value}`"


def faults() -> list[str]:
    """Keys whose meaning nobody has written down."""
    return [
        f"{file}: {one.name} has no meaning"
        for file, (kind, _) in FILES.items()
        for one in keys(kind)
        if not one.meaning
    ]


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    for file, (kind, about) in FILES.items():
        lines += [f"## {file}", "", about, ""]
        lines += ["| key | meaning | kind | default |", "| --- | --- | --- | --- |"]
        lines += [_row(one) for one in keys(kind)]
        lines.append("")
    return "\n".join(lines)


def _row(one: Key) -> str:
    danger = f" **Danger:** {one.danger}" if one.danger else ""
    cells = (f"`{one.name}`", one.meaning + danger, one.kind, one.default)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> int:
    """Write the page; returns 1 and says why where a key has no meaning."""
    for fault in (found := faults()):
        print(fault)
    if not found:
        (ROOT / PAGE).write_text(page(), "utf-8")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
