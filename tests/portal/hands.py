"""An officer's hands without a browser: pages over ASGI, touches by software keys."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from audit.browser import Answer, Browser, Page
from childgrid_portal.web.app import application
from childgrid_portal.web.training import SoftKey
from portal.stage import Stage


@dataclass
class Hands:
    """One browser at a portal; `last` is the page that it shows."""

    browser: Browser
    last: Answer | None = None

    @classmethod
    def at(cls, stage: Stage) -> Hands:
        """A browser that has been nowhere yet."""
        return cls(Browser(application(stage.site), stage.config.host))

    @property
    def page(self) -> Page:
        """The page that is shown."""
        assert self.last is not None
        return Page(self.last.text)

    @property
    def heading(self) -> str:
        """Its title's first part."""
        return next(one.strip() for one in self.page.text if " – " in one)

    @property
    def token(self) -> str:
        """The token of the page's forms."""
        inputs = self.page.all("input")
        return next(one["value"] for one in inputs if one.get("name") == "token")

    @property
    def challenge(self) -> bytes:
        """What the page asks a passkey for."""
        (form,) = (one for one in self.page.all("form") if "data-options" in one)
        text = json.loads(form["data-options"])["challenge"]
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def get(self, path: str) -> Answer:
        """Read a page, following where it leads."""
        self.last = self.browser.get(path)
        return self._follow()

    def post(self, path: str, **form: str) -> Answer:
        """Send a form with the page's own token, following where it leads."""
        self.last = self.browser.post(path, {"token": self.token, **form})
        return self._follow()

    def _follow(self) -> Answer:
        assert self.last is not None
        while self.last.status == 303:
            self.last = self.browser.get(self.last.headers["location"])
        return self.last

    def claim(self, officer: str) -> Answer:
        """Say who this is."""
        self.get("/sign-in")
        return self.post("/sign-in", officer=officer)

    def touch(self, key: SoftKey, path: str, **more: str) -> Answer:
        """Answer the page's question by a passkey."""
        return self.post(path, answer=key.touch(self.challenge), **more)

    def sign(self, key: SoftKey) -> Answer:
        """Sign what the page shows."""
        (form,) = (one for one in self.page.all("form") if "data-options" in one)
        inputs = self.page.all("input")
        shown = next(one["value"] for one in inputs if one.get("name") == "statement")
        return self.touch(key, form["action"], statement=shown)


def seated(stage: Stage, officer: str) -> Hands:
    """An officer signed in, the desk open."""
    login, signing = stage.passkeys.get(officer) or stage.enrol(officer)
    hands = Hands.at(stage)
    hands.claim(officer)
    hands.touch(login, "/sign-in/passkey")
    hands.sign(signing)
    return hands


def said(answer: Any) -> str:
    """A page's text with single spaces."""
    return Page(answer.text).said()
