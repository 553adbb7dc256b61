"""The systemd units: they verify, they are tight, and no secret stands in them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from childgrid_audit.__main__ import app as audit
from childgrid_coordinator.__main__ import app as coordinator
from childgrid_node.__main__ import app as node
from childgrid_portal.web.__main__ import app as portal
from units import PROGRAMS, SYSTEM, SYSTEMD, USER, Unit, here, parsed, read

LOOSEST = 15
"""Of 100, systemd's own measure of exposure; an unprotected service has 96."""
LOOSEST_USER = 22
"""A user's manager can't drop what it doesn't hold; its own account remains."""
COMMANDS = {
    "childgrid-audit": audit,
    "childgrid-coordinator": coordinator,
    "childgrid-node": node,
    "childgrid-portal": portal,
}

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here"
)


def analyze(*words: str | Path) -> tuple[int, str]:
    """Run systemd-analyze; returns its status and all that it said."""
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", *map(str, words)],
        capture_output=True,
        text=True,
        env=os.environ | {"SYSTEMD_COLORS": "0", "XDG_RUNTIME_DIR": "/tmp"},  # noqa: S108
    )
    return done.returncode, done.stdout + done.stderr


def staged(folder: Path) -> Path:
    """All units side by side, with programs that are there."""
    for path in (*SYSTEM, *USER, *SYSTEMD.glob("*.timer")):
        (folder / path.name).write_text(here(path.read_text("utf-8")), "utf-8")
    return folder


@needs_systemd
def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    """Every unit verifies without a warning; a misspelt key gets one."""
    staged(tmp_path)
    system = [tmp_path / path.name for path in (*SYSTEM, *SYSTEMD.glob("*.timer"))]
    assert analyze("verify", "--man=no", *system) == (0, "")
    users = [tmp_path / path.name for path in USER]
    assert analyze("verify", "--man=no", "--user", *users) == (0, "")

    broken = tmp_path / "childgrid-coordinator.service"
    text = broken.read_text("utf-8").replace("ProtectHome=", "ProtectHomes=")
    broken.write_text(text, "utf-8")
    assert "ProtectHomes" in analyze("verify", "--man=no", broken)[1]


@needs_systemd
@pytest.mark.parametrize("path", [*SYSTEM, *USER], ids=lambda path: path.stem)
def test_a_unit_leaves_little_open(path: Path) -> None:
    """systemd's measure stays below the threshold for each unit."""
    most = LOOSEST_USER if path in USER else LOOSEST
    code, told = analyze("security", "--offline=true", f"--threshold={most}", path)
    assert code == 0, told


@needs_systemd
def test_a_unit_that_lost_its_walls_would_be_noticed(tmp_path: Path) -> None:
    """The same measure rejects a node that keeps its capabilities and devices."""
    loose = tmp_path / "childgrid-node@.service"
    text = (SYSTEMD / loose.name).read_text("utf-8")
    text = re.sub(r"^(CapabilityB|SystemCallF|PrivateD).*$", "", text, flags=re.M)
    loose.write_text(text, "utf-8")
    limit = f"--threshold={LOOSEST}"
    assert analyze("security", "--offline=true", limit, loose)[0] != 0


def faults(unit: Unit) -> list[str]:
    """What of our own rules a system unit breaks."""
    words = unit["Service.ExecStart"][0].split()
    environment = unit.get("Service.Environment", [])
    said = []
    if unit.get("Service.User", ["root"]) == ["root"]:
        said.append("runs as root")
    given = unit.get("Service.LoadCredential", [""])[0].split(":")[0]
    if given != "passphrase" and "portal.toml" not in words[-1]:
        said.append("gets no passphrase")
    if unit.get("Service.EnvironmentFile"):
        said.append("reads an environment file")
    if any(not one.startswith("XDG_CACHE_HOME=/") for one in environment):
        said.append("sets an environment variable")
    bounded = unit.get("Service.RestartPreventExitStatus") == ["2"]
    if (
        unit.get("Service.Restart")
        and not bounded
        and "Unit.StartLimitBurst" not in unit
    ):
        said.append("repeats a refused start for ever")
    return said


