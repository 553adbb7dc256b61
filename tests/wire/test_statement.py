"""Statements: who may say what, with which key, by how many, and when."""

import pytest

from childgrid_wire import envelope, statement
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted, WireError
from childgrid_wire.keys import EnrolledKey, SeedSigner
from childgrid_wire.kinds import BY_MEMBER, BY_OFFICER, FOUNDED, Kind
from wire import samples, world
from wire.world import NOW, Json

VIEW = world.view()
OFFICER = "police/io-7"


def payload(kind: Kind, **header: Json) -> bytes:
    """A valid payload of `kind` with another header."""
    options = {"issuer": "police", "officer": "", "now": NOW, "seconds": 60}
    return statement.draft(kind, **(options | header), **samples.BODIES[kind])


def signed(kind: Kind, by: str, **header: Json) -> bytes:
    """That payload under the signature of `by`."""
    return envelope.sign(kind, payload(kind, **header), [world.signer(by)])


def find_anyone(keyid: str) -> EnrolledKey:
    """A directory that knows everybody."""
    return EnrolledKey(keyid, "ed25519", world.signer(keyid).public)


@pytest.mark.parametrize("kind", sorted(BY_MEMBER))
def test_what_a_member_says_no_officer_can_say(kind: Kind) -> None:
    """A member kind holds under the member's key and under no officer's."""
    said = statement.verify(signed(kind, "police"), VIEW.find_key, kind)
    assert (said.issuer, said.officer, said.signed_by) == ("police", "", ("police",))
    for data in (
        signed(kind, OFFICER),
        signed(kind, OFFICER, officer="io-7"),
        signed(kind, "police", officer="io-7"),
    ):
        with pytest.raises(Untrusted):
            statement.verify(data, VIEW.find_key, kind)


@pytest.mark.parametrize("kind", sorted(BY_OFFICER))
def test_what_an_officer_says_no_member_key_can_say(kind: Kind) -> None:
    """An officer kind holds under that officer's key and under nobody else's."""
    said = statement.verify(signed(kind, OFFICER, officer="io-7"), VIEW.find_key, kind)
    assert said.person == OFFICER
    for data in (
        signed(kind, "police"),
        signed(kind, "police", officer="io-7"),
        signed(kind, "police/sho-1", officer="io-7"),
        signed(kind, "transport/nodal-1", officer="io-7"),
    ):
        with pytest.raises(Untrusted):
            statement.verify(data, VIEW.find_key, kind)


def test_a_refusal_may_be_a_nodes_or_a_persons() -> None:
    """Both may refuse, each under its own key."""
    for by, officer in (("police", ""), (OFFICER, "io-7")):
        data = signed(Kind.REFUSAL, by, officer=officer)
        assert statement.verify(data, VIEW.find_key).officer == officer


@pytest.mark.parametrize("name", ["disposal", "cnr", "verdict", "other"])
def test_a_review_says_only_what_its_subject_has_to_say(name: str) -> None:
    """Nothing travels along in a field that nobody judges there."""
    told: dict[str, Json] = {"disposal": "acquitted", "verdict": "same"}
    data = statement.make(
        Kind.REVIEW,
        world.signer("police/7"),
        issuer="police",
        officer="7",
        now=NOW,
        seconds=60,
        subject="break-glass",
        pairs=1,
        agreed=1,
        result="ab" * 32,
        **{name: told.get(name, "ab" * 32)},
    )
    with pytest.raises(Malformed, match=f"review.{name}"):
        statement.verify(data, find_anyone)


def test_another_members_name_on_a_statement_is_refused() -> None:
    """Signing for another member fails, with one's own key id or with theirs."""
    with pytest.raises(Untrusted):
        statement.verify(signed(Kind.VOID, "transport"), VIEW.find_key)
    outer = envelope.read(signed(Kind.VOID, "transport"))
    claimed = envelope.assemble(
        outer.kind,
        outer.payload,
        [envelope.Signature("police", outer.signatures[0].sig)],
    )
    with pytest.raises(Untrusted) as refusal:
        statement.verify(claimed, VIEW.find_key)
    assert refusal.value.reason is Reason.BAD_SIGNATURE


