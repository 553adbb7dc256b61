"""Telephone numbers, identity numbers and addresses in one canonical form each.

Every reader takes a cell and returns the canonical forms it holds, none if it holds
nothing valid. What is formed like an identifier but cannot be one (a wrong check digit,
a repeated digit) is left out: a false equality would accuse the wrong person.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from stdnum import verhoeff

from .dates import ascii_digits
from .lexicon import table
from .words import canonical, clean

Canonical = tuple[str, ...]

_TABLE = table("identifiers")
_SPLIT = re.compile(r"[;,|&\n]|\s/\s|\bor\b|\band\b")
_DECIMAL = re.compile(r"^\s*(\d+)\.0+\s*$")
_REPEATED = re.compile(r"^(.)\1*$")
_PHONE = re.compile(r"^[1-9]\d{9}$")
_MASKED = re.compile(r"^[x*#•.\-\s]*(\d{4})$")
_PAN = re.compile(r"^[A-Z]{3}[PCHFATBLJGE][A-Z]\d{4}[A-Z]$")
_INDIAN_PASSPORT = re.compile(r"^[A-Z]\d{7}$")
_VEHICLE = re.compile(r"^([A-Z]{2})(\d{1,2})([A-Z]{0,3})(\d{1,4})$")
_LAST_NUMBER = re.compile(r"(\d{1,4})\D*$")
_BHARAT = re.compile(r"^\d{2}BH\d{4}[A-Z]{1,2}$")
_EPIC = re.compile(r"^[A-Z]{3}\d{7}$")
_LICENCE = re.compile(r"^([A-Z]{2})(\d{1,2})((?:19|20)\d{2})(\d{6,7})$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$")
_UPI = re.compile(r"^[\w.\-]{2,}@[a-z][a-z0-9]{1,}$")
_LINK = re.compile(r"^(?:https?://)?(?:www\.|m\.)?[\w\-]+\.[a-z]{2,}/(?:u/)?")
_CNR = re.compile(r"^[A-Z0-9]{6}\d{10}$")
_DIGIT = str.maketrans("OISB", "0158")
_LETTER = str.maketrans("0158", "OISB")
_SEQUENCES = ("1234567890", "0123456789", "9876543210")
_MARKS = re.compile(r"[\W_]+")


def _names(section: str) -> dict[str, str]:
    return {
        _MARKS.sub("", clean(name)): field
        for field, names in _TABLE[section].items()
        for name in names
    }


_TYPES = _names("types")
_SEXES = _names("sex")
_TYPE_WORDS = frozenset(_TABLE["type_words"])
_FIR_WORDS = frozenset(_TABLE["fir"]["words"])


def _alnum(text: str) -> str:
    return "".join(c for c in ascii_digits(text).upper() if c.isascii() and c.isalnum())


def _digits(text: str) -> str:
    return "".join(c for c in ascii_digits(text) if c.isdigit() and c.isascii())


def _whole(text: str) -> str:
    """A number that passed through a spreadsheet, without its decimals."""
    found = _DECIMAL.match(text)
    return found[1] if found else text


def _unlikely(digits: str) -> bool:
    return bool(_REPEATED.match(digits)) or digits in _SEQUENCES


def phone(text: str) -> Canonical:
    """Telephone numbers: ten digits, or "+" and all digits of a foreign one."""
    numbers = [_phone(part) for part in _SPLIT.split(clean(_whole(text)))]
    return tuple(dict.fromkeys(n for number in numbers for n in number))


def _phone(text: str) -> Canonical:
    digits = _digits(text)
    if len(digits) >= 20 and "/" not in text:
        halves = [_digits(word) for word in text.split()]
        return tuple(n for half in halves if len(half) < 20 for n in _phone(half))
    if "/" in text and len(digits) >= 12:
        return tuple(n for part in text.split("/") for n in _phone(part))
    if text.strip().startswith("+") and not digits.startswith("91"):
        return (f"+{digits}",) if 8 <= len(digits) <= 15 else ()
    for prefix in ("0091", "091", "91", "0"):
        if len(digits) == 10 + len(prefix) and digits.startswith(prefix):
            digits = digits[len(prefix) :]
            break
    valid = _PHONE.match(digits) and not _unlikely(digits)
    return (digits,) if valid and not _REPEATED.match(digits[1:]) else ()


def aadhaar(text: str) -> Canonical:
    """Twelve digits whose last is the Verhoeff check digit."""
    digits = _digits(_whole(text))
    formed = len(digits) == 12 and digits[0] in "23456789"
    valid = formed and verhoeff.is_valid(digits) and digits != digits[::-1]
    return (digits,) if valid else ()


def aadhaar4(text: str) -> Canonical:
    """The last four digits of a full, masked or mistyped Aadhaar number."""
    text = clean(_whole(text)).strip()
    digits = _digits(text)
    if len(digits) == 12 and not _REPEATED.match(digits):
        return (digits[-4:],)
    masked = _MASKED.match(ascii_digits(text))
    return (masked[1],) if masked else ()


def pan(text: str) -> Canonical:
    """A permanent account number: five letters, four digits, a letter."""
    code = _alnum(text)
    if len(code) != 10:
        return ()
    code = _letters(code[:5]) + _numerals(code[5:9]) + _letters(code[9:])
    return (code,) if _PAN.match(code) else ()


def epic(text: str) -> Canonical:
    """A voter's number: three letters and seven digits, or an older long form."""
    code = _alnum(text)
    if len(code) == 10:
        code = _letters(code[:3]) + _numerals(code[3:])
        return (code,) if _EPIC.match(code) and not _unlikely(code[3:]) else ()
    digits = sum(sign.isdigit() for sign in code)
    return (code,) if 11 <= len(code) <= 17 and digits >= 7 else ()


