"""What the coordinator's owner tries, one story each, and what comes of it.

Every story is told on one recorded grid (`hostile.play`) with the nodes' own doors, and
ends by asserting that nothing changed, or that what changed gave nothing away. Then the
same enemy plays thousands of seeded attacks, and for each check that a node makes, a
node without it is shown to be caught by the oracle.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

import hostile_strikes as strikes
from childgrid_node import mailroom, match, query
from childgrid_node.courier import Courier, Parcel
from childgrid_wire import canonical, envelope, seal, statement
from childgrid_wire.errors import Malformed, Refused, Untrusted
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import values_pb2
from childgrid_wire.pb.coordinator_pb2 import WitnessRequest, WitnessResponse
from childgrid_wire.statement import Statement
from grid import (
    AUDITORS,
    DAY,
    HUB,
    KABIR,
    MINOR,
    SECTIONS,
    VICTIM,
    identity,
    nonce,
    officer_signer,
    seed,
)
from hostile import FIELDS, Score, one_case, play, play_cases, strike_until_broken
from hostile_enemy import Enemy, body_of
from hostile_oracle import Broken
from hostile_releases import WITNESSES, lie, revocation
from hostile_spy import quiet, restart
from hostile_stage import Stage, Tally, books, tables

HOUR = 3_600
CASES = 2_000


@pytest.fixture(scope="module")
def played() -> Iterator[Stage]:
    """The recorded grid, in memory: the speed of a disk is not the subject here."""
    shared = Path("/dev/shm")  # noqa: S108
    where = shared if shared.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="childgrid-hostile-", dir=where))
    try:
        with quiet():
            yield play(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stage(played: Stage) -> Iterator[Stage]:
    """The recorded grid as it was; whatever a story leaves behind is judged."""
    played.before = Tally.of(played)
    base = played.mark
    yield played
    played.teach()
    played.judge(played.before)
    played.rewind(base)


@pytest.fixture
def ruined(played: Stage) -> Iterator[Stage]:
    """The recorded grid for nodes that lack a check; what they did isn't judged."""
    base = played.mark
    yield played
    played.rewind(base)


def unchanged(stage: Stage, *but: str) -> None:
    """Assert that no agency has said, heard, spent or believed anything new."""
    now, before = tables(stage.grid), stage.before.tables
    assert {n: t for n, t in now.items() if n not in but} == {
        n: t for n, t in before.items() if n not in but
    }
    assert books(stage.grid) == stage.before.books


def nothing_released(stage: Stage) -> None:
    """Assert that no holder has handed over a record since the story began."""
    gone = ("released", "receipted")
    before = {r for r, (state, _) in stage.before.spent.items() if state in gone}
    assert {r for r, (state, _) in stage.spent() if state in gone} == before


def says(
    keyid: str, kind: Kind, stage: Stage, *, at: int = 0, hours: int = 24, **body: Any
) -> bytes:
    """A well-formed statement signed with the named key, whoever may say it."""
    member, _, officer = keyid.partition("/")
    own = SeedSigner(keyid, identity(member).key)
    signer = officer_signer(member, officer) if officer else own
    return statement.make(
        kind,
        signer,
        issuer=member,
        officer=officer,
        now=at or stage.grid.now,
        seconds=hours * HOUR,
        **body,
    )


def approval(
    keyid: str, of: Statement, stage: Stage, slot: str = "supervisor", **body: Any
) -> bytes:
    """An approval of a statement, with everything right but for its signer."""
    kind = of.kind.value
    side = "holder" if slot == "custodian" else "requester"
    policy = ""
    if side == "holder":
        holder = of["holder"]
        policy = stage.grid.agency(holder).office.view.policy(holder).hash
    fields = FIELDS if kind == "request" else []
    given = {"subject": kind, "side": side, "slot": slot, "fields": fields}
    given |= {"policy": policy, "answers": of.hash}
    return says(keyid, Kind.APPROVAL, stage, **(given | body))


def letter(data: bytes, content: bytes = b"") -> Parcel:
    """A parcel without a proof."""
    return Parcel(0, data, content, None)


def call_of(stage: Stage, name: str, target: str) -> dict[str, Any]:
    """A genuine query as it is carried to one target."""
    call = stage.grid.call(stage.queries[name], target)
    return {**call, "approvals": list(call["approvals"])}


def mail_of(stage: Stage, kind: Kind, request: str) -> tuple[str, Parcel]:
    """The genuine parcel of a kind that belongs to a request, with its reader."""
    name = stage.requests[request].hash
    for reader, parcel in stage.spy.delivered + stage.held_back:
        said = envelope.read(parcel.statement)
        about = (said.hash, body_of(parcel.statement)["answers"])
        if said.kind is kind and name in about:
            return reader, parcel
    raise LookupError(kind)


def resigned(data: bytes, keyid: str, **changes: Any) -> bytes:
    """A statement's body with changes, signed by the coordinator as if by `keyid`."""
    kind = envelope.read(data).kind
    payload = canonical.dumps(body_of(data) | changes)
    signed = identity(HUB).signer.sign(envelope.pae(kind.payload_type, payload))
    return envelope.assemble(kind, payload, [envelope.Signature(keyid, signed)])


# Who may approve.


def test_the_coordinator_enrols_officers_of_its_own(stage: Stage) -> None:
    """Its own staff list is believed as its own, and gives nobody a say elsewhere."""
    enemy = Enemy(stage, random.Random("enrols"))
    assert strikes.enrols_itself(enemy) == "books"
    assert tables(stage.grid) == stage.before.tables
    nothing_released(stage)


def test_an_asker_approves_the_own_query(stage: Stage) -> None:
    """An investigator who also approves is refused: nobody approves what they asked."""
    asked = stage.queries["unapproved"]
    call = call_of(stage, "unapproved", "customs")
    call["approvals"] = [approval("police/si-rao", asked, stage)]
    assert not stage.match("customs", call)
    unchanged(stage)


def test_an_asker_approves_the_own_request(stage: Stage) -> None:
    """The request's own officer can't stand in for the supervisor or the custodian."""
    request = stage.requests["waiting"]
    for slot in ("supervisor", "custodian"):
        made = approval("police/si-rao", request, stage, slot)
        stage.mail("customs", letter(made))
        assert stage.release("customs", request.hash) == "waiting"
    unchanged(stage)


