"""One case on a grid of this machine, from founding to a verified audit.

`python -m deploy.demo` founds a training grid with real processes and mutual TLS,
joins four agencies and two auditors' stations, asks for one suspect whom three of
them know, discloses from two, is refused by one, and verifies the exported audit
offline. Every step is printed with its time. `--serve` leaves the grid running.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from deploy.portals import Portals
from deploy.processes import Clockwork, until
from deploy.sample.make import make
from deploy.sample.story import FIR
from deploy.stations import Stations, summary
from deploy.yard import Person, Plan, Yard

FOLDER = Path(".demo")
AUDITORS = ("audit-north", "audit-south")
SECTIONS = ("BNS:143", "POCSO:11")
WITH_PORTAL = ("police", "customs")
PLANS = {
    "police": Plan(
        "police",
        "State Police, AHTU",
        "police-record",
        False,
        ("name", "relative", "address", "phone", "offences", "status"),
        (
            Person("si-rao", "investigator", 30),
            Person("sp-nair", "supervising-officer", 60),
            Person("cu-das", "custodian", 50),
            Person("pp-menon", "prosecutor", 40),
            Person("it-bose", "agency-it", 10),
        ),
        asks=True,
    ),
    "customs": Plan(
        "customs",
        "Customs",
        "movement",
        False,
        ("name", "passport", "nationality", "phone", "flight", "arrival"),
        (Person("cu-mehta", "custodian", 50),),
    ),
    "prisons": Plan(
        "prisons",
        "Prisons",
        "custody",
        False,
        ("name", "relative", "district", "offences", "admitted", "released"),
        (Person("cu-singh", "custodian", 50),),
    ),
    "childcare": Plan(
        "childcare",
        "Child Protection",
        "child-protection",
        True,
        ("name", "relative", "role", "recorded"),
        (Person("cu-sen", "custodian", 50),),
    ),
    "transport": Plan(
        "transport",
        "Transport",
        "vehicle",
        False,
        ("name", "relative", "address", "driving_licence", "vehicle"),
        (Person("cu-iyer", "custodian", 50),),
    ),
}


class Story:
    """The case, step by step; each method is one chapter."""

    def __init__(self, folder: Path) -> None:
        self.yard = Yard(folder)
        self.clock = Clockwork(lambda line: print(line, flush=True))
        self.folder = folder
        self.stations = Stations(self.yard, AUDITORS)
        self.portals = Portals(self.yard)

    def tell(self) -> None:
        """The whole story."""
        self.found()
        self.join()
        self.index()
        self.ask()
        self.join_late()
        self.return_of_the_offline()
        self.request()
        self.decide()
        self.profile()
        self.audit()

    def found(self) -> None:
        """Sample tables, three founders, the coordinator."""
        self.sample = make(self.folder / "sample")
        self.clock.step("sample: five agencies' tables of invented people")
        authority = self.yard.found()
        self.clock.step(f"founded: root fingerprint {authority.fingerprint[:16]}…")
        self.yard.coordinator()
        self.clock.step("the coordinator joined by files and runs")

    def join(self) -> None:
        """Four agencies and two auditors' stations; the linkage key's ceremony."""
        yard = self.yard
        self.configs = {
            name: yard.prepare(plan, self.folder / "sample" / name)
            for name, plan in PLANS.items()
            if name != "transport"
        }
        for name in WITH_PORTAL:
            self.portals.enrol(PLANS[name])
        sections = " ".join(SECTIONS)
        line = f"{FIR},fir,si-rao,investigating-officer,{sections},pp-menon"
        yard.cases("police", [line], ",prosecutor")
        first = list(self.configs.values())
        fingerprints = dict(zip(self.configs, yard.enrol(first), strict=True))
        self.stations.enrol()
        admitted = yard.admit()
        yard.settle(first)
        self.stations.settle()
        self.clock.step(f"{admitted} members enrolled, admitted by two founders")
        yard.ceremony(first[:3])
        yard.wrap(first[:2], first[3], fingerprints["childcare"])
        yard.settle(first)
        self.clock.step("linkage key made by three, wrapped by two for childcare")
        yard.witnesses([*self.configs, *AUDITORS], quorum=4, faults=1)
        self.clock.step("witnesses named: any 4 must cosign, 1 may be offline")

    def index(self) -> None:
        """Every agency indexes its own table; all but one start."""
        for name, config in self.configs.items():
            said = self.yard.index(config)
            self.clock.step(f"index {said[0]}")
            for line in said[1:]:
                print(f"                 {name}:{line}")
        self.stations.start()
        self.yard.serve(*self.configs.values())
        self.clock.step("auditors' stations and four nodes run")

    def ask(self) -> None:
        """The officer asks, the supervisor approves; one agency is offline."""
        yard = self.yard
        self.officer = yard.desk(self.configs["police"], "si-rao")
        self.supervisor = yard.desk(self.configs["police"], "sp-nair")
        self.yard.await_documents("police", ["customs", "prisons", "childcare"])
        yard.processes["prisons"].stop()
        self.clock.step("prisons goes offline")
        self.query = self._ask(self.sample.suspect)
        self.clock.step("asked: drafted, signed, approved by the supervisor, sent")
        answers = until("two agencies answer", 30, lambda: self._answered(2))
        self._say_answers(answers)
        self.clock.step("answers of those online")

    def _ask(self, suspect: Mapping[str, tuple[str, ...]]) -> str:
        known = {**suspect, "age_as_of": (str(self.sample.asked_on),)}
        query = self.officer.ask(
            {key: list(value) for key, value in known.items()},
            purpose="investigation",
            sections=list(SECTIONS),
            case=FIR,
            targets=["customs", "prisons", "childcare"],
        )
        self.supervisor.approve(query)
        return query

    def _answered(self, count: int) -> dict[str, Any] | None:
        shown = self.officer.look("answers", self.query)["targets"]
        there = [one for one in shown.values() if one["outcome"] != "not answered"]
        return shown if len(there) >= count else None

    def _say_answers(self, answers: dict[str, Any]) -> None:
        for agency, one in answers.items():
            line = f"                 {agency}: {one['outcome']}"
            for found in one.get("candidates", ()):
                line += f"; {found['band']}, expect about {found['others']} others"
            print(line)

    def join_late(self) -> None:
        """A fifth agency, with columns never seen before, joins the running grid."""
        yard = self.yard
        config = yard.prepare(PLANS["transport"], self.folder / "sample" / "transport")
        (fingerprint,) = yard.enrol([config])
        yard.admit()
        yard.settle([config])
        wrappers = [self.configs["police"], self.configs["customs"]]
        yard.wrap(wrappers, config, fingerprint)
        yard.settle([config])
        said = yard.index(config)
        yard.serve(config)
        self.configs["transport"] = config
        self.clock.step(f"transport joined late and serves: {said[0]}")

    def return_of_the_offline(self) -> None:
        """The offline agency comes back and answers; a silent hit is released."""
        yard = self.yard
        yard.processes["prisons"].start()
        yard.wait_for("prisons", "prisons-desk")
        answers = until("prisons answers", 60, lambda: self._answered(3))
        self._say_answers(answers)
        self.clock.step("prisons came back and answered the waiting query")
        custodian = yard.desk(self.configs["childcare"], "cu-sen")
        silent = custodian.look("silent")["silent"]
        custodian.approve(silent[0]["hash"], slot="silent-hit")
        self.answers = until("the silent hit is told", 30, self._three_hits)
        self.clock.step("childcare's custodian said its silent hit aloud")

    def _three_hits(self) -> dict[str, Any] | None:
        shown = self._answered(3)
        hits = [one for one in (shown or {}).values() if one["outcome"] == "hit"]
        return shown if len(hits) == 3 else None

    def request(self) -> None:
        """The officer asks three holders for fields; the supervisor approves."""
        self.requests = {}
        for holder in ("customs", "prisons", "childcare"):
            handle = self.answers[holder]["candidates"][0]["handle"]
            name = self.officer.request(
                self.query,
                holder,
                handle,
                PLANS[holder].fields,
                "to find the accused before the next hearing",
            )
            self.supervisor.approve(name)
            self.requests[holder] = name
        self.clock.step("three requests, each approved on the asking side")

    def decide(self) -> None:
        """One custodian grants, one narrows, one refuses."""
        for holder, officer in (
            ("customs", "cu-mehta"),
            ("prisons", "cu-singh"),
            ("childcare", "cu-sen"),
        ):
            desk = self.yard.desk(self.configs[holder], officer)
            name = self.requests[holder]
            until(f"{holder} has the request", 30, partial(_has, desk, name))
            if holder == "customs":
                desk.approve(name)
            elif holder == "prisons":
                desk.approve(name, ["name", "offences", "released"])
            else:
                desk.refuse(name, "not-necessary")
        self.clock.step(
            "customs granted, prisons narrowed to 3 fields, childcare refused"
        )

    def profile(self) -> None:
        """Two records arrive with their proofs; the profile lists every source."""
        profile = until("two disclosures and a refusal", 60, self._complete, 0.1)
        for source in profile["sources"]:
            for one in source["requests"]:
                names = ", ".join(one["record"].get("fields", {})) or one["reason"]
                print(f"                 {source['agency']}: {one['state']}: {names}")
        self._check_truth(profile)
        self.clock.step("profile: two disclosed with proof, one denied")

    def _complete(self) -> dict[str, Any] | None:
        profile = self.officer.look("profile", self.query)
        states = [r["state"] for s in profile["sources"] for r in s["requests"]]
        return (
            profile if sorted(states) == ["denied", "disclosed", "disclosed"] else None
        )

    def _check_truth(self, profile: dict[str, Any]) -> None:
        """The records that were disclosed are the planted ones."""
        for source in profile["sources"]:
            for one in source["requests"]:
                expected = self.sample.records[source["agency"]]
                if one["record"] and one["record"]["record"] != expected:
                    raise SystemExit(f"{source['agency']} disclosed another record")

    def audit(self) -> None:
        """Mirror the logs, export them, verify offline."""
        self.stations.await_cosigned(list(self.configs))
        verdict = self.stations.audit(AUDITORS[0], self.folder / "audit")
        for line in summary(verdict):
            print(f"                 {line}")
        if not verdict.holds:
            raise SystemExit("the audit does not verify")
        files = sum(1 for path in (self.folder / "audit").rglob("*") if path.is_file())
        self.clock.step(f"audit exported to .demo/audit ({files} files) and verified")
        if self.stations.verify_again(self.folder / "audit"):
            raise SystemExit("the second verifier found what the first did not")
        self.clock.step("verified again by a program that shares no code with ours")

    def serve(self) -> None:
        """The officers' portals of two agencies, where the story can be looked at."""
        for name in WITH_PORTAL:
            self.portals.start(PLANS[name])
        self.clock.step("two portals run")
        for line in self.portals.guide():
            print(line, flush=True)


def _has(desk: Any, name: str) -> bool | None:  # noqa: ANN401
    waiting = desk.look("inbox")["waiting"]
    return any(one["hash"] == name for one in waiting) or None


def main() -> int:
    """Tell the story; returns the exit status."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--serve", action="store_true", help="leave the grid running")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.folder, ignore_errors=True)
    arguments.folder.mkdir(parents=True, mode=0o700)
    story = Story(arguments.folder.resolve())
    try:
        story.tell()
        if arguments.serve:
            story.serve()
            _keep(story.yard)
    finally:
        ended = story.yard.stop()
    story.clock.step(f"{len(ended)} processes ended: {sorted(set(ended.values()))}")
    return 0 if set(ended.values()) <= {0} else 1


def _keep(yard: Yard) -> None:
    print("TRAINING grid runs; ports:", yard.ports, "stop it with Ctrl-C", flush=True)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    ending.wait()


if __name__ == "__main__":
    sys.exit(main())
