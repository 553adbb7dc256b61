"""The mapping file: every form it may take, and every way to get it wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from childgrid_node.mapping import Aged, Columns, Grant, Mapping, Typed, Where
from childgrid_node.source_errors import MappingError
from childgrid_wire.kinds import FIELDS

FULL = """
agency   = "cctns"
category = "police-record"
source   = "postgresql+psycopg://reader:secret@db/cctns"
relation = "childgrid_view"
key      = "record_id"
updated  = "updated_at"
role     = { column = "part", victim = ["VICTIM"], suspect = ["ACCUSED", "Arrested"] }
event    = "fir_date"

[fields]
name       = ["given_names", "surname"]
alias      = "alias_name"
age        = { column = "age", as_of = "fir_date" }
phone      = ["mobile", "alternate_no"]
identifier = { type = "poi_type", number = "poi_number" }

[disclose]
offences = { column = "acts_sections", category = "court" }
photo    = { column = "photo_ref" }

[where]
status = { not_in = ["ACQUITTED", "WITHDRAWN"] }
open   = { in = [true, 1] }
"""

SMALL = """
agency = "a"
source = "a.csv"
key = "id"
[fields]
name = "n"
"""


def test_a_day_for_all_ages_is_a_toml_date() -> None:
    """In quotes it is a column's name; a time is neither."""
    ages = SMALL + 'age = { column = "age", as_of = %s }\n'

    assert Mapping.parse(ages % "2024-01-01").fields["age"] == Aged(
        "age", None, date(2024, 1, 1)
    )
    assert Mapping.parse(ages % "'2024-01-01'").columns() == (
        "id",
        "n",
        "age",
        "2024-01-01",
    )
    for wrong in ("2024", "2024-01-01T00:00:00", "''"):
        with pytest.raises(MappingError, match=r"fields\.age\.as_of"):
            Mapping.parse(ages % wrong)


def test_every_form_is_read() -> None:
    """Columns, lists, pairs, roles, grants and filters keep what the file says."""
    found = Mapping.parse(FULL)

    assert found.fields["name"] == Columns(("given_names", "surname"))
    assert found.fields["alias"] == Columns(("alias_name",))
    assert found.fields["age"] == Aged("age", "fir_date")
    assert found.fields["identifier"] == Typed("poi_type", "poi_number")
    assert found.grants["offences"] == Grant(("acts_sections",), "court")
    assert found.grants["photo"] == Grant(("photo_ref",), "police-record")
    assert found.where == (
        Where("status", frozenset({"acquitted", "withdrawn"}), keep=False),
        Where("open", frozenset({"true", "1"}), keep=True),
    )
    assert (found.event, found.updated) == ("fir_date", "updated_at")


def test_every_column_is_listed_once_key_first() -> None:
    """The register asks for exactly the columns that the file names."""
    found = Mapping.parse(FULL).columns()

    assert found[0] == "record_id"
    assert len(found) == len(set(found)) == 16
    assert set(found) >= {"part", "fir_date", "acts_sections", "status", "poi_number"}


def test_left_out_settings_have_their_defaults() -> None:
    """Without [disclose] the mapped fields may be granted; without a role, `other`."""
    found = Mapping.parse(SMALL)

    assert found.grants["name"] == Grant(("n",), "")
    assert found.role.of("") == "other"
    assert (found.relation, found.event, found.where) == (None, None, ())


@pytest.mark.parametrize(
    ("text", "role"),
    [
        *(("victim ", "victim"), ("ARRESTED", "suspect")),
        *(("Witness", "other"), ("", "other")),
    ],
)
def test_roles_are_compared_without_case_and_blanks(text: str, role: str) -> None:
    """A role column is read as people write it; what is not listed is `other`."""
    assert Mapping.parse(FULL).role.of(text) == role


def test_a_filter_is_compared_without_case_and_blanks() -> None:
    """ "Acquitted" is kept out by "ACQUITTED"; an empty cell is not."""
    rule = Mapping.parse(FULL).where[0]

    assert not rule.admits(" Acquitted ")
    assert rule.admits("PENDING")
    assert rule.admits("")