def test_a_supervisor_asks_and_approves(stage: Stage) -> None:
    """A supervising officer may not ask, so there is nothing to approve."""
    call = call_of(stage, "unsent", "customs")
    made = says(
        "police/sp-nair",
        Kind.QUERY,
        stage,
        **{k: v for k, v in body_of(call["query"]).items() if k not in strikes.HEADER},
    )
    asked = statement.parse(envelope.read(made))
    for who in ("police/sp-nair", "police/sp-khan"):
        approvals = [approval(who, asked, stage)]
        assert not stage.match(
            "customs", {**call, "query": made, "approvals": approvals}
        )
    unchanged(stage)


def test_an_investigator_stands_in_for_the_supervisor(stage: Stage) -> None:
    """A colleague of the same role has no slot to fill, and can't spoil one either."""
    request = stage.requests["waiting"]
    stage.mail("customs", letter(approval("police/si-joshi", request, stage)))
    stage.mail(
        "customs", letter(approval("police/si-joshi", request, stage, fields=[]))
    )
    unchanged(stage)


def test_one_person_counts_once(stage: Stage) -> None:
    """A second decision of the same supervisor is no second person."""
    asked = stage.queries["unsent"]
    call = call_of(stage, "unsent", "customs")
    call["approvals"].append(approval("police/sp-nair", asked, stage))
    assert not stage.match("customs", call)
    request = stage.requests["waiting"]
    stage.mail("customs", letter(approval("police/sp-nair", request, stage)))
    unchanged(stage)


def test_two_names_for_one_key(stage: Stage) -> None:
    """A staff list that gives one key two officers is not believed at all."""
    body = stage.grid.agency("police").office.view.staff["police"].body
    first = body["officers"][0]
    twins = [first, {**first, "id": "twin", "role": "supervising-officer"}]
    made = says("police", Kind.STAFF, stage, version=2, officers=twins)
    assert not any([stage.hang(name, made) for name in WITNESSES])
    unchanged(stage)


def test_the_custodian_of_another_agency(stage: Stage) -> None:
    """A custodian decides for the own agency's records alone."""
    request = stage.requests["waiting"]
    for who in ("prisons/pr-singh", "police/cu-police", "childcare/cc-das"):
        stage.mail("customs", letter(approval(who, request, stage, "custodian")))
        stage.mail(
            "customs",
            letter(approval(who, request, stage, "custodian", side="requester")),
        )
    assert stage.release("customs", request.hash) == "waiting"
    unchanged(stage)


def test_an_agency_that_colludes_may_ask_but_gets_nothing(stage: Stage) -> None:
    """With all keys of a member the enemy asks in its name: answered, logged, counted.

    A record still needs the holder's own custodian.
    """
    grid = stage.grid
    officers = [
        _officer("asks", "investigator"),
        _officer("agrees", "supervising-officer"),
    ]
    staff = says("prisons", Kind.STAFF, stage, version=2, officers=officers)
    for name in WITNESSES:
        stage.hang(name, staff)
    holdings = grid.agency("prisons").holdings
    case = says("prisons", Kind.CASE, stage, case="11" * 32, basis="fir", asker="asks",
                capacity="ahtu", sections=SECTIONS)  # fmt: skip
    name = nonce()
    key = grid.agency("customs").office.shelf.book.sealing_key("customs", grid.now)
    content = holdings.pack(query._encode(holdings, KABIR))
    binding = seal.Binding("query", name, "prisons", "customs", 1)
    sealed = seal.seal(content, canonical.from_b64(key["key"]), binding)
    asked = says(
        "prisons/asks", Kind.QUERY, stage, id=name, purpose="investigation",
        sections=SECTIONS, case="11" * 32,
        attestation=statement.parse(envelope.read(case)).hash,
        targets={"customs": {"ciphertext": seal.digest(sealed), "sealing_key": key.hash}},
        scheme=grid.agency("customs").office.view.directory["scheme"], epoch=1,
        rehearsal=False,
    )  # fmt: skip
    said = statement.parse(envelope.read(asked))
    call = {"query": asked, "attestation": case, "content": sealed}
    call["approvals"] = [approval("prisons/agrees", said, stage)]
    customs = grid.agency("customs")
    heard = match.hear(customs.office, **call)
    answered = match.answer(customs.office, customs.holdings, heard)
    assert answered["outcome"] == "hit"
    used = customs.office.journal.rows(
        "SELECT subject FROM used WHERE scope = 'agency'"
    )
    assert ("prisons",) in used
    request = _request(stage, "prisons/asks", said, answered)
    stage.mail("customs", letter(request, b"because"))
    parsed = statement.parse(envelope.read(request))
    for who, slot in (("agrees", "supervisor"), ("pr-singh", "custodian")):
        stage.mail("customs", letter(approval(f"prisons/{who}", parsed, stage, slot)))
    assert stage.release("customs", parsed.hash) == "waiting"
    nothing_released(stage)
    stage.before = Tally.of(stage)


def _officer(name: str, role: str, member: str = "prisons") -> dict[str, Any]:
    return {
        "id": name, "role": role, "unit": "unit-1", "rank": 9, "algorithm": "ed25519",
        "key": canonical.to_b64(officer_signer(member, name).public), "rp_id": "",
        "origins": [], "training": False, "valid_from": 0, "valid_until": 2**40,
    }  # fmt: skip


def _request(
    stage: Stage, keyid: str, asked: Statement, answered: Statement, **changes: Any
) -> bytes:
    """A request made by hand, outside any node, for the first candidate."""
    view = stage.grid.agency(answered.issuer).office.view
    body = {
        "answers": answered.hash, "query": asked.hash, "answer": answered.hash,
        "handle": answered["candidates"][0]["handle"] if answered["candidates"] else "",
        "holder": answered.issuer, "purpose": asked["purpose"],
        "sections": asked["sections"], "case": asked["case"], "fields": FIELDS,
        "policy": view.policy(answered.issuer).hash, "directory": 1,
        "recipient_key": canonical.to_b64(seal.public_of(seed("enemy"))),
        "justification": seal.digest(b"because"),
    }  # fmt: skip
    return says(keyid, Kind.REQUEST, stage, **(body | changes))


# What is approved.


def test_an_approval_of_another_request(stage: Stage) -> None:
    """An approval names one request by its hash; moved to another it is nobody's."""
    _, genuine = mail_of(stage, Kind.APPROVAL, "released")
    moved = resigned(
        genuine.statement, "police/sp-nair", answers=stage.requests["waiting"].hash
    )
    stage.mail("customs", letter(moved))
    stage.mail("customs", genuine)
    assert stage.release("customs", stage.requests["waiting"].hash) == "waiting"
    unchanged(stage)


