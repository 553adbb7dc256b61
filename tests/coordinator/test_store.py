"""What is kept, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, create_engine, insert, text

from childgrid_coordinator.query import State, Target
from childgrid_coordinator.request import Course, Phase
from childgrid_coordinator.store import joiners, mail, queries, requests
from childgrid_coordinator.store.engine import Store
from childgrid_coordinator.store.tables import metadata
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused
from coordinator.cast import ASKER, HOLDERS
from coordinator.sayings import Submission
from coordinator.world import World
from deploy.processes import until


def kept(store: Store, world: World) -> Submission:
    """A query that was taken."""
    given = world.submission()
    papers = [world.read(one) for one in (given.attestation, *given.approvals)]
    with store.write() as db:
        queries.add(db, world.read(given.query), papers, given.contents, world.now)
    return given


def test_a_query_comes_back_as_it_was_kept(store: Store, world: World) -> None:
    """Envelopes byte for byte, in the order in which nodes expect them."""
    given = kept(store, world)
    with store.read() as db:
        parcel = queries.parcel(db, given.hash)
        standing = queries.standing(db, given.hash)
    assert parcel is not None and standing is not None
    assert (parcel.query, parcel.attestation) == (given.query, given.attestation)
    assert list(parcel.approvals) == given.approvals
    assert parcel.contents == given.contents
    assert standing.revision == 1
    assert [one.state for one in standing.targets] == [State.ASKED] * len(HOLDERS)


def test_content_goes_with_the_target_that_needs_it_no_more(
    store: Store, world: World
) -> None:
    """A final target's ciphertext is gone in the same write; others keep theirs."""
    given = kept(store, world)
    with store.write() as db:
        done = Target(HOLDERS[0], State.NO_HIT, answer="f" * 64)
        away = Target(HOLDERS[1], State.OFFLINE, since=5, attempts=1)
        before = queries.standing(db, given.hash)
        assert before is not None
        after = before.after({one.member: one for one in (done, away)})
        queries.change(db, [(after, [done, away])])
    with store.read() as db:
        standing = queries.standing(db, given.hash)
        assert standing is not None
        assert standing.revision == 2
        assert standing.targets[:2] == (done, away)
        parcel = queries.parcel(db, given.hash)
        assert parcel is not None
        assert parcel.contents.keys() == set(HOLDERS[1:])
        assert queries.unfinished(db) == [given.hash]
    rest = [Target(name, State.EXPIRED, since=9) for name in HOLDERS[1:]]
    with store.write() as db:
        over = standing.after({one.member: one for one in rest})
        queries.change(db, [(over, rest)])
    with store.read() as db:
        assert queries.parcel(db, given.hash) is None
        assert queries.unfinished(db) == []


def test_a_failed_transaction_leaves_nothing(store: Store, world: World) -> None:
    """All of a write is there afterwards, or none of it."""
    given = world.submission()
    papers = [world.read(one) for one in (given.attestation, *given.approvals)]
    with pytest.raises(RuntimeError), store.write() as db:
        queries.add(db, world.read(given.query), papers, given.contents, world.now)
        raise RuntimeError
    with store.read() as db:
        assert queries.standing(db, given.hash) is None
        assert queries.known(db, given.hash) is None


def test_what_was_taken_is_told_with_officer_and_case(
    store: Store, world: World
) -> None:
    """Of one member alone, from the given second on."""
    kept(store, world)
    kept(store, world)
    now, case = world.now, "ab" * 32
    with store.read() as db:
        found = queries.spent(db, now - 60, ASKER)
        assert [one[1:] for one in found] == [("io", case)] * 2
        assert len({one[0] for one in found}) == 2
        assert queries.spent(db, now - 60, HOLDERS[0]) == []
        assert queries.spent(db, now + 60, ASKER) == []


