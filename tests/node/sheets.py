"""Mappings and small registers for tests of the register."""

from __future__ import annotations

from pathlib import Path

from childgrid_node.mapping import Mapping
from childgrid_node.register import Register, Row

FIELDS = """
key = "id"
[fields]
name = "person name"
birth_date = "dob"
phone = ["mobile"]
[where]
status = { not_in = ["CLOSED"] }
"""
HEADER = "id,person name,dob,mobile,status,secret\r\n"


def mapping(source: str, folder: Path, head: str = "", tail: str = FIELDS) -> Mapping:
    """A mapping beside its source."""
    lines = f'agency = "test"\nsource = "{source}"\n{head}{tail}'
    return Mapping.parse(lines, folder / "test.toml")


def sheet(folder: Path, body: bytes, name: str = "test.csv") -> Register:
    """A register over a file with these bytes."""
    (folder / name).write_bytes(body)
    return Register.open(mapping(name, folder))


def read(register: Register, batch: int = 10_000) -> list[Row]:
    """Every row of a register."""
    return [row for part in register.rows(batch) for row in part]
