"""The case that the demo tells: who is planted where, and who must not be found.

A girl's FIR in Purulia names a man whom three other agencies know, each by another
spelling, and a fourth from the day it joins. Beside him stand the people whom a
careless search would give instead. All of them are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from deploy.sample import numbers
from deploy.sample.people import TODAY

Query = Mapping[str, tuple[str, ...]]
"""Grid field → values, as an officer would type them; `age` is as of `asked_on`."""

FIR = "WB/PUR-0417/2026"
_PHONE = numbers.checked_phone("930314159")
_SECOND_PHONE = numbers.checked_phone("930265358")
_HOME = "Vill. Kumardubi, P.O. Kumardubi, Dist. Purulia, West Bengal"
_ABROAD = "Y4182736"

SUSPECT: Query = {
    "name": ("Nityananda Sarkhel",),
    "alias": ("Nitai",),
    "relative": ("Haradhan Sarkhel",),
    "age": ("39",),
    "sex": ("M",),
    "district": ("Purulia",),
    "state": ("West Bengal",),
    "phone": (_PHONE,),
}
MINOR: Query = {
    "name": ("Nityananda Sarkar",),
    "relative": ("Gour Sarkar",),
    "age": ("14",),
    "sex": ("M",),
    "district": ("Purulia",),
    "state": ("West Bengal",),
}
VICTIM: Query = {
    "name": ("Sumitra Kayal",),
    "relative": ("Bimal Kayal",),
    "age": ("24",),
    "sex": ("F",),
    "district": ("Purulia",),
    "state": ("West Bengal",),
}
UNKNOWN: Query = {
    "name": ("Mriganka Khound",),
    "relative": ("Prafulla Khound",),
    "age": ("45",),
    "sex": ("M",),
    "district": ("Sivasagar",),
    "state": ("Assam",),
    "phone": (numbers.checked_phone("930897932"),),
}


class Planted(NamedTuple):
    """One planted row: agency, whose it is, and its cells by column."""

    agency: str
    who: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Decoy:
    """A row that a search for the suspect must not take for his, and why."""

    agency: str
    key: str
    who: str


@dataclass(frozen=True)
class Story:
    """What was planted, by record key.

    `records` maps an agency to the key of the row that is truly the suspect's;
    `queries` for the minor and the victim must be answered as the one for `unknown`
    is. `minor_record` stands in childcare, `victim_record` in police under `fir`.
    """

    fir: str
    asked_on: date
    suspect: Query
    records: Mapping[str, str]
    decoys: tuple[Decoy, ...]
    minor: Query
    minor_record: str
    victim: Query
    victim_record: str
    unknown: Query


PLANTED = (
    Planted(
        "customs",
        "suspect",
        {
            "passenger_name": "SARKHEL NITYANAND",
            "passport": _ABROAD,
            "birth_date": "14.03.1986",
            "sex": "M",
            "nationality": "IND",
            "phone": f"+91 {_PHONE}",
            "declared_address": "VILL KUMARDUBI, DIST PURULIYA, WEST BENGAL",
            "flight_no": "BG392",
            "arrival_date": "02.11.2025",
        },
    ),
    Planted(
        "prisons",
        "suspect",
        {
            "prisoner_name": "नित्यानंद सरखेल @ निताई",
            "father_name": "हराधन सरखेल",
            "age_on_admission": "33",
            "admitted_on": "2019-02-11",
            "sex": "Male",
            "home_district": "Puruliya",
            "state": "West Bengal",
            "sections": "IPC 370, 372",
            "released_on": "2021-08-30",
            "mobile_of_visitor": numbers.checked_phone("930384626"),
            "updated_at": "2021-08-30 06:30:00",
        },
    ),
    Planted(
        "childcare",
        "suspect",
        {
            "person_name": "নিতাই সরখেল",
            "person_role": "ACCUSED",
            "guardian_name": "হারাধন সরখেল",
            "age": "37",
            "record_date": "19/09/2023",
            "gender": "Male",
            "district": "Purulia",
            "state": "West Bengal",
            "contact_no": _PHONE,
            "cci_code": "CCI-WB-07",
        },
    ),
    Planted(
        "transport",
        "suspect",
        {
            "rc_regn_no": "WB55K4071",
            "rc_regn_dt": "22-06-2022",
            "rc_owner_sr": "1",
            "rc_owner_name": "NITYA NANDA SORKHEL",
            "rc_f_name": "HARADHON SARKHEL",
            "rc_present_address": f"{_HOME} - 723128".upper(),
            "rc_mobile_no": _SECOND_PHONE,
            "rc_vch_catg": "LMV",
            "dl_no": "WB5520080031416",
            "dob_yyyymmdd": "19860314",
        },
    ),
    Planted(
        "prisons",
        "brother",
        {
            "prisoner_name": "सदानंद सरखेल",
            "father_name": "हराधन सरखेल",
            "age_on_admission": "28",
            "admitted_on": "2020-01-20",
            "sex": "Male",
            "home_district": "Purulia",
            "state": "West Bengal",
            "sections": "IPC 379, 411",
            "released_on": "2020-03-05",
            "updated_at": "2020-03-05 06:30:00",
        },
    ),
    Planted(
        "transport",
        "brother",
        {
            "rc_regn_no": "WB55L9018",
            "rc_regn_dt": "03-12-2023",
            "rc_owner_sr": "1",
            "rc_owner_name": "SADANANDA SARKHEL",
            "rc_f_name": "HARADHAN SARKHEL",
            "rc_present_address": f"{_HOME} - 723128".upper(),
            "rc_mobile_no": _SECOND_PHONE,
            "rc_vch_catg": "2WN",
            "dl_no": "WB5520120027182",
            "dob_yyyymmdd": "19910825",
        },
    ),
    Planted(
        "police",
        "namesake",
        {
            "fir_no": "WB/PUR-0093/2024",
            "fir_date": "17-02-2024",
            "police_station": "Chandidanga",
            "role": "ACCUSED",
            "accused_name": "NITYANANDA SARKHEL",
            "father_husband_name": "Bhabani Sarkhel",
            "age": "61",
            "sex": "M",
            "ps_district": "Purulia",
            "state": "West Bengal",
            "mobile": numbers.checked_phone("930433832"),
            "acts_sections": "BNS 303(2)",
            "status": "CHARGESHEETED",
        },
    ),
    Planted(
        "childcare",
        "minor",
        {
            "person_name": "Nityananda Sarkar",
            "person_role": "CHILD",
            "guardian_name": "Gour Sarkar",
            "age": "13",
            "record_date": "08/05/2025",
            "gender": "Male",
            "district": "Purulia",
            "state": "West Bengal",
            "contact_no": numbers.checked_phone("930795028"),
            "cci_code": "CCI-WB-07",
        },
    ),
    Planted(
        "police",
        "victim",
        {
            "fir_no": FIR,
            "fir_date": "21-05-2026",
            "police_station": "Kalyandanga",
            "role": "VICTIM",
            "accused_name": "Sumitra Kayal",
            "father_husband_name": "Bimal Kayal",
            "age": "24",
            "sex": "F",
            "present_address": _HOME,
            "ps_district": "Purulia",
            "state": "West Bengal",
            "mobile": _PHONE,
            "acts_sections": "BNS 143(4), 144(2)",
            "status": "OPEN",
        },
    ),
    Planted(
        "police",
        "unnamed",
        {
            "fir_no": FIR,
            "fir_date": "21-05-2026",
            "police_station": "Kalyandanga",
            "role": "ACCUSED",
            "accused_name": "UNKNOWN",
            "ps_district": "Purulia",
            "state": "West Bengal",
            "acts_sections": "BNS 143(4), 144(2)",
            "status": "OPEN",
        },
    ),
)
"""Every planted row; those of one `who` are one person."""

WHO = frozenset(one.who for one in PLANTED)


def told(keys: Mapping[tuple[str, str], str]) -> Story:
    """The story, given the record key of each planted (agency, who)."""
    his = {agency: key for (agency, who), key in keys.items() if who == "suspect"}
    return Story(
        fir=FIR,
        asked_on=TODAY,
        suspect=SUSPECT,
        records=his,
        decoys=tuple(
            Decoy(agency, key, who)
            for (agency, who), key in keys.items()
            if who != "suspect"
        ),
        minor=MINOR,
        minor_record=keys["childcare", "minor"],
        victim=VICTIM,
        victim_record=keys["police", "victim"],
        unknown=UNKNOWN,
    )
