"""Errors: one family, each with its next step, and none with a value."""

import pytest

from childgrid_wire import errors
from childgrid_wire.errors import NEXT_STEP, Malformed, Reason, WireError
from childgrid_wire.kinds import DENIALS, Kind
from childgrid_wire.schemas import check_body
from wire import samples


def test_every_reason_tells_what_to_do_next() -> None:
    """No reason is left without its sentence, and no sentence without a reason."""
    assert set(NEXT_STEP) == set(Reason)
    assert all(step and not step.endswith(".") for step in NEXT_STEP.values())
    assert len(set(NEXT_STEP.values())) == len(Reason)
    assert not set(DENIALS) & {reason.value for reason in Reason}


@pytest.mark.parametrize(
    "kind",
    [
        errors.Malformed,
        errors.Untrusted,
        errors.Refused,
        errors.Unreachable,
        errors.ConfigurationRefused,
    ],
)
def test_one_family_with_reason_and_detail(kind: type[WireError]) -> None:
    """Each is a `WireError` whose text is reason, detail and next step."""
    plain = kind in (errors.Untrusted, errors.Refused)
    error = kind(Reason.BUDGET, "case") if plain else kind("case")
    assert isinstance(error, WireError)
    assert error.detail == "case"
    assert str(error) == f"{error.reason.value} (case): {NEXT_STEP[error.reason]}"


def test_a_malformed_statement_names_the_field() -> None:
    """The writer finds the fault without the value being repeated."""
    body = samples.body(Kind.VOID) | {"disclosure": "Ramesh Kumar"}
    with pytest.raises(Malformed) as refusal:
        check_body(Kind.VOID, body)
    assert refusal.value.detail == "void.disclosure is not hex of 32 bytes"
