"""What the founders may change in the directory, and what they may not."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from childgrid_authority import describe, directory, drafts, keys
from childgrid_authority.authority import Authority, sign
from childgrid_authority.directory import Witnesses
from childgrid_authority.drafts import Draft
from childgrid_authority.errors import ChangeRefused, TooFewFounders
from childgrid_wire import canonical
from childgrid_wire.errors import (
    ConfigurationRefused,
    Malformed,
    Refused,
    Untrusted,
)
from childgrid_wire.kinds import Kind
from founders import DAY, FOUNDERS, NOW, ONE, PASSPHRASE, TWO, admit, files

AGENCIES = ("alpha", "bravo", "charlie", "delta")


@pytest.fixture
def settled(authority: Authority, tmp_path: Path) -> Authority:
    """A grid of four agencies, a coordinator and two auditors, with witnesses."""
    kinds = dict.fromkeys(AGENCIES, "agency")
    kinds |= {"hub": "coordinator", "aud-one": "auditor", "aud-two": "auditor"}
    admit(authority, tmp_path / "parties", kinds)
    named = Witnesses([*AGENCIES, "aud-one", "aud-two"], 4, 1)
    authority.enact(directory.set_witnesses(authority.book, named, NOW), TWO)
    return authority


def test_a_member_that_moves_keeps_its_keys_and_its_log(settled: Authority) -> None:
    """Founders read the new address before they sign; nothing else is another."""
    before = settled.book.latest(NOW).directory
    (draft,) = directory.move(settled.book, "bravo", "new.bravo.example:7410", NOW)
    (told,) = describe.changes(before.body, draft)
    assert told.startswith("changes bravo (agency, ")
    assert "new.bravo.example:7410" in told

    settled.enact([draft], TWO)

    after = settled.book.latest(NOW).directory
    for was, entry in zip(before["members"], after["members"], strict=True):
        moved = {"address": "new.bravo.example:7410"} if was["id"] == "bravo" else {}
        assert entry == was | moved
    assert after["witnesses"] == before["witnesses"]


def test_a_move_to_nowhere_changes_nothing(settled: Authority) -> None:
    """Nobody, no host and port, or the address of today: refused unsigned."""
    before = files(settled.folder)
    here = settled.book.latest(NOW).member("bravo")["address"]
    for member, address, error in (
        ("nobody", "new.bravo.example:7410", ChangeRefused),
        ("bravo", here, ChangeRefused),
        ("bravo", "new.bravo.example", Malformed),
        ("bravo", "https://new.bravo.example:7410", Malformed),
    ):
        with pytest.raises(error):
            directory.move(settled.book, member, address, NOW)
    assert files(settled.folder) == before


@pytest.mark.threat("T22")
def test_too_few_founders_change_nothing(authority: Authority) -> None:
    """One of two signatures is not enough, and leaves no trace."""
    before = files(authority.folder)
    with pytest.raises(TooFewFounders):
        authority.enact(directory.renew(authority.book, NOW), ONE)
    with pytest.raises(TooFewFounders):
        authority.enact(directory.renew(authority.book, NOW), {})
    assert files(authority.folder) == before


def test_a_founder_cannot_sign_twice_for_two(authority: Authority) -> None:
    """Signing again adds nothing; a copied signature is refused."""
    signer = keys.open_founder(authority.folder, "asha", PASSPHRASE)
    before = authority.shelf.documents()
    (draft,) = directory.renew(authority.book, NOW)
    once = draft.signed(signer)
    assert once.signed(signer) == once
    copied = once.signatures[0]
    as_bilal = replace(copied, keyid="founder:bilal")
    with pytest.raises(Untrusted):
        authority.adopt([replace(once, signatures=(copied, as_bilal))])
    assert authority.shelf.documents() == before


def test_a_wrong_passphrase_signs_nothing(authority: Authority) -> None:
    """The key file does not open; the directory stays."""
    with pytest.raises(ConfigurationRefused, match="wrong passphrase"):
        authority.enact(
            directory.renew(authority.book, NOW),
            {"asha": PASSPHRASE, "bilal": b"not this passphrase"},
        )
    assert authority.book.latest(NOW).directory["version"] == 1


def test_versions_never_go_back(authority: Authority) -> None:
    """An older directory, or one that follows another than the last, is refused."""
    stale = directory.renew(authority.book, NOW)
    authority.enact(directory.renew(authority.book, NOW + DAY), TWO)
    before = authority.shelf.documents()
    with pytest.raises(Untrusted, match="old-version"):
        authority.enact(stale, TWO)
    assert authority.shelf.documents() == before


def test_another_grid_or_a_skipped_version_is_refused(authority: Authority) -> None:
    """Two founders' signatures do not help a directory that breaks the chain."""
    before = authority.shelf.documents()
    (draft,) = directory.renew(authority.book, NOW)
    for changes in (
        {"version": 3},
        {"previous": "0" * 64},
        {"grid": {**draft.body["grid"], "kind": "production"}},
    ):
        payload = canonical.dumps({**draft.body, **changes})
        with pytest.raises(Untrusted):
            authority.enact([Draft(Kind.DIRECTORY, payload)], TWO)
    assert authority.shelf.documents() == before


