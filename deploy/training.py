"""The folder from which `compose.yaml` runs a training grid in containers.

`python -m deploy.training FOLDER` writes what people would write by hand: settings from
`deploy/etc`, staff, policies and cases of invented officers, the shipped sample as each
agency's register, random passphrases (mode 600), and `env` for `docker compose
--env-file`. It founds nothing and joins nobody; that is what is to be learned
(docs/installing.md). Every member is reached under its own name on the grid's network.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.demo import FIR, PLANS, SECTIONS
from deploy.etc import filled
from deploy.sample.make import make
from deploy.yard import FOUNDERS, HUB, Plan, Yard

AGENCIES = ("police", "customs", "prisons")
STATION = "audit-north"
SCHEME = Path(__file__).parents[1] / "node/childgrid_node/schemes/childgrid-2.json"
_STATE = "/var/lib/childgrid"
_SECRET = "/run/secrets/passphrase"  # noqa: S105 - where it lies, not what it is


class Containers(Yard):
    """A yard whose members are containers: fixed ports, names for addresses."""

    def address(self, name: str) -> str:
        """Where others reach that member."""
        return f"{name}:{7400 if name == HUB else 7420 if name == STATION else 7410}"

    def _settings(self, plan: Plan) -> str:
        """An agency's node.toml inside its container."""
        uses = ["provider"] * plan.holds + ["user"] * plan.asks
        return filled(
            "node.toml",
            {
                "member": plan.member,
                "title": plan.title,
                "uses": uses,
                "state_dir": _STATE,
                "passphrase_file": _SECRET,
                "announce": self.address(plan.member),
                "coordinator": {"member": HUB, "address": self.address(HUB)},
            },
        )

    def agency(self, plan: Plan, source: Path) -> None:
        """One agency's folder, with a desk for each of its officers."""
        self.prepare(plan, source)
        self.secret(plan.member)
        folder = self.folder / plan.member
        (folder / "state").mkdir(mode=0o700)
        for one in plan.staff:
            text = filled(
                "desk.toml",
                {
                    "member": plan.member,
                    "officer": one.id,
                    "key": f"{one.id}.locked",
                },
            )
            (folder / "officers" / f"{one.id}.toml").write_text(text)

    def others(self) -> None:
        """The coordinator's folder and the station's."""
        common = {"state_dir": _STATE, "passphrase_file": _SECRET}
        hub = filled("coordinator.toml", {**common, "member": HUB})
        where = {"coordinator": HUB, "coordinator_address": self.address(HUB)}
        station = filled("station.toml", {**common, **where, "member": STATION})
        for name, file, text in (
            (HUB, "coordinator.toml", hub),
            (STATION, "station.toml", station),
        ):
            (self.folder / name / "state").mkdir(parents=True, mode=0o700)
            (self.folder / name / file).write_text(text)
            self.secret(name)

    def founders(self) -> None:
        """The founders' folder: passphrases, the scheme and the tokens to come."""
        folder = self.folder / "founders"
        (folder / "secrets").mkdir(parents=True, mode=0o700)
        for name in (*FOUNDERS, "root"):
            path = folder / "secrets" / name
            self.secret(f"founder-{name}").rename(path)
        (folder / "childgrid-2.json").write_bytes(SCHEME.read_bytes())


def prepare(folder: Path, rows: int) -> Path:
    """Write the whole folder, which must not be there; returns it.

    Raises:
        FileExistsError: something stands there already.
        ValueError: too few rows; nothing was written.
    """
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), rows=rows)
        folder.mkdir(parents=True, mode=0o700)
        yard = Containers(folder.resolve())
        yard.founders()
        yard.others()
        for member in AGENCIES:
            yard.agency(PLANS[member], Path(name) / member)
    line = f"{FIR},fir,si-rao,investigating-officer,{' '.join(SECTIONS)}"
    yard.cases("police", [line])
    env = f"CHILDGRID_GRID={yard.folder}\nCHILDGRID_USER={os.getuid()}:{os.getgid()}\n"
    (folder / "env").write_text(env)
    return yard.folder


def main(words: Sequence[str] | None = None) -> int:
    """Write the folder that is named."""
    parser = argparse.ArgumentParser(prog="training", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=2_000, help="records an agency")
    chosen = parser.parse_args(words)
    try:
        print(f"{prepare(chosen.folder, chosen.rows)}: see docs/installing.md")
    except (ValueError, FileExistsError) as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
