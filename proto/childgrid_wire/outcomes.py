"""What became of it: the outcome of a case in which a record was disclosed.

The requesting agency tells the holder by a `review` of subject `outcome`: which record
(`answers` and `result` name the disclosure), how the case stands (`disposal`), and, if
wanted, a commitment to the court's number (`cnr`). The officer who asked says it, or a
supervising officer or prosecutor of the same agency; a later one takes the place of an
earlier one, as a case goes from court to court.

An acquittal does not by itself take anything out of another agency's register: whoever
asked could hide a person from everybody. The holder's custodian decides, by a `review`
of subject `purge` that stays in the holder's own log.

Pure, as `rules`: statements come in verified, documents and the time as a `View`.
"""

from __future__ import annotations

from childgrid_wire.errors import Reason, Refused
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement, check_time, predates
from childgrid_wire.trust import Officer, View

SUBJECT = "outcome"
PURGE = "purge"
CLEARING = ("acquitted", "discharged")
"""Disposals after which the holder's custodian is asked to take the record out."""

_TELLERS = ("supervising-officer", "prosecutor")


def is_outcome(said: Statement) -> bool:
    """Whether a statement is meant as an outcome."""
    return said.kind is Kind.REVIEW and bool(said["subject"] == SUBJECT)


def is_purge(said: Statement) -> bool:
    """Whether a statement is a custodian's decision on an outcome."""
    return said.kind is Kind.REVIEW and bool(said["subject"] == PURGE)


def may_tell(officer: Officer, request: Statement) -> bool:
    """Whether an officer may say what became of what was disclosed on `request`."""
    own = f"{officer.member}/{officer.id}" == request.person
    return officer.member == request.issuer and (own or officer.role in _TELLERS)


def check_outcome(
    view: View, request: Statement, disclosure: Statement, said: Statement
) -> None:
    """Whether `said` tells what became of a disclosure, by somebody who may.

    Raises:
        Refused, Untrusted: it counts for nothing.
    """
    if not is_outcome(said):
        raise Refused(Reason.UNKNOWN_KIND, said.kind.value)
    check_time(said, view.now)
    if {said.answers, said["result"]} != {disclosure.hash}:
        raise Refused(Reason.UNKNOWN, "review.answers")
    if (said["pairs"], said["agreed"]) != (1, 1) or "disposal" not in said.body:
        raise Refused(Reason.FIELDS, "review.disposal")
    if predates(said, disclosure):
        raise Refused(Reason.EXPIRED, "review is older than its subject")
    if not may_tell(view.officer(said.issuer, said.officer), request):
        raise Refused(Reason.WRONG_ROLE, "review.officer")


def check_purge(view: View, outcome: Statement, said: Statement) -> None:
    """Whether `said` is a custodian's decision on an outcome that may clear a record.

    Raises:
        Refused, Untrusted: it counts for nothing.
    """
    if not is_purge(said):
        raise Refused(Reason.UNKNOWN_KIND, said.kind.value)
    check_time(said, view.now)
    named = (said.answers, said["result"])
    if named != (outcome.hash, outcome["result"]):
        raise Refused(Reason.UNKNOWN, "review.answers")
    if outcome.body.get("disposal") not in CLEARING:
        raise Refused(Reason.UNKNOWN, "review.disposal")
    if said["pairs"] != 1 or said["agreed"] > 1:
        raise Refused(Reason.FIELDS, "review.agreed")
    if view.officer(said.issuer, said.officer).role != "custodian":
        raise Refused(Reason.WRONG_ROLE, "review.officer")
