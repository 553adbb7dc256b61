"""What may be read at a desk, and by whom: one table for the node and its auditors.

A node shows nothing else, whatever a portal asks for; an auditor holds every logged
`view` against the same table. Which *cases* somebody may read is the node's to judge:
no statement says more than that something was looked at.

Pure, as `rules`.
"""

from __future__ import annotations

from childgrid_wire.errors import Reason, Refused
from childgrid_wire.statement import Statement
from childgrid_wire.trust import View

_CASE = ("investigator", "supervising-officer", "custodian", "prosecutor")
_HOUSE = (*_CASE, "agency-it")

READERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("inbox", "query", "answers", "request", "profile"), _CASE),
    **dict.fromkeys(("packs", "bundle"), _CASE),
    "docket": ("investigator", "supervising-officer", "custodian"),
    **dict.fromkeys(("explanation", "silent"), ("custodian",)),
    **dict.fromkeys(("desk", "directory"), _HOUSE),
    "health": ("agency-it",),
    "opening": ("auditor",),
}
"""The roles that may read each object of a `view`."""


def check_role(role: str, object_: str) -> None:
    """Whether a role may read an object; raises `Refused` otherwise."""
    if role not in READERS.get(object_, ()):
        raise Refused(Reason.WRONG_ROLE, "view")


def check_view(view: View, said: Statement) -> None:
    """Whether whoever a `view` names, its signer or its reader, may read that.

    Raises:
        Refused, Untrusted: not in this role, or no officer that stood then.
    """
    reader = said.body.get("reader", said.officer)
    check_role(view.officer(said.issuer, reader).role, said["object"])
