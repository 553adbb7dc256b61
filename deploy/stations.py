"""Auditors' stations of a training grid: joining, witnessing, and the audit itself."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from childgrid_audit import config as settings_of
from childgrid_audit import join as verb
from childgrid_audit.bundle import Folder
from childgrid_audit.config import Settings
from childgrid_audit.disclosures import disclosures, searches
from childgrid_audit.export import export
from childgrid_audit.mirror import Mirror
from childgrid_audit.station import Station
from childgrid_audit.verify import Verdict, Verifier
from childgrid_wire.channel import Dialer
from childgrid_wire.enrolment import Token
from childgrid_wire.pb.coordinator_pb2 import EnrolResponse
from deploy.etc import filled
from deploy.processes import until
from deploy.yard import HUB, Yard

SECOND = Path(__file__).parents[1] / "audit" / "second" / "verify.py"


class Stations:
    """The auditors of one yard; see the module."""

    def __init__(self, yard: Yard, names: Sequence[str]) -> None:
        self.yard, self.names = yard, names

    def _settings(self, name: str) -> Settings:
        return settings_of.load(self.yard.folder / name / "station.toml")

    def enrol(self) -> None:
        """Make each station's keys and hand its enrolment in."""
        for name in self.names:
            folder = self.yard.folder / name
            folder.mkdir(parents=True)
            (folder / "station.toml").write_text(
                filled(
                    "station.toml",
                    {
                        "member": name,
                        "state_dir": str(folder / "state"),
                        "passphrase_file": str(self.yard.secret(name)),
                        "coordinator_address": self.yard.address(HUB),
                        "coordinator": HUB,
                        "listen": self.yard.address(name),
                        "refresh_seconds": 1.0,
                    },
                )
            )
            self.yard.token(name, "auditor")
            self._hand_in(name)

    def settle(self) -> None:
        """Install what the founders answered."""
        for name in self.names:
            settings, token = self._settings(name), self._token(name)
            answer = self._hand_in(name)
            verb.install(
                settings,
                self.yard.passphrase(name),
                verb.fetch_documents(token),
                answer.issuer.encode(),
                answer.root.encode(),
                int(time.time()),
            )

    def _token(self, name: str) -> Token:
        return Token.read(self.yard.folder / "tokens" / f"{name}.json")

    def _hand_in(self, name: str) -> EnrolResponse:
        settings, token = self._settings(name), self._token(name)
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        envelope, _ = verb.enrol(
            settings,
            self.yard.passphrase(name),
            token,
            f"Auditor {name}",
            self.yard.address(name),
            int(time.time()),
        )
        return verb.hand_in(token, envelope)

    def start(self) -> None:
        """Start the stations; they witness from now on."""
        for name in self.names:
            path = self.yard.folder / name / "station.toml"
            self.yard.start(name, ["childgrid_audit", "witness", "--config", str(path)])
        for name in self.names:
            self.yard.wait_for(name, name)

    def await_cosigned(self, members: Sequence[str], seconds: float = 60.0) -> None:
        """Wait until every log has been cosigned up to its last leaf."""
        paths = {
            name: next((self.yard.folder / name / "state").rglob("log.db"))
            for name in (*members, HUB)
        }
        until(
            "every log is cosigned",
            seconds,
            lambda: all(map(_cosigned, paths.values())) or None,
            0.2,
        )

    def audit(self, name: str, folder: Path) -> Verdict:
        """Mirror every log at station `name`, export to `folder`, verify offline."""
        settings = self._settings(name)
        station = Station.open(settings.state_dir, self.yard.passphrase(name))
        dialer = Dialer(station.identity.credentials("auditor"))
        try:
            mirror = Mirror(station)
            mirror.fetch_board(dialer, self.yard.address(HUB), HUB)
            self.mirrored = mirror.run(mirror.sources(dialer))
            export(station, folder)
        finally:
            dialer.close()
            station.close()
        return Verifier(self._root).verify(Folder(folder))

    @property
    def _root(self) -> str:
        return (self.yard.folder / "root").read_text().strip()

    def verify_again(self, folder: Path) -> int:
        """Run the second verifier, a program of its own; returns its exit status."""
        command = [sys.executable, str(SECOND), str(folder), "--root", self._root]
        return subprocess.run(command, check=False).returncode


def summary(verdict: Verdict) -> list[str]:
    """What the audit lists: searches, disclosures, findings."""
    lines = [f"search: {line}" for line in searches(verdict)]
    lines += [f"disclosure: {line}" for line in disclosures(verdict)]
    return lines + [f"FINDING: {finding}" for finding in verdict.findings]


def _cosigned(path: Path) -> bool:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        leaves = db.execute(
            "SELECT coalesce(max(idx) + 1, 0) FROM log_leaf"
        ).fetchone()[0]
        seen = db.execute("SELECT coalesce(max(size), 0) FROM log_cosigned")
        return bool(leaves == seen.fetchone()[0])