def test_an_approval_of_the_query_is_none_of_the_request(stage: Stage) -> None:
    """The custodian's say about one thing can't be read as one about another."""
    request = stage.requests["waiting"]
    for subject in ("query", "silent-hit"):
        made = approval(
            "customs/cu-mehta", request, stage, "custodian", subject=subject
        )
        stage.mail("police", letter(made))
        made = approval("police/sp-khan", request, stage, subject=subject)
        stage.mail("customs", letter(made))
    unchanged(stage)


def test_an_approval_that_is_older_than_what_it_approves(stage: Stage) -> None:
    """Nobody approved a request before it was written, nor in a time to come."""
    request = stage.requests["waiting"]
    for at in (request.issued - DAY, stage.grid.now + DAY):
        made = says(
            "police/sp-khan",
            Kind.APPROVAL,
            stage,
            at=at,
            hours=72,
            **_plain(approval("police/sp-khan", request, stage)),
        )
        stage.mail("customs", letter(made))
    unchanged(stage)


def _plain(data: bytes) -> dict[str, Any]:
    header = set(strikes.HEADER) - {"answers"}
    return {key: value for key, value in body_of(data).items() if key not in header}


def test_widened_fields(stage: Stage) -> None:
    """More fields than were signed for are another request, another approval: none."""
    wide = [*FIELDS, "phone"]
    _, request = mail_of(stage, Kind.REQUEST, "waiting")
    _, approved = mail_of(stage, Kind.APPROVAL, "waiting")
    for parcel, keyid in ((request, "police/si-rao"), (approved, "police/sp-nair")):
        made = resigned(parcel.statement, keyid, fields=wide)
        stage.mail("customs", replace(parcel, statement=made))
    unchanged(stage)


def test_fields_are_what_everybody_granted(stage: Stage) -> None:
    """The custodian narrows; a supervisor's wider approval brings nothing back."""
    grid, request = stage.grid, stage.requests["waiting"]
    grid.decide("customs", "cu-mehta", request.hash, fields=["name"])
    stage.mail(
        "customs",
        letter(
            approval("police/sp-khan", request, stage, fields=["name", "note", "phone"])
        ),
    )
    assert stage.release("customs", request.hash) == "released"
    ((_, parcel),) = [p for p in grid.outbox("customs") if p[0].kind is Kind.DISCLOSURE]
    assert body_of(parcel.statement)["fields"] == ["name"]


def test_the_recipient_key_is_swapped(stage: Stage) -> None:
    """On the way it breaks the signature; with the asker's help it is a new request."""
    enemy_key = canonical.to_b64(seal.public_of(seed("enemy")))
    _, parcel = mail_of(stage, Kind.REQUEST, "waiting")
    made = resigned(parcel.statement, "police/si-rao", recipient_key=enemy_key)
    stage.mail("customs", replace(parcel, statement=made))
    unchanged(stage)
    twin = says(
        "police/si-rao",
        Kind.REQUEST,
        stage,
        **_plain(parcel.statement) | {"recipient_key": enemy_key},
    )
    said = statement.parse(envelope.read(twin))
    stage.mail("customs", replace(parcel, statement=twin))
    _, genuine = mail_of(stage, Kind.APPROVAL, "waiting")
    stage.mail("customs", genuine)
    assert stage.release("customs", said.hash) == "waiting"
    nothing_released(stage)
    unchanged(stage, "customs")


def test_an_old_version_of_the_policy(stage: Stage) -> None:
    """What a custodian granted under yesterday's policy is not released under today's."""
    grid = stage.grid
    path = grid.agency("customs").folder / "policy.toml"
    kept = path.read_text()
    path.write_text(
        kept.replace('"note"', '"phone"').replace('"phone", "phone"', '"phone"')
    )
    made = grid.agency("customs").publish()
    path.write_text(kept)
    assert made[0] and envelope.read(made[0]).kind is Kind.POLICY
    state = stage.release("customs", stage.requests["sealed"].hash)
    assert state == "void"
    _, parcel = mail_of(stage, Kind.REQUEST, "held")
    stage.mail("customs", parcel)
    assert stage.release("customs", stage.requests["held"].hash) == "error:old-version"
    nothing_released(stage)


def test_a_request_for_the_handle_of_another_query(stage: Stage) -> None:
    """A handle is random per query and good for that query only."""
    journal = stage.grid.agency("customs").office.journal
    first, again = (
        journal.answers(stage.queries[name].hash, Kind.ANSWER)[0]
        for name in ("kabir", "again")
    )
    handle = again["candidates"][0]["handle"]
    asked = stage.queries["kabir"]
    made = _request(stage, "police/si-rao", asked, first, handle=handle)
    stage.mail("customs", letter(made, b"because"))
    mixed = _request(stage, "police/si-rao", asked, again, handle=handle)
    stage.mail("customs", letter(mixed, b"because"))
    unchanged(stage)


def test_a_silent_hit_is_asked_for_by_its_handle(stage: Stage) -> None:
    """Guessed or even known, the handle of a silent hit does not exist for anybody."""
    childcare = stage.grid.agency("childcare").office
    asked = stage.queries["kabir"]
    (hidden,) = [one for one in match.handles(childcare, asked.hash) if not one.shown][
        :1
    ]
    answered = childcare.journal.answers(asked.hash, Kind.ANSWER)[0]
    for handle in (hidden.handle, nonce()):
        made = _request(stage, "police/si-rao", asked, answered, handle=handle)
        stage.mail("childcare", letter(made, b"because"))
    assert answered["outcome"] == "none"
    unchanged(stage)


# Replay.


def test_everything_again_after_a_restart(stage: Stage) -> None:
    """All mail is delivered twice more, around a restart: no record is sealed again."""
    before = dict(stage.spent())
    for name in ("customs", "police", "prisons"):
        restart(stage.grid, name)
    for _ in range(2):
        for reader, parcel in stage.spy.delivered:
            stage.mail(reader, parcel)
    assert dict(stage.spent()) == before
    assert stage.release("customs", stage.requests["released"].hash) == "receipted"
    unchanged(stage)


