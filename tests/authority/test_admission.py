"""Tokens and enrolments: who comes in, and who does not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from childgrid_authority import directory
from childgrid_authority.authority import Authority
from childgrid_authority.errors import (
    ChangeRefused,
    EnrolmentRefused,
    FolderRefused,
    TokenReused,
    TooFewFounders,
)
from childgrid_authority.tokens import Tokens
from childgrid_wire import canonical, certificates, enrolment, statement
from childgrid_wire.certificates import Pair
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import (
    ConfigurationRefused,
    Malformed,
    Refused,
    Untrusted,
)
from childgrid_wire.identity import Identity
from childgrid_wire.joining import Joiner
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from founders import (
    DAY,
    HUB,
    NOW,
    ONE,
    PASSPHRASE,
    TWO,
    admit,
    details,
    files,
    joiner,
    make_token,
)


def enrol(
    own: Identity,
    token: Token,
    *,
    csr: bytes = b"",
    secret: bytes = b"",
    signer: Identity | None = None,
    fingerprint: str = "",
    **entry: Any,
) -> bytes:
    """An enrolment with something of it changed, and properly signed."""
    who = signer or own
    member = own.entry(
        title="Agency", kind="agency", uses=["user"], categories=[], address="a.b:1"
    )
    member |= entry
    request = csr or own.request()
    key = enrolment.proof_key(secret or token.secret)
    return statement.make(
        Kind.ENROLMENT,
        SeedSigner(f"joiner:{member['id']}", who.key),
        issuer=member["id"],
        now=NOW,
        seconds=DAY,
        member=member,
        csr=canonical.to_b64(request),
        token=token.name,
        proof=enrolment.proof(key, member, request),
        fingerprint=fingerprint or token.fingerprint,
    )


def someone(folder: Path, member: str = "alpha") -> Identity:
    """Fresh keys of somebody who calls itself `member`."""
    return Identity.create(folder, member, PASSPHRASE)


def unchanged(authority: Authority, before: dict[str, bytes]) -> bool:
    """Whether nothing but the founders' warnings changed."""
    after = files(authority.folder)
    return {k: v for k, v in after.items() if k != "tokens.json"} == {
        k: v for k, v in before.items() if k != "tokens.json"
    }


def test_a_member_comes_in(authority: Authority, tmp_path: Path) -> None:
    """Token, enrolment, certificate, and an entry in the next directory."""
    party = joiner(authority, tmp_path, "alpha")
    (admitted,) = authority.admit([party.asked.data], TWO, NOW)
    entry = authority.book.latest(NOW).member("alpha")
    issued = Pair(b"", admitted.issuer).certificate
    assert entry == {
        **party.asked["member"],
        "issuer": certificates.fingerprint(issued),
    }
    assert admitted.stands(authority.book)
    certificates.check_issuer(admitted.root, admitted.issuer, "alpha")
    names = issued.extensions.get_extension_for_class(x509.NameConstraints).value
    assert {str(one.value) for one in names.permitted_subtrees or ()} == {
        "alpha.childgrid.internal",
        "alpha.childgrid",
    }


def test_the_folder_holds_no_token_secret(authority: Authority) -> None:
    """Only hashes of the secret stay with the founders."""
    token = make_token(authority, "alpha")
    held = b"".join(files(authority.folder).values())
    assert token.secret.hex().encode() not in held
    assert token.secret not in held
    assert canonical.to_b64(token.secret).encode() not in held
    assert token.name.encode() in held


def test_the_same_key_again_gets_the_same_answer(
    authority: Authority, tmp_path: Path
) -> None:
    """Repeating an enrolment is harmless: same certificate, no new directory."""
    token, own = make_token(authority, "alpha"), someone(tmp_path)
    (first,) = authority.admit([enrol(own, token)], TWO, NOW)
    before = files(authority.folder)
    (again,) = authority.admit([enrol(own, token)], TWO, NOW + 30 * DAY)
    assert again.issuer == first.issuer
    assert files(authority.folder) == before


