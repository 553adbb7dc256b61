"""Keys on tokens, by SoftHSM: which may be enrolled, and what is said of the others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pkcs11._pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.constants import CertificateType

from childgrid_wire import cryptoki, keys, token_keys
from childgrid_wire.errors import TokenRefused
from childgrid_wire.keys import EnrolledKey
from childgrid_wire.token_keys import Found, Spot
from softhsm import DECRYPTS, LIBRARY, P256, PIN, RSA, Reader

SECRET = PIN.encode()
PERSON = "Anjali Rao"
LOW, LAST, LOCKED = 0x10000, 0x20000, 0x40000


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A token with a key of every kind, good and bad; no test changes it."""
    with pytest.MonkeyPatch.context() as patch:
        reader = Reader(tmp_path_factory.mktemp("full") / "reader", patch)
        serial = reader.token(PERSON)
        reader.key(serial, 1)
        reader.key(serial, 2, P256)
        reader.key(serial, 3, P256, {Attribute.ALWAYS_AUTHENTICATE: True})
        reader.key(serial, 4, bits=1_024, **DECRYPTS)
        reader.key(serial, 5, P256, {Attribute.EXTRACTABLE: True})
        reader.key(serial, 6, P256, {Attribute.SENSITIVE: False})
        reader.key(serial, 7, bits=1_024)
        reader.key(serial, 8, P256, curve="secp384r1")
        reader.key(serial, 9, "", type=KeyType.EC_EDWARDS, curve="1.3.101.112")
        imported(reader, serial, 10)
        yield reader


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A reader into which nothing has been plugged yet."""
    return Reader(tmp_path / "reader", monkeypatch)


def imported(reader: Reader, serial: str, name: int) -> None:
    """A key made outside, brought to a token that does not let it out again."""
    made = rsa.generate_private_key(65_537, 2_048).private_numbers()
    public = made.public_numbers

    def number(value: int) -> bytes:
        return value.to_bytes(256, "big").lstrip(b"\0")

    attributes = {
        Attribute.MODULUS: number(public.n),
        Attribute.PUBLIC_EXPONENT: number(public.e),
        Attribute.PRIVATE_EXPONENT: number(made.d),
        Attribute.PRIME_1: number(made.p),
        Attribute.PRIME_2: number(made.q),
        Attribute.EXPONENT_1: number(made.dmp1),
        Attribute.EXPONENT_2: number(made.dmq1),
        Attribute.COEFFICIENT: number(made.iqmp),
    }
    said = {
        Attribute.CLASS: ObjectClass.PRIVATE_KEY,
        Attribute.KEY_TYPE: KeyType.RSA,
        Attribute.ID: bytes([name]),
        Attribute.SIGN: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
    }
    reader.put(serial, {**said, **attributes})


def find(key: str = "", token: str = "", pin: bytes = SECRET) -> Found:
    """Look for a key in the reader that is plugged in."""
    return token_keys.find(LIBRARY, token, key, pin)


def refused(act: Callable[[], object]) -> str:
    """What is said of an act that a token refuses; never a person's name."""
    with pytest.raises(TokenRefused) as refusal:
        act()
    assert "Anjali" not in str(refusal.value)
    return refusal.value.detail


def holds(found: Found, message: bytes, signature: bytes) -> None:
    """A verifier that knows the enrolled key takes the signature."""
    key = EnrolledKey("police/si-rao", found.algorithm, found.key)
    keys.verify(key, message, signature)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [("01", RSA), ("02", P256), ("03", P256), (f"{PERSON}'s key 2", P256)],
    ids=["rsa", "p256", "pin-each-time", "by-label"],
)
@pytest.mark.parametrize("size", [0, 400_000], ids=str)
def test_what_a_token_signs_every_verifier_takes(
    full: Reader, key: str, algorithm: str, size: int
) -> None:
    """RSA and P-256, a statement of any size, also where each wants the PIN."""
    found = find(key)
    message = bytes(size)

    assert found.algorithm == algorithm
    holds(found, message, token_keys.sign(found.spot, algorithm, SECRET, message))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("04", "not on the token; those that sign: 01, 02, 03"),
        ("05", "can leave the token"),
        ("06", "can leave the token"),
        ("07", "too weak"),
        ("08", "no key of this kind"),
        ("09", "no key of this kind"),
        ("0a", "was brought there"),
        ("ff", "not on the token"),
        ("", "several keys: name one by its id: 01, 02"),
    ],
    ids=[
        "decrypts", "leaves", "shows", "short", "p384", "edwards", "imported", "none",
        "several",
    ],
)  # fmt: skip
@pytest.mark.threat("T27")
def test_a_key_that_may_not_be_enrolled(full: Reader, key: str, said: str) -> None:
    """Each is refused for its own reason, by ids and not by names."""
    assert said in refused(lambda: find(key))


