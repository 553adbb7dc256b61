"""Five agencies' tables, and the queries: own columns, formats, gaps and quirks.

Each `row` function writes one person into one cell per column, the key left out. What
the columns mean to the grid stands only in the mapping beside this file
(`police.toml` and so on), never here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from deploy.sample import numbers, spell
from deploy.sample.people import TODAY, Draw, Person, pick

Row = tuple[str, ...]

_FIRST = date(2017, 1, 1).toordinal()
_LAST = TODAY.toordinal()
_SECTIONS = (
    "BNS 137(2), 143(4)",
    "BNS 98, 99",
    "POCSO 4, 6",
    "ITPA 3, 4, 5",
    "BNS 303(2)",
    "BNS 115(2), 351(2)",
    "IPC 363, 366A, 370",
    "IPC 379, 411",
    "JJ Act 75, 81",
    "NDPS 20(b)",
)
_NATIVE_JAILS = frozenset({"Devanagari", "Bengali", "Tamil"})
_ABROAD = {"Bengali": "BGD", "Devanagari": "NPL"}


class Table(NamedTuple):
    """One agency: key prefix and columns (key first), its share of children, rows."""

    agency: str
    prefix: str
    columns: tuple[str, ...]
    children: float
    row: Callable[[Person, Draw], Row]


def _day(ordinal: int, form: str) -> str:
    on = date.fromordinal(ordinal)
    return form.format(y=on.year, m=on.month, d=on.day)


def _is_child(person: Person) -> bool:
    return _LAST - person.born < 18 * 365


def _police(person: Person, draw: Draw) -> Row:
    at = spell.day(person, draw, 12, _FIRST, _LAST)
    place = person.home.place
    child = _is_child(person)
    victim = draw() < (0.85 if child else 0.12)
    name = spell.known_as(person, spell.name(person, draw, draw() < 0.05), draw)
    if draw() < 0.05:
        name = spell.with_kin(person, name, draw)
    return (
        f"{place.code}/{int(draw() * 99_999) + 1:05d}/{date.fromordinal(at).year}",
        _day(at, "{d:02d}-{m:02d}-{y}"),
        pick(person.home.region.villages, draw),
        "VICTIM" if victim else "ACCUSED",
        spell.cased(spell.courteous(person, spell.slip(name, draw), draw), draw),
        spell.slip(spell.relative(person, draw), draw) if draw() < 0.72 else "",
        *_police_age(person, at, draw),
        "F" if person.female else "M",
        spell.address(person, draw, 0.7),
        spell.slip(pick(place.district, draw), draw, 0.02),
        pick(place.state, draw),
        spell.telephone(person, draw, 0.45),
        _uid(person, draw),
        pick(_SECTIONS, draw),
        pick(("OPEN",) * 6 + ("CHARGESHEETED",) * 9 + ("ACQUITTED",), draw),
    )


def _police_age(person: Person, at: int, draw: Draw) -> Row:
    dice = draw()
    if dice < 0.3:
        return _day(spell.birth(person, draw), "{d:02d}-{m:02d}-{y}"), "", ""
    if dice < 0.45:
        return "", str(date.fromordinal(person.born).year), ""
    return "", "", spell.age(person, at, draw) if dice < 0.95 else ""


def _uid(person: Person, draw: Draw) -> str:
    dice = draw()
    if dice >= 0.2:
        return ""
    number = numbers.aadhaar(person.number)
    if dice < 0.05:
        return f"XXXX XXXX {number[8:]}"
    return number if dice < 0.14 else f"{number[:4]} {number[4:8]} {number[8:]}"


def _customs(person: Person, draw: Draw) -> Row:
    abroad = _ABROAD.get(person.home.region.script) if draw() < 0.06 else None
    passport = numbers.passport(person.number)
    at = spell.day(person, draw, 2, _FIRST, _LAST)
    return (
        spell.slip(spell.machine_name(person, draw), draw, 0.03),
        f"{abroad[:2]}{passport[1:]}" if abroad else passport if draw() < 0.97 else "",
        _day(spell.birth(person, draw), "{d:02d}.{m:02d}.{y}"),
        "F" if person.female else "M",
        abroad or "IND",
        spell.telephone(person, draw, 0.6),
        spell.address(person, draw, 0.55).upper(),
        pick(("AI", "6E", "BG", "EK", "RA"), draw) + str(100 + int(draw() * 900)),
        _day(at, "{d:02d}.{m:02d}.{y}"),
    )


def _prisons(person: Person, draw: Draw) -> Row:
    at = spell.day(person, draw, 18, _FIRST, _LAST - 30)
    out = _day(at + 10 + int(draw() * 900), "{y}-{m:02d}-{d:02d}")
    native = person.home.region.script in _NATIVE_JAILS and draw() < 0.6
    name = spell.name(person, draw, native)
    place = person.home.place
    return (
        name if native else spell.known_as(person, spell.slip(name, draw), draw),
        spell.relative(person, draw, native) if draw() < 0.9 else "",
        spell.age(person, at, draw),
        _day(at, "{y}-{m:02d}-{d:02d}"),
        "Female" if person.female else "Male",
        pick(place.district, draw),
        place.state[0],
        pick(_SECTIONS, draw),
        out if out < TODAY.isoformat() and draw() < 0.8 else "",
        numbers.phone(numbers.PHONES - 1 - person.number) if draw() < 0.4 else "",
        _day(min(at + 1 + int(draw() * 400), _LAST), "{y}-{m:02d}-{d:02d} 06:30:00"),
    )


def _childcare(person: Person, draw: Draw) -> Row:
    at = spell.day(person, draw, 1, _FIRST, _LAST)
    grown = ("GUARDIAN",) * 4 + ("STAFF",) * 3 + ("ACCUSED",) * 5
    native = draw() < 0.35
    name = spell.name(person, draw, native)
    place = person.home.place
    return (
        name if native else spell.slip(name, draw)[:24].rstrip(),
        "CHILD" if _is_child(person) else pick(grown, draw),
        spell.relative(person, draw, native) if draw() < 0.65 else "",
        spell.age(person, at, draw) if draw() < 0.75 else "",
        _day(at, "{d:02d}/{m:02d}/{y}"),
        pick(("Female", "F") if person.female else ("Male", "M"), draw),
        spell.slip(pick(place.district, draw), draw, 0.03) if draw() < 0.85 else "",
        pick(place.state, draw),
        spell.telephone(person, draw, 0.5),
        f"CCI-{place.code}-{int(draw() * 40) + 1:02d}",
    )


def _transport(person: Person, draw: Draw) -> Row:
    code = person.home.place.code
    licensed = draw() < 0.45
    born = _day(spell.birth(person, draw), "{y}{m:02d}{d:02d}")
    at = spell.day(person, draw, 18, _FIRST, _LAST)
    return (
        numbers.vehicle(person.number, code),
        _day(at, "{d:02d}-{m:02d}-{y}"),
        pick(("1", "1", "1", "2"), draw),
        spell.slip(spell.name(person, draw), draw).upper(),
        spell.relative(person, draw).upper() if draw() < 0.8 else "",
        spell.address(person, draw, 0.92).upper(),
        spell.telephone(person, draw, 0.7),
        pick(("2WN", "LMV", "LGV", "3WT"), draw),
        numbers.driving_licence(person.number, code) if licensed else "",
        born if licensed else "",
    )


def _query(person: Person, draw: Draw) -> Row:
    dice, place = draw(), person.home.place
    born = spell.birth(person, draw)
    return (
        spell.slip(spell.name(person, draw), draw),
        person.nickname if draw() < 0.6 else "",
        spell.relative(person, draw) if draw() < 0.55 else "",
        _day(born, "{d:02d}/{m:02d}/{y}") if dice < 0.2 else "",
        _day(born, "{y}") if 0.2 <= dice < 0.3 else "",
        spell.age(person, _LAST, draw) if dice >= 0.3 else "",
        _day(_LAST, "{d:02d}/{m:02d}/{y}"),
        "F" if person.female else "M",
        spell.address(person, draw, 0.35),
        pick(place.district, draw) if draw() < 0.75 else "",
        place.state[0],
        spell.telephone(person, draw, 0.4),
        numbers.aadhaar(person.number) if draw() < 0.06 else "",
        numbers.passport(person.number) if draw() < 0.06 else "",
        numbers.driving_licence(person.number, place.code) if draw() < 0.05 else "",
        numbers.vehicle(person.number, place.code) if draw() < 0.06 else "",
    )


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


POLICE = Table(
    "police",
    "PO-",
    _columns(
        "entry_no fir_no fir_date police_station role accused_name father_husband_name"
        " dob yob age sex present_address ps_district state mobile uid_no"
        " acts_sections status"
    ),
    0.06,
    _police,
)
CUSTOMS = Table(
    "customs",
    "AP-",
    _columns(
        "apis_ref passenger_name passport birth_date sex nationality phone"
        " declared_address flight_no arrival_date"
    ),
    0.08,
    _customs,
)
PRISONS = Table(
    "prisons",
    "PID-",
    _columns(
        "pid prisoner_name father_name age_on_admission admitted_on sex home_district"
        " state sections released_on mobile_of_visitor updated_at"
    ),
    0.0,
    _prisons,
)
CHILDCARE = Table(
    "childcare",
    "CCP-",
    _columns(
        "case_person_no person_name person_role guardian_name age record_date gender"
        " district state contact_no cci_code"
    ),
    0.65,
    _childcare,
)
TRANSPORT = Table(
    "transport",
    "RC-",
    _columns(
        "rc_owner_ref rc_regn_no rc_regn_dt rc_owner_sr rc_owner_name rc_f_name"
        " rc_present_address rc_mobile_no rc_vch_catg dl_no dob_yyyymmdd"
    ),
    0.0,
    _transport,
)
TABLES = (POLICE, CUSTOMS, PRISONS, CHILDCARE, TRANSPORT)
QUERIES = Table(
    "queries",
    "Q",
    _columns(
        "query_id suspect_name known_as father_or_husband dob year_of_birth approx_age"
        " asked_on sex last_address district state mobile aadhaar passport"
        " driving_licence vehicle"
    ),
    0.0,
    _query,
)
