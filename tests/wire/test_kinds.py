"""Every kind has a closed schema; none has room for prose, a name or a record."""

import copy
from collections.abc import Iterator

import pytest

from childgrid_wire import canonical
from childgrid_wire.errors import Malformed
from childgrid_wire.kinds import BY_MEMBER, BY_OFFICER, FOUNDED, Kind
from childgrid_wire.schema import Maybe
from childgrid_wire.schemas import HEADER, SCHEMAS, check_body
from wire import samples
from wire.world import Json

Path = tuple[str | int, ...]
KINDS = list(Kind)
TABLES = {"key_checks", "shares", "targets", "staff", "revocations", "files"}
OF_ANOTHER_SUBJECT = {"verdict", "other"}
"""What a review of the sample's subject must not say."""

SIGNED_ABOUT_THEMSELVES = {"title", "name"}
PROSE = [
    "the suspect lives in Pune",
    "Ramesh Kumar",
    "ramesh kumar",
    "ramesh.kumar@example.org",
    "+91 98200 12345",
    "रमेश",
    "",
    "a\x00b",
]


def walk(value: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Every node of a JSON value with its path."""
    yield path, value
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from walk(entry, (*path, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from walk(entry, (*path, index))


def at(value: Json, path: Path) -> Json:
    """The node at a path."""
    for step in path:
        value = value[step]
    return value


def without(body: Json, path: Path) -> Json:
    """The body lacking one key."""
    changed = copy.deepcopy(body)
    del at(changed, path[:-1])[path[-1]]
    return changed


def put(body: Json, path: Path, value: Json) -> Json:
    """The body with another value at a path."""
    changed = copy.deepcopy(body)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def refused(kind: Kind, body: Json) -> bool:
    """Whether the schema refuses `body`."""
    try:
        check_body(kind, body)
    except Malformed:
        return True
    return False


def test_every_kind_has_a_schema_and_a_sample() -> None:
    """Nothing in the vocabulary is left unchecked here."""
    assert set(SCHEMAS) == set(samples.BODIES) == set(KINDS)
    assert not (BY_MEMBER & BY_OFFICER or FOUNDED & (BY_MEMBER | BY_OFFICER))
    rest = set(KINDS) - BY_MEMBER - BY_OFFICER - FOUNDED
    assert rest == {Kind.ENROLMENT, Kind.REVOCATION, Kind.REFUSAL, Kind.VIEW}


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_holds_and_is_full(kind: Kind) -> None:
    """The sample passes, has no empty part, and comes back from its bytes."""
    body = samples.body(kind)
    check_body(kind, body)
    assert canonical.loads(canonical.dumps(body)) == body
    empty = [path for path, value in walk(body) if value in ([], {}, "")]
    assert [path for path in empty if path[-1] not in ("rp_id", "slots")] == []
    elsewhere = OF_ANOTHER_SUBJECT if kind is Kind.REVIEW else set()
    assert body.keys() == HEADER.keys() | SCHEMAS[kind].fields.keys() - elsewhere


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_may_be_missing(kind: Kind) -> None:
    """Each field of each object, however deep, is needed, but those that may be not."""
    body = samples.body(kind)
    for path, _ in walk(body):
        if path and isinstance(SCHEMAS[kind].fields.get(path[0]), Maybe):
            assert not refused(kind, without(body, path[:1])), path
            continue
        if not path or isinstance(path[-1], int) or set(path[:-1][-1:]) & TABLES:
            continue
        assert refused(kind, without(body, path)), path


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_may_be_added(kind: Kind) -> None:
    """No object, however deep, takes a field that the schema doesn't name."""
    body = samples.body(kind)
    for path, value in walk(body):
        if isinstance(value, dict):
            for extra in ("note", "Name of suspect", "remarks"):
                if set(path[-1:]) & TABLES and extra != "Name of suspect":
                    continue
                changed = copy.deepcopy(body)
                at(changed, path)[extra] = "x"
                assert refused(kind, changed), (path, extra)


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_may_change_its_type(kind: Kind) -> None:
    """Null, float, list, object, number or text in another's place is refused."""
    body = samples.body(kind)
    for path, value in walk(body):
        if not path or (path[-1] in SIGNED_ABOUT_THEMSELVES):
            continue
        wrong = [None, 1.5, {}] if isinstance(value, list) else [None, 1.5, []]
        if isinstance(value, bool):
            wrong += [0, 1, "true", ""]
        elif isinstance(value, int):
            wrong += [str(value), True, -1, 2**60, ""]
        elif isinstance(value, str):
            wrong += [0, True, {}, [value], value.encode()]
        elif isinstance(value, list):
            wrong += ["", value[0] if value else 0, [*value, None], [*value, *value]]
            wrong = [one for one in wrong if one != value]
        else:
            wrong += ["", 0, [value]]
        for other in wrong:
            if other == value:
                continue
            if other == {} and path[-1] in TABLES:
                continue
            assert refused(kind, put(body, path, other)), (path, other)


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_can_hold_prose(kind: Kind) -> None:
    """Every text field and table key is bound to a form that a sentence can't take.

    Only the printable names of agencies, of the grid and of files in a bundle may
    hold a space, and those are signed by whoever bears them.
    """
    body = samples.body(kind)
    for path, value in walk(body):
        if isinstance(value, str) and path[-1] not in SIGNED_ABOUT_THEMSELVES:
            for prose in filter(None, PROSE):
                assert refused(kind, put(body, path, prose)), (path, prose)
        if isinstance(value, dict) and path and path[-1] in TABLES - {"files"}:
            for prose in PROSE:
                (entry,) = list(value.values())[:1]
                assert refused(kind, put(body, path, {prose: entry})), (path, prose)


def test_prose_is_refused_even_where_a_label_stands() -> None:
    """A label is short printable ASCII: no line breaks, no other script."""
    body = samples.body(Kind.DIRECTORY)
    for prose in ("रमेश", "a\nb", "x" * 81, ""):
        assert refused(Kind.DIRECTORY, put(body, ("grid", "name"), prose))
        assert refused(Kind.DIRECTORY, put(body, ("members", 0, "title"), prose))


def test_an_officer_whose_id_begins_with_a_digit_can_be_revoked() -> None:
    """Whoever can be enrolled can be revoked; badge numbers are usual ids."""
    body = samples.body(Kind.REVOCATION)
    staff = samples.body(Kind.STAFF)
    for who in ("7", "4711", "io-7", "a" * 31):
        check_body(Kind.STAFF, put(staff, ("officers", 0, "id"), who))
        check_body(Kind.REVOCATION, put(body, ("subject",), who))
        check_body(Kind.BUDGET, samples.body(Kind.BUDGET) | {"subject": who})
    check_body(Kind.BUDGET, samples.body(Kind.BUDGET) | {"subject": samples.H})


def test_five_candidates_are_the_most_that_an_answer_carries() -> None:
    """A node can't be made to pour out its register through answers."""
    body = samples.body(Kind.ANSWER)
    many = [samples.CANDIDATE | {"handle": f"{number:032x}"} for number in range(6)]
    check_body(Kind.ANSWER, body | {"candidates": many[:5]})
    assert refused(Kind.ANSWER, body | {"candidates": many})
