"""Every kind of statement, who may say it, and the closed lists that it draws from.

The schema of each kind stands in `schemas`.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a statement says; its DSSE payload type is derived from it."""

    DIRECTORY = "directory"
    STAFF = "staff"
    POLICY = "policy"
    FLOOR = "floor"
    SCHEME = "scheme"
    SEALING_KEY = "sealing-key"
    ROTATION = "rotation"
    ENROLMENT = "enrolment"
    REVOCATION = "revocation"
    CASE = "case"
    QUERY = "query"
    ANSWER = "answer"
    REQUEST = "request"
    APPROVAL = "approval"
    REFUSAL = "refusal"
    DISCLOSURE = "disclosure"
    VOID = "void"
    RECEIPT = "receipt"
    REVIEW = "review"
    BUDGET = "budget"
    DELEGATION = "delegation"
    NOTICE = "notice"
    WATCH = "watch"
    ALERT = "alert"
    FINDING = "finding"
    OPENING = "opening"
    OPENED = "opened"
    VIEW = "view"
    SHRED = "shred"
    FRESHNESS = "freshness"
    MANIFEST = "manifest"

    @property
    def payload_type(self) -> str:
        """The DSSE payload type of this kind."""
        return f"application/vnd.childgrid.{self.value}.v1+json"


BY_PAYLOAD_TYPE = {kind.payload_type: kind for kind in Kind}

PURPOSES = ("investigation", "prosecution", "prevention", "child-recovery")
FIELDS = (
    "name",
    "alias",
    "relative",
    "birth_date",
    "birth_year",
    "age",
    "sex",
    "address",
    "district",
    "state",
    "pin",
    "phone",
    "aadhaar",
    "pan",
    "epic",
    "passport",
    "driving_licence",
    "vehicle",
    "email",
    "handle",
    "upi",
    "fir",
    "cnr",
    "identifier",
)
"""Every grid field that a mapping may name."""

DESCRIBED = (*FIELDS, "age_as_of")
"""What a description of a suspect may name: also the day on which an age was so."""

CATEGORIES = (
    "identity",
    "residence",
    "movement",
    "finance",
    "communication",
    "custody",
    "court",
    "vehicle",
    "intelligence",
    "police-record",
    "child-protection",
    "child-custody",
    "missing-person",
    "health",
    "cyber",
)
ROLES = (
    "investigator",
    "supervising-officer",
    "custodian",
    "prosecutor",
    "auditor",
    "agency-it",
)
BANDS = ("strong", "possible", "weak")
DENIALS = (
    "not-necessary",
    "not-this-person",
    "legal-bar",
    "victim-safety",
    "weak-basis",
    "operation-at-risk",
)

VERDICTS = ("not-him", "same", "withdrawn")
"""What a person may say of a candidate (`candidates`)."""

DISPOSALS = (
    "no-action",
    "not-this-person",
    "charge-sheeted",
    "convicted",
    "acquitted",
    "discharged",
    "closed",
)
"""How a case stands in which a record was disclosed (`outcomes`)."""

TOPICS = (
    "break-glass-declared",
    "break-glass",
    "break-glass-ended",
    "break-glass-suspended",
)
"""What a notice on the board says of a request (`breakglass`)."""

GROUNDS = ("complaint", "court-order", "finding", "sample", "suspected-abuse")
"""Why an auditor asks to open what is kept beside a statement (`openings`)."""

ACTS = ("policy", "key", "index", "archive", "reader", "declared", "succession")
"""What a notice in a member's own log says that its administrators did, or who read;
`declared` marks a query about the agency's own people (`declared`), `succession` is the
first leaf of a log that follows a closed one (`closing`)."""

FOUNDED = frozenset({Kind.DIRECTORY, Kind.FLOOR, Kind.SCHEME})
"""Kinds that need signatures of distinct founders."""

BY_MEMBER = frozenset(
    {
        Kind.STAFF,
        Kind.POLICY,
        Kind.SEALING_KEY,
        Kind.ROTATION,
        Kind.CASE,
        Kind.ANSWER,
        Kind.DISCLOSURE,
        Kind.VOID,
        Kind.RECEIPT,
        Kind.FRESHNESS,
        Kind.MANIFEST,
        Kind.NOTICE,
        Kind.ALERT,
        Kind.SHRED,
        Kind.OPENED,
    }
)
"""Kinds that a member's own key signs, never an officer's."""

BY_OFFICER = frozenset(
    {
        Kind.QUERY,
        Kind.REQUEST,
        Kind.APPROVAL,
        Kind.REVIEW,
        Kind.BUDGET,
        Kind.DELEGATION,
        Kind.WATCH,
        Kind.FINDING,
        Kind.OPENING,
    }
)
"""Kinds that a person signs. A refusal may be a person's or a node's; so may a
`view`, which a node writes of a `reader` who has opened the desk."""