def test_half_of_a_change_is_never_kept(authority: Authority) -> None:
    """A good floor beside a bad directory: neither reaches the shelf."""
    from childgrid_authority import floor

    before = files(authority.folder)
    good, draft = directory.set_floor(authority.book, floor.parse(floor.default()), NOW)
    payload = canonical.dumps({**draft.body, "version": 9})
    with pytest.raises(Untrusted):
        authority.enact([good, Draft(Kind.DIRECTORY, payload)], TWO)
    assert files(authority.folder) == before


def test_founders_sign_on_their_own_machines(
    authority: Authority, tmp_path: Path
) -> None:
    """A proposal travels as a file; each adds one signature to the same bytes."""
    path = authority.propose(directory.renew(authority.book, NOW), ONE)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "founders").mkdir(parents=True)
    locked = "founders/chitra.locked"
    (authority.folder / locked).rename(elsewhere / locked)

    said = describe.drafts(drafts.read(path), authority.book)
    assert said[0] == "directory version 2"
    assert "founder:asha" in said[-1]
    sign(path, elsewhere, "chitra", PASSPHRASE)

    (document,) = authority.adopt(drafts.read(path))
    assert document.signed_by == ("founder:asha", "founder:chitra")


def test_a_proposal_altered_on_the_way_does_not_count(authority: Authority) -> None:
    """Signatures are over the exact bytes that were read."""
    path = authority.propose(directory.renew(authority.book, NOW), TWO)
    before = authority.shelf.documents()
    (draft,) = drafts.read(path)
    longer = canonical.dumps({**draft.body, "expires": draft.body["expires"] + DAY})
    with pytest.raises(Untrusted, match="bad-signature"):
        authority.adopt([replace(draft, payload=longer)])
    assert authority.shelf.documents() == before


@pytest.mark.threat("T22")
def test_a_new_founder_needs_the_old_ones_consent(authority: Authority) -> None:
    """A changed set is signed by enough of both sets, or it is refused."""
    public = {
        entry["id"]: canonical.from_b64(entry["key"])
        for entry in authority.book.latest(NOW).directory["founders"]["keys"]
    }
    for name in ("dara", "esha"):
        public[name] = keys.create_founder(authority.folder, name, PASSPHRASE)
    after = {name: public[name] for name in ("chitra", "dara", "esha")}
    change = directory.rotate_founders(authority.book, after, 2, NOW)
    before = authority.shelf.documents()
    usurpers = {"dara": PASSPHRASE, "esha": PASSPHRASE}
    with pytest.raises(TooFewFounders):
        authority.enact(change, usurpers)
    with pytest.raises(TooFewFounders):
        authority.enact(change, {"asha": PASSPHRASE, "bilal": PASSPHRASE})
    assert authority.shelf.documents() == before

    both = dict.fromkeys(("asha", "chitra", "dara"), PASSPHRASE)
    authority.enact(change, both)

    assert authority.book.latest(NOW).directory["previous_founders"]
    authority.enact(directory.renew(authority.book, NOW), usurpers)
    with pytest.raises(Untrusted):
        authority.enact(
            directory.renew(authority.book, NOW),
            {"asha": PASSPHRASE, "bilal": PASSPHRASE},
        )


def test_a_founders_id_keeps_its_key(authority: Authority) -> None:
    """Another key under a known id would let one person pass for another."""
    public = {name: bytes([3]) * 32 for name in FOUNDERS}
    with pytest.raises(ChangeRefused, match="new id"):
        directory.rotate_founders(authority.book, public, 2, NOW)


