"""`childgrid-desk` end to end: real mutual TLS, a real desk listener, real officers.

The police's and customs' nodes serve their desks; officers sit at the command line
with a desk pass and a locked key. What travels between agencies is carried by the
test's grid.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from childgrid_node import shows as node_shows
from childgrid_node.server import DeskServicer
from childgrid_portal.__main__ import app
from childgrid_portal.desk import Desk, Pass
from childgrid_wire import canonical, certificates, channel, keyfile
from childgrid_wire.certificates import Pair, Peer
from childgrid_wire.errors import Malformed, Reason, Refused, Unreachable, WireError
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import desk_pb2, desk_pb2_grpc
from childgrid_wire.statement import Statement
from founders import light_locks
from grid import AGENCIES, CASE, Grid, officer_signer, seed

if TYPE_CHECKING:
    import grpc

PASSPHRASE = "a passphrase for tests"
SUSPECT = """
name = "Kabir Vankhede @ Kallu"
relative = "Madhav Vankhede"
birth_date = "17-03-1984"
phone = ["9812345670"]
"""
ASK = ("--case", CASE, "--section", "BNS:143", "--yes")


class Bent(DeskServicer):
    """A desk whose drafts a test may bend."""

    bend: Callable[[dict[str, Any]], None] = staticmethod(lambda _: None)

    def Draft(  # noqa: N802 - the generated name
        self, request: desk_pb2.DraftRequest, context: grpc.ServicerContext
    ) -> desk_pb2.DraftResponse:
        """Write a draft and change it."""
        reply = super().Draft(request, context)
        body = canonical.loads(reply.payload.encode())
        self.bend(body)
        return desk_pb2.DraftResponse(
            payload=canonical.dumps(body).decode(),
            payload_type=Kind(body["kind"]).payload_type,
        )


@dataclass
class Station:
    """The desks of a grid, and officers' files to reach them."""

    grid: Grid
    folder: Path
    root: Pair
    issuers: dict[str, Pair] = field(default_factory=dict)
    servicers: dict[str, Bent] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def serve(self, member: str, stack: ExitStack) -> None:
        """Open an agency's desk."""
        now, key = int(time.time()), certificates.new_key()
        request = certificates.signing_request(key, member)
        issuer = Pair(key, certificates.issue_issuer(self.root, request, member, now))
        leaf = certificates.issue_leaf(issuer, member, "desk", now)
        at = self.grid.agency(member)
        servicer = Bent(lambda: at.desk, at.folder / "cases.csv", lambda: None)
        server, port = channel.serve(
            "127.0.0.1:0",
            lambda: (leaf, self.root.chain),
            self._admit(member),
            lambda it: desk_pb2_grpc.add_DeskServiceServicer_to_server(servicer, it),
        )
        stack.callback(lambda: server.stop(0).wait())
        self.issuers[member], self.servicers[member] = issuer, servicer
        self.ports[member] = port

    def _admit(self, member: str) -> Callable[[Peer], None]:
        def admit(peer: Peer) -> None:
            if peer.member != member:
                raise Refused(Reason.WRONG_ROLE, "another agency's desk")

        return admit

    def pass_file(self, member: str) -> Path:
        """A desk pass of `member`, as its IT hands it out."""
        path = self.folder / f"{member}.pass"
        pair = certificates.issue_leaf(
            self.issuers[member], member, "desk", int(time.time())
        )
        table = {
            "key": pair.key.decode(),
            "chain": pair.chain.decode(),
            "root": self.root.chain.decode(),
        }
        keyfile.write_private(path, canonical.dumps(table))
        return path

    def settings(self, member: str, officer: str, at: str = "") -> Path:
        """An officer's settings, key and passphrase, all in files."""
        self.pass_file(member)
        keyid = f"{member}/{officer}"
        keyfile.lock(
            {"keyid": keyid, "seed": seed(keyid).hex()},
            PASSPHRASE.encode(),
            self.folder / f"{officer}.key",
        )
        keyfile.write_private(self.folder / "passphrase", PASSPHRASE.encode())
        path = self.folder / f"{officer}.toml"
        path.write_text(
            f'member = "{member}"\nofficer = "{officer}"\n'
            f'address = "127.0.0.1:{self.ports[at or member]}"\n'
            f'desk_pass = "{member}.pass"\nkey = "{officer}.key"\n'
            'passphrase_file = "passphrase"\n'
        )
        return path

    def run(self, member: str, officer: str, *words: str, typed: str = "") -> Result:
        """Type one command at an officer's desk."""
        config = self.settings(member, officer)
        command = [*words, "--config", str(config)]
        return CliRunner().invoke(app, command, input=typed)

    def say(self, member: str, officer: str, *words: str) -> str:
        """Type a command that must succeed; returns what it printed."""
        result = self.run(member, officer, *words)
        assert result.exit_code == 0, result.exception
        return result.stdout.strip()

    def read(self, member: str, officer: str, *words: str) -> dict[str, Any]:
        """Type a command that prints a document."""
        return dict(json.loads(self.say(member, officer, *words)))

    def suspect(self, text: str = SUSPECT) -> str:
        """The file that describes who is sought."""
        path = self.folder / "suspect.toml"
        path.write_text(text)
        return str(path)

    def statement(self, member: str, kind: Kind, name: str) -> Statement:
        """A statement in an agency's journal."""
        return self.grid.agency(member).office.journal.get(name, kind)

    def state(self) -> list[tuple[Any, ...]]:
        """All that every agency has said and heard."""
        return [self.grid.state(name) for name in AGENCIES]


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """The police and customs at their desks."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        light_locks(patch)
        folder = tmp_path_factory.mktemp("desk")
        root = certificates.new_root("test", int(time.time()))
        made = Station(Grid(tmp_path_factory.mktemp("grid")), folder, root)
        for member in ("police", "customs"):
            made.serve(member, stack)
        yield made


@pytest.fixture(autouse=True)
def straight(station: Station) -> Iterator[None]:
    """Every test begins and ends with honest nodes."""
    yield
    for one in station.servicers.values():
        one.bend = lambda _: None  # type: ignore[method-assign]


def asked(station: Station) -> str:
    """A query, asked, approved and answered."""
    query = station.say("police", "si-rao", "ask", station.suspect(), *ASK)
    station.say("police", "sp-nair", "approve", query, "--yes")
    station.grid.submit(station.statement("police", Kind.QUERY, query))
    return query


def test_a_case_at_the_command_line(station: Station) -> None:
    """Ask, approve, read the answers, request, approve twice, read the profile."""
    query = asked(station)
    targets = station.read("police", "si-rao", "answers", query)["targets"]
    handle = targets["customs"]["candidates"][0]["handle"]
    request = station.say(
        "police", "si-rao", "request", query, "customs", handle, "--field", "name",
        "--field", "note", "--justification", "needed for the arrest", "--yes",
    )  # fmt: skip
    station.say("police", "sp-nair", "approve", request, "--yes")
    station.grid.settle()

    inbox = station.read("customs", "cu-mehta", "inbox")
    assert [one["hash"] for one in inbox["waiting"]] == [request]
    shown = station.read("customs", "cu-mehta", "show", request)
    assert shown["justification"] == "needed for the arrest"
    station.say("customs", "cu-mehta", "approve", request, "--field", "name", "--yes")
    station.grid.settle()

    profile = station.read("police", "si-rao", "profile", query)
    (source,) = [one for one in profile["sources"] if one["agency"] == "customs"]
    assert source["requests"][0]["state"] == "disclosed"
    assert source["requests"][0]["record"]["fields"] == {"name": ["VANKHEDE KABIR"]}


@pytest.mark.threat("T25")
def test_what_is_signed_is_shown_first(station: Station) -> None:
    """From the exact bytes; without a yes nothing is signed."""
    suspect = station.suspect()
    before = station.state()
    no = station.run("police", "si-rao", "ask", suspect, *ASK[:-1], typed="n\n")
    assert no.exit_code == 1
    assert "QUERY: ask other agencies" in no.stdout
    assert "purpose: investigation" in no.stdout
    assert "targets: childcare, customs, prisons" in no.stdout
    assert "Kabir" not in no.stdout
    assert [one[2] for one in station.state()] == [one[2] for one in before]

    yes = station.run("police", "si-rao", "ask", suspect, *ASK[:-1], typed="y\n")
    name = yes.stdout.strip().splitlines()[-1].split()[-1]
    assert station.statement("police", Kind.QUERY, name).officer == "si-rao"


def test_a_refusal_closes(station: Station) -> None:
    """With a reason of the list; the next officer finds it closed."""
    query = station.say("police", "si-rao", "ask", station.suspect(), *ASK)
    station.say("police", "sp-khan", "refuse", query, "weak-basis", "--yes")
    before = station.state()

    result = station.run("police", "sp-nair", "approve", query, "--yes")

    assert isinstance(result.exception, Refused)
    assert result.exception.reason is Reason.CLOSED
    assert station.state() == before


@pytest.mark.parametrize(
    ("member", "officer", "words", "reason"),
    [
        ("police", "si-rao", ("answers", "ab" * 32), Reason.UNKNOWN),
        ("police", "si-rao", ("approve", "ab" * 32, "--yes"), Reason.UNKNOWN),
        ("police", "sp-nair", ("refuse", "ab" * 32, "weak-basis", "--yes"),
         Reason.UNKNOWN),
        ("customs", "cu-mehta", ("profile", "ab" * 32), Reason.UNKNOWN),
        ("police", "si-rao", ("profile", "what"), Reason.MALFORMED),
    ],
)  # fmt: skip
def test_a_reason_comes_back_over_the_wire(
    station: Station, member: str, officer: str, words: tuple[str, ...], reason: Reason
) -> None:
    """The node's reason, word for word, and nothing changed."""
    before = station.state()

    result = station.run(member, officer, *words)

    assert isinstance(result.exception, Refused)
    assert result.exception.reason is reason
    assert station.state() == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        ('name = "Kumar"', Reason.TOO_COMMON),
        ('nickname = "Kallu"', Reason.CONFIGURATION),
    ],
)
def test_a_description_that_will_not_do(
    station: Station, text: str, reason: Reason
) -> None:
    """Too little, too common, or a field that the grid doesn't know."""
    before = station.state()
    result = station.run("police", "si-rao", "ask", station.suspect(text), *ASK)

    assert isinstance(result.exception, WireError)
    assert result.exception.reason is reason
    assert [one[2] for one in station.state()] == [one[2] for one in before]


