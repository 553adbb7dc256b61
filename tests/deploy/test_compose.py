"""The training grid in containers: walls around each, and a folder that fits it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

from childgrid_audit import config as station
from childgrid_coordinator import config as coordinator
from childgrid_node import config as node
from childgrid_portal import config as desk
from deploy import training
from deploy.zones import ROOT

FILE = ROOT / "deploy" / "compose.yaml"
SCHEMAS = [*(ROOT / ".venv-deploy").glob("lib/*/*/*/*/vendor/compose-spec.json")]
DESKS = {f"{name}-desk" for name in training.AGENCIES}


def grid() -> dict[str, Any]:
    """The file, with its anchors put in."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def faults(services: dict[str, Any]) -> Iterator[str]:
    """Which of the rules a service breaks."""
    for name, one in services.items():
        if not (one.get("read_only") and one.get("cap_drop") == ["ALL"]):
            yield f"{name} has a writable root or capabilities"
        if one.get("security_opt") != ["no-new-privileges:true"]:
            yield f"{name} may gain privileges"
        if not str(one.get("user", "")).startswith("${CHILDGRID_USER:?"):
            yield f"{name} runs as root"
        if one.keys() & {"environment", "env_file", "privileged", "ports", "devices"}:
            yield f"{name} has a variable, a port or a device"
        if name in DESKS and one.get("network_mode") != f"service:{name[:-5]}":
            yield f"{name} is not on its own node's loopback"
        if name not in DESKS and one.get("networks") != ["grid"]:
            yield f"{name} is on another network"
        for secret in one.get("secrets", []):
            if secret["source"] != name:
                yield f"{name} gets the secret of {secret['source']}"


def test_every_service_stands_behind_the_walls() -> None:
    """Read-only, nobody, no capability, no variable, no port, its own secret only."""
    assert list(faults(grid()["services"])) == []
    assert grid()["networks"] == {"grid": {"internal": True}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"read_only": False}, "writable root"),
        ({"user": "0"}, "as root"),
        ({"environment": {"PASSPHRASE": "x"}}, "a variable"),
        ({"ports": ["7411:7411"]}, "a port"),
        ({"security_opt": []}, "gain privileges"),
        ({"networks": ["grid", "more"]}, "another network"),
        ({"secrets": [{"source": "customs"}]}, "secret of customs"),
    ],
)
def test_each_of_these_rules_can_be_broken(change: dict[str, Any], said: str) -> None:
    """A node with one thing changed is named for it."""
    services = grid()["services"]
    services["police"] = services["police"] | change
    assert any("police" in one and said in one for one in faults(services))


@pytest.mark.skipif(not SCHEMAS, reason="run `make deploy-install`")
def test_compose_would_take_the_file() -> None:
    """It fits the Compose specification's own schema; a misspelt key does not."""
    schema = json.loads(SCHEMAS[0].read_text("utf-8"))
    judge = validator_for(schema)(schema)
    assert list(judge.iter_errors(grid())) == []
    text = FILE.read_text("utf-8").replace("read_only:", "readonly:")
    (wrong, *_) = judge.iter_errors(yaml.safe_load(text))
    assert "readonly" in wrong.message


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared folder."""
    return training.prepare(tmp_path_factory.mktemp("training") / "grid", 400)


def test_all_that_is_mounted_is_there(folder: Path) -> None:
    """Every folder and every secret of the file, the secrets for their owner only."""
    loaded = grid()
    binds = [one for each in loaded["services"].values() for one in each["volumes"]]
    files = [one["file"] for one in loaded["secrets"].values()]
    for text in (*binds, *files):
        path = Path(
            re.sub(r"^\$\{CHILDGRID_GRID:\?\}", str(folder), text).split(":")[0]
        )
        assert path.exists(), path
    for path in [*map(Path, (folder / "secrets").iterdir())]:
        assert path.stat().st_mode & 0o777 == 0o600
    told = dict(line.split("=") for line in (folder / "env").read_text().splitlines())
    assert told.keys() == {"CHILDGRID_GRID", "CHILDGRID_USER"}


@pytest.mark.parametrize("words", [["--rows", "3"], ["--rows", "many"], []])
def test_a_wrong_word_leaves_no_half_made_folder(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said in one line, and the next attempt finds the place free."""
    place = tmp_path / "grid"
    with pytest.raises(SystemExit):
        training.main([str(place), *words] if words else [])

    assert "error: " in capsys.readouterr().err.splitlines()[-1]
    assert not place.exists()


def test_every_members_settings_fit_its_container(folder: Path) -> None:
    """State, passphrase and addresses are where the file mounts and names them."""
    services = grid()["services"]
    for name in training.AGENCIES:
        one = node.load(folder / name / "node.toml")
        assert one.announce == f"{name}:7410"
        assert one.desk.startswith("127.0.0.1:")
        assert one.coordinator.address == "ncrb-hub:7400"
        assert services[name]["volumes"][1].endswith(f":{one.state_dir}")
        assert str(one.passphrase_file) == "/run/secrets/passphrase"
        for path in (folder / name / "officers").glob("*.toml"):
            assert desk.load(path).address == one.desk
    hub = coordinator.load(folder / "ncrb-hub" / "coordinator.toml")
    assert hub.listen.endswith(":7400")
    north = station.load(folder / "audit-north" / "station.toml")
    assert north.coordinator_address == "ncrb-hub:7400"


def test_nothing_is_prepared_twice(folder: Path) -> None:
    """A folder that is there is not written over: it may hold a grid's only keys."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(FileExistsError):
        training.prepare(folder, 400)
    assert sorted(folder.rglob("*")) == before
