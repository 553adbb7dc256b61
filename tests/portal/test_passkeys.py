"""What browsers answer is taken apart with care, and believed only where it holds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

from childgrid_portal.web import passkeys
from childgrid_portal.web.accounts import Login
from childgrid_portal.web.config import PortalConfig
from childgrid_portal.web.passkeys import Made, NotAccepted, Why
from childgrid_portal.web.training import SoftKey, Training
from childgrid_wire import canonical
from childgrid_wire.errors import ConfigurationRefused, Malformed
from childgrid_wire.keys import EnrolledKey, verify

ORIGIN = "http://police.localhost:8443"
CONFIG = PortalConfig(
    member="police",
    title="Police",
    origin=ORIGIN,
    rp_id="police.localhost",
    desk="127.0.0.1:1",
    desk_pass=Path("desk.pass"),
    state_dir=Path("state"),
)
KEY = SoftKey(b"id of the key", 7**80, CONFIG.rp_id, ORIGIN)
LOGIN = Login(KEY.id, KEY.cose)
CHALLENGE = bytes(range(32))
NOISE = ("", "{}", "[]", "null", "1", "x" * 9_000, '{"id": 1}', "[" * 5_000, "\ud800")


def test_a_right_touch_is_a_login() -> None:
    """With the counter that the authenticator gave."""
    answer = KEY.touch(CHALLENGE)
    assert passkeys.entered(CONFIG, answer, CHALLENGE, [LOGIN]) == LOGIN


@pytest.mark.parametrize("noise", NOISE)
def test_noise_is_no_passkey_s_answer(noise: str) -> None:
    """Whatever is asked for."""
    for judge in (
        lambda: passkeys.entered(CONFIG, noise, CHALLENGE, [LOGIN]),
        lambda: passkeys.made(CONFIG, noise, CHALLENGE),
        lambda: passkeys.touched(noise),
    ):
        with pytest.raises(NotAccepted) as caught:
            judge()
        assert caught.value.why is Why.WRONG


def bent(key: SoftKey = KEY, **client: Any) -> str:
    """A touch whose client data say something else, and are signed as they are."""
    said = json.loads(key.touch(CHALLENGE))
    told = json.loads(passkeys._bytes(said["response"]["clientDataJSON"]))
    return _signed(key, said, {**told, **client})


def _signed(key: SoftKey, said: dict[str, Any], client: dict[str, Any]) -> str:
    told = json.dumps(client).encode()
    data = passkeys._bytes(said["response"]["authenticatorData"])
    private = ec.derive_private_key(key.secret, ec.SECP256R1())
    signed = private.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(SHA256()))
    said["response"]["clientDataJSON"] = bytes_to_base64url(told)
    said["response"]["signature"] = bytes_to_base64url(signed)
    return json.dumps(said)


@pytest.mark.parametrize(
    "client",
    [
        {"crossOrigin": True},
        {"origin": "http://police.localhost:9"},
        {"type": "webauthn.create"},
        {"challenge": bytes_to_base64url(bytes(32))},
    ],
)
def test_a_touch_for_another_page_is_no_login(client: dict[str, Any]) -> None:
    """In a frame, at another origin, for another ceremony or question."""
    passkeys.entered(CONFIG, bent(), CHALLENGE, [LOGIN])
    with pytest.raises(NotAccepted):
        passkeys.entered(CONFIG, bent(**client), CHALLENGE, [LOGIN])


def test_a_question_that_is_over_has_no_answer() -> None:
    """It is told apart, so that nobody is locked out by it."""
    for judge in (
        lambda: passkeys.entered(CONFIG, KEY.touch(CHALLENGE), None, [LOGIN]),
        lambda: passkeys.made(CONFIG, "{}", None),
    ):
        with pytest.raises(NotAccepted) as caught:
            judge()
        assert caught.value.why is Why.LATE


def test_a_key_that_no_verifier_takes_is_not_listed() -> None:
    """Noise, or a key of another kind than ES256 and EdDSA."""
    rsa = "a401030339010020590003abcdef2143010001"
    for cose in (b"", b"\x00", bytes.fromhex(rsa)):
        with pytest.raises(NotAccepted):
            _ = Made(b"id", cose, 0, synced=False).spki
    assert Made(b"id", KEY.cose, 0, synced=False).spki == KEY.spki


def test_a_trainee_signs_what_the_node_verifies(tmp_path: Path) -> None:
    """By the verifier of every statement, from a file of mode 600."""
    training = Training(tmp_path / "training", CONFIG.rp_id, ORIGIN)
    trainee = training.add("si-rao", "Meera Rao", "asks")
    path = tmp_path / "training/si-rao.json"
    assert path.stat().st_mode & 0o777 == 0o600
    again = Training(tmp_path / "training", CONFIG.rp_id, ORIGIN)
    assert again.trainees == {"si-rao": trainee}
    signature = again.signer("police", "si-rao").sign(b"message")
    keys = trainee.signing, trainee.login
    listed, login = (
        EnrolledKey("police/si-rao", "webauthn", one.spki, one.rp_id, (one.origin,))
        for one in keys
    )
    verify(listed, b"message", signature)
    with pytest.raises(Exception, match="bad-signature"):
        verify(login, b"message", signature)


def test_a_training_file_is_right_or_refused(tmp_path: Path) -> None:
    """Readable by others, cut short, or of somebody who has keys already."""
    folder = tmp_path / "training"
    training = Training(folder, CONFIG.rp_id, ORIGIN)
    training.add("si-rao", "Meera Rao", "asks")
    with pytest.raises(ConfigurationRefused, match="already"):
        training.add("si-rao", "Meera Rao", "asks")
    with pytest.raises(Malformed):
        training.add("../x", "X", "x")
    path = folder / "si-rao.json"
    path.chmod(0o644)
    with pytest.raises(ConfigurationRefused, match="owner"):
        Training(folder, CONFIG.rp_id, ORIGIN)
    path.chmod(0o600)
    path.write_bytes(canonical.dumps({"officer": "si-rao"}))
    with pytest.raises(ConfigurationRefused, match="no training"):
        Training(folder, CONFIG.rp_id, ORIGIN)
