"""The chart: rendered by Helm itself, held against Kubernetes' schemas and our own."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from childgrid_audit import config as station
from childgrid_coordinator import config as coordinator
from childgrid_node import config as node
from childgrid_portal.web import config as portal
from deploy.zones import ROOT

CHART = ROOT / "deploy" / "chart"
PYTHON = ROOT / ".venv-deploy" / "bin" / "python"
LOADERS = {
    "coordinator": coordinator.load,
    "node": node.load,
    "portal": portal.load,
    "station": station.load,
}
PLACES = {
    "MEMBER": "police",
    "TITLE": "State police",
    "HOST": "police.example",
    "COORDINATOR": "ncrb-hub",
    "NODE-RELEASE": "police",
}
Documents = list[dict[str, Any]]
pytestmark = pytest.mark.skipif(
    not list((ROOT / ".venv-deploy").glob("lib/*/site-packages/helm_python")),
    reason="run `make deploy-install`; Helm has wheels for few machines",
)


def values(zone: str) -> dict[str, Any]:
    """A zone's values with all that its file leaves open."""
    text = (CHART / "zones" / f"{zone}.yaml").read_text("utf-8")
    for place, said in PLACES.items():
        text = text.replace(f"<{place}>", said)
    found: dict[str, Any] = yaml.safe_load(text)
    digest = "sha256:" + "ab" * 32
    secrets = {"passphrase": "police-passphrase", "cases": "police-cases"}
    if zone == "portal":
        secrets = {"deskPass": "police-desk", "tls": "police-tls"}
    return found | {
        "member": "police",
        "image": {"repository": f"images.example/childgrid-{zone}", "digest": digest},
        "secrets": secrets,
        "files": {"policy.toml": 'a = "{{ b }}"\n'} if zone == "node" else {},
        "sources": {"cctns.toml": "c = 1\n"} if zone == "node" else {},
        "setup": [["join", "--wait", "60"], ["index"]] if zone == "node" else [],
    }


WRONG: dict[str, dict[str, Any]] = {
    "a tag": {"image": {"repository": "r", "digest": "latest"}},
    "no image": {"image": {"repository": "", "digest": ""}},
    "an unknown zone": {"zone": "authority"},
    "no passphrase": {"secrets": {"cases": "police-cases"}},
    "a value for a secret": {"secrets": {"passphrase": "police", "password": "x"}},
    "an unknown value": {"replicas": 2},
    "a placeholder": {"settings": 'member = "<MEMBER>"'},
    "staff's passphrases": {"files": {"secrets.toml": ""}},
    "a nonsense rule": {"network": {"egress": [{"prots": []}]}},
}


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """What Helm made of every zone's values, and of every wrong one; one process."""
    cases = {zone: values(zone) for zone in LOADERS}
    cases |= {name: values("node") | change for name, change in WRONG.items()}
    done = subprocess.run(
        [PYTHON, Path(__file__).with_name("render.py"), CHART],
        input=json.dumps([{"values": one} for one in cases.values()]),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(cases, json.loads(done.stdout), strict=True))


def documents(answers: dict[str, Any], zone: str) -> Documents:
    """A zone's rendered documents."""
    found: Documents = answers[zone]["documents"]
    return found


def of(found: Documents, kind: str) -> dict[str, Any]:
    """The first document of a kind."""
    return next(one for one in found if one["kind"] == kind)


def faults(found: Documents) -> Iterator[str]:
    """Which of our rules the documents break."""
    spec = of(found, "StatefulSet")["spec"]
    pod = spec["template"]["spec"]
    if spec["replicas"] != 1:
        yield "two processes share a state"
    if (
        not pod["securityContext"]["runAsNonRoot"]
        or pod["automountServiceAccountToken"]
    ):
        yield "root, or an account of the cluster"
    for one in [*pod["containers"], *pod.get("initContainers", [])]:
        walls = one["securityContext"]
        if walls["allowPrivilegeEscalation"] or not walls["readOnlyRootFilesystem"]:
            yield f"{one['name']} may gain privileges or write"
        if walls["capabilities"] != {"drop": ["ALL"]}:
            yield f"{one['name']} keeps capabilities"
        if one.keys() & {"env", "envFrom"}:
            yield f"{one['name']} has variables"
        if not re.search(r"@sha256:[0-9a-f]{64}$", one["image"]):
            yield f"{one['name']} is named by a tag"
    if any(one["kind"] == "Secret" for one in found):
        yield "a secret is made of values"
    if set(of(found, "NetworkPolicy")["spec"]["policyTypes"]) != {"Ingress", "Egress"}:
        yield "the network is open"


def test_the_chart_is_of_this_release() -> None:
    """Its images are looked for under the version that the programs tell."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert chart["appVersion"] == project["version"]
    assert project["version"].startswith(chart["version"].partition("-")[0])


@pytest.mark.parametrize("zone", LOADERS)
def test_a_zone_is_rendered_as_kubernetes_takes_it(
    answers: dict[str, Any], zone: str
) -> None:
    """Helm, its linter and the cluster's schemas agree; our own rules hold."""
    assert answers[zone]["linted"] == []
    assert list(faults(documents(answers, zone))) == []