@pytest.mark.parametrize(
    ("named", "quorum", "faults", "why"),
    [
        ([*AGENCIES, "aud-one"], 4, 1, "q ≤ n − f"),
        ([*AGENCIES, "aud-one", "aud-two"], 3, 1, "2q − n > f"),
        ([*AGENCIES, "aud-one", "aud-two"], 5, 1, "q ≤ n − f"),
        (["alpha"], 1, 0, "n = 0"),
        ([*AGENCIES, "hub"], 4, 1, "hub"),
        ([*AGENCIES, "nobody"], 4, 1, "nobody"),
        ([*AGENCIES, "alpha"], 4, 1, "twice"),
    ],
)
@pytest.mark.threat("T10")
def test_witnesses_that_would_not_be_safe_are_refused(
    settled: Authority, named: list[str], quorum: int, faults: int, why: str
) -> None:
    """The quorum rule holds for every member's log, its owner not counted."""
    before = settled.shelf.documents()
    with pytest.raises(ChangeRefused) as caught:
        directory.set_witnesses(settled.book, Witnesses(named, quorum, faults), NOW)
    assert why in str(caught.value)
    assert settled.shelf.documents() == before


@given(
    count=st.integers(0, 7),
    quorum=st.integers(0, 8),
    faults=st.integers(0, 3),
)
def test_whatever_witnesses_stand_are_safe(
    count: int, quorum: int, faults: int
) -> None:
    """Law: a directory that passes has q ≤ n − f and 2q − n > f for each log."""
    names = [f"m{n}" for n in range(8)]
    body = {
        "members": [
            {"id": name, "kind": "agency"}
            | {key: f"{name}{key}" for key in ("key", "log_key", "witness_key")}
            | {"wrap_key": f"{name}wrap"}
            for name in names
        ],
        "witnesses": Witnesses(names[:count], quorum, faults).record,
    }
    try:
        directory.check(body)
    except ChangeRefused:
        return
    sizes = {len(set(names[:count]) - {name}) for name in names}
    safe = all(quorum <= n - faults and 2 * quorum - n > faults for n in sizes)
    assert safe or (count, quorum) == (0, 0)


def test_a_witness_leaves_only_if_enough_stay(settled: Authority) -> None:
    """Removing one of six breaks q = 4 of 5; a new quorum goes with it."""
    before = settled.shelf.documents()
    with pytest.raises(ChangeRefused, match="witnesses of"):
        directory.remove(settled.book, "delta", NOW)
    assert settled.shelf.documents() == before

    rest = [name for name in AGENCIES if name != "delta"]
    named = Witnesses([*rest, "aud-one", "aud-two"], 3, 0)
    settled.enact(directory.remove(settled.book, "delta", NOW, named), TWO)
    view = settled.book.latest(NOW)
    assert "delta" not in {entry["id"] for entry in view.members()}


def test_two_entries_never_share_a_key(settled: Authority) -> None:
    """A witness key that is another's would make one witness count for two."""
    alpha, bravo = (settled.book.latest(NOW).member(m) for m in ("alpha", "bravo"))
    for name in ("key", "log_key", "witness_key", "wrap_key"):
        with pytest.raises(ChangeRefused, match="share a key"):
            directory.admit(settled.book, [{**alpha, name: bravo[name]}], NOW)


def test_one_founder_revokes_at_once(settled: Authority) -> None:
    """A revocation only removes, so one signature is enough; numbers are gapless."""
    settled.revoke(
        "chitra", PASSPHRASE, NOW, target="member", cause="expelled", member="delta"
    )
    settled.revoke(
        "asha",
        PASSPHRASE,
        NOW,
        target="officer",
        cause="lost",
        member="alpha",
        subject="si-17",
    )
    view = settled.book.latest(NOW)
    with pytest.raises(Untrusted, match="revoked"):
        view.member("delta")
    assert "alpha/si-17" in view.revoked.officers
    assert settled.book.standing()["revocations"] == {"founders": 2}
    with pytest.raises(Malformed, match="needs"):
        settled.revoke("asha", PASSPHRASE, NOW, target="certificate", cause="lost")
    assert settled.book.standing()["revocations"] == {"founders": 2}


def test_an_epoch_needs_a_ceremony(settled: Authority) -> None:
    """Without transcripts on the shelf no epoch comes into force."""
    before = settled.shelf.documents()
    for members in (AGENCIES, AGENCIES[:2], (*AGENCIES[:3], "hub")):
        with pytest.raises(Refused, match="ceremony"):
            directory.set_epoch(settled.book, 1, members, NOW)
    with pytest.raises(ChangeRefused, match="never goes back"):
        directory.set_epoch(settled.book, 0, AGENCIES, NOW)
    assert settled.shelf.documents() == before


def test_a_scheme_is_named_at_once_before_the_first_key(authority: Authority) -> None:
    """Before any epoch the directory follows the newest scheme."""
    authority.enact(directory.set_scheme(authority.book, "ab" * 32, "grid", NOW), TWO)
    name = authority.book.latest(NOW).directory["scheme"]
    assert authority.book.document(name)["document"] == "ab" * 32
    assert authority.book.document(name)["version"] == 2
