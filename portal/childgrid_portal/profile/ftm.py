"""The profile as FollowTheMoney entities, for tools that investigators have already.

One `Person` for each record, never one for all: that they are the same man is what the
officer is to find out. Documents become `Identification`, addresses `Address`, each
with its agency as `publisher` and its provenance under `childgrid`. Plain dictionaries;
what the schema has no property for, a relative among it, stands in `notes`. The names
of schemata and properties are FollowTheMoney's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from childgrid_portal.profile import dates
from childgrid_portal.profile.compare import key_of
from childgrid_portal.profile.export import Mark, as_json, moment
from childgrid_portal.profile.model import Origin, Outcome, Profile, Value

_PERSON = {
    "name": "name",
    "alias": "weakAlias",
    "phone": "phone",
    "email": "email",
    "address": "address",
}
_DOCUMENTS = (
    *("aadhaar", "pan", "epic", "passport", "driving_licence", "identifier"),
    *("vehicle", "upi", "handle"),
)
_ADDRESS = {
    "address": "full",
    "district": "region",
    "state": "state",
    "pin": "postalCode",
}
_GENDERS = {"male": "male", "female": "female", "third": "other"}
_DATASET = "childgrid-profile"
Entity = dict[str, Any]


def to_ftm(profile: Profile, mark: Mark) -> bytes:
    """The entities as one JSON list; the mark of who took it is in each one's notes."""
    made = [entity for one in profile.records for entity in entities(one, mark)]
    return as_json(made)


def entities(record: Outcome, mark: Mark) -> Iterator[Entity]:
    """The person of one record, with their documents and address."""
    origin = record.origin
    if origin is None:
        return
    person = _id(origin, "person")
    yield from _documents(record, origin, person)
    place = _address(record, origin)
    if place:
        yield place
    yield _person(record, origin, person, place, mark)


def _person(
    record: Outcome, origin: Origin, name: str, place: Entity | None, mark: Mark
) -> Entity:
    properties: dict[str, list[str]] = {}
    for value in record.values:
        if value.field in _PERSON:
            properties.setdefault(_PERSON[value.field], []).append(value.text)
    properties.setdefault("name", [])
    properties["birthDate"] = list(_births(record))
    properties["gender"] = [
        _GENDERS[key_of(value)]
        for value in record.values
        if value.field == "sex" and key_of(value) in _GENDERS
    ]
    if place:
        properties["addressEntity"] = [place["id"]]
    properties["notes"] = [
        "; ".join((mark.grid, mark.notice, mark.officer, mark.case, mark.moment)),
        *(f"{value.label}: {value.text}" for value in record.values if _is_rest(value)),
    ]
    return _entity(name, "Person", origin, properties)


def _is_rest(value: Value) -> bool:
    """Whether no property of the schema takes it."""
    taken = (*_PERSON, *_DOCUMENTS, *_ADDRESS, "birth_date", "birth_year", "sex")
    return value.field not in taken


def _births(record: Outcome) -> Iterator[str]:
    """Births as far as they are known: a day, or its year; two readings give both."""
    for value in record.values:
        if value.field in ("birth_date", "birth_year"):
            found = dates.birth(value.text)
            for span in found.readings if found else ():
                day = span.first.isoformat()
                yield day if span.first == span.last else day[:4]


def _documents(record: Outcome, origin: Origin, person: str) -> Iterator[Entity]:
    for place, value in enumerate(record.values):
        if value.field in _DOCUMENTS:
            schema = "Passport" if value.field == "passport" else "Identification"
            number = {
                "holder": [person],
                "number": [value.text],
                "type": [value.label if value.field == "identifier" else value.field],
                "recordId": [origin.disclosure],
            }
            name = _id(origin, value.field, place)
            yield _entity(name, schema, origin, number)


def _address(record: Outcome, origin: Origin) -> Entity | None:
    parts: dict[str, list[str]] = {}
    for value in record.values:
        if value.field in _ADDRESS:
            parts.setdefault(_ADDRESS[value.field], []).append(value.text)
    if not parts:
        return None
    return _entity(_id(origin, "address"), "Address", origin, parts)


def _entity(
    name: str, schema: str, origin: Origin, properties: dict[str, list[str]]
) -> Entity:
    given = {key: texts for key, texts in properties.items() if texts}
    given["publisher"] = [origin.agency]
    given["retrievedAt"] = [moment(origin.read_at)]
    return {
        "id": name,
        "schema": schema,
        "properties": given,
        "datasets": [_DATASET],
        "childgrid": {
            "agency": origin.agency,
            "category": origin.category,
            "request": origin.request,
            "disclosure": origin.disclosure,
            "row_as_of": moment(origin.row_as_of),
        },
    }


def _id(origin: Origin, what: str, place: int = 0) -> str:
    """A name made of where something stands, not of what it says."""
    said = f"{origin.disclosure} {what} {place}"
    return f"childgrid-{hashlib.sha256(said.encode()).hexdigest()[:40]}"
