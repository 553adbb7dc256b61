"""The book: believes from one fingerprint on, and never goes back."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childgrid_wire import canonical, envelope
from childgrid_wire.book import Book
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.trust import fingerprint
from wire import samples, world
from wire.world import DAY, NOW, ROOT, Json


def state(book: Book) -> Json:
    """Everything that a book knows, to see that nothing changed."""
    return book.standing(), sorted(book.by_hash), len(book.directories)


def refuses(book: Book, data: bytes, reason: Reason | None = None) -> None:
    """Adding fails with that reason, and the book is as it was."""
    before = state(book)
    with pytest.raises(WireError) as refusal:
        book.add(data)
    if reason:
        assert refusal.value.reason is reason
    assert state(book) == before


def next_directory(
    book: Book, by: tuple[str, ...] = ("asha", "bina"), **changes: Json
) -> bytes:
    """The directory after the book's newest."""
    body = world.successor(book.directories[-1], **changes)
    return world.founded(Kind.DIRECTORY, by, now=NOW, **body)


def revocation(who: str, number: int, **changes: Json) -> bytes:
    """A revocation by a member or `founder:<id>`."""
    body = {
        "number": number,
        "target": "officer",
        "member": "police",
        "subject": "io-7",
        "serial": "",
        "cause": "left",
    } | changes
    if who.startswith("founder:"):
        return envelope.sign(
            Kind.REVOCATION,
            world.statement.draft(
                Kind.REVOCATION, issuer="founders", now=NOW, seconds=DAY, **body
            ),
            [world.signer(who)],
        )
    return world.said(Kind.REVOCATION, who, **body)


def staff(version: int, who: str = "police", **changes: Json) -> bytes:
    """A staff list of that version."""
    body = {"version": version, "officers": world.staff_of("police")} | changes
    return world.said(Kind.STAFF, who, seconds=60 * DAY, **body)


def test_a_working_grid_is_believed_from_its_fingerprint() -> None:
    """All documents are kept; adding one again changes nothing."""
    book = world.book()
    before = state(book)
    for data in world.DOCUMENTS:
        book.add(data)
    assert state(book) == before
    assert book.standing()["staff"] == {"police": 1, "transport": 1}


def test_another_first_directory_is_refused() -> None:
    """Another grid, other founders or another threshold: another fingerprint."""
    others = [
        world.directory_body(grid={"name": "T", "kind": "training", "id": "07" * 16}),
        world.directory_body(
            founders={"threshold": 1, "keys": world.founder_keys(*world.FOUNDERS)}
        ),
        world.directory_body(
            founders={"threshold": 2, "keys": world.founder_keys("asha", "bina")}
        ),
    ]
    for body in others:
        refuses(Book(ROOT), world.founded(Kind.DIRECTORY, **body), Reason.UNKNOWN_KEY)
    refuses(Book("0" * 64), world.DIRECTORY, Reason.UNKNOWN_KEY)
    one = world.founded(Kind.DIRECTORY, ("asha",), **world.directory_body())
    refuses(Book(ROOT), one, Reason.BAD_SIGNATURE)


def test_nothing_is_believed_before_a_directory() -> None:
    """An empty book has nobody whose signature could count."""
    for data in world.DOCUMENTS[1:]:
        refuses(Book(ROOT), data, Reason.OLD_VERSION)


def broken(change: Callable[[Json], None]) -> tuple[str, bytes]:
    """A directory that a careless installer pinned, with the pinned fingerprint."""
    payload = canonical.loads(envelope.read(world.DIRECTORY).payload)
    change(payload)
    by = [world.signer("founder:asha"), world.signer("founder:bina")]
    data = envelope.sign(Kind.DIRECTORY, canonical.dumps(payload), by)
    return fingerprint({"founders": None} | payload), data


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.pop("founders"),
        lambda body: body.update(founders=[]),
        lambda body: body.update(founders={"threshold": 1}),
        lambda body: body.update(founders={"threshold": 1, "keys": 1}),
        lambda body: body.update(founders={"threshold": 1, "keys": ["asha"]}),
        lambda body: body["founders"].update(threshold=0),
        lambda body: body["founders"].update(threshold=-1),
        lambda body: body["founders"].update(threshold=True),
        lambda body: body["founders"].update(threshold=4),
        lambda body: body["founders"]["keys"][0].update(key=1),
        lambda body: body["founders"]["keys"][0].pop("id"),
        lambda body: body["founders"]["keys"][2].update(id="bina"),
        lambda body: body["founders"]["keys"][2].update(
            key=body["founders"]["keys"][1]["key"]
        ),
        lambda body: body["founders"]["keys"][2].update(key="AQ" + "A" * 41 + "="),
        lambda body: body["members"][0].update(id="founders"),
        lambda body: body["members"][0].update(id="transport"),
        lambda body: body["members"][0].update(key="AQ" + "A" * 41 + "="),
        lambda body: body["members"][0].update(log_key="AQ" + "A" * 41 + "="),
        lambda body: body["members"][0].update(witness_key="AQ" + "A" * 41 + "="),
    ],
)
def test_a_directory_out_of_shape_is_refused_without_a_crash(
    change: Callable[[Json], None],
) -> None:
    """Founders' keys come from the very bytes that are judged, so form comes first."""
    root, data = broken(change)
    refuses(Book(root), data)