@pytest.mark.parametrize("zone", LOADERS)
def test_the_program_reads_the_settings_that_the_chart_lays_down(
    answers: dict[str, Any], zone: str, tmp_path: Path
) -> None:
    """Its own reader takes them; paths and ports are those that the pod has."""
    found = documents(answers, zone)
    texts = of(found, "ConfigMap")["data"]
    assert texts.get("policy.toml", 'a = "{{ b }}"\n') == 'a = "{{ b }}"\n'
    (tmp_path / f"{zone}.toml").write_text(texts[f"{zone}.toml"], "utf-8")
    loaded = LOADERS[zone](tmp_path / f"{zone}.toml")
    pod = of(found, "StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = [one["mountPath"] for one in container["volumeMounts"]]
    assert str(loaded.state_dir) in mounts
    assert loaded.listen == f"0.0.0.0:{container['ports'][0]['containerPort']}"
    for name in ("passphrase_file", "desk_pass", "certificate", "key"):
        if path := getattr(loaded, name, None):
            assert str(path.parent) in mounts
    for one in pod["volumes"]:
        assert one.get("secret", {"defaultMode": 0o440})["defaultMode"] == 0o440


@pytest.mark.parametrize("zone", ["coordinator", "node", "station"])
def test_probes_ask_by_grpc_where_the_settings_answer(
    answers: dict[str, Any], zone: str, tmp_path: Path
) -> None:
    """Who routes hears whether it serves; who restarts, only whether it answers."""
    found = documents(answers, zone)
    (tmp_path / "zone.toml").write_text(of(found, "ConfigMap")["data"][f"{zone}.toml"])
    socket = LOADERS[zone](tmp_path / "zone.toml").probe
    pod = of(found, "StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    asked = ["/usr/bin/python3", "-m", "childgrid_wire.probe", socket]
    assert container["readinessProbe"]["exec"]["command"] == asked
    for probe in ("startupProbe", "livenessProbe"):
        assert container[probe]["exec"]["command"] == [*asked, "--alive"]
    folder = str(Path(socket).parent)
    mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    (scratch,) = [one for one in pod["volumes"] if one["name"] == mounts[folder]]
    assert scratch["emptyDir"]["medium"] == "Memory"
    image = (ROOT / "deploy" / "containers" / zone / "Containerfile").read_text()
    assert f'ENTRYPOINT ["{asked[0]}", "-m"' in image


def test_a_portal_is_probed_at_its_port(answers: dict[str, Any]) -> None:
    """It speaks no gRPC."""
    pod = of(documents(answers, "portal"), "StatefulSet")["spec"]["template"]["spec"]
    assert "tcpSocket" in pod["containers"][0]["readinessProbe"]


def test_an_agencys_officers_are_reached_by_their_own_portal_only(
    answers: dict[str, Any],
) -> None:
    """The desk's port is open to the portal of the same member, and to nobody else."""
    rules = of(documents(answers, "node"), "NetworkPolicy")["spec"]["ingress"]
    (desk,) = [one for one in rules if one["ports"][0]["port"] == 7411]
    (who,) = desk["from"]
    wanted = who["podSelector"]["matchLabels"]
    pod = of(documents(answers, "portal"), "StatefulSet")["spec"]["template"]
    assert wanted.items() <= pod["metadata"]["labels"].items()
    assert wanted["childgrid/member"] == "police"
    assert set(who) == {"podSelector"}


def test_what_comes_before_the_first_start_is_run_in_order(
    answers: dict[str, Any],
) -> None:
    """Each a command of the node with its settings, behind the same walls."""
    pod = of(documents(answers, "node"), "StatefulSet")["spec"]["template"]["spec"]
    where = ["--config", "/etc/childgrid/node.toml"]
    assert [one["args"] for one in pod["initContainers"]] == [
        ["join", *where, "--wait", "60"],
        ["index", *where],
    ]


@pytest.mark.parametrize("name", WRONG)
def test_wrong_values_render_nothing(answers: dict[str, Any], name: str) -> None:
    """Refused before anything reaches a cluster."""
    assert "documents" not in answers[name]
    assert answers[name]["refused"]


def test_each_of_our_rules_can_be_broken(answers: dict[str, Any]) -> None:
    """A node's documents, each time with one thing changed, are named for it."""
    for change, said in (
        (lambda pod: pod["containers"][0].update(env=[]), "node has variables"),
        (
            lambda pod: pod["containers"][0].update(image="n:1"),
            "node is named by a tag",
        ),
        (lambda pod: pod.update(automountServiceAccountToken=True), "root, or"),
        (
            lambda pod: pod["initContainers"][0]["securityContext"].update(
                capabilities={}
            ),
            "setup-0 keeps capabilities",
        ),
    ):
        found = json.loads(json.dumps(documents(answers, "node")))
        change(of(found, "StatefulSet")["spec"]["template"]["spec"])
        assert [one for one in faults(found) if one.startswith(said)]
