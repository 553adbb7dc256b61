"""Views: who stands, whose key it is, and who may connect in which role."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from childgrid_wire.book import Book
from childgrid_wire.certificates import Peer
from childgrid_wire.errors import Reason, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.schema import LAST_TIME
from childgrid_wire.trust import Revoked, View, fingerprint
from wire import world
from wire.world import DAY, NOW, ROOT, Json

SERIAL = "ab" * 20


def reason_of(action: Callable[[], object]) -> Reason:
    """Why it was refused."""
    with pytest.raises(WireError) as refusal:
        action()
    return refusal.value.reason


def revoked(number: int = 1, **changes: Json) -> bytes:
    """A revocation by the police of one of their own."""
    body = {
        "number": number,
        "target": "officer",
        "member": "police",
        "subject": "io-7",
        "serial": "",
        "cause": "left",
    } | changes
    return world.said(Kind.REVOCATION, "police", **body)


def with_officer(**changes: Json) -> View:
    """A view in which the investigator's entry differs."""
    officers = [
        world.officer("police/io-7", "investigator", 10, **changes),
        *world.staff_of("police")[1:],
    ]
    data = world.said(
        Kind.STAFF, "police", version=2, officers=officers, seconds=60 * DAY
    )
    return world.view(data)


def test_the_fingerprint_pins_grid_and_founders_and_nothing_else() -> None:
    """People compare what must never change; members may come and go."""
    assert fingerprint(world.directory_body(members=[])) == ROOT
    assert fingerprint(world.directory_body(floor="", epochs={})) == ROOT
    for change in (
        {"grid": {"name": "Test grid", "kind": "training", "id": "07" * 16}},
        {"founders": {"threshold": 1, "keys": world.founder_keys(*world.FOUNDERS)}},
        {"founders": {"threshold": 2, "keys": world.founder_keys("asha", "bina")}},
    ):
        assert fingerprint(world.directory_body(**change)) != ROOT


def test_an_officer_is_who_the_staff_list_says() -> None:
    """Role, rank and key come from the member's own list."""
    officer = world.view().officer("police", "io-7")
    assert (officer.role, officer.rank) == ("investigator", 10)
    assert officer.key.key == world.signer("police/io-7").public
    assert world.view().find_key("police/io-7") == officer.key


@pytest.mark.parametrize(
    ("member", "name", "reason"),
    [
        ("police", "nobody", Reason.UNKNOWN_KEY),
        ("transport", "io-7", Reason.UNKNOWN_KEY),
        ("hub", "io-7", Reason.UNKNOWN_KEY),
        ("customs", "io-7", Reason.UNKNOWN_PEER),
        ("founders", "asha", Reason.UNKNOWN_PEER),
    ],
)
def test_nobody_else_is_an_officer(member: str, name: str, reason: Reason) -> None:
    """Unknown people, other agencies' people and strangers are refused."""
    assert reason_of(lambda: world.view().officer(member, name)) is reason


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (NOW, NOW + 1, None),
        (NOW + 1, NOW + 2, Reason.EXPIRED),
        (NOW - 2, NOW, Reason.EXPIRED),
        (NOW + 1, NOW - 1, Reason.EXPIRED),
    ],
)
def test_an_officer_counts_within_the_term(
    start: int, end: int, reason: Reason | None
) -> None:
    """From the first second to before the last, no longer."""
    view = with_officer(valid_from=start, valid_until=end)
    if reason is None:
        assert view.officer("police", "io-7")
    else:
        assert reason_of(lambda: view.officer("police", "io-7")) is reason


def test_a_lapsed_staff_list_names_nobody() -> None:
    """An agency that lets its list lapse loses its officers, not only some."""
    book = world.book()
    end = book.latest(NOW).staff["police"].expires
    view = with_officer(valid_until=LAST_TIME)
    assert replace(view, now=end - 1).officer("police", "io-7")
    late = replace(view, now=view.staff["police"].expires)
    assert reason_of(lambda: late.officer("police", "io-7")) is Reason.EXPIRED
    assert reason_of(lambda: late.find_key("police/io-7")) is Reason.EXPIRED


def test_training_officers_count_on_a_training_grid_only() -> None:
    """A training key opens nothing in production."""
    assert (
        reason_of(lambda: with_officer(training=True).officer("police", "io-7"))
        is Reason.TRAINING
    )
    grid = {"name": "T", "kind": "training", "id": "07" * 16}
    body = world.directory_body(grid=grid)
    book = Book(fingerprint(body))
    book.add(world.founded(Kind.DIRECTORY, **body))
    officers = [world.officer("police/io-7", "investigator", 10, training=True)]
    book.add(world.said(Kind.STAFF, "police", version=1, officers=officers))
    assert book.latest(NOW).training
    assert book.latest(NOW).officer("police", "io-7")


