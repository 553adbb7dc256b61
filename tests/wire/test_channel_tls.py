"""The handshake on loopback: who gets in, by which certificate, in which TLS."""

from __future__ import annotations

import logging
import os
import ssl
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from childgrid_wire import certificates, channel
from childgrid_wire.certificates import Pair
from childgrid_wire.errors import (
    Reason,
    Refused,
    Unreachable,
)
from wire import ca
from wire.ca import forged, issuer, leaf, root
from wire.door import (
    HUB,
    MATCH,
    SUBMIT,
    Door,
    ask,
    asked_as,
    caller,
    opened,
    shaken,
)


def spiffe_twice() -> Pair:
    """A leaf that claims two roles."""
    names = [*ca.names_of("hub", "coordinator"), ca.uri("hub", "auditor")]
    return forged(issuer("hub"), names)


STRANGERS = {
    "of another root": lambda: leaf("hub", "coordinator", of="other"),
    "signed by itself": lambda: Pair(root("self").key, root("self").chain),
    "expired": lambda: certificates.issue_leaf(
        issuer("hub"), "hub", "coordinator", ca.NOW - 48 * 3_600
    ),
    "not yet valid": lambda: certificates.issue_leaf(
        issuer("hub"), "hub", "coordinator", ca.NOW + 24 * 3_600
    ),
    "by another agency's issuer": lambda: leaf("hub", "coordinator", by="police"),
    "with a name of another agency": lambda: forged(
        issuer("police"),
        [ca.dns("node.police.childgrid.internal"), ca.uri("hub", "coordinator")],
    ),
    "with the root domain": lambda: forged(
        issuer("police"), [ca.dns("childgrid.internal"), ca.uri("police", "node")]
    ),
    "for servers only": lambda: forged(
        issuer("hub"),
        ca.names_of("hub", "coordinator"),
        uses=(ExtendedKeyUsageOID.SERVER_AUTH,),
    ),
    "by a leaf": lambda: forged(
        leaf("hub", "coordinator"), ca.names_of("hub", "coordinator")
    ),
    "by an authority under an issuer": lambda: forged(
        forged(issuer("hub"), [], authority=True, common="sub"),
        ca.names_of("hub", "coordinator"),
    ),
    "without its issuer": lambda: Pair(
        leaf("hub", "coordinator").key,
        leaf("hub", "coordinator").chain.split(b"-----END CERTIFICATE-----\n")[0]
        + b"-----END CERTIFICATE-----\n",
    ),
}


@pytest.mark.parametrize("made", STRANGERS.values(), ids=STRANGERS)
@pytest.mark.threat("T7")
def test_a_stranger_is_refused_at_the_door(door: Door, made: object) -> None:
    """No handshake, no call, no handler."""
    with pytest.raises(Unreachable):
        asked_as(door, made())
    assert door.asked == []
    assert asked_as(door, caller("coordinator"), data=b"x") == b"x"


@pytest.mark.threat("T7")
def test_a_caller_without_a_certificate_is_refused(door: Door) -> None:
    """Neither anonymous TLS nor plain text reaches a handler."""
    options = [
        ("grpc.ssl_target_name_override", certificates.hostname("hub", "coordinator"))
    ]
    anonymous = grpc.ssl_channel_credentials(root().chain)
    for way in (
        grpc.secure_channel(door.address, anonymous, options=options),
        grpc.insecure_channel(door.address),
    ):
        with way, pytest.raises(Unreachable):
            ask(way, seconds=5)
    assert door.asked == []


@pytest.mark.parametrize(
    "made",
    [
        spiffe_twice,
        lambda: forged(issuer("hub"), [ca.dns("coordinator.hub.childgrid.internal")]),
        lambda: forged(
            issuer("hub"), [x509.UniformResourceIdentifier("spiffe://hub.childgrid/x")]
        ),
        lambda: leaf("hub", "founder"),
    ],
)
def test_a_certificate_that_is_not_one_peer_opens_nothing(
    door: Door, made: object
) -> None:
    """The handshake holds, but nobody can be read from the certificate."""
    for method in (MATCH, "/childgrid.v1.JoiningService/Welcome"):
        with pytest.raises(Refused) as refusal:
            asked_as(door, made(), method)
        assert refusal.value.reason in (Reason.UNKNOWN_PEER, Reason.WRONG_ROLE)
    assert door.asked == []


