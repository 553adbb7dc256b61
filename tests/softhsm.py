"""Tokens for tests: SoftHSM's, which do in software what a signature token does.

They lie in a folder of the test's; `SOFTHSM2_CONF` names it to the library while it is
started, so that each test has a reader of its own. Debian's `softhsm2` is what it takes
(`make machine`); there is no test of tokens without it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN, KEEPER = "4711-0815", "87654321"
RSA, P256 = "rsa-pkcs1v15-sha256", "ecdsa-p256-sha256"
_CONF = """directories.tokendir = {}
objectstore.backend = file
log.level = ERROR
slots.removable = false
"""


class Reader:
    """A folder of tokens, plugged in as long as the test runs."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        if not LIBRARY.is_file():
            raise FileNotFoundError("SoftHSM is missing here: run `make machine`")
        self.folder = folder
        (folder / "tokens").mkdir(parents=True)
        conf = folder / "softhsm2.conf"
        conf.write_text(_CONF.format(folder / "tokens"))
        patch.setenv("SOFTHSM2_CONF", str(conf))

    def token(self, label: str) -> str:
        """Plug in a new token; returns its serial number."""
        before = set(self.serials())
        words = ["--init-token", "--free", "--label", label, "--pin", PIN]
        subprocess.run(
            ["softhsm2-util", *words, "--so-pin", KEEPER],
            check=True,
            capture_output=True,
        )
        (serial,) = set(self.serials()) - before
        return serial

    def serials(self) -> list[str]:
        """The serial numbers of all tokens that are plugged in."""
        with started() as library:
            return [one.serial.decode() for one in library.get_tokens() if one.serial]

    def flags(self, serial: str) -> int:
        """What a token says of itself."""
        with started() as library:
            return int(library.get_token(token_serial=serial.encode()).flags)

    def key(
        self,
        serial: str,
        name: int,
        kind: str = RSA,
        private: Mapping[Attribute, Any] | None = None,
        **more: Any,
    ) -> None:
        """Make a key on a token, under the id `name`; its label names a person."""
        given = {
            "id": bytes([name]),
            "label": f"Anjali Rao's key {name}",
            "store": True,
            "private_template": dict(private or {}),
        }
        with at(serial) as session:
            if kind == RSA:
                size = more.pop("bits", 2_048)
                session.generate_keypair(KeyType.RSA, size, **{**given, **more})
                return
            curve = {"EC_PARAMS": more.pop("curve", "secp256r1")}
            said = encode_named_curve_parameters(curve["EC_PARAMS"])
            session.create_domain_parameters(
                more.pop("type", KeyType.EC), {Attribute.EC_PARAMS: said}, local=True
            ).generate_keypair(**{**given, **more})

    def remove(self, serial: str, kind: ObjectClass, name: int) -> None:
        """Delete an object of a token."""
        with at(serial) as session:
            wanted = {Attribute.CLASS: kind, Attribute.ID: bytes([name])}
            for one in list(session.get_objects(wanted)):
                one.destroy()

    def rename(self, serial: str, name: int, other: int) -> None:
        """Give a private key another id."""
        with at(serial) as session:
            wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
            (private,) = session.get_objects({**wanted, Attribute.ID: bytes([name])})
            private[Attribute.ID] = bytes([other])

    def put(self, serial: str, what: dict[Attribute, Any]) -> None:
        """Bring an object to a token from outside."""
        with at(serial) as session:
            session.create_object({Attribute.TOKEN: True, **what})


@contextmanager
def started() -> Iterator[Any]:
    """The library, started and ended again."""
    library = pkcs11.lib(str(LIBRARY))
    try:
        yield library
    finally:
        library.finalize()


@contextmanager
def at(serial: str) -> Iterator[Any]:
    """A session at a token in which one may write."""
    with started() as library:
        token = library.get_token(token_serial=serial.encode())
        with token.open(rw=True, user_pin=PIN) as session:
            yield session


DECRYPTS = {"capabilities": MechanismFlag.DECRYPT | MechanismFlag.ENCRYPT}
"""For `Reader.key`: one that may not sign, as many tokens have one beside."""
