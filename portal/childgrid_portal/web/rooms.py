"""Every page of an open desk, as data: address, handler, who may enter, its name.

Each handler is a plain function of a `Visit`. Which entries the navigation has follows
from the role; what somebody may see and do is judged by the node, whatever stands here.
"""

from __future__ import annotations

from childgrid_portal.web import (
    asking,
    deciding,
    deputies,
    finding,
    office,
    outcomes,
    requesting,
)
from childgrid_portal.web.visit import EVERYBODY, Room
from childgrid_portal.web.words import N_

_BOTH = ("GET", "POST")
_OFFICERS = ("investigator", "supervising-officer", "custodian")
_ASKERS = ("investigator", "supervising-officer")
_APPROVERS = ("supervising-officer", "custodian")
_TELLERS = (*_ASKERS, "prosecutor")

ROOMS: list[Room] = [
    Room("/", office.inbox, roles=EVERYBODY, name=N_("Inbox")),
    Room("/ask", asking.ask, _BOTH, ("investigator",), N_("Ask"), asking.FIELDS),
    Room("/queries", finding.docket, _BOTH, _OFFICERS, N_("Queries")),
    Room("/query/{query}", finding.query),
    Room("/query/{query}/events", finding.progress),
    Room("/query/{query}/decide", deciding.query, _BOTH),
    Room(
        "/query/{query}/request/{holder}/{handle}",
        requesting.request,
        _BOTH,
        _ASKERS,
        keeps=requesting.NAMES,
    ),
    Room("/request/{request}/outcome", outcomes.outcome, _BOTH, _TELLERS),
    Room("/outcome/{subject}", outcomes.purge, _BOTH, ("custodian",)),
    Room("/request/{request}", deciding.request, _BOTH),
    Room("/budget/{subject}", deciding.budget, _BOTH, ("custodian",)),
    Room("/silent", deciding.silent, roles=("custodian",), name=N_("Silent hits")),
    Room("/silent/{query}", deciding.silent, _BOTH, ("custodian",)),
    Room("/review/{request}", deciding.review, _BOTH),
    Room("/finding/{finding}", deciding.finding, _BOTH),
    Room("/deputy", deputies.deputy, _BOTH, _APPROVERS),
    Room("/lift", office.lift, _BOTH, ("supervising-officer",), N_("Limits")),
    Room("/directory", office.directory, roles=EVERYBODY, name=N_("Directory")),
    Room("/health", office.health, roles=("agency-it",), name=N_("Health")),
]
"""In the order of the navigation."""
