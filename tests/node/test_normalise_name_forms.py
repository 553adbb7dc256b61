"""Forms that names take in registers: marks, initials, titles, joined words."""

from __future__ import annotations

import pytest

from childgrid_node.normalise import from_fields, tokens_of
from childgrid_node.normalise.person import Person
from childgrid_node.normalise.words import place_word


def own(cell: str) -> Person:
    """The person whom one cell of a name's column describes."""
    return from_fields({"name": [cell]})


@pytest.mark.parametrize(
    "cell",
    [
        "Lata W/o.Mahadev",
        "Lata w/oMahadev",
        "Lata W / O Mahadev",
        "Lata W\\\\O Mahadev",
        "Lata (W/O Mahadev)",
        "Lata (W/O) Mahadev",
        "Lata W/of Mahadev",
        "Lata w/0 Mahadev",
        "Lata WO Sh Mahadev",
        "Lata H: Mahadev",
        "Lata husband's name Mahadev",
        "लता पत्नी महादेव",
        "लता पति: महादेव",
        "লতা স্বামী- মহাদেব",
        "લતા પતિ મહાદેવ",
        "ਲਤਾ ਪਤੀ ਮਹਾਦੇਵ",
        "ଲତା ସ୍ୱାମୀ ମହାଦେବ",
        "லதா க/பெ மகாதேவ்",
        "లతా భర్త మహాదేవ్",
        "ಲತಾ ಗಂಡ ಮಹಾದೇವ್",
        "ലത ഭർത്താവ്: മഹാദേവ്",
        "لتا زوجہ مہادیو",
    ],
)
def test_a_relative_inside_the_name_keeps_its_role(cell: str) -> None:
    """Whatever the script and the blanks, the husband is no part of the wife's name."""
    person = own(cell)

    assert len(person.relatives) == 1 or person.aliases == ()
    assert all("mah" not in word for name in person.names for word in name)
    assert any("mah" in w or "mag" in w for name in person.relatives for w in name)


@pytest.mark.parametrize(
    "cell",
    [
        "Lata, Vill. Rampur",
        "Lata, H.No. 12 Gandhi Nagar",
        "Lata Ward No 3",
        "लता, ग्राम रामपुर",
    ],
)
def test_where_somebody_lives_is_no_part_of_the_name(cell: str) -> None:
    """A clerk who writes the address on needs no "r/o" for it."""
    assert own(cell).names == own("Lata").names


@pytest.mark.parametrize(
    "cell", ["Lata, Dist. Gaya", "Lata r/o Dist. Gaya", "Lata D/o Ram Pal, Distt Gaya"]
)
def test_where_somebody_lives_is_read_out_of_the_name(cell: str) -> None:
    """The words that say what a place is are left to the reader of addresses."""
    whole = from_fields({"name": ["Lata"], "address": ["Dist. Gaya"]})

    assert tokens_of(own(cell))["district"] == tokens_of(whole)["district"]


@pytest.mark.parametrize(
    "cell", ["Thana Ram", "Village Singh", "Dist Ram Pal", "Shri Taluk Ram"]
)
def test_a_word_of_an_address_that_begins_a_name_is_a_name(cell: str) -> None:
    """Nobody has been named before it."""
    assert own(cell).names
    assert own(f"Ravi s/o {cell}").relatives == own(cell).names


@pytest.mark.parametrize(
    ("cell", "sex"),
    [
        ("Kiran S.O. Mohan", "m"),
        ("Kiran D.O. Mohan", "f"),
        ("Kiran dau of Mohan", "f"),
    ],
)
def test_whose_child_somebody_is_tells_the_sex(cell: str, sex: str) -> None:
    """In every way of writing it."""
    assert own(cell).sex == sex


def test_care_of_om_keeps_the_name_om() -> None:
    """In "S/Om Prakash" one letter does duty for two."""
    assert own("Ravi S/Om Prakash").relatives == own("Ravi S/o Om Prakash").relatives


@pytest.mark.parametrize("kin", ["S/O", "C/O", "W/O", "F/O", "s/o"])
def test_prakash_behind_a_marker_is_a_relative(kin: str) -> None:
    """With a blank between them the O is the marker's, at the cell's beginning too."""
    found = own(f"RAMESH {kin} PRAKASH")
    assert (found.names, found.relatives) == (own("Ramesh").names, own("Prakash").names)
    assert own(f"{kin} Prakash Gupta").relatives == own("Prakash Gupta").names


@pytest.mark.parametrize(
    ("cell", "alias"),
    [
        ("Ponnan (எ) Kuttan", "Kuttan"),
        ("Ponnan (a) Kuttan", "Kuttan"),
        ("Ponnan orf Kuttan", "Kuttan"),
        ("Ponnan alies Kuttan", "Kuttan"),
        ("Ponnan known as Kuttan", "Kuttan"),
        ("Ponnan @@ Kuttan", "Kuttan"),
    ],
)
def test_an_alias_is_told_by_every_sign(cell: str, alias: str) -> None:
    """The sign goes, the second name is an alias and the first stays the name."""
    person = own(cell)

    assert person.names == own("Ponnan").names
    assert person.aliases == own(alias).names


