"""A training grid on one machine: folders, settings, real server processes.

Founders, coordinator, agencies and auditors each get a folder of their own and run as
processes of their own, with mutual TLS on loopback. Everything here goes through the
functions behind the commands; nothing is mocked and no check is turned off. Used by
the demo and by the benchmark of the grid.
"""

from __future__ import annotations

import json
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from childgrid_authority import changes as _changes  # noqa: F401 - same functions
from childgrid_authority import directory, floor, keys
from childgrid_authority.authority import Authority
from childgrid_authority.founding import Charter, found
from childgrid_authority.inbox import Inbox
from childgrid_authority.inbox import publish as hang
from childgrid_coordinator import config as hub_config
from childgrid_coordinator import join as hub_join
from childgrid_node import checking, join, joining, passes
from childgrid_node.config import NodeConfig
from childgrid_node.config import load as load_node
from childgrid_node.scheme import Scheme
from childgrid_portal import keys as officers
from childgrid_portal.desk import Desk, Pass
from childgrid_wire import keyfile
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import Untrusted
from childgrid_wire.keys import Signer
from childgrid_wire.shelf import Shelf
from deploy.etc import filled
from deploy.plans import Person, Plan, policy, staff
from deploy.processes import HOST, Process, free_port, until

HUB = "ncrb-hub"
FOUNDERS = ("asha", "bilal", "chitra")
_S = TypeVar("_S")
_T = TypeVar("_T")


