"""The long version of the attacks: thousands in process, some over real gRPC.

For the latter, real nodes run as processes with mutual TLS. The honest coordinator
serves until there are genuine queries to steal; then it is stopped, and the enemy dials
the nodes with its certificate. What a node keeps is read from its disk, from outside.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc

from childgrid_log import names
from childgrid_log.log import Log
from childgrid_node.config import NodeConfig
from childgrid_node.logbook import open_office
from childgrid_portal import keys as officers
from childgrid_wire import canonical, channel
from childgrid_wire.certificates import Peer
from childgrid_wire.channel import Dialer
from childgrid_wire.errors import Unreachable, WireError
from childgrid_wire.identity import Identity
from childgrid_wire.keys import Signer
from childgrid_wire.kinds import Kind
from childgrid_wire.pb import (
    desk_pb2,
    desk_pb2_grpc,
    log_pb2,
    log_pb2_grpc,
    node_pb2,
    node_pb2_grpc,
    witness_pb2,
    witness_pb2_grpc,
)
from childgrid_wire.pb.values_pb2 import Envelope, Sealed
from childgrid_wire.shelf import Shelf
from deploy.demo import PLANS, SECTIONS
from deploy.sample.make import make
from deploy.sample.story import FIR
from deploy.yard import HUB, Yard, until
from hostile import play, play_cases
from hostile_enemy import Enemy
from hostile_oracle import Oracle, demand
from hostile_spy import quiet
from hostile_strikes import (
    query_approved_by_the_enemy,
    query_bytes,
    query_elsewhere,
    query_fields,
    query_spliced,
)

ASKER = "police"
TARGETS = ("customs", "prisons")
ACCOMPLICES = ("", "si-rao", "sp-nair")
_SECONDS = 10.0


def run(cases: int, seed: int, grpc_cases: int) -> dict[str, Any]:
    """Play `cases` attacks in process and `grpc_cases` over the wire.

    Returns:
        Counts for JSON: cases, records released, validly approved, by kind.

    Raises:
        Broken: something happened that must never happen; names the case.
    """
    folder = Path(tempfile.mkdtemp(prefix="childgrid-soak-"))
    try:
        with quiet():
            found = play_cases(play(folder / "stage"), cases, str(seed)).table()
        wire = over_the_wire(folder / "yard", seed, grpc_cases) if grpc_cases else {}
        return {**found, "grpc": wire}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def over_the_wire(folder: Path, seed: int, cases: int) -> dict[str, Any]:
    """Start real nodes, steal what they said, and attack their listeners."""
    yard = Yard(folder)
    folder.mkdir(parents=True)
    try:
        wires = _stolen(yard, _nodes(yard))
        counts = _attack(wires, seed, cases)
    finally:
        yard.stop()
    for name in TARGETS:
        wires.check_log(name)
    return {"cases": cases, **counts}


def _nodes(yard: Yard) -> dict[str, NodeConfig]:
    """Three agencies that run: one asks, two hold."""
    sample = yard.folder / "sample"
    make(sample)
    yard.found()
    yard.coordinator()
    configs = {
        name: yard.prepare(PLANS[name], sample / name) for name in (ASKER, *TARGETS)
    }
    yard.cases(ASKER, [f"{FIR},fir,si-rao,investigating-officer,{' '.join(SECTIONS)}"])
    every = list(configs.values())
    yard.enrol(every)
    yard.admit()
    yard.settle(every)
    yard.ceremony(every)
    yard.settle(every)
    yard.witnesses(list(configs), quorum=2, faults=0)
    for config in every:
        yard.index(config)
    yard.serve(*every)
    return configs


def _stolen(yard: Yard, configs: Mapping[str, NodeConfig]) -> Wires:
    """Genuine queries: answered, approved but not sent, and not approved."""
    yard.await_documents(ASKER, TARGETS)
    asker = yard.desk(configs[ASKER], "si-rao")
    supervisor = yard.desk(configs[ASKER], "sp-nair")

    def ask() -> str:
        suspect = {"name": ["Nityananda Sarkhel"], "relative": ["Haradhan Sarkhel"]}
        return asker.ask(
            suspect,
            purpose="investigation",
            sections=list(SECTIONS),
            case=FIR,
            targets=list(TARGETS),
        )

    def answered() -> bool:
        shown = asker.look("answers", first)["targets"].values()
        return all(one["outcome"] != "not answered" for one in shown)

    first = ask()
    supervisor.approve(first)
    until("both holders answer", 60, lambda: answered() or None)
    yard.processes[HUB].stop()
    supervisor.approve(ask())
    ask()
    yard.processes[ASKER].stop()
    return Wires.of(yard, configs)


@dataclass
class Wires:
    """What strikes need of a stage, with real listeners behind it."""

    yard: Yard
    configs: Mapping[str, NodeConfig]
    dialer: Dialer
    oracle: Oracle
    owned: Mapping[str, Signer]
    spy: SimpleNamespace
    unsent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    held_back: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, yard: Yard, configs: Mapping[str, NodeConfig]) -> Wires:
        """Read the asker's disk, and take the coordinator's keys."""
        hub = Identity.open(yard.folder / HUB / "state" / "keys", yard.passphrase(HUB))
        owned: dict[str, Signer] = {HUB: hub.signer}
        for name in ACCOMPLICES[1:]:
            path = yard.folder / ASKER / "officers" / f"{name}.locked"
            word = yard.passphrase(f"{ASKER}-{name}")
            owned[f"{ASKER}/{name}"] = officers.open_key(path, word)
        keys, roles = _who_is_who(configs[ASKER])
        wires = cls(
            yard, configs, Dialer(hub.credentials("coordinator")),
            Oracle(keys, roles, "supervising-officer"), owned,
            SimpleNamespace(calls={}, delivered=[]),
        )  # fmt: skip
        wires._read(yard.passphrase(ASKER))
        return wires

    def _read(self, passphrase: bytes) -> None:
        config = self.configs[ASKER]
        own = Identity.open(config.state_dir / "keys", passphrase)
        shelf = Shelf.open(config.state_dir / "documents")
        journal = open_office(config, own, shelf, time.time).journal
        for (data,) in journal.rows("SELECT envelope FROM said"):
            self.oracle.learn(bytes(data))
        for asked in journal.all(Kind.QUERY):
            approvals = journal.answers(asked.hash, Kind.APPROVAL)
            case = journal.get(asked["attestation"], Kind.CASE)
            for target, content in journal.rows(
                "SELECT member, ciphertext FROM content WHERE hash = ?", (asked.hash,)
            ):
                call = {
                    "query": asked.data, "attestation": case.data,
                    "approvals": [one.data for one in approvals],
                    "content": bytes(content),
                }  # fmt: skip
                self.unsent.append((target, call))
        journal.log.close()

    @property
    def grid(self) -> SimpleNamespace:
        """The time."""
        return SimpleNamespace(now=int(time.time()))

    @property
    def mark(self) -> SimpleNamespace:
        """What is known."""
        return SimpleNamespace(known=dict(self.oracle.facts))

    def stub(self, make_: Callable[[grpc.Channel], Any], target: str) -> Any:
        """A stub at a node's listener, under the coordinator's certificate."""
        address = self.yard.address(target)
        return make_(self.dialer.channel(address, Peer(target, "node")))

    def match(self, target: str, call: Mapping[str, Any]) -> bool:
        """Ask a real node to match."""
        if target not in TARGETS:
            own = [t for t, one in self.unsent if one["content"] == call["content"]]
            (target,) = set(TARGETS) - set(own)
        for one in (call["query"], call["attestation"], *call["approvals"]):
            self.oracle.learn(one)
        request = node_pb2.MatchRequest(
            query=Envelope(payload=call["query"]),
            attestation=Envelope(payload=call["attestation"]),
            approvals=[Envelope(payload=one) for one in call["approvals"]],
            content=Sealed(ciphertext=call["content"]),
        )
        stub = self.stub(node_pb2_grpc.NodeServiceStub, target)
        return self._said(stub.Match, request) is not None

    @staticmethod
    def _said(method: Callable[..., Any], request: Any) -> Any:
        try:
            return channel.call(method, request, _SECONDS)
        except Unreachable as error:
            demand("internal" not in str(error), "a handler failed")
            return None
        except WireError:
            return None

    def kept(self, target: str) -> tuple[int, ...]:
        """What a node has kept: statements, queries counted, records spent."""
        path = self.configs[target].state_dir / "log" / "log.db"
        counts = []
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            for what in ("count(*) FROM said", "total(queries) FROM used",
                         "count(*) FROM spent", "count(*) FROM handle"):  # fmt: skip
                counts.append(int(db.execute(f"SELECT {what}").fetchone()[0]))
        return tuple(counts)

    def answered(self, target: str) -> list[str]:
        """The queries that a node has answered."""
        path = self.configs[target].state_dir / "log" / "log.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            rows = db.execute(
                "SELECT answers FROM said WHERE kind = 'answer' AND issuer = ?",
                (target,),
            )
            return [str(row[0]) for row in rows]

    def check_log(self, target: str) -> None:
        """Hash a stopped node's log anew."""
        config = self.configs[target]
        word = self.yard.passphrase(target)
        own = Identity.open(config.state_dir / "keys", word)
        path = config.state_dir / "log" / "log.db"
        with Log.open(path, names.origin(target), own.log_key) as log:
            demand(log.verify() == log.size(), "the log is not what it was")

    # Strikes that only a wire has.

    def cosign_misled(self, enemy: Enemy) -> str:
        """A real witness is shown notes that no log signed."""
        rng = enemy.rng
        target, other = rng.sample(TARGETS, 2)
        call = witness_pb2.CosignRequest(
            log=rng.choice([other, target, HUB, "nobody"]),
            old_size=rng.choice([0, 1, 2**40]),
            checkpoint=f"{names.origin(other)}\n{rng.randint(0, 99)}\n"
            + canonical.to_b64(rng.randbytes(32)) + "\n\n"
            + f"— {names.origin(other)} " + canonical.to_b64(rng.randbytes(68)) + "\n",
            nonce=rng.choice(["", rng.randbytes(16).hex(), "short"]),
        )  # fmt: skip
        stub = self.stub(witness_pb2_grpc.WitnessServiceStub, target)
        said = self._said(stub.Cosign, call)
        demand(said is None or said.refusal, "a false note was cosigned")
        return ""

    def door_misused(self, enemy: Enemy) -> str:
        """The coordinator tries doors, deadlines and names that are not for it."""
        target = enemy.rng.choice(TARGETS)
        way = enemy.rng.randrange(4)
        if way == 0:
            stub = self.stub(log_pb2_grpc.LogServiceStub, target)
            said = self._said(stub.Entries, log_pb2.EntriesRequest(start=0, count=9))
        elif way == 1:
            stub = self.stub(desk_pb2_grpc.DeskServiceStub, target)
            said = self._said(stub.Look, desk_pb2.LookRequest())
        elif way == 2:
            stub = self.stub(node_pb2_grpc.NodeServiceStub, target)
            said = self._said(
                lambda request, timeout: stub.Match(request, timeout=300 * timeout),
                node_pb2.MatchRequest(),
            )
        else:
            stub = self.stub(node_pb2_grpc.NodeServiceStub, target)
            large = Sealed(ciphertext=bytes(5 * 2**20))
            said = self._said(stub.Match, node_pb2.MatchRequest(content=large))
        demand(said is None, "a door was open")
        return ""