def test_the_kind_inside_is_the_kind_outside() -> None:
    """A payload that is whole but calls itself something else is refused."""
    body = samples.body(Kind.VOID) | {"kind": "receipt", "officer": ""}
    payload_bytes = statement.canonical.dumps(body)
    data = envelope.sign(Kind.VOID, payload_bytes, [world.signer("police")])
    with pytest.raises(Malformed):
        statement.verify(data, VIEW.find_key)


def test_a_founder_says_nothing_else_alone() -> None:
    """Only a revocation may be one founder's word."""
    for kind in (Kind.VOID, Kind.STAFF, Kind.POLICY, Kind.CASE):
        data = signed(kind, "founder:asha", issuer="founders")
        with pytest.raises(Untrusted):
            statement.verify(data, VIEW.find_key)


def test_two_signatures_where_one_is_wanted() -> None:
    """Even two good ones: a second signature would hide who speaks."""
    data = envelope.sign(
        Kind.VOID, payload(Kind.VOID), [world.signer("police"), world.signer("eye")]
    )
    with pytest.raises(Untrusted):
        statement.verify(data, VIEW.find_key)


def test_a_kind_that_is_not_welcome_is_refused() -> None:
    """A caller that waits for one kind can't be given another."""
    with pytest.raises(Malformed) as refusal:
        statement.verify(signed(Kind.VOID, "police"), VIEW.find_key, Kind.RECEIPT)
    assert refusal.value.reason is Reason.UNKNOWN_KIND


@pytest.mark.parametrize("kind", sorted(FOUNDED))
def test_one_signature_never_makes_a_founders_document(kind: Kind) -> None:
    """Not a member's, not an officer's, not one founder's."""
    for by, issuer in (
        ("police", "police"),
        (OFFICER, "police"),
        ("founder:asha", "founders"),
    ):
        with pytest.raises(Untrusted):
            statement.verify(signed(kind, by, issuer=issuer), VIEW.find_key)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_founders_count_as_persons_up_to_the_threshold(count: int) -> None:
    """As many distinct founders as the threshold says, no fewer."""
    data = world.founded(
        Kind.SCHEME, world.FOUNDERS[:count], **samples.BODIES[Kind.SCHEME]
    )
    if count < 2:
        with pytest.raises(Untrusted):
            statement.verify_founders(data, VIEW.find_key, 2)
    else:
        held = statement.verify_founders(data, VIEW.find_key, 2)
        assert len(held.signed_by) == count


def test_the_same_founder_twice_is_one_founder() -> None:
    """Neither the same signature nor the same key under two ids adds up."""
    outer = envelope.read(world.founded(Kind.SCHEME, **samples.BODIES[Kind.SCHEME]))
    first = outer.signatures[0]
    twice = envelope.assemble(outer.kind, outer.payload, [first, first])
    with pytest.raises(Malformed):
        statement.verify_founders(twice, VIEW.find_key, 2)
    renamed = envelope.Signature("founder:bina", first.sig)
    aliased = envelope.assemble(outer.kind, outer.payload, [first, renamed])
    with pytest.raises(Untrusted):
        statement.verify_founders(aliased, VIEW.find_key, 2)


def test_a_spare_signature_that_fails_spoils_the_document() -> None:
    """Two good founders and a forged third is an error, not a pass."""
    outer = envelope.read(world.founded(Kind.SCHEME, **samples.BODIES[Kind.SCHEME]))
    forged = envelope.Signature("founder:chetan", bytes(64))
    data = envelope.assemble(outer.kind, outer.payload, [*outer.signatures, forged])
    with pytest.raises(Untrusted):
        statement.verify_founders(data, VIEW.find_key, 2)