@pytest.mark.threat("T22")
def test_another_key_for_a_used_token_is_refused_and_told(
    authority: Authority, tmp_path: Path
) -> None:
    """Whoever comes second with a token learns nothing; the founders are warned."""
    token = make_token(authority, "alpha")
    authority.admit([enrol(someone(tmp_path / "one"), token)], TWO, NOW)
    before = files(authority.folder)
    assert authority.tokens.warnings() == []
    with pytest.raises(TokenReused, match="someone else held"):
        authority.admit([enrol(someone(tmp_path / "two"), token)], TWO, NOW)
    assert unchanged(authority, before)
    assert Tokens(authority.folder / "tokens.json").warnings() == [
        "token for alpha: 1 other key(s) came"
    ]


@pytest.mark.threat("T22")
def test_the_name_comes_from_the_token_and_never_from_the_request(
    authority: Authority, tmp_path: Path
) -> None:
    """A request that names another member yields a certificate for the token's."""
    token, own = make_token(authority, "alpha"), someone(tmp_path)
    csr = certificates.signing_request(own.issuer.key, "bravo")
    (admitted,) = authority.admit([enrol(own, token, csr=csr)], TWO, NOW)
    certificates.check_issuer(admitted.root, admitted.issuer, "alpha")
    with pytest.raises(Untrusted):
        certificates.check_issuer(admitted.root, admitted.issuer, "bravo")
    assert b"bravo" not in x509.load_pem_x509_certificate(admitted.issuer).public_bytes(
        certificates.Encoding.DER
    )


def test_a_token_admits_nobody_else(authority: Authority, tmp_path: Path) -> None:
    """An enrolment under another id or kind than the token's is refused."""
    token = make_token(authority, "alpha")
    before = files(authority.folder)
    other = someone(tmp_path / "bravo", "bravo")
    own = someone(tmp_path / "alpha")
    for data in (enrol(other, token), enrol(own, token, kind="auditor")):
        with pytest.raises(EnrolmentRefused, match="member or kind"):
            authority.admit([data], TWO, NOW)
    assert files(authority.folder) == before


def test_without_the_secret_there_is_no_way_in(
    authority: Authority, tmp_path: Path
) -> None:
    """The token's public name, which a relay sees, proves nothing."""
    token, own = make_token(authority, "alpha"), someone(tmp_path)
    before = files(authority.folder)
    with pytest.raises(EnrolmentRefused, match="prove"):
        authority.admit([enrol(own, token, secret=b"guess" * 8)], TWO, NOW)
    unknown = replace(token, secret=bytes(32))
    with pytest.raises(EnrolmentRefused, match="no such token"):
        authority.admit([enrol(own, unknown)], TWO, NOW)
    assert files(authority.folder) == before


def test_a_relay_can_change_neither_keys_nor_request(
    authority: Authority, tmp_path: Path
) -> None:
    """The proof is over entry and request; with others it no longer holds."""
    token, own = make_token(authority, "alpha"), someone(tmp_path / "one")
    thief = someone(tmp_path / "two")
    honest = enrolment.verify(enrol(own, token))
    stolen = statement.make(
        Kind.ENROLMENT,
        SeedSigner("joiner:alpha", thief.key),
        issuer="alpha",
        now=NOW,
        seconds=DAY,
        member=enrolment.verify(enrol(thief, token, secret=b"x"))["member"],
        csr=canonical.to_b64(thief.request()),
        token=honest["token"],
        proof=honest["proof"],
        fingerprint=honest["fingerprint"],
    )
    before = files(authority.folder)
    with pytest.raises(EnrolmentRefused, match="prove"):
        authority.admit([stolen], TWO, NOW)
    assert files(authority.folder) == before


def test_an_enrolment_is_signed_by_the_key_it_enrols(
    authority: Authority, tmp_path: Path
) -> None:
    """Nobody enrols a key that they do not hold."""
    token, own = make_token(authority, "alpha"), someone(tmp_path / "one")
    thief = someone(tmp_path / "two")
    with pytest.raises(Untrusted, match="bad-signature"):
        authority.admit([enrol(own, token, signer=thief)], TWO, NOW)
    with pytest.raises(Malformed, match="issuer"):
        authority.admit([enrol(own, token, issuer="1" * 64)], TWO, NOW)
    assert authority.book.latest(NOW).directory["members"] == []