@pytest.mark.parametrize("path", SYSTEM, ids=lambda path: path.stem)
def test_a_service_is_nobody_and_keeps_no_secret_in_its_environment(path: Path) -> None:
    """An account of its own, the passphrase as a credential, no loop of refusals."""
    assert faults(read(path)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("User=childgrid-node", "", "runs as root"),
        ("LoadCredential=", "SetCredential=", "gets no passphrase"),
        ("Type=notify", "EnvironmentFile=/etc/secrets", "reads an environment file"),
        ("Type=notify", "Environment=PASSPHRASE=x", "sets an environment variable"),
        ("RestartPreventExitStatus=2", "", "repeats a refused start for ever"),
    ],
)
def test_each_of_these_rules_can_be_broken(old: str, new: str, said: str) -> None:
    """A node's unit with one line changed is named for exactly that."""
    text = (SYSTEMD / "childgrid-node@.service").read_text("utf-8")
    assert faults(parsed(text.replace(old, new, 1))) == [said]


@pytest.mark.parametrize("path", [*SYSTEM, *USER], ids=lambda path: path.stem)
def test_a_unit_starts_a_command_that_exists(path: Path) -> None:
    """Program, command and options are those of the programs; the zone is its own."""
    line = read(path)["Service.ExecStart"][0].removeprefix("/bin/sh -c 'exec ")
    program, command, *rest = line.split()
    assert program.startswith(f"/opt/childgrid/{PROGRAMS[path.name]}/bin/")
    group = typer.main.get_group(COMMANDS[Path(program).name])
    known = {name for one in group.commands[command].params for name in one.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_a_node_has_as_long_to_start_as_in_a_pod() -> None:
    """A start that is killed in its time is repeated for ever, and says nothing."""
    pod = (SYSTEMD.parent / "chart" / "templates" / "member.yaml").read_text("utf-8")
    probe = pod[pod.index("startupProbe") : pod.index("readinessProbe")]
    numbers = dict(re.findall(r"(periodSeconds|failureThreshold): (\d+)", probe))
    seconds = int(numbers["periodSeconds"]) * int(numbers["failureThreshold"])
    unit = (SYSTEMD / "childgrid-node@.service").read_text("utf-8")
    assert f"\nTimeoutStartSec={seconds // 60}min\n" in unit


def test_every_account_of_a_unit_is_made() -> None:
    """sysusers knows each user that a unit names, and none without a unit."""
    text = (SYSTEMD / "childgrid.sysusers").read_text("utf-8")
    made = set(re.findall(r"^u (\S+)", text, flags=re.M))
    assert {read(path)["Service.User"][0] for path in SYSTEM} == made


@pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not here"
)
def test_the_accounts_have_no_shell_and_no_home(tmp_path: Path) -> None:
    """systemd makes them as the file says, each with a group of its own."""
    (tmp_path / "etc").mkdir()
    make = ["systemd-sysusers", f"--root={tmp_path}", SYSTEMD / "childgrid.sysusers"]
    subprocess.run(make, check=True, capture_output=True)
    lines = (tmp_path / "etc" / "passwd").read_text("utf-8").splitlines()
    accounts = [one.split(":") for one in lines if one.startswith("childgrid-")]
    assert {read(path)["Service.User"][0] for path in SYSTEM} == {
        account[0] for account in accounts
    }
    assert {(one[5], Path(one[6]).name) for one in accounts} == {("/", "nologin")}
    assert len({one[3] for one in accounts}) == len(accounts)


SPY = '#!/bin/sh\nprintf "%s\\n" "$@"\n'


