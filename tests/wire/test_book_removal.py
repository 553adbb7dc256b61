"""The book: revocations, departures, and looking back."""

import pytest

from childgrid_wire import envelope
from childgrid_wire.errors import Reason, Untrusted, WireError
from childgrid_wire.kinds import Kind
from wire import samples, world
from wire.papers import next_directory, refuses, revocation, staff
from wire.world import DAY, NOW, Json

SAID = ("number", "target", "member", "subject", "serial", "cause")


def test_what_was_signed_by_a_wrong_clock_is_said_again() -> None:
    """Under its number and of another day: it counts once, from the earlier on."""
    book = world.book()
    first = book.add(revocation("police", 1))
    book.add(revocation("police", 2, subject="sho-1"))
    body = {name: first[name] for name in SAID}

    book.add(world.said(Kind.REVOCATION, "police", now=NOW - DAY, **body))

    assert book.standing()["revocations"] == {"police": 2}
    assert book.revoked(NOW - 61).officers == {"police/io-7"}
    book.add(revocation("police", 3, subject="it-1"))
    for changes in ({"subject": "cu-2"}, {"target": "key"}):
        refuses(book, revocation("police", 1, **changes), Reason.OLD_VERSION)


@pytest.mark.threat("T27")
@pytest.mark.parametrize(
    ("who", "said", "other"),
    [
        (
            "police",
            {"target": "certificate", "subject": "", "serial": "ab" * 20},
            {"serial": "cd" * 20},
        ),
        (
            "founder:asha",
            {"target": "member", "subject": ""},
            {"member": "customs"},
        ),
    ],
    ids=["another pass", "another member"],
)
def test_no_number_stands_for_two_things(who: str, said: Json, other: Json) -> None:
    """Whoever has the one would seem to have the other, and a release would go on."""
    book = world.book()
    book.add(revocation(who, 1, **said))
    before = book.revoked()

    refuses(book, revocation(who, 1, **{**said, **other}), Reason.OLD_VERSION)

    assert book.revoked() == before


def test_revocations_are_numbered_without_a_gap() -> None:
    """A relay that leaves one out can't deliver the next; each issuer counts."""
    book = world.book()
    first, second = revocation("police", 1), revocation("police", 2, subject="sho-1")
    refuses(book, second, Reason.OLD_VERSION)
    refuses(book, revocation("police", 0 + 3), Reason.OLD_VERSION)
    book.add(first)
    book.add(first)
    refuses(book, revocation("police", 1, subject="it-1"), Reason.OLD_VERSION)
    book.add(second)
    book.add(revocation("transport", 1, member="transport", subject="nodal-1"))
    book.add(revocation("founder:asha", 1, subject="it-1"))
    refuses(book, revocation("founder:bina", 1, subject="sho-2"), Reason.OLD_VERSION)
    book.add(revocation("founder:bina", 2, subject="sho-2"))
    assert book.standing()["revocations"] == {
        "police": 2,
        "transport": 1,
        "founders": 2,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"member": "transport", "subject": "nodal-1"},
        {"target": "key", "member": "transport", "subject": "nodal-1"},
        {"target": "member", "member": "transport"},
        {"target": "member", "member": "police"},
        {"target": "token", "serial": "ab" * 20},
        {"target": "certificate", "member": "transport", "serial": "ab" * 20},
    ],
)
def test_an_agency_revokes_its_own_people_only(changes: Json) -> None:
    """Another's officers, any member and tokens are the founders' to revoke."""
    book = world.book()
    refuses(book, revocation("police", 1, **changes), Reason.WRONG_ROLE)
    book.add(revocation("founder:asha", 1, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": ""},
        {"member": ""},
        {"target": "key", "subject": ""},
        {"target": "member", "member": ""},
        {"target": "certificate", "serial": ""},
        {"target": "certificate", "member": "", "serial": "ab" * 20},
        {"target": "token", "serial": ""},
    ],
)
def test_a_revocation_that_removes_nothing_is_refused(changes: Json) -> None:
    """Whoever signs one believes that something is revoked; so something must be."""
    for who in ("founder:asha", "police"):
        with pytest.raises(WireError):
            world.book().add(revocation(who, 1, **changes))