def test_a_sign_in_brackets_is_no_name() -> None:
    """Manipur's "(L)" says that the father is dead, and names nobody."""
    assert own("Ibomcha (L) Tomba").aliases == ()


def test_a_girl_called_alia_has_a_name() -> None:
    """What is a name too marks an alias only between two whole words."""
    assert own("Alia Bano").names == (("alia", "bano"),)
    assert own("Ramesh alia Kallu").aliases == (("kalu",),)


@pytest.mark.parametrize(
    ("written", "initials"),
    [
        ("ಎಸ್. ಕೆ. ರುದ್ರಪ್ಪ", "sk"),
        ("एस.के. रुद्रप्पा", "sk"),
        ("এস কে রুদ্র", "sk"),
        ("SK. Rudrappa", ""),
        ("SP Rudrappa", "sp"),
        ("Th. Rudrappa", "t"),
        ("மு. ருத்ரப்பா", "m"),
    ],
)
def test_initials_spelled_as_letters_or_without_dots(
    written: str, initials: str
) -> None:
    """A letter's name is that letter; "Sk." is Sheikh; no initial is a whole word."""
    words = own(written).names[0]

    assert tuple(word for word in words if len(word) == 1) == tuple(initials)


@pytest.mark.parametrize(
    ("whole", "apart"),
    [
        ("Ramavatar", "Ramavatar"),
        ("Ramnaresh", "Ram Naresh"),
        ("Jaikishan", "Jai Krishna"),
        ("Abdulwahab", "Abdul Wahab"),
        ("Abdurrazzak", "Abdul Razak"),
        ("Saif-ul-Islam", "Saiful Islam"),
        ("Fakhruddin", "Fakhr ud Din"),
        ("Hemlata", "Hem Lata"),
        ("Rajkumarsingh", "Raj Kumar Singh"),
        ("KAILASHPRASADVERMA", "Kailash Prasad Verma"),
        ("Sarojiniyamma", "Sarojini Amma"),
    ],
)
def test_joined_and_split_are_one(whole: str, apart: str) -> None:
    """A blank lost or put in changes no token of the name."""
    one, two = (tokens_of(own(cell)) for cell in (whole, apart))

    assert (one["name"], one["skeleton"]) == (two["name"], two["skeleton"])


@pytest.mark.parametrize("cell", ["Vikram", "Sundaram", "Debnath", "Ramzan", "Lakhan"])
def test_what_only_looks_joined_stays_whole(cell: str) -> None:
    """No Ram in Vikram, no Nath beside a Dev in a Debnath."""
    assert len(own(cell).names[0]) == 1


@pytest.mark.parametrize(
    ("titled", "plain"),
    [
        ("Pt. Dinanath Koul", "Dinanath Koul"),
        ("स्व0 हरदयाल बैगा", "हरदयाल बैगा"),
        ("Smti. Rina Boro", "Rina Boro"),
        ("XXX LHAMO", "Lhamo"),
        ("LNU<<GYALTSEN", "Gyaltsen"),
        ("Ongbi Sanahanbi", "Sanahanbi"),
        ("Venkat garu", "Venkat"),
    ],
)
def test_titles_and_fillers_are_left_out(titled: str, plain: str) -> None:
    """A title, an abbreviation's nought, a traveller's filler say nothing of a name."""
    assert own(titled).names == own(plain).names


def test_a_title_that_is_a_name_too_goes_only_before_others() -> None:
    """Pandit Hari Ojha bears a title, Ramesh Pandit a surname."""
    assert own("Pandit Hari Ojha").names == own("Hari Ojha").names
    assert own("Ramesh Pandit").names != own("Ramesh").names


@pytest.mark.parametrize(
    "cell", ["Male Child", "(name not given) Baby Girl", "FNU LNU"]
)
def test_an_unnamed_child_has_no_name(cell: str) -> None:
    """Two nameless newborns must not look alike."""
    assert own(cell).names == own(cell).aliases == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rashid", "Rashida"),
        ("Aditya", "Aditi"),
        ("Kamal", "Kamala"),
        ("Lalhminga", "Lalhmingi"),
        ("Tripti", "Tripathi"),
        ("Abdul", "Abdullah"),
        ("G. Pir", "Ghulam Pir"),
        ("Saha", "Shah"),
        ("Jadhav", "Yadav"),
    ],
)
def test_a_sister_is_not_her_brother(one: str, other: str) -> None:
    """Spelling classes end where they would make two names one."""
    assert own(one).names != own(other).names


def test_places_are_not_folded_as_names() -> None:
    """A Vihar is no Bihar: v and b tell places apart, though not names."""
    assert place_word("vihar") != place_word("bihar")
    assert own("Vimal").names == own("Bimal").names