def test_a_dossier_holds_everything_that_was_said(store: Store, world: World) -> None:
    """A request is found by its own hash and by its disclosure's."""
    given = kept(store, world)
    answer = world.answer(HOLDERS[0], given.hash)
    data, content = world.request(given.query, answer)
    request = world.read(data)
    course = Course(request.issuer, request["holder"], request.expires)
    approval = world.read(world.approval(f"{ASKER}/sho", data))
    disclosure = world.read(world.disclosure(data, [approval.data])[0])
    with store.write() as db:
        requests.add(db, request, "vehicle", course)
        mail.hold(db, request.hash, request.hash, "0" * 64, request.expires, content)
        course = course.approve(ASKER, approval.person, world.now)
        requests.advance(db, request.hash, approval, course)
        course = course.disclose(HOLDERS[0], disclosure.hash, world.now)
        requests.advance(db, request.hash, disclosure, course)
    with store.read() as db:
        for name in (request.hash, disclosure.hash):
            found = requests.dossier(db, name)
            assert found is not None
            assert found.course == course
            assert [one.hash for one in found.approvals] == [approval.hash]
            assert found.disclosure == disclosure
        assert requests.dossier(db, "0" * 64) is None
        assert requests.dossier(db, "") is None
        assert requests.expire(db, request.expires) == []


def test_open_requests_expire(store: Store, world: World) -> None:
    """Only what is open past its time is closed, and only once."""
    given = kept(store, world)
    request = world.read(
        world.request(given.query, world.answer(HOLDERS[0], given.hash))[0]
    )
    course = Course(request.issuer, request["holder"], request.expires)
    with store.write() as db:
        requests.add(db, request, "vehicle", course)
        assert requests.expire(db, request.expires - 1) == []
        assert requests.expire(db, request.expires) == [request.hash]
        assert requests.expire(db, request.expires) == []
    with store.read() as db:
        found = requests.dossier(db, request.hash)
    assert found is not None
    assert found.course.phase is Phase.EXPIRED


def test_mailboxes_count_without_gaps_and_in_pages(store: Store, world: World) -> None:
    """Cursors run 1, 2, 3 for each member; a page is bounded by items and bytes."""
    with store.write() as db:
        said = [world.read(world.answer(HOLDERS[0], f"{n:064x}")) for n in range(120)]
        queries.keep(db, said)
        for one in said:
            mail.deliver(db, "prisons", one.hash)
        mail.deliver(db, "wards", said[0].hash)
    with store.read() as db:
        first = mail.page(db, "prisons", 0)
        second = mail.page(db, "prisons", first[-1].cursor)
        assert [one.cursor for one in first + second] == list(range(1, 121))
        assert [one.statement for one in first + second] == [one.data for one in said]
        assert [one.cursor for one in mail.page(db, "wards", 0)] == [1]
    with store.write() as db:
        big = bytes(mail.PAGE_BYTES)
        for one in said[:2]:
            mail.hold(db, one.hash, "r" * 64, "0" * 64, 50, big)
    with store.read() as db:
        assert [one.cursor for one in mail.page(db, "prisons", 0)] == [1]


def test_after_a_restore_no_new_mail_is_passed_over(store: Store, world: World) -> None:
    """Who had read further than is known here gets what is delivered from now on."""
    with store.write() as db:
        said = [world.read(world.answer(HOLDERS[0], f"{n:064x}")) for n in range(4)]
        queries.keep(db, said)
        for one in said[:3]:
            mail.deliver(db, "prisons", one.hash)
        mail.deliver(db, "wards", said[0].hash)
        read = mail.page(db, "prisons", 0)[-1].cursor + 5
        mail.skip(db)
        mail.deliver(db, "prisons", said[3].hash)
    with store.read() as db:
        found = [one.statement for one in mail.page(db, "prisons", read)]
        assert found == [said[2].data, said[3].data]
        whole = [one.statement for one in mail.page(db, "prisons", 0)]
        assert whole == [one.data for one in said]
        assert len(mail.page(db, "wards", 5)) == 1


def test_sealed_content_is_wiped_by_request_or_time(store: Store, world: World) -> None:
    """The statement stays, what was sealed beside it goes."""
    with store.write() as db:
        said = [world.read(world.answer(HOLDERS[0], f"{n:064x}")) for n in range(2)]
        queries.keep(db, said)
        for number, one in enumerate(said):
            mail.deliver(db, "prisons", one.hash)
            mail.hold(db, one.hash, f"{number}" * 64, "0" * 64, 50, b"sealed")
        mail.wipe(db, "0" * 64)
        assert [one.content for one in mail.page(db, "prisons", 0)] == [b"", b"sealed"]
        assert (mail.wipe_old(db, 49), mail.wipe_old(db, 50)) == (0, 1)
        assert [one.content for one in mail.page(db, "prisons", 0)] == [b"", b""]


