"""What comes by mail: each kind to its verb, and what doesn't belong is dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_node import mailroom
from childgrid_node.courier import Parcel
from childgrid_wire import canonical, envelope, rules, seal, statement
from childgrid_wire.errors import Reason, Untrusted
from childgrid_wire.kinds import Kind
from childgrid_wire.statement import Statement
from grid import AGENCIES, DAY, KABIR, Grid, officer_signer
from refusals import refused


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid that dropped parcels leave as it is."""
    return Grid(tmp_path_factory.mktemp("grid"))


@pytest.fixture(scope="module")
def request_(grid: Grid) -> Statement:
    """A request that waits at customs."""
    made = grid.request(grid.ask(KABIR), "customs", ["name"])
    grid.settle()
    return made


def dropped(grid: Grid, name: str, said: Statement, content: bytes = b"") -> bool:
    """Whether an agency drops a parcel, with nothing changed anywhere."""
    before = [grid.state(one) for one in AGENCIES]
    parcel = Parcel(1, said.data, content, None)
    moved = mailroom.open_parcel(grid.agency(name).office, parcel)
    return moved == "" and [grid.state(one) for one in AGENCIES] == before


def spoken(grid: Grid, member: str, kind: Kind, **body: object) -> Statement:
    """Something that a member's own node says."""
    return grid.agency(member).office.speak(kind, seconds=999, **body)  # type: ignore[arg-type]


def signed(
    grid: Grid, member: str, officer: str, kind: Kind, **body: object
) -> Statement:
    """Something that an officer signs without the desk."""
    payload = statement.draft(
        kind, issuer=member, officer=officer, now=grid.now, seconds=999, **body
    )
    data = envelope.sign(kind, payload, [officer_signer(member, officer)])
    return statement.parse(envelope.read(data))


@pytest.mark.threat("T14")
@pytest.mark.parametrize("naming", ["answer", "query", ""])
def test_requests_without_end_bury_no_custodian(tmp_path: Path, naming: str) -> None:
    """Whoever signs without its node is heard twenty times on one query, and again.

    Again, once some of them were refused; another query's are taken in meanwhile.
    """
    grid = Grid(tmp_path)
    first, other = (
        grid.request(grid.ask(KABIR), "customs", ["name"]) for _ in range(2)
    )
    grid.carry()
    answers = first[naming] if naming else ""
    made = [repeated(grid, first, answers) for _ in range(rules.MOST_WAITING)]
    taken = [not dropped(grid, "customs", one, b"why") for one in made]
    # One of them is the first itself, where it answers the same.
    assert taken.count(True) == rules.MOST_WAITING - (naming == "answer")
    assert dropped(grid, "customs", repeated(grid, first, answers), b"why")
    assert not dropped(grid, "customs", repeated(grid, other, other.answers), b"why")

    grid.decide("customs", "cu-mehta", made[0].hash, reason="legal-bar")

    assert not dropped(grid, "customs", repeated(grid, first, answers), b"why")
    assert dropped(grid, "customs", repeated(grid, first, answers), b"why")


def repeated(
    grid: Grid, request: Statement, answers: str, **changes: object
) -> Statement:
    """The same request anew, signed by its officer without the desk."""
    head = ("kind", "id", "issuer", "officer", "issued", "expires", "answers")
    body = {key: value for key, value in request.body.items() if key not in head}
    body |= {"answers": answers, "justification": seal.digest(b"why"), **changes}
    return signed(grid, "police", "si-rao", Kind.REQUEST, **body)


@pytest.mark.threat("T14")
def test_a_request_to_whose_key_nothing_can_be_sealed(
    grid: Grid, request_: Statement
) -> None:
    """It would be judged and its row read again at every round, for nothing."""
    made = repeated(
        grid, request_, request_.answers, recipient_key=canonical.to_b64(bytes(32))
    )
    assert dropped(grid, "customs", made, b"why")


