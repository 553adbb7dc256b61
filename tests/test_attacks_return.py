"""Attacks on what comes back: answers, disclosures, refusals, receipts, and the mail.

Every story is told on one recorded grid (`hostile.play`) through the nodes' own doors,
and ends by asserting that nothing changed, or that what changed gave nothing away.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from childgrid_node import mailroom
from childgrid_node.courier import Courier
from childgrid_wire import envelope, seal
from childgrid_wire.errors import Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import coordinator_pb2 as pb
from childgrid_wire.pb import values_pb2
from grid import (
    HUB,
)
from hostile_enemy import body_of
from hostile_stage import Stage
from hostile_words import (
    approval,
    letter,
    mail_of,
    plain,
    resigned,
    says,
    unchanged,
    voided,
)

pytest_plugins = ("hostile_fixtures",)


def test_an_answer_is_altered_on_the_way(stage: Stage) -> None:
    """The asker keeps what the target signed, as the answer to what was asked."""
    journal = stage.grid.agency("police").office.journal
    asked = stage.queries["kabir"]
    said = journal.answers(asked.hash, Kind.ANSWER)
    for one in said:
        stage.tell(resigned(one.data, one.issuer, outcome="none", candidates=[]))
        stage.tell(one.data)
        stage.tell(resigned(one.data, HUB, issuer=HUB))
    theirs = plain(said[0].data) | {"answers": asked.hash}
    stage.tell(says("audit-north", Kind.ANSWER, stage, **theirs))
    assert journal.answers(asked.hash, Kind.ANSWER) == said
    unchanged(stage)


@pytest.mark.threat("T4")
def test_a_disclosure_goes_to_another_requester(stage: Stage) -> None:
    """Nobody but the agency that asked takes it in, and none but it could open it."""
    _, parcel = mail_of(stage, Kind.DISCLOSURE, "withheld")
    for name in ("customs", "prisons", "childcare"):
        stage.mail(name, parcel)
    unchanged(stage)


def test_what_a_disclosure_comes_with_is_swapped(stage: Stage) -> None:
    """Another ciphertext, another proof, a spoiled one, none: not opened, not kept."""
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


@pytest.mark.threat("T1")
def test_a_disclosure_that_its_holder_never_made(stage: Stage) -> None:
    """A record of the coordinator's own making carries nobody's signature."""
    _, parcel = mail_of(stage, Kind.DISCLOSURE, "withheld")
    content = b"invented"
    for keyid in ("customs", HUB):
        made = resigned(parcel.statement, keyid, ciphertext=seal.digest(content))
        stage.mail("police", replace(parcel, statement=made, content=content))
    theirs = plain(parcel.statement) | {"ciphertext": seal.digest(content)}
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


@pytest.mark.threat("T1")
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
    """A void is of a record that never came, by the holder that was asked for it."""
    _, parcel = mail_of(stage, Kind.DISCLOSURE, "released")
    name = envelope.read(parcel.statement).hash
    released, waiting = stage.requests["released"], stage.requests["waiting"]
    for who, of, what in (
        ("customs", released.hash, name),
        ("customs", released.hash, "ab" * 32),
        ("customs", waiting.hash, name),
        ("prisons", waiting.hash, "ab" * 32),
        ("childcare", "ab" * 32, "ab" * 32),
        ("customs", "cd" * 32, "ab" * 32),
        (HUB, waiting.hash, "ab" * 32),
    ):
        made = says(
            who, Kind.VOID, stage, answers=of, disclosure=what, reason="expired"
        )
        stage.mail("police", letter(made))
    assert stage.grid.agency("police").office.journal.all(Kind.VOID) == []
    unchanged(stage)


@pytest.mark.threat("T4")
def test_a_member_floods_with_voids(stage: Stage) -> None:
    """One is kept for a request, whatever else the holder says of it."""
    request = stage.requests["waiting"]
    for number in range(20):
        made = says(
            "customs", Kind.VOID, stage, answers=request.hash,
            disclosure=f"{number:064x}", reason="expired",
        )  # fmt: skip
        stage.mail("police", letter(made))
    voids = stage.grid.agency("police").office.journal.all(Kind.VOID)
    assert len(voids) == 1
    unchanged(stage, "police")


def test_a_misspelled_proof_does_not_stop_the_mail(stage: Stage) -> None:
    """What is no proof is read as none, and what comes after it is read too."""
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


@pytest.mark.threat("T14")
def test_a_parcel_that_nobody_can_judge_is_dropped(stage: Stage) -> None:
    """A key that the newest documents don't know is asked about once, then dropped."""
    made = approval("customs/nobody", stage.requests["waiting"], stage, "custodian")
    police = stage.grid.agency("police").office
    with pytest.raises(Untrusted):
        mailroom.open_parcel(police, letter(made))
    assert mailroom.open_parcel(police, letter(made), last=True) == ""
    unchanged(stage)