def test_a_purpose_that_there_is_not_is_told_with_those_that_there_are(
    station: Station,
) -> None:
    """Before anything is sent."""
    before = station.state()
    result = station.run(
        "police", "si-rao", "ask", station.suspect(), *ASK, "--purpose", "fishing"
    )

    assert "investigation, prosecution" in str(result.exception)
    assert station.state() == before


def widen(body: dict[str, Any]) -> None:
    """Ask more agencies than the officer named."""
    body["targets"]["prisons"] = body["targets"]["customs"]


def outlive(body: dict[str, Any]) -> None:
    """Let it live longer than the officer said."""
    body["expires"] += 3_600


@pytest.mark.parametrize(
    ("bend", "at"),
    [
        (widen, "targets"),
        (outlive, "hours"),
        (lambda body: body.update(purpose="prosecution"), "purpose"),
        (lambda body: body.update(sections=["BNS:144"]), "sections"),
        (lambda body: body.update(officer="si-joshi"), "officer"),
        (lambda body: body.update(issuer="customs"), "issuer"),
    ],
    ids=["targets", "hours", "purpose", "sections", "officer", "issuer"],
)
@pytest.mark.threat("T25")
def test_a_draft_that_differs_from_what_was_asked_is_not_signed(
    station: Station, bend: Callable[[dict[str, Any]], None], at: str
) -> None:
    """Even the own node is not believed: only what was asked is signed."""
    station.suspect()
    asked(station)  # so that the case has been attested
    before = station.state()
    station.servicers["police"].bend = bend  # type: ignore[method-assign]

    result = station.run(
        "police", "si-rao", "ask", station.suspect(), *ASK, "--target", "customs"
    )

    assert isinstance(result.exception, Malformed)
    assert result.exception.detail == f"the node's draft differs in {at}"
    assert station.state() == before


