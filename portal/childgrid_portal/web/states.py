"""How things stand, and what to do next: the words for states and reasons."""

from __future__ import annotations

from childgrid_portal.web.words import N_

STATES = {
    "query-state": {
        "waiting": N_("waits for approval"),
        "approved": N_("approved, not sent yet"),
        "asked": N_("sent"),
        "refused": N_("refused"),
        "expired": N_("ran out before it was approved"),
        "withdrawn": N_("withdrawn: its case is over, or its asker stands no more"),
    },
    "request-state": {
        "open": N_("open"),
        "disclosed": N_("disclosed"),
        "denied": N_("refused"),
        "lost": N_("came, but could not be opened"),
        "expired": N_("ran out"),
    },
    "target-state": {
        "hit": N_("has candidates"),
        "none": N_("knows nobody who fits"),
        "quiet": N_("names nobody"),
        "refused": N_("refused to search"),
        "asked": N_("not answered yet"),
        "offline": N_("offline"),
        "timed-out": N_("did not answer in time"),
        "expired": N_("did not answer before the query ran out"),
        "waiting": N_("not sent yet"),
        "unsent": N_("never sent"),
        "unknown": N_("not answered, nothing is known of it"),
    },
    "kind": {
        "query": N_("query"),
        "request": N_("request for a record"),
        "budget": N_("lifting of a limit"),
        "finding": N_("auditor's finding"),
    },
    "disposal": {
        "no-action": N_("no action was taken"),
        "not-this-person": N_("the record was another person's"),
        "charge-sheeted": N_("charge-sheeted"),
        "convicted": N_("convicted"),
        "acquitted": N_("acquitted"),
        "discharged": N_("discharged"),
        "closed": N_("the case was closed"),
    },
    "opening": {
        "complaint": N_("somebody complained"),
        "court-order": N_("a court ordered it"),
        "finding": N_("a finding was put about it"),
        "sample": N_("it is in a random sample"),
        "suspected-abuse": N_("the logs suggest an abuse"),
    },
    "document": {
        "directory": N_("directory"),
        "staff": N_("staff list"),
        "policy": N_("release policy"),
        "sealing-key": N_("sealing key"),
    },
}

REASONS = {
    "malformed": N_("The node could not read what was sent. Start again."),
    "too-large": N_("It is too long. Shorten it."),
    "unknown-kind": N_("The other side runs an older release. Tell agency IT."),
    "bad-signature": N_("The signature does not hold. Sign again with your own key."),
    "unknown-peer": N_("This party is not in the directory. Tell agency IT."),
    "unknown-key": N_("Your key is not in the agency's staff list. Tell agency IT."),
    "revoked": N_("The key, officer or agency was revoked."),
    "expired": N_("Its time is over. Make a new one."),
    "not-yet": N_("It is dated in the future. Let agency IT check the clocks."),
    "old-version": N_("Newer documents are in force. Start again in a minute."),
    "wrong-role": N_("An officer of another role must do this."),
    "own-request": N_("Nobody decides on what they asked for themselves."),
    "not-approved": N_("Approvals that the policy demands are missing."),
    "decided": N_("You have decided already. A decision is final."),
    "purpose": N_("The policy does not allow this purpose or section."),
    "case": N_("The register of cases has no such open case of yours."),
    "case-over": N_("The case is closed. What was disclosed for it is not shown."),
    "target": N_("One of the agencies cannot be asked."),
    "epoch": N_("That agency works under another key at the moment. Ask again later."),
    "ceremony": N_("The agencies are changing their key. Ask again later."),
    "scheme": N_("That agency works under another scheme at the moment."),
    "budget": N_(
        "The day's limit is reached: a supervising officer can ask to have it lifted. "
        "Or one person was described in too many ways in a day: no lifting changes "
        "that. Wait a day, or look at the answers to the earlier descriptions."
    ),
    "changed": N_("The record changed since the search. Search again."),
    "fields": N_("The holder's policy does not grant all of these fields."),
    "replayed": N_("This was done already. Nothing is done twice."),
    "unknown": N_("There is no such thing here, or it is not for you."),
    "closed": N_("It is closed. Make a new one."),
    "no-quorum": N_("Too few witnesses can be reached. It goes on by itself later."),
    "stale": N_("Newer documents must be fetched first. It goes on by itself."),
    "log-behind": N_("The log is behind its witnesses. Tell agency IT at once."),
    "deadline": N_("It took too long. Try again."),
    "unreachable": N_("The node cannot be reached. Try again, or tell agency IT."),
    "partial": N_(
        "A part of the register did not answer. It is asked again by itself; nothing "
        "is said until all of it has."
    ),
    "unreviewed": N_("An earlier emergency must be reviewed first."),
    "busy": N_("The node is busy. Try again in a moment."),
    "too-common": N_(
        "Too many people fit. Add what tells the person apart: a relative, an age, "
        "a phone number."
    ),
    "empty": N_("Give at least one name, number or identifier."),
    "training": N_("Training keys are accepted on a training grid only."),
    "probation": N_(
        "An agency that has just joined takes part in rehearsals only. Nothing was "
        "asked of anybody."
    ),
    "configuration": N_("A setting is wrong. Tell agency IT."),
    "storage": N_("The disk is full or broken. Tell agency IT; nothing was taken in."),
}
"""What an officer can do about each reason of the wire."""