def _who_is_who(config: NodeConfig) -> tuple[dict[str, bytes], dict[str, str]]:
    """Public keys and roles, read from the documents as plain JSON."""
    book = Shelf.open(config.state_dir / "documents").book
    view = book.latest(int(time.time()))
    keys = {
        one["id"]: canonical.from_b64(one["key"]) for one in view.directory["members"]
    }
    roles = {}
    for member, staff in view.staff.items():
        for one in staff["officers"]:
            keys[f"{member}/{one['id']}"] = canonical.from_b64(one["key"])
            roles[f"{member}/{one['id']}"] = one["role"]
    return keys, roles


class WireEnemy(Enemy):
    """The enemy with the keys of a real yard."""

    @property
    def signers(self) -> dict[str, Signer]:
        """The coordinator's key, and an accomplice's."""
        owned = self.stage.owned  # type: ignore[attr-defined]
        mine = {HUB, f"{ASKER}/{self.accomplice}"}
        return {keyid: one for keyid, one in owned.items() if keyid in mine}

    def keyids(self, but: str) -> list[str]:
        """Key ids of this grid, and of nobody."""
        every = [*self.stage.oracle.keys, "founder:asha", "nobody", "police/nobody"]
        return [one for one in every if one != but]


def _attack(wires: Wires, seed: int, cases: int) -> dict[str, Any]:
    strikes: tuple[Callable[[Any], str], ...] = (
        query_bytes, query_fields, query_spliced, query_approved_by_the_enemy,
        query_elsewhere, wires.cosign_misled, wires.door_misused,
    )  # fmt: skip
    counts: Counter[str] = Counter()
    unchanged = 0
    for number in range(cases):
        strike = strikes[number % len(strikes)]
        rng = random.Random(f"{seed}:wire:{number}")
        enemy = WireEnemy(wires, rng, rng.choice(ACCOMPLICES))  # type: ignore[arg-type]
        before = {one: wires.kept(one) for one in TARGETS}
        may = strike(enemy)
        same = before == {one: wires.kept(one) for one in TARGETS}
        where = f"case {number} of {seed} over the wire, {strike.__name__}"
        demand(same or may == "all", f"{where}: something was left behind")
        unchanged += same
        counts[strike.__name__] += 1
    now = int(time.time())
    answered = [(one, name) for one in TARGETS for name in wires.answered(one)]
    for target, name in answered:
        stands = wires.oracle.query_stands(name, now)
        demand(stands, f"{target} answered a query that nobody approved")
    demand(all(wires.kept(one)[2] == 0 for one in TARGETS), "a record was spent")
    return {
        "refused_and_unchanged": unchanged,
        "queries_answered": len(answered),
        "records_released": 0,
        "by_strike": dict(sorted(counts.items())),
    }