@pytest.mark.parametrize(
    ("bend", "at"),
    [
        (lambda body: body.update(answers="ab" * 32), "answers"),
        (lambda body: body.update(subject="silent-hit", slot="silent-hit"), "slot"),
    ],
    ids=["another subject", "a silent hit"],
)
@pytest.mark.threat("T25")
def test_an_approval_that_differs_is_not_signed(
    station: Station, bend: Callable[[dict[str, Any]], None], at: str
) -> None:
    """Neither another subject nor the release of a hit in an approval's place."""
    query = station.say("police", "si-rao", "ask", station.suspect(), *ASK)
    before = station.state()
    station.servicers["police"].bend = bend  # type: ignore[method-assign]

    result = station.run("police", "sp-nair", "approve", query, "--yes")

    assert isinstance(result.exception, Malformed)
    assert result.exception.detail == f"the node's draft differs in {at}"
    assert station.state() == before


def test_a_draft_of_another_kind_is_not_signed(station: Station) -> None:
    """A refusal in the place of an approval."""
    query = station.say("police", "si-rao", "ask", station.suspect(), *ASK)
    before = station.state()

    def bend(body: dict[str, Any]) -> None:
        for name in ("side", "slot", "fields", "policy"):
            del body[name]
        body.update(kind="refusal", reason="weak-basis")

    station.servicers["police"].bend = bend  # type: ignore[method-assign]
    result = station.run("police", "sp-nair", "approve", query, "--yes")

    assert isinstance(result.exception, Malformed)
    assert station.state() == before


