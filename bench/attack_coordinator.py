"""Attacks on what the coordinator holds: sealed bytes, hashes, bands and counts.

Sealed contents are taken for filters wherever a filter could lie in them; every value
that stands in clear is counted and ranked (sizes, times, outcomes, bands, how many
others fit, requested fields), alone and together; every file is searched for names and
for encodings under no key. The unit is a person who was sought: named rightly, or not.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.attack_claims import Score, score
from bench.attack_data import Listed, Seen, Split, field_bits, value_of
from bench.attack_methods import attacked
from childgrid_node.encode import Encoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bench.attack_cases import Cases
    from bench.attack_data import Person, Value
    from childgrid_node.scheme import Scheme

FIELDS = ("name", "given")
OFFSETS = (0, 32, 40)
"""Where a filter could begin: at once, after an HPKE share, after a content's head."""

UNKEYED = bytes(32)
TELLING = ("outcome", "count", "band", "others", "probability", "category")
WINDOW = 8
LONG_ENOUGH = 8
"""Shorter texts turn up in random bytes."""


@dataclass(frozen=True)
class Held:
    """What the coordinator holds of each query, and whom it was for.

    ``blobs`` are opaque bytes by where they came from; ``clear`` are the values that
    stand in clear by column; both have one entry for each query. ``files`` are all
    bytes of its files.
    """

    people: tuple[Person, ...]
    blobs: dict[str, tuple[bytes, ...]]
    clear: dict[str, tuple[object, ...]]
    files: bytes


def held(cases: Cases) -> Held:
    """Collect what the coordinator's files, and what passed through it, say."""
    statements, files = [], []
    for table, row in cases.cells():
        files += [_octets(cell) for cell in row.values()]
        if table == "state.statement":
            payload = base64.b64decode(json.loads(row["data"])["payload"])
            files.append(payload)
            statements.append((row["hash"], json.loads(payload)))
    told = _by_query(statements)
    columns: dict[str, list[object]] = defaultdict(lambda: [""] * len(cases.asked))
    for number, asked in enumerate(cases.asked):
        for path, value in told[asked.query]:
            columns[path][number] = value
    blobs = {
        target: tuple(cases.transit[one.query, target] for one in cases.asked)
        for target in sorted({target for _, target in cases.transit if target})
    }
    for target, found in blobs.items():
        columns[f"size.{target}"] = [len(one) for one in found]
    clear = {path: tuple(values) for path, values in columns.items()}
    people = tuple(one.person for one in cases.asked)
    return Held(people, blobs, clear, b"\0".join([*files, *cases.transit.values()]))


