"""A template for the certificate of section 63(4) of the Bharatiya Sakshya Adhiniyam.

The Act's Schedule has two parts: A for the party or person in charge, B for the expert,
and asks both for the records' hash values and their algorithm. Those values are filled
in here; everything that a person must vouch for is left blank. The Schedule's own words
are not repeated: whoever signs takes them from the Act. It gives no legal advice.
The rule: every page says that it is a template, to be checked by a lawyer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from childgrid_audit.paper import Blanks, Block, Heading, Table, Text

TITLE = "Certificate for electronic records (template)"
WARNING = (
    "TEMPLATE, TO BE CHECKED BY A LAWYER before anybody signs it. It is not legal "
    "advice. The wording of the declaration must be taken from the Schedule to the "
    "Bharatiya Sakshya Adhiniyam, 2023 [section 63(4)(c)]; this page has only the "
    "fields and the values."
)
ALGORITHM = "SHA-256"
_KINDS = (
    "computer / storage media, DVR, mobile, flash drive, CD/DVD, server, cloud, other"
)


@dataclass(frozen=True)
class Record:
    """A file that is produced, and its SHA-256 (hex)."""

    name: str
    what: str
    sha256: str


def certificate(
    records: Sequence[Record], sources: Sequence[tuple[str, str]]
) -> list[Block]:
    """The template's page.

    Args:
        records: what is produced; the first is the list of all other hashes.
        sources: label and value of what is known about where the records come from.
    """
    return [
        Heading(TITLE, 1),
        Text(WARNING, warning=True),
        Heading("What is produced"),
        _hashes(records),
        Text(
            f"Algorithm: {ALGORITHM}. The first file lists the {ALGORITHM} of every "
            "file of this folder but its pages, and is the hash report to be enclosed. "
            "`sha256sum -c SHA256SUMS` compares all of them."
        ),
        Heading("Where it comes from (as the signed manifest and the logs have it)"),
        Blanks(list(sources)),
        *_part(
            "Part A: to be filled in by the party or person in charge",
            [
                ("Name", ""),
                ("Son / daughter / spouse of", ""),
                ("Residing or employed at", ""),
                ("Office held, and in charge of", ""),
                (f"Device or source ({_KINDS})", ""),
                ("Make and model; colour", ""),
                ("Serial number", ""),
                ("IMEI / UIN / UID / MAC / cloud id, as applicable", ""),
                ("Other information about the device or source", ""),
                ("Owned, maintained, managed or operated by me (which)", ""),
                ("Lawful control and regular use: period, in the Schedule's words", ""),
                ("Working properly, or out of operation when and with what effect", ""),
            ],
            records,
        ),
        *_part(
            "Part B: to be filled in by the expert",
            [
                ("Name", ""),
                ("Son / daughter / spouse of", ""),
                ("Residing or employed at", ""),
                ("Qualification and designation", ""),
                (f"Device or source examined ({_KINDS})", ""),
                ("How the hash values were computed again, with which tool", ""),
                ("Verified with `childgrid-audit verify` (version, date, result)", ""),
                ("Verified with `audit/second/verify.py` (date, result)", ""),
            ],
            records,
        ),
        Text(WARNING, warning=True),
    ]


def _part(
    title: str, lines: list[tuple[str, str]], records: Sequence[Record]
) -> list[Block]:
    return [
        Heading(title),
        Text("The declaration, in the words of the Schedule:"),
        Blanks([("Declaration", ""), *lines]),
        Text("Hash values of the electronic records, filled in by the program:"),
        _hashes(records),
        Blanks(
            [
                ("Algorithm", f"{ALGORITHM} (not SHA-1, not MD5)"),
                ("Hash report enclosed", "SHA256SUMS"),
                ("Date (DD/MM/YYYY)", ""),
                ("Time (IST, 24 hours)", ""),
                ("Place", ""),
                ("Name and signature", ""),
            ]
        ),
    ]


def _hashes(records: Sequence[Record]) -> Table:
    rows = [(one.name, one.what, one.sha256) for one in records]
    return Table(("file", "what it is", ALGORITHM), rows)