@pytest.mark.parametrize(
    "written",
    [
        "बाइज़्ज़त बरी",
        "बाइ\u095b्\u095bत बरी",  # the same two letters in one sign each
        "बाइज़्ज़त\u00a0 बरी",
        "बाइज़्\u200dज़त बरी\ufeff",
    ],
)
def test_words_that_look_the_same_are_the_same(written: str) -> None:
    """What keyboards and exports do to a word leaves nobody in who was acquitted."""
    text = FULL.replace('"WITHDRAWN"', '"बाइज़्ज़त बरी"')

    assert not Mapping.parse(text).where[0].admits(written)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('key = "id"', "", "key is missing"),
        ('key = "id"', "key = 1", "key has a wrong type"),
        ('key = "id"', 'key = "id"\nkye = "id"', "kye is unknown; allowed: agency"),
        (
            'key = "id"',
            'key = "id"\ncategory = "movment"',
            "category 'movment' is none; allowed: identity",
        ),
        ('key = "id"', 'key = "id"\nrole = "boss"', "suspect, victim, other"),
        ('key = "id"', 'key = "id"\nrole = { victim = ["V"] }', "role.column is"),
        (
            'key = "id"',
            'key = "id"\nrole = { column = "r", victim = ["V"], suspect = ["v "] }',
            "lists one value twice",
        ),
        ('name = "n"', 'nmae = "n"', "fields.nmae is unknown; allowed: name, alias"),
        ('name = "n"', "name = 3", "fields.name"),
        ('name = "n"', "name = []", "a column, or a list of columns"),
        ('name = "n"', 'name = ["n", 1]', "fields.name"),
        ('name = "n"', 'name = { column = "n" }', "a column or a list of columns"),
        ('name = "n"', 'age = ["a", "b"]', "fields.age"),
        ('name = "n"', 'age = { colum = "a" }', "fields.age.colum is unknown"),
        ('name = "n"', 'identifier = "i"', "type = "),
        ('name = "n"', 'identifier = { type = "t" }', "fields.identifier.number is"),
        ('name = "n"', "", "names no grid field"),
        ("[fields]", "[field]", "field is unknown"),
        ('key = "id"', 'key = "id"\nretain = 7', "retain is no column"),
        ('key = "id"', 'key = "id"\nretain = { column = "a" }', "retain.years is no"),
        (
            'key = "id"',
            'key = "id"\nretain = { column = "a", years = 0 }',
            "retain.years is no number",
        ),
        ('name = "n"', 'name = "n"\n[where]\ns = "X"', "where.s is not one rule"),
        ('name = "n"', 'name = "n"\n[where]\ns = { not = [] }', "where.s.not is"),
        ('name = "n"', 'name = "n"\n[where]\ns = { in = "X" }', "where.s.in is no"),
        ('name = "n"', 'name = "n"\n[where]\ns = { in = [1.5] }', "wrong type"),
        ('name = "n"', 'name = "n"\n[disclose]\no = "c"', "disclose.o is no table"),
        ('name = "n"', 'name = "n"\n[disclose.o]\ncategory = "c"', "disclose.o.column"),
        (
            'name = "n"',
            'name = "n"\n[disclose.o]\ncolumn = "n"\ncategory = "c"',
            "disclose.o.category 'c' is none",
        ),
        ('agency = "a"', 'agency = "a', "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_key_and_help(
    old: str, new: str, says: str
) -> None:
    """Each mistake names the file, the key and what is allowed."""
    text = SMALL.replace(old, new)
    assert text != SMALL

    with pytest.raises(MappingError) as error:
        Mapping.parse(text, Path("cctns.toml"))

    assert str(error.value).startswith("cctns.toml: ")
    assert says in str(error.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is a mapping error, not a traceback."""
    with pytest.raises(MappingError, match="cannot be read"):
        Mapping.read(tmp_path / "none.toml")


def test_every_grid_field_can_be_mapped() -> None:
    """The list of grid fields and the reader agree."""
    lines = [f'{field} = "c"' for field in FIELDS if field != "identifier"]
    lines.append('identifier = { type = "t", number = "n" }')

    found = Mapping.parse(SMALL.replace('name = "n"', "\n".join(lines)))

    assert tuple(found.fields) == FIELDS


def test_a_mapping_does_not_show_its_password() -> None:
    """The source's address may hold a password and stays out of `repr`."""
    assert "secret" not in repr(Mapping.parse(FULL))
    assert "secret" not in f"{Mapping.parse(FULL)}"


def test_a_mapping_cannot_be_changed() -> None:
    """What was read is what is used."""
    found = Mapping.parse(SMALL)

    with pytest.raises(AttributeError):
        found.key = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.fields["name"] = Columns(("x",))  # type: ignore[index]
