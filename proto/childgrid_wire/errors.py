"""The errors of the wire, drawn:

    WireError                 never raised itself
    ├── Malformed             the bytes are not exactly one canonical statement
    ├── Untrusted             a signature, chain or version does not hold
    ├── Refused               the speaker may not do this, or not now
    ├── Unreachable           the other side did not answer in time
    └── ConfigurationRefused  this program will not start as it is configured

Each carries a `Reason`. Only the reason crosses the wire; the sentence that tells
the reader what to do next is looked up at the receiver, so that no message can
carry what it should not. No error carries personal data.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why something was not done; the only part of an error that may travel."""

    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    UNKNOWN_KIND = "unknown-kind"
    BAD_SIGNATURE = "bad-signature"
    UNKNOWN_PEER = "unknown-peer"
    UNKNOWN_KEY = "unknown-key"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET = "not-yet"
    OLD_VERSION = "old-version"
    WRONG_ROLE = "wrong-role"
    OWN_REQUEST = "own-request"
    NOT_APPROVED = "not-approved"
    DECIDED = "decided"
    PURPOSE = "purpose"
    CASE = "case"
    CASE_OVER = "case-over"
    TARGET = "target"
    EPOCH = "epoch"
    CEREMONY = "ceremony"
    SCHEME = "scheme"
    BUDGET = "budget"
    CHANGED = "changed"
    FIELDS = "fields"
    REPLAYED = "replayed"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    NO_QUORUM = "no-quorum"
    STALE = "stale"
    LOG_BEHIND = "log-behind"
    DEADLINE = "deadline"
    UNREACHABLE = "unreachable"
    PARTIAL = "partial"
    UNREVIEWED = "unreviewed"
    BUSY = "busy"
    TOO_COMMON = "too-common"
    EMPTY = "empty"
    TRAINING = "training"
    PROBATION = "probation"
    CONFIGURATION = "configuration"
    STORAGE = "storage"


NEXT_STEP: dict[Reason, str] = {
    Reason.MALFORMED: "send exactly one canonical statement of a known kind",
    Reason.TOO_LARGE: "keep the message within the stated limit",
    Reason.UNKNOWN_KIND: "upgrade: this side does not know the statement's kind",
    Reason.BAD_SIGNATURE: "sign the exact bytes again with the enrolled key",
    Reason.UNKNOWN_PEER: "ask the founders to put this party into the directory",
    Reason.UNKNOWN_KEY: "publish a staff list or directory that holds this key",
    Reason.REVOKED: "the key, officer, certificate or member has been revoked",
    Reason.EXPIRED: "the statement's time is over; make a new one",
    Reason.NOT_YET: "the statement is dated in the future; check the clock",
    Reason.OLD_VERSION: "fetch the newest documents; versions never go back",
    Reason.WRONG_ROLE: "an officer with the role that the policy names must act",
    Reason.OWN_REQUEST: "nobody approves what they asked for themselves",
    Reason.NOT_APPROVED: "gather the approvals that the holder's policy demands",
    Reason.DECIDED: "this person has decided already; a decision is final",
    Reason.PURPOSE: "use a purpose and section that the policy allows",
    Reason.CASE: "let the police agency's node attest the case first",
    Reason.CASE_OVER: "the case is closed or no longer in the register of cases; what "
    "was disclosed for it is shown to nobody any more, and no more is asked for it",
    Reason.TARGET: "address only agencies that the statement names",
    Reason.EPOCH: "use the linkage key epoch that the directory names",
    Reason.CEREMONY: "settle this by telephone; a broken key ceremony starts anew "
    "under the next epoch",
    Reason.SCHEME: "use the scheme that the directory names",
    Reason.BUDGET: "the budget is spent, and two people may lift it by a statement; "
    "or one person was described in too many ways today, and nobody lifts that",
    Reason.CHANGED: "the record changed since the search; search again",
    Reason.FIELDS: "ask only for fields that the holder's policy grants",
    Reason.REPLAYED: "this was used already; nothing is done twice",
    Reason.UNKNOWN: "no such query, answer or request is known here",
    Reason.CLOSED: "the request is closed; make a new one",
    Reason.NO_QUORUM: "wait until enough witnesses can be reached",
    Reason.STALE: "fetch the newest documents before releasing anything",
    Reason.LOG_BEHIND: "this log is behind its witnesses; tell the founders",
    Reason.DEADLINE: "set a deadline of at most 300 seconds on the call",
    Reason.UNREACHABLE: "check name, address, port and certificate; on a "
    "node, `doctor` tells them apart",
    Reason.PARTIAL: "part of the register did not answer, so nothing is said of the "
    "rest; it is asked again by itself",
    Reason.UNREVIEWED: "review the earlier emergency in full; a suspended right comes "
    "back when the holder opts in anew",
    Reason.BUSY: "too many calls at once; try again in a moment",
    Reason.TOO_COMMON: "add what distinguishes the person: relative, age, phone",
    Reason.EMPTY: "give at least one name, number or identifier",
    Reason.TRAINING: "training keys are accepted on a training grid only",
    Reason.PROBATION: "a member on probation takes part in rehearsals only; the "
    "founders end it by a passed conformance report",
    Reason.CONFIGURATION: "correct what is named (on a node, `doctor` names it) "
    "and start again",
    Reason.STORAGE: "free or repair the disk; nothing was acknowledged",
}


class WireError(Exception):
    """Base of this tree; never raised itself.

    `detail` stays on this side of the wire and names a field, statement kind or
    setting, never a value.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        head = f"{reason.value} ({detail})" if detail else reason.value
        super().__init__(f"{head}: {NEXT_STEP[reason]}")


class Malformed(WireError):
    """The bytes are not exactly one canonical statement."""

    def __init__(self, detail: str, reason: Reason = Reason.MALFORMED) -> None:
        super().__init__(reason, detail)


class Untrusted(WireError):
    """A signature, a chain of documents or a version does not hold."""


class Refused(WireError):
    """The speaker may not do this, or may not do it now."""


class Unreachable(WireError):
    """The other side did not answer in time."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.UNREACHABLE, detail)


class ConfigurationRefused(WireError):
    """This program will not start as it is configured."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.CONFIGURATION, detail)


class TokenRefused(ConfigurationRefused):
    """A PKCS#11 token can't be used here, or its key is not one to be enrolled."""