def test_a_token_runs_out(authority: Authority, tmp_path: Path) -> None:
    """At its expiry it admits nobody, whatever the enrolment's own dates say."""
    token, own = make_token(authority, "alpha"), someone(tmp_path)
    before = files(authority.folder)
    with pytest.raises(EnrolmentRefused, match="run out"):
        authority.admit([enrol(own, token)], TWO, token.expires)
    assert files(authority.folder) == before
    with pytest.raises(Refused, match="expired"):
        Joiner.begin(tmp_path / "j", token, PASSPHRASE, details("alpha"), token.expires)


def test_a_revoked_token_is_closed(authority: Authority, tmp_path: Path) -> None:
    """One founder closes it; the board carries the revocation to the coordinator."""
    token, own = make_token(authority, "alpha"), someone(tmp_path)
    assert len(authority.revoke_tokens("alpha", "bilal", PASSPHRASE, NOW)) == 2
    assert authority.revoke_tokens("alpha", "bilal", PASSPHRASE, NOW) == []
    revoked = authority.book.revoked()
    assert token.name[:40] in revoked.tokens
    serial = certificates.serial_of(token.joiner.certificate)
    assert f"alpha/{serial}" in revoked.certificates
    with pytest.raises(EnrolmentRefused, match="revoked"):
        authority.admit([enrol(own, token)], TWO, NOW)
    assert authority.book.latest(NOW).directory["members"] == []


def test_a_request_that_is_no_request_issues_nothing(
    authority: Authority, tmp_path: Path
) -> None:
    """Malformed bytes are refused, and the token stays open for the right ones."""
    token, own = make_token(authority, "alpha"), someone(tmp_path)
    before = files(authority.folder)
    with pytest.raises(EnrolmentRefused, match="request"):
        authority.admit([enrol(own, token, csr=b"not a request")], TWO, NOW)
    assert files(authority.folder) == before
    assert authority.admit([enrol(own, token)], TWO, NOW)


def test_an_enrolment_for_another_grid_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    """Whoever pinned another fingerprint would never believe this directory."""
    token, own = make_token(authority, "alpha"), someone(tmp_path)
    with pytest.raises(EnrolmentRefused, match="fingerprint"):
        authority.admit([enrol(own, token, fingerprint="0" * 64)], TWO, NOW)
    assert authority.book.latest(NOW).directory["members"] == []


def test_one_founder_admits_nobody(authority: Authority, tmp_path: Path) -> None:
    """Too few founders at the table: nothing is issued and the token stays open."""
    party = joiner(authority, tmp_path, "alpha")
    before = files(authority.folder)
    with pytest.raises(TooFewFounders):
        authority.admit([party.asked.data], ONE, NOW)
    assert files(authority.folder) == before


def test_without_the_root_no_token_and_no_certificate(
    authority: Authority, tmp_path: Path
) -> None:
    """Founders' passphrases do not open the root."""
    party = joiner(authority, tmp_path, "alpha")
    before = files(authority.folder)
    without = dict.fromkeys(("asha", "bilal"), PASSPHRASE)
    with pytest.raises(FolderRefused, match="root"):
        authority.admit([party.asked.data], without, NOW)
    with pytest.raises(FolderRefused, match="root"):
        authority.token("bravo", "agency", without, NOW, coordinator=HUB)
    assert files(authority.folder) == before


def test_another_members_key_is_not_enrolled_again(
    authority: Authority, tmp_path: Path
) -> None:
    """A witness key that stands for another would let one witness count twice."""
    admit(authority, tmp_path, {"alpha": "agency"})
    taken = authority.book.latest(NOW).member("alpha")["witness_key"]
    token, own = make_token(authority, "bravo"), someone(tmp_path / "b", "bravo")
    before = files(authority.folder)
    with pytest.raises(ChangeRefused, match="share a key"):
        authority.admit([enrol(own, token, witness_key=taken)], TWO, NOW)
    assert files(authority.folder) == before


