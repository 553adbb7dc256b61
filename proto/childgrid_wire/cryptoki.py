"""PKCS#11 (OASIS, 2.40): a token is found, its user logged in, and let go again.

The token's own library is its maker's, a path on the machine of the person who signs;
python-pkcs11 speaks to it, an extra that is imported here alone, once a token is named.
Each session starts the library and ends it again: between two signatures nothing is
logged in, and a token may be pulled out. Nothing here forks, and no server that forks
may come here.

The rule: a PIN goes only to a token that the caller named, and after a refusal never
again by itself. No error tells a label: on signature tokens it is its holder's name.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from childgrid_wire.errors import TokenRefused

if TYPE_CHECKING:
    from types import ModuleType

    from pkcs11.types import Session, Token

_turn = threading.Lock()


@contextmanager
def session(path: Path, token: str, pin: bytes) -> Iterator[tuple[Session, str]]:
    """A session in which the user is logged in, and the token's serial number.

    Args:
        path: the PKCS#11 library of the token's maker.
        token: label or serial number; empty where only one is plugged in.
        pin: the user's PIN, sent once.

    Raises:
        TokenRefused: no such library or token, another PIN, or what the token refused
            in the session.
    """
    pkcs11 = module()
    with _turn:
        library = _library(path)
        try:
            chosen = _token(list(library.get_tokens()), token)
            with _login(chosen, pin) as opened:
                yield opened, _serial(chosen)
        except pkcs11.PKCS11Error as error:
            raise TokenRefused(f"the token refused: {type(error).__name__}") from error
        finally:
            with suppress(pkcs11.PKCS11Error):
                library.finalize()


def module() -> ModuleType:
    """python-pkcs11; raises `TokenRefused` where the extra is not installed."""
    try:
        import pkcs11
    except ModuleNotFoundError as error:
        raise TokenRefused("no PKCS#11 here: install childgrid[pkcs11]") from error
    return pkcs11


def said(thing: Any, name: str) -> Any:  # noqa: ANN401 - as the attribute is
    """An attribute of an object on a token; None where the token tells none."""
    pkcs11 = module()
    try:
        return thing[getattr(pkcs11.Attribute, name)]
    except (pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive):
        return None


def tries(flags: int) -> str:
    """What a token's flags (CK_TOKEN_INFO) tell of the tries that are left.

    No token tells their number.
    """
    known = module().TokenFlag
    if flags & known.USER_PIN_LOCKED:
        return "the token has locked it: its maker's tool unlocks it"
    if flags & known.USER_PIN_FINAL_TRY:
        return "one try is left, then the token locks itself"
    if flags & known.USER_PIN_COUNT_LOW:
        return "few tries may be left before the token locks itself"
    return "the token does not say how many tries are left"


def _library(path: Path) -> Any:  # noqa: ANN401 - a class of C
    pkcs11 = module()
    if not path.is_absolute() or not path.is_file():
        raise TokenRefused("no file at the whole path of the token's library")
    try:
        return pkcs11.lib(str(path))
    except pkcs11.PKCS11Error as error:
        raise TokenRefused(
            f"{path.name} is no PKCS#11 library, or not one of this kind of machine"
        ) from error


def _token(present: Sequence[Token], wanted: str) -> Token:
    """The one token that is meant, by label or serial number."""
    flag = module().TokenFlag.USER_PIN_INITIALIZED
    ready = [one for one in present if one.flags & flag]
    meant = [one for one in ready if wanted in ("", one.label, _serial(one))]
    if len(meant) == 1:
        return meant[0]
    if not ready:
        raise TokenRefused("no token with a PIN is plugged in, or its reader is away")
    serials = ", ".join(sorted(map(_serial, meant or ready)))
    if meant:
        raise TokenRefused(f"several tokens: name one by its serial number: {serials}")
    raise TokenRefused(f"that token is not plugged in; there is: {serials}")


def _serial(token: Token) -> str:
    return token.serial.decode("ascii", "replace").strip()


def _login(token: Token, pin: bytes) -> Session:
    pkcs11 = module()
    wrong = pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange
    try:
        return token.open(user_pin=pin.decode())
    except pkcs11.PinLocked as error:
        locked = tries(pkcs11.TokenFlag.USER_PIN_LOCKED)
        raise TokenRefused(f"PIN not taken: {locked}") from error
    except (*wrong, UnicodeDecodeError) as error:
        left = tries(int(token.slot.get_token().flags))
        raise TokenRefused(f"wrong PIN, not tried again: {left}") from error
