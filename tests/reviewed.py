"""A register that can be reviewed: invented people, several of them entered twice.

Everybody has a namesake or two; second entries lack a date, a telephone or both, and
spell otherwise, so that pairs of every probability occur. A key says who it is
(`P007-b`), so that a judge of the tests knows the truth.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from childgrid_node import indexer
from childgrid_node.desk import Desk
from childgrid_node.encode import Encoder
from childgrid_node.holdings import Holdings
from childgrid_node.index import Index
from childgrid_node.register import Register
from grid import EPOCH, Agency, scheme, seed

COLUMNS = ("id", "name", "father", "dob", "phone", "fir_date", "role", "note")
_GIVEN = "Anil Bharat Chandan Dinesh Eknath Farid Gopal Harish Iqbal Jagan Kiran Lalit"
_FAMILY = "Adhav Barua Chettri Dhumal Eswaran Fernandes Gaikwad Hazarika Ingle Jadeja"
_FATHERS = "Ramdas Shivaji Tukaram Umesh Vasant Yashwant Zakir Mohan Nivrutti Onkar"


def person(key: str) -> str:
    """Whose row this is."""
    return key.partition("-")[0]


def rows(persons: int, number: int = 7) -> list[dict[str, str]]:
    """Rows of so many persons; the same number gives the same rows."""
    chance = random.Random(number)
    made = []
    for place in range(persons):
        name = f"{chance.choice(_GIVEN.split())} {chance.choice(_FAMILY.split())}"
        first = {
            "id": f"P{place:03}-a",
            "name": name,
            "father": chance.choice(_FATHERS.split()),
            "dob": f"{1960 + chance.randrange(40)}-{chance.randrange(1, 13):02}-"
            f"{chance.randrange(2, 29):02}",
            "phone": f"98{chance.randrange(10**8):08}",
            "fir_date": "2025-12-24",
            "role": "ACCUSED",
            "note": "",
        }
        made += [first, *_again(first, chance)]
    return made


def _again(first: dict[str, str], chance: random.Random) -> list[dict[str, str]]:
    """Further entries of a person, each poorer than the first."""
    found = []
    for letter in "bc"[: chance.randrange(3)]:
        entry = {**first, "id": first["id"].replace("-a", f"-{letter}")}
        for column, share in (("dob", 0.5), ("phone", 0.8), ("father", 0.3)):
            if chance.random() < share:
                entry[column] = ""
        if not entry["dob"] and chance.random() < 0.5:
            entry["dob"] = first["dob"][:4] + "-01-01"
        if chance.random() < 0.4:
            entry["name"] = entry["name"].replace("a", "aa", 1)
        found.append(entry)
    return found


def write(folder: Path, entries: list[dict[str, str]]) -> None:
    """Write the rows where an agency of the tests' grid has its own."""
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(entries)


_built: dict[tuple[str, int, bytes], bytes] = {}
"""Indexes that were made before: every grid of the tests has the same keys."""


def refill(agency: Agency, entries: list[dict[str, str]], now: int) -> Index:
    """Put other rows into an agency's register and index them."""
    write(agency.folder, entries)
    mapping = agency.register.mapping
    agency.register.close()
    agency.register = Register.open(mapping)
    agency.source = indexer.Source(agency.register)
    path = agency.folder / "rows.index"
    name = (agency.identity.member, now, (agency.folder / "rows.csv").read_bytes())
    if name not in _built:
        indexer.build(agency.source, path, agency.keyring, now)
        _built[name] = path.read_bytes()
    path.write_bytes(_built[name])
    index = indexer.open_index(path, agency.keyring)
    encoder = Encoder(scheme(), seed("linkage"), EPOCH)
    agency.holdings = Holdings(scheme(), EPOCH, encoder, {"rows": index})
    register = agency.folder / "cases.csv"
    agency.desk = Desk(agency.office, agency.holdings, lambda: None, register)
    return index