IMPOSTORS = {
    "another member": lambda: leaf("police", "node"),
    "another role": lambda: leaf("hub", "auditor"),
    "another root": lambda: leaf("hub", "coordinator", of="other"),
    "another member's issuer": lambda: leaf("hub", "coordinator", by="police"),
    "a common name alone": lambda: forged(
        issuer("police"), [], common="coordinator.hub.childgrid.internal"
    ),
    "a common name beside a foreign name": lambda: forged(
        issuer("police"),
        [ca.dns("node.police.childgrid.internal")],
        common="coordinator.hub.childgrid.internal",
    ),
    "a wildcard": lambda: forged(
        issuer("police"), [ca.dns("*.childgrid.internal"), ca.uri("police", "node")]
    ),
    "an expired leaf": STRANGERS["expired"],
    "a leaf for clients only": lambda: forged(
        issuer("hub"),
        ca.names_of("hub", "coordinator"),
        uses=(ExtendedKeyUsageOID.CLIENT_AUTH,),
    ),
}


@pytest.mark.parametrize("made", IMPOSTORS.values(), ids=IMPOSTORS)
@pytest.mark.threat("T7")
def test_nobody_else_can_stand_in_for_the_coordinator(made: object) -> None:
    """On the same address, any other certificate is refused by the caller."""
    door = Door(pair=made())
    server = opened(door)
    try:
        with pytest.raises(Unreachable):
            asked_as(door, caller("node"), SUBMIT)
    finally:
        server.stop(0)
    assert door.asked == []


@pytest.mark.threat("T7")
def test_tls_1_2_is_refused(door: Door, tmp_path: Path) -> None:
    """The same client gets in by 1.3 and not by 1.2, which shows names in clear."""
    seen = shaken(door, tmp_path, ssl.TLSVersion.TLSv1_3)
    assert seen == door.pair.certificate
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shaken(door, tmp_path, ssl.TLSVersion.TLSv1_2)


def test_a_program_that_could_speak_tls_1_2_does_not_serve() -> None:
    """grpc imported before the wire has read other suites; serving is refused."""
    program = (
        "import {first}, {second}\n"
        "from childgrid_wire import channel, errors\n"
        "try:\n"
        "    channel.serve('', None, None, None)\n"
        "except errors.ConfigurationRefused as refusal:\n"
        "    print('refused')\n"
        "except Exception:\n"
        "    print('went on')\n"
    )
    for first, second, expected in (
        ("grpc", "childgrid_wire", "refused"),
        ("childgrid_wire", "grpc", "went on"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", program.format(first=first, second=second)],
            capture_output=True,
            text=True,
            check=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("GRPC_")},
        )
        assert done.stdout.strip() == expected


def test_a_new_certificate_is_used_for_new_handshakes(
    own: Door, tmp_path: Path
) -> None:
    """Renewal needs no restart, and open channels go on."""
    with channel.connect(own.address, HUB, caller("coordinator"), root().chain) as way:
        ask(way)
        first = shaken(own, tmp_path, ssl.TLSVersion.TLSv1_3)
        own.pair = certificates.issue_leaf(issuer("hub"), "hub", "coordinator", ca.NOW)
        second = shaken(own, tmp_path, ssl.TLSVersion.TLSv1_3)
        assert second == own.pair.certificate != first
        assert ask(way, data=b"x") == b"x"
    assert asked_as(own, caller("coordinator"), data=b"y") == b"y"


def test_a_root_that_was_replaced_lets_no_new_caller_in(own: Door) -> None:
    """From the next handshake on, only the new root's certificates count."""
    assert asked_as(own, caller("coordinator"), data=b"x") == b"x"
    own.pair = leaf("hub", "coordinator", of="other")
    own.roots = root("other").chain
    with pytest.raises(Unreachable):
        asked_as(own, caller("coordinator"))
    new = leaf("hub", "coordinator", of="other")
    with channel.connect(own.address, HUB, new, root("other").chain) as way:
        assert ask(way, data=b"x") == b"x"


def test_a_certificate_that_cannot_be_read_again_raises_an_alarm(
    own: Door, caplog: pytest.LogCaptureFixture
) -> None:
    """The old one goes on, which must not go unseen; vanished roots likewise."""
    for change in ({"broken": True}, {"broken": False, "roots": b""}):
        caplog.clear()
        for name, value in change.items():
            setattr(own, name, value)
        with caplog.at_level(logging.ERROR, "childgrid_wire.channel"):
            assert asked_as(own, caller("coordinator"), data=b"x") == b"x"
        alarms = [one for one in caplog.records if one.name == channel.__name__]
        assert alarms
        assert "not read again" in alarms[0].getMessage()