def test_the_same_directory_without_a_fault_is_taken() -> None:
    """Positive control: nothing but the change above was refused."""
    root, data = broken(lambda body: body["grid"].update(name="Other"))
    Book(root).add(data)


def test_a_directory_follows_the_last_one() -> None:
    """Rollback, repetition, a gap, another grid or another history: refused."""
    book = world.book()
    second = next_directory(book)
    fork = next_directory(book, floor="")
    skipped = next_directory(book, version=3)
    strange = next_directory(book, previous="0" * 64)
    grid = {"name": "Test grid", "kind": "training", "id": "07" * 16}
    for bad in (skipped, strange, next_directory(book, grid=grid)):
        refuses(book, bad, Reason.OLD_VERSION)
    book.add(second)
    assert book.standing()["directory"] == 2
    for bad in (fork, next_directory(book, version=2), next_directory(book, version=1)):
        refuses(book, bad, Reason.OLD_VERSION)
    book.add(world.DIRECTORY)
    assert book.directories[-1]["version"] == 2


def test_changing_the_founders_needs_the_old_and_the_new() -> None:
    """A new set isn't enough alone, nor is the old; both thresholds must be met."""
    book = world.book()
    new = {"threshold": 2, "keys": world.founder_keys("dev", "esha", "asha")}
    for by in (("dev", "esha"), ("asha", "bina"), ("asha", "dev"), ("dev", "esha")):
        refuses(book, next_directory(book, by, founders=new))
    refuses(book, next_directory(book, ("asha", "dev", "chetan2"), founders=new))
    book.add(next_directory(book, ("asha", "bina", "dev"), founders=new))
    refuses(book, next_directory(book, ("bina", "chetan")), Reason.UNKNOWN_KEY)
    book.add(next_directory(book, ("dev", "esha")))
    assert book.standing()["directory"] == 3


def test_lowering_the_threshold_needs_the_old_threshold() -> None:
    """One founder alone can't make one founder enough."""
    book = world.book()
    lower = {"threshold": 1, "keys": world.founder_keys(*world.FOUNDERS)}
    refuses(book, next_directory(book, ("asha",), founders=lower))
    book.add(next_directory(book, ("asha", "bina"), founders=lower))
    book.add(next_directory(book, ("chetan",)))


def test_a_founders_id_keeps_its_key() -> None:
    """An id given another key would let one signature count for two sets."""
    book = world.book()
    keys = [
        {"id": "asha", "key": world.b64_key("founder:dev")},
        *world.founder_keys("bina", "chetan"),
    ]
    swapped = next_directory(
        book, ("bina", "chetan"), founders={"threshold": 2, "keys": keys}
    )
    refuses(book, swapped, Reason.UNKNOWN_KEY)


@pytest.mark.parametrize("kind", [Kind.FLOOR, Kind.SCHEME])
def test_members_do_not_make_founders_documents(kind: Kind) -> None:
    """A floor or scheme by a member, an officer or too few founders is refused."""
    book = world.book()
    body = {Kind.FLOOR: world.floor_body, Kind.SCHEME: lambda **c: dict(c)}[kind](
        version=2
    )
    if kind is Kind.SCHEME:
        body |= {"document": "0" * 64, "profile": "test"}
    for who in ("police", "transport", "hub", "police/sho-1"):
        refuses(book, world.said(kind, who, **body))
    refuses(book, world.founded(kind, ("asha",), **body))
    payload = world.statement.draft(kind, issuer="police", now=NOW, seconds=DAY, **body)
    by = [world.signer("founder:asha"), world.signer("founder:bina")]
    refuses(book, envelope.sign(kind, payload, by))
    book.add(world.founded(kind, **body))