def test_a_query_again_after_a_restart(stage: Stage) -> None:
    """The stored answer comes back byte for byte, and is not counted twice."""
    customs = stage.grid.agency("customs")
    asked = stage.queries["kabir"]
    first = match.stored(customs.office, asked.hash)
    restart(stage.grid, "customs")
    call = stage.spy.calls[asked.hash, "customs"]
    heard = match.hear(customs.office, **call)
    again = match.answer(customs.office, customs.holdings, heard)
    assert first is not None and again.data == first.data
    unchanged(stage)


def test_mail_to_another_agency(stage: Stage) -> None:
    """Whatever was meant for one agency is worth nothing at any other."""
    for reader, parcel in stage.spy.delivered:
        for other in {"police", "customs", "prisons", "childcare"} - {reader}:
            stage.mail(other, parcel)
    unchanged(stage)


def test_a_query_to_another_agency(stage: Stage) -> None:
    """A content is sealed to one node under one query; elsewhere it is not opened."""
    for (_, target), call in stage.spy.calls.items():
        for other in {"customs", "prisons", "childcare"} - {target}:
            stage.match(other, call)
    unchanged(stage)


def test_a_query_after_its_time(stage: Stage) -> None:
    """An approved query that was kept for later has run out by then."""
    stage.grid.now += 2 * DAY
    assert not stage.match("customs", call_of(stage, "unsent", "customs"))
    unchanged(stage)


def test_the_parts_of_two_queries(stage: Stage) -> None:
    """Another's content, case or approval does not make a query whole."""
    other = call_of(stage, "again", "customs")
    for part in ("content", "attestation", "approvals"):
        call = call_of(stage, "unsent", "customs")
        assert not stage.match("customs", {**call, part: other[part]})
    unchanged(stage)


# Between the seal and the hand-over.


def sealed(stage: Stage) -> Statement:
    """The request that is sealed and waits for witnesses."""
    assert stage.state_of(stage.requests["sealed"].hash) == "sealed"
    return stage.requests["sealed"]


def dropping(*withheld: str) -> Callable[[WitnessRequest, WitnessResponse], None]:
    """A relay that leaves some witnesses' replies out."""

    def twist(_: WitnessRequest, response: WitnessResponse) -> None:
        for name in withheld:
            response.replies.pop(name, None)

    return twist


def voided(stage: Stage, request: Statement) -> None:
    """Assert that a sealed record is void, wiped, and never left."""
    assert stage.state_of(request.hash) == "void"
    rows = stage.grid.agency("customs").office.journal.rows(
        "SELECT ciphertext FROM spent WHERE request = ?", (request.hash,)
    )
    assert rows == [(b"",)]
    nothing_released(stage)


def test_it_is_released_where_all_is_well(stage: Stage) -> None:
    """The positive control of what follows: this very record may be handed over."""
    assert stage.release("customs", sealed(stage).hash) == "released"


def test_a_custodian_is_revoked_between(stage: Stage) -> None:
    """Authority is judged at the hand-over: what was sealed is void."""
    request = sealed(stage)
    made = revocation(stage.grid, "customs", "customs", "cu-mehta")
    for name in WITNESSES:
        stage.hang(name, made)
    assert stage.release("customs", request.hash) == "void"
    voided(stage, request)


def test_a_refusal_between(stage: Stage) -> None:
    """The other custodian refuses what waits for its witnesses: it is void."""
    request = sealed(stage)
    stage.grid.decide("customs", "cu-dias", request.hash, reason="legal-bar")
    assert stage.release("customs", request.hash) == "void"
    voided(stage, request)


def test_it_runs_out_between(stage: Stage) -> None:
    """Witnesses come back after the request has expired: it is void."""
    request = stage.requests["lapsed"]
    assert stage.state_of(request.hash) == "sealed"
    assert stage.release("customs", request.hash) == "void"
    voided(stage, request)


def test_the_holder_is_kept_from_a_revocation(stage: Stage) -> None:
    """Two witnesses know of it, so one of any four says so: stale, and nothing goes."""
    request = sealed(stage)
    made = revocation(stage.grid, "founders", "police", "sp-nair")
    for name in AUDITORS:
        stage.hang(name, made)
    stage.before = Tally.of(stage)
    for withheld in ("", *WITNESSES):
        stage.spy.twist = dropping(withheld)
        assert stage.release("customs", request.hash).startswith("error:")
    unchanged(stage)


def test_only_the_asking_agency_knows_whom_it_revoked(stage: Stage) -> None:
    """The coordinator hangs up no revocation and withholds the one reply that tells.

    Four other witnesses are a quorum, and none of them knows. So the requester's own
    node must be among those the holder is level with.
    """
    request = sealed(stage)
    stage.hang("police", revocation(stage.grid, "police", "police", "sp-nair"))
    stage.before = Tally.of(stage)
    assert stage.release("customs", request.hash) == "error:stale"
    stage.spy.twist = dropping("police")
    assert stage.release("customs", request.hash) == "error:stale"
    unchanged(stage)


def test_a_staff_list_is_withheld(stage: Stage) -> None:
    """An officer was struck off the list; a holder that was not told releases nothing."""
    request = sealed(stage)
    office = stage.grid.agency("police").office
    left = [
        one for one in office.view.staff["police"]["officers"] if one["id"] != "sp-nair"
    ]
    made = says("police", Kind.STAFF, stage, version=2, officers=left)
    for name in ("police", "childcare"):
        stage.hang(name, made)
    stage.before = Tally.of(stage)
    assert stage.release("customs", request.hash) == "error:stale"
    unchanged(stage)


def test_the_clock_of_the_node_stands_still(stage: Stage) -> None:
    """A node whose time is frozen, or runs ahead, learns it from its witnesses."""
    request = sealed(stage)
    for skew in (-HOUR, -121, 121, 30 * HOUR):
        assert stage.release("customs", request.hash, skew).startswith("error:")
    lapsed = stage.requests["lapsed"].hash
    assert stage.release("customs", lapsed, -2 * HOUR).startswith("error:")
    unchanged(stage)


