"""The book: believes from one fingerprint on, and never goes back."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from childgrid_wire import canonical, envelope
from childgrid_wire.book import Book
from childgrid_wire.errors import Malformed, Reason, Refused, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.trust import fingerprint
from wire import samples, world
from wire.papers import next_directory, refuses, revocation, staff, state
from wire.world import DAY, NOW, ROOT, Json


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


@pytest.mark.threat("T22")
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


def test_the_newest_view_is_made_once_for_the_same_documents() -> None:
    """Another second changes its time alone; another document shows at once."""
    book = world.book()
    first = book.latest(NOW)
    later = book.latest(NOW + 1)
    assert (later.now, later.staff) == (NOW + 1, first.staff)
    assert later.staff is first.staff
    book.add(revocation("police", 1))
    assert "police/io-7" in book.latest(NOW).revoked.officers
    assert "police/io-7" not in first.revoked.officers
