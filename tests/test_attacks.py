"""Attacks on approvals: who may approve, what is approved, and what is said again.

Every story is told on one recorded grid (`hostile.play`) through the nodes' own doors,
and ends by asserting that nothing changed, or that what changed gave nothing away.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

import hostile_strikes as strikes
from childgrid_node import match, query
from childgrid_wire import canonical, envelope, seal, statement
from childgrid_wire.kinds import Kind
from grid import (
    DAY,
    KABIR,
    SECTIONS,
    nonce,
    seed,
)
from hostile import FIELDS
from hostile_enemy import Enemy, body_of
from hostile_spy import restart
from hostile_stage import Stage, Tally, tables
from hostile_words import (
    approval,
    call_of,
    letter,
    mail_of,
    nothing_released,
    officer,
    plain,
    request_of,
    resigned,
    says,
    unchanged,
)

pytest_plugins = ("hostile_fixtures",)


@pytest.mark.threat("T1")
def test_the_coordinator_enrols_officers_of_its_own(stage: Stage) -> None:
    """Its own staff list is believed as its own, and gives nobody a say elsewhere."""
    enemy = Enemy(stage, random.Random("enrols"))
    assert strikes.enrols_itself(enemy) == "books"
    assert tables(stage.grid) == stage.before.tables
    nothing_released(stage)


@pytest.mark.threat("T5")
def test_an_asker_approves_the_own_query(stage: Stage) -> None:
    """An investigator who also approves is refused: nobody approves what they asked."""
    asked = stage.queries["unapproved"]
    call = call_of(stage, "unapproved", "customs")
    call["approvals"] = [approval("police/si-rao", asked, stage)]
    assert not stage.match("customs", call)
    unchanged(stage)


@pytest.mark.threat("T5")
def test_an_asker_approves_the_own_request(stage: Stage) -> None:
    """The request's own officer can't stand in for the supervisor or the custodian."""
    request = stage.requests["waiting"]
    for slot in ("supervisor", "custodian"):
        made = approval("police/si-rao", request, stage, slot)
        stage.mail("customs", letter(made))
        assert stage.release("customs", request.hash) == "waiting"
    unchanged(stage)


@pytest.mark.threat("T5")
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


@pytest.mark.threat("T5")
def test_an_investigator_stands_in_for_the_supervisor(stage: Stage) -> None:
    """A colleague of the same role has no slot to fill, and can't spoil one either."""
    request = stage.requests["waiting"]
    stage.mail("customs", letter(approval("police/si-joshi", request, stage)))
    stage.mail(
        "customs", letter(approval("police/si-joshi", request, stage, fields=[]))
    )
    unchanged(stage)


@pytest.mark.threat("T6")
def test_one_person_counts_once(stage: Stage) -> None:
    """A second decision of the same supervisor is no second person."""
    asked = stage.queries["unsent"]
    call = call_of(stage, "unsent", "customs")
    call["approvals"].append(approval("police/sp-nair", asked, stage))
    assert not stage.match("customs", call)
    request = stage.requests["waiting"]
    stage.mail("customs", letter(approval("police/sp-nair", request, stage)))
    unchanged(stage)


@pytest.mark.threat("T6")
def test_two_names_for_one_key(stage: Stage) -> None:
    """A staff list that gives one key two officers is not believed at all."""
    body = stage.grid.agency("police").office.view.staff["police"].body
    first = body["officers"][0]
    twins = [first, {**first, "id": "twin", "role": "supervising-officer"}]
    made = says("police", Kind.STAFF, stage, version=2, officers=twins)
    assert not stage.publish(made)
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


@pytest.mark.threat("T6")
def test_an_agency_that_colludes_may_ask_but_gets_nothing(stage: Stage) -> None:
    """With all keys of a member the enemy asks in its name: answered, logged, counted.

    A record still needs the holder's own custodian.
    """
    grid = stage.grid
    officers = [
        officer("asks", "investigator"),
        officer("agrees", "supervising-officer"),
    ]
    staff = says("prisons", Kind.STAFF, stage, version=2, officers=officers)
    stage.publish(staff)
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
        targets={
            "customs": {"ciphertext": seal.digest(sealed), "sealing_key": key.hash}
        },
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
    request = request_of(stage, "prisons/asks", said, answered)
    stage.mail("customs", letter(request, b"because"))
    parsed = statement.parse(envelope.read(request))
    for who, slot in (("agrees", "supervisor"), ("pr-singh", "custodian")):
        stage.mail("customs", letter(approval(f"prisons/{who}", parsed, stage, slot)))
    assert stage.release("customs", parsed.hash) == "waiting"
    nothing_released(stage)
    stage.before = Tally.of(stage)


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
            **plain(approval("police/sp-khan", request, stage)),
        )
        stage.mail("customs", letter(made))
    unchanged(stage)


@pytest.mark.threat("T1")
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


@pytest.mark.threat("T1")
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
        **plain(parcel.statement) | {"recipient_key": enemy_key},
    )
    said = statement.parse(envelope.read(twin))
    stage.mail("customs", replace(parcel, statement=twin))
    _, genuine = mail_of(stage, Kind.APPROVAL, "waiting")
    stage.mail("customs", genuine)
    assert stage.release("customs", said.hash) == "waiting"
    nothing_released(stage)
    unchanged(stage, "customs")


@pytest.mark.threat("T1")
def test_an_old_version_of_the_policy(stage: Stage) -> None:
    """What was granted under yesterday's policy is not released under today's."""
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
    made = request_of(stage, "police/si-rao", asked, first, handle=handle)
    stage.mail("customs", letter(made, b"because"))
    mixed = request_of(stage, "police/si-rao", asked, again, handle=handle)
    stage.mail("customs", letter(mixed, b"because"))
    unchanged(stage)


@pytest.mark.threat("T21")
def test_a_silent_hit_is_asked_for_by_its_handle(stage: Stage) -> None:
    """Guessed or even known, the handle of a silent hit does not exist for anybody."""
    childcare = stage.grid.agency("childcare").office
    asked = stage.queries["kabir"]
    (hidden,) = [one for one in match.handles(childcare, asked.hash) if not one.shown][
        :1
    ]
    answered = childcare.journal.answers(asked.hash, Kind.ANSWER)[0]
    for handle in (hidden.handle, nonce()):
        made = request_of(stage, "police/si-rao", asked, answered, handle=handle)
        stage.mail("childcare", letter(made, b"because"))
    assert answered["outcome"] == "none"
    unchanged(stage)


@pytest.mark.threat("T9")
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


@pytest.mark.threat("T9")
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


@pytest.mark.threat("T4")
def test_mail_to_another_agency(stage: Stage) -> None:
    """Whatever was meant for one agency is worth nothing at any other."""
    for reader, parcel in stage.spy.delivered:
        for other in {"police", "customs", "prisons", "childcare"} - {reader}:
            stage.mail(other, parcel)
    unchanged(stage)


@pytest.mark.threat("T9")
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


@pytest.mark.threat("T1")
def test_the_parts_of_two_queries(stage: Stage) -> None:
    """Another's content, case or approval does not make a query whole."""
    other = call_of(stage, "again", "customs")
    for part in ("content", "attestation", "approvals"):
        call = call_of(stage, "unsent", "customs")
        assert not stage.match("customs", {**call, part: other[part]})
    unchanged(stage)