def test_an_accomplice_swears_that_all_is_as_it_was(stage: Stage) -> None:
    """One lying witness can't move the median, nor hide what two others know."""
    request = sealed(stage)
    enemy = Enemy(stage, random.Random("liar"), "prisons")
    made = revocation(stage.grid, "founders", "police", "sp-nair")
    for name in ("audit-north", "police"):
        stage.hang(name, made)
    stage.before = Tally.of(stage)
    for withheld in ("audit-north", "audit-south", "childcare", "police"):

        def twist(
            call: WitnessRequest, response: WitnessResponse, out: str = withheld
        ) -> None:
            lie(enemy, call, response.replies["prisons"])
            response.replies.pop(out, None)

        stage.spy.twist = twist
        assert stage.release("customs", request.hash) in (
            "error:stale",
            "error:no-quorum",
        )
    unchanged(stage)


# Witnesses.


def test_too_few_witnesses(stage: Stage) -> None:
    """No quorum, no record; and no switch that says otherwise."""
    request = sealed(stage)
    for withheld in (
        WITNESSES,
        ("prisons", "audit-north"),
        ("audit-north", "audit-south"),
    ):
        stage.spy.twist = dropping(*withheld)
        assert stage.release("customs", request.hash) == "error:no-quorum"
    unchanged(stage)


def test_one_witness_under_several_names(stage: Stage) -> None:
    """One reply that is handed over as everybody's counts for its own witness only."""
    request = sealed(stage)

    def twist(_: WitnessRequest, response: WitnessResponse) -> None:
        for name in sorted(response.replies):
            response.replies[name].CopyFrom(response.replies["police"])

    stage.spy.twist = twist
    assert stage.release("customs", request.hash) == "error:no-quorum"
    unchanged(stage)


def test_words_of_an_earlier_time(stage: Stage) -> None:
    """Replies under another nonce are no replies, however genuine."""
    request = sealed(stage)
    old = WitnessResponse()
    old.CopyFrom(stage.spy.replies[-1])

    def twist(_: WitnessRequest, response: WitnessResponse) -> None:
        for name in sorted(response.replies):
            fresh = response.replies[name]
            if name in old.replies and not fresh.refusal:
                fresh.freshness.CopyFrom(old.replies[name].freshness)

    stage.spy.twist = twist
    assert stage.release("customs", request.hash) == "error:no-quorum"
    unchanged(stage)


def test_the_coordinator_is_no_witness(stage: Stage) -> None:
    """Its own cosignature, and a stranger's, are not counted."""
    request = sealed(stage)

    def twist(_: WitnessRequest, response: WitnessResponse) -> None:
        for name in ("audit-north", "prisons"):
            response.replies[HUB].CopyFrom(response.replies[name])
            del response.replies[name]

    stage.spy.twist = twist
    assert stage.release("customs", request.hash) == "error:no-quorum"
    unchanged(stage)


def test_a_witness_is_said_to_have_seen_more(stage: Stage) -> None:
    """The coordinator may stop a release by that lie; it can't cause one."""
    request = sealed(stage)

    def twist(_: WitnessRequest, response: WitnessResponse) -> None:
        response.replies["police"].refusal = "split-view"

    stage.spy.twist = twist
    assert stage.release("customs", request.hash) == "error:log-behind"
    unchanged(stage)


# On the way back.


def test_an_answer_is_altered_on_the_way(stage: Stage) -> None:
    """The asker keeps what the target signed, as the answer to what was asked."""
    journal = stage.grid.agency("police").office.journal
    asked, other = stage.queries["kabir"], stage.queries["stranger"]
    said = journal.answers(asked.hash, Kind.ANSWER)
    for one in said:
        stage.tell(asked, resigned(one.data, one.issuer, outcome="none", candidates=[]))
        stage.tell(other, one.data)
        stage.tell(asked, resigned(one.data, HUB, issuer=HUB))
    theirs = _plain(said[0].data) | {"answers": asked.hash}
    stage.tell(asked, says("audit-north", Kind.ANSWER, stage, **theirs))
    assert journal.answers(asked.hash, Kind.ANSWER) == said
    unchanged(stage)


def test_a_disclosure_goes_to_another_requester(stage: Stage) -> None:
    """Nobody but the agency that asked takes it in, and none but it could open it."""
    _, parcel = mail_of(stage, Kind.DISCLOSURE, "withheld")
    for name in ("customs", "prisons", "childcare"):
        stage.mail(name, parcel)
    unchanged(stage)


def test_what_a_disclosure_comes_with_is_swapped(stage: Stage) -> None:
    """Another ciphertext, another proof, a spoiled one, or none: not opened, not kept."""
    _, parcel = mail_of(stage, Kind.DISCLOSURE, "withheld")
    _, other = mail_of(stage, Kind.DISCLOSURE, "released")
    assert parcel.proof is not None
    lines = parcel.proof.checkpoint.split(b"\n")
    few = replace(parcel.proof, checkpoint=b"\n".join([*lines[:8], b""]))
    twice = replace(
        parcel.proof, checkpoint=b"\n".join([*lines[:6], *lines[5:6] * 4, b""])
    )
    for made in (
        replace(parcel, content=other.content),
        replace(parcel, proof=other.proof),
        replace(parcel, proof=None),
        replace(parcel, proof=few),
        replace(parcel, proof=twice),
        replace(parcel, proof=replace(parcel.proof, salt=bytes(32))),
    ):
        stage.mail("police", made)
        unchanged(stage)
    stage.mail("police", parcel)
    request = stage.requests["withheld"].hash
    record = stage.grid.profile(stage.queries["kabir"])["sources"][1]["requests"]
    assert [one["state"] for one in record if one["request"] == request] == [
        "disclosed"
    ]


def test_a_disclosure_that_its_holder_never_made(stage: Stage) -> None:
    """A record of the coordinator's own making carries nobody's signature."""
    _, parcel = mail_of(stage, Kind.DISCLOSURE, "withheld")
    content = b"invented"
    for keyid in ("customs", HUB):
        made = resigned(parcel.statement, keyid, ciphertext=seal.digest(content))
        stage.mail("police", replace(parcel, statement=made, content=content))
    theirs = _plain(parcel.statement) | {"ciphertext": seal.digest(content)}
    made = says("prisons", Kind.DISCLOSURE, stage, **theirs)
    stage.mail("police", replace(parcel, statement=made, content=content))
    unchanged(stage)


