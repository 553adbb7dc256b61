"""A real Chromium with passkeys in software: its virtual authenticators, by CDP.

A `Seat` is one officer at one browser. Keys may be made by the page (enrolment) or
put in beforehand, so that a test knows them; what the authenticator then does is the
browser's own work.
"""

from __future__ import annotations

import base64
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

from childgrid_portal.web.training import SoftKey

EXECUTABLE = os.environ.get("CHILDGRID_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    *("--no-sandbox", "--headless=new", "--disable-gpu", "--no-first-run"),
    *("--disable-extensions", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-default-browser-check"),
]
_PLAIN = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "usb",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


_counts = itertools.count(1_000, 1_000)
"""A key that goes from one browser to the next never counts backwards."""


@dataclass
class Seat:
    """One browser with one authenticator."""

    context: BrowserContext
    page: Page
    cdp: CDPSession
    authenticator: str

    @classmethod
    def at(cls, browser: Browser, **changes: Any) -> Seat:
        """A fresh browser; `changes` are options of the virtual authenticator."""
        context = browser.new_context()
        context.set_default_timeout(10_000)
        page = context.new_page()
        cdp = context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        options = {**_PLAIN, **changes}
        added = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return cls(context, page, cdp, added["authenticatorId"])

    def hold(self, key: SoftKey) -> None:
        """Put a known passkey into the authenticator."""
        self.cdp.send(
            "WebAuthn.addCredential",
            {
                "authenticatorId": self.authenticator,
                "credential": {
                    "credentialId": base64.b64encode(key.id).decode(),
                    "isResidentCredential": False,
                    "rpId": key.rp_id,
                    "privateKey": base64.b64encode(_pkcs8(key)).decode(),
                    "signCount": next(_counts),
                },
            },
        )

    def keys(self) -> list[dict[str, Any]]:
        """What the authenticator holds."""
        call = {"authenticatorId": self.authenticator}
        return list(self.cdp.send("WebAuthn.getCredentials", call)["credentials"])

    def verify_users(self, verified: bool) -> None:
        """Whether the authenticator recognises its owner from now on."""
        self.cdp.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": self.authenticator, "isUserVerified": verified},
        )

    def press(self, name: str) -> None:
        """Press a button and wait for the page that comes."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).click()

    def heading(self) -> str:
        """The page's heading."""
        return self.page.locator("h1").inner_text()


@contextmanager
def seated(browser: Browser, **changes: Any) -> Iterator[Seat]:
    """A seat that is left at the end."""
    seat = Seat.at(browser, **changes)
    try:
        yield seat
    finally:
        seat.context.close()


def _pkcs8(key: SoftKey) -> bytes:
    private = ec.derive_private_key(key.secret, ec.SECP256R1())
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