def test_versions_never_go_back() -> None:
    """An older or equal staff list, policy, floor or scheme is refused."""
    book = world.book()
    book.add(staff(5))
    for version in (1, 4, 5):
        refuses(book, staff(version, officers=[]), Reason.OLD_VERSION)
    book.add(staff(6, officers=[]))
    floor = world.founded(Kind.FLOOR, **world.floor_body(officer_queries_day=9_999))
    refuses(book, floor, Reason.OLD_VERSION)
    policy = world.said(Kind.POLICY, "transport", **world.policy_body(rules=[]))
    refuses(book, policy, Reason.OLD_VERSION)
    with pytest.raises(Untrusted):
        book.latest(NOW).officer("police", "io-7")


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(1, 6)))
def test_whatever_order_a_relay_chooses_the_newest_stands(order: list[int]) -> None:
    """Reordering can hide nothing: the newest version seen is the one in force."""
    book = world.book()
    newest = 1
    for number in order:
        try:
            book.add(staff(number + 1))
            newest = number + 1
        except Untrusted as refusal:
            assert refusal.reason is Reason.OLD_VERSION
            assert number + 1 < newest
    assert newest == 6 == book.latest(NOW).staff["police"]["version"]


def test_staff_speak_for_their_own_member_only() -> None:
    """A list by another member, an officer or the founders is refused."""
    book = world.book()
    for issuer, by in (
        ("transport", "police"),
        ("police", "police/sho-1"),
        ("founders", "founder:asha"),
        ("police", "founder:asha"),
    ):
        payload = world.statement.draft(
            Kind.STAFF, issuer=issuer, now=NOW, seconds=DAY, version=9, officers=[]
        )
        refuses(book, envelope.sign(Kind.STAFF, payload, [world.signer(by)]))
    # A list that names the very keys of another member's people makes them one's own
    # people only: nobody else's statement verifies under it.
    book.add(staff(2, "police", officers=world.staff_of("transport")))
    stolen = world.said(
        Kind.APPROVAL, "transport/nodal-1", **samples.BODIES[Kind.APPROVAL]
    )
    outer = envelope.read(stolen)
    moved = envelope.assemble(
        outer.kind,
        outer.payload,
        [envelope.Signature("police/nodal-1", outer.signatures[0].sig)],
    )
    with pytest.raises(Untrusted):
        world.statement.verify(moved, book.latest(NOW).find_key)


def test_a_staff_list_names_each_person_and_key_once() -> None:
    """Two ids with one key, one id twice, or an unusable key: refused."""
    book = world.book()
    one, two = world.staff_of("police")[:2]
    passkey = one | {"id": "x", "algorithm": "webauthn"}
    for officers in (
        [one, two | {"key": one["key"]}],
        [one, two | {"id": one["id"]}],
        [one | {"key": "AQ" + "A" * 41 + "="}],
        [passkey],
        [passkey | {"algorithm": "rsa-pkcs1v15-sha256"}],
        [
            passkey
            | {
                "key": canonical.to_b64(
                    bytes.fromhex("302a300506032a0304032100") + bytes(32)
                )
            }
        ],
    ):
        refuses(book, staff(2, officers=officers))


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


def test_training_papers_do_not_count_in_production() -> None:
    """An officer with a training key is refused on a production grid."""
    officers = world.staff_of("police")
    officers[0] |= {"training": True}
    book = world.book(staff(2, officers=officers))
    with pytest.raises(Untrusted) as refusal:
        book.latest(NOW).officer("police", "io-7")
    assert refusal.value.reason is Reason.TRAINING
    assert book.latest(NOW).officer("police", "sho-1")


def test_statements_that_are_no_documents_are_refused() -> None:
    """The board is no mailbox."""
    book = world.book()
    for kind in (Kind.VOID, Kind.RECEIPT, Kind.CASE, Kind.ENROLMENT):
        data = world.said(kind, "police", **samples.BODIES[kind])
        refuses(book, data, Reason.UNKNOWN_KIND)


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


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_altered_document_is_ever_kept(data: st.DataObject) -> None:
    """One changed byte in any document, and the book stays as it was."""
    all_of_them = world.DOCUMENTS
    which = data.draw(st.integers(0, len(all_of_them) - 1))
    book = Book(ROOT)
    for before in all_of_them[:which]:
        book.add(before)
    altered = bytearray(all_of_them[which])
    altered[data.draw(st.integers(0, len(altered) - 1))] ^= data.draw(
        st.integers(1, 255)
    )
    refuses(book, bytes(altered))


def test_refusals_are_of_this_tree() -> None:
    """Whatever is wrong, the caller has one family of errors to catch."""
    for data in (b"", b"{}", b"\xff", b"[]"):
        with pytest.raises(Malformed):
            world.book().add(data)
    with pytest.raises(Refused):
        world.book().add(revocation("police", 1, target="member", member="hub"))