def test_a_refusal_is_forged(stage: Stage) -> None:
    """Only those with a slot to fill may refuse, and the holder's own node."""
    request = stage.requests["waiting"]
    body = {"answers": request.hash, "subject": "request", "reason": "legal-bar"}
    for who in ("police/si-joshi", "police/si-rao", "police/cu-police", "police",
                "prisons/pr-singh", "prisons", "childcare/cc-das"):  # fmt: skip
        stage.mail("customs", letter(says(who, Kind.REFUSAL, stage, **body)))
        stage.mail("police", letter(says(who, Kind.REFUSAL, stage, **body)))
    made = says("customs/cu-mehta", Kind.REFUSAL, stage, **body | {"subject": "query"})
    stage.mail("police", letter(made))
    stage.mail("police", letter(resigned(made, "customs/cu-mehta", subject="request")))
    unchanged(stage)


def test_a_receipt_is_forged(stage: Stage) -> None:
    """A receipt is the requester's; another's, or one of another record, is none."""
    _, parcel = mail_of(stage, Kind.DISCLOSURE, "withheld")
    name = envelope.read(parcel.statement).hash
    body = {"answers": name, "disclosure": name, "opened": True,
            "ciphertext": body_of(parcel.statement)["ciphertext"]}  # fmt: skip
    for who in ("prisons", HUB, "customs"):
        stage.mail("customs", letter(says(who, Kind.RECEIPT, stage, **body)))
    wrong = says("police", Kind.RECEIPT, stage, **body | {"ciphertext": "00" * 32})
    stage.mail("customs", letter(wrong))
    unchanged(stage)


def test_a_receipt_does_not_bring_a_void_record_back(stage: Stage) -> None:
    """What was never handed over can't have been received."""
    request = stage.requests["lapsed"]
    assert stage.release("customs", request.hash) == "void"
    rows = stage.grid.agency("customs").office.journal.answers(
        request.hash, Kind.DISCLOSURE
    )
    body = {"answers": rows[0].hash, "disclosure": rows[0].hash, "opened": True}
    made = says("police", Kind.RECEIPT, stage, ciphertext=rows[0]["ciphertext"], **body)
    stage.mail("customs", letter(made))
    voided(stage, request)


def test_a_void_is_forged(stage: Stage) -> None:
    """A void is of a disclosure that never came, by a holder that was asked."""
    _, parcel = mail_of(stage, Kind.DISCLOSURE, "released")
    name = envelope.read(parcel.statement).hash
    for who, of in (("customs", name), ("childcare", "ab" * 32), (HUB, "ab" * 32)):
        made = says(who, Kind.VOID, stage, answers=of, disclosure=of, reason="expired")
        stage.mail("police", letter(made))
    odd = says("customs", Kind.VOID, stage, answers="cd" * 32, disclosure="ab" * 32,
               reason="expired")  # fmt: skip
    stage.mail("police", letter(odd))
    unchanged(stage)


def test_a_member_floods_with_voids(stage: Stage) -> None:
    """As many are kept as requests are open, and not one more."""
    for number in range(20):
        of = f"{number:064x}"
        made = says(
            "prisons", Kind.VOID, stage, answers=of, disclosure=of, reason="expired"
        )
        stage.mail("police", letter(made))
    voids = stage.grid.agency("police").office.journal.all(Kind.VOID)
    assert len(voids) == 1
    unchanged(stage, "police")


# Documents.


def test_documents_in_others_names(stage: Stage) -> None:
    """Staff, revocation, policy and sealing key are each member's own to sign."""
    now = stage.grid.now
    key = canonical.to_b64(seal.public_of(seed("enemy")))
    bodies: dict[Kind, dict[str, Any]] = {
        Kind.STAFF: {"version": 2, "officers": [_officer("x", "custodian")]},
        Kind.POLICY: {"version": 2, "rules": [], "query_slots": [], "break_glass": []},
        Kind.SEALING_KEY: {"key": key, "valid_from": now, "valid_until": now + DAY},
        Kind.REVOCATION: {
            "number": 1, "target": "officer", "member": "customs",
            "subject": "cu-mehta", "serial": "", "cause": "left",
        },
    }  # fmt: skip
    for kind, body in bodies.items():
        own = says("customs", kind, stage, **body)
        made = [resigned(own, "customs"), resigned(own, HUB)]
        if kind is Kind.REVOCATION:
            made += [says(who, kind, stage, **body) for who in ("prisons", HUB)]
        for data in made:
            assert not any([stage.hang(name, data) for name in WITNESSES])
    unchanged(stage)


def test_one_founder_is_not_two(stage: Stage) -> None:
    """A floor or directory that one founder signed, once or twice, is not believed."""
    founders = stage.grid.founders
    view = stage.grid.agency("customs").office.view
    floor = {k: v for k, v in view.rules().body.items() if k not in strikes.HEADER}
    low = floor | {"version": 2, "release_slots": floor["query_slots"]}
    directory = {
        k: v for k, v in view.directory.body.items() if k not in strikes.HEADER
    }
    later = directory | {"version": 2, "previous": view.directory.hash}
    for kind, body in ((Kind.FLOOR, low), (Kind.DIRECTORY, later)):
        payload = statement.draft(
            kind, issuer="founders", now=stage.grid.now, seconds=DAY, **body
        )
        one = founders.signers[0]
        own = SeedSigner("founder:f2", identity(HUB).key)
        for signers in ([one], [one, own], [one, identity(HUB).signer]):
            made = envelope.sign(kind, payload, signers)
            assert not any([stage.hang(name, made) for name in WITNESSES])
        with pytest.raises(Malformed):
            stage.grid.members["customs"].shelf.add(
                envelope.sign(kind, payload, [one, one])
            )
    unchanged(stage)


def test_documents_of_yesterday(stage: Stage) -> None:
    """Shown again, every document is known already; versions never go back."""
    for data in stage.grid.members["audit-north"].shelf.documents():
        assert not any([stage.hang(name, data) for name in WITNESSES])
    unchanged(stage)


# What an answer tells.


def _shape(said: Statement) -> bytes:
    free = ("id", "issuer", "issued", "expires", "answers", "as_of")
    return canonical.dumps({k: v for k, v in said.body.items() if k not in free})


def _tell(stage: Stage, suspect: dict[str, list[str]], holder: str) -> tuple[Any, ...]:
    """Ask `holder` about someone: the answer's form and size, and the rows it wrote."""
    grid, journal = stage.grid, stage.grid.agency(holder).office.journal

    def rows() -> list[int]:
        names = ("said", "handle", "log_leaf", "used", "outbox", "spent")
        return [journal.rows(f"SELECT count(*) FROM {one}")[0][0] for one in names]

    before = rows()
    payload = grid.draft(suspect, officer="si-rao", targets=[holder])
    asked = grid.sign("police", "si-rao", Kind.QUERY, payload)
    grid.decide("police", "sp-nair", asked.hash)
    grid.submit(asked)
    said = journal.answers(asked.hash, Kind.ANSWER)[0]
    grown = [new - old for new, old in zip(rows(), before, strict=True)]
    return _shape(said), len(said.data), grown