def test_a_removed_member_does_not_come_back_by_its_old_token(
    authority: Authority, tmp_path: Path
) -> None:
    """The same key gets the same answer only while the directory holds it."""
    party = joiner(authority, tmp_path, "alpha")
    authority.admit([party.asked.data], TWO, NOW)
    authority.enact(directory.remove(authority.book, "alpha", NOW), TWO)
    before = files(authority.folder)
    with pytest.raises(EnrolmentRefused, match="removed"):
        authority.admit([party.asked.data], TWO, NOW)
    assert authority.answer(party.asked.data) is None
    assert files(authority.folder) == before


def test_keys_are_replaced_by_a_replacing_token_only(
    authority: Authority, tmp_path: Path
) -> None:
    """An ordinary token can't be had for a member; a replacing one renews its keys."""
    admit(authority, tmp_path, {"alpha": "agency"})
    with pytest.raises(EnrolmentRefused, match="replacing token"):
        make_token(authority, "alpha")
    with pytest.raises(EnrolmentRefused, match="no member"):
        make_token(authority, "bravo", replaces=True)
    token, own = make_token(authority, "alpha", replaces=True), someone(tmp_path / "n")
    authority.admit([enrol(own, token)], TWO, NOW)
    (entry,) = authority.book.latest(NOW).members()
    assert (
        entry["key"]
        == own.entry(title="t", kind="agency", uses=[], categories=[], address="a.b:1")[
            "key"
        ]
    )


def hang(authority: Authority, own: Identity) -> None:
    """A member's node serves: its sealing key came to the board."""
    key = canonical.to_b64(b"k" * 32)
    said = statement.make(
        Kind.SEALING_KEY, own.signer, issuer=own.member, now=NOW, seconds=DAY,
        key=key, valid_from=NOW, valid_until=NOW + DAY,
    )  # fmt: skip
    authority.shelf.add(said)


@pytest.mark.threat("T10")
def test_a_log_that_has_begun_gets_no_other_key(
    authority: Authority, tmp_path: Path
) -> None:
    """Else what the first key signed would look forged; no token can do it."""
    own = admit(authority, tmp_path, {"alpha": "agency"})["alpha"]
    hang(authority, own)
    renewing, token = (make_token(authority, "alpha", replaces=True) for _ in range(2))
    before = files(authority.folder)
    with pytest.raises(EnrolmentRefused, match="has begun under another key"):
        authority.admit([enrol(someone(tmp_path / "n"), token)], TWO, NOW)
    assert files(authority.folder) == before

    authority.admit([enrol(own, renewing)], TWO, NOW)
    assert authority.book.directories[-1]["version"] == 3


@pytest.mark.threat("T10")
def test_who_was_removed_comes_back_with_the_key_of_its_log(
    authority: Authority, tmp_path: Path
) -> None:
    """Under its id there is one log, whether or not it stands in the directory now."""
    own = admit(authority, tmp_path, {"alpha": "agency"})["alpha"]
    hang(authority, own)
    authority.enact(directory.remove(authority.book, "alpha", NOW), TWO)
    returning, token = (make_token(authority, "alpha") for _ in range(2))
    before = files(authority.folder)
    with pytest.raises(EnrolmentRefused, match="has begun under another key"):
        authority.admit([enrol(someone(tmp_path / "n"), token)], TWO, NOW)
    assert files(authority.folder) == before

    authority.admit([enrol(own, returning)], TWO, NOW)
    assert [one["id"] for one in authority.book.latest(NOW).members()] == ["alpha"]


