"""What the codes of statements are called on a page.

Codes are closed lists of the wire; what is not listed here is shown as its code.
"""

from __future__ import annotations

from childgrid_portal.web.evidence import evidence
from childgrid_portal.web.states import REASONS, STATES
from childgrid_portal.web.words import N_, term_of

PURPOSES = {
    "investigation": N_("investigation of an offence"),
    "prosecution": N_("prosecution before a court"),
    "prevention": N_("prevention, under a named order"),
    "child-recovery": N_("recovery of a child"),
}
CATEGORIES = {
    "identity": N_("identity"),
    "residence": N_("residence"),
    "movement": N_("movement and travel"),
    "finance": N_("finance"),
    "communication": N_("communication"),
    "custody": N_("custody and prison"),
    "court": N_("court cases"),
    "vehicle": N_("vehicles"),
    "intelligence": N_("intelligence"),
    "police-record": N_("police records"),
    "child-protection": N_("child protection"),
    "child-custody": N_("children in care"),
    "missing-person": N_("missing persons"),
    "health": N_("health"),
    "cyber": N_("cyber tips"),
}
ROLES = {
    "investigator": N_("investigator"),
    "supervising-officer": N_("supervising officer"),
    "custodian": N_("custodian (nodal officer)"),
    "prosecutor": N_("prosecutor"),
    "auditor": N_("auditor"),
    "agency-it": N_("agency IT"),
}
BANDS = {
    "strong": N_("strong lead"),
    "possible": N_("possible lead"),
    "weak": N_("weak lead"),
}
DENIALS = {
    "not-necessary": N_("not necessary for this case"),
    "not-this-person": N_("not this person"),
    "legal-bar": N_("the law forbids it"),
    "victim-safety": N_("it would endanger a victim"),
    "weak-basis": N_("the legal basis is too weak"),
    "operation-at-risk": N_("it would put an operation at risk"),
}
SIDES = {
    "requester": N_("the agency that asks"),
    "holder": N_("the agency that holds the record"),
}
SUBJECTS = {
    "query": N_("query"),
    "request": N_("request for a record"),
    "silent-hit": N_("silent hit"),
    "budget": N_("lifting of a limit"),
    "opening": N_("opening by auditors"),
    "register": N_("own register"),
    "break-glass": N_("emergency"),
    "sample": N_("auditor's finding"),
    "outcome": N_("outcome of a case"),
    "purge": N_("row of the index"),
    "candidate": N_("candidate"),
    "declared": N_("declared staff"),
}
"""What approvals, refusals and reviews are about."""

REMARKS = {
    "not-him": N_("not this person"),
    "same": N_("the same person as"),
    "withdrawn": N_("taken back: nothing is said"),
}
FLAGS = {"yes": N_("yes"), "no": N_("no")}
SCOPES = {
    "officer": N_("one officer"),
    "case": N_("one case"),
    "agency": N_("the whole agency"),
}
NEEDS = {
    "fir": N_("needs a registered case (FIR)"),
    "order": N_("needs a named order"),
}
GROUNDS = {
    "name": N_("name"),
    "given": N_("given name"),
    "skeleton": N_("sound of the name"),
    "alias": N_("alias"),
    "relative": N_("relative's name"),
    "birth_date": N_("date of birth"),
    "dob": N_("date of birth"),
    "birth_year": N_("year of birth"),
    "yob": N_("year of birth"),
    "age": N_("age"),
    "aged": N_("age"),
    "age_as_of": N_("day on which the age was stated"),
    "sex": N_("sex"),
    "address": N_("address"),
    "district": N_("district"),
    "state": N_("state"),
    "pin": N_("PIN code"),
    "phone": N_("phone number"),
    "pan": N_("PAN"),
    "epic": N_("voter's card (EPIC)"),
    "passport": N_("passport"),
    "driving_licence": N_("driving licence"),
    "vehicle": N_("vehicle number"),
    "vehicle4": N_("last digits of the vehicle number"),
    "aadhaar": N_("Aadhaar"),
    "aadhaar4": N_("last digits of the Aadhaar number"),
    "email": N_("e-mail address"),
    "handle": N_("name on a platform"),
    "upi": N_("UPI address"),
    "fir": N_("FIR"),
    "cnr": N_("court case (CNR)"),
    "birth": N_("date of birth"),
    "note": N_("note"),
    "photo": N_("photograph"),
    "flight": N_("flight"),
    "nationality": N_("nationality"),
    "arrival": N_("arrival"),
    "admitted": N_("admission"),
    "released": N_("release"),
    "recorded": N_("recorded on"),
    "offences": N_("offences"),
    "status": N_("status"),
}
"""What is known or compared, and the commoner names of fields that holders grant."""