def test_a_request_that_answers_something_else_is_dropped(
    grid: Grid, request_: Statement
) -> None:
    """So that none hides from the count."""
    assert dropped(grid, "customs", repeated(grid, request_, "ab" * 32), b"why")


def approval(
    grid: Grid, request: Statement, member: str, officer: str, **changes: object
) -> Statement:
    """An approval of a request."""
    body = {
        "answers": request.hash,
        "subject": "request",
        "side": "requester",
        "slot": "supervisor",
        "fields": ["name"],
        "policy": "",
    } | changes
    return signed(grid, member, officer, Kind.APPROVAL, **body)


def test_a_request_is_taken_in_once(grid: Grid, request_: Statement) -> None:
    """Delivered again it moves the same request and logs nothing."""
    parcel = grid.parcel("police", request_)
    before = grid.state("customs")

    assert mailroom.open_parcel(grid.agency("customs").office, parcel) == request_.hash
    assert grid.state("customs") == before


def test_a_request_for_another_agency(grid: Grid, request_: Statement) -> None:
    """Prisons drop what asks for customs' record."""
    parcel = grid.parcel("police", request_)

    assert dropped(grid, "prisons", request_, parcel.content)


def test_a_request_without_its_justification(grid: Grid) -> None:
    """The custodian would decide without knowing why."""
    asked = grid.ask(KABIR)
    made = grid.request(asked, "customs", ["name"])
    grid.outbox("police")

    assert dropped(grid, "customs", made)
    assert dropped(grid, "customs", made, b"another text")


@pytest.mark.parametrize("kind", ["query", "case", "view", "policy"])
def test_kinds_that_do_not_come_by_mail(grid: Grid, kind: str) -> None:
    """A query comes with its content and approvals, documents hang on the board."""
    grid.look("police", "si-rao", "inbox")
    office = grid.agency("police").office
    if kind == "policy":
        said = office.view.policies["police"]
    else:
        said = office.journal.all(Kind(kind))[0]

    assert dropped(grid, "customs", said)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xff"])
def test_what_is_no_statement(grid: Grid, data: bytes) -> None:
    """Dropped without a word of it in any message."""
    before = grid.state("customs")
    parcel = Parcel(1, data, b"", None)

    assert mailroom.open_parcel(grid.agency("customs").office, parcel) == ""
    assert grid.state("customs") == before


@pytest.mark.parametrize(
    ("member", "officer", "changes"),
    [
        ("police", "si-joshi", {}),
        ("police", "si-rao", {}),
        ("police", "sp-nair", {}),
        ("police", "sp-khan", {"subject": "query"}),
        ("police", "sp-khan", {"side": "holder", "slot": "custodian"}),
        ("prisons", "pr-singh", {}),
        ("prisons", "pr-singh", {"side": "holder", "slot": "custodian"}),
        ("customs", "cu-mehta", {"side": "holder", "slot": "custodian"}),
    ],
    ids=["no rank", "the asker", "decided", "of a query", "wrong side", "a stranger",
         "a strange custodian", "ourselves"],
)  # fmt: skip
def test_an_approval_that_could_never_count(
    grid: Grid, request_: Statement, member: str, officer: str, changes: dict[str, str]
) -> None:
    """It is not kept, lest it spoil the others at the release."""
    said = approval(grid, request_, member, officer, **changes)

    assert dropped(grid, "customs", said)


def test_an_approval_of_something_unknown(grid: Grid, request_: Statement) -> None:
    """Nobody here knows the subject."""
    said = approval(grid, request_, "police", "sp-khan", answers="ab" * 32)

    assert dropped(grid, "customs", said)


