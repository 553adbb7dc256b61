"""Break-glass at the officer's own side: nobody signs one without having said so."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from childgrid_portal.desk import check_draft
from childgrid_portal.render import lines
from childgrid_wire import statement
from childgrid_wire.errors import Malformed
from childgrid_wire.kinds import Kind
from wire import samples

NOW = 1_780_000_000


def drafted(kind: Kind, **changes: Any) -> bytes:
    """What a node wrote for an officer to sign."""
    return statement.draft(
        kind,
        issuer="police",
        officer="si-rao",
        now=NOW,
        seconds=48 * 3_600,
        id=secrets.token_hex(16),
        **(_plain(kind) | changes),
    )


def _plain(kind: Kind) -> dict[str, Any]:
    """A sample without what may be left out."""
    return {k: v for k, v in samples.BODIES[kind].items() if k != "break_glass"}


def only(kind: Kind) -> dict[str, Any]:
    """What the officer asked for, without an emergency."""
    return {"break_glass": None, "hours": 48} if kind is Kind.REQUEST else {}


def test_a_node_cannot_slip_an_emergency_under_an_officer_s_pen() -> None:
    """A request that declares one is signed by who asked for that, and only then."""
    plain, urgent = drafted(Kind.REQUEST), drafted(Kind.REQUEST, break_glass=True)
    check_draft(Kind.REQUEST, plain, only(Kind.REQUEST))
    check_draft(Kind.REQUEST, urgent, {"break_glass": True})
    for payload, expected in (
        (urgent, only(Kind.REQUEST)),
        (plain, {"break_glass": True}),
    ):
        with pytest.raises(Malformed, match="break_glass"):
            check_draft(Kind.REQUEST, payload, expected)


def test_a_custodian_names_the_slot_or_breaks_nothing() -> None:
    """An approval in the slot `break-glass` is signed by who named it."""
    payload = drafted(Kind.APPROVAL, side="holder", slot="break-glass")
    check_draft(Kind.APPROVAL, payload, {"slot": "break-glass"})
    with pytest.raises(Malformed, match="slot"):
        check_draft(Kind.APPROVAL, payload, {})


def test_it_is_shown_before_it_is_signed() -> None:
    """In the lines that come from the exact bytes."""
    shown = list(lines(drafted(Kind.REQUEST, break_glass=True)))

    assert "  break_glass: True" in shown
    assert not any("break_glass" in one for one in lines(drafted(Kind.REQUEST)))