def test_a_revoked_officer_is_refused_at_once() -> None:
    """By either target, in every look-up, and only that officer."""
    for target in ("officer", "key"):
        view = world.view(revoked(target=target))
        assert reason_of(lambda v=view: v.officer("police", "io-7")) is Reason.REVOKED
        assert reason_of(lambda v=view: v.find_key("police/io-7")) is Reason.REVOKED
        assert view.officer("police", "sho-1")


def test_a_revoked_member_takes_its_people_along() -> None:
    """Member, officers, policy and witness place are gone together."""
    view = world.view()
    gone = replace(view, revoked=Revoked(members={"transport"}))
    for look in (
        lambda: gone.member("transport"),
        lambda: gone.officer("transport", "nodal-1"),
        lambda: gone.find_key("transport"),
        lambda: gone.policy("transport"),
        lambda: gone.admit(Peer("transport", "node", SERIAL)),
    ):
        assert reason_of(look) is Reason.REVOKED
    assert [one["id"] for one in gone.members("agency")] == ["police"]
    assert "transport" not in [one["id"] for one in gone.witnesses("police")]


def test_witnesses_are_neither_the_owner_nor_the_relay() -> None:
    """Nobody vouches for their own log, and the coordinator for none."""
    view = world.view()
    assert [one["id"] for one in view.witnesses("police")] == ["transport", "eye"]
    directory = world.directory_body()
    everyone = [entry["id"] for entry in directory["members"]]
    named = directory["witnesses"] | {"members": everyone}
    wide = replace(view, directory=world.altered(view.directory, witnesses=named))
    assert [one["id"] for one in wide.witnesses("eye")] == ["police", "transport"]


@pytest.mark.parametrize(
    "keyid", ["founder:zed", "founder:", "joiner:police", "nobody", "", "/io-7"]
)
def test_a_key_id_that_nobody_holds_is_refused(keyid: str) -> None:
    """No key id outside the papers finds a key."""
    with pytest.raises(Untrusted):
        world.view().find_key(keyid)


@pytest.mark.parametrize(
    ("member", "role"),
    [
        ("police", "node"),
        ("police", "desk"),
        ("hub", "coordinator"),
        ("eye", "auditor"),
        ("founders", "founder"),
        ("customs", "joiner"),
    ],
)
def test_everyone_connects_in_their_own_role(member: str, role: str) -> None:
    """The directory says what a member is, and that role is admitted."""
    world.view().admit(Peer(member, role, SERIAL))


@pytest.mark.parametrize(
    ("member", "role", "reason"),
    [
        ("police", "coordinator", Reason.WRONG_ROLE),
        ("police", "auditor", Reason.WRONG_ROLE),
        ("hub", "node", Reason.WRONG_ROLE),
        ("hub", "auditor", Reason.WRONG_ROLE),
        ("eye", "node", Reason.WRONG_ROLE),
        ("eye", "coordinator", Reason.WRONG_ROLE),
        ("customs", "node", Reason.UNKNOWN_PEER),
    ],
)
def test_an_agency_cannot_promote_itself(
    member: str, role: str, reason: Reason
) -> None:
    """Its issuer can put any role beside its name; the directory is asked."""
    peer = Peer(member, role, SERIAL)
    assert reason_of(lambda: world.view().admit(peer)) is reason


def test_a_revoked_certificate_is_its_owners_only() -> None:
    """A serial revoked by one member shuts out no other with the same number."""
    data = revoked(target="certificate", subject="", serial=SERIAL)
    view = world.view(data)
    peer = Peer("police", "node", SERIAL)
    assert reason_of(lambda: view.admit(peer)) is Reason.REVOKED
    view.admit(Peer("police", "node", "cd" * 20))
    view.admit(Peer("transport", "node", SERIAL))
    view.admit(Peer("hub", "coordinator", SERIAL))


def test_revoked_tokens_are_kept_apart() -> None:
    """A token's name is no certificate's and no officer's."""
    view = world.view()
    taken = Revoked()
    for target in ("token", "certificate", "officer", "member"):
        one = {"target": target, "member": "police", "subject": "7", "serial": SERIAL}
        taken.add(world.altered(view.directory, **one))
    assert taken == Revoked({"police"}, {"police/7"}, {f"police/{SERIAL}"}, {SERIAL})