def test_a_silent_hit_looks_like_no_hit(stage: Stage) -> None:
    """A child, a victim, a silent hit and nobody: the same bytes, the same rows."""
    nobody = {"name": ["Quirin Xavier Albuquerque"], "phone": ["9111100009"]}
    told = [_tell(stage, one, "childcare") for one in (KABIR, MINOR, VICTIM, nobody)]
    hidden = stage.grid.look("childcare", "cc-das", "silent")["silent"]
    assert len(hidden) >= 2, "the positive control: custodians see the silent hits"
    assert all(one == told[0] for one in told)
    assert json.loads(told[0][0]) == {
        "candidates": [], "kind": "answer", "officer": "", "outcome": "none", "reason": "",
    }  # fmt: skip
    stage.before = Tally.of(stage)


def test_a_holder_without_a_policy_is_silent(stage: Stage) -> None:
    """A policy that ran out makes every category silent: hit and no hit look alike.

    An error for hits alone would tell them apart.
    """
    book = stage.grid.agency("customs").office.shelf.book
    stage.grid.now = book.latest(0).policy("customs").expires
    for name in ("customs", "police"):
        book = stage.grid.members[name].shelf.book
        for key in [k for k in book._versions if k[0] is Kind.POLICY]:
            book._versions[key] = []
    stage.grid.now = stage.mark.now
    told = [_tell(stage, one, "customs") for one in (KABIR, VICTIM)]
    assert told[0] == told[1]
    assert json.loads(told[0][0])["outcome"] == "none"
    stage.before = Tally.of(stage)


def test_a_hundred_guesses_of_a_phone(stage: Stage) -> None:
    """What a sweep is told, and what ends it.

    A rogue investigator, with a supervisor who signs everything, asks a hundred times
    for one known person with a hundred phone numbers. True is: the probability of the
    one right guess is higher, so a sweep does learn; every answer has the same closed
    form and no field's agreement; and the budget of the case, of the officer, ends it
    at the floor's fifty, each one logged at the holder in the officer's name.
    """
    grid, prisons = stage.grid, stage.grid.agency("prisons").office
    limit = prisons.view.rules()["officer_queries_day"]
    answers: dict[str, Statement] = {}
    for number in range(100):
        phone = KABIR["phone"][0] if number == 20 else f"98765{number:05d}"
        payload = grid.draft(KABIR | {"phone": [phone]}, targets=["prisons"])
        asked = grid.sign("police", "si-rao", Kind.QUERY, payload)
        grid.decide("police", "sp-nair", asked.hash)
        stage.match("prisons", grid.call(asked, "prisons"))
        said = match.stored(prisons, asked.hash)
        if said is not None:
            answers[phone] = said
    used = dict(
        prisons.journal.rows("SELECT scope, max(queries) FROM used GROUP BY scope")
    )
    assert used["case"] == limit and used["officer"] <= limit
    assert len(answers) < limit
    keys = {
        "handle",
        "probability",
        "band",
        "others",
        "calibrated",
        "category",
        "as_of",
    }
    shown = {phone: one["candidates"] for phone, one in answers.items()}
    assert all(set(one) == keys for them in shown.values() for one in them)
    best = {
        p: (them[0]["probability"], them[0]["band"])
        for p, them in shown.items()
        if them
    }
    wrong = sorted(
        {value for phone, value in best.items() if phone != KABIR["phone"][0]}
    )
    right = best[KABIR["phone"][0]]
    print(f"sweep: {len(answers)} of 100 answered; right {right}, wrong {wrong}")
    assert right >= max(wrong)
    assert len({len(one.data) for one in answers.values()}) <= 2 * len(wrong) + 1
    logged = prisons.journal.rows(
        "SELECT count(*) FROM said WHERE officer = 'si-rao' AND kind = 'query'"
    )
    assert logged[0][0] >= len(answers)
    nothing_released(stage)
    stage.before = Tally.of(stage)


# Mail that stops the mail.


def test_a_misspelled_proof_does_not_stop_the_mail(stage: Stage) -> None:
    """A parcel with a proof that is none is read as one without; the next one follows."""
    _, parcel = mail_of(stage, Kind.DISCLOSURE, "withheld")
    proofs = [
        values_pb2.Proof(leaf="é", salt="00", hashes=[]),
        values_pb2.Proof(leaf="x", salt="zz", hashes=[]),
        values_pb2.Proof(leaf="x", salt="00", hashes=["?"]),
    ]
    said = values_pb2.Envelope(payload=parcel.statement)
    items = [
        pb.Item(cursor=n, statement=said, proof=one) for n, one in enumerate(proofs)
    ]
    items.append(pb.Item(cursor=9, statement=said))

    class Exchange:
        def Receive(self, *_: object, **__: object) -> pb.ReceiveResponse:  # noqa: N802
            return pb.ReceiveResponse(items=items, cursor=9)

    courier = Courier(stage.grid.agency("police").office, None, "", HUB)  # type: ignore[arg-type]
    courier._exchange = Exchange  # type: ignore[method-assign]
    got = list(courier.receive(0))
    assert [one.cursor for one in got] == [0, 1, 2, 9]
    assert all(one.proof is None for one in got)
    for one in got:
        stage.mail("police", one)
    unchanged(stage)


def test_a_parcel_that_nobody_can_judge_is_dropped(stage: Stage) -> None:
    """A key that the newest documents don't know is asked about once, then dropped."""
    made = approval("customs/nobody", stage.requests["waiting"], stage, "custodian")
    police = stage.grid.agency("police").office
    with pytest.raises(Untrusted):
        mailroom.open_parcel(police, letter(made))
    assert mailroom.open_parcel(police, letter(made), last=True) == ""
    unchanged(stage)


# Many.


