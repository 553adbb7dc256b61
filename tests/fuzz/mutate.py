"""Changed copies of a corpus, the same for the same seed: a fuzzer without a compiler.

It knows no coverage. The words are those that parsers stumble over: odd numbers, deep
nesting, spellings that Python's own readers take and a strict one must not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

WORDS = (
    b"0", b"-0", b"-1", b"00", b"1e9", b"1.0", b"NaN", b"Infinity", b"1_0",
    b"9223372036854775808", b"9" * 4_400, "٣".encode(), b"null", b"true", b"[]", b"{}",
    b'""', b"[" * 2_000, b'{"a":' * 2_000, b"\\u0000", b"\\ud800", b"\xff", b"\xc0\x80",
    b"\0", b"\n", b"\n\n", b"\r\n", b" ", b"\t", b"\xef\xbb\xbf", b"=", b"==", b"+",
    b"/", b'"', b"'", b"'''", b'"""', b",", b";", b"|", b"#", b"]]", b"0000-00-00",
    b"1979-13-40", "— ".encode(), b"index 0", b"BNS:143",
)  # fmt: skip
LONGEST = 1 << 16


def mutations(corpus: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """`count` changed copies of pieces of a corpus; each has one to four changes."""
    rng = random.Random(seed)
    for _ in range(count):
        data = rng.choice(corpus)
        for _ in range(rng.randint(1, 4)):
            data = rng.choice(_CHANGES)(data, corpus, rng)[:LONGEST]
        yield data


def _flip(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _byte(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.randbytes(1) + data[at + rng.randint(0, 1) :]


def _word(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    end = at + rng.choice((0, 0, 1, 2, 8))
    return data[:at] + rng.choice(WORDS) + data[end:]


def _cut(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = sorted(rng.randint(0, len(data)) for _ in range(2))
    return data[:start] + data[end:]


def _double(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = sorted(rng.randint(0, len(data)) for _ in range(2))
    return data[:end] + data[start:]


def _splice(data: bytes, corpus: Sequence[bytes], rng: random.Random) -> bytes:
    other = rng.choice(corpus)
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


_CHANGES = (_flip, _flip, _byte, _word, _word, _cut, _double, _splice)