def _octets(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode("utf-8")


def _by_query(
    statements: Sequence[tuple[str, dict[str, Any]]],
) -> dict[str, list[tuple[str, object]]]:
    """What was said of each query, directly or about what answers it."""
    above = {
        name: said.get("query") or said.get("answers") for name, said in statements
    }
    told: dict[str, list[tuple[str, object]]] = defaultdict(list)
    for name, said in statements:
        root, subject = name, above[name]
        while subject in above:
            root, subject = subject, above[subject]
        kind = f"{said['kind']}.{said['issuer']}"
        told[root] += list(_leaves(kind, said))
    return told


def _leaves(path: str, value: object) -> Iterator[tuple[str, object]]:
    """Every number and text of a statement by its path, and the length of lists."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}", inner)
    elif isinstance(value, list):
        yield f"{path}.count", len(value)
        for number, inner in enumerate(value):
            yield from _leaves(f"{path}.{number}", inner)
    else:
        yield path, value


def attack(found: Held, split: Split, share: int, scheme: Scheme) -> dict[str, Score]:
    """Run every attack against one list; the keys say which attack on what."""
    scores: dict[str, Score] = {}
    for field in FIELDS:
        listed = Listed.of(split.public(share), field, scheme)
        truth = [value_of(person, field) for person in found.people]
        for target, blobs in found.blobs.items():
            for way, made in _on_blobs(blobs, listed, truth, field, scheme):
                scores[f"{way}, {field}, sealed to {target}"] = made
        for way, claims in _on_clear(found.clear, listed):
            scores[f"{way}, {field}"] = _of_people(found.people, claims, truth)
    return scores


def _on_blobs(
    blobs: Sequence[bytes],
    listed: Listed,
    truth: Sequence[Value],
    field: str,
    scheme: Scheme,
) -> Iterator[tuple[str, Score]]:
    """The attacks on a field, wherever it could lie in opaque bytes."""
    hashes = next(one.hashes for one in scheme.fields if one.name == field)
    for offset in OFFSETS:
        rows = np.stack([_words(one, offset, scheme.layout.words) for one in blobs])
        seen = Seen.of(field_bits(scheme, rows, field))
        for way, made in attacked(seen, listed, truth, hashes).items():
            yield f"{way} at byte {offset}", made


def _words(blob: bytes, offset: int, words: int) -> NDArray[np.uint64]:
    part = blob[offset : offset + 8 * words].ljust(8 * words, b"\0")
    return np.frombuffer(part, "<u8").astype(np.uint64)


def _on_clear(
    clear: dict[str, tuple[object, ...]], listed: Listed
) -> Iterator[tuple[str, list[Value | None]]]:
    """Claims from each column, and from all that the answers say taken together."""
    for path, values in clear.items():
        if len(set(values)) > 1:
            yield f"counts of {path}", _by_frequency(values, listed)
            yield f"order of {path}", _by_order(values, listed)
    together = [path for path in clear if _tells(path)]
    if together:
        rows = list(zip(*(clear[path] for path in together), strict=True))
        yield "counts of answers together", _by_frequency(rows, listed)


def same_answers(found: Held) -> dict[str, float]:
    """How often two queries were answered alike: for one person, for two persons.

    This is what bands and counts tell of a repetition. It names nobody, and is no
    limit of the gate: the threat model says that the coordinator reads outcomes.
    """
    paths = [
        path for path in found.clear if path.startswith("answer.") and _tells(path)
    ]
    rows = list(zip(*(found.clear[path] for path in paths), strict=True))
    alike: dict[bool, list[bool]] = {True: [], False: []}
    for one, other in combinations(range(len(rows)), 2):
        same = found.people[one].key == found.people[other].key
        alike[same].append(rows[one] == rows[other])
    return {
        "one_person": _share(alike[True]),
        "two_persons": _share(alike[False]),
    }


def _share(found: list[bool]) -> float:
    return round(sum(found) / max(len(found), 1), 4)


def _tells(path: str) -> bool:
    """Whether a column is part of what an answer says of its hits."""
    last = path.rpartition(".")[2]
    return path.startswith("answer.") and last in TELLING


def _by_frequency(values: Sequence[object], listed: Listed) -> list[Value | None]:
    """The most frequent entry is taken for the most frequent value."""
    ranks = {one: rank for rank, (one, _) in enumerate(Counter(values).most_common())}
    last = len(listed.values)
    return [listed.values[ranks[one]] if ranks[one] < last else None for one in values]


def _by_order(values: Sequence[object], listed: Listed) -> list[Value | None]:
    """The greatest entry is taken for the most frequent value."""
    order = sorted(
        range(len(values)), key=lambda at: (str(type(values[at])), values[at])
    )
    shares = np.cumsum(listed.counts) / listed.counts.sum()
    claims: list[Value | None] = [None] * len(values)
    for rank, at in enumerate(reversed(order)):
        claims[at] = listed.values[int(np.searchsorted(shares, rank / len(values)))]
    return claims


def _of_people(
    people: Sequence[Person], claims: Sequence[Value | None], truth: Sequence[Value]
) -> Score:
    """Judge the claim made most often of each person."""
    made: dict[str, Counter[Value]] = defaultdict(Counter)
    held_by = {}
    for person, claim, value in zip(people, claims, truth, strict=True):
        held_by[person.key] = value
        made[person.key].update([claim] if claim else [])
    named = [made[key].most_common(1) for key in held_by]
    return score([one[0][0] if one else None for one in named], [*held_by.values()])


def dictionary(found: Held, scheme: Scheme) -> Score:
    """Look for names, numbers and encodings under no key in every byte held."""
    people = {person.key: person for person in found.people}.values()
    encoder = Encoder(scheme, UNKEYED, 1)
    right = sum(
        any(needle in found.files for needle in _needles(person, encoder))
        for person in people
    )
    return Score(len(people), right, 0)


def _needles(person: Person, encoder: Encoder) -> Iterator[bytes]:
    texts = [
        text
        for field in ("name", "relative", "phone")
        for text in person.fields.get(field, ())
        if len(text) >= LONG_ENOUGH
    ]
    for text in texts:
        for form in {text, text.lower(), text.upper()}:
            yield form.encode("utf-8")
            yield hashlib.sha256(form.encode("utf-8")).digest()
            yield hashlib.sha256(form.encode("utf-8")).hexdigest().encode("ascii")
    if name := person.tokens.get("name"):
        place = encoder.scheme.layout["name"]
        encoding = encoder.encode({"name": name})[place.start : place.stop]
        yield encoding.astype("<u8").tobytes()


def repetition(found: Held) -> Score:
    """Find out which queries are for one person, by bytes that only they share."""
    owners: dict[bytes, set[str]] = defaultdict(set)
    windows = [_windows(found, number) for number in range(len(found.people))]
    for person, own in zip(found.people, windows, strict=True):
        for window in own:
            owners[window].add(person.key)
    pairs = [
        (one, other)
        for one, other in combinations(range(len(found.people)), 2)
        if found.people[one].key == found.people[other].key
    ]
    linked = sum(
        any(len(owners[window]) == 1 for window in windows[one] & windows[other])
        for one, other in pairs
    )
    return Score(len(pairs), linked, 0)


def _windows(found: Held, number: int) -> set[bytes]:
    return {
        blobs[number][at : at + WINDOW]
        for blobs in found.blobs.values()
        for at in range(0, len(blobs[number]) - WINDOW + 1, WINDOW)
    }
