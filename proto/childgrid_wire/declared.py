"""Own staff and their relatives: declared by an agency, marked where they are sought.

A custodian (the agency's nodal officer) signs a `review` of subject `declared`: for how
many people (`pairs`) and the hash of the document that stands for them at home
(`result`). The document holds encodings and stays with the agency's node; a later
declaration takes the place of the one before, and one of nobody withdraws it. When a
query of the agency's own officers fits one of them strongly, the node writes a `notice`
of topic `declared` about that query into its own log, where auditors find it.

Pure, as `rules`: statements come in verified, documents and the time as a `View`.
"""

from __future__ import annotations

from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement, check_time
from childgrid_wire.trust import View

SUBJECT = "declared"
"""Of the `review` that declares, and the topic of the `notice` that marks."""

DECLARER = "custodian"
MOST_PEOPLE = 2_000
MOST_DAYS = 400
_DAY = 86_400


def is_declaration(said: Statement) -> bool:
    """Whether a statement declares whose searches are to be marked."""
    return said.kind is Kind.REVIEW and bool(said["subject"] == SUBJECT)


def is_mark(said: Statement) -> bool:
    """Whether a statement marks a query about somebody declared."""
    return said.kind is Kind.NOTICE and bool(said["topic"] == SUBJECT)


def check_declaration(view: View, said: Statement) -> None:
    """Whether a custodian declares, for a year or little more at most.

    Raises:
        Refused, Untrusted: it declares nobody.
    """
    if not is_declaration(said):
        raise Refused(Reason.UNKNOWN_KIND, said.kind.value)
    check_time(said, view.now)
    if view.officer(said.issuer, said.officer).role != DECLARER:
        raise Refused(Reason.WRONG_ROLE, "review.officer")
    if said["pairs"] > MOST_PEOPLE or said["agreed"]:
        raise Refused(Reason.FIELDS, "review.pairs")
    if said.expires - said.issued > MOST_DAYS * _DAY:
        raise Refused(Reason.EXPIRED, "review lives too long")
