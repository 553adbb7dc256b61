"""A profile from the verbs of real nodes: what was granted is there, and nobody else.

Nothing of a victim and nothing of a child can be in it: their rows are in no suspect
index, and a row that turned out to be one is not released any more.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from childgrid_portal.profile import compare, model
from childgrid_portal.profile.export import Mark, to_csv, to_json
from childgrid_portal.web import reading
from childgrid_wire import canonical, statement
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import KABIR, Grid
from portal.visitor import Visitor


@pytest.fixture
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A fresh grid."""
    return Grid(tmp_path_factory.mktemp("grid"))


def read(grid: Grid, asked: Statement) -> tuple[model.Profile, str]:
    """The profile as the desk shows it, and all that leaves of it as one text."""
    shown: dict[str, Any] = grid.look("police", "si-rao", "profile", asked.hash)
    # Over the wire and back, as the portal gets it.
    made = model.read(canonical.loads(canonical.dumps(shown)))
    mark = Mark(made.grid, "police/si-rao", made.case, made.read_at, made.notice)
    copies = to_json(made, mark) + to_csv(made, mark)
    return made, f"{json.dumps(shown, ensure_ascii=False)}{copies.decode()}"


def rewrite(grid: Grid, member: str, key: str, **cells: str) -> None:
    """Change a row at its source."""
    path = grid.agency(member).folder / "rows.csv"
    rows = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
    for row in rows:
        if row["id"] == key:
            row.update(cells)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_granted_values_and_the_rest_by_its_name(grid: Grid) -> None:
    """One narrowed, one denied, one silent, one that was away."""
    grid.members["childcare"].online = False
    asked = grid.ask(KABIR)
    customs = grid.request(asked, "customs", ["name", "birth", "phone"])
    prisons = grid.request(asked, "prisons", ["name"])
    grid.carry()
    grid.decide("customs", "cu-mehta", customs.hash, fields=["name", "birth"])
    grid.decide("prisons", "pr-singh", prisons.hash, reason="legal-bar")
    grid.settle()

    made, copies = read(grid, asked)

    standing = {one.agency: one.standing for one in made.sources}
    assert standing == {"childcare": "unknown", "customs": "part", "prisons": "denied"}
    values = {(one.field, one.text) for one in made.values}
    assert values == {("name", "VANKHEDE KABIR"), ("birth_date", "17.03.1984")}
    assert made.records[0].withheld == ("phone",)
    assert made.records[0].request == customs.hash
    assert "98123 45670" not in copies
    assert "कबीर" not in copies
    rows = {row.field: row.agreement for row in compare.rows(made)}
    assert rows["birth_date"] == "same"
    assert compare.conflicts(made) == []


@pytest.mark.parametrize("cells", [{"role": "VICTIM"}, {"dob": "17.03.2012"}])
def test_a_suspect_who_turns_out_a_victim_or_a_child_is_not_in_it(
    grid: Grid, cells: dict[str, str]
) -> None:
    """Found, asked for, approved; then the row says otherwise, and nothing comes."""
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", ["name", "note"])
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash)
    rewrite(grid, "customs", "CU-1", **cells)
    grid.settle()

    made, copies = read(grid, asked)

    (source,) = [one for one in made.sources if one.agency == "customs"]
    assert (source.standing, source.requests[0].reason) == ("denied", "changed")
    assert made.values == ()
    assert "VANKHEDE KABIR" not in copies
    assert "AI-302" not in copies


def test_the_evidence_of_a_real_node_ties_values_to_signatures(grid: Grid) -> None:
    """The file that is handed over: its records are what their holders signed for."""
    asked = grid.ask(KABIR)
    request = grid.request(asked, "customs", ["name"])
    grid.carry()
    grid.decide("customs", "cu-mehta", request.hash)
    grid.settle()

    def look(object_: str, subject: str, _: int) -> dict[str, Any]:
        shown: dict[str, Any] = grid.look("police", "si-rao", object_, subject)
        return shown

    answer = reading.evidence(Visitor(look, {"query": asked.hash}))

    with zipfile.ZipFile(io.BytesIO(bytes(answer.body))) as made:
        (name,) = [one for one in made.namelist() if one.startswith("records/")]
        record = made.read(name)
        signed = made.read(
            name.replace("records", "statements").replace("json", "dsse")
        )
    customs = grid.agency("police").office.view.find_key
    given = statement.verify(signed, customs, Kind.DISCLOSURE)
    assert given.issuer == "customs"
    assert given["content"] == hashlib.sha256(record).hexdigest()
    assert canonical.loads(record)["fields"] == {"name": ["VANKHEDE KABIR"]}