def test_a_database_belongs_to_one_log(database_url: str) -> None:
    """Another coordinator's database is refused, and so is none at all."""
    Store.open(database_url, "one").close()
    Store.open(database_url, "one").close()
    with pytest.raises(ConfigurationRefused, match="another coordinator"):
        Store.open(database_url, "two")
    for url in ("postgresql://nobody@127.0.0.1:1/none", "mysql://x/y"):
        with pytest.raises(ConfigurationRefused) as refused:
            Store.open(url, "one")
        assert "nobody" not in str(refused.value)


def test_two_processes_cannot_share_postgresql(postgres_url: str) -> None:
    """A second opening is refused until the first is closed."""
    first = Store.open(postgres_url, "one")
    with pytest.raises(ConfigurationRefused, match="uses this database"):
        Store.open(postgres_url, "one")
    first.close()
    await_unlocked(postgres_url)
    Store.open(postgres_url, "one").close()


def lose_sessions(url: str) -> None:
    """The server ends every session, as when it was restarted."""
    engine = create_engine(url)
    with engine.connect() as way:
        way.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()
    await_unlocked(url)


def await_unlocked(url: str) -> None:
    """Wait until the sessions that ended have let go: the server does it afterwards."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    held = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON database = pg_database.oid"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    )
    with engine.connect() as way:
        until("nobody holds a lock", 60, lambda: way.scalar(held) == 0)
    engine.dispose()


def test_a_restarted_postgresql_is_held_again(postgres_url: str, world: World) -> None:
    """By the next write, without which a second coordinator could have opened it."""
    first = Store.open(postgres_url, "one")
    lose_sessions(postgres_url)
    given = kept(first, world)
    with pytest.raises(ConfigurationRefused, match="uses this database"):
        Store.open(postgres_url, "one")
    with first.read() as db:
        assert queries.standing(db, given.hash) is not None
    first.close()


def test_who_has_lost_the_database_to_another_writes_nothing(
    postgres_url: str, world: World
) -> None:
    """It is refused until the other is gone, and then goes on."""
    first = Store.open(postgres_url, "one")
    lose_sessions(postgres_url)
    second = Store.open(postgres_url, "one")
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            kept(first, world)
        assert refused.value.reason is Reason.STORAGE
    with second.read() as db:
        assert queries.unfinished(db) == []
    second.close()
    await_unlocked(postgres_url)
    kept(first, world)
    first.close()


def test_deleted_content_is_gone_from_the_file(world: World, tmp_path: Path) -> None:
    """SQLite wipes what is deleted; the bytes can be found before and not after."""
    path = tmp_path / "wiped.db"
    store = Store.open(f"sqlite:///{path}", "one")
    mark = b"sealed canary " * 8
    with store.write() as db:
        mail.hold(db, "a" * 64, "b" * 64, "c" * 64, 50, mark)
    store.close()
    assert mark in path.read_bytes()
    store = Store.open(f"sqlite:///{path}", "one")
    with store.write() as db:
        mail.wipe(db, "b" * 64)
    store.close()
    assert mark not in path.read_bytes()


@pytest.mark.threat("T23")
def test_no_table_has_room_for_a_record() -> None:
    """Columns of bytes are envelopes, ciphertexts and proofs; texts are short."""
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert binary == {
        "statement.data",
        "target.ciphertext",
        "sealed.ciphertext",
        "mail.proof",
    }
    long = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if (getattr(column.type, "length", None) or 0) > 64
    }
    assert long == {"meta.value", "joiner.issuer", "joiner.root"}


def test_joiners_are_found_by_token_and_statement(store: Store) -> None:
    """Who waits is pending until the founders have answered."""
    with store.write() as db:
        row = {"token": "t" * 64, "statement": "s" * 64, "member": "newcomer"}
        db.execute(
            insert(metadata.tables["joiner"]).values(key="k", issuer="", root="", **row)
        )
        joiners.welcome(db, "s" * 64, "issuer", "root")
        known = joiners.by_token(db, "t" * 64)
        assert known == joiners.by_statement(db, "s" * 64)
        assert known is not None
        assert known.state == "welcome"
        assert joiners.by_token(db, "u" * 64) is None
