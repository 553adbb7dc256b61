"""Operators' files: whatever stands in one, the answer is one sentence about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from childgrid_audit import auditors
from childgrid_audit import config as station_settings
from childgrid_authority import floor
from childgrid_authority.errors import FloorRefused
from childgrid_coordinator import config as coordinator_settings
from childgrid_node import agency
from childgrid_node import config as node_settings
from childgrid_portal import config as desk_settings
from childgrid_wire import settings
from childgrid_wire.errors import ConfigurationRefused

SECRET = "Kabir Vankhede"
STRANGE = {
    "a deep list": b"a = " + b"[" * 100_000 + b"]" * 100_000,
    "a deep name": b".".join([b"a"] * 5_000) + b" = 1",
    "a deep table": b"a = " + b"{a = " * 20_000 + b"1" + b"}" * 20_000,
    "a list that is just too deep": b"a = " + b"[" * 40 + b"]" * 40,
    "an endless number": b"a = " + b"9" * 5_000,
    "an endless hexadecimal number": b"a = 0x" + b"f" * 100_000,
    "a number past 64 bits": b"a = 9223372036854775808",
    "no TOML": b'name = "Kabir Vankhede" Kabir Vankhede',
    "a file that breaks off": b"a = [",
    "twice the same name": b"a = 1\na = 2",
    "no UTF-8": b"a = '\xff\xfe'",
    "zero bytes": b"\0\0\0\0",
}
READERS: dict[str, Callable[[Path], Any]] = {
    "a node's settings": node_settings.load,
    "staff": lambda path: agency.staff_body(path, 0),
    "policy": agency.policy_body,
    "a coordinator's settings": coordinator_settings.load,
    "a station's settings": station_settings.load,
    "a station's people": lambda path: auditors.enlist(_Station(), path),
    "a desk's settings": desk_settings.load,
    "who is sought": desk_settings.read_suspect,
    "the floor": floor.load,
}


class _Station:
    """As much of a station as its list of people asks for before it is read."""

    clock = staticmethod(lambda: 0.0)
    member = "watch"
    identity = SimpleNamespace(signer=None)
    shelf = SimpleNamespace(
        book=SimpleNamespace(latest=lambda _: SimpleNamespace(staff={}))
    )


def written(folder: Path, data: bytes) -> Path:
    """An operator's file."""
    path = folder / "of-an-operator.toml"
    path.write_bytes(data)
    return path


@pytest.mark.threat("T16")
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("strange", STRANGE)
def test_a_strange_file_is_one_sentence(
    tmp_path: Path, reader: str, strange: str
) -> None:
    """It names the file, quotes nothing of it, and no other error comes out."""
    path = written(tmp_path, STRANGE[strange])

    with pytest.raises((ConfigurationRefused, FloorRefused)) as refusal:
        READERS[reader](path)

    said = str(refusal.value)
    assert path.name in said
    assert SECRET not in said
    assert len(said) < 300
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_is_not_there_is_named(tmp_path: Path, reader: str) -> None:
    """And so is a folder in its place."""
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises((ConfigurationRefused, FloorRefused), match=path.name):
            READERS[reader](path)


def test_the_place_of_a_fault_is_told(tmp_path: Path) -> None:
    """Line and column help more than a quotation would."""
    with pytest.raises(ConfigurationRefused, match="line 2, column 5"):
        settings.read(written(tmp_path, b"a = 1\nb = ?\n"))


def test_what_is_sound_is_read(tmp_path: Path) -> None:
    """The bounds leave room: 64-bit numbers, lists of 30 levels."""
    text = f"low = {-(2**63)}\nhigh = {2**63 - 1}\nlist = {'[' * 30}{']' * 30}\n"
    table = settings.read(written(tmp_path, text.encode()))

    assert (table["low"], table["high"]) == (-(2**63), 2**63 - 1)
    assert table.keys() == {"low", "high", "list"}


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    """As editors on Windows put it before the first key."""
    path = tmp_path / "node.toml"
    path.write_bytes(b"\xef\xbb\xbfmember = 1")

    assert settings.read(path) == {"member": 1}


def test_each_value_is_what_it_is_written_as() -> None:
    """A list may be read as a tuple; a text, a date and a number are nothing else."""

    class Model(BaseModel):
        known: tuple[str, ...]
        seconds: int = 1
        asks: bool = False
        title: str = ""

    def faults(text: str) -> set[str]:
        table = settings.as_json(settings.parse(f"known = ['a']\n{text}", "x"))
        try:
            Model.model_validate_json(table, strict=True)
        except ValidationError as error:
            return {str(one["loc"][0]) for one in error.errors()}
        return set()

    assert faults("seconds = 2\nasks = true\ntitle = '2'") == set()
    assert faults("seconds = '2'") == {"seconds"}
    assert faults("asks = 'no'") == faults("asks = 0") == {"asks"}
    assert faults("title = 2026-01-01") == faults("title = 2") == {"title"}


@given(st.text(st.sampled_from("ab01_x=.\"'[]{}\n ,#-:\\"), max_size=80))
def test_any_text_is_a_table_or_a_refusal(text: str) -> None:
    """No text makes the reader fail in another way."""
    try:
        assert isinstance(settings.parse(text, "x"), dict)
    except ConfigurationRefused as refusal:
        assert refusal.detail.startswith("x")
