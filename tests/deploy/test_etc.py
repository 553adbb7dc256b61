"""The settings that are shipped as examples: every program reads them as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from nacl.signing import SigningKey

from childgrid_audit import config as station
from childgrid_coordinator import config as coordinator
from childgrid_node import agency, cases
from childgrid_node import config as node
from childgrid_node.mapping import Mapping
from childgrid_portal import config as desk
from childgrid_portal.web import config as portal
from childgrid_wire import canonical
from childgrid_wire.errors import ConfigurationRefused
from deploy.etc import HERE, filled

CREDENTIAL = "$CREDENTIALS_DIRECTORY"


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (node.load, "node.toml"),
        (coordinator.load, "coordinator.toml"),
        (station.load, "station.toml"),
        (desk.load, "desk.toml"),
        (portal.load, "portal.toml"),
    ],
)
def test_each_program_reads_its_example(load: object, name: str) -> None:
    """The real reader takes the file; the passphrase comes as a credential."""
    assert callable(load)
    settings = load(HERE / name)
    if name not in ("desk.toml", "portal.toml"):
        assert CREDENTIAL in settings.passphrase_file.parts


def test_an_agencys_files_say_what_the_node_understands(tmp_path: Path) -> None:
    """Policy, staff, cases and a source's mapping; each agency puts its own keys."""
    (rule,) = agency.policy_body(HERE / "policy.toml")["rules"]
    assert rule["category"] == "police-record"
    with pytest.raises(ConfigurationRefused, match="the key of officer si-rao"):
        agency.staff_body(HERE / "staff.toml", 1_800_000_000)
    key = canonical.to_b64(bytes(SigningKey.generate().verify_key))
    text = (HERE / "staff.toml").read_text("utf-8").replace('"KEY"', f'"{key}"')
    (tmp_path / "staff.toml").write_text(text, "utf-8")
    (officer,) = agency.staff_body(tmp_path / "staff.toml", 1_800_000_000)["officers"]
    (case,) = cases.read(HERE / "cases.csv")
    assert (case.officer, case.sections) == (officer["id"], ("BNS:143", "BNS:144"))
    mapping = Mapping.read(HERE / "sources" / "cctns.toml")
    assert mapping.category == rule["category"]


def test_no_example_holds_a_password() -> None:
    """Databases are reached by socket, certificate or password file, never by URL."""
    texts = [path.read_text("utf-8") for path in HERE.rglob("*.toml")]
    assert len(texts) >= 8
    for line in (line for text in texts for line in text.splitlines()):
        assert "://" not in line or ":" not in line.split("://")[1].split("@")[0]
    assert "passfile=" in "".join(texts)


def test_an_example_is_filled_in_and_nothing_else_of_it_changes() -> None:
    """Values go where the example has the key, in its table; the rest stays."""
    plain = (HERE / "node.toml").read_text("utf-8")
    text = filled("node.toml", {"uses": ["user"], "coordinator": {"address": "h:1"}})
    changed = set(text.splitlines()) - set(plain.splitlines())
    assert changed == {'uses = ["user"]', 'address = "h:1"'}
    assert len(text.splitlines()) == len(plain.splitlines())


@pytest.mark.parametrize(
    "values", [{"adress": "h:1"}, {"address": "h:1"}, {"coordinator": {"member": "x"}}]
)
def test_only_what_an_example_has_can_be_filled_in(values: dict[str, str]) -> None:
    """A key of another table, or of none, is refused by name; its own is taken."""
    if "coordinator" in values:
        assert 'member = "x"' in filled("node.toml", values)
        return
    with pytest.raises(KeyError):
        filled("node.toml", values)