def asked(folder: Path, *words: str) -> tuple[int, list[str], str]:
    """Run childgrid-as with a systemd-run that only says what it was asked."""
    (folder / "systemd-run").write_text(SPY)
    (folder / "systemd-run").chmod(0o755)
    script = (SYSTEMD / "childgrid-as").read_text("utf-8")
    (folder / "as").write_text(script.replace("/etc/childgrid", f"{folder}/etc"))
    done = subprocess.run(
        ["sh", folder / "as", *words],
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize(
    ("unit", "place", "file"),
    [
        ("childgrid-node@.service", "node@police", "node.toml"),
        ("childgrid-station@.service", "station@north", "station.toml"),
        ("childgrid-coordinator.service", "coordinator", "coordinator.toml"),
        ("childgrid-portal@.service", "portal@police", "portal.toml"),
    ],
)
def test_a_single_command_runs_as_its_unit_would(
    tmp_path: Path, unit: str, place: str, file: str
) -> None:
    """Account, folders, passphrase, program and settings are the unit's own."""
    instance = place.partition("@")[2]
    folder = tmp_path / "etc" / place.replace("@", "/")
    folder.mkdir(parents=True)
    (folder / file).touch()
    code, words, told = asked(tmp_path, place, "doctor", "--more", "two words")
    assert (code, told) == (0, "")
    properties = [one.removeprefix("--property=") for one in words]
    ours = {
        key.removeprefix("Service."): values[0].replace("%i", instance)
        for key, values in read(SYSTEMD / unit).items()
    }
    for key in ("User", "Group", "UMask", "StateDirectoryMode"):
        assert f"{key}={ours[key]}" in properties
    state = ours["StateDirectory"]
    backup = state.replace("childgrid/", "childgrid/backup/")
    assert f"StateDirectory={state} {backup}" in properties
    given = ours.get("LoadCredential", "").replace("/etc/childgrid", f"{tmp_path}/etc")
    assert f"LoadCredential={given}" in properties
    program = ours["ExecStart"].split()[0]
    end = ["--", program, "doctor", "--config", f"{folder}/{file}"]
    assert words[words.index("--") :] == [*end, "--more", "two words"]


def test_a_sources_password_is_handed_to_single_commands_too(tmp_path: Path) -> None:
    """Each file of `credentials/` under its own name, as the unit's drop-in has it."""
    folder = tmp_path / "etc" / "node" / "police"
    (folder / "credentials").mkdir(parents=True)
    for name in ("node.toml", "credentials/cctns", "credentials/prisons"):
        (folder / name).touch()
    code, words, told = asked(tmp_path, "node@police", "check")
    assert (code, told) == (0, "")
    for name in ("cctns", "prisons"):
        given = f"{name}:{folder}/credentials/{name}"
        assert f"--property=LoadCredential={given}" in words
    (folder / "credentials" / "a b").touch()
    code, words, told = asked(tmp_path, "node@police", "check")
    assert (code, words) == (2, [])
    assert "rename" in told


def test_an_encrypted_passphrase_goes_before_one_in_the_clear(tmp_path: Path) -> None:
    """Where both lie there, only what systemd-creds encrypted is taken."""
    folder = tmp_path / "etc" / "node" / "police"
    folder.mkdir(parents=True)
    for name in ("node.toml", "passphrase", "passphrase.cred"):
        (folder / name).touch()
    words = asked(tmp_path, "node@police", "doctor")[1]
    taken = [one for one in words if "LoadCredential" in one]
    name = "--property=LoadCredentialEncrypted"
    assert taken == [f"{name}=passphrase:{folder}/passphrase.cred"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "usage"),
        (["node@police"], "usage"),
        (["authority", "found"], "no zone that has units"),
        (["node@../../root", "doctor"], "is no instance"),
        (["node@nowhere", "doctor"], "there is no"),
    ],
)
def test_a_command_for_nothing_runs_nothing(
    tmp_path: Path, words: list[str], said: str
) -> None:
    """Refused with what is wrong, before systemd is asked for anything."""
    code, ran, told = asked(tmp_path, *words)
    assert (code, ran) == (2, [])
    assert said in told
