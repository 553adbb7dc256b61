"""Attacks on documents, and what an answer tells to whoever asks often enough.

Every story is told on one recorded grid (`hostile.play`) through the nodes' own doors,
and ends by asserting that nothing changed, or that what changed gave nothing away.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import hostile_strikes as strikes
from childgrid_node import match, sweep
from childgrid_wire import canonical, envelope, seal, statement
from childgrid_wire.errors import Malformed
from childgrid_wire.keys import SeedSigner
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import (
    DAY,
    HUB,
    KABIR,
    MINOR,
    VICTIM,
    identity,
    seed,
)
from hostile_stage import Stage, Tally
from hostile_words import (
    nothing_released,
    officer,
    resigned,
    says,
    unchanged,
)

pytest_plugins = ("hostile_fixtures",)


@pytest.mark.threat("T1")
def test_documents_in_others_names(stage: Stage) -> None:
    """Staff, revocation, policy and sealing key are each member's own to sign."""
    now = stage.grid.now
    key = canonical.to_b64(seal.public_of(seed("enemy")))
    bodies: dict[Kind, dict[str, Any]] = {
        Kind.STAFF: {"version": 2, "officers": [officer("x", "custodian")]},
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
            assert not stage.publish(data)
    unchanged(stage)


@pytest.mark.threat("T22")
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
            assert not stage.publish(made)
        with pytest.raises(Malformed):
            stage.grid.members["customs"].shelf.add(
                envelope.sign(kind, payload, [one, one])
            )
    unchanged(stage)


@pytest.mark.threat("T22")
def test_documents_of_yesterday(stage: Stage) -> None:
    """Shown again, every document is known already; versions never go back."""
    for data in stage.grid.members["audit-north"].shelf.documents():
        assert not stage.publish(data)
    unchanged(stage)


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


@pytest.mark.threat("T21")
def test_a_silent_hit_looks_like_no_hit(stage: Stage) -> None:
    """A child, a victim, a silent hit and nobody: the same bytes, the same rows."""
    nobody = {"name": ["Quirin Xavier Albuquerque"], "phone": ["9111100009"]}
    told = [_tell(stage, one, "childcare") for one in (KABIR, MINOR, VICTIM, nobody)]
    hidden = stage.grid.look("childcare", "cc-das", "silent")["silent"]
    assert len(hidden) >= 2, "the positive control: custodians see the silent hits"
    assert all(one == told[0] for one in told)
    assert json.loads(told[0][0]) == {
        "candidates": [], "kind": "answer", "officer": "", "outcome": "none",
        "reason": "",
    }  # fmt: skip
    stage.before = Tally.of(stage)


@pytest.mark.threat("T21")
def test_a_holder_without_a_policy_is_silent(stage: Stage) -> None:
    """A policy that ran out makes every category silent: hit and no hit look alike.

    An error for hits alone would tell them apart.
    """
    book = stage.grid.agency("customs").office.shelf.book
    book._versions[Kind.POLICY, "customs"], book._kept = [], None
    told = [_tell(stage, one, "customs") for one in (KABIR, VICTIM)]
    assert told[0] == told[1]
    assert json.loads(told[0][0])["outcome"] == "none"
    stage.before = Tally.of(stage)


def _guess(
    stage: Stage, known: dict[str, list[str]], phone: str, at: str
) -> Statement | None:
    """Ask `at` for a person with a guessed phone; the answer, if there was one."""
    grid, holder = stage.grid, stage.grid.agency(at).office
    payload = grid.draft(known | {"phone": [phone]}, targets=[at])
    asked = grid.sign("police", "si-rao", Kind.QUERY, payload)
    grid.decide("police", "sp-nair", asked.hash)
    stage.match(at, grid.call(asked, at))
    return match.stored(holder, asked.hash)


def _told(said: Statement) -> tuple[Any, ...]:
    return tuple((one["probability"], one["band"]) for one in said["candidates"])


@pytest.mark.threat("T13")
def test_a_hundred_guesses_of_a_phone(stage: Stage) -> None:
    """What a sweep is told, and what ends it.

    A rogue investigator, with a supervisor who signs everything, asks a hundred times
    for one known name with a hundred phone numbers. The holder knows variants of one
    person when it sees them: it answers the first five that day and no more, each
    logged in the officer's name. Every answer has the same closed form, without any
    field's agreement or an exact number; the wrong guesses are all told the same.
    Where the person is described well, the right one is told the same as well.
    """
    phones = [f"98765{number:05d}" for number in range(100)]
    phones[20] = KABIR["phone"][0]
    name = {"name": ["Kabir Vankhede"]}
    said = {one: _guess(stage, name, one, "prisons") for one in phones}
    answers = {one: found for one, found in said.items() if found is not None}
    assert answers and len(answers) <= sweep.VARIANTS
    assert phones[20] not in answers, "the right one is never reached"
    closed = {
        "handle",
        "probability",
        "band",
        "others",
        "calibrated",
        "category",
        "as_of",
    }
    shown = [one for found in answers.values() for one in found["candidates"]]
    assert all(one.keys() == closed for one in shown)
    assert len({_told(found) for found in answers.values()}) == 1
    right = phones[20]
    known = {key: value for key, value in KABIR.items() if key != "phone"}
    both = [_guess(stage, known, one, "customs") for one in (right, phones[0])]
    assert len({_told(one) for one in both if one is not None}) == 1
    nothing_released(stage)
    stage.before = Tally.of(stage)
