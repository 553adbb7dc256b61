"""What an officer is shown before signing: every field, from the exact bytes."""

from __future__ import annotations

import pytest

from childgrid_portal.render import lines
from childgrid_wire import canonical, statement
from childgrid_wire.errors import Malformed
from childgrid_wire.kinds import Kind

HASH = "ab" * 32


def approval(**changes: object) -> bytes:
    """An approval's payload."""
    given: dict[str, object] = {
        "subject": "request",
        "side": "holder",
        "slot": "custodian",
        "fields": ["name", "phone"],
        "policy": HASH,
    } | changes
    return statement.draft(
        Kind.APPROVAL, issuer="customs", officer="cu-mehta", now=1_780_000_000,
        seconds=3_600, answers=HASH, **given,
    )  # fmt: skip


@pytest.mark.threat("T25")
def test_every_field_has_its_line() -> None:
    """A title in plain words, then all that the bytes say, in their order."""
    payload = approval()

    title, *rest = lines(payload)

    assert title == "APPROVAL: I approve exactly what is named here"
    names = [line.split(":")[0].strip() for line in rest]
    assert names == [name for name in canonical.loads(payload) if name != "kind"]
    assert "  fields: name, phone" in rest
    assert "  expires: 2026-05-28 21:26 UTC" in rest
    assert f"  answers: {HASH}" in rest


def test_nothing_is_shown_as_nothing() -> None:
    """An empty list and an empty text can be told from a missing line."""
    shown = list(lines(approval(fields=[], policy="")))

    assert "  fields: none" in shown
    assert "  policy: none" in shown


def test_targets_are_shown_by_name() -> None:
    """Who is asked, not the hashes of what is sealed to them."""
    target = {"ciphertext": HASH, "sealing_key": HASH}
    payload = statement.draft(
        Kind.QUERY, issuer="police", officer="si-rao", now=1_780_000_000, seconds=60,
        purpose="investigation", sections=["BNS:143"], case=HASH, attestation=HASH,
        targets={"customs": target, "prisons": target}, scheme=HASH, epoch=1,
        rehearsal=False,
    )  # fmt: skip

    assert "  targets: customs, prisons" in list(lines(payload))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        approval().replace(b'"holder"', b'"someone"'),
        approval().replace(b'"issued"', b'"dated"'),
        approval().replace(b":", b": ", 1),
    ],
    ids=["nothing", "a list", "a strange side", "a field missing", "another spelling"],
)
def test_what_is_no_statement_is_not_shown(payload: bytes) -> None:
    """Bytes that a reader could take two ways are never put before an officer."""
    with pytest.raises(Malformed):
        list(lines(payload))