def test_another_agencys_pass_opens_no_desk(station: Station) -> None:
    """Customs' officer at the police's desk: refused at the door."""
    before = station.state()
    signer = officer_signer("customs", "cu-mehta")
    own = Pass.read(station.pass_file("customs"))
    address = f"127.0.0.1:{station.ports['police']}"

    elsewhere = Desk(address, own, signer)
    with pytest.raises(Unreachable):
        elsewhere.look("inbox")
    elsewhere.close()
    posing = Desk(address, own, officer_signer("police", "si-rao"))
    with pytest.raises(Refused) as caught:
        posing.look("inbox")
    posing.close()

    assert caught.value.reason is Reason.WRONG_ROLE
    assert station.state() == before


def test_a_pass_alone_is_worth_nothing(station: Station) -> None:
    """With the police's pass, but another key under si-rao's name."""
    before = station.state()
    own = Pass.read(station.pass_file("police"))
    thief = officer_signer("police", "si-rao").__class__("police/si-rao", bytes(32))
    desk = Desk(f"127.0.0.1:{station.ports['police']}", own, thief)

    with pytest.raises(Refused) as caught:
        desk.look("inbox")
    desk.close()

    assert caught.value.reason is Reason.BAD_SIGNATURE
    assert station.state() == before


def test_a_view_is_not_confirmed_but_logged(station: Station) -> None:
    """Reading asks no question; one leaf says who looked."""
    size = station.grid.agency("police").office.journal.log.size()

    shown = station.read("police", "si-rao", "inbox")

    assert shown["officer"] == "si-rao"
    assert station.grid.agency("police").office.journal.log.size() == size + 1


def test_a_key_that_is_not_the_officers(station: Station) -> None:
    """The settings name si-rao, the key file is si-joshi's: nothing is sent."""
    station.settings("police", "si-joshi")
    config = station.settings("police", "si-rao")
    config.write_text(config.read_text().replace("si-rao.key", "si-joshi.key"))
    before = station.state()

    result = CliRunner().invoke(app, ["inbox", "--config", str(config)])

    assert "another officer's key" in str(result.exception)
    assert station.state() == before


def test_answers_that_are_not_shown_as_no_hit(station: Station) -> None:
    """A target that is offline is `not answered` at the command line too."""
    station.grid.members["prisons"].online = False
    try:
        query = asked(station)
        shown = station.read("police", "si-rao", "answers", query)
    finally:
        station.grid.members["prisons"].online = True

    assert shown["notice"] == node_shows.NOTICE
    assert shown["targets"]["prisons"]["outcome"] == "not answered"