def passport(text: str) -> Canonical:
    """A passport number: a letter and seven digits, or a foreign one of 6 to 9."""
    code = _alnum(text)
    indian = _letters(code[:1]) + _numerals(code[1:])
    if _INDIAN_PASSPORT.match(indian):
        return (indian,) if not _unlikely(indian[1:]) else ()
    digits = sum(sign.isdigit() for sign in code)
    formed = 6 <= len(code) <= 9 and digits >= 4 and not _REPEATED.match(code)
    return (code,) if formed else ()


def driving_licence(text: str) -> Canonical:
    """A driving licence: state, office (two digits), year, seven digits."""
    code = _alnum(text)
    if found := _LICENCE.match(code):
        return (f"{found[1]}{found[2]:0>2}{found[3]}{found[4]:0>7}",)
    digits = sum(sign.isdigit() for sign in code)
    return (code,) if 8 <= len(code) <= 18 and digits >= 5 else ()


def vehicle(text: str) -> Canonical:
    """A registration mark: state, office (two digits), series, four digits."""
    code = _alnum(text).removeprefix("IND")
    if _BHARAT.match(code):
        return (code,)
    found = _VEHICLE.match(code)
    if found and int(found[4]):
        return (f"{found[1]}{found[2]:0>2}{found[3]}{found[4]:0>4}",)
    digits = sum(sign.isdigit() for sign in code)
    return (code,) if not found and 6 <= len(code) <= 11 and digits >= 3 else ()


def vehicle4(text: str) -> Canonical:
    """The last number of a registration mark in four digits."""
    found = _LAST_NUMBER.search(_alnum(text))
    return (found[1].rjust(4, "0"),) if found and int(found[1]) else ()


def email(text: str) -> Canonical:
    """E-mail addresses in lower case, Google's without dots and suffixes."""
    found = (_email(part.strip()) for part in re.split(r"[\s;,|]+", clean(text)))
    return tuple(dict.fromkeys(address for address in found if address))


def _email(text: str) -> str:
    text = text.removeprefix("mailto:").strip("<>()")
    if not _EMAIL.match(text):
        return ""
    name, _, host = text.rpartition("@")
    if host in ("gmail.com", "googlemail.com"):
        name, host = name.partition("+")[0].replace(".", ""), "gmail.com"
    return f"{name}@{host}" if name else ""


def handle(text: str) -> Canonical:
    """Names on a platform, without "@" and without the link around them."""
    found = (_handle(part) for part in re.split(r"[\s;,|]+", clean(text)))
    return tuple(dict.fromkeys(name for name in found if len(name) >= 3))


def _handle(text: str) -> str:
    return _LINK.sub("", text).strip("@/").partition("?")[0].rstrip("/")


def upi(text: str) -> Canonical:
    """Payment addresses ("name@bank") in lower case."""
    parts = (part.strip() for part in re.split(r"[\s;,|]+", clean(text)))
    return tuple(dict.fromkeys(part for part in parts if _UPI.match(part)))


def fir(text: str) -> Canonical:
    """A first information report: serial, year and the words that place it.

    A serial number counts within one police station and year only, so a cell that
    names no place is no identifier, unless it is a long national number.
    """
    words = [word for word in _MARKS.split(ascii_digits(clean(text))) if word]
    numbers = [word for word in words if word.isdigit()]
    if len(numbers) == 1 and len(numbers[0]) >= 10:
        return (numbers[0],)
    places = {canonical(w) for w in words if not w.isdigit() and w not in _FIR_WORDS}
    years = [n for n in numbers if len(n) == 4 and n[:2] in ("19", "20")]
    serials = [n.lstrip("0") for n in numbers if n not in years]
    if len(years) != 1 or not serials or not any(places):
        return ()
    return ("/".join([*serials, years[0], *sorted(filter(None, places))]),)


def cnr(text: str) -> Canonical:
    """A court's case number record: six letters or digits and ten digits."""
    code = _alnum(text)
    return (code,) if _CNR.match(code) else ()


def sex(text: str) -> str:
    """`m`, `f`, `t`, or nothing."""
    return _SEXES.get(_MARKS.sub("", clean(text)), "")


def kind(text: str) -> str:
    """The grid field that an identifier's type text means, or nothing."""
    words = [word for word in _MARKS.split(clean(text)) if word]
    telling = "".join(word for word in words if word not in _TYPE_WORDS)
    return _TYPES.get("".join(words)) or _TYPES.get(telling, "")


def _letters(text: str) -> str:
    return text.translate(_LETTER)


def _numerals(text: str) -> str:
    return text.translate(_DIGIT)


READERS: dict[str, Callable[[str], Canonical]] = {
    "phone": phone,
    "aadhaar": aadhaar,
    "aadhaar4": aadhaar4,
    "pan": pan,
    "epic": epic,
    "passport": passport,
    "driving_licence": driving_licence,
    "vehicle": vehicle,
    "vehicle4": vehicle4,
    "email": email,
    "handle": handle,
    "upi": upi,
    "fir": fir,
    "cnr": cnr,
}
"""Reader of each exact field."""

DERIVED = {"aadhaar": ("aadhaar", "aadhaar4"), "vehicle": ("vehicle", "vehicle4")}
"""Grid fields that give more than one exact field."""
