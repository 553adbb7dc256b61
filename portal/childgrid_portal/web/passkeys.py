"""Passkeys: what a browser is asked for, and whether what it answers holds.

An officer has two. The *login* passkey answers a random challenge of this server and
opens a session; its public key stands in `accounts`. The *signing* passkey answers the
hash of one statement; its public key stands in the agency's staff list, and the node
alone judges by it. Neither is ever accepted for the other: they are told apart by
their ids and keys, never by what a browser says. The rule: the person is verified at
each touch, and a signing key never leaves its device (no synced passkey).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import webauthn
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from childgrid_portal.web.accounts import Login
from childgrid_portal.web.config import PortalConfig
from childgrid_wire import canonical, keys

ALGORITHMS = [COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.EDDSA]
MOST_BYTES = 8_192
"""The longest answer of a browser that is read, in characters."""

_VERIFIED = UserVerificationRequirement.REQUIRED


class Why(StrEnum):
    """Why a passkey was not accepted; the page says more."""

    WRONG = "wrong"
    SYNCED = "synced"
    SAME = "same"
    LATE = "late"


class NotAccepted(Exception):
    """A browser's answer does not hold."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True)
class Made:
    """A passkey that was just made: its id, its COSE key, and whether it is synced."""

    id: bytes
    key: bytes
    counter: int
    synced: bool

    @property
    def spki(self) -> bytes:
        """The public key as a staff list has it: SubjectPublicKeyInfo, DER.

        Raises:
            NotAccepted: of a kind that no verifier takes.
        """
        try:
            decoded = decode_credential_public_key(self.key)
            public = decoded_public_key_to_cryptography(decoded)
            made = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            keys.check_public_key("webauthn", made)
        except Exception as error:  # the library lets out what its parsers raise
            raise NotAccepted(Why.WRONG) from error
        return made


@dataclass(frozen=True)
class Touch:
    """A signing passkey's answer: which key, and the signature of a statement."""

    id: bytes
    signature: bytes


def creation(
    config: PortalConfig, name: str, handle: bytes, challenge: bytes
) -> dict[str, Any]:
    """What a browser needs to make a passkey called `name`."""
    made = webauthn.generate_registration_options(
        rp_id=config.rp_id,
        rp_name=config.title,
        user_name=name,
        user_id=handle,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=_VERIFIED,
        ),
        supported_pub_key_algs=ALGORITHMS,
    )
    return dict(json.loads(options_to_json(made)))


def question(config: PortalConfig, challenge: bytes, ids: list[bytes]) -> Any:  # noqa: ANN401 - JSON
    """What a browser needs to ask one of the passkeys `ids` for a touch."""
    made = webauthn.generate_authentication_options(
        rp_id=config.rp_id,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in ids],
        user_verification=_VERIFIED,
    )
    return json.loads(options_to_json(made))


def made(config: PortalConfig, answer: str, challenge: bytes | None) -> Made:
    """Check a passkey that a browser says it has made.

    Raises:
        NotAccepted: it doesn't hold, or the challenge is over (None).
    """
    if challenge is None:
        raise NotAccepted(Why.LATE)
    try:
        credential = parse_registration_credential_json(_short(answer))
        _check_frame(credential.response.client_data_json)
        found = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=config.rp_id,
            expected_origin=config.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except Exception as error:  # the library lets out what its parsers raise
        raise NotAccepted(Why.WRONG) from error
    synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return Made(
        found.credential_id,
        found.credential_public_key,
        found.sign_count,
        synced or found.credential_backed_up,
    )


def entered(
    config: PortalConfig, answer: str, challenge: bytes | None, known: list[Login]
) -> Login:
    """Check a touch of one of the login passkeys `known`; returns it, counted up.

    Raises:
        NotAccepted: another passkey's, or it doesn't hold.
    """
    if challenge is None:
        raise NotAccepted(Why.LATE)
    try:
        credential = parse_authentication_credential_json(_short(answer))
        _check_frame(credential.response.client_data_json)
        (login,) = (one for one in known if one.id == credential.raw_id)
        found = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=config.rp_id,
            expected_origin=config.origin,
            credential_public_key=login.key,
            credential_current_sign_count=login.counter,
            require_user_verification=True,
        )
    except Exception as error:  # the library lets out what its parsers raise
        raise NotAccepted(Why.WRONG) from error
    return Login(login.id, login.key, found.new_sign_count)


def touched(answer: str) -> Touch:
    """Take a signing passkey's answer apart; the node says whether it holds.

    Raises:
        NotAccepted: it isn't one.
    """
    try:
        table = json.loads(_short(answer))
        said = table["response"]
        parts = {
            name: canonical.to_b64(_bytes(said[name]))
            for name in ("authenticatorData", "clientDataJSON", "signature")
        }
        return Touch(_bytes(table["rawId"]), canonical.dumps(parts))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotAccepted(Why.WRONG) from error


def _check_frame(client: bytes) -> None:
    """Refuse an answer that was given inside another site's page."""
    if json.loads(client).get("crossOrigin", False) is not False:
        raise ValueError("crossOrigin")


def _short(answer: str) -> str:
    if len(answer) > MOST_BYTES:
        raise ValueError("too long")
    return answer


def _bytes(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.encode("ascii"), b"-_", validate=True)