def test_a_revoked_member_publishes_nothing_more() -> None:
    """From its revocation on, no document of the member is taken."""
    book = world.book()
    book.add(revocation("founder:asha", 1, target="member", subject=""))
    refuses(book, staff(2), Reason.REVOKED)
    refuses(book, revocation("police", 1), Reason.REVOKED)
    with pytest.raises(Untrusted):
        book.latest(NOW).member("police")


def test_a_member_that_left_the_directory_publishes_nothing_more() -> None:
    """Its old key must not prepare the ground for a return."""
    book = world.book()
    members = book.directories[-1]["members"]
    book.add(next_directory(book, members=members[1:]))
    refuses(book, staff(2), Reason.UNKNOWN_PEER)


def test_a_member_with_a_new_key_no_longer_speaks_with_the_old() -> None:
    """The newest directory decides under which key a member is heard."""
    book = world.book()
    members = [dict(entry) for entry in book.directories[-1]["members"]]
    members[0]["key"] = world.b64_key("police-new")
    book.add(next_directory(book, members=members))
    refuses(book, staff(2), Reason.BAD_SIGNATURE)


def sealing(start: int, key: str = "a") -> bytes:
    """A week's sealing key of transport."""
    return world.said(
        Kind.SEALING_KEY,
        "transport",
        key=world.b64_key(key),
        valid_from=start,
        valid_until=start + 7 * DAY,
        now=start,
    )


def test_a_relay_cannot_bring_an_old_sealing_key_back() -> None:
    """The newest valid key is used, whichever arrived last."""
    old, new = sealing(NOW - 3 * DAY, "old"), sealing(NOW - DAY, "new")
    for order in ((old, new), (new, old)):
        book = world.book(*order)
        assert book.sealing_key("transport", NOW)["key"] == world.b64_key("new")
        assert book.sealing_key("transport", NOW - 2 * DAY)["key"] == world.b64_key(
            "old"
        )
    for when in (NOW - 4 * DAY, NOW + 6 * DAY):
        with pytest.raises(Untrusted):
            book.sealing_key("transport", when)
    with pytest.raises(Untrusted):
        book.sealing_key("police", NOW)


def test_rotations_are_gathered_by_epoch() -> None:
    """Each step of one ceremony is found, and of no other."""
    steps = [
        world.said(
            Kind.ROTATION, who, **(samples.BODIES[Kind.ROTATION] | {"epoch": epoch})
        )
        for epoch, who in ((1, "police"), (1, "transport"), (2, "police"))
    ]
    book = world.book(*steps)
    assert [one.issuer for one in book.rotations(1)] == ["police", "transport"]
    assert len(book.rotations(2)) == 1
    assert book.rotations(3) == []


def test_looking_back_sees_what_was_in_force_then() -> None:
    """`as_of` and `named` choose versions by time and by name, `latest` the newest."""
    book = world.book()
    named = book.latest(NOW).staff["police"].hash
    book.add(staff(2, officers=[]))
    assert book.latest(NOW).staff["police"]["version"] == 2
    assert book.as_of(NOW - 60).staff["police"]["version"] == 2
    assert book.named(NOW, [named]).officer("police", "io-7")
    assert book.as_of(NOW - DAY // 2).staff == {}
    for kind, picked in (
        (Kind.STAFF, book.latest(NOW).staff),
        (Kind.POLICY, book.latest(NOW).policies),
    ):
        assert {one.kind for one in picked.values()} == {kind}
    with pytest.raises(Untrusted):
        book.as_of(NOW - 10 * DAY)
    with pytest.raises(Untrusted):
        book.named(NOW, ["0" * 64])
    book.add(revocation("founder:asha", 1))
    with pytest.raises(Untrusted):
        book.named(NOW, [named]).officer("police", "io-7")
    assert book.named(NOW - 30, [named]).officer("police", "io-7")


def test_a_directory_that_names_another_paper_as_floor_is_no_ground() -> None:
    """The hash must be a floor's; a scheme's or an unknown one gives no rules."""
    scheme = envelope.read(world.SCHEME).hash
    for name in (scheme, "0" * 64, ""):
        book = world.book()
        book.add(next_directory(book, floor=name))
        with pytest.raises(Untrusted):
            book.latest(NOW).rules()