def test_a_wrong_pin_is_sent_once_and_the_tries_are_told(
    full: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token counts, so nothing here tries again by itself."""
    (serial,) = full.serials()
    sent = []
    login = cryptoki._login
    monkeypatch.setattr(
        cryptoki, "_login", lambda *given: (sent.append(given), login(*given))[1]
    )
    for pin in (b"4711", b"\xff\xfe", b"9" * 300):
        assert "wrong PIN, not tried again" in refused(
            lambda pin=pin: find("01", "", pin)
        )
    assert len(sent) == 3
    assert full.flags(serial) & LOW
    assert "few tries may be left" in refused(lambda: find("01", "", b"4711"))

    assert find("01").spot.serial == serial
    assert not full.flags(serial) & LOW


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (0, "does not say"),
        (LOW, "few tries may be left"),
        (LOW | LAST, "one try is left"),
        (LOW | LAST | LOCKED, "the token has locked it"),
    ],
)
def test_the_tries_that_are_left_are_told_as_far_as_the_token_tells_them(
    flags: int, said: str
) -> None:
    """No token gives a number; the nearest warning is passed on."""
    assert said in cryptoki.tries(flags)


def test_a_token_is_told_by_its_serial_number(reader: Reader) -> None:
    """No token, another one, or two of one label; the PIN is sent to none of them."""
    assert "no token with a PIN" in refused(find)
    first = reader.token(PERSON)
    reader.key(first, 1, P256)
    assert find().spot == find("", PERSON).spot == Spot(LIBRARY, first, "01")
    second = reader.token(PERSON)
    both = ", ".join(sorted((first, second)))

    for wrong in ("", PERSON):
        assert refused(lambda wrong=wrong: find("", wrong, b"nope")) == (
            f"several tokens: name one by its serial number: {both}"
        )
    assert f"there is: {both}" in refused(lambda: find("", "Mehta", b"nope"))
    assert not any(reader.flags(one) & LOW for one in (first, second))
    assert find("", first).spot.serial == first
    assert "there is no private key on it" in refused(lambda: find("", second))


def test_a_token_with_keys_for_decryption_alone(reader: Reader) -> None:
    """They are not taken for signing, whatever the caller says."""
    serial = reader.token("dsc")
    reader.key(serial, 1, bits=1_024, **DECRYPTS)
    assert "its keys may not sign" in refused(find)
    spot = Spot(LIBRARY, serial, "01")
    assert "may not sign" in refused(lambda: token_keys.sign(spot, RSA, SECRET, b""))


def certified(reader: Reader, serial: str, name: int, key: Found) -> None:
    """Put a certificate of a key beside it, as a licensed issuer does."""
    issuer = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, PERSON)])
    now = datetime.now(UTC)
    public: Any = keys._load(key.key)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(issuer, SHA256())
    )
    reader.put(
        serial,
        {
            Attribute.CLASS: ObjectClass.CERTIFICATE,
            Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
            Attribute.ID: bytes([name]),
            Attribute.SUBJECT: subject.public_bytes(),
            Attribute.VALUE: made.public_bytes(Encoding.DER),
        },
    )


@pytest.mark.parametrize("kind", [RSA, P256])
def test_the_public_half_is_found_wherever_the_token_keeps_it(
    reader: Reader, kind: str
) -> None:
    """An object of its own, a certificate, or with RSA the private key itself."""
    serial = reader.token("dsc")
    reader.key(serial, 1, kind)
    found = find()
    reader.remove(serial, ObjectClass.PUBLIC_KEY, 1)
    if kind == RSA:
        assert find() == found
    else:
        assert "public half is not on the token" in refused(find)

    certified(reader, serial, 1, found)

    assert find() == found
    assert (
        keys._load(found.key).public_bytes(  # type: ignore[attr-defined]
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        == found.key
    )


@pytest.mark.parametrize(
    ("library", "said"),
    [
        (Path("/nowhere/libvendor.so"), "no file at the whole path"),
        (Path("libsofthsm2.so"), "no file at the whole path"),
        (Path("/usr/lib"), "no file at the whole path"),
        (Path(__file__), "test_token_keys.py is no PKCS#11 library"),
        (Path(pkcs11._pkcs11.__file__), "is no PKCS#11 library"),
    ],
    ids=["absent", "relative", "folder", "text", "other"],
)
def test_a_library_that_is_none(library: Path, said: str) -> None:
    """The next step is the path, so the error speaks of that."""
    assert said in refused(lambda: token_keys.find(library, "", "", SECRET))


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a token on such a machine hears what to install."""
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    assert "install childgrid[pkcs11]" in refused(find)


def test_nothing_of_it_is_loaded_before_a_token_is_named(tmp_path: Path) -> None:
    """A key in a file opens on a machine that has never heard of tokens."""
    code = (
        "import sys; from pathlib import Path; sys.modules['pkcs11'] = None;"
        "import childgrid_portal.__main__; from childgrid_wire import personal;"
        f"path = Path({str(tmp_path / 'a.key')!r});"
        "personal.make(path, 'police/si-rao', b'a passphrase for tests');"
        "print(personal.open_key(path, b'a passphrase for tests').keyid)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "police/si-rao\n", done.stderr
