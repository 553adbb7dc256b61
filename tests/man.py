"""A manual page for each program, from its own commands: `docs/man/PROGRAM.1`.

`python -m tests.man` writes them. Synopsis, options and defaults are taken from Typer,
so a page can't tell of a command that does not exist. The rule: a command without a
sentence about what it does fails the test.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

ROOT = Path(__file__).resolve().parents[1]
PAGES = "docs/man"
_EXITS = {
    "2": "It was not carried out; one line on standard error says why and what to do.",
}


@dataclass(frozen=True)
class Program:
    """Where its commands are, what it is, how it ends besides 0, and what to read."""

    module: str
    about: str
    exits: Mapping[str, str]
    files: tuple[str, ...] = ()
    see: tuple[str, ...] = ()


PROGRAMS: Mapping[str, Program] = {
    "childgrid-authority": Program(
        "childgrid_authority.__main__",
        "the founders of a grid",
        {"1": "It was refused; nothing was signed, issued or published."},
        see=("childgrid-coordinator", "childgrid-node"),
    ),
    "childgrid-node": Program(
        "childgrid_node.__main__",
        "one agency's node in a grid",
        {
            "1": "check, doctor, clk or clk-search found a fault, and named it.",
            **_EXITS,
        },
        ("node.toml", "policy.toml", "staff.toml", "cases.csv", "sources/*.toml"),
        ("childgrid-desk", "childgrid-portal"),
    ),
    "childgrid-desk": Program(
        "childgrid_portal.__main__",
        "an officer's command line at the own agency's node",
        _EXITS,
        ("desk.toml",),
        ("childgrid-node", "childgrid-portal"),
    ),
    "childgrid-portal": Program(
        "childgrid_portal.web.__main__",
        "an agency's portal for its officers",
        _EXITS,
        ("portal.toml",),
        ("childgrid-node", "childgrid-desk"),
    ),
    "childgrid-coordinator": Program(
        "childgrid_coordinator.__main__",
        "the meeting point of a grid",
        _EXITS,
        ("coordinator.toml",),
        ("childgrid-authority", "childgrid-node"),
    ),
    "childgrid-audit": Program(
        "childgrid_audit.__main__",
        "an auditor's station: witness, mirror, verify",
        {"1": "Something was found; all findings were named.", **_EXITS},
        ("station.toml",),
        ("childgrid-authority", "childgrid-node"),
    ),
    "childgrid-conform": Program(
        "childgrid_conformance.__main__",
        "hold a node, whoever wrote it, against a grid's rules",
        {"1": "A check failed; every check was made and named.", **_EXITS},
        ("pack/",),
        ("childgrid-authority", "childgrid-node"),
    ),
}


def commands(program: Program) -> Mapping[str, TyperCommand]:
    """A program's commands by name, as Typer has them."""
    app = importlib.import_module(program.module).app
    return typer.main.get_group(app).commands


def page(name: str, program: Program) -> str:
    """One manual page, in roff."""
    app = importlib.import_module(program.module).app
    lines = [
        f'.TH {escaped(name.upper())} 1 "" "CHILDGRID" "CHILDGRID"',
        ".SH NAME",
        f"{escaped(name)} \\- {escaped(program.about)}",
        ".SH SYNOPSIS",
        f".B {escaped(name)}",
        ".I COMMAND",
        "[ARGUMENT ...]",
        ".SH DESCRIPTION",
        *paragraphs(typer.main.get_group(app).help or ""),
        ".SH COMMANDS",
    ]
    for command in commands(program).values():
        lines += list(_command(name, command))
    lines.append(".SH EXIT STATUS")
    for status, text in {"0": "It was done.", **program.exits}.items():
        lines += [".TP", f".B {status}", escaped(text)]
    if program.files:
        lines += [".SH FILES", ".nf", *map(escaped, program.files), ".fi", ".PP"]
        lines.append("Every key of these files: docs/settings.md.")
    see = ", ".join(f"\\fB{escaped(one)}\\fR(1)" for one in program.see)
    lines += [".SH SEE ALSO", see]
    lines += [".PP", "docs/installing.md, docs/operating.md, docs/errors.md"]
    return "\n".join(lines) + "\n"


def _command(name: str, command: TyperCommand) -> Iterator[str]:
    yield f'.SS "{escaped(str(command.name))}"'
    yield f".B {escaped(name)} {escaped(str(command.name))}"
    options = [one for one in command.params if isinstance(one, TyperOption)]
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    for one in arguments:
        text = f"\\fI{escaped(str(one.name).upper())}\\fR"
        yield text if one.required else f"[{text}]"
    for one in options:
        if one.required:
            yield f"{escaped(one.opts[0])} \\fI{_kind(one)}\\fR"
    if not all(one.required for one in options):
        yield "[OPTION ...]"
    yield ".PP"
    yield from paragraphs(command.help or "")
    for one in arguments:
        if one.help:
            yield from (".TP", f"\\fI{escaped(str(one.name).upper())}\\fR")
            yield escaped(_sentence(one.help))
    for one in options:
        names = escaped(", ".join([*one.opts, *one.secondary_opts]))
        kind = f" \\fI{_kind(one)}\\fR" if _kind(one) else ""
        yield from (".TP", f"\\fB{names}\\fR{kind}", escaped(" ".join(_notes(one))))


def _notes(one: TyperOption) -> list[str]:
    """What is said of an option: its help, whether it must be, its default."""
    notes = [_sentence(one.help)] if one.help else []
    notes += ["Must be given."] if one.required else []
    notes += ["May be repeated."] if one.multiple else []
    shown = isinstance(one.default, str | int | float | Path) and _kind(one)
    if shown and str(one.default):
        notes.append(f"Default: {one.default}.")
    if one.envvar:
        notes.append(f"Also read from the variable {one.envvar}.")
    return notes or ["As said above."]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _kind(one: TyperOption) -> str:
    """What an option takes; nothing for a switch."""
    kind = str(one.type_descriptor.annotation)
    for word, said in (("bool", ""), ("Path", "PATH"), ("int", "NUMBER")):
        if word in kind:
            return said
    return "NUMBER" if "float" in kind else "TEXT"


def paragraphs(text: str) -> Iterator[str]:
    """A text as roff: paragraphs, and indented lines as they are."""
    for piece in re.split(r"\n\s*\n", text.strip("\n")):
        if all(line.startswith("    ") for line in piece.splitlines()):
            yield from (".nf", *(escaped(line) for line in piece.splitlines()), ".fi")
        else:
            yield escaped(" ".join(piece.split()))
        yield ".PP"


def escaped(text: str) -> str:
    """A text that roff takes for nothing but text."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return f"\\&{safe}" if safe[:1] in (".", "'") else safe


def pages() -> dict[str, str]:
    """File name → page."""
    return {f"{name}.1": page(name, program) for name, program in PROGRAMS.items()}


def silent() -> list[str]:
    """Commands that say nothing about themselves."""
    return [
        f"{name} {one}"
        for name, program in PROGRAMS.items()
        for one, command in commands(program).items()
        if not (command.help or "").strip()
    ]


def main() -> int:
    """Write every page; returns 1 and names the commands that say nothing."""
    for one in (found := silent()):
        print(f"{one} says nothing about itself")
    (ROOT / PAGES).mkdir(exist_ok=True)
    for name, text in pages().items():
        (ROOT / PAGES / name).write_text(text, "utf-8")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