def test_a_token_made_before_its_member_came_in_replaces_nobody(
    authority: Authority, tmp_path: Path
) -> None:
    """Two open tokens for one future member: the second key does not displace it."""
    spare = make_token(authority, "alpha")
    admit(authority, tmp_path / "first", {"alpha": "agency"})
    before = files(authority.folder)
    with pytest.raises(EnrolmentRefused, match="member already"):
        authority.admit([enrol(someone(tmp_path / "second"), spare)], TWO, NOW)
    assert files(authority.folder) == before


def test_a_revoked_member_id_never_comes_back(
    authority: Authority, tmp_path: Path
) -> None:
    """Neither by a new token nor by one that was handed out before."""
    token = make_token(authority, "alpha")
    authority.revoke(
        "asha", PASSPHRASE, NOW, target="member", cause="expelled", member="alpha"
    )
    with pytest.raises(EnrolmentRefused, match="any more"):
        make_token(authority, "alpha")
    with pytest.raises(EnrolmentRefused, match="never comes back"):
        authority.admit([enrol(someone(tmp_path), token)], TWO, NOW)
    assert authority.book.latest(NOW).directory["members"] == []


def test_many_come_in_with_one_directory_or_none(
    authority: Authority, tmp_path: Path
) -> None:
    """One bad enrolment among several: nobody is admitted, no token is bound."""
    good = joiner(authority, tmp_path, "alpha")
    token, other = make_token(authority, "bravo"), someone(tmp_path / "b", "bravo")
    before = files(authority.folder)
    bad = enrol(other, token, secret=b"guess" * 8)
    with pytest.raises(EnrolmentRefused):
        authority.admit([good.asked.data, bad], TWO, NOW)
    with pytest.raises(EnrolmentRefused, match="one token"):
        authority.admit([good.asked.data, good.asked.data], TWO, NOW)
    assert files(authority.folder) == before

    authority.admit([good.asked.data, enrol(other, token)], TWO, NOW)
    assert authority.book.latest(NOW).directory["version"] == 2


def test_a_token_file_is_private_and_strict(
    authority: Authority, tmp_path: Path
) -> None:
    """Others may not read it, and anything else is no token."""
    path = tmp_path / "alpha.token"
    token = make_token(authority, "alpha")
    token.write(path)
    assert Token.read(path) == token
    assert path.stat().st_mode & 0o777 == 0o600
    assert "secret" not in repr(token)
    assert token.secret.hex() not in repr(token)
    path.chmod(0o640)
    with pytest.raises(ConfigurationRefused, match="owner only"):
        Token.read(path)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ConfigurationRefused, match="not a join token"):
        Token.read(path)
    with pytest.raises(ConfigurationRefused, match="cannot read"):
        Token.read(tmp_path / "missing")


def test_a_joiner_certificate_lives_as_long_as_its_token(
    authority: Authority,
) -> None:
    """It opens the inbox as the future member, and says so by its one name."""
    token = make_token(authority, "alpha", seconds=3 * DAY)
    peer = certificates.peer_of(token.joiner.chain)
    assert (peer.member, peer.role) == ("alpha", "joiner")
    assert certificates.expires_at(token.joiner.certificate) == token.expires


def test_damaged_token_records_are_refused(authority: Authority) -> None:
    """A file that was altered out of shape is not guessed at."""
    make_token(authority, "alpha")
    path = authority.folder / "tokens.json"
    path.write_bytes(path.read_bytes().replace(b'"open"', b'"free"'))
    with pytest.raises(FolderRefused, match="damaged"):
        Authority(authority.folder)


def test_only_what_founders_said_goes_to_the_board(
    authority: Authority, tmp_path: Path
) -> None:
    """Members publish their own documents; founders do not repeat them."""
    parties = admit(authority, tmp_path, {"alpha": "agency"})
    own = parties["alpha"]
    said = statement.make(
        Kind.SEALING_KEY,
        own.signer,
        issuer="alpha",
        now=NOW,
        seconds=DAY,
        key=canonical.to_b64(bytes([9]) * 32),
        valid_from=NOW,
        valid_until=NOW + DAY,
    )
    authority.shelf.add(said)
    assert said in authority.shelf.documents()
    assert said not in authority.publishable()
    assert len(authority.publishable()) == 4
