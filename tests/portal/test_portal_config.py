"""A portal starts on settings that are right, and on no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from childgrid_portal.line import Greeting
from childgrid_portal.web.config import PortalConfig, load
from childgrid_portal.web.serve import bind, server, trainees
from childgrid_wire.errors import ConfigurationRefused
from childgrid_wire.keyfile import write_private
from deploy.etc import filled

RIGHT = {
    "member": "police",
    "title": "State Police",
    "origin": "https://desk.police.example",
    "rp_id": "police.example",
    "listen": "127.0.0.1:8443",
    "desk": "127.0.0.1:7411",
    "desk_pass": "desk.pass",
    "state_dir": "state",
}


def written(folder: Path, **changes: object) -> PortalConfig:
    """Settings with changes; None leaves one out."""
    table = {**RIGHT, **changes}
    lines = [
        f"{name} = {value if isinstance(value, int) else repr(value)}"
        for name, value in table.items()
        if value is not None
    ]
    path = folder / "portal.toml"
    path.write_text("\n".join(lines))
    return load(path)


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    """And what is left out is as the manual says."""
    config = written(tmp_path)
    assert config.desk_pass == tmp_path / "desk.pass"
    assert config.training is None
    assert (config.host, config.secure) == ("desk.police.example", True)
    assert config.utc_offset == 19_800


def test_what_is_shipped_as_an_example_is_right(tmp_path: Path) -> None:
    """Word for word."""
    path = tmp_path / "portal.toml"
    path.write_text(filled("portal.toml", {}))
    assert load(path).member == "police"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"origin": "http://desk.police.example"}, "origin"),
        ({"origin": "https://desk.police.example/"}, "origin"),
        (
            {"origin": "https://desk.police.example", "rp_id": "customs.example"},
            "rp_id",
        ),
        ({"rp_id": "olice.example"}, "rp_id"),
        ({"listen": "0.0.0.0:8443"}, "listen"),
        ({"listen": "desk.police.example:8443"}, "listen"),
        ({"listen": "127.0.0.1:99999"}, "listen"),
        ({"certificate": "a.pem"}, "key"),
        (
            {"origin": "http://a.localhost", "rp_id": "localhost", "listen": "[::]:1"},
            "listen",
        ),
        ({"colour": "blue"}, "colour"),
        ({"sitting_minutes": 481}, "sitting_minutes"),
        ({"state_dir": None}, "state_dir"),
    ],
)
def test_it_refuses_to_start_rather_than_guess(
    tmp_path: Path, changes: dict[str, object], named: str
) -> None:
    """The setting at fault is named."""
    written(tmp_path)
    with pytest.raises(ConfigurationRefused, match=named):
        written(tmp_path, **changes)


def test_plain_http_is_for_a_name_of_this_machine(tmp_path: Path) -> None:
    """Whose browser takes it for as safe as https."""
    here = {"origin": "http://police.localhost:8443", "rp_id": "police.localhost"}
    assert not written(tmp_path, **here).secure
    with pytest.raises(ConfigurationRefused, match="origin"):
        written(tmp_path, origin="http://localhost.police.example")


@pytest.mark.threat("T28")
def test_training_passkeys_are_refused_on_a_production_grid(tmp_path: Path) -> None:
    """The directory says of which kind a grid is; the settings cannot."""
    config = written(tmp_path, training="training")
    with pytest.raises(ConfigurationRefused, match="training"):
        trainees(config, Greeting("police", "The grid", training=False))
    assert trainees(config, Greeting("police", "The grid", training=True)) is not None


def test_a_port_that_is_taken_and_a_key_that_is_none_are_named(tmp_path: Path) -> None:
    """Before anything is served."""
    config = written(tmp_path, listen="127.0.0.1:0")
    with bind(config) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationRefused, match="port"):
            bind(written(tmp_path, listen=f"127.0.0.1:{port}"))
    for name in ("a.pem", "b.pem"):
        write_private(tmp_path / name, b"none")
    own = written(tmp_path, certificate="a.pem", key="b.pem")
    with pytest.raises(ConfigurationRefused, match="certificate"):
        server(own, None)
    (tmp_path / "b.pem").chmod(0o640)
    with pytest.raises(ConfigurationRefused, match=r"b\.pem must be readable by its"):
        server(own, None)
