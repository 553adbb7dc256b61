"""Names of ten scripts and many habits: what agrees and what must not."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from childgrid_node.normalise import from_fields, tokens_of

GOLDEN = Path(__file__).with_name("golden_names.csv")
# One letter in five changes two of six pairs of letters (0.67): that must stay apart.
LIKE, UNLIKE = 0.75, 0.70


def rows() -> list[dict[str, str]]:
    """The golden pairs."""
    with GOLDEN.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def likeness(left: str, right: str, field: str = "name") -> float:
    """Dice coefficient of two names' tokens in a field; 0 without evidence."""
    persons = (from_fields({"name": [name]}) for name in (left, right))
    one, two = (set(tokens_of(person).get(field, ())) for person in persons)
    return 2 * len(one & two) / max(len(one) + len(two), 1)


@pytest.mark.parametrize(
    "row", rows(), ids=lambda row: f"{row['class']}-{row['left']}-{row['right']}"
)
def test_golden_pair(row: dict[str, str]) -> None:
    """Two writings of one name are alike, two names are not, nor are two of a family.

    Names of one family may agree as a whole, but not in what is a person's own.
    """
    whole = likeness(row["left"], row["right"])
    own = likeness(row["left"], row["right"], "given")

    if row["verdict"] == "agree":
        assert whole >= LIKE
    else:
        assert (own if row["verdict"] == "family" else whole) < UNLIKE


def test_golden_covers_ten_scripts() -> None:
    """The golden file speaks for every script that is promised."""
    scripts = {row["class"] for row in rows()}

    assert scripts >= {
        *("devanagari", "bengali", "gurmukhi", "gujarati", "odia"),
        *("tamil", "telugu", "kannada", "malayalam", "urdu"),
    }
    assert len(rows()) >= 500


@pytest.mark.parametrize(
    "cell",
    [
        "Karim @ Kalu s/o Abdul Rahim",
        "Karim urf Kalu son of Late Sh. Abdul Rahim",
        "KARIM ALIAS KALU S/O. ABDUL RAHIM",
        "Karim s/o Abdul Rahim @ Kalu",
        "Karim (Kalu) S / O Abdul Rahim",
        "करीम उर्फ कालू पुत्र अब्दुल रहीम",
        "Karim a.k.a. Kalu s of Abdul Rahim",
        "Karim @ Kalu C/O Abdul Rahim r/o Village Rampur",
        "KARIM ALIAS KALU SO ABDUL RAHIM",
    ],
)
def test_one_cell_holds_name_alias_and_relative(cell: str) -> None:
    """Whatever the marker, alias and relative leave the name and keep their roles."""
    person = from_fields({"name": [cell]})

    assert person.names == (("karim",),)
    assert person.aliases == (("kalu",),)
    assert person.relatives == (("abdul", "rahim"),)


def test_relative_and_alias_columns_join_what_stands_in_the_name() -> None:
    """Aliases and relatives from their own columns and from the name are one list."""
    person = from_fields(
        {
            "name": ["Ravi @ Kalia d/o Mohan"],
            "alias": ["Pappu / Guddu @ Lambu"],
            "relative": ["Late Shri Mohan", "Smt. Kamla"],
        }
    )

    assert person.names == (("rabi",),)
    assert ("lambu",) in person.aliases
    assert person.relatives == (("mohan",), ("kaml",))


@pytest.mark.parametrize("cell", ["Unknown", "N/A", "अज्ञात", "Not Known", "--", "Late"])
def test_a_placeholder_names_nobody(cell: str) -> None:
    """Two unknown persons must not look alike, so a placeholder gives no tokens."""
    person = from_fields({"name": [cell]})

    assert person.names == ()
    assert person.is_empty()


def test_initials_meet_whole_names_in_the_skeleton() -> None:
    """K. Murugan and Karuppasamy Murugan share the initial of the first name."""
    short = tokens_of(from_fields({"name": ["K. Murugan"]}))
    long = tokens_of(from_fields({"name": ["Murugan Karuppasamy"]}))

    assert "i:k" in short["skeleton"]
    assert set(short["skeleton"]) <= set(long["skeleton"])


def test_alias_tokens_have_the_form_of_name_tokens() -> None:
    """An alias here may be the name there, so both are cut alike."""
    name = tokens_of(from_fields({"name": ["Kalu Ram"]}))
    alias = tokens_of(from_fields({"name": ["Ramesh @ Kalu Ram"]}))

    assert name["name"] == alias["alias"]


def test_two_persons_in_a_residence_do_not_lend_their_names() -> None:
    """What follows "r/o" is an address and no name."""
    person = from_fields({"name": ["Salim r/o Village Rampur, Dist Meerut 250001"]})

    assert person.names == (("salim",),)
    assert person.pin == "250001"
    assert "rampur" in person.address


@pytest.mark.parametrize(
    ("short", "long"),
    [("Ram", "Ram Mishra"), ("Devi", "Sunita Devi"), ("Ram Singh", "Ram Singh Yadav")],
)
def test_a_generic_name_agrees_weakly_with_a_longer_one(short: str, long: str) -> None:
    """ "Ram" may be Ram Mishra: something is shared, but little."""
    assert 0 < likeness(short, long) < UNLIKE


def test_a_generic_name_is_no_beginning_of_another() -> None:
    """Ram is not Ramesh, although the letters begin alike."""
    assert likeness("Ram", "Ramesh") == 0


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("Suresh Jadhav", "Suresh"),
        ("Jadhav Suresh", "Suresh"),
        ("Suresh Pandurang Jadhav s/o Pandurang", "Suresh"),
        ("Rameshgadhvi", "Ramesh"),
        ("Balwinder Kaur Gill", "Balwinder"),
    ],
)
def test_what_is_a_persons_own_is_told_from_the_familys(name: str, own: str) -> None:
    """Surname, father's name and generic parts are left out, whatever the order."""
    assert likeness(name, own, "given") == 1


def test_a_name_of_family_names_only_says_nothing_of_its_own() -> None:
    """Missing is no evidence: no brother is told apart by it."""
    assert "given" not in tokens_of(from_fields({"name": ["Mohd. Ansari"]}))


@pytest.mark.parametrize(
    ("fields", "sex"),
    [
        ({"name": ["Smt. Kamla"]}, "f"),
        ({"name": ["Poonam w/o Vijay"]}, "f"),
        ({"name": ["Ravi S/O Smt. Kamla"]}, "m"),
        ({"name": ["Shri Mohan"]}, "m"),
        ({"name": ["श्रीमती सुनीता"]}, "f"),
        ({"name": ["Shri Mohan"], "sex": ["Female"]}, "f"),
        ({"name": ["Kamla"], "relative": ["Smt. Sita"]}, ""),
    ],
)
def test_a_title_tells_the_sex_where_no_column_does(
    fields: dict[str, list[str]], sex: str
) -> None:
    """Only the person's own title or kinship word counts, and a column comes first."""
    assert from_fields(fields).sex == sex
