"""A signed clerical review: taken in, kept, and laid upon what a search found.

A custodian of the agency signs a `review`: how many pairs, how many the same, and the
hash of the document that the curve stands in. The node checks signature, role and that
all of it follows from the judgements, and logs it; the document stays in the vault.

It is void once it has expired, its signer has been revoked, the scheme or key epoch is
another, or the register has grown or shrunk too much. Then a band is shown again and no
percentage. It adds and removes no candidate.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from childgrid_node import review, review_document, score
from childgrid_node.calibration import PROBABILITY
from childgrid_node.holdings import Hit, Holdings
from childgrid_node.office import Office
from childgrid_node.review import STEP, Curve, ReviewRefused
from childgrid_node.review_document import Calibration
from childgrid_node.review_pairs import ground_of
from childgrid_node.scheme import Bands
from childgrid_wire import canonical, statement
from childgrid_wire.errors import Reason, Refused, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

MOST_DAYS = 366
_DAY = 86_400
_SUBJECT = "register"
_NAME = "review:"


def draft(office: Office, officer: str, document: bytes, days: int) -> bytes:
    """Write the `review` that a custodian is to sign; returns its payload."""
    pairs, agreed = _counts(document)
    return statement.draft(
        Kind.REVIEW,
        issuer=office.member,
        officer=officer,
        now=office.now,
        seconds=min(days, MOST_DAYS) * _DAY,
        subject=_SUBJECT,
        pairs=pairs,
        agreed=agreed,
        result=review_document.digest(document),
    )


@lru_cache(16)
def _counts(document: bytes) -> tuple[int, int]:
    """How many pairs were judged, and how many of them the same."""
    judged = review_document.judged_in(canonical.loads(document))
    return len(judged), sum(one.same for one in judged)


def may_review(office: Office, officer: str) -> None:
    """Insist that an officer of this agency is a custodian who is valid now.

    Raises:
        Untrusted, Refused: otherwise.
    """
    if office.view.officer(office.member, officer).role != "custodian":
        raise Refused(Reason.WRONG_ROLE, Kind.REVIEW.value)


def take(
    office: Office, holdings: Holdings, signed: bytes, document: bytes
) -> Statement:
    """Take in a signed review: verify, log, keep its document.

    Raises:
        Malformed, Untrusted, Refused: the statement isn't right, or not a custodian's.
        ReviewRefused: the document is another one, says too little, or was made for
            another register than the one at hand.
    """
    said = office.own(office.hear(signed, Kind.REVIEW))
    statement.check_time(said, office.now)
    may_review(office, said.officer)
    if said.expires - said.issued > MOST_DAYS * _DAY:
        raise Refused(Reason.EXPIRED, "review lives too long")
    if not _covers(said, document):
        raise ReviewRefused("this review was signed for other judgements; sign anew")
    _check_ground(holdings, review_document.read(document))
    with office.journal.writing() as writing:
        office.journal.keep_secret(writing, _NAME + said.hash, document)
        writing.say(said)
    return said


def _check_ground(holdings: Holdings, found: Calibration) -> None:
    source = found.ground.source
    index = holdings.indexes.get(source)
    if index is None or not found.fits(ground_of(source, index)):
        raise ReviewRefused("the register has changed since; review it anew")
    if found.edges != review.strata(holdings.scheme.bands):
        raise ReviewRefused("the strata are not the scheme's; review it anew")


def _covers(said: Statement, document: bytes) -> bool:
    return (said["subject"], said["pairs"], said["agreed"], said["result"]) == (
        _SUBJECT,
        *_counts(document),
        review_document.digest(document),
    )


def curves(office: Office, holdings: Holdings) -> dict[str, Curve]:
    """The curve of each source that is calibrated now, by the latest review that holds.

    Done before anything is known of what was found, so that its time says nothing.
    """
    grounds = {name: ground_of(name, one) for name, one in holdings.indexes.items()}
    found = {}
    # Not every review that was ever told here: outcomes and verdicts are thousands.
    for said in office.journal.beside(_NAME, Kind.REVIEW):
        calibration = _standing(office, said)
        if calibration is None:
            continue
        now = grounds.get(calibration.ground.source)
        if now is not None and calibration.fits(now):
            found[now.source] = calibration.curve
    return found


def _standing(office: Office, said: Statement) -> Calibration | None:
    """What a kept review amounts to; None where it no longer stands."""
    if said.issuer != office.member or said["subject"] != _SUBJECT:
        return None
    if said.expires <= office.now or said.person in office.view.revoked.officers:
        return None
    try:
        document = office.journal.secret(_NAME + said.hash)
        if document is None or not _covers(said, document):
            return None
        return review_document.read(document)
    except (WireError, ReviewRefused):
        # A fault here must not keep a query from being answered: bands are left.
        return None


def calibrated(hits: list[Hit], by_source: dict[str, Curve], bands: Bands) -> list[Hit]:
    """Lay the curves upon hits; the likeliest first, as they will be said."""
    laid = [
        _laid(hit, by_source[hit.source], bands) if hit.source in by_source else hit
        for hit in hits
    ]
    return sorted(laid, key=lambda hit: (-hit.probability, hit.source, hit.key))


def _laid(hit: Hit, curve: Curve, bands: Bands) -> Hit:
    chance = curve.at(hit.probability)
    rivals = hit.others if hit.others > _expected(hit.probability) else 0
    if rivals:
        # So many rows fit as well, and a person stands there twice at most.
        share = score.BELIEVED * PROBABILITY // (rivals + 1)
        chance = max(min(chance, share // STEP * STEP), STEP)
    return replace(
        hit,
        probability=chance,
        band=score.band(bands, chance),
        others=max(_expected(chance), rivals),
        calibrated=True,
    )


def _expected(chance: int) -> int:
    expected = round((PROBABILITY - chance) / max(chance, 1))
    return min(expected, score.MAX_OTHERS)