@dataclass
class Yard:
    """A grid below one folder; see the module.

    `witness_seconds` is how often a log that grew is shown to the witnesses: shorter
    than is shipped, so that a story need not wait.
    """

    folder: Path
    witness_seconds: int = 1
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    signers: dict[str, Signer] = field(default_factory=dict)
    """Officers who sign otherwise than by a key file: by `member/officer`."""

    def secret(self, name: str) -> Path:
        """A file with a random passphrase, made at its first use, mode 600."""
        path = self.folder / "secrets" / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            keyfile.write_private(path, secrets.token_urlsafe(24).encode())
        return path

    def passphrase(self, name: str) -> bytes:
        """The passphrase of that name."""
        return keyfile.read_passphrase(self.secret(name))

    def port(self, name: str) -> int:
        """A port of this yard by its name; kept in `ports.json`."""
        if name not in self.ports:
            self.ports[name] = free_port()
            path = self.folder / "ports.json"
            path.write_text(json.dumps(self.ports, indent=2) + "\n")
        return self.ports[name]

    def address(self, name: str) -> str:
        """host:port of that name."""
        return f"{HOST}:{self.port(name)}"

    @property
    def _all_passphrases(self) -> dict[str, bytes]:
        names = (*FOUNDERS, keys.ROOT)
        return {name: self.passphrase(f"founder-{name}") for name in names}

    def found(
        self, scheme: str = "childgrid-2", body: Mapping[str, Any] | None = None
    ) -> Authority:
        """Three founders, two of whom must sign, found a training grid."""
        document = Scheme.load(scheme)
        charter = Charter(
            name="Training CHILDGRID",
            kind="training",
            founders=FOUNDERS,
            threshold=2,
            floor=body or floor.parse(floor.default()),
            scheme=document.digest.hex(),
            profile=document.profile,
        )
        where = self.folder / "authority"
        self.authority = found(where, charter, self._all_passphrases, _now())
        root = self.folder / "root"
        root.write_text(self.authority.fingerprint + "\n")
        return self.authority

    def coordinator(self, database: str = "") -> None:
        """The coordinator joins by files and starts, perhaps on a PostgreSQL."""
        folder = self.folder / HUB
        folder.mkdir(parents=True)
        path = folder / "coordinator.toml"
        path.write_text(
            filled(
                "coordinator.toml",
                {
                    "member": HUB,
                    "state_dir": "state",
                    "listen": self.address(HUB),
                    "passphrase_file": str(self.secret(HUB)),
                    "database": database,
                    "retry_seconds": 0.5,
                    "retry_most_seconds": 2.0,
                    "witness_seconds": self.witness_seconds,
                },
            )
        )
        settings = hub_config.load(path)
        token = self.token(HUB, "coordinator")
        asked, _ = hub_join.enrol(
            settings,
            self.passphrase(HUB),
            Token.read(token),
            "The meeting point",
            self.address(HUB),
            _now(),
        )
        (admitted,) = self.authority.admit([asked], self._all_passphrases, _now())
        self.authority.pack(admitted, folder / "answer")
        hub_join.install(settings, self.passphrase(HUB), folder / "answer", _now())
        self.start(HUB, ["childgrid_coordinator", "serve", "--config", str(path)])
        self.wait_for(HUB, HUB)

    def token(self, member: str, kind: str) -> Path:
        """A join token of the founders, as a file of mode 600."""
        made = self.authority.token(
            member,
            kind,
            self._all_passphrases,
            _now(),
            coordinator=(HUB, self.address(HUB)),
        )
        path = self.folder / "tokens" / f"{member}.json"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made.write(path)
        return path

    def start(self, name: str, arguments: list[str]) -> None:
        """Start a server process; `wait_for` waits until it listens."""
        logs = self.folder / "output"
        logs.mkdir(exist_ok=True)
        process = Process(name, arguments, logs / f"{name}.txt")
        self.processes[name] = process
        process.start()

    def wait_for(self, name: str, port: str) -> None:
        """Wait until a process listens."""
        process = self.processes[name]

        def listens() -> bool | None:
            if process.handle is not None and process.handle.poll() is not None:
                raise RuntimeError(f"{name} ended; see {process.output}")
            with socket.socket() as probe:
                return probe.connect_ex((HOST, self.port(port))) == 0 or None

        until(f"{name} listens", 60, listens)

    def prepare(self, plan: Plan, source: Path) -> NodeConfig:
        """Write an agency's folder: settings, staff, policy, cases, source."""
        self.plans[plan.member] = plan
        folder = self.folder / plan.member
        (folder / "sources").mkdir(parents=True)
        for path in source.iterdir():
            (folder / "sources" / path.name).write_bytes(path.read_bytes())
        made = _together(lambda one: self._officer_key(plan.member, one), plan.staff)
        public = {one.id: key for one, key in zip(plan.staff, made, strict=True)}
        (folder / "staff.toml").write_text(staff(plan, public))
        (folder / "policy.toml").write_text(policy(plan))
        (folder / "node.toml").write_text(self._settings(plan))
        return load_node(folder / "node.toml")

    def _officer_key(self, member: str, person: Person) -> str:
        path = self.folder / member / "officers" / f"{person.id}.locked"
        passphrase = self.passphrase(f"{member}-{person.id}")
        return officers.make(path, member, person.id, passphrase)

    def _settings(self, plan: Plan) -> str:
        uses = ["provider"] * plan.holds + ["user"] * plan.asks
        return filled(
            "node.toml",
            {
                "member": plan.member,
                "title": plan.title,
                "uses": uses,
                "state_dir": "state",
                "passphrase_file": str(self.secret(plan.member)),
                "listen": self.address(plan.member),
                "announce": self.address(plan.member),
                "desk": self.address(plan.member + "-desk"),
                "witness_seconds": self.witness_seconds,
                "coordinator": {"member": HUB, "address": self.address(HUB)},
            },
        )

    def cases(self, member: str, lines: Sequence[str], more: str = "") -> None:
        """Write an agency's register of cases; `more` are further columns."""
        path = self.folder / member / "cases.csv"
        head = f"reference,basis,officer,capacity,sections{more}"
        path.write_text("\n".join([head, *lines]) + "\n")

    def enrol(self, configs: Sequence[NodeConfig]) -> list[str]:
        """Agencies make their keys and ask; returns the fingerprints they read out."""
        tokens = [self.token(config.member, "agency") for config in configs]
        states = _together(
            lambda one: joining.step(one[0], one[1], time.time),
            list(zip(configs, tokens, strict=True)),
        )
        return [state.keys for state in states]

    @contextmanager
    def inbox(self) -> Iterator[Inbox]:
        """The founders' connection to the coordinator."""
        root = keys.open_root(self.authority.folder, self._all_passphrases)
        with Inbox(root, HUB, self.address(HUB), _now()) as opened:
            yield opened

    def admit(self) -> int:
        """The founders admit everyone who waits; returns how many."""
        with self.inbox() as opened:
            waiting = opened.pending()
            admitted = self.authority.admit(waiting, self._all_passphrases, _now())
            hang(self.authority, opened)
        return len(admitted)

    def confirm(self, member: str, report: str) -> None:
        """Two founders end a member's probation by a report (hex SHA-256)."""
        self.enact(directory.confirm(self.authority.book, member, report, _now()))

    def settle(self, configs: Sequence[NodeConfig]) -> list[join.JoinState]:
        """Agencies take their certificates, and the key where it is there."""
        return _together(lambda one: joining.step(one, None, time.time), configs)

    def enact(self, change: list[Any]) -> None:
        """Two founders sign a change and hang it up."""
        self.authority.enact(change, self._all_passphrases)
        with self.inbox() as opened:
            opened.publish(self.authority.publishable())

    def witnesses(self, members: Sequence[str], quorum: int, faults: int) -> None:
        """Name the witnesses."""
        named = directory.Witnesses(members, quorum, faults)
        self.enact(directory.set_witnesses(self.authority.book, named, _now()))

    def ceremony(self, configs: Sequence[NodeConfig]) -> None:
        """Three agencies make the linkage key; the founders put it in force."""
        members = [config.member for config in configs]
        with ThreadPoolExecutor(len(configs)) as pool:
            done = [
                pool.submit(
                    joining.hold_ceremony, one, 1, members, 60, time.time, _quiet
                )
                for one in configs
            ]
            for one in done:
                one.result()
        with self.inbox() as opened:
            opened.fetch(self.authority.shelf)
        self.enact(directory.set_epoch(self.authority.book, 1, members, _now()))

    def wrap(
        self, wrappers: Sequence[NodeConfig], config: NodeConfig, fingerprint: str
    ) -> None:
        """Two members wrap the linkage key after comparing the fingerprint."""
        _together(
            lambda one: joining.wrap_for(one, config.member, fingerprint, time.time),
            wrappers,
        )

    def index(self, config: NodeConfig) -> list[str]:
        """Index an agency's sources; returns what it said."""
        said: list[str] = []
        checking.index_sources(config, time.time, said.append)
        return said

    def serve(self, *configs: NodeConfig) -> None:
        """Start agencies' nodes and wait until all of them listen."""
        for config in configs:
            path = self.folder / config.member / "node.toml"
            arguments = ["childgrid_node", "serve", "--config", str(path)]
            self.start(config.member, arguments)
        for config in configs:
            self.wait_for(config.member, f"{config.member}-desk")

    def await_documents(self, member: str, targets: Sequence[str]) -> None:
        """Wait until a member has what it needs to ask `targets`."""
        folder = self.folder / member / "state" / "documents"

        def there() -> bool | None:
            book = Shelf.open(folder).book
            view = book.latest(_now())
            try:
                for target in targets:
                    view.policy(target)
                    book.sealing_key(target, _now())
            except Untrusted:
                return None
            return True

        until(f"{member} has the documents of {', '.join(targets)}", 60, there)

    def desk(self, config: NodeConfig, officer: str) -> Desk:
        """An officer sits down at the own desk."""
        member = config.member
        address = self.address(f"{member}-desk")
        signer = self.signers.get(f"{member}/{officer}")
        return Desk(
            address,
            Pass.read(self.desk_pass(member)),
            signer or self._key_file(member, officer),
        )

    def _key_file(self, member: str, officer: str) -> Signer:
        path = self.folder / member / "officers" / f"{officer}.locked"
        return officers.open_key(path, self.passphrase(f"{member}-{officer}"))

    def desk_pass(self, member: str) -> Path:
        """An agency's desk pass, issued at its first use."""
        path = self.folder / member / "desk.pass"
        if not path.exists():
            config = load_node(self.folder / member / "node.toml")
            passes.issue(config, path, 1, time.time)
        return path

    def stop(self) -> dict[str, int]:
        """End every process; returns the exit status of each."""
        running = {n: p for n, p in self.processes.items() if p.handle is not None}
        with ThreadPoolExecutor(max(len(running), 1)) as pool:
            statuses = pool.map(Process.stop, running.values())
            return dict(zip(running, statuses, strict=True))


def _together(work: Callable[[_S], _T], items: Sequence[_S]) -> list[_T]:
    """Do the same for several at once: unlocking keys is slow on purpose."""
    with ThreadPoolExecutor(max(len(items), 1)) as pool:
        return list(pool.map(work, items))


def _now() -> int:
    return int(time.time())


def _quiet(_: str) -> None:
    """Say nothing."""
