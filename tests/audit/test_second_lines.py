"""What the second verifier asks of a checkpoint, an entry and a release."""

from __future__ import annotations

import hashlib

import pytest

from audit import tamper
from audit.cast import CHILD, FOUNDERS, HOUR, HUB, POLICE, PRISON, identity, person
from audit.late import settled, whats
from audit.ledger import World
from audit.parties import signed
from audit.second import found
from audit.tamper import Ground, rewrite
from audit.wrongs import begin, fewer_approvals
from childgrid_audit import bundle
from childgrid_audit.bundle import Line
from childgrid_log import names
from childgrid_log.entry import Draft, parse_entry
from childgrid_log.keys import COSIGNATURE, Signer
from childgrid_log.merkle import leaf_hash
from childgrid_log.note import Note, cosign
from childgrid_wire import canonical, envelope
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement

NO_QUORUM = f"logs/{POLICE}/: {POLICE}: log: was not signed by log and quorum"


def cosigned(ground: Ground, *witnesses: str) -> list[str]:
    """What is found where these cosigned the police's newest checkpoint, all truly."""
    path = bundle.checkpoint(POLICE)
    note = Note.parse(ground.files[path])
    own = [one for one in note.signatures if one.name == names.origin(POLICE)]
    lines = [
        cosign(
            note.text,
            Signer(names.witness(one), COSIGNATURE, identity(one).witness_key),
            ground.now,
        )
        for one in witnesses
    ]
    data = Note(note.text, (*own, *lines)).encode()
    files = signed({**ground.files, path: data}, ground.now)
    first = ground.verifier.verify(files).findings
    second = found(files, ground.root)
    assert bool(first) == bool(second)
    return second


@pytest.mark.threat("T10")
def test_nobody_is_a_witness_but_whom_the_directory_names(ground: Ground) -> None:
    """A coordinator's line beside a quorum spoils it; the owner's makes none full."""
    quorum = ["audit-north", "audit-south", CHILD]
    assert cosigned(ground, *quorum) == []
    assert NO_QUORUM in cosigned(ground, *quorum[:2])
    assert NO_QUORUM in cosigned(ground, *quorum, HUB)
    assert NO_QUORUM in cosigned(ground, *quorum[:2], POLICE)


@pytest.mark.threat("T10")
@pytest.mark.parametrize(
    ("quorum", "faults", "sound"),
    [(3, 0, True), (3, 1, True), (3, 2, False), (2, 0, False), (4, 0, True),
     (4, 1, False)],
)  # fmt: skip
def test_a_quorum_is_one_only_by_sound_numbers(
    ground: Ground, quorum: int, faults: int, sound: bool
) -> None:
    """Two of them share an honest one, and the honest alone can make one."""
    path = bundle.document(1)
    body = canonical.loads(envelope.read(ground.files[path]).payload)
    body["witnesses"] |= {"quorum": quorum, "faults": faults}
    data = envelope.sign(Kind.DIRECTORY, canonical.dumps(body), FOUNDERS)
    every = "audit-north", "audit-south", CHILD, PRISON

    other = Ground(
        ground.root,
        ground.now,
        {**ground.files, path: data},
        ground.verifier,
        ground.verdict,
    )

    assert (NO_QUORUM in cosigned(other, *every)) != sound


def test_a_salt_is_long_enough_to_hide_what_it_salts(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commitment opens by half of one, and all witnesses signed it so."""

    def halved(index: int, leaf: bytes, salt: bytes, said: bytes) -> Line:
        salt = salt[:16]
        told = hashlib.sha256(salt + said).hexdigest()
        leaf = canonical.dumps({**canonical.loads(leaf), "commitment": told})
        return Line(index, leaf, parse_entry(leaf), salt, said, leaf_hash(leaf))

    monkeypatch.setattr(tamper, "make_line", halved)
    files = rewrite(ground, POLICE, lambda _: None, colluding=True)

    assert ground.verifier.verify(files).findings
    said = found(files, ground.root)
    assert any(one.endswith("event 0: does not open its commitment") for one in said)


def test_a_leaf_is_of_its_statement_s_kind(ground: Ground) -> None:
    """What is gone is counted by its leaf: nobody may have called it something else."""

    def renamed(drafts: list[Draft]) -> None:
        old = drafts[0]
        drafts[0] = Draft("view", old.time, old.envelope)

    files = rewrite(ground, POLICE, renamed, colluding=True)

    assert ground.verifier.verify(files).findings
    (one,) = [one for one in found(files, ground.root) if "event 0" in one]
    assert one.startswith(f"{bundle.entries(POLICE, 0)}: {POLICE}: ")


def released(world: World, name: str) -> tuple[Statement, list[str]]:
    """A record given and received for a request; what the second says of it."""
    given = world.release(name)
    world.end(name, Kind.RECEIPT)
    first, second = settled(world)
    assert first.findings
    return given, [one for one in second if given.hash in one]


@pytest.mark.threat("T4")
def test_a_record_is_given_to_who_searched(world: World) -> None:
    """The police ask for what prisons had searched."""
    world.ask("q", child="hit")
    asked = world.named["q query"]
    own = ("kind", "id", "issuer", "officer", "issued", "expires")
    body = {name: one for name, one in asked.body.items() if name not in own}
    logs = (PRISON, HUB, CHILD, POLICE)
    query = world.say("s query", PRISON, Kind.QUERY, *logs, officer="cu-singh", **body)
    world._answer("s child answer", query, CHILD, "hit")
    world.request("r", "s", "child")

    _, second = released(world, "r")

    assert [one.rpartition(": ")[2] for one in second] == ["was unasked"]


@pytest.mark.threat("T4")
def test_a_record_is_given_for_what_its_own_search_found(world: World) -> None:
    """The holder had offered it for another one."""
    begin(world)
    world.ask("p", child="hit")
    world.named["q child answer"] = world.named["p child answer"]
    world.request("other", "q", "child")

    _, second = released(world, "other")

    assert [one.rpartition(": ")[2] for one in second] == [
        "is not what the holder had offered"
    ]


@pytest.mark.threat("T14")
@pytest.mark.parametrize("kind", [Kind.VIEW, Kind.DISCLOSURE])
def test_a_statement_of_another_form_hides_no_release(world: World, kind: Kind) -> None:
    """An officer or an agency logs what no schema allows; the rest is judged too."""
    fewer_approvals(world)
    before = settled(world)[1]
    officer, signer = "si-rao", person(POLICE, "si-rao")
    if kind is Kind.DISCLOSURE:
        officer, signer = "", identity(POLICE).signer  # type: ignore[assignment]
    body = {
        "kind": kind.value, "id": "0" * 32, "issuer": POLICE, "officer": officer,
        "issued": world.now, "expires": world.now + 60, "answers": "",
        "disclosure": ["x"], "requester": ["x"],
    }  # fmt: skip
    data = envelope.sign(kind, canonical.dumps(body), [signer])
    log = world.parties[POLICE].log
    log.append([Draft(kind.value, world.now // HOUR * HOUR, data)])

    verdict, second = settled(world)

    assert any(one.startswith("does not verify") for one in whats(verdict, POLICE))
    assert any("no quorum" in one for one in before)
    assert {*before} <= {*second}