def test_two_thousand_attacks(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """No attack releases what was not approved, or leaves anything where it failed."""
    score = play_cases(stage, CASES, "make test")
    with capsys.disabled():
        print(f"\nhostile coordinator: {json.dumps(score.table())}")
    assert score.cases == CASES
    assert 0 < score.releases <= score.approved
    unchanged(stage)


def _nothing(*_: object, **__: object) -> None:
    """A check that checks nothing."""


SABOTAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "approvals are not counted": (("childgrid_wire.rules.fill",), "query_spliced"),
    "signatures are not checked": (("childgrid_wire.keys.verify",), "parcel_fields"),
    "speakers are not checked": (
        ("childgrid_wire.statement._check_speaker",), "document_forged",
    ),
    "times are not checked": (("childgrid_wire.rules.check_time",), "query_at_another_time"),
    "queries are not judged": (("childgrid_node.match._check",), "query_approved_by_the_enemy"),
    "approvals are kept unread": (
        ("childgrid_wire.rules.check_approval",), "decision_forged",
    ),
    "a quorum is not needed": (
        ("childgrid_node.disclose.check_fresh", "childgrid_node.disclose._check_requester"),
        "revocation_withheld",
    ),
    "the requester need not be level": (
        ("childgrid_node.disclose._check_requester",), "staff_withheld",
    ),
    "the clock is believed": (("childgrid_node.disclose.check_fresh",), "release_pressed"),
    "disclosures are not judged": (("childgrid_node.receive._check",), "parcel_spliced"),
    "proofs are not judged": (("childgrid_node.receive.check_proof",), "parcel_bytes"),
    "anybody may be heard": (
        ("childgrid_node.mailroom._check_may_refuse",), "decision_forged",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SABOTAGE)
def test_a_node_that_lacks_a_check_is_caught(
    ruined: Stage, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each check taken out, the oracle soon sees what must never happen."""
    checks, strike = SABOTAGE[what]
    for check in checks:
        monkeypatch.setattr(check, _nothing)
    with pytest.raises(Broken):
        strike_until_broken(ruined, getattr(strikes, strike), 400, what)


def test_a_release_without_judgement_is_caught(
    ruined: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that does not judge again after its witnesses hands over what is void."""
    monkeypatch.setattr("childgrid_node.disclose._still_stands", lambda *_: True)
    with pytest.raises(Broken):
        strike_until_broken(ruined, strikes.release_pressed, 400, "still stands")


# Honest and hostile, interleaved.

_KEPT = (
    strikes.parcel_fields, strikes.parcel_spliced, strikes.decision_forged,
    strikes.query_spliced, strikes.query_fields, strikes.query_approved_by_the_enemy,
    strikes.parcel_bytes,
)  # fmt: skip
"""Strikes that move neither clocks nor documents, whose leavings may stay."""


class Interleaved(RuleBasedStateMachine):
    """Officers work while the enemy strikes; what it lawfully leaves behind stays."""

    stage: Stage
    base: Any

    def __init__(self) -> None:
        super().__init__()
        self.stage.rewind(self.base)
        self.number = 0

    def _name(self) -> str:
        self.number += 1
        return f"story {self.number}"

    @rule(officer=st.sampled_from(["si-rao", "si-joshi"]))
    def ask(self, officer: str) -> None:
        """An honest query is asked, approved and answered."""
        self.stage.queries["kabir"] = self.stage.grid.ask(KABIR, officer=officer)
        self.stage.freeze("now")

    @rule(
        holder=st.sampled_from(["customs", "prisons"]), hours=st.sampled_from([1, 48])
    )
    def request(self, holder: str, hours: int) -> None:
        """An honest request goes out with its supervisor's approval."""
        grid, asked = self.stage.grid, self.stage.queries["kabir"]
        try:
            made = grid.request(
                asked, holder, FIELDS, officer=asked.officer, hours=hours
            )
        except Refused:
            return
        self.stage.requests[self._name()] = made
        grid.carry()
        self.stage.freeze("now")

    @rule(data=st.data(), narrow=st.booleans(), refuse=st.booleans())
    def decide(self, data: st.DataObject, narrow: bool, refuse: bool) -> None:
        """A custodian decides on one of the requests, once."""
        stage = self.stage
        name = data.draw(st.sampled_from(sorted(stage.requests)))
        request = stage.requests[name]
        officer = "cu-dias" if request["holder"] == "customs" else "pr-singh"
        more: dict[str, Any] = {"reason": "legal-bar"} if refuse else {}
        more |= {"fields": ["name"]} if narrow and not refuse else {}
        try:
            stage.grid.decide(request["holder"], officer, request.hash, **more)
        except Refused:
            return
        stage.freeze("now")

    @rule(cut=st.booleans())
    def release(self, cut: bool) -> None:
        """Holders release what they may, with witnesses or without."""
        stage, before = self.stage, Tally.of(self.stage)
        stage.teach()
        stage.spy.cut = cut
        for name in sorted(stage.requests):
            request = stage.requests[name]
            stage.release(request["holder"], request.hash)
        released = stage.judge(before)
        assert not (cut and released)
        stage.spy.cut = False
        stage.freeze("now")

    @rule()
    def post(self) -> None:
        """Whatever waits is carried."""
        self.stage.grid.carry()
        self.stage.freeze("now")

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        """Time passes."""
        self.stage.grid.now += hours * HOUR
        self.stage.freeze("now")

    @rule(strike=st.sampled_from(strikes.STRIKES), number=st.integers(0, 10**9))
    def strike(self, strike: Callable[[Enemy], str], number: int) -> None:
        """The enemy strikes, and everything is as it was."""
        one_case(self.stage, str(number), strike, Score())

    @rule(strike=st.sampled_from(_KEPT), number=st.integers(0, 10**9))
    def strike_for_good(self, strike: Callable[[Enemy], str], number: int) -> None:
        """The enemy strikes, and what the oracle agrees with stays."""
        one_case(self.stage, str(number), strike, Score(), keep="now")

    @invariant()
    def released_only_what_was_approved(self) -> None:
        """Every record that ever left has its approvals among what officers signed."""
        for request, (state, _) in self.stage.spent():
            if state in ("released", "receipted"):
                self.stage.oracle.revoked.clear()
                at = self.stage.oracle.facts[request]["expires"] - 1
                assert self.stage.oracle.grant(request, at, heeded=False)


def test_honest_and_hostile_steps_interleave(stage: Stage) -> None:
    """Whatever officers do between two strikes, no strike ever gains anything."""
    machine = type("Machine", (Interleaved,), {"stage": stage, "base": stage.mark})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=16,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    stage.rewind(machine.base)
    stage.before = Tally.of(stage)