VERDICTS = {
    "absent": N_("missing on one side, says nothing"),
    "differs": N_("differs"),
    "partly": N_("agrees in part"),
    "close": N_("agrees closely"),
    "same": N_("agrees"),
}
SEXES = {"M": N_("male"), "F": N_("female"), "T": N_("transgender")}
TOPICS = {
    "hasty": N_("approved faster than a person reads"),
    "pairs": N_("the same colleague approves nearly always"),
    "mutual": N_("two people approve each other"),
    "hours": N_("searches out of hours"),
    "hits": N_("hits far more often than colleagues"),
    "misses": N_("hits far less often than colleagues"),
    "idle": N_("hits that lead to no request"),
    "undecided": N_("requests that nobody decided"),
    "unreported": N_("records taken, no outcome told"),
    "overruled": N_("a refusal overruled"),
    "unreviewed": N_("break-glass without its review"),
    "lifted": N_("a budget lifted beyond measure"),
    "declared": N_("searches about staff or relatives"),
    "sweeps": N_("many searches that differ by little"),
    "searches": N_("a search drawn at random"),
    "approvals": N_("an approval drawn at random"),
    "releases": N_("a release drawn at random"),
    "break-glass": N_("an emergency drawn at random"),
}
"""What an auditor asks about: a pattern of the workbench, or a random sample."""

INDIA = {
    name: name
    for name in (
        N_("Andaman and Nicobar Islands"),
        N_("Andhra Pradesh"),
        N_("Arunachal Pradesh"),
        N_("Assam"),
        N_("Bihar"),
        N_("Chandigarh"),
        N_("Chhattisgarh"),
        N_("Dadra and Nagar Haveli and Daman and Diu"),
        N_("Delhi"),
        N_("Goa"),
        N_("Gujarat"),
        N_("Haryana"),
        N_("Himachal Pradesh"),
        N_("Jammu and Kashmir"),
        N_("Jharkhand"),
        N_("Karnataka"),
        N_("Kerala"),
        N_("Ladakh"),
        N_("Lakshadweep"),
        N_("Madhya Pradesh"),
        N_("Maharashtra"),
        N_("Manipur"),
        N_("Meghalaya"),
        N_("Mizoram"),
        N_("Nagaland"),
        N_("Odisha"),
        N_("Puducherry"),
        N_("Punjab"),
        N_("Rajasthan"),
        N_("Sikkim"),
        N_("Tamil Nadu"),
        N_("Telangana"),
        N_("Tripura"),
        N_("Uttar Pradesh"),
        N_("Uttarakhand"),
        N_("West Bengal"),
    )
}
"""States and union territories, as a query names them."""

TERMS = {
    "purpose": PURPOSES,
    "category": CATEGORIES,
    "role": ROLES,
    "band": BANDS,
    "denial": DENIALS,
    "why": {**REASONS, **DENIALS},
    "side": SIDES,
    "subject": SUBJECTS,
    "remark": REMARKS,
    "flag": FLAGS,
    "scope": SCOPES,
    "needs": NEEDS,
    "ground": GROUNDS,
    "verdict": VERDICTS,
    "sex": SEXES,
    "india": INDIA,
    "topic": TOPICS,
    **STATES,
}
"""Words by kind of code; `term(kind, code)` in a template."""

SHARED = {"term": term_of(TERMS), "evidence": evidence, "grounds": list(GROUNDS)}
"""What every template of the portal gets beside what its page is given."""
