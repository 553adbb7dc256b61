"""`childgrid-portal` as a process: it starts, is told who may come in, and ends."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from childgrid_node import agency
from childgrid_portal.web.__main__ import app
from childgrid_portal.web.training import Training
from childgrid_wire import certificates
from deploy.portals import Portals
from deploy.processes import Process, free_port, until
from deploy.yard import Person, Plan, Yard
from grid import Grid
from portal.stage import SETTINGS
from portal.test_command_line import Station


@dataclass
class Place:
    """A portal's settings beside a desk that listens."""

    folder: Path
    port: int

    @property
    def config(self) -> Path:
        """The settings."""
        return self.folder / "portal.toml"

    def write(self, desk: int, more: str = "") -> None:
        """Write the settings."""
        text = SETTINGS.format(member="police", port=self.port, desk=desk)
        self.config.write_text(text + more)

    def typed(self, *words: str) -> str:
        """What a command prints."""
        result = CliRunner().invoke(app, [*words, "--config", str(self.config)])
        assert result.exit_code == 0, result.exception
        return result.stdout

    def page(self, path: str) -> str | None:
        """A page as a browser gets it; None while nobody listens."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("GET", path, headers={"host": f"police.localhost:{self.port}"})
            return line.getresponse().read().decode()
        except ConnectionError:
            return None
        finally:
            line.close()


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """The police's desk of a training grid."""
    with ExitStack() as stack:
        grid = Grid(tmp_path_factory.mktemp("grid") / "grid")
        root = certificates.new_root("test", grid.now)
        made = Station(grid, tmp_path_factory.mktemp("desk"), root)
        made.serve("police", stack)
        yield made


@pytest.fixture
def place(station: Station, tmp_path: Path) -> Place:
    """A portal of it that nobody has started yet."""
    shutil.copy(station.pass_file("police"), tmp_path)
    made = Place(tmp_path, free_port())
    made.write(station.ports["police"])
    return made


def test_it_serves_until_it_is_told_to_end(place: Place) -> None:
    """Trainees on the page, an invitation meanwhile, status 0 at the end."""
    folder = place.folder / "training"
    origin = f"http://police.localhost:{place.port}"
    Training(folder, "police.localhost", origin).add("si-rao", "Meera Rao", "asks")
    with place.config.open("a") as file:
        file.write('training = "training"\n')
    output = place.folder / "output.txt"
    words = ["childgrid_portal.web", "serve", "--config", str(place.config)]
    process = Process("portal", words, output)
    process.start()
    try:
        page = until("the portal listens", 30, lambda: place.page("/sign-in"))
        told = place.typed("invite", "sp-nair", "--name", "Arjun Nair")
        listed = place.typed("officers")
    finally:
        status = process.stop()
    assert status == 0
    assert "TRAINING" in page
    assert "Meera Rao" in page
    assert told.splitlines()[:2] == [f"{origin}/enrol", "sp-nair"]
    assert listed.splitlines() == [
        "si-rao\tMeera Rao\tenrolled",
        "sp-nair\tArjun Nair\tinvited",
    ]
    assert output.read_text() == f"police: {origin}/\n"


def test_it_forgets_whom_it_is_told_to(place: Place) -> None:
    """And says what is still to be done at the node."""
    place.typed("invite", "sp-nair", "--name", "Arjun Nair")
    said = place.typed("forget", "sp-nair")
    assert "childgrid-node revoke officer sp-nair" in said
    assert place.typed("officers") == ""


def test_an_invitation_of_somebody_new_says_what_is_still_to_be_done(
    place: Place,
) -> None:
    """Beside the lines to be handed over, once: a slip in the id is found in time."""
    words = ["invite", "nobody", "--name", "A. Nair", "--config", str(place.config)]
    first, again = (CliRunner().invoke(app, words) for _ in range(2))

    assert first.stdout.splitlines()[1] == "nobody"
    assert len(first.stdout.splitlines()) == 3
    assert (
        "before staff.toml of the node has an officer of this very id" in first.stderr
    )
    assert "childgrid-portal forget nobody" in first.stderr
    assert again.exit_code == 0
    assert again.stderr == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["invite", "Si Rao", "--name", "S. Rao"], "the id as staff.toml of the node"),
        (["invite", "si-rao", "--name", " "], "--name: 1 to 80 signs"),
        (["forget", "si-roa"], "`childgrid-portal officers` lists who is"),
    ],
)
def test_a_name_that_is_none_is_told_with_what_to_do(
    place: Place, words: list[str], told: str
) -> None:
    """Nobody is invited or forgotten by it."""
    place.typed("invite", "sp-nair", "--name", "Arjun Nair")
    before = place.typed("officers")

    result = CliRunner().invoke(app, [*words, "--config", str(place.config)])

    assert told in str(result.exception)
    assert place.typed("officers") == before


def test_it_does_not_start_where_no_desk_answers(place: Place) -> None:
    """One line that says what to do, and a status for the service manager."""
    place.write(free_port())
    words = ["-m", "childgrid_portal.web", "serve", "--config", str(place.config)]
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.startswith("childgrid-portal: unreachable")
    assert len(done.stderr.splitlines()) == 1


def test_the_demo_s_officers_sign_by_the_keys_in_the_staff_list(tmp_path: Path) -> None:
    """Each officer's entry names the training passkey, and the node takes the list."""
    staff = tmp_path / "police/staff.toml"
    staff.parent.mkdir()
    people = (Person("si-rao", "investigator", 30), Person("cu-das", "custodian", 50))
    staff.write_text(
        "".join(
            f'[[officer]]\nid = "{one.id}"\nrole = "{one.role}"\nunit = "training"\n'
            f'rank = {one.rank}\ntraining = true\nkey = "AAAA"\n\n'
            for one in people
        )
    )
    portals = Portals(Yard(tmp_path))
    plan = Plan("police", "Police", "police-record", False, ("name",), people)
    portals.enrol(plan)

    for entry in agency.staff_body(staff, 0)["officers"]:
        assert (entry["algorithm"], entry["training"]) == ("webauthn", True)
        assert entry["origins"] == [portals.origin("police")]
    ports = json.loads((tmp_path / "ports.json").read_text())
    assert portals.origin("police").endswith(f":{ports['police-portal']}")
    assert set(portals.yard.signers) == {"police/si-rao", "police/cu-das"}
    guide = "\n".join(portals.guide())
    assert portals.origin("police") in guide
    assert "Meera Rao" in guide