def test_founders_documents_speak_for_the_founders_only() -> None:
    """Issuer and officer must be the founders and nobody."""
    by = [world.signer("founder:asha"), world.signer("founder:bina")]
    for header in ({"issuer": "police"}, {"issuer": "founders", "officer": "x"}):
        data = envelope.sign(Kind.SCHEME, payload(Kind.SCHEME, **header), by)
        with pytest.raises(Untrusted):
            statement.verify_founders(data, VIEW.find_key, 2)
    other = envelope.sign(Kind.VOID, payload(Kind.VOID, issuer="founders"), by)
    with pytest.raises(Malformed):
        statement.verify_founders(other, VIEW.find_key, 2)


def test_a_founders_revocation_needs_a_founders_key() -> None:
    """Only a founder speaks as the founders, and no officer stands beside."""
    ok = signed(Kind.REVOCATION, "founder:asha", issuer="founders")
    assert statement.verify(ok, VIEW.find_key).issuer == "founders"
    for data in (
        signed(Kind.REVOCATION, "police", issuer="founders"),
        signed(Kind.REVOCATION, "founder:asha", issuer="police"),
        signed(Kind.REVOCATION, "founder:asha", issuer="founders", officer="x"),
    ):
        with pytest.raises(Untrusted):
            statement.verify(data, find_anyone)


def test_an_enrolment_is_signed_by_the_key_that_it_brings() -> None:
    """A joiner speaks under `joiner:`, never as a member and never as a person."""
    kind = Kind.ENROLMENT
    ok = statement.verify(signed(kind, "joiner:police"), find_anyone, kind)
    assert ok.signed_by == ("joiner:police",)
    for data in (
        signed(kind, "police"),
        signed(kind, "joiner:transport"),
        signed(kind, "joiner:police", officer="io-7"),
        signed(Kind.VOID, "joiner:police"),
    ):
        with pytest.raises(Untrusted):
            statement.verify(data, find_anyone)


def test_an_unknown_key_id_is_refused() -> None:
    """Whoever isn't in the papers says nothing here."""
    for by in ("nobody", "police/nobody", "founder:nobody", "joiner:police"):
        data = envelope.sign(Kind.VOID, payload(Kind.VOID), [world.signer(by)])
        with pytest.raises(Untrusted):
            statement.verify(data, VIEW.find_key)


def test_time_runs_from_issue_to_expiry_with_two_minutes_of_skew() -> None:
    """Expired, future and backward statements are refused at the very second."""
    said = statement.verify(signed(Kind.VOID, "police"), VIEW.find_key)
    skew = statement.SKEW_SECONDS
    for now in (NOW - skew, NOW, NOW + 59):
        statement.check_time(said, now)
    for now, reason in (
        (NOW - skew - 1, Reason.NOT_YET),
        (NOW + 60, Reason.EXPIRED),
        (NOW + 10**9, Reason.EXPIRED),
    ):
        with pytest.raises(Refused) as refusal:
            statement.check_time(said, now)
        assert refusal.value.reason is reason
    with pytest.raises(WireError):
        statement.verify(signed(Kind.VOID, "police", seconds=-1), VIEW.find_key)


def test_two_drafts_of_the_same_thing_differ() -> None:
    """Sixteen random bytes stand in each, so that no hash can be guessed."""
    first, second = payload(Kind.VOID), payload(Kind.VOID)
    assert first != second
    fixed = payload(Kind.VOID, id="00" * 16)
    assert fixed == payload(Kind.VOID, id="00" * 16)


def test_a_draft_out_of_shape_is_never_signed() -> None:
    """What readers would refuse can't be written."""
    signer = SeedSigner("police", world.seed("police"))
    for wrong in ({"reason": "because"}, {"disclosure": "x"}, {"note": "x"}):
        with pytest.raises(Malformed):
            statement.make(
                Kind.VOID,
                signer,
                issuer="police",
                now=NOW,
                seconds=1,
                **(samples.BODIES[Kind.VOID] | wrong),
            )
    assert "seed" not in repr(signer)
