"""The officers' portals of a yard: settings, software passkeys, processes.

Each officer of an agency that has a portal signs by a training passkey, at the page as
at the command line: the staff list knows one key of each. Whoever reaches a page can be
any of them, which is what a training grid is for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from childgrid_portal.web.training import Training
from childgrid_wire import canonical
from deploy.etc import filled
from deploy.yard import Plan, Yard

CAST = {
    "si-rao": ("Meera Rao", "Sub-Inspector: asks who knows a suspect, for the FIR."),
    "sp-nair": ("Arjun Nair", "Superintendent: approves what officers ask."),
    "cu-das": ("Leela Das", "Custodian: decides on the police's own records."),
    "pp-menon": ("Anand Menon", "Prosecutor: reads what was disclosed for the case."),
    "it-bose": ("Tara Bose", "Agency IT: sees how the node is, never a case."),
    "cu-mehta": ("Rohan Mehta", "Custodian: decides on Customs' records."),
}
"""Invented people: name, and what they do in the exercise."""


@dataclass
class Portals:
    """The portals of some agencies of a yard."""

    yard: Yard
    trainings: dict[str, Training] = field(default_factory=dict)

    def _port(self, member: str) -> int:
        return self.yard.port(f"{member}-portal")

    def origin(self, member: str) -> str:
        """The address that officers open."""
        return f"http://{member}.localhost:{self._port(member)}"

    def enrol(self, plan: Plan) -> None:
        """Give an agency's officers training passkeys; before its node starts."""
        folder = self.yard.folder / plan.member
        rp_id, origin = f"{plan.member}.localhost", self.origin(plan.member)
        training = Training(folder / "portal" / "training", rp_id, origin)
        self.trainings[plan.member] = training
        for person in plan.staff:
            name, hint = CAST[person.id]
            training.add(person.id, name, hint)
            signer = training.signer(plan.member, person.id)
            self.yard.signers[signer.keyid] = signer
        path = folder / "staff.toml"
        path.write_text(_with_passkeys(path.read_text(), training))

    def start(self, plan: Plan) -> None:
        """Start an agency's portal beside its running node."""
        member, folder = plan.member, self.yard.folder / plan.member
        text = filled(
            "portal.toml",
            {
                "member": member,
                "title": plan.title,
                "origin": self.origin(member),
                "rp_id": f"{member}.localhost",
                "listen": self.yard.address(f"{member}-portal"),
                "desk": self.yard.address(f"{member}-desk"),
                "desk_pass": str(self.yard.desk_pass(member)),
                "state_dir": "portal",
            },
        )
        path = folder / "portal.toml"
        path.write_text(f'{text}training = "portal/training"\n')
        name = f"{member}-portal"
        self.yard.start(name, ["childgrid_portal.web", "serve", "--config", str(path)])
        self.yard.wait_for(name, name)

    def guide(self) -> list[str]:
        """Where to go and as whom."""
        lines = ["The portals (open in a browser on this machine; TRAINING):"]
        for member, training in self.trainings.items():
            lines.append(f"  {self.origin(member)}/")
            lines += [
                f"      {one.officer:9} {one.name}: {one.hint}"
                for one in training.trainees.values()
            ]
        return [
            *lines,
            "  Choose an officer on the page, then press “Use the training passkey”:",
            "  once to sign in, once to open the desk, once for whatever is signed.",
        ]


def _with_passkeys(staff: str, training: Training) -> str:
    """The staff list with each officer's signing passkey in place of the key."""
    head, *entries = staff.split("[[officer]]\n")
    return "[[officer]]\n".join([head, *(_entry(one, training) for one in entries)])


def _entry(entry: str, training: Training) -> str:
    lines = entry.splitlines()
    known = dict(line.partition(" = ")[::2] for line in lines if " = " in line)
    key = training.trainees[json.loads(known["id"])].signing
    kept = [line for line in lines if not line.startswith("key = ") and line]
    values: Mapping[str, object] = {
        "algorithm": "webauthn",
        "key": canonical.to_b64(key.spki),
        "rp_id": key.rp_id,
        "origins": [key.origin],
    }
    added = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join([*kept, *added]) + "\n\n"
