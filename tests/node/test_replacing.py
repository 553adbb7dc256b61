"""Which token a node enrols with, where one is kept and another is handed to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from childgrid_authority.authority import Authority
from childgrid_node import joining
from childgrid_node.config import CoordinatorConfig, NodeConfig
from childgrid_wire import enrolment
from childgrid_wire.enrolment import Token
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused, Unreachable
from founders import NOW, grid, light_locks, make_token

DAY = 86_400


@dataclass
class Newcomer:
    """`delta` at its first steps; the coordinator is away."""

    config: NodeConfig
    authority: Authority
    time: float = NOW

    def step(self, token: Path | None = None) -> None:
        """`childgrid-node join`, which gets no farther than the coordinator's door."""
        with pytest.raises(Unreachable):
            joining.step(self.config, token, lambda: self.time)

    @property
    def asked(self) -> str:
        """The name of the token that it enrols with."""
        path = self.config.state_dir / "enrolment.dsse"
        return str(enrolment.verify(path.read_bytes())["token"])

    def token(self, name: str, days: int = 0) -> tuple[Path, Token]:
        """A file with a token of the founders', so many days later than others."""
        made = make_token(
            self.authority, "delta", coordinator=("hub", "127.0.0.1:1"), now=NOW
        )
        made = replace(made, expires=made.expires + days * DAY)
        path = self.config.state_dir.parent / name
        made.write(path)
        return path, made


@pytest.fixture(name="new")
def _new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newcomer:
    light_locks(monkeypatch)
    (tmp_path / "sources").mkdir()
    (tmp_path / "passphrase").write_text("correct horse battery")
    (tmp_path / "passphrase").chmod(0o600)
    config = NodeConfig(
        member="delta",
        title="Delta",
        state_dir=tmp_path / "state",
        passphrase_file=tmp_path / "passphrase",
        sources=tmp_path / "sources",
        coordinator=CoordinatorConfig(member="hub", address="127.0.0.1:1"),
    )
    return Newcomer(config, grid(tmp_path / "authority", NOW))


def test_a_token_that_is_named_takes_the_place_of_the_one_before(new: Newcomer) -> None:
    """Once is enough; and each of them may be deleted when it has been read."""
    first, made = new.token("first")
    new.step(first)
    assert new.asked == made.name
    second, renewed = new.token("second")
    new.step(second)
    assert new.asked == renewed.name

    first.unlink()
    second.unlink()
    new.step()

    assert new.asked == renewed.name


def test_one_in_the_settings_gives_way_to_a_later_one_only(new: Newcomer) -> None:
    """It may stand there for years, and the file may be gone."""
    first, _ = new.token("first")
    new.config = new.config.model_copy(update={"token": first})
    new.step()
    second, renewed = new.token("second", days=1)
    new.step(second)

    new.step()
    assert new.asked == renewed.name
    third, last = new.token("third", days=2)
    third.replace(first)
    new.step()
    assert new.asked == last.name
    first.unlink()
    new.step()
    assert new.asked == last.name


def another_grids(token: Token) -> Token:
    """It pins another root."""
    return replace(token, fingerprint="0" * 64)


def another_members(token: Token) -> Token:
    """It is for a neighbour."""
    return replace(token, member="echo")


@pytest.mark.parametrize("change", [another_grids, another_members])
def test_a_token_of_somebody_else_is_not_kept(
    new: Newcomer, change: Callable[[Token], Token]
) -> None:
    """What was asked goes on with the token before."""
    first, made = new.token("first")
    new.step(first)
    path, wrong = new.token("wrong")
    change(wrong).write(path)

    with pytest.raises(ConfigurationRefused, match="another member or grid"):
        joining.step(new.config, path, lambda: new.time)

    new.step()
    assert new.asked == made.name


def test_a_token_that_has_run_out_or_is_none_is_not_kept(new: Newcomer) -> None:
    """Nor does a file that is no token stand in the way of the right one."""
    path, made = new.token("first")
    torn = path.with_name("torn")
    torn.write_bytes(path.read_bytes()[:-9])
    torn.chmod(0o600)
    with pytest.raises(ConfigurationRefused, match="torn is not a join token"):
        joining.step(new.config, torn, lambda: new.time)
    new.step(path)
    old, _ = new.token("old", days=-40)

    with pytest.raises(Refused) as caught:
        joining.step(new.config, old, lambda: new.time)

    assert caught.value.reason is Reason.EXPIRED

    new.step()
    assert new.asked == made.name
