"""The envelope: the specification's bytes, and every altered byte noticed."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_wire import canonical, envelope, statement
from childgrid_wire.envelope import Signature
from childgrid_wire.errors import Malformed, Reason, WireError
from childgrid_wire.kinds import BY_PAYLOAD_TYPE, Kind
from wire import samples, world
from wire.world import Json

VECTORS = Path(__file__).parents[1] / "vectors" / "wire" / "dsse.json"
VIEW = world.view()
GOOD = world.said(Kind.RECEIPT, "police", **samples.BODIES[Kind.RECEIPT])


def rewritten(**changes: Json) -> bytes:
    """The good envelope with other outer fields, in canonical form."""
    return canonical.dumps(canonical.loads(GOOD) | changes)


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text("ascii")))
def test_the_signed_bytes_are_those_of_the_specification(vector: Json) -> None:
    """PAE equals DSSE's own example, and lengths keep two framings apart."""
    built = envelope.pae(vector["payload_type"], vector["payload"].encode())
    assert built == vector["pae"].encode()


@given(st.text(max_size=9), st.binary(max_size=9), st.text(max_size=9), st.binary())
def test_no_two_messages_share_their_signed_bytes(
    one: str, first: bytes, other: str, second: bytes
) -> None:
    """PAE is injective: a type can't bleed into a payload."""
    same = (one, first) == (other, second)
    assert (envelope.pae(one, first) == envelope.pae(other, second)) is same


def test_an_envelope_comes_back_as_it_was_made() -> None:
    """Reading keeps the exact bytes and names the statement by the signed ones."""
    read = envelope.read(GOOD)
    assert read.data == GOOD
    assert read.kind is Kind.RECEIPT
    again = envelope.assemble(read.kind, read.payload, read.signatures)
    assert again == GOOD
    other = envelope.assemble(read.kind, read.payload, [Signature("police", bytes(64))])
    assert envelope.read(other).hash == read.hash


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_any_flipped_byte_is_refused(at: int, mask: int) -> None:
    """No byte of an envelope can change without the signature or form failing."""
    flipped = bytearray(GOOD)
    flipped[at] ^= mask
    with pytest.raises(WireError):
        statement.verify(bytes(flipped), VIEW.find_key)


@pytest.mark.parametrize("cut", range(0, len(GOOD), 41))
def test_a_torn_envelope_is_refused(cut: int) -> None:
    """A prefix or an extended envelope is never read."""
    for data in (GOOD[:cut], GOOD + GOOD[: cut + 1]):
        with pytest.raises(Malformed):
            envelope.read(data)


@pytest.mark.parametrize(
    "data",
    [
        GOOD + b"\n",
        GOOD.replace(b'":"', b'": "', 1),
        json.dumps(json.loads(GOOD)).encode(),
        rewritten(extra="x"),
        rewritten(payloadType="application/vnd.childgrid.receipt.v2+json"),
        rewritten(payloadType="application/json"),
        rewritten(payloadType=None),
        rewritten(payload=""),
        rewritten(payload="QR=="),
        rewritten(payload=canonical.loads(GOOD)["payload"] + "\n"),
        rewritten(signatures=[]),
        rewritten(signatures={}),
        rewritten(signatures=canonical.loads(GOOD)["signatures"] * 2),
        rewritten(signatures=[{"keyid": "police", "sig": ""}]),
        rewritten(signatures=[{"keyid": "po lice", "sig": "QUJD"}]),
        rewritten(signatures=[{"keyid": "police"}]),
        rewritten(signatures=[{"keyid": "police", "sig": "QUJD", "alg": "none"}]),
        rewritten(signatures=[{"keyid": f"m{n}", "sig": "QUJD"} for n in range(16)]),
        rewritten(signatures=[{"keyid": "m", "sig": sig} for sig in ("QUJD", "QUJE")]),
        canonical.dumps({k: v for k, v in json.loads(GOOD).items() if k != "payload"}),
    ],
)
def test_another_form_is_refused(data: bytes) -> None:
    """White space, other fields, unknown types, no, twice or many signatures."""
    with pytest.raises(Malformed):
        envelope.read(data)


def test_a_payload_has_one_spelling_even_when_it_is_signed() -> None:
    """A signature over sloppy JSON doesn't make it a statement."""
    payload = envelope.read(GOOD).payload
    loose = payload.replace(b'"opened":true', b'"opened": true')
    doubled = payload[:-1] + b',"opened":true}'
    for bad in (loose, doubled, payload + b" "):
        assert bad != payload
        data = envelope.sign(Kind.RECEIPT, bad, [world.signer("police")])
        with pytest.raises(Malformed):
            statement.verify(data, VIEW.find_key)


def test_a_payload_under_another_kinds_type_is_refused() -> None:
    """The kind inside must be the kind outside, and be of that kind's schema."""
    for kind in BY_PAYLOAD_TYPE.values():
        if kind is Kind.RECEIPT:
            continue
        data = envelope.sign(
            kind, envelope.read(GOOD).payload, [world.signer("police")]
        )
        with pytest.raises(WireError):
            statement.verify(data, VIEW.find_key)


@pytest.mark.threat("T14")
def test_a_huge_envelope_is_refused_before_it_is_parsed() -> None:
    """More than the limit is too large, whatever it holds; so is its payload."""
    with pytest.raises(Malformed) as refusal:
        envelope.read(b"{" * (2 * envelope.MAX_PAYLOAD + 1))
    assert refusal.value.reason is Reason.TOO_LARGE
    big = canonical.to_b64(bytes(envelope.MAX_PAYLOAD + 1))
    with pytest.raises(Malformed):
        envelope.read(rewritten(payload=big))
