"""What states nothing, in ten scripts, and what only looks as if it did not."""

from __future__ import annotations

import pytest

from childgrid_node.normalise import from_fields
from childgrid_node.normalise.lexicon import table
from childgrid_node.normalise.unsaid import states_nothing
from childgrid_wire.kinds import FIELDS

NOTHING = [
    *("", "  ", "-", "--", "...", "____", "***", "NA", "n.a.", "N/A", "#N/A", "Nil"),
    *("NULL", "<null>", "None", "nan", "0", "000", "00/00/0000", "xxx", "XX-XX-XXXX"),
    *("unknown", "Not Known", "notknown", "NOT_AVAILABLE", "not given", "don't know"),
    *(
        "-- Select --",
        "--Select State--",
        "Please select",
        "Others",
        "other",
        "dd/mm/yyyy",
    ),
    *(
        "Father's name not known",
        "No passport",
        "name: unknown",
        "NA NA",
        "Mobile no.: Nil",
    ),
    *(
        "District",
        "जिला",
        "Not known, Dist. not known",
        "did not state",
        "-do-",
        "ditto",
    ),
    *("अज्ञात", "पता नहीं", "पिता का नाम अज्ञात", "माहीत नाही", "थाहा छैन", "अन्य", "चुनें"),
    *("জানা নেই", "অজ্ঞাত", "ਪਤਾ ਨਹੀਂ", "ખબર નથી", "ଜଣା ନାହିଁ", "தெரியவில்லை", "తెలియదు"),
    *("ಗೊತ್ತಿಲ್ಲ", "അറിയില്ല", "نامعلوم", "معلوم نہیں", "जिला: अज्ञात"),
]
SOMETHING = [
    *(
        "Nil Ratan",
        "Noor",
        "Nandan",
        "No. 14",
        "Na Tirkey",
        "Nathu",
        "Otherland",
        "Test Road",
    ),
    *(
        "N.K.",
        "W.B.",
        "D. B.",
        "UK",
        "Ram",
        "1",
        "S/o Ram",
        "Distt. Cochin",
        "House No 7",
        "00/00/1990",
    ),
    *("नामदेव", "न", "ਰਾਜ", "பிறை", "అన్యా", "Unknown Raju", "Name: Asha", "Sadar", "सदर"),
]


@pytest.mark.parametrize("cell", NOTHING)
def test_a_default_entry_states_nothing(cell: str) -> None:
    """Whatever its case, its signs, its script, and the label that stands with it."""
    assert states_nothing(cell)


@pytest.mark.parametrize("cell", SOMETHING)
def test_what_looks_like_one_still_states_something(cell: str) -> None:
    """A name that begins like a placeholder, a label with a value, an initial."""
    assert not states_nothing(cell)


def test_every_phrase_and_label_of_the_table_is_understood() -> None:
    """No entry is spelt so that the reader of cells can't meet it."""
    parts = table("unsaid").values()
    entries = [
        e for part in parts for e in (*part.get("phrases", ()), *part.get("words", ()))
    ]

    assert len(entries) > 400
    assert [
        entry for entry in entries if not states_nothing(f" {entry.upper()}. ")
    ] == []


@pytest.mark.parametrize("field", sorted(set(FIELDS) - {"identifier"}))
def test_a_cell_of_any_length_is_read(field: str) -> None:
    """What Python would not take for a number is none, in digits of any script."""
    for text in ("9" * 5_000, "۱" * 5_000, "1/" * 2_500, "x1" * 2_500, "1." * 2_500):
        assert from_fields({field: [text]}) is not None
