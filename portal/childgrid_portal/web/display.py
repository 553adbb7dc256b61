"""How pages are shown: a language, and larger text or white on black.

Kept in two cookies of this host that say nothing of a person or a case, so that the
sign-in pages speak the reader's language too. Which values they may have is `words`'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from childgrid_page.languages import Languages
from childgrid_portal.web import words

_YEAR = 365 * 86_400
_OWN = re.compile(r"/([a-z0-9._-]+/)*[a-z0-9._-]*")
"""How an address of this site is spelt; anything else may be led elsewhere by it."""


def choose(form: Mapping[str, object], known: Languages, *, secure: bool) -> Response:
    """Keep what a form chose and go back to the page that it stood on."""
    back = str(form.get("back", "/"))
    answer = RedirectResponse(back if _OWN.fullmatch(back) else "/", 303)
    language, look = str(form.get("language", "")), str(form.get("look", ""))
    if language in known:
        _keep(answer, words.LANGUAGE_COOKIE, language, secure)
    if look == "plain" or (look and words.look({words.LOOK_COOKIE: look})):
        _keep(answer, words.LOOK_COOKIE, look, secure)
    return answer


def _keep(answer: Response, name: str, value: str, secure: bool) -> None:
    answer.set_cookie(
        name, value, _YEAR, httponly=True, samesite="strict", secure=secure
    )