@pytest.mark.parametrize(
    ("member", "officer", "subject"),
    [
        ("police", "si-joshi", "request"),
        ("prisons", "pr-singh", "request"),
        ("police", "sp-khan", "query"),
        ("customs", "cu-mehta", "request"),
    ],
)
def test_a_refusal_by_who_has_no_say(
    grid: Grid, request_: Statement, member: str, officer: str, subject: str
) -> None:
    """It closes nothing."""
    said = signed(
        grid, member, officer, Kind.REFUSAL, answers=request_.hash, subject=subject,
        reason="legal-bar",
    )  # fmt: skip

    assert dropped(grid, "customs", said)


def test_a_node_of_the_requester_refuses_nothing(
    grid: Grid, request_: Statement
) -> None:
    """Only persons do, and the holder's own node."""
    said = spoken(
        grid, "police", Kind.REFUSAL, answers=request_.hash, subject="request",
        reason="changed",
    )  # fmt: skip

    assert dropped(grid, "customs", said)


@pytest.mark.parametrize("issuer", ["prisons", "customs"])
def test_a_receipt_for_what_was_never_disclosed(grid: Grid, issuer: str) -> None:
    """There is no such disclosure."""
    said = spoken(
        grid, issuer, Kind.RECEIPT, answers="ab" * 32, disclosure="ab" * 32,
        ciphertext="cd" * 32, opened=True,
    )  # fmt: skip

    assert dropped(grid, "customs", said)


def test_a_void_of_who_owes_us_nothing(grid: Grid) -> None:
    """Childcare was asked for no record: it can't take one back."""
    said = spoken(
        grid, "childcare", Kind.VOID, answers="ab" * 32, disclosure="ab" * 32,
        reason="expired",
    )  # fmt: skip

    assert dropped(grid, "police", said)


def test_an_answer_by_mail_replaces_an_earlier_one(grid: Grid) -> None:
    """A silent hit that was released comes late; one of a stranger is dropped."""
    asked = grid.ask(KABIR)
    grid.decide("childcare", "cc-das", asked.hash, slot="silent-hit")
    late = grid.agency("childcare").office.journal.answers(asked.hash, Kind.ANSWER)[-1]
    office = grid.agency("police").office
    posing = spoken(
        grid, "police", Kind.ANSWER, answers=asked.hash, outcome="none", reason="",
        candidates=[], as_of=0,
    )  # fmt: skip
    assert dropped(grid, "police", posing)
    assert dropped(grid, "customs", late)

    mailroom.open_parcel(office, Parcel(1, late.data, b"", None))

    found = grid.look("police", "si-rao", "answers", asked.hash)
    assert found["targets"]["childcare"]["outcome"] == "hit"


def test_a_disclosure_without_proof(grid: Grid) -> None:
    """What nobody has witnessed is not taken, let alone opened."""
    asked = grid.ask(KABIR)
    made = grid.request(asked, "customs", ["name"])
    grid.carry()
    grid.decide("customs", "cu-mehta", made.hash)
    grid.carry()
    grid.release("customs")
    ((said, parcel),) = grid.outbox("customs")

    assert dropped(grid, "police", said, parcel.content)
    assert grid.profile(asked)["sources"][1]["requests"][0]["state"] == "open"


def test_an_unknown_key_is_tried_again_and_then_dropped(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A staff list may be under way; the second time nothing holds up the mail."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    made = grid.request(grid.ask(KABIR), "customs", ["name"])
    grid.settle()
    said = approval(grid, made, "police", "sp-verma")
    office = grid.agency("customs").office
    parcel = Parcel(1, said.data, b"", None)

    with refused(grid, Reason.UNKNOWN_KEY) as caught:
        mailroom.open_parcel(office, parcel)

    assert isinstance(caught.value, Untrusted)
    assert mailroom.open_parcel(office, parcel, last=True) == ""


def test_an_expired_request_is_dropped(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """It came too late to be decided on."""
    grid = Grid(tmp_path_factory.mktemp("grid"))
    made = grid.request(grid.ask(KABIR), "customs", ["name"], hours=1)
    ((_, parcel), *_) = grid.outbox("police")
    grid.now += DAY

    assert dropped(grid, "customs", made, parcel.content)
