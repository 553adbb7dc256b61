"""Telephone and document numbers that are valid in form and plainly invented.

Each is a function of a small integer, so no two people share one by chance. Marks of
origin: the digits of every telephone number add up to a multiple of ten, every
Aadhaar begins with 9999 (a range kept for tests), every Indian passport with Y.
"""

from __future__ import annotations

PHONES = 3_000_000
"""How many different numbers `phone` can give."""

_STEP = 7_919
_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def phone(n: int) -> str:
    """A ten-digit mobile number; `n` and `n + PHONES` give the same one."""
    lead, rest = divmod(n * _STEP % PHONES, 1_000_000)
    return checked_phone(f"{7 + lead}00{rest:06d}")


def checked_phone(nine: str) -> str:
    """Nine digits and the tenth that makes their sum a multiple of ten."""
    return nine + str(-sum(map(int, nine)) % 10)


def aadhaar(n: int) -> str:
    """Twelve digits, the last by Verhoeff's scheme (1969)."""
    body = f"9999{n * _STEP % 10_000_000:07d}"
    check = 0
    for row, digit in zip(_ROWS, reversed(body), strict=True):
        check = _PRODUCT[check][row[int(digit)]]
    return body + str(_INVERSE[check])


def passport(n: int) -> str:
    """A letter and seven digits, of which neither the first nor the last is 0."""
    rest, last = divmod(n * _STEP % 8_100_000, 9)
    first, middle = divmod(rest, 100_000)
    return f"Y{first + 1}{middle:05d}{last + 1}"


def driving_licence(n: int, code: str) -> str:
    """State, office, year of issue and a serial of seven digits."""
    return f"{code}{n % 79 + 1:02d}{1998 + n % 27}{n * _STEP % 10_000_000:07d}"


def vehicle(n: int, code: str) -> str:
    """State, office, two letters and four digits."""
    n, serial = divmod(n * _STEP % 60_000_000, 9_999)
    n, first = divmod(n, 24)
    second = n % 24
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    office = n // 24 % 79 + 1
    return f"{code}{office:02d}{letters[first]}{letters[second]}{serial + 1:04d}"


def _product(a: int, b: int) -> int:
    """Multiply in the dihedral group of order ten (Verhoeff's table)."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


def _rows() -> list[list[int]]:
    rows = [list(range(10))]
    for _ in range(11):
        rows.append([_TURN[digit] for digit in rows[-1]])
    return rows[1:]


_PRODUCT = [[_product(a, b) for b in range(10)] for a in range(10)]
_INVERSE = [row.index(0) for row in _PRODUCT]
_ROWS = _rows()
